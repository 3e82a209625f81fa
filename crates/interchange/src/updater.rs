//! Clair's updaters and our sources: which of them have the same data.

use clair_model::{Namespace, releases};

use crate::enricher::Enricher;

/// What sources are below that come from an updater which is neither Clair's nor ours.
pub(crate) const FOREIGN: &str = "imported";

/// The longest name of an updater. Real ones have fifty bytes.
const LONGEST: usize = 128;

/// Amazon Linux by its updater's name for it.
const AMAZON: [(&str, &str); 3] = [("AL1", "2018.03"), ("AL2", "2"), ("AL2023", "2023")];

/// Ecosystems of OSV.dev by the names that its updaters have for them.
const ECOSYSTEMS: [(&str, &str); 10] = [
    ("crates.io", "crates.io"),
    ("go", "Go"),
    ("hex", "Hex"),
    ("maven", "Maven"),
    ("npm", "npm"),
    ("nuget", "NuGet"),
    ("packagist", "Packagist"),
    ("pub", "Pub"),
    ("pypi", "PyPI"),
    ("rubygems", "RubyGems"),
];

/// The source in which the records of an updater are kept; none for what is no name. It is the one
/// that the feed fills which reads the same documents, so that each puts itself in place of the
/// other.
pub(crate) fn source_of(updater: &str) -> Option<String> {
    let is_name = (1..=LONGEST).contains(&updater.len())
        && updater.bytes().all(|b| b.is_ascii_graphic())
        && updater
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."));
    is_name.then(|| clairs(updater).unwrap_or_else(|| ours(updater)))
}

/// One of Clair's.
fn clairs(updater: &str) -> Option<String> {
    if let Some(enricher) = Enricher::of_updater(updater) {
        return Some(enricher.source().to_owned());
    }
    let within = |prefix, suffix| updater.strip_prefix(prefix)?.strip_suffix(suffix);
    if updater == "debian/updater" {
        return Some("debian".to_owned());
    }
    if let Some(codename) = updater.strip_prefix("ubuntu/updater/") {
        return Some(format!("ubuntu/{codename}"));
    }
    if let Some((repository, branch)) =
        within("alpine-", "-updater").and_then(|rest| rest.split_once('-'))
    {
        return Some(format!("alpine/{branch}/{repository}"));
    }
    if let Some(system) = within("aws-", "-updater") {
        let (_, release) = AMAZON.iter().find(|(name, _)| *name == system)?;
        return Some(format!("aws/{release}"));
    }
    if let Some(year) = within("oracle-", "-updater") {
        return Some(format!("oracle/{year}"));
    }
    if let Some(release) = updater.strip_prefix("photon-updater-") {
        let major = release.strip_suffix(".0").unwrap_or(release);
        return Some(format!("photon/{major}"));
    }
    if let Some(product) = updater.strip_prefix("suse-updater-") {
        return Some(format!("suse/{product}"));
    }
    let ecosystem = updater.strip_prefix("osv/")?;
    let (_, label) = ECOSYSTEMS.iter().find(|(name, _)| *name == ecosystem)?;
    Some(format!("osv/{label}"))
}

/// One that is named as our source is, or one that nobody knows.
fn ours(updater: &str) -> String {
    let feed = updater.split('/').next().unwrap_or_default();
    if clair_feeds::by_name(feed).is_some() {
        updater.to_owned()
    } else {
        format!("{FOREIGN}/{updater}")
    }
}

/// The feed that a source is one of.
pub(crate) fn feed_of(source: &str) -> &str {
    source.split('/').next().unwrap_or_default()
}

/// The updater that has what a source states about a namespace. Those of Clair have Clair's names,
/// so that what is carried there takes the place of what it has fetched itself.
pub(crate) fn updater_of(source: &str, namespace: &Namespace) -> String {
    let parts: Vec<&str> = source.split('/').collect();
    match parts[..] {
        ["debian"] => "debian/updater".to_owned(),
        ["ubuntu", ..] => {
            let release = namespace.as_str().split(':').nth(1).unwrap_or_default();
            let name = releases::ubuntu_codename(release).unwrap_or(release);
            format!("ubuntu/updater/{name}")
        }
        ["alpine", branch, repository] => format!("alpine-{repository}-{branch}-updater"),
        ["aws", release] => match AMAZON.iter().find(|(_, known)| *known == release) {
            Some((system, _)) => format!("aws-{system}-updater"),
            None => source.to_owned(),
        },
        ["oracle", year] => format!("oracle-{year}-updater"),
        ["photon", major] => format!("photon-updater-{major}.0"),
        ["suse", product] => format!("suse-updater-{product}"),
        ["osv", label] => match ECOSYSTEMS.iter().find(|(_, known)| *known == label) {
            Some((name, _)) => format!("osv/{name}"),
            None => source.to_owned(),
        },
        [FOREIGN, ..] => source[FOREIGN.len() + 1..].to_owned(),
        _ => source.to_owned(),
    }
}

/// The source that has what this one has and more, and the release that this one is about. Ubuntu's
/// data comes to our feed in one document, and to Clair's updaters in one for each release.
pub(crate) fn part_of(source: &str) -> Option<(&'static str, String)> {
    let name = source.strip_prefix("ubuntu/")?;
    let release = releases::ubuntu_number(name).unwrap_or(name);
    Some(("ubuntu", Namespace::ubuntu(release).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updaters_and_sources_are_the_same_both_ways() {
        for (updater, source, namespace) in [
            ("debian/updater", "debian", "debian:bookworm"),
            (
                "alpine-main-v3.18-updater",
                "alpine/v3.18/main",
                "alpine:3.18",
            ),
            (
                "alpine-community-edge-updater",
                "alpine/edge/community",
                "alpine:edge",
            ),
            ("ubuntu/updater/jammy", "ubuntu/jammy", "ubuntu:22.04:pro"),
            ("ubuntu/updater/30.04", "ubuntu/30.04", "ubuntu:30.04"),
            ("rhel-vex", "rhel-vex", "cpe:/o:redhat:enterprise_linux:9"),
            ("aws-AL1-updater", "aws/2018.03", "amzn:2018.03"),
            ("aws-AL2-updater", "aws/2", "amzn:2"),
            ("aws/2/extras/docker", "aws/2/extras/docker", "amzn:2"),
            ("oracle-2024-updater", "oracle/2024", "ol:8"),
            ("photon-updater-4.0", "photon/4", "photon:4.0"),
            (
                "suse-updater-suse.linux.enterprise.server.15",
                "suse/suse.linux.enterprise.server.15",
                "sles:15.5",
            ),
            (
                "suse-updater-opensuse.leap.15.6",
                "suse/opensuse.leap.15.6",
                "opensuse-leap:15.6",
            ),
            ("osv/pypi", "osv/PyPI", "pypi"),
            ("osv/Mageia", "osv/Mageia", "mageia:9"),
            ("rocky", "rocky", "rocky:9"),
            (
                "house-rules",
                "imported/house-rules",
                "cpe:/o:redhat:enterprise_linux:9",
            ),
        ] {
            assert_eq!(source_of(updater).as_deref(), Some(source));
            let namespace = namespace.parse().unwrap();
            assert_eq!(updater_of(source, &namespace), updater);
        }
    }

    #[test]
    fn what_ubuntu_has_in_one_document_is_one_updater_for_each_release() {
        let namespace = "ubuntu:24.04".parse().unwrap();
        assert_eq!(updater_of("ubuntu", &namespace), "ubuntu/updater/noble");
        let part = part_of("ubuntu/noble");
        assert_eq!(part, Some(("ubuntu", "ubuntu:24.04".to_owned())));
        assert_eq!(part_of("ubuntu"), None);
        assert_eq!(part_of("debian"), None);
    }

    #[test]
    fn a_name_that_is_none_is_no_source() {
        for name in [
            "",
            "a b",
            "a\u{1b}",
            "/a",
            "a//b",
            "../../a",
            &"a".repeat(200),
        ] {
            assert_eq!(source_of(name), None, "{name:?}");
        }
    }
}
