//! What kind of package something is: the type of its URLs, and how the parts of a name are
//! divided.

use std::fmt;

use clair_model::{Distribution, PackageManager};

/// Names of analyzers, and of what `package_db` begins with in Clair's own reports, by the type of
/// package URL: <https://github.com/package-url/purl-spec/tree/main/types>.
const TYPES: &[(&str, &[&str])] = &[
    ("alpm", &["pacman", "alpm"]),
    ("apk", &["apk"]),
    ("bitnami", &["bitnami"]),
    ("cargo", &["cargo", "rust"]),
    ("cocoapods", &["cocoapods"]),
    ("composer", &["composer", "php", "packagist"]),
    ("conan", &["conan"]),
    ("conda", &["conda"]),
    ("cran", &["cran", "r"]),
    ("deb", &["dpkg", "dpkg-distroless"]),
    ("ebuild", &["portage"]),
    ("gem", &["gem", "ruby", "rubygems"]),
    ("golang", &["golang", "go", "gobin"]),
    ("hackage", &["hackage", "haskell"]),
    ("hex", &["hex"]),
    ("maven", &["maven", "java", "jar", "file"]),
    ("npm", &["npm", "nodejs", "node"]),
    ("nuget", &["nuget", "dotnet"]),
    (
        "oci",
        &[
            "rhcc",
            "rhel_containerscanner",
            "rhel_package_container_detector",
        ],
    ),
    ("opkg", &["opkg"]),
    ("pub", &["pub", "dart"]),
    ("pypi", &["pypi", "python", "pip"]),
    (
        "rpm",
        &["rpm", "rhel-package-scanner", "bdb", "sqlite", "ndb"],
    ),
    ("swift", &["swift"]),
];

/// The type of a package URL, of those that packages in reports can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ecosystem(&'static str);

impl Ecosystem {
    /// What kind a package is, by the analyzer that found it, else by where it was found, else by
    /// the distribution. `None` where nothing tells.
    ///
    /// Clair names analyzers `urn:claircore:detector:NAME:VERSION:package`, if at all.
    pub fn of(
        detector: Option<&str>,
        package_db: Option<&str>,
        distribution: Option<&Distribution>,
    ) -> Option<Self> {
        let detector = detector.map(|name| {
            let clair = name.strip_prefix("urn:claircore:detector:");
            clair.map_or(name, |name| name.split(':').next().unwrap_or_default())
        });
        detector
            .and_then(Self::named)
            .or_else(|| package_db.and_then(Self::at))
            .or_else(|| {
                let owner = distribution?;
                let managers = PackageManager::ALL.iter();
                let manager = managers.clone().find(|manager| owner.owns(**manager))?;
                Self::named(manager.name())
            })
    }

    fn named(name: &str) -> Option<Self> {
        let known = TYPES.iter().find(|(_, names)| names.contains(&name));
        known.map(|(kind, _)| Self(kind))
    }

    fn at(package_db: &str) -> Option<Self> {
        if let Some((kind, _)) = package_db.split_once(':') {
            return Self::named(kind);
        }
        let is_in = |dir: &str| package_db.trim_start_matches('/').starts_with(dir);
        if is_in("var/lib/dpkg") {
            Some(Self("deb"))
        } else if is_in("lib/apk/db") || is_in("usr/lib/apk/db") {
            Some(Self("apk"))
        } else if is_in("var/lib/rpm") || is_in("usr/lib/sysimage/rpm") {
            Some(Self("rpm"))
        } else if is_in("var/lib/pacman") {
            Some(Self("alpm"))
        } else {
            None
        }
    }

    /// The type, as URLs have it.
    pub const fn purl_type(self) -> &'static str {
        self.0
    }

    /// Whether its packages are those of a distribution.
    pub fn is_of_distribution(self) -> bool {
        matches!(self.0, "alpm" | "apk" | "deb" | "ebuild" | "opkg" | "rpm")
    }

    /// Namespace and name in URLs, of a name as an ecosystem of a language writes it.
    pub(crate) fn divided(self, name: &str) -> (Option<&str>, &str) {
        let divided = match self.0 {
            "maven" => name.split_once(':'),
            "npm" if name.starts_with('@') => name.split_once('/'),
            "ebuild" | "golang" | "composer" | "oci" | "swift" => name.rsplit_once('/'),
            _ => None,
        };
        match divided {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                (Some(namespace), name)
            }
            _ => (None, name),
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_manager_has_a_type() {
        for manager in PackageManager::ALL {
            let found = Ecosystem::of(Some(manager.name()), None, None);
            assert!(found.is_some(), "{manager}");
        }
    }

    #[test]
    fn reports_of_clair_tell_by_the_place() {
        for (detector, place, expected) in [
            (None, "var/lib/dpkg/status", "deb"),
            (None, "var/lib/dpkg/status.d/base", "deb"),
            (None, "lib/apk/db/installed", "apk"),
            (None, "sqlite:var/lib/rpm", "rpm"),
            (None, "usr/lib/sysimage/rpm/rpmdb.sqlite", "rpm"),
            (None, "python:usr/lib/python3/site-packages", "pypi"),
            (None, "go:usr/bin/app", "golang"),
            (None, "jar:app.jar", "maven"),
            (
                Some("urn:claircore:detector:gobin:7:package"),
                "usr/bin/app",
                "golang",
            ),
            (
                Some("urn:claircore:detector:new:1:package"),
                "nodejs:a",
                "npm",
            ),
        ] {
            let found = Ecosystem::of(detector, Some(place), None);
            assert_eq!(found.unwrap().purl_type(), expected, "{place}");
        }
        assert_eq!(
            Ecosystem::of(None, Some("root/buildinfo/Dockerfile"), None),
            None
        );
        let wolfi = Distribution {
            did: "wolfi".to_owned(),
            ..Distribution::default()
        };
        assert_eq!(
            Ecosystem::of(None, None, Some(&wolfi)),
            Some(Ecosystem("apk"))
        );
    }

    #[test]
    fn names_are_divided_as_their_ecosystem_does() {
        for (kind, name, expected) in [
            (
                "maven",
                "org.slf4j:slf4j-api",
                (Some("org.slf4j"), "slf4j-api"),
            ),
            ("npm", "@babel/core", (Some("@babel"), "core")),
            ("npm", "left-pad", (None, "left-pad")),
            ("ebuild", "dev-libs/openssl", (Some("dev-libs"), "openssl")),
            ("golang", "helm.sh/helm/v3", (Some("helm.sh/helm"), "v3")),
            ("golang", "stdlib", (None, "stdlib")),
            ("oci", "quay/clair-rhel8", (Some("quay"), "clair-rhel8")),
            ("pypi", "a/b", (None, "a/b")),
            ("maven", ":a", (None, ":a")),
        ] {
            assert_eq!(Ecosystem(kind).divided(name), expected, "{kind} {name}");
        }
    }
}
