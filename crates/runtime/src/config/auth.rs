//! The preshared key, and the rules of Clair for tokens that are signed with it.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Secret;
use super::secret::MASK;

/// The issuer of tokens that services of Clair give each other. Always accepted.
pub const INTRASERVICE_ISSUER: &str = "clair-intraservice";
/// The issuer of tokens that are sent with notifications.
pub const NOTIFIER_ISSUER: &str = "clair-notifier";
/// The issuer of `clairctl`'s tokens, unless it is told another.
pub const CLAIRCTL_ISSUER: &str = "clairctl";

/// Who may use the API. Everyone, if nothing is said here and under `gateway.jwt`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Auth {
    /// A key that is known to all parties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psk: Option<Psk>,
}

/// A preshared key. Clair's rules for tokens signed with it are the constants here; neither an
/// audience nor a subject nor a token's identifier is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Psk {
    /// The key.
    pub key: PskKey,
    /// The issuers that are accepted.
    pub iss: Vec<String>,
}

impl Psk {
    /// The algorithms that are accepted.
    pub const ALGORITHMS: [&str; 3] = ["HS256", "HS384", "HS512"];
    /// The algorithm that our own tokens are signed with.
    pub const SIGNING_ALGORITHM: &str = "HS256";
    /// By how much clocks may differ where `exp`, `nbf` and `iat` are compared, each of which is
    /// only if it is there.
    pub const LEEWAY: Duration = Duration::from_secs(15);
    /// How long before and after its making a token of our own is valid.
    pub const VALIDITY: Duration = Duration::from_mins(1);

    /// Whether tokens of this issuer are accepted.
    pub fn accepts_issuer(&self, issuer: &str) -> bool {
        issuer == INTRASERVICE_ISSUER || self.iss.iter().any(|accepted| accepted == issuer)
    }

    /// A token for the services among each other, from which the key cannot be found.
    pub(super) fn internal_token(&self) -> Secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.expose());
        let tag = hmac::sign(&key, INTRASERVICE_ISSUER.as_bytes());
        Secret::new(STANDARD.encode(tag))
    }
}

/// The bytes of a preshared key, written in base64. Printed as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct PskKey(Vec<u8>);

impl PskKey {
    /// The bytes. Not to be printed.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<'de> Deserialize<'de> for PskKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = Secret::deserialize(deserializer)?;
        let bytes = STANDARD
            .decode(text.expose().trim())
            .map_err(|_| D::Error::custom("not in base64"))?;
        if bytes.is_empty() {
            return Err(D::Error::custom("the key is empty"));
        }
        Ok(Self(bytes))
    }
}

impl Serialize for PskKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}
