//! Tokens in the way of clair-jwt: who calls us, and who we are to others.
//!
//! A [`Verifier`] tells who presents a token and what they may do. Tokens are signed with the
//! preshared key, by Clair's rules, or with a key of their issuer, by those of jwtproxy and of the
//! OAuth world: the issuer's keys come from a JSON Web Key Set, from a key registry such as Quay's,
//! or from a file. The key decides which algorithms are accepted; what the header of a token says
//! only chooses among keys that are known from elsewhere.
//!
//! A [`Signer`] makes the tokens of requests to the outside.
//!
//! Tokens are never logged, nor part of any error.

mod audience;
mod caller;
mod claims;
mod error;
mod fetch;
mod keys;
mod registry;
mod rejection;
mod replay;
mod signer;
mod token;
mod verifier;

pub use caller::Caller;
pub use error::Error;
pub use fetch::FetchError;
pub use keys::UnusableKey;
pub use rejection::Rejection;
pub use replay::{BoxError, UsedTokens};
pub use signer::Signer;
pub use verifier::Verifier;
