//! A key that signatures are verified with, and the algorithms that go with it. No algorithm is
//! ever accepted because a token names it.

use std::sync::Arc;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use thiserror::Error;

use crate::rejection::Rejection;
use crate::token::Token;

/// Why a key cannot be used.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum UnusableKey {
    /// It is not written as keys are.
    #[error("it is not written as keys are")]
    Format(#[source] Arc<jsonwebtoken::errors::Error>),
    /// It is not there for signatures, as it says itself.
    #[error("it is not for signatures")]
    Purpose,
    /// It is of a kind that is not supported, or for an algorithm that is not.
    #[error("it is of a kind that is not supported")]
    Kind,
    /// It is a secret that both sides have, where a public key is expected.
    #[error("it is a symmetric key")]
    Symmetric,
    /// It is a private key, where a public one is expected.
    #[error("it is a private key")]
    Private,
    /// Its numbers are not those of a key, or it is too small or too large.
    #[error("it is not accepted: {0}")]
    Rejected(&'static str),
}

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Lengths of uncompressed points of the curves P-256 and P-384.
const P256_POINT: usize = 65;
const P384_POINT: usize = 97;

/// A key that signatures are verified with.
pub(crate) struct VerifyingKey {
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

impl VerifyingKey {
    /// A key that both sides have.
    pub(crate) fn symmetric(secret: &[u8], algorithms: &[&str]) -> Self {
        Self {
            key: DecodingKey::from_secret(secret),
            algorithms: algorithms
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect(),
        }
    }

    /// A public key as a JSON Web Key (RFC 7517).
    pub(crate) fn from_jwk(jwk: &Jwk) -> Result<Self, UnusableKey> {
        let is_for_signatures = match (&jwk.common.public_key_use, &jwk.common.key_operations) {
            (Some(PublicKeyUse::Signature) | None, None) => true,
            (Some(PublicKeyUse::Signature) | None, Some(operations)) => {
                operations.contains(&KeyOperations::Verify)
            }
            (Some(_), _) => false,
        };
        if !is_for_signatures {
            return Err(UnusableKey::Purpose);
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => RSA.to_vec(),
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => vec![Algorithm::ES256],
                EllipticCurve::P384 => vec![Algorithm::ES384],
                _ => return Err(UnusableKey::Kind),
            },
            AlgorithmParameters::OctetKeyPair(key) => match key.curve {
                EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
                _ => return Err(UnusableKey::Kind),
            },
            AlgorithmParameters::OctetKey(_) => return Err(UnusableKey::Symmetric),
            _ => return Err(UnusableKey::Kind),
        };
        if let Some(named) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == named);
            if algorithms.is_empty() {
                return Err(UnusableKey::Kind);
            }
        }
        let key = DecodingKey::from_jwk(jwk).map_err(|e| UnusableKey::Format(Arc::new(e)))?;
        Ok(Self { key, algorithms })
    }

    /// A public key in PEM: RSA, a curve of NIST, or Ed25519.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, UnusableKey> {
        let is_private = pem
            .windows(b"PRIVATE KEY".len())
            .any(|part| part == b"PRIVATE KEY");
        if is_private {
            return Err(UnusableKey::Private);
        }
        let key = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem))
            .map_err(|e| UnusableKey::Format(Arc::new(e)))?;
        let bytes = key.try_get_as_bytes().map(<[u8]>::len);
        let algorithms = match (key.family(), bytes) {
            (jsonwebtoken::AlgorithmFamily::Rsa, _) => RSA.to_vec(),
            (jsonwebtoken::AlgorithmFamily::Ec, Ok(P256_POINT)) => vec![Algorithm::ES256],
            (jsonwebtoken::AlgorithmFamily::Ec, Ok(P384_POINT)) => vec![Algorithm::ES384],
            (jsonwebtoken::AlgorithmFamily::Ed, _) => vec![Algorithm::EdDSA],
            _ => return Err(UnusableKey::Kind),
        };
        Ok(Self { key, algorithms })
    }

    /// Verifies that the token is signed with this key, by an algorithm that goes with it.
    pub(crate) fn verify(&self, token: &Token<'_>) -> Result<(), Rejection> {
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Rejection::Algorithm);
        }
        let message = token.message.as_bytes();
        match crypto::verify(token.signature, message, &self.key, token.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Rejection::Signature),
        }
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
