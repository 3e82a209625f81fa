//! Distributions, and the namespaces in which their packages are looked up.

use serde::{Deserialize, Serialize};

use crate::{Namespace, PackageManager};

/// A release of a distribution, with the fields of Clair's API.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distribution {
    /// The `ID` of os-release: `debian`, `alpine`, `rhel`.
    pub did: String,
    /// Name for people.
    pub name: String,
    /// Version as the distribution writes it, often with the code name: `12 (bookworm)`.
    pub version: String,
    /// Code name: `bookworm`, `jammy`.
    pub version_code_name: String,
    /// Version number: `12`, `22.04`. Clair leaves it empty for Alpine, where `version` is the
    /// branch.
    pub version_id: String,
    /// Architecture, where the release files tell it.
    pub arch: String,
    /// CPE, where the release files tell it.
    pub cpe: String,
    /// Full name for people.
    pub pretty_name: String,
}

impl Distribution {
    /// The namespaces in which the security data for a package of that manager and version may
    /// be, most specific last.
    ///
    /// Empty where no namespace is known for such packages of this distribution.
    pub fn namespaces(&self, manager: PackageManager, version: &str) -> Vec<Namespace> {
        match (manager, self.did.as_str()) {
            (PackageManager::Dpkg, "debian") if !self.version_code_name.is_empty() => {
                vec![Namespace::debian(&self.version_code_name)]
            }
            (PackageManager::Dpkg, "ubuntu") if !self.version_id.is_empty() => {
                self.ubuntu_pockets(version)
            }
            (PackageManager::Apk, "alpine") if !self.version.is_empty() => {
                vec![Namespace::alpine(&self.version)]
            }
            _ => Vec::new(),
        }
    }

    /// The namespaces that a source must have data for to cover this distribution at all.
    pub fn base_namespace(&self) -> Option<Namespace> {
        match self.did.as_str() {
            "debian" if !self.version_code_name.is_empty() => {
                Some(Namespace::debian(&self.version_code_name))
            }
            "ubuntu" if !self.version_id.is_empty() => Some(Namespace::ubuntu(&self.version_id)),
            "alpine" if !self.version.is_empty() => Some(Namespace::alpine(&self.version)),
            _ => None,
        }
    }

    /// Whether packages of this manager are the distribution's own, so that its security data
    /// speaks of them.
    pub fn owns(&self, manager: PackageManager) -> bool {
        match self.did.as_str() {
            "debian" | "ubuntu" => manager == PackageManager::Dpkg,
            "alpine" => manager == PackageManager::Apk,
            _ => false,
        }
    }

    /// Canonical tracks a vulnerability of a release in exactly one pocket: the archive while the
    /// release is in standard support, Ubuntu Pro after it or for universe. FIPS builds have
    /// pockets of their own, which say nothing about the ordinary build of the same package, so
    /// they are asked only for versions that carry the mark.
    fn ubuntu_pockets(&self, version: &str) -> Vec<Namespace> {
        let release = self.version_id.as_str();
        let mut namespaces = vec![
            Namespace::ubuntu(release),
            Namespace::ubuntu_pocket(release, "pro"),
        ];
        if version.to_ascii_lowercase().contains("fips") {
            namespaces.extend(
                ["pro:fips", "pro:fips-updates", "pro:fips-preview"]
                    .map(|pocket| Namespace::ubuntu_pocket(release, pocket)),
            );
        }
        if version.contains("realtime") {
            namespaces.push(Namespace::ubuntu_pocket(release, "pro:realtime"));
        }
        namespaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(did: &str, version_id: &str, codename: &str) -> Distribution {
        Distribution {
            did: did.into(),
            version: version_id.into(),
            version_id: version_id.into(),
            version_code_name: codename.into(),
            ..Distribution::default()
        }
    }

    #[test]
    fn a_package_is_looked_up_where_its_distribution_keeps_its_data() {
        use PackageManager::{Apk, Dpkg, Rpm};
        let cases = [
            ("debian", "12", "bookworm", Dpkg, "1", "debian:bookworm"),
            ("debian", "", "sid", Dpkg, "1", "debian:sid"),
            ("alpine", "3.18", "", Apk, "1", "alpine:3.18"),
            ("alpine", "edge", "", Apk, "1", "alpine:edge"),
            (
                "ubuntu",
                "22.04",
                "jammy",
                Dpkg,
                "1",
                "ubuntu:22.04 ubuntu:22.04:pro",
            ),
            // A package of another manager is not the distribution's.
            ("debian", "12", "bookworm", Apk, "1", ""),
            ("alpine", "3.18", "", Rpm, "1", ""),
            ("raspbian", "12", "bookworm", Dpkg, "1", ""),
        ];
        for (did, version_id, codename, manager, version, expected) in cases {
            let found = distribution(did, version_id, codename)
                .namespaces(manager, version)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ");
            assert_eq!(found, expected, "{did} {version_id} {manager}");
        }
    }

    #[test]
    fn fips_pockets_are_asked_for_fips_builds_only() {
        let jammy = distribution("ubuntu", "22.04", "jammy");
        let fips = jammy.namespaces(PackageManager::Dpkg, "3.0.2-0ubuntu1.10+Fips1");
        assert!(fips.contains(&Namespace::ubuntu_pocket("22.04", "pro:fips-updates")));
    }
}
