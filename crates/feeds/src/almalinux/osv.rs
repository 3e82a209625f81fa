//! The same errata in OSV form, <https://github.com/AlmaLinux/osv-database>. It tells neither
//! architectures nor, but in the titles of records, modules.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clair_model::{Affected, Namespace};
use clair_version::{Range, Scheme};

use crate::Skip;
use crate::osv::Record;
use crate::osv::publisher::Publisher;
use crate::osv::vendor::{self, Ecosystem};

/// What the records mean.
pub(super) struct Records;

const ERRATA: Ecosystem = Ecosystem {
    name: "AlmaLinux",
    records: vendor::Records::Updates(&["ALSA-"]),
    pages: None,
};

impl Publisher for Records {
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        ERRATA.vulnerabilities(record)
    }

    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        oldest(ERRATA.statements(record, skip))
    }

    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        ERRATA.is_wanted(record)
    }

    fn severity(&self, record: &Record<'_>) -> String {
        ERRATA.severity(record)
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
