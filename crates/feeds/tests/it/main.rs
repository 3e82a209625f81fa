//! The feeds against documents of one oddity each, against real ones, and over real sockets.

#![allow(clippy::print_stdout, reason = "tells counts, and what was not run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod almalinux;
mod alpine;
mod alt;
mod arch;
mod archives;
mod aws;
mod azurelinux;
mod bitnami;
mod catalogs;
mod chainguard;
mod corpus;
mod counts;
mod debian;
mod enrichments;
mod fedora;
mod fetching;
mod mirrors;
mod openeuler;
mod oracle;
mod osv;
mod oval;
mod photon;
mod properties;
mod rhel_mappings;
mod rhel_oval;
mod rhel_vex;
mod rhel_vex_builds;
mod rhel_vex_changes;
mod rocky;
mod server;
mod support;
mod suse;
mod ubuntu;
