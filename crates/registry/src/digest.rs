//! Digests of bytes that are in memory.

use aws_lc_rs::digest::{self, SHA256, SHA512};
use clair_model::{Algorithm, Digest};

use crate::Error;

/// The digest of some bytes.
pub(crate) fn of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    let function = match algorithm {
        Algorithm::Sha256 => &SHA256,
        Algorithm::Sha512 => &SHA512,
    };
    let hash = digest::digest(function, bytes);
    #[expect(
        clippy::expect_used,
        reason = "the function is chosen by the algorithm"
    )]
    Digest::new(algorithm, hash.as_ref()).expect("a hash has the length of its algorithm")
}

/// Checks that bytes are those that a digest names.
pub(crate) fn verify(what: &str, expected: &Digest, bytes: &[u8]) -> Result<(), Error> {
    let found = of(expected.algorithm(), bytes);
    if found == *expected {
        return Ok(());
    }
    Err(Error::DigestMismatch {
        what: what.to_owned(),
        expected: expected.clone(),
        found,
    })
}
