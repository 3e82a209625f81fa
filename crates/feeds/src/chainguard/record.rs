//! What an OSV record of Chainguard's means.

use std::borrow::Cow;

use clair_model::{Affected, FixState, Namespace, PackageKind};
use clair_version::{Range, Scheme};
use serde::Deserialize;

use crate::osv::export::{Place, Publisher, one_vulnerability};
use crate::osv::{self, Record, Versions};
use crate::{Skip, text};

/// What of the records is about one of the two distributions.
pub(super) struct Entries {
    /// Its name as an ecosystem.
    pub(super) ecosystem: &'static str,
    /// The other one.
    pub(super) other: &'static str,
    pub(super) namespace: Namespace,
}

/// The version that stands for "never affected", here as in the security databases.
const NEVER_AFFECTED: &str = "0";

#[derive(Default, Deserialize)]
struct EcosystemSpecific<'a> {
    #[serde(borrow, default)]
    components: Vec<Component<'a>>,
}

/// What is vulnerable in a package: a module that a binary was built from, for example.
#[derive(Deserialize)]
struct Component<'a> {
    #[serde(rename = "component_name", borrow, default)]
    name: Option<Cow<'a, str>>,
    /// How far Chainguard is, in the words of version 3 of the feed,
    #[serde(borrow, default)]
    latest_event_status: Option<Cow<'a, str>>,
    /// and in those of version 2.
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    note: Option<Cow<'a, str>>,
}

/// What a record says about a package, on which architectures.
struct Entry {
    package: String,
    arches: Vec<String>,
    ranges: Vec<Range>,
    fix_state: FixState,
    note: Option<String>,
}

impl Publisher for Entries {
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        one_vulnerability(record)
    }

    /// A record is about one component of a package. That this one is not affected is said of the
    /// component alone: another one may be, by a record of its own.
    fn clears(&self) -> bool {
        false
    }

    /// Every entry names the package that has the component in it, which may be the one that a
    /// build is named after or any other that comes out of it. So it is told of both.
    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        let mut entries: Vec<Entry> = Vec::new();
        for affected in &record.affected {
            match self.entry(affected) {
                Ok(Some(entry)) => merge(&mut entries, entry),
                Ok(None) => {}
                Err(reason) => {
                    let package = affected.package.as_ref();
                    skip(reason, package.map_or("", |package| package.name.as_ref()));
                }
            }
        }
        // Whatever is published is built for all architectures from one source, and about one in
        // eleven records is about one of them only. So they count where they differ.
        let differ = |entry: &Entry| {
            let same = entries
                .iter()
                .filter(|other| other.package == entry.package);
            same.count() > 1
        };
        let mut statements = Vec::with_capacity(2 * entries.len());
        for entry in &entries {
            let arches = if differ(entry) {
                entry.arches.clone()
            } else {
                Vec::new()
            };
            for kind in [PackageKind::Binary, PackageKind::Source] {
                let place = Place {
                    namespace: self.namespace.clone(),
                    scheme: Scheme::Apk,
                    kind,
                    name: entry.package.clone(),
                };
                statements.push(Affected {
                    arches: arches.clone(),
                    note: entry.note.clone(),
                    ..place.statement(entry.ranges.clone(), entry.fix_state)
                });
            }
        }
        statements
    }

    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        if record.affected.is_empty() || record.affected.iter().any(|it| self.is_own(it)) {
            return Ok(());
        }
        let is_other = |affected: &osv::Affected<'_>| affected.is_of(self.other);
        if record.affected.iter().any(is_other) {
            Err(Skip::OtherFeed)
        } else {
            Err(Skip::Foreign)
        }
    }
}

impl Entries {
    fn is_own(&self, affected: &osv::Affected<'_>) -> bool {
        affected.is_of(self.ecosystem)
    }

    /// Reads an entry; none if it is about the other distribution.
    fn entry(&self, affected: &osv::Affected<'_>) -> Result<Option<Entry>, Skip> {
        if !self.is_own(affected) {
            let is_known = affected.package.is_none() || affected.is_of(self.other);
            return if is_known {
                Ok(None)
            } else {
                Err(Skip::Foreign)
            };
        }
        let package = affected.package.as_ref().ok_or(Skip::NoPackage)?;
        if !text::is_name(&package.name) {
            return Err(Skip::NoPackage);
        }
        let specific: EcosystemSpecific<'_> = affected.specific();
        let (ranges, fix_state) = if affected.is_fixed_in(NEVER_AFFECTED) {
            (Vec::new(), FixState::NotAffected)
        } else {
            let Versions { fixed, unfixed } = affected.versions(Scheme::Apk)?;
            if unfixed.is_empty() {
                (fixed, FixState::Fixed)
            } else {
                (unfixed, state(&specific.components))
            }
        };
        Ok(Some(Entry {
            package: package.name.clone().into_owned(),
            arches: package
                .qualifier("arch")
                .map(str::to_owned)
                .into_iter()
                .collect(),
            ranges,
            fix_state,
            note: note(&specific.components),
        }))
    }
}

/// Adds an entry, or its architectures to one that says the same.
fn merge(entries: &mut Vec<Entry>, entry: Entry) {
    let same = entries.iter_mut().find(|other| {
        other.package == entry.package
            && other.ranges == entry.ranges
            && other.fix_state == entry.fix_state
    });
    match same {
        // Without an architecture it was about all.
        Some(same) if same.arches.is_empty() || entry.arches.is_empty() => same.arches.clear(),
        Some(same) => same.arches.extend(entry.arches),
        None => entries.push(entry),
    }
}

/// What is to come of a vulnerability without a fix, by the events of Chainguard's advisories:
/// <https://edu.chainguard.dev/chainguard/chainguard-images/staying-secure/security-advisories/how-chainguard-issues/>.
/// The most pressing one counts.
fn state(components: &[Component<'_>]) -> FixState {
    let states = components.iter().map(|component| {
        let status = component
            .latest_event_status
            .as_ref()
            .or(component.status.as_ref());
        match status.map(Cow::as_ref) {
            Some("pending_upstream_fix") => FixState::Deferred,
            Some("fix_not_planned" | "analysis_not_planned") => FixState::WillNotFix,
            Some("detection" | "under_investigation") => FixState::UnderInvestigation,
            _ => FixState::Affected,
        }
    });
    let pressing = [
        FixState::Affected,
        FixState::Deferred,
        FixState::WillNotFix,
        FixState::UnderInvestigation,
    ];
    let states: Vec<FixState> = states.collect();
    let found = pressing.into_iter().find(|state| states.contains(state));
    found.unwrap_or(FixState::Affected)
}

/// The component, and what Chainguard notes about it.
fn note(components: &[Component<'_>]) -> Option<String> {
    let component = components.first()?;
    let name = component.name.as_deref().unwrap_or_default();
    let note = component.note.as_deref().unwrap_or_default();
    let text = match (name, note) {
        ("", text) | (text, "") => text.to_owned(),
        (name, note) => format!("{name}: {note}"),
    };
    Some(text::line(&text)).filter(|text| !text.is_empty())
}
