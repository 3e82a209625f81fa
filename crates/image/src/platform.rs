//! Platforms of an image, as the OCI image index names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An operating system and a processor architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`: the names of Go's tool chain.
    pub architecture: String,
    /// `v7`, `v8`; empty where there is none.
    #[serde(default)]
    pub variant: String,
}

impl Platform {
    /// The platform this program runs on, with the operating system of images: Linux.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: String::new(),
        }
    }

    /// Whether this platform serves where `wanted` is asked for: without a variant any will do.
    pub fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_empty() || self.variant == wanted.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

/// Which images of an index to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformSelector {
    /// The host's architecture, or the only image there is.
    Default,
    /// This one.
    One(Platform),
    /// Every image.
    All,
}

/// A text that is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a platform: expected all, or os/architecture[/variant] such as linux/arm64")]
pub struct ParsePlatformError(String);

impl FromStr for PlatformSelector {
    type Err = ParsePlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let mut parts = text.split('/');
        let (Some(os), Some(architecture), variant, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParsePlatformError(text.to_owned()));
        };
        if os.is_empty() || architecture.is_empty() || variant == Some("") {
            return Err(ParsePlatformError(text.to_owned()));
        }
        Ok(Self::One(Platform {
            os: os.to_lowercase(),
            architecture: architecture.to_lowercase(),
            variant: variant.unwrap_or_default().to_lowercase(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_as_docker_writes_them() {
        assert_eq!("all".parse(), Ok(PlatformSelector::All));
        let Ok(PlatformSelector::One(arm)) = "linux/arm/v7".parse() else {
            panic!("not a platform");
        };
        assert_eq!(arm.to_string(), "linux/arm/v7");
        for bad in ["", "linux", "linux/", "/amd64", "a/b/c/d", "a/b/"] {
            assert!(bad.parse::<PlatformSelector>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_platform_without_variant_is_served_by_any() {
        let v8 = Platform {
            os: "linux".into(),
            architecture: "arm64".into(),
            variant: "v8".into(),
        };
        let any = Platform {
            variant: String::new(),
            ..v8.clone()
        };
        assert!(v8.serves(&any));
        assert!(!any.serves(&v8));
    }
}
