//! A token as it is written, of which nothing is believed yet: JSON Web Signatures in their
//! compact form (RFC 7515) around claims (RFC 7519).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::rejection::Rejection;

/// Bytes of a token. Servers accept no longer headers either.
const MAX_TOKEN: usize = 8 << 10;

/// Bytes of the names of issuers, keys and tokens, which are looked up and remembered.
const MAX_NAME: usize = 256;

/// The last second that can be written with four digits of the year.
const LAST_SECOND: i64 = 253_402_207_200;

/// A token that is not verified.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) claims: Claims,
    /// What is signed.
    pub(crate) message: &'a str,
    /// The signature, in base64url.
    pub(crate) signature: &'a str,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Rejection> {
        if text.len() > MAX_TOKEN {
            return Err(Rejection::Malformed("it is too long"));
        }
        let not_three_parts = Rejection::Malformed("it has not three parts");
        let Some((message, signature)) = text.rsplit_once('.') else {
            return Err(not_three_parts);
        };
        let Some((header, payload)) = message.split_once('.') else {
            return Err(not_three_parts);
        };
        if payload.contains('.') {
            return Err(not_three_parts);
        }
        let header = Header::parse(header)?;
        let claims = Claims::parse(payload)?;
        Ok(Self {
            algorithm: header.algorithm()?,
            key_id: bounded(header.kid, "kid is empty or too long")?,
            claims,
            message,
            signature,
        })
    }

    /// Whether it says that it is signed with a key that both sides have.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.algorithm.family() == AlgorithmFamily::Hmac
    }
}

/// What we look at of a token's header. Where it says that keys are to be had (`jku`, `x5u`) and
/// what it brings along as keys (`jwk`, `x5c`) is nothing that anyone may tell us.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl Header {
    fn parse(encoded: &str) -> Result<Self, Rejection> {
        let json = decode(encoded, "its header is not in base64url")?;
        serde_json::from_slice(&json)
            .map_err(|_| Rejection::Malformed("its header is not what JSON Web Signatures have"))
    }

    fn algorithm(&self) -> Result<Algorithm, Rejection> {
        if self.crit.is_some() {
            // Extensions that have to be understood (RFC 7515, section 4.1.11). None are.
            return Err(Rejection::Malformed("its header has critical extensions"));
        }
        self.alg.parse().map_err(|_| Rejection::Algorithm)
    }
}

/// What a token says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: Option<String>,
    pub(crate) sub: Option<String>,
    #[serde(default)]
    pub(crate) aud: Audiences,
    pub(crate) exp: Option<Seconds>,
    pub(crate) nbf: Option<Seconds>,
    pub(crate) iat: Option<Seconds>,
    pub(crate) jti: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    fn parse(encoded: &str) -> Result<Self, Rejection> {
        let json = decode(encoded, "its claims are not in base64url")?;
        let mut claims: Self = serde_json::from_slice(&json)
            .map_err(|_| Rejection::Malformed("its claims are not what JSON Web Tokens have"))?;
        claims.iss = bounded(claims.iss, "iss is empty or too long")?;
        claims.jti = bounded(claims.jti, "jti is empty or too long")?;
        Ok(claims)
    }

    /// A claim that is not registered.
    pub(crate) fn other(&self, name: &str) -> Option<&Value> {
        self.others.get(name).filter(|value| !value.is_null())
    }
}

/// For whom a token is: one name or several (RFC 7519, section 4.1.3).
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audiences {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Audiences {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// A moment, in whole seconds since 1970. A fraction is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(pub(crate) i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and is checked below"
        )]
        let seconds = number
            .as_i64()
            .or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64));
        seconds
            .filter(|seconds| (0..=LAST_SECOND).contains(seconds))
            .map(Self)
            .ok_or_else(|| D::Error::custom("a moment out of range"))
    }
}

fn decode(part: &str, problem: &'static str) -> Result<Vec<u8>, Rejection> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| Rejection::Malformed(problem))
}

fn bounded(name: Option<String>, problem: &'static str) -> Result<Option<String>, Rejection> {
    match name {
        Some(name) if name.is_empty() || name.len() > MAX_NAME => {
            Err(Rejection::Malformed(problem))
        }
        name => Ok(name),
    }
}
