//! Content digests as the OCI image specification writes them: `algorithm:hex`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A hash algorithm that a [`Digest`] may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, the one nearly every registry uses.
    Sha256,
    /// SHA-512, the other one registered by the OCI image specification.
    Sha512,
}

impl Algorithm {
    /// The name before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of the hash in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// The digest of a blob: identity of a manifest, a configuration or a layer.
///
/// Upper-case hexadecimal is accepted and printed in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hash: Box<[u8]>,
}

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseDigestError {
    /// There is no colon.
    #[error("digest {0:?} has no algorithm: expected sha256:… or sha512:…")]
    NoAlgorithm(String),
    /// The algorithm is not one of ours.
    #[error("digest algorithm {0:?} is not supported: expected sha256 or sha512")]
    UnknownAlgorithm(String),
    /// The hash is not hexadecimal of the right length.
    #[error("digest {0:?} is not {1} hexadecimal digits after the colon")]
    Malformed(String, usize),
}

impl Digest {
    /// A digest from the raw bytes of a hash.
    ///
    /// Gives `None` when the length is not the algorithm's.
    pub fn new(algorithm: Algorithm, hash: &[u8]) -> Option<Self> {
        (hash.len() == algorithm.length()).then(|| Self {
            algorithm,
            hash: hash.into(),
        })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw hash.
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }

    /// The hash alone, in lower-case hexadecimal.
    pub fn hex(&self) -> String {
        use fmt::Write as _;
        let mut text = String::with_capacity(self.hash.len() * 2);
        for byte in &self.hash {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, hex) = text
            .split_once(':')
            .ok_or_else(|| ParseDigestError::NoAlgorithm(text.to_owned()))?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => return Err(ParseDigestError::UnknownAlgorithm(name.to_owned())),
        };
        let malformed = || ParseDigestError::Malformed(text.to_owned(), algorithm.length() * 2);
        if hex.len() != algorithm.length() * 2 {
            return Err(malformed());
        }
        let hash = hex
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
            .collect::<Option<Box<[u8]>>>()
            .ok_or_else(malformed)?;
        Ok(Self { algorithm, hash })
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_prints_as_it_was_read_but_in_lower_case() {
        let upper = format!("sha256:{}", "AB".repeat(32));
        let digest: Digest = upper.parse().unwrap();
        assert_eq!(digest.to_string(), upper.to_lowercase());
        assert_eq!(
            Digest::new(Algorithm::Sha256, digest.hash()),
            Some(digest.clone())
        );
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "has no algorithm"),
            ("latest", "has no algorithm"),
            ("md5:00", "\"md5\" is not supported"),
            ("sha256:00", "not 64 hexadecimal digits"),
            (&format!("sha256:{}", "zz".repeat(32)), "not 64 hexadecimal"),
            (&format!("sha512:{}", "00".repeat(32)), "not 128 hexadec"),
            (&format!("sha256:{}é", "0".repeat(62)), "not 64 hexadecimal"),
        ] {
            let error = text.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
