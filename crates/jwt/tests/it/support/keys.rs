//! Private keys of issuers, of the kinds that are accepted, and one that is not.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A private key.
pub(crate) struct Key {
    pub(crate) private: EncodingKey,
    pub(crate) pem: String,
    algorithm: Algorithm,
}

impl Key {
    /// A token with these claims, as jwtproxy makes them.
    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        self.token_by(self.algorithm, kid, claims)
    }

    pub(crate) fn token_by(&self, algorithm: Algorithm, kid: &str, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }

    /// A token with exactly this header.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// The public half, without `alg` and `use`, as Quay has it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_algorithm = None;
        jwk.common.key_id = Some(kid.to_owned());
        serde_json::to_value(&jwk).unwrap()
    }
}

/// A JSON object with one member more.
pub(crate) fn with(mut object: Value, name: &str, value: Value) -> Value {
    object
        .as_object_mut()
        .unwrap()
        .insert(name.to_owned(), value);
    object
}

pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(json).unwrap());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) fn header(algorithm: &str, kid: &str) -> Value {
    json!({"alg": algorithm, "kid": kid, "typ": "JWT"})
}

macro_rules! once {
    ($make:expr) => {{
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| $make)
    }};
}

pub(crate) fn rsa() -> &'static Key {
    once!(make_rsa(KeySize::Rsa2048))
}

pub(crate) fn other_rsa() -> &'static Key {
    once!(make_rsa(KeySize::Rsa2048))
}

pub(crate) fn p256() -> &'static Key {
    once!(make_ec(&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::ES256))
}

pub(crate) fn p384() -> &'static Key {
    once!(make_ec(&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::ES384))
}

pub(crate) fn ed25519() -> &'static Key {
    once!({
        let pair = Ed25519KeyPair::generate().unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        Key {
            private: EncodingKey::from_ed_der(pkcs8.as_ref()),
            pem: pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref()),
            algorithm: Algorithm::EdDSA,
        }
    })
}

fn make_rsa(size: KeySize) -> Key {
    let pair = KeyPair::generate(size).unwrap();
    let private = pem("PRIVATE KEY", pair.as_der().unwrap().as_ref());
    Key {
        private: EncodingKey::from_rsa_pem(private.as_bytes()).unwrap(),
        pem: pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref()),
        algorithm: Algorithm::RS256,
    }
}

fn make_ec(algorithm: &'static EcdsaSigningAlgorithm, name: Algorithm) -> Key {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    Key {
        private: EncodingKey::from_ec_der(pkcs8.as_ref()),
        pem: pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref()),
        algorithm: name,
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).unwrap());
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

/// The private key of [`rsa`] in PKCS#1 and PKCS#8.
pub(crate) fn private_pems() -> [String; 2] {
    let pkcs1 = rsa().private.as_bytes();
    let pair = KeyPair::from_der(pkcs1).unwrap();
    [
        pem("RSA PRIVATE KEY", pkcs1),
        pem("PRIVATE KEY", pair.as_der().unwrap().as_ref()),
    ]
}
