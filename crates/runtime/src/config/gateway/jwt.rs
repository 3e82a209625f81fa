//! Tokens that are signed with public keys, in the way of jwtproxy and its key registries.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::{Period, RemoteUrl};

/// What is asked of tokens whose issuers have keys of their own. Tokens that are signed with the
/// preshared key follow the rules of [`Psk`](crate::config::Psk) instead.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Jwt {
    /// Accepted audiences: this API as its callers name it, `https://clair.example`. Scheme, host
    /// and port are compared, without regard to case.
    pub audience: Vec<String>,
    /// The longest accepted time from `iat` to `exp`.
    pub max_ttl: Period,
    /// By how much clocks may differ.
    pub max_skew: Period,
    /// Whether a token needs a `jti` and is accepted only once, by all gateways together.
    pub replay_protection: bool,
    /// Where keys come from.
    pub keys: Vec<KeySource>,
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            audience: Vec::new(),
            max_ttl: Period::minutes(5),
            max_skew: Period::minutes(1),
            replay_protection: true,
            keys: Vec::new(),
        }
    }
}

/// Where the public keys of issuers come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "WrittenKeySource", tag = "type", rename_all = "lowercase")]
pub enum KeySource {
    /// A JSON Web Key Set at a URL (RFC 7517).
    Jwks {
        /// Where.
        url: RemoteUrl,
        /// The issuers whose keys these are.
        issuers: Vec<String>,
        /// How often the set is fetched again, beside when an unknown key is asked for.
        refresh: Period,
    },
    /// A key registry, such as Quay's at `/keys/`, which knows the keys of its issuers.
    KeyRegistry {
        /// Its URL.
        registry: RemoteUrl,
    },
    /// One key in a file.
    Preshared {
        /// Its issuer.
        issuer: String,
        /// Its identifier.
        key_id: String,
        /// The file, PEM.
        public_key_path: PathBuf,
    },
}

/// A [`KeySource`] as it is written: one mapping, whose keys depend on `type`.
#[derive(Deserialize)]
struct WrittenKeySource {
    r#type: KeySourceType,
    url: Option<RemoteUrl>,
    issuers: Option<Vec<String>>,
    refresh: Option<Period>,
    registry: Option<RemoteUrl>,
    issuer: Option<String>,
    key_id: Option<String>,
    public_key_path: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeySourceType {
    Jwks,
    KeyRegistry,
    Preshared,
}

impl TryFrom<WrittenKeySource> for KeySource {
    type Error = &'static str;

    fn try_from(written: WrittenKeySource) -> Result<Self, Self::Error> {
        let WrittenKeySource {
            r#type,
            url,
            issuers,
            refresh,
            registry,
            issuer,
            key_id,
            public_key_path,
        } = written;
        match (
            r#type,
            url,
            issuers,
            registry,
            issuer,
            key_id,
            public_key_path,
        ) {
            (KeySourceType::Jwks, Some(url), Some(issuers), None, None, None, None) => {
                Ok(Self::Jwks {
                    url,
                    issuers,
                    refresh: refresh.unwrap_or(Period::hours(1)),
                })
            }
            (KeySourceType::Jwks, ..) => Err("jwks has url, issuers and refresh"),
            (KeySourceType::KeyRegistry, None, None, Some(registry), None, None, None)
                if refresh.is_none() =>
            {
                Ok(Self::KeyRegistry { registry })
            }
            (KeySourceType::KeyRegistry, ..) => Err("keyregistry has registry"),
            (
                KeySourceType::Preshared,
                None,
                None,
                None,
                Some(issuer),
                Some(key_id),
                Some(public_key_path),
            ) if refresh.is_none() => Ok(Self::Preshared {
                issuer,
                key_id,
                public_key_path,
            }),
            (KeySourceType::Preshared, ..) => {
                Err("preshared has issuer, key_id and public_key_path")
            }
        }
    }
}
