//! Bitnami: the vulnerability database of its components in OSV form,
//! <https://github.com/bitnami/vulndb>.
//!
//! It is about the applications that Bitnami puts into its images below `opt/bitnami`, each under
//! Bitnami's name for it and with Bitnami's version. The packages of the system below them are
//! those of Debian or Photon.

use crate::About;
use crate::osv::vendor::{Ecosystem, EcosystemFeed, Records};

/// The feed.
pub(crate) const BITNAMI: EcosystemFeed = EcosystemFeed {
    about: About {
        name: "bitnami",
        description: "Bitnami vulnerability database: the components that Bitnami adds to its images",
        upstream: "https://osv-vulnerabilities.storage.googleapis.com/Bitnami/",
        revision: 2,
        ..About::ADVISORIES
    },
    ecosystem: Ecosystem {
        name: "Bitnami",
        records: Records::Vulnerabilities,
        pages: None,
    },
};
