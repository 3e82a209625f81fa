//! Rocky Linux: the records of its errata in OSV form.
//!
//! They are made by Apollo, <https://apollo.build.resf.org/api/v3/osv/>, which hands them out by the
//! page; OSV.dev publishes all of them in one archive. A record is an update that fixes some
//! vulnerabilities, and names source packages.

use clair_model::{Affected, Namespace, PackageKind};
use clair_version::Scheme;
use jiff::Timestamp;

use crate::osv::export::{self, Place, Publisher, fixed_vulnerabilities};
use crate::osv::{self, Record};
use crate::{Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, text};

/// The feed.
pub(crate) struct Rocky;

/// What all ecosystems of Rocky Linux begin with; a release follows.
const ECOSYSTEM: &str = "Rocky Linux:";

impl Feed for Rocky {
    fn name(&self) -> &'static str {
        "rocky"
    }

    fn description(&self) -> &'static str {
        "Rocky Linux errata: what is fixed in every release"
    }

    fn upstream(&self) -> &'static str {
        "https://osv-vulnerabilities.storage.googleapis.com/Rocky%20Linux/"
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

impl Publisher for Rocky {
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        fixed_vulnerabilities(record)
    }

    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        export::each_package(record, skip, |affected, statements| {
            add(affected, export::stream(record.summary()), statements)
        })
    }

    /// Updates that fix bugs or bring something new are records too.
    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        export::is_security_update(record, &["RLSA-", "RXSA-"])
    }

    fn severity(&self, record: &Record<'_>) -> String {
        export::severity_of_update(record.summary())
    }

    fn link(&self, record: &Record<'_>) -> Option<String> {
        Some(format!("https://errata.rockylinux.org/{}", record.id))
    }
}

fn add(
    affected: &osv::Affected<'_>,
    stream: Option<&str>,
    statements: &mut Vec<Affected>,
) -> Result<(), Skip> {
    let package = affected.package.as_ref().ok_or(Skip::NoPackage)?;
    if !text::is_name(&package.name) {
        return Err(Skip::NoPackage);
    }
    let release = package.ecosystem.strip_prefix(ECOSYSTEM);
    let major = release.and_then(|release| release.split('.').next());
    let major = major
        .filter(|major| export::is_number(major))
        .ok_or(Skip::UnknownRelease)?;
    let place = Place {
        namespace: Namespace::release("rocky", major),
        scheme: Scheme::Rpm,
        kind: PackageKind::Source,
        name: package.name.clone().into_owned(),
    };
    export::add_update(affected, &place, stream, statements)
}
