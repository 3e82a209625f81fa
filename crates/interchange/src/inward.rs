//! From Clair's vulnerabilities to our statements.

use clair_feeds::{Skip, text};
use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use jiff::Timestamp;

use crate::place;
use crate::vulnerability::{Extra, Package, Vulnerability};

/// Clair's word for a package that no version of was ever vulnerable.
pub(crate) const NEVER: &str = "0";

/// Reads a vulnerability: an advisory of which one package is known.
///
/// # Errors
///
/// When it does not say enough to find or to compare anything.
pub(crate) fn advisory(
    vulnerability: &Vulnerability<'_>,
    extra: Option<&Extra>,
) -> Result<Advisory, Skip> {
    let extra_id = extra.and_then(|extra| extra.id.as_deref());
    let id = extra_id.or_else(|| identifier(&vulnerability.name));
    let id = id.filter(|id| text::is_id(id)).ok_or(Skip::BadId)?;
    let mut advisory = Advisory::new(id);
    advisory.affected = affected(vulnerability, extra)?;
    advisory.issued = issued(&vulnerability.issued);
    let links = vulnerability
        .links
        .split_whitespace()
        .filter_map(text::link);
    advisory.links = text::distinct(links);
    advisory.severity = text::line(&vulnerability.severity);
    advisory.normalized_severity = vulnerability
        .normalized_severity
        .parse()
        .unwrap_or_default();
    let cleaned = |list: &Vec<String>| text::distinct(list.iter().map(|line| text::line(line)));
    advisory.description = match extra.and_then(|extra| extra.description.as_deref()) {
        Some(description) => text::prose(description),
        None => description(vulnerability, id),
    };
    advisory.aliases = match extra.and_then(|extra| extra.aliases.as_ref()) {
        Some(aliases) => cleaned(aliases),
        None => aliases(vulnerability, id),
    };
    if let Some(extra) = extra {
        advisory.modified = extra.modified;
        advisory.cvss = extra.cvss.as_ref().map(cleaned).unwrap_or_default();
        advisory.cwes = extra.cwes.as_ref().map(cleaned).unwrap_or_default();
    }
    Ok(advisory)
}

/// The name of a vulnerability in what some of Clair's updaters write in its place: the title of a
/// document, which begins with it.
fn identifier(name: &str) -> Option<&str> {
    let first = name.split_whitespace().next()?.trim_end_matches(':');
    let is_identifier = text::is_id(first) && first.bytes().any(|b| b.is_ascii_digit());
    if is_identifier || first == name {
        return Some(first);
    }
    text::cve_in(name)
}

fn description(vulnerability: &Vulnerability<'_>, id: &str) -> String {
    let title = vulnerability.name.trim();
    if vulnerability.description.is_empty() && title != id {
        return text::prose(title);
    }
    text::prose(&vulnerability.description)
}

/// The other names. What is not named by a CVE links to those that it is about.
fn aliases(vulnerability: &Vulnerability<'_>, id: &str) -> Vec<String> {
    let stated = vulnerability
        .aliases
        .iter()
        .flatten()
        .map(|alias| &*alias.name);
    let linked = text::cves_in(&vulnerability.links).filter(|_| !text::is_cve(id));
    let names = stated.filter(|name| text::is_id(name)).chain(linked);
    text::distinct(names.filter(|name| *name != id).map(str::to_owned))
}

fn issued(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    // Go's zero is the first second of the year one.
    (time.as_second() > -62_135_596_800).then_some(time)
}

fn affected(
    vulnerability: &Vulnerability<'_>,
    extra: Option<&Extra>,
) -> Result<Vec<Affected>, Skip> {
    let package = vulnerability.package.as_ref().ok_or(Skip::NoPackage)?;
    if !text::is_name(&package.name) {
        return Err(Skip::NoPackage);
    }
    let kind = match &*package.kind {
        "source" => PackageKind::Source,
        "binary" | "" => PackageKind::Binary,
        _ => return Err(Skip::OtherProduct),
    };
    let empty = Extra::default();
    let extra = extra.unwrap_or(&empty);
    let namespaces = match &extra.namespace {
        Some(namespace) if text::is_name(namespace.as_str()) => vec![namespace.clone()],
        Some(_) => return Err(Skip::UnknownRelease),
        None => place::namespaces(
            vulnerability.distribution.as_ref(),
            vulnerability.repository.as_ref(),
            &vulnerability.fixed_in_version,
        )?,
    };
    let arches = match &extra.arches {
        Some(arches) if arches.iter().all(|arch| text::is_name(arch)) => arches.clone(),
        Some(_) => return Err(Skip::Malformed),
        None => architectures(&package.arch, &vulnerability.arch_op)?,
    };
    let mut affected = Vec::with_capacity(namespaces.len());
    for namespace in namespaces {
        let (vulnerable, fix_state) = versions(vulnerability, package, &namespace, extra)?;
        affected.push(Affected {
            namespace,
            package: package.name.clone().into_owned(),
            kind,
            arches: arches.clone(),
            module: (!package.module.is_empty()).then(|| text::line(&package.module)),
            vulnerable,
            fix_state,
            severity: None,
            normalized_severity: None,
            note: extra.note.as_deref().map(text::line),
        });
    }
    Ok(affected)
}

/// Which versions are vulnerable, by the rule that Clair's matcher of the distribution has.
fn versions(
    vulnerability: &Vulnerability<'_>,
    package: &Package<'_>,
    namespace: &Namespace,
    extra: &Extra,
) -> Result<(Vulnerable, FixState), Skip> {
    let scheme = extra.scheme.or_else(|| place::scheme(namespace));
    let scheme = scheme.ok_or(Skip::UnknownRelease)?;
    let fixed = &*vulnerability.fixed_in_version;
    let (ranges, state) = match fixed {
        _ if vulnerability.invert => (Vec::new(), FixState::NotAffected),
        // The matcher of Ubuntu alone takes it for a version that is not known.
        NEVER if namespace.family() == "ubuntu" => (vec![Range::all()], FixState::Affected),
        NEVER => (Vec::new(), FixState::NotAffected),
        "" if scheme == Scheme::Rpm && !package.version.is_empty() => {
            let last = Range {
                last_affected: Some(package.version.clone().into_owned()),
                ..Range::default()
            };
            (vec![last], FixState::Affected)
        }
        "" => (vec![Range::all()], FixState::Affected),
        fixed => (vec![Range::before(fixed)], FixState::Fixed),
    };
    let ranges = extra.ranges.clone().unwrap_or(ranges);
    let bounds = ranges.iter().flat_map(|range| {
        let introduced = range.introduced.iter().filter(|bound| *bound != NEVER);
        introduced.chain(&range.fixed).chain(&range.last_affected)
    });
    for bound in bounds {
        if !text::can_be_version(bound) || scheme.validate(bound).is_err() {
            return Err(Skip::BadVersion);
        }
    }
    let state = extra.fix_state.unwrap_or(state);
    Ok((Vulnerable { scheme, ranges }, state))
}

/// The architectures that Clair compares that of a package with.
///
/// # Errors
///
/// When they are told by a pattern that is no list, or by which they are not.
fn architectures(arch: &str, operation: &str) -> Result<Vec<String>, Skip> {
    let is_name = |arch: &str| {
        (1..=32).contains(&arch.len())
            && arch
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    if arch.is_empty() {
        return Ok(Vec::new());
    }
    let listed: Vec<&str> = match operation {
        "equals" => vec![arch],
        "pattern match" => {
            let list = arch.trim_start_matches('^').trim_end_matches('$');
            let list = match list
                .strip_prefix('(')
                .and_then(|list| list.strip_suffix(')'))
            {
                Some(group) => group.trim_start_matches("?:"),
                None => list,
            };
            list.split('|').collect()
        }
        _ => return Err(Skip::Conditional),
    };
    if listed.len() > 32 || !listed.iter().all(|arch| is_name(arch)) {
        return Err(Skip::Conditional);
    }
    Ok(text::distinct(listed.into_iter().map(str::to_owned)))
}

/// The severity that a statement has in the end.
pub(crate) fn severity(advisory: &Advisory, affected: &Affected) -> (String, Severity) {
    (
        affected
            .severity
            .as_ref()
            .unwrap_or(&advisory.severity)
            .clone(),
        affected
            .normalized_severity
            .unwrap_or(advisory.normalized_severity),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_those_of_a_list() {
        for (arch, operation, expected) in [
            ("", "", Some(vec![])),
            ("x86_64", "equals", Some(vec!["x86_64"])),
            (
                "aarch64|x86_64",
                "pattern match",
                Some(vec!["aarch64", "x86_64"]),
            ),
            (
                "(aarch64|x86_64)",
                "pattern match",
                Some(vec!["aarch64", "x86_64"]),
            ),
            ("^(?:a|b)$", "pattern match", Some(vec!["a", "b"])),
            ("i.86", "pattern match", None),
            ("", "not equals", Some(vec![])),
            ("src", "not equals", None),
            ("x86_64", "", None),
        ] {
            let found = architectures(arch, operation).ok();
            let expected = expected.map(|list| list.into_iter().map(str::to_owned).collect());
            assert_eq!(found, expected, "{arch} {operation}");
        }
    }

    #[test]
    fn titles_begin_with_names() {
        for (title, expected) in [
            ("CVE-2024-1", Some("CVE-2024-1")),
            (
                "CVE-2016-2781 on Ubuntu 22.04 LTS (jammy) - low",
                Some("CVE-2016-2781"),
            ),
            (
                "ELSA-2024-1:  openssl security update (LOW)",
                Some("ELSA-2024-1"),
            ),
            ("Security update for CVE-2024-10000", Some("CVE-2024-10000")),
            ("Security update", None),
            ("", None),
        ] {
            assert_eq!(identifier(title), expected, "{title}");
        }
    }

    #[test]
    fn the_first_second_of_the_year_one_is_no_date() {
        assert_eq!(issued("0001-01-01T00:00:00Z"), None);
        assert_eq!(issued(""), None);
        assert!(issued("2024-01-02T03:04:05Z").is_some());
    }
}
