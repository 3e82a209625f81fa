//! What a record of Canonical's means.

use std::borrow::Cow;

use clair_model::{Advisory, Affected, FixState, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use serde::Deserialize;

use super::ecosystem;
use crate::osv::{self, Record};
use crate::{Skip, text};

/// What Canonical puts before the CVE that a record is about, since the bare name is another
/// record of OSV.
pub(super) const PREFIX: &str = "UBUNTU-";

/// The system of severities that holds Canonical's priority of a vulnerability.
const PRIORITY: &str = "Ubuntu";

/// What stands in place of a description that is not there yet.
const NO_DESCRIPTION: &str = "[Unknown description]";

/// How to get a fix, if there is no need to pay for it.
const FREE: &str = "No subscription required";

#[derive(Default, Deserialize)]
struct EcosystemSpecific<'a> {
    /// Where the fix is to be had.
    #[serde(borrow, default)]
    availability: Option<Cow<'a, str>>,
    /// Where records of before version 1.7 of the format have the priority.
    #[serde(borrow, default)]
    ubuntu_priority: Option<Cow<'a, str>>,
}

/// Reads a record. What cannot be read of it goes to `skip`; nothing is given if that is all.
pub(super) fn advisory(record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Option<Advisory> {
    let priority = text::line(osv::score(&record.severity, PRIORITY).unwrap_or_default());
    let mut statements = Vec::with_capacity(record.affected.len());
    if record.affected.is_empty() {
        skip(Skip::NoPackage, "");
    }
    for affected in &record.affected {
        let name = affected
            .package
            .as_ref()
            .map_or("", |package| package.name.as_ref());
        if let Err(reason) = add(affected, &priority, &mut statements) {
            skip(reason, name);
        }
    }
    if statements.is_empty() {
        return None;
    }
    let id = cve(record);
    let mut advisory = Advisory::new(id);
    advisory.aliases = aliases(record, id);
    advisory.description = record.description();
    if advisory.description == NO_DESCRIPTION {
        advisory.description.clear();
    }
    advisory.issued = record.published();
    advisory.modified = record.modified();
    advisory.links = record.links();
    advisory.normalized_severity = osv::level(&priority);
    advisory.severity = priority;
    advisory.cvss = record.cvss();
    advisory.affected = statements;
    Some(advisory)
}

/// The CVE, which its name has in it and its upstream is. Else its own name.
fn cve<'r>(record: &'r Record<'_>) -> &'r str {
    let own = record.id.strip_prefix(PREFIX).filter(|id| text::is_cve(id));
    let upstream = || {
        record
            .upstream
            .iter()
            .map(|id| id.0.as_ref())
            .find(|id| text::is_cve(id))
    };
    own.or_else(upstream).unwrap_or(&record.id)
}

/// Its own name, its aliases, and the notices of its fixes: names to find it by. A notice is about
/// other vulnerabilities too.
fn aliases(record: &Record<'_>, id: &str) -> Vec<String> {
    let own = std::iter::once(record.id.as_ref());
    let named = record.aliases.iter().map(|alias| alias.0.as_ref());
    let related = record.related.iter().map(|related| related.0.as_ref());
    let all = own.chain(named).chain(related.filter(|id| is_notice(id)));
    text::distinct(
        all.filter(|name| *name != id && text::is_id(name))
            .map(str::to_owned),
    )
}

/// Whether an id is that of a notice of updates, of packages or of running kernels.
pub(super) fn is_notice(id: &str) -> bool {
    id.starts_with("USN-") || id.starts_with("LSN-")
}

fn add(
    affected: &osv::Affected<'_>,
    priority: &str,
    statements: &mut Vec<Affected>,
) -> Result<(), Skip> {
    let package = affected.package.as_ref().ok_or(Skip::NoPackage)?;
    if !text::is_name(&package.name) {
        return Err(Skip::NoPackage);
    }
    let namespace = ecosystem::namespace(&package.ecosystem).ok_or(Skip::UnknownRelease)?;
    let versions = affected.versions(Scheme::Dpkg)?;
    let specific: EcosystemSpecific<'_> = affected.specific();
    let severity = osv::score(&affected.severity, PRIORITY)
        .or(specific.ubuntu_priority.as_deref())
        .map(text::line)
        .filter(|severity| severity != priority);
    let normalized_severity: Option<Severity> = severity.as_deref().map(osv::level);
    let note = specific
        .availability
        .as_deref()
        .filter(|availability| *availability != FREE)
        .map(text::line)
        .filter(|note| !note.is_empty());
    let mut state = |ranges: Vec<Range>, fix_state| {
        if !ranges.is_empty() {
            statements.push(Affected {
                namespace: namespace.clone(),
                package: package.name.clone().into_owned(),
                kind: PackageKind::Source,
                arches: Vec::new(),
                module: None,
                vulnerable: Vulnerable {
                    scheme: Scheme::Dpkg,
                    ranges,
                },
                fix_state,
                severity: severity.clone(),
                normalized_severity,
                note: note.clone(),
            });
        }
    };
    state(versions.fixed, FixState::Fixed);
    state(versions.unfixed, FixState::Affected);
    Ok(())
}
