//! The same errata in OSV form, <https://github.com/AlmaLinux/osv-database>. It tells neither
//! architectures nor, but in the titles of records, modules.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clair_model::{Affected, Namespace, PackageKind};
use clair_version::{Range, Scheme};

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
        let statements = export::each_package(record, skip, |affected, statements| {
            add(affected, export::stream(record.summary()), statements)
        });
        oldest(statements)
    }

    /// Updates that fix bugs or bring something new are records too.
    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        export::is_security_update(record, &["ALSA-"])
    }

    fn severity(&self, record: &Record<'_>) -> String {
        export::severity_of_update(record.summary())
    }
}

/// A record may list builds of several minor releases, or those of another release too, each of
/// which has the fix. So the oldest is the first that is not vulnerable.
fn oldest(statements: Vec<Affected>) -> Vec<Affected> {
    let mut kept: Vec<Affected> = Vec::with_capacity(statements.len());
    let mut places: HashMap<(Namespace, String, Option<String>), usize> = HashMap::new();
    for statement in statements {
        let Some(fixed) = fix(&statement) else {
            kept.push(statement);
            continue;
        };
        let place = (
            statement.namespace.clone(),
            statement.package.clone(),
            statement.module.clone(),
        );
        match places.entry(place) {
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(statement);
            }
            Entry::Occupied(place) => {
                let known = &mut kept[*place.get()];
                let is_older = |known| Scheme::Rpm.order(fixed, known).is_lt();
                if fix(known).is_some_and(is_older) {
                    *known = statement;
                }
            }
        }
    }
    kept
}

/// The version that a statement says to be the first with the fix, if that is all it says.
fn fix(statement: &Affected) -> Option<&str> {
    match statement.vulnerable.ranges.as_slice() {
        [
            Range {
                introduced: None,
                fixed: Some(fixed),
                last_affected: None,
            },
        ] => Some(fixed),
        _ => None,
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
