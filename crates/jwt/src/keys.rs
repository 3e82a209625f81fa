//! The keys of issuers, wherever they come from.

mod jwks;
mod registry;
#[cfg(test)]
mod tests;
mod verifying_key;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use clair_runtime::config::KeySource;

pub use verifying_key::UnusableKey;
pub(crate) use verifying_key::VerifyingKey;

use crate::caller::Trust;
use crate::error::Error;
use crate::fetch::{Client, FetchError};
use crate::registry::{RegistryUrl, USER_AGENT};
use crate::rejection::Rejection;
use jwks::{JsonWebKeySet, Pace};
use registry::Registry;

/// Where keys come from, in the order in which they are asked: what needs no request first.
#[derive(Debug)]
pub(crate) struct Keys {
    preshared: Vec<Preshared>,
    sets: Vec<Arc<JsonWebKeySet>>,
    registries: Vec<Registry>,
}

#[derive(Debug)]
struct Preshared {
    issuer: String,
    key_id: String,
    key: Arc<VerifyingKey>,
}

impl Keys {
    pub(crate) fn new(sources: &[KeySource]) -> Result<Self, Error> {
        let mut keys = Self {
            preshared: Vec::new(),
            sets: Vec::new(),
            registries: Vec::new(),
        };
        for source in sources {
            match source {
                KeySource::Preshared {
                    issuer,
                    key_id,
                    public_key_path,
                } => keys.preshared.push(Preshared {
                    issuer: issuer.clone(),
                    key_id: key_id.clone(),
                    key: Arc::new(read_key(public_key_path)?),
                }),
                KeySource::Jwks {
                    url,
                    issuers,
                    refresh,
                } => {
                    let client = Client::new(concat!("clair/", env!("CARGO_PKG_VERSION")))?;
                    let pace = Pace::of_refresh(refresh.duration());
                    let url = url.url().clone();
                    let set = JsonWebKeySet::new(client, url, issuers.clone(), pace);
                    keys.sets.push(Arc::new(set));
                }
                KeySource::KeyRegistry { registry } => {
                    let client = Client::new(USER_AGENT)?;
                    let url = RegistryUrl::new(registry.url());
                    let registry = Registry::new(client, url, registry::Pace::default());
                    keys.registries.push(registry);
                }
            }
        }
        Ok(keys)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.preshared.is_empty() && self.sets.is_empty() && self.registries.is_empty()
    }

    /// The key of an issuer, and how far the issuer is trusted.
    pub(crate) async fn find(
        &self,
        issuer: &str,
        key_id: &str,
    ) -> Result<(Arc<VerifyingKey>, Trust), Rejection> {
        let mut is_known = false;
        let mut failure: Option<FetchError> = None;
        for preshared in self.preshared.iter().filter(|key| key.issuer == issuer) {
            if preshared.key_id == key_id {
                return Ok((Arc::clone(&preshared.key), Trust::Named));
            }
            is_known = true;
        }
        for set in self.sets.iter().filter(|set| set.is_of(issuer)) {
            is_known = true;
            match set.key(key_id).await {
                Ok(Some(key)) => return Ok((key, Trust::Named)),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        for registry in &self.registries {
            // A registry gives keys to anyone's name: only it knows which issuers there are.
            is_known = true;
            match registry.key(issuer, key_id).await {
                Ok(Some(key)) => return Ok((key, Trust::Registered)),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        let issuer = issuer.to_owned();
        Err(match failure {
            Some(error) => Rejection::KeysUnavailable {
                issuer,
                source: Arc::new(error),
            },
            None if is_known => Rejection::UnknownKey {
                issuer,
                key_id: key_id.to_owned(),
            },
            None => Rejection::UnknownIssuer { issuer },
        })
    }
}

fn read_key(path: &Path) -> Result<VerifyingKey, Error> {
    let pem = fs::read(path).map_err(|source| Error::ReadKey {
        path: path.to_owned(),
        source,
    })?;
    VerifyingKey::from_pem(&pem).map_err(|source| Error::PublicKey {
        path: path.to_owned(),
        source,
    })
}
