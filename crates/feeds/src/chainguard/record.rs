//! What an OSV record of Chainguard's means.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use clair_model::{Affected, FixState, Namespace, PackageKind};
use clair_version::{Range, Scheme};
use serde::Deserialize;

use crate::osv::publisher::{Place, Publisher, one_vulnerability};
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

/// A package, and what is said about which of its versions.
type Claim = (String, Vec<Range>, FixState);

/// On which architectures it is said, none for all, and what Chainguard notes about it.
struct Details {
    arches: Vec<String>,
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
        let mut claims: BTreeMap<Claim, Details> = BTreeMap::new();
        for affected in &record.affected {
            match self.claim(affected) {
                Ok(Some((claim, details))) => add(&mut claims, claim, details),
                Ok(None) => {}
                Err(reason) => {
                    let package = affected.package.as_ref();
                    skip(reason, package.map_or("", |package| package.name.as_ref()));
                }
            }
        }
        // Whatever is published is built for all architectures from one source, and about one in
        // eleven records is about one of them only. So they count where they differ.
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for (package, ..) in claims.keys() {
            *count.entry(package.clone()).or_default() += 1;
        }
        let mut statements = Vec::with_capacity(2 * claims.len());
        for ((package, ranges, fix_state), details) in claims {
            let differ = count.get(&package).is_some_and(|&count| count > 1);
            for kind in [PackageKind::Binary, PackageKind::Source] {
                let place = Place {
                    namespace: self.namespace.clone(),
                    scheme: Scheme::Apk,
                    kind,
                    name: package.clone(),
                };
                statements.push(Affected {
                    arches: if differ {
                        details.arches.clone()
                    } else {
                        Vec::new()
                    },
                    note: details.note.clone(),
                    ..place.statement(ranges.clone(), fix_state)
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
    fn claim(&self, affected: &osv::Affected<'_>) -> Result<Option<(Claim, Details)>, Skip> {
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
        let arch = package.qualifier("arch").filter(|arch| text::is_name(arch));
        let details = Details {
            arches: arch.map(Cow::into_owned).into_iter().collect(),
            note: note(&specific.components),
        };
        let claim = (package.name.clone().into_owned(), ranges, fix_state);
        Ok(Some((claim, details)))
    }
}

/// Adds a claim, or its architectures to what is claimed already.
fn add(claims: &mut BTreeMap<Claim, Details>, claim: Claim, details: Details) {
    match claims.entry(claim) {
        Entry::Vacant(place) => {
            place.insert(details);
        }
        Entry::Occupied(mut same) => {
            let same = same.get_mut();
            // Without an architecture it was about all.
            if same.arches.is_empty() || details.arches.is_empty() {
                same.arches.clear();
            } else {
                same.arches.extend(details.arches);
            }
        }
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
