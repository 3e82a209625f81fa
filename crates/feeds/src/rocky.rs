//! Rocky Linux: the records of its errata in OSV form.
//!
//! They are made by Apollo, <https://apollo.build.resf.org/api/v3/osv/>, which hands them out by the
//! page; OSV.dev publishes all of them in one archive. A record is an update that fixes some
//! vulnerabilities, and names source packages.

use crate::About;
use crate::osv::vendor::{Ecosystem, EcosystemFeed, Records};

/// The feed.
pub(crate) const ROCKY: EcosystemFeed = EcosystemFeed {
    about: About {
        name: "rocky",
        description: "Rocky Linux errata: what is fixed in every release",
        upstream: "https://osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/",
        revision: 2,
        ..About::ADVISORIES
    },
    ecosystem: Ecosystem {
        name: "Rocky Linux",
        records: Records::Updates(&["RLSA-", "RXSA-"]),
        pages: Some("https://errata.rockylinux.org/"),
    },
};
