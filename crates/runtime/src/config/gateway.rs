//! The gateway's section.

mod jwt;
mod scopes;
mod signer;

use serde::{Deserialize, Serialize};

pub use jwt::{Jwt, KeySource};
pub use scopes::{Scope, Scopes};
pub use signer::{PrivateKey, Signer};

use super::{ByteSize, Network, Period};

/// The door to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Gateway {
    /// Bytes that the body of a request may have.
    pub max_body_size: ByteSize,
    /// How long a client may take for the head of its request.
    pub header_timeout: Period,
    /// How long a request may take. Images are indexed while their client waits.
    pub request_timeout: Period,
    /// Connections at the same time; further ones wait.
    pub max_connections: usize,
    /// How often a client may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Proxies in front of the gateway, whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<Network>,
    /// Tokens that are signed with public keys.
    pub jwt: Jwt,
    /// What callers may do.
    pub scopes: Scopes,
    /// How requests to the outside are signed, instead of with the preshared key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            max_body_size: ByteSize::mebibytes(32),
            header_timeout: Period::seconds(30),
            request_timeout: Period::minutes(30),
            max_connections: 4096,
            rate_limit: None,
            trusted_proxies: Vec::new(),
            jwt: Jwt::default(),
            scopes: Scopes::default(),
            signer: None,
        }
    }
}

/// How often a client may ask.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct RateLimit {
    /// Requests in a second, in the long run.
    pub requests_per_second: u32,
    /// Requests at once after a rest; as many as in a second if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// What is taken for one client.
    #[serde(default)]
    pub by: RateLimitKey,
}

/// What is taken for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RateLimitKey {
    /// An IP address.
    #[default]
    Address,
    /// An issuer of tokens.
    Issuer,
}
