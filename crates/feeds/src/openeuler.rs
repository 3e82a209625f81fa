//! openEuler: the notices of its updates in OSV form, <https://repo.openeuler.org/security/data/osv/>,
//! which OSV.dev publishes in one archive. Its older notices in CVRF form,
//! <https://repo.openeuler.org/security/data/cvrf/>, are thousands of documents there, and are read
//! from an archive or a directory of them.
//!
//! A notice is about one source package in one release or several, each a service pack of its own.
//! Its versions come without epochs: a package that has one is taken for newer than it is.

mod cvrf;

use clair_model::{Affected, Namespace, PackageKind};
use clair_version::Scheme;
use jiff::Timestamp;

use crate::osv::export::{self, Place, Publisher, fixed_vulnerabilities};
use crate::osv::{self, Record};
use crate::{Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, archive, text};

/// The feed.
pub(crate) struct OpenEuler;

/// What tells the source of notices in CVRF form, and begins the names of such.
const CVRF: &str = "cvrf";

/// Names that an archive of them may have on a mirror.
const CVRF_ARCHIVES: [&str; 4] = ["cvrf.zip", "cvrf.tar.gz", "cvrf.tar.zst", "cvrf.tar"];

impl Feed for OpenEuler {
    fn name(&self) -> &'static str {
        "openeuler"
    }

    fn description(&self) -> &'static str {
        "openEuler security notices: what is fixed in every service pack"
    }

    fn upstream(&self) -> &'static str {
        "https://osv-vulnerabilities.storage.googleapis.com/openEuler/"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let records = export::source(self.name(), root);
        if root.is_document() {
            let parts = root.parts_from_end();
            let is_cvrf = parts.first().is_some_and(|name| name.starts_with(CVRF));
            return Ok(vec![if is_cvrf {
                self.cvrf(vec![root.clone()])
            } else {
                records
            }]);
        }
        let mut older: Vec<Location> = CVRF_ARCHIVES.iter().map(|name| root.join(name)).collect();
        let directory = root.join(&format!("{CVRF}/"));
        let is_laid_out = matches!(&directory, Location::Path(path) if path.is_dir());
        if is_laid_out || fetcher.exists(&older)? {
            older.extend(is_laid_out.then_some(directory));
            return Ok(vec![self.cvrf(older)]);
        }
        Ok(vec![records])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        if !source.name.ends_with(CVRF) {
            return export::read(source, document, sink, self);
        }
        let limits = document.meter().limits();
        let mut count = 0_u64;
        archive::for_each_xml_record(source, document, &mut |name, content| {
            let read = match content {
                Ok(xml) => cvrf::read(source, name, xml, limits, sink),
                Err(reason) => {
                    sink.skipped(reason, name);
                    return Ok(());
                }
            };
            match read {
                Ok(()) => count += 1,
                // One that is broken says nothing about the others.
                Err(FeedError::Malformed { .. }) => sink.skipped(Skip::Malformed, name),
                Err(error) => return Err(error),
            }
            Ok(())
        })?;
        if count == 0 {
            // Taken for true, it would say that there are no vulnerabilities.
            let reason = "it has no notices that can be read";
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                reason,
            ));
        }
        Ok(None)
    }
}

impl OpenEuler {
    fn cvrf(&self, locations: Vec<Location>) -> Source {
        Source {
            name: format!("{}/{CVRF}", self.name()),
            locations,
            date: None,
        }
    }
}

/// The namespace of a release as notices name it: `22.03-LTS-SP2`.
fn release(name: &str) -> Result<Namespace, Skip> {
    let is_release = name.starts_with(|first: char| first.is_ascii_digit())
        && name.len() <= 32
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if is_release {
        Ok(Namespace::release("openeuler", name))
    } else {
        Err(Skip::UnknownRelease)
    }
}

impl Publisher for OpenEuler {
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        fixed_vulnerabilities(record)
    }

    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        export::each_package(record, skip, add)
    }
}

fn add(affected: &osv::Affected<'_>, statements: &mut Vec<Affected>) -> Result<(), Skip> {
    let package = affected.package.as_ref().ok_or(Skip::NoPackage)?;
    if !text::is_name(&package.name) {
        return Err(Skip::NoPackage);
    }
    let name = package.ecosystem.strip_prefix("openEuler:");
    let place = Place {
        namespace: release(name.ok_or(Skip::UnknownRelease)?)?,
        scheme: Scheme::Rpm,
        kind: PackageKind::Source,
        name: package.name.clone().into_owned(),
    };
    export::add_update(affected, &place, None, statements)
}
