//! What the tracker says about one vulnerability in one source package, and what it means.
//!
//! The terms are those of the tracker's [documentation], the fields those that its [service]
//! writes; neither describes the JSON as such.
//!
//! [documentation]: https://security-team.debian.org/security_tracker.html
//! [service]: https://salsa.debian.org/security-tracker-team/security-tracker/-/blob/master/bin/tracker_service.py

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::Scheme;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{Skip, text};

const TRACKER: &str = "https://security-tracker.debian.org/tracker/";
const BUGS: &str = "https://bugs.debian.org/";

/// The release where vulnerabilities are fixed first. The tracker's entries are about it; other
/// releases follow from their versions, or have a line of their own.
const UNSTABLE: &str = "sid";

/// The longest record, in bytes. Real ones have a few thousand; what is read of a long one can
/// take much more memory than its bytes.
const LARGEST: usize = 1 << 20;

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(default)]
    debianbug: Option<u64>,
    #[serde(borrow, default)]
    releases: Releases<'a>,
}

/// In the order of the document. Empty, it may be a list.
#[derive(Default)]
struct Releases<'a>(Vec<(String, Release<'a>)>);

/// One release, as the version of the package that it has stands.
#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow, default)]
    status: Cow<'a, str>,
    /// The versions that the release and its security archive have.
    #[serde(default)]
    repositories: BTreeMap<String, String>,
    #[serde(borrow, default)]
    fixed_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    urgency: Option<Cow<'a, str>>,
    /// Why there is no security advisory.
    #[serde(borrow, default)]
    nodsa: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    nodsa_reason: Option<Cow<'a, str>>,
    /// Whether a fix waits for the next point release.
    #[serde(default)]
    next_point_update: Option<bool>,
}

/// Reads a record. What cannot be read of it goes to `skip`; nothing is given if that is all.
pub(super) fn advisory(
    package: &str,
    id: &str,
    json: &str,
    skip: &mut dyn FnMut(Skip, &str),
) -> Option<Advisory> {
    let subject = format!("{package} {id}");
    if !text::is_id(id) {
        skip(Skip::BadId, &subject);
        return None;
    }
    if !text::is_name(package) {
        skip(Skip::NoPackage, &subject);
        return None;
    }
    if json.len() > LARGEST {
        skip(Skip::TooLarge, &subject);
        return None;
    }
    let Ok(record) = serde_json::from_str::<Record<'_>>(json) else {
        skip(Skip::Malformed, &subject);
        return None;
    };
    let mut advisory = Advisory::new(id);
    advisory.affected = record.affected(package, &mut |reason, release| {
        skip(reason, &format!("{subject} {release}"));
    });
    if advisory.affected.is_empty() {
        if record.releases.0.is_empty() {
            skip(Skip::NoVersion, &subject);
        }
        return None;
    }
    advisory.description = text::prose(record.description.as_deref().unwrap_or_default());
    advisory.severity = record.severity();
    advisory.normalized_severity = normalized(&advisory.severity);
    advisory.links = vec![format!("{TRACKER}{id}")];
    advisory
        .links
        .extend(record.debianbug.map(|bug| format!("{BUGS}{bug}")));
    Some(advisory)
}

impl Record<'_> {
    fn affected(&self, package: &str, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        let common = self.severity();
        let fixed_in_unstable = self.fixed_in_unstable();
        let mut affected = Vec::with_capacity(self.releases.0.len());
        for (codename, release) in &self.releases.0 {
            if !is_codename(codename) {
                skip(Skip::UnknownRelease, codename);
                continue;
            }
            let (fix_state, vulnerable) = match release.verdict(fixed_in_unstable) {
                Ok(verdict) => verdict,
                Err(reason) => {
                    skip(reason, codename);
                    continue;
                }
            };
            let severity = release.severity().filter(|severity| *severity != common);
            affected.push(Affected {
                namespace: Namespace::debian(codename),
                package: package.to_owned(),
                kind: PackageKind::Source,
                arches: Vec::new(),
                module: None,
                vulnerable,
                fix_state,
                normalized_severity: severity.as_deref().map(normalized),
                severity,
                note: release.note(),
            });
        }
        affected
    }

    /// The severity for sid, or for the first release that has one.
    fn severity(&self) -> String {
        let in_unstable = self.unstable().and_then(Release::severity);
        in_unstable
            .or_else(|| {
                self.releases
                    .0
                    .iter()
                    .find_map(|(_, release)| release.severity())
            })
            .unwrap_or_default()
    }

    /// The version that has the fix in sid. None if sid has no fix, or was never affected.
    fn fixed_in_unstable(&self) -> Option<&str> {
        let unstable = self
            .unstable()
            .filter(|release| release.status == "resolved")?;
        let fixed = unstable.fixed_version.as_deref()?;
        (fixed != "0" && is_version(fixed)).then_some(fixed)
    }

    fn unstable(&self) -> Option<&Release<'_>> {
        self.releases
            .0
            .iter()
            .find(|(name, _)| name == UNSTABLE)
            .map(|(_, release)| release)
    }
}

impl Release<'_> {
    /// What the status says about which versions.
    fn verdict(&self, fixed_in_unstable: Option<&str>) -> Result<(FixState, Vulnerable), Skip> {
        match self.status.as_ref() {
            "resolved" => self.resolved(),
            "open" => Ok((self.open(), self.unfixed(fixed_in_unstable))),
            // Somebody still has to find out whether it is affected.
            "undetermined" => Ok((
                FixState::UnderInvestigation,
                self.unfixed(fixed_in_unstable),
            )),
            _ => Err(Skip::UnknownStatus),
        }
    }

    /// Fixed, or with the version 0 never affected: the tracker's `<not-affected>`.
    fn resolved(&self) -> Result<(FixState, Vulnerable), Skip> {
        match self.fixed_version.as_deref() {
            // The tracker's database has that word for a version it does not know.
            None | Some("" | "undetermined") => Err(Skip::NoVersion),
            Some("0") => Ok((FixState::NotAffected, Vulnerable::none(Scheme::Dpkg))),
            Some(fixed) if is_version(fixed) => {
                Ok((FixState::Fixed, Vulnerable::before(Scheme::Dpkg, fixed)))
            }
            Some(_) => Err(Skip::BadVersion),
        }
    }

    /// What is to come of an open vulnerability. With `<ignored>` no update will be provided, with
    /// `<postponed>` it waits for a reason to make one; plain `<no-dsa>` leaves both open. A fix
    /// in proposed updates comes whatever had been said before.
    fn open(&self) -> FixState {
        if self.urgency.as_deref() == Some("end-of-life") {
            return FixState::EndOfLife;
        }
        match self.nodsa_reason.as_deref() {
            _ if self.next_point_update == Some(true) => FixState::Deferred,
            Some("ignored") => FixState::WillNotFix,
            Some("postponed") => FixState::Deferred,
            _ => FixState::Affected,
        }
    }

    /// The vulnerable versions where the release has no fix: all before that of sid, which nobody
    /// can install from this release, but which are there on some systems all the same.
    ///
    /// That is, unless the release has such a version and is vulnerable nevertheless, by a line of
    /// its own in the tracker.
    fn unfixed(&self, fixed_in_unstable: Option<&str>) -> Vulnerable {
        let is_before = |version: &str, fixed: &str| {
            Scheme::Dpkg
                .compare(version, fixed)
                .is_ok_and(Ordering::is_lt)
        };
        fixed_in_unstable
            .filter(|fixed| {
                self.repositories
                    .values()
                    .all(|version| is_before(version, fixed))
            })
            .map_or_else(
                || Vulnerable::all(Scheme::Dpkg),
                |fixed| Vulnerable::before(Scheme::Dpkg, fixed),
            )
    }

    /// The severity in the tracker's words. "end-of-life" stands in its place, and is none.
    fn severity(&self) -> Option<String> {
        let urgency = text::line(self.urgency.as_deref()?);
        (!urgency.is_empty() && urgency != "end-of-life").then_some(urgency)
    }

    /// The reason against a security advisory, while that is what a reader waits for.
    fn note(&self) -> Option<String> {
        let reason = self.nodsa.as_deref().filter(|_| self.status == "open")?;
        Some(text::line(reason)).filter(|note| !note.is_empty())
    }
}

/// Severities have stars where they come from the NVD. "Unimportant" is what has no effect on the
/// packages of Debian. New vulnerabilities are "not yet assigned" one, and mostly stay so.
fn normalized(urgency: &str) -> Severity {
    match urgency.trim_end_matches('*') {
        "unimportant" => Severity::Negligible,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        _ => Severity::Unknown,
    }
}

fn is_version(version: &str) -> bool {
    text::can_be_version(version) && Scheme::Dpkg.validate(version).is_ok()
}

fn is_codename(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl<'de: 'a, 'a> Deserialize<'de> for Releases<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Releases<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("releases by code name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut releases = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    releases.push(entry);
                }
                Ok(Releases(releases))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                match seq.next_element::<IgnoredAny>()? {
                    None => Ok(Releases(Vec::new())),
                    Some(_) => Err(A::Error::invalid_length(1, &self)),
                }
            }
        }

        deserializer.deserialize_any(Entries)
    }
}
