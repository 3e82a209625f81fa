//! Why a verifier or a signer cannot be made, and why nothing can be signed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::fetch::FetchError;
use crate::keys::UnusableKey;

/// Why a [`Verifier`](crate::Verifier) or a [`Signer`](crate::Signer) cannot be made, or why
/// nothing can be signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file of a key cannot be read.
    #[error("the key {} cannot be read", path.display())]
    ReadKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of a key cannot be written.
    #[error("the key {} cannot be stored", path.display())]
    StoreKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no public key of a kind that is accepted.
    #[error("{} has no public key", path.display())]
    PublicKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnusableKey,
    },
    /// The file has no private RSA key of 2048 to 8192 bits.
    #[error("{} has no private RSA key of 2048 to 8192 bits", path.display())]
    PrivateKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnusableKey,
    },
    /// A key could not be made.
    #[error("no key could be made")]
    MakeKey(#[source] UnusableKey),
    /// The client for key hosts cannot be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// No key of ours is known to the registry yet.
    #[error("no key of {issuer} has been approved at {registry} yet")]
    NoApprovedKey {
        /// As whom we sign.
        issuer: String,
        /// The registry, without credentials.
        registry: String,
    },
    /// The registry did not answer, or not as it should.
    #[error("the key registry does not work")]
    Registry(#[source] FetchError),
    /// The signature could not be computed.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}
