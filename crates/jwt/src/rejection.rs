//! Why a token is not accepted.

use std::sync::Arc;

use thiserror::Error;

use crate::fetch::FetchError;
use crate::replay::BoxError;

/// Why a token is not accepted. None of these has a part of the token in it other than the names
/// of its issuer and its key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// It is no token.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// It is signed in a way that is not accepted, or not with this key.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// It is not signed with the key.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim, or `kid`, is missing.
    #[error("the token has no {0}")]
    MissingClaim(&'static str),
    /// Nobody knows keys of this issuer.
    #[error("the issuer {issuer:?} is not known")]
    UnknownIssuer {
        /// The issuer.
        issuer: String,
    },
    /// The issuer has no such key, or has it no more, or nobody has approved it yet.
    #[error("the issuer {issuer:?} has no key {key_id:?}")]
    UnknownKey {
        /// The issuer.
        issuer: String,
        /// The key's identifier.
        key_id: String,
    },
    /// It is meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It was made in the future.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// It is valid for longer than anyone may ask.
    #[error(
        "the token is valid for {seconds} s, which is longer than the {max} s that are accepted"
    )]
    TooLong {
        /// From `iat` to `exp`.
        seconds: i64,
        /// What is accepted.
        max: i64,
    },
    /// It was used before.
    #[error("the token was used before")]
    Replayed,
    /// The key cannot be had now. Neither is known to be right or wrong.
    #[error("keys of the issuer {issuer:?} cannot be had")]
    KeysUnavailable {
        /// The issuer.
        issuer: String,
        /// Why.
        source: Arc<FetchError>,
    },
    /// Whether the token was used before cannot be known now.
    #[error("used tokens cannot be looked up")]
    UsedTokensUnavailable(#[source] BoxError),
}

impl Rejection {
    /// Whether the fault is ours, and the same token may be accepted later: for HTTP, 503 rather
    /// than 401.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::KeysUnavailable { .. } | Self::UsedTokensUnavailable(_)
        )
    }
}
