//! Namespaces: inside which set of packages a name has a meaning.
//!
//! An advisory says "openssl in Debian bookworm before 3.0.13-1~deb12u1". Its namespace is
//! `debian:bookworm`. The same package name in `alpine:3.18` is another package with other
//! versions. A namespace is the only thing about a distribution that matching looks at.

use std::fmt;
use std::str::FromStr;

use clair_cpe::Cpe;
use serde::{Deserialize, Serialize};

use crate::Repository;

/// The family of container images.
const IMAGES: &str = "oci";

/// A distribution release, or a language ecosystem, in which package names are unique.
///
/// It is written in lower case, general part first: `debian:bookworm`, `alpine:3.18`,
/// `ubuntu:22.04`, `ubuntu:16.04:pro`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Namespace(String);

impl Namespace {
    /// Debian: one namespace per release, by its code name, since that is what the security
    /// tracker keys its data with and what testing and sid have.
    pub fn debian(codename: &str) -> Self {
        Self::of(&["debian", codename])
    }

    /// Alpine: one namespace per branch, `3.18` or `edge`.
    pub fn alpine(branch: &str) -> Self {
        Self::of(&["alpine", branch])
    }

    /// Ubuntu: one namespace per release, by its number.
    pub fn ubuntu(release: &str) -> Self {
        Self::of(&["ubuntu", release])
    }

    /// Ubuntu Pro: the pockets that only subscribers get, such as `pro` (expanded security
    /// maintenance) or `pro:fips-updates`.
    pub fn ubuntu_pocket(release: &str, pocket: &str) -> Self {
        Self::of(&["ubuntu", release, pocket])
    }

    /// A release of a distribution whose namespaces are its name and that of a release. Which
    /// names these are is in the table of [`Distribution`](crate::Distribution)'s namespaces.
    pub fn release(family: &str, release: &str) -> Self {
        Self::of(&[family, release])
    }

    /// A distribution without releases.
    pub fn rolling(family: &str) -> Self {
        Self::of(&[family])
    }

    /// Oracle Linux: packages that are built a second time, `ksplice` and `fips`.
    pub fn oracle_pocket(release: &str, pocket: &str) -> Self {
        Self::of(&["ol", release, pocket])
    }

    /// The components that Bitnami adds to its images below `opt/bitnami`.
    pub fn bitnami() -> Self {
        Self::of(&["bitnami"])
    }

    /// The rpm packages of a product of Red Hat, by its CPE: `cpe:/a:redhat:rhel_eus:9.2::appstream`.
    pub fn product(cpe: &str) -> Self {
        Self::of(&[cpe])
    }

    /// The container images of a product of Red Hat, by its CPE. They have names of their own.
    pub fn images_of(cpe: &str) -> Self {
        Self::of(&[IMAGES, cpe])
    }

    /// The CPE of [`product`](Self::product) or [`images_of`](Self::images_of).
    pub fn cpe(&self) -> Option<&str> {
        let cpe = self.0.strip_prefix("oci:").unwrap_or(&self.0);
        cpe.starts_with("cpe:").then_some(cpe)
    }

    /// Whether it is one of container images.
    pub fn is_of_images(&self) -> bool {
        self.family() == IMAGES
    }

    /// The repository that its packages come from, where it is one of a product.
    pub fn repository(&self) -> Option<Repository> {
        let cpe: Cpe = self.cpe()?.parse().ok()?;
        let cpe = cpe.to_string();
        Some(if self.is_of_images() {
            Repository::containers(&cpe)
        } else {
            Repository::packages(&cpe)
        })
    }

    fn of(parts: &[&str]) -> Self {
        Self(parts.join(":").to_lowercase())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first colon, which names the distribution or ecosystem.
    pub fn family(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Namespace {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_lowercase()))
    }
}
