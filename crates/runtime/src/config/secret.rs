//! Values that must not be seen: they are printed as `***`, and may lie in files of their own.

use std::{fmt, fs};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is printed in place of a secret.
pub(crate) const MASK: &str = "***";

/// A secret text. Written as `file:PATH`, it is the content of that file without the line break
/// at its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret from elsewhere than the configuration.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Not to be printed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Replaces `file:PATH` by what is in that file.
pub(crate) fn resolve(text: String) -> Result<String, String> {
    let Some(path) = text.strip_prefix("file:") else {
        return Ok(text);
    };
    let content = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let content = content.strip_suffix('\n').unwrap_or(&content);
    Ok(content.strip_suffix('\r').unwrap_or(content).to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        resolve(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}
