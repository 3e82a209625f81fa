//! Keys, and tokens that are signed with them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the preshared key is.
pub(crate) const PSK: &[u8] = b"a secret of at least thirty-two bytes";

/// A configuration with the preshared key for Quay.
pub(crate) fn psk() -> String {
    format!(
        "auth: {{psk: {{key: {}, iss: [quay, clairctl]}}}}",
        STANDARD.encode(PSK)
    )
}

/// A token as Quay makes them: no audience, no identifier.
pub(crate) fn quay() -> String {
    preshared(Algorithm::HS256, &json!({"iss": "quay", "exp": after(300)}))
}

/// A token that is signed with the preshared key.
pub(crate) fn preshared(algorithm: Algorithm, claims: &Value) -> String {
    let key = EncodingKey::from_secret(PSK);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

/// A header that says so.
pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// So many seconds from now.
pub(crate) fn after(seconds: i64) -> i64 {
    Timestamp::now().as_second() + seconds
}

/// A token that is not signed.
pub(crate) fn unsigned(claims: &Value) -> String {
    let header = json!({"alg": "none", "typ": "JWT"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&header), part(claims))
}

/// The key of an issuer of its own, whose public half is in a file.
pub(crate) struct Issuer {
    key: rcgen::KeyPair,
    directory: TempDir,
}

impl Issuer {
    pub(crate) const NAME: &str = "ci";
    const KEY: &str = "ci-1";

    pub(crate) fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("key.pem"), key.public_key_pem()).unwrap();
        Self { key, directory }
    }

    /// A configuration that knows the issuer and that calls the API `https://clair.example`.
    pub(crate) fn configuration(&self) -> String {
        let path = self.directory.path().join("key.pem");
        // Where used tokens are noted has to be said; the tests say whether it is there.
        format!(
            "database: {{connstring: 'postgres://nobody@127.0.0.1:1/nothing'}}\n\
             gateway: {{jwt: {{audience: ['https://clair.example'], keys: [{{type: preshared, \
             issuer: {}, key_id: {}, public_key_path: {}}}]}}}}",
            Self::NAME,
            Self::KEY,
            path.display()
        )
    }

    /// A token with these claims, and those that are always there.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_of(Self::KEY, claims)
    }

    /// A token that names another key.
    pub(crate) fn token_of(&self, key_id: &str, claims: &Value) -> String {
        let mut all = json!({
            "iss": Self::NAME,
            "aud": "https://clair.example",
            "iat": after(0),
            "nbf": after(0),
            "exp": after(60),
            "jti": uuid::Uuid::new_v4().to_string(),
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(key_id.to_owned());
        let key = EncodingKey::from_ec_pem(self.key.serialize_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(&header, &all, &key).unwrap()
    }

    /// A token that is signed with the public key as if it were a secret.
    pub(crate) fn confused(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(Self::KEY.to_owned());
        let key = EncodingKey::from_secret(self.key.public_key_pem().as_bytes());
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }
}
