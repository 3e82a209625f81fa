//! Packages as analyzers find them.

use std::fmt;
use std::str::FromStr;

use clair_version::Scheme;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Namespace;

/// Declares [`PackageManager`] from lines `Variant = name, Scheme, the ecosystem of its own or "";`.
macro_rules! managers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $scheme:ident, $ecosystem:literal;)+) => {
        /// The program that installed a package; it decides how versions compare and which
        /// advisories can speak of it.
        // New variants go last: what is kept of layers has the position.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum PackageManager {
            $($(#[$doc])* $variant,)+
        }

        impl PackageManager {
            /// All package managers.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The scheme by which versions of its packages compare.
            pub const fn scheme(self) -> Scheme {
                match self {
                    $(Self::$variant => Scheme::$scheme,)+
                }
            }

            /// The name of the program: the name of the variant in lower case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The ecosystem whose packages it installs, the same on every distribution. `None`
            /// where it installs those of the distribution, which decides what its names mean.
            pub fn ecosystem(self) -> Option<Namespace> {
                let name = match self {
                    $(Self::$variant => $ecosystem,)+
                };
                (!name.is_empty()).then(|| Namespace::rolling(name))
            }
        }
    };
}

managers! {
    /// Debian's dpkg, also where a distroless image only carries its status files.
    Dpkg = "dpkg", Dpkg, "";
    /// Alpine's apk-tools.
    Apk = "apk", Apk, "";
    /// rpm, whatever the format of its database.
    Rpm = "rpm", Rpm, "";
    /// Arch Linux's pacman.
    Pacman = "pacman", Pacman, "";
    /// opkg of OpenWrt and Yocto. It compares versions as dpkg does, from which it took the code.
    Opkg = "opkg", Dpkg, "";
    /// Gentoo's Portage.
    Portage = "portage", Gentoo, "";
    /// Bitnami, whose images have its components below `opt/bitnami` beside a distribution.
    Bitnami = "bitnami", Bitnami, "bitnami";
    /// None: the package is one of Red Hat's container images, or what is left of one that the image
    /// was built on.
    Rhcc = "rhcc", RhcTag, "";
}

/// A name that no package manager has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a package manager")]
pub struct UnknownPackageManager(String);

impl fmt::Display for PackageManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PackageManager {
    type Err = UnknownPackageManager;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|manager| manager.name() == name)
            .ok_or_else(|| UnknownPackageManager(name.to_owned()))
    }
}

/// Whether a name is that of an installed package or of the source it was built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// An installed package.
    Binary,
    /// The package from which installed ones were built.
    Source,
}

/// The source a package was built from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its own version, which may differ from that of the binary package (binary rebuilds,
    /// metapackages, split epochs). Advisories about sources are compared with this one.
    pub version: String,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Package {
    /// Name as the package manager writes it.
    pub name: String,
    /// Full version as the package manager writes it, with epoch and release where it has them.
    pub version: String,
    /// Architecture, empty where the package manager knows none.
    pub arch: String,
    /// What installed it.
    pub manager: PackageManager,
    /// The source it was built from.
    pub source: Option<SourcePackage>,
    /// The rpm module stream it comes from, `name:stream`.
    pub module: Option<String>,
    /// Who built it, as the package says (rpm's vendor, dpkg's maintainer origin).
    pub vendor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_manager_reads_back() {
        for &manager in PackageManager::ALL {
            assert_eq!(manager.to_string().parse(), Ok(manager));
            let json = serde_json::to_string(&manager).unwrap();
            assert_eq!(json, format!("{:?}", manager.name()));
        }
        assert!("Dpkg".parse::<PackageManager>().is_err());
    }

    #[test]
    fn an_ecosystem_is_no_distribution() {
        assert_eq!(
            PackageManager::Bitnami.ecosystem(),
            Some(Namespace::bitnami())
        );
        assert_eq!(PackageManager::Dpkg.ecosystem(), None);
    }
}
