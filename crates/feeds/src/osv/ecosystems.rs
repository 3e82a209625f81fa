//! Which ecosystems of OSV records are read, and where what they name is looked up: one line each.
//!
//! The names are those of the format, <https://ossf.github.io/osv-schema/#affectedpackage-field>.
//! Ecosystems whose versions have no scheme in [`clair_version`] are not read: nothing could be
//! compared with their records.

use clair_model::{Namespace, PackageKind, releases};
use clair_version::Scheme;

use crate::ubuntu;

/// An ecosystem.
pub(super) struct Line {
    /// Its name, without the release that may follow.
    pub(super) name: &'static str,
    pub(super) scheme: Scheme,
    /// What its names are those of.
    pub(super) kind: PackageKind,
    /// Whether another feed reads what the vendor publishes itself, which says more.
    pub(super) has_feed: bool,
    namespace: fn(release: &str) -> Option<Namespace>,
}

use PackageKind::{Binary, Source};
use Scheme::{Apk, Bitnami, Dpkg, Rpm};

const fn line(
    name: &'static str,
    scheme: Scheme,
    kind: PackageKind,
    namespace: fn(&str) -> Option<Namespace>,
) -> Line {
    Line {
        name,
        scheme,
        kind,
        has_feed: false,
        namespace,
    }
}

const fn fed(
    name: &'static str,
    scheme: Scheme,
    kind: PackageKind,
    namespace: fn(&str) -> Option<Namespace>,
) -> Line {
    Line {
        has_feed: true,
        ..line(name, scheme, kind, namespace)
    }
}

const TABLE: &[Line] = &[
    fed("AlmaLinux", Rpm, Binary, |release| {
        numbered("almalinux", release)
    }),
    fed("Alpine", Apk, Source, |release| {
        Some(Namespace::alpine(
            release.strip_prefix('v').unwrap_or(release),
        ))
    }),
    fed("Bitnami", Bitnami, Binary, |_| Some(Namespace::bitnami())),
    fed("Chainguard", Apk, Source, |_| {
        Some(Namespace::rolling("chainguard"))
    }),
    fed("Debian", Dpkg, Source, debian),
    line("Echo", Dpkg, Source, |_| Some(Namespace::rolling("echo"))),
    line("Mageia", Rpm, Source, |release| numbered("mageia", release)),
    line("MinimOS", Apk, Source, |_| {
        Some(Namespace::rolling("minimos"))
    }),
    fed("Rocky Linux", Rpm, Source, |release| {
        numbered("rocky", release)
    }),
    fed("Ubuntu", Dpkg, Source, |release| {
        ubuntu::namespace(&format!("Ubuntu:{release}"))
    }),
    fed("Wolfi", Apk, Source, |_| Some(Namespace::rolling("wolfi"))),
    fed("openEuler", Rpm, Source, |release| {
        released("openeuler", release)
    }),
    fed("openSUSE", Rpm, Source, opensuse),
];

/// The line of an ecosystem by its name without a release.
pub(super) fn line_of(name: &str) -> Option<&'static Line> {
    TABLE.iter().find(|line| line.name == name)
}

/// The line of an ecosystem, and where its release is looked up.
pub(super) fn place(ecosystem: &str) -> Option<(&'static Line, Namespace)> {
    let (name, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
    let line = line_of(name)?;
    Some((line, (line.namespace)(release)?))
}

/// The namespace of a release that has a number: `22.03-LTS-SP2`.
pub(crate) fn released(family: &str, release: &str) -> Option<Namespace> {
    let is_one = release.starts_with(|first: char| first.is_ascii_digit())
        && release.len() <= 32
        && release
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    is_one.then(|| Namespace::release(family, release))
}

/// A major release.
fn numbered(family: &str, release: &str) -> Option<Namespace> {
    let major = release.split('.').next().unwrap_or_default();
    released(family, major)
}

/// Debian's records have numbers where its own tracker has code names.
fn debian(release: &str) -> Option<Namespace> {
    releases::debian_codename(release).map(Namespace::debian)
}

/// `Leap 15.5`, `Tumbleweed`.
fn opensuse(release: &str) -> Option<Namespace> {
    match release.split_once(' ') {
        None if release == "Tumbleweed" => Some(Namespace::rolling("opensuse-tumbleweed")),
        Some(("Leap", number)) => released("opensuse-leap", number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecosystems_are_namespaces() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
        for (ecosystem, expected) in [
            ("AlmaLinux:8", "almalinux:8"),
            ("Alpine:v3.18", "alpine:3.18"),
            ("Bitnami", "bitnami"),
            ("Debian:12", "debian:bookworm"),
            ("Mageia:9", "mageia:9"),
            ("MinimOS", "minimos"),
            ("Rocky Linux:8.9", "rocky:8"),
            ("Ubuntu:Pro:18.04:LTS", "ubuntu:18.04:pro"),
            ("Wolfi", "wolfi"),
            ("openEuler:22.03-LTS-SP2", "openeuler:22.03-lts-sp2"),
            ("openSUSE:Leap 15.5", "opensuse-leap:15.5"),
            ("openSUSE:Tumbleweed", "opensuse-tumbleweed"),
        ] {
            let (_, namespace) = place(ecosystem).unwrap();
            assert_eq!(namespace.as_str(), expected);
        }
        for ecosystem in [
            "",
            ":",
            "Debian",
            "Debian:sid",
            "Mageia:",
            "Mageia:x",
            "openSUSE:Leap",
            "PyPI",
            "Linux",
            "Rocky Linux:\u{1b}",
        ] {
            assert!(place(ecosystem).is_none(), "{ecosystem}");
        }
    }
}
