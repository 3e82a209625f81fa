//! The same errata in OSV form, <https://github.com/AlmaLinux/osv-database>. It tells neither
//! architectures nor, but in the titles of records, modules.

use clair_model::{Affected, Namespace, PackageKind};
use clair_version::Scheme;

use crate::osv::export::{self, Place, Publisher, fixed_vulnerabilities};
use crate::osv::{self, Record};
use crate::{Skip, text};

/// What the records mean.
pub(super) struct Records;

/// What all ecosystems begin with; a release follows.
const ECOSYSTEM: &str = "AlmaLinux:";

impl Publisher for Records {
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
        export::is_security_update(record, &["ALSA-"])
    }

    fn severity(&self, record: &Record<'_>) -> String {
        export::severity_of_update(record.summary())
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
    let release = release.filter(|release| export::is_number(release));
    let place = Place {
        namespace: Namespace::release("almalinux", release.ok_or(Skip::UnknownRelease)?),
        scheme: Scheme::Rpm,
        kind: PackageKind::Binary,
        name: package.name.clone().into_owned(),
    };
    export::add_update(affected, &place, stream, statements)
}
