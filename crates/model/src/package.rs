//! Packages as analyzers find them.

use std::fmt;
use std::str::FromStr;

use clair_version::Scheme;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The program that installed a package; it decides how versions compare and which advisories
/// can speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PackageManager {
    /// Debian's dpkg, also where a distroless image only carries its status files.
    Dpkg,
    /// Alpine's apk-tools.
    Apk,
    /// rpm, whatever the format of its database.
    Rpm,
    /// Arch Linux's pacman.
    Pacman,
}

/// A name that no package manager has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a package manager")]
pub struct UnknownPackageManager(String);

impl PackageManager {
    /// All package managers.
    pub const ALL: [Self; 4] = [Self::Dpkg, Self::Apk, Self::Rpm, Self::Pacman];

    /// The scheme by which versions of its packages compare.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Dpkg => Scheme::Dpkg,
            Self::Apk => Scheme::Apk,
            Self::Rpm => Scheme::Rpm,
            Self::Pacman => Scheme::Pacman,
        }
    }

    /// The name of the program.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Pacman => "pacman",
        }
    }
}

impl fmt::Display for PackageManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PackageManager {
    type Err = UnknownPackageManager;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
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
