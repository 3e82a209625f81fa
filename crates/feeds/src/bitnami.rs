//! Bitnami: the vulnerability database of its components in OSV form,
//! <https://github.com/bitnami/vulndb>.
//!
//! It is about the applications that Bitnami puts into its images below `opt/bitnami`, each under
//! Bitnami's name for it and with Bitnami's version. The packages of the system below them are
//! those of Debian or Photon.

use clair_model::{Affected, Namespace, PackageKind};
use clair_version::Scheme;
use jiff::Timestamp;

use crate::osv::Record;
use crate::osv::export::{self, Place, Publisher, one_vulnerability};
use crate::{Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, text};

/// The feed.
pub(crate) struct Bitnami;

const ECOSYSTEM: &str = "Bitnami";

impl Feed for Bitnami {
    fn name(&self) -> &'static str {
        "bitnami"
    }

    fn description(&self) -> &'static str {
        "Bitnami vulnerability database: the components that Bitnami adds to its images"
    }

    fn upstream(&self) -> &'static str {
        "https://osv-vulnerabilities.storage.googleapis.com/Bitnami/"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        Ok(vec![export::source(self.name(), root)])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        export::read(source, document, sink, self)
    }
}

impl Publisher for Bitnami {
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        one_vulnerability(record)
    }

    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        export::each_package(record, skip, |affected, statements| {
            if !affected.is_of(ECOSYSTEM) {
                return Err(Skip::Foreign);
            }
            let package = affected.package.as_ref().ok_or(Skip::NoPackage)?;
            if !text::is_name(&package.name) {
                return Err(Skip::NoPackage);
            }
            let place = Place {
                namespace: Namespace::bitnami(),
                scheme: Scheme::Bitnami,
                kind: PackageKind::Binary,
                name: package.name.clone().into_owned(),
            };
            export::add_update(affected, &place, None, statements)
        })
    }
}
