//! Sources of security data: conditional fetch, parse, advisories and enrichments out.
//!
//! A [`Feed`] knows where a vendor publishes what it knows about vulnerabilities and how to read
//! it. Its documents are [`Source`]s, each fetched by a [`Fetcher`] only if it changed, and parsed
//! into [`clair_model::Advisory`]s, or [`clair_model::Enrichment`]s of what advisories are about,
//! which a [`Sink`] takes one by one. Nothing here knows where
//! they are stored, and nothing is held in memory longer than one record. [`update_source`] does
//! the round for one source.
//!
//! # Adding a feed
//!
//! A module with a type that implements [`Feed`], and its line in [`all`]. What many of them do alike
//! is in `catalog` (which documents there are), `json`, `archive`, `oval`, `updateinfo`, `secdb` and `osv`
//! (how documents of these forms are read); a feed of the OSV records of one ecosystem is no more than
//! a constant, as `bitnami` is.
//!
//! # Mirrors
//!
//! Every feed reads from its upstream unless told otherwise ([`Roots`]):
//!
//! - `--from BASE` makes the root of every feed `BASE/<name>/`, BASE being a directory or a URL.
//! - `debian=LOCATION` replaces the root of one feed. It may also be a single document. A URL
//!   that ends in `/` is a directory, any other is a document.
//!
//! Below its root a feed expects the paths of its upstream:
//!
//! ```text
//! BASE/almalinux/9/errata.full.json     or errata.json, per release; or all.zip, OSV records
//! BASE/alpine/v3.18/main.json           one directory per branch: v3.18, edge
//! BASE/alpine/v3.18/community.json
//! BASE/alpine/last-update               the date of all of them, if it is there
//! BASE/alt/p10.zip                      one archive per branch
//! BASE/arch/all.json                    the whole security tracker
//! BASE/aws/2018.03/updateinfo.xml       one list per repository: 2018.03, 2, 2023,
//! BASE/aws/2/aarch64/updateinfo.xml     2 has one of its own for aarch64,
//! BASE/aws/2/extras/docker/updateinfo.xml  and its extras, with aarch64/ below them
//! BASE/azurelinux/azurelinux-3.0-oval.xml  or cbl-mariner-2.0-oval.xml
//! BASE/bitnami/all.zip                  or, in a directory, the records themselves
//! BASE/chainguard/chainguard-osv.tar.gz or all.zip, security.json, or the records themselves
//! BASE/debian/json                      the whole security tracker
//! BASE/epss/epss_scores-current.csv     or epss_scores-2025-03-01.csv, the newest of several
//! BASE/fedora/41/updateinfo.xml         or updates.json, a page of Bodhi,
//! BASE/fedora/41/Everything/x86_64/     or the repository of updates itself
//! BASE/kev/known_exploited_vulnerabilities.json
//! BASE/nvd/nvdcve-2.0-2024.json         one document per year, with nvdcve-2.0-2024.meta or without
//! BASE/openeuler/all.zip                or cvrf/, a directory of notices, or an archive cvrf.zip
//! BASE/oracle/com.oracle.elsa-2024.xml  one document per year
//! BASE/osv/Mageia/all.zip               one archive per ecosystem; or ecosystems.txt beside them,
//! BASE/osv/all.zip                      or any archive of OSV records
//! BASE/photon/com.vmware.phsa-photon5.xml  one document per release
//! BASE/rhel-mappings/repository-to-cpe.json  and container-name-repos-map.json beside it
//! BASE/rhel-oval/PULP_MANIFEST          which lists RHEL8/rhel-8.oval.xml.bz2 and others, or
//! BASE/rhel-oval/RHEL8/rhel-8.oval.xml  one document per stream, in directories or not
//! BASE/rhel-vex/archive_latest.txt      which names the archive beside it, or
//! BASE/rhel-vex/2024/cve-2024-1.json    in a directory, the documents themselves
//! BASE/rocky/all.zip                    or, in a directory, the records themselves
//! BASE/suse/opensuse.leap.15.6-affected.xml  or without -affected; one document per product
//! BASE/ubuntu/osv-all.tar.xz            or osv-all.tar, or all.zip as OSV.dev has it,
//! BASE/ubuntu/cve/2024/UBUNTU-CVE-….json  or, in a directory, the records themselves
//! BASE/vulnrichment/develop.tar         or develop.zip, or, in a directory, the records themselves
//! BASE/wolfi/                           as that of chainguard
//! ```
//!
//! Each may have `.gz`, `.zst`, `.xz` or `.bz2` appended. That only serves to find it: how it is
//! compressed is read from its first bytes, so a name that says otherwise does no harm.

mod almalinux;
mod alpine;
mod alt;
mod arch;
mod archive;
mod assessment;
mod aws;
mod azurelinux;
mod bitnami;
mod catalog;
mod chainguard;
mod cvss;
mod date;
mod debian;
mod document;
mod epss;
mod error;
mod facts;
mod fedora;
mod feed;
mod fetch;
mod fingerprint;
mod json;
mod kev;
mod location;
mod nvd;
mod openeuler;
mod oracle;
mod osv;
mod oval;
mod photon;
mod repository;
mod rhel_mappings;
mod rhel_oval;
mod rhel_vex;
mod rocky;
mod roots;
mod secdb;
mod suse;
pub mod text;
mod ubuntu;
mod update;
mod updateinfo;
mod vulnrichment;
mod xml;

pub use assessment::assessment;
pub use document::{Document, LimitReached, Limits};
pub use error::FeedError;
pub use feed::{About, Feed, Sink, Skip, Source};
pub use fetch::{FetchOptions, Fetched, Fetcher};
pub use fingerprint::Fingerprint;
pub use kev::cleaned as cleaned_kev;
pub use location::{Location, ParseLocationError};
pub use roots::{Roots, RootsError};
pub use update::{Summary, Update, update_source};

/// The feeds there are, by name.
pub fn all() -> Vec<Box<dyn Feed>> {
    vec![
        Box::new(almalinux::AlmaLinux),
        Box::new(alpine::Alpine),
        Box::new(alt::Alt),
        Box::new(arch::Arch),
        Box::new(aws::Aws),
        Box::new(azurelinux::AzureLinux),
        Box::new(bitnami::BITNAMI),
        Box::new(chainguard::Chainguard::CHAINGUARD),
        Box::new(debian::Debian),
        Box::new(epss::ExploitPrediction),
        Box::new(fedora::Fedora),
        Box::new(kev::KnownExploited),
        Box::new(nvd::NationalDatabase),
        Box::new(openeuler::OpenEuler),
        Box::new(oracle::Oracle),
        Box::new(osv::Osv),
        Box::new(photon::Photon),
        Box::new(rhel_mappings::RhelMappings),
        Box::new(rhel_oval::RhelOval),
        Box::new(rhel_vex::RhelVex),
        Box::new(rocky::ROCKY),
        Box::new(suse::Suse),
        Box::new(ubuntu::Ubuntu),
        Box::new(vulnrichment::CisaEnrichment),
        Box::new(chainguard::Chainguard::WOLFI),
    ]
}

/// The feed of a name.
pub fn by_name(name: &str) -> Option<Box<dyn Feed>> {
    all().into_iter().find(|feed| feed.name() == name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn feeds_have_names_of_their_own_in_order_and_roots_that_parse() {
        let feeds = super::all();
        assert!(feeds.is_sorted_by(|a, b| a.name() < b.name()));
        for feed in feeds {
            assert!(super::by_name(feed.name()).is_some());
            let about = feed.about();
            assert!(!about.description.is_empty(), "{}", about.name);
            assert!(about.upstream.ends_with('/'), "{}", about.upstream);
            about.upstream.parse::<super::Location>().unwrap();
        }
    }
}
