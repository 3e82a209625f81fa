//! From our statements to Clair's vulnerabilities.
//!
//! A vulnerability of Clair says less than a statement: that versions before a fixed one are
//! vulnerable, or all. Where a statement says more, the vulnerability says what Clair would have
//! said, and beside it stands what is missing ([`Extra`]): what reading the vulnerability alone
//! would give is compared with the statement, so that nothing is forgotten. Clair passes over it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use clair_model::{Advisory, Affected, FixState, PackageKind};
use clair_version::Scheme;

use crate::inward::{self, NEVER};
use crate::place::Place;
use crate::vulnerability::{Extra, Package, Vulnerability};

const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// What Clair has no field for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// What the vendor does about it.
    FixState,
    /// The versions between which, or up to which, it is vulnerable: for Clair all before the last
    /// fix are, or all.
    Versions,
    /// The set of packages: Clair has none like it, or looks only into a larger one.
    Place,
    /// Other names of the vulnerability.
    Names,
    /// Notes, vectors, weaknesses, when it was changed.
    Details,
}

impl Loss {
    /// What is lost as a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixState => "fix state",
            Self::Versions => "ranges of versions",
            Self::Place => "set of packages",
            Self::Names => "aliases",
            Self::Details => "details",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A statement as it is written.
pub(crate) struct Written<'a> {
    pub(crate) vulnerability: Vulnerability<'a>,
    pub(crate) extra: Option<Extra>,
    pub(crate) losses: BTreeSet<Loss>,
}

/// Writes a statement of an advisory.
pub(crate) fn write<'a>(
    advisory: &'a Advisory,
    affected: &'a Affected,
    updater: &'a str,
) -> Written<'a> {
    let vulnerability = vulnerability(advisory, affected, updater);
    let (extra, losses) = match inward::advisory(&vulnerability, None) {
        Ok(read) => missing(advisory, affected, &read),
        // It has no name that Clair could say.
        Err(_) => everything(advisory, affected),
    };
    Written {
        vulnerability,
        extra: (extra != Extra::default()).then_some(extra),
        losses,
    }
}

fn vulnerability<'a>(
    advisory: &'a Advisory,
    affected: &'a Affected,
    updater: &'a str,
) -> Vulnerability<'a> {
    let (severity, normalized) = inward::severity(advisory, affected);
    let (fixed, last) = versions(affected);
    let is_misunderstood = fixed == NEVER && affected.namespace.family() == "ubuntu";
    let place = if is_misunderstood {
        Place::nowhere(&affected.namespace)
    } else {
        Place::of(&affected.namespace)
    };
    let issued = advisory.issued.map(|time| time.to_string());
    Vulnerability {
        updater: updater.into(),
        name: advisory.id.as_str().into(),
        description: advisory.description.as_str().into(),
        issued: issued.map_or(Cow::Borrowed(ZERO_TIME), Cow::Owned),
        links: advisory.links.join(" ").into(),
        severity: severity.into(),
        normalized_severity: normalized.name().into(),
        package: Some(Package {
            name: affected.package.as_str().into(),
            version: last.into(),
            kind: match affected.kind {
                PackageKind::Binary => "binary".into(),
                PackageKind::Source => "source".into(),
            },
            module: affected.module.as_deref().unwrap_or_default().into(),
            arch: architectures(&affected.arches),
            ..Package::default()
        }),
        distribution: place.distribution,
        repository: place.repository,
        fixed_in_version: fixed.into(),
        arch_op: match affected.arches.len() {
            0 => "".into(),
            1 => "equals".into(),
            _ => "pattern match".into(),
        },
        ..Vulnerability::default()
    }
}

/// The fixed version, and the last vulnerable one where Clair knows of such.
fn versions(affected: &Affected) -> (&str, &str) {
    let ranges = &affected.vulnerable.ranges;
    if affected.fix_state == FixState::NotAffected || ranges.is_empty() {
        return (NEVER, "");
    }
    let is_open = |fixed: Option<&String>, last: Option<&String>| fixed.or(last).is_none();
    if ranges
        .iter()
        .any(|range| is_open(range.fixed.as_ref(), range.last_affected.as_ref()))
    {
        return ("", "");
    }
    // A bound that is no fix which users can install is none that Clair would name.
    if let Some(fixed) = affected.fixed_version() {
        return (fixed, "");
    }
    match &ranges[..] {
        [only] if affected.vulnerable.scheme == Scheme::Rpm && only.fixed.is_none() => {
            ("", only.last_affected.as_deref().unwrap_or_default())
        }
        _ => ("", ""),
    }
}

fn architectures(arches: &[String]) -> Cow<'_, str> {
    match arches {
        [] => "".into(),
        [one] => one.as_str().into(),
        many => format!("^({})$", many.join("|")).into(),
    }
}

/// What a statement says that was not read again.
fn missing(advisory: &Advisory, affected: &Affected, read: &Advisory) -> (Extra, BTreeSet<Loss>) {
    fn differs<T: Clone + PartialEq>(said: &T, read: &T) -> Option<T> {
        (said != read).then(|| said.clone())
    }
    let [heard, ..] = &read.affected[..] else {
        return everything(advisory, affected);
    };
    let is_one = read.affected.len() == 1;
    let extra = Extra {
        id: differs(&advisory.id, &read.id),
        aliases: differs(&advisory.aliases, &read.aliases),
        description: differs(&advisory.description, &read.description),
        modified: advisory.modified,
        cvss: differs(&advisory.cvss, &read.cvss),
        cwes: differs(&advisory.cwes, &read.cwes),
        namespace: (!is_one || affected.namespace != heard.namespace)
            .then(|| affected.namespace.clone()),
        arches: differs(&affected.arches, &heard.arches),
        scheme: differs(&affected.vulnerable.scheme, &heard.vulnerable.scheme),
        ranges: differs(&affected.vulnerable.ranges, &heard.vulnerable.ranges),
        fix_state: differs(&affected.fix_state, &heard.fix_state),
        note: affected.note.clone(),
    };
    let losses = losses(&extra);
    (extra, losses)
}

fn everything(advisory: &Advisory, affected: &Affected) -> (Extra, BTreeSet<Loss>) {
    let extra = Extra {
        id: Some(advisory.id.clone()),
        aliases: Some(advisory.aliases.clone()),
        description: Some(advisory.description.clone()),
        modified: advisory.modified,
        cvss: Some(advisory.cvss.clone()),
        cwes: Some(advisory.cwes.clone()),
        namespace: Some(affected.namespace.clone()),
        arches: Some(affected.arches.clone()),
        scheme: Some(affected.vulnerable.scheme),
        ranges: Some(affected.vulnerable.ranges.clone()),
        fix_state: Some(affected.fix_state),
        note: affected.note.clone(),
    };
    let losses = losses(&extra);
    (extra, losses)
}

fn losses(extra: &Extra) -> BTreeSet<Loss> {
    let Extra {
        id,
        aliases,
        description,
        modified,
        cvss,
        cwes,
        namespace,
        arches,
        scheme,
        ranges,
        fix_state,
        note,
    } = extra;
    let lost = [
        (fix_state.is_some(), Loss::FixState),
        (ranges.is_some() || scheme.is_some(), Loss::Versions),
        (namespace.is_some() || arches.is_some(), Loss::Place),
        (id.is_some() || aliases.is_some(), Loss::Names),
        (
            description.is_some()
                || modified.is_some()
                || cvss.is_some()
                || cwes.is_some()
                || note.is_some(),
            Loss::Details,
        ),
    ];
    lost.into_iter()
        .filter(|(is_lost, _)| *is_lost)
        .map(|(_, loss)| loss)
        .collect()
}
