//! RSA keys that we sign with: made here, read from PEM, and stored as JSON Web Keys where
//! jwtproxy stores its own, so that each reads what the other left.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, KeySize, PublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::der::RsaPrivateKey;
use crate::error::Error;
use crate::keys::UnusableKey;

/// What file names have of issuers as it is.
const FILE_NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'-')
    .remove(b'.')
    .remove(b'@');

/// An RSA key that we sign with, RS256.
#[derive(Debug)]
pub(super) struct PrivateKey {
    id: String,
    key: EncodingKey,
    /// When it was made, as far as that is known.
    made: Timestamp,
}

impl PrivateKey {
    /// Makes a key. Takes a second or so.
    pub(super) fn generate() -> Result<Self, UnusableKey> {
        let pair = KeyPair::generate(KeySize::Rsa2048)
            .map_err(|_| UnusableKey::Rejected("no key could be generated"))?;
        let key = encoding_key(&pair)?;
        let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).map_err(format)?;
        Ok(Self {
            id: jwk.thumbprint(ThumbprintHash::SHA256).map_err(format)?,
            key,
            made: Timestamp::now(),
        })
    }

    /// Reads a key in PEM, PKCS#1 or PKCS#8.
    pub(super) fn read_pem(path: &Path, key_id: &str) -> Result<Self, Error> {
        let unusable = |source| Error::PrivateKey {
            path: path.to_owned(),
            source,
        };
        let pem = read(path)?;
        let key = EncodingKey::from_rsa_pem(&pem).map_err(|error| unusable(format(error)))?;
        KeyPair::from_der(key.as_bytes()).map_err(|_| {
            unusable(UnusableKey::Rejected(
                "it is too small, too large or broken",
            ))
        })?;
        Ok(Self {
            id: key_id.to_owned(),
            key,
            made: Timestamp::now(),
        })
    }

    /// Its identifier.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn made(&self) -> Timestamp {
        self.made
    }

    /// A token with these claims.
    pub(super) fn sign(
        &self,
        claims: &impl Serialize,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.key)
    }

    /// Its public half, as it is published.
    pub(super) fn public(&self) -> Result<Jwk, UnusableKey> {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).map_err(format)?;
        jwk.common.key_id = Some(self.id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(jwk)
    }
}

/// Where the key of an issuer is stored.
pub(super) fn stored_path(folder: &Path, issuer: &str) -> PathBuf {
    folder.join(format!("{}.jwk", utf8_percent_encode(issuer, FILE_NAME)))
}

/// A stored key: a JSON Web Key with its private numbers (RFC 7518, section 6.3.2).
#[derive(Serialize, Deserialize)]
struct Stored {
    kty: String,
    kid: String,
    /// When it was made, in seconds since 1970. jwtproxy does not say so, and ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    n: String,
    e: String,
    d: String,
    p: String,
    q: String,
    dp: String,
    dq: String,
    qi: String,
}

impl PrivateKey {
    /// Reads a stored key. `None` if there is none.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        let json = read(path)?;
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        let modified = modified
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok());
        let loaded = Self::from_stored(&json, modified);
        loaded.map(Some).map_err(|source| Error::PrivateKey {
            path: path.to_owned(),
            source,
        })
    }

    fn from_stored(json: &[u8], modified: Option<Timestamp>) -> Result<Self, UnusableKey> {
        let stored: Stored = serde_json::from_slice(json).map_err(|error| format(error.into()))?;
        if stored.kty != "RSA" {
            return Err(UnusableKey::Kind);
        }
        let components = KeyPairComponents {
            public_key: PublicKeyComponents {
                n: number(&stored.n)?,
                e: number(&stored.e)?,
            },
            d: number(&stored.d)?,
            p: number(&stored.p)?,
            q: number(&stored.q)?,
            dP: number(&stored.dp)?,
            dQ: number(&stored.dq)?,
            qInv: number(&stored.qi)?,
        };
        let pair = KeyPair::from_components(&components)
            .map_err(|_| UnusableKey::Rejected("its numbers are no RSA key"))?;
        let said = stored.iat.and_then(|iat| Timestamp::from_second(iat).ok());
        Ok(Self {
            id: stored.kid,
            key: encoding_key(&pair)?,
            made: said.or(modified).unwrap_or_else(Timestamp::now),
        })
    }

    /// Stores the key, readable only by us, in place of what was there.
    pub(super) fn store(&self, path: &Path) -> Result<(), Error> {
        self.write(path).map_err(|source| Error::StoreKey {
            path: path.to_owned(),
            source,
        })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let numbers = RsaPrivateKey::parse(self.key.as_bytes());
        let numbers = numbers.ok_or(io::ErrorKind::InvalidData)?;
        let text = |number| URL_SAFE_NO_PAD.encode(number);
        let json = serde_json::to_vec(&Stored {
            kty: "RSA".to_owned(),
            kid: self.id.clone(),
            iat: Some(self.made.as_second()),
            n: text(numbers.n),
            e: text(numbers.e),
            d: text(numbers.d),
            p: text(numbers.p),
            q: text(numbers.q),
            dp: text(numbers.dp),
            dq: text(numbers.dq),
            qi: text(numbers.qi),
        })?;
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        // A temporary file is readable by its owner only.
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(&json)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn encoding_key(pair: &KeyPair) -> Result<EncodingKey, UnusableKey> {
    let pkcs8 = pair
        .as_der()
        .map_err(|_| UnusableKey::Rejected("it cannot be written"))?;
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(pkcs8.as_ref())
    );
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(format)
}

/// A number in base64url, with or without padding: Go's programs write both.
fn number(text: &str) -> Result<Vec<u8>, UnusableKey> {
    let decoded = URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text));
    decoded.map_err(|_| UnusableKey::Rejected("its numbers are not in base64url"))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::ReadKey {
        path: path.to_owned(),
        source,
    })
}

fn format(error: jsonwebtoken::errors::Error) -> UnusableKey {
    UnusableKey::Format(Arc::new(error))
}
