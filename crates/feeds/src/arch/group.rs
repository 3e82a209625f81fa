//! A group of vulnerabilities, and what it means.
//!
//! The fields are those of the tracker's own model, <https://github.com/archlinux/arch-security-tracker>.

use std::borrow::Cow;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::Scheme;
use serde::Deserialize;

use crate::{Skip, text};

const TRACKER: &str = "https://security.archlinux.org/";

/// The longest group, in bytes. Real ones have a few thousand.
const LARGEST: usize = 1 << 20;

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    severity: Option<Cow<'a, str>>,
    /// What an attacker gains: `arbitrary code execution`.
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    /// The version that has the fix. The one known to be affected stands beside it, and is no
    /// lower bound: nobody looked at older ones.
    #[serde(borrow, default)]
    fixed: Option<Cow<'a, str>>,
    #[serde(default)]
    issues: Vec<String>,
    /// The advisories that were sent about it, `ASA-…`.
    #[serde(default)]
    advisories: Vec<String>,
}

/// Reads a group: an advisory for each of its vulnerabilities, or one by its own name. What cannot
/// be read of it goes to `skip`.
pub(super) fn advisories(json: &str, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Advisory> {
    if json.len() > LARGEST {
        skip(Skip::TooLarge, "a group");
        return Vec::new();
    }
    let Ok(group) = serde_json::from_str::<Group<'_>>(json) else {
        skip(Skip::Malformed, "a group");
        return Vec::new();
    };
    if !text::is_id(&group.name) {
        skip(Skip::BadId, &group.name);
        return Vec::new();
    }
    let (fix_state, vulnerable, note) = match group.verdict() {
        Ok(verdict) => verdict,
        Err(reason) => {
            skip(reason, &group.name);
            return Vec::new();
        }
    };
    let mut affected = Vec::with_capacity(group.packages.len());
    if group.packages.is_empty() {
        skip(Skip::NoPackage, &group.name);
    }
    for package in &group.packages {
        if !text::is_name(package) {
            skip(Skip::NoPackage, &format!("{} {package}", group.name));
            continue;
        }
        affected.push(Affected {
            note: note.map(str::to_owned),
            ..Affected::of(
                Namespace::rolling("arch"),
                package.clone(),
                PackageKind::Binary,
                vulnerable.clone(),
                fix_state,
            )
        });
    }
    if affected.is_empty() {
        return Vec::new();
    }
    group.named(affected, skip)
}

impl Group<'_> {
    /// What the status says about which versions.
    fn verdict(&self) -> Result<(FixState, Vulnerable, Option<&'static str>), Skip> {
        let fixed = self.fixed.as_deref().filter(|fixed| !fixed.is_empty());
        let is_version = |v: &str| text::can_be_version(v) && Scheme::Pacman.validate(v).is_ok();
        if fixed.is_some_and(|fixed| !is_version(fixed)) {
            return Err(Skip::BadVersion);
        }
        let before_fix = fixed.map_or_else(
            || Vulnerable::all(Scheme::Pacman),
            |fixed| Vulnerable::before(Scheme::Pacman, fixed),
        );
        match self.status.as_ref() {
            "Fixed" if fixed.is_none() => Err(Skip::NoVersion),
            "Fixed" => Ok((FixState::Fixed, before_fix, None)),
            // It cannot be installed yet by those who follow the stable repositories.
            "Testing" => Ok((
                FixState::Affected,
                before_fix,
                Some("The fix is in testing"),
            )),
            "Vulnerable" => Ok((FixState::Affected, before_fix, None)),
            "Unknown" => Ok((FixState::UnderInvestigation, before_fix, None)),
            "Not affected" => Ok((
                FixState::NotAffected,
                Vulnerable::none(Scheme::Pacman),
                None,
            )),
            _ => Err(Skip::UnknownStatus),
        }
    }

    fn named(&self, affected: Vec<Affected>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Advisory> {
        let severity = text::line(self.severity.as_deref().unwrap_or_default());
        let template = Advisory {
            description: text::prose(self.kind.as_deref().unwrap_or_default()),
            links: vec![format!("{TRACKER}{}", self.name)],
            normalized_severity: severity.parse::<Severity>().unwrap_or_default(),
            severity,
            affected,
            ..Advisory::new("")
        };
        let others = std::iter::once(self.name.as_ref());
        let others = others.chain(self.advisories.iter().map(String::as_str));
        let others = text::distinct(others.filter(|id| text::is_id(id)).map(str::to_owned));
        let mut names = text::distinct(self.issues.iter().cloned());
        names.retain(|name| {
            let is_id = text::is_id(name);
            if !is_id {
                skip(Skip::BadId, &format!("{} {name}", self.name));
            }
            is_id
        });
        if names.is_empty() {
            names.push(self.name.clone().into_owned());
        }
        let of_vulnerability = |id: String| Advisory {
            aliases: others
                .iter()
                .filter(|other| **other != id)
                .cloned()
                .collect(),
            id,
            ..template.clone()
        };
        names.into_iter().map(of_vulnerability).collect()
    }
}
