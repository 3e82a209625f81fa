//! Keys from a JSON Web Key Set at a URL (RFC 7517, section 5).
//!
//! The set is fetched when it is first needed and again from time to time, in the background, while
//! the keys that are known go on to be used; also when a key is asked for that is not among them,
//! but no more often than every half minute, whatever tokens name. While its host is away, the
//! keys are used for a day.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::jwk::Jwk;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use url::Url;

use super::VerifyingKey;
use crate::fetch::{Client, FetchError, shown};

/// How often a set is fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// After this time it is fetched again.
    pub(crate) refresh: Duration,
    /// Never again before this time.
    pub(crate) pause: Duration,
    /// For how long it is used if it cannot be fetched again.
    pub(crate) usable: Duration,
}

impl Pace {
    pub(crate) fn of_refresh(refresh: Duration) -> Self {
        const PAUSE: Duration = Duration::from_secs(30);
        const USABLE: Duration = Duration::from_hours(24);
        Self {
            refresh,
            pause: PAUSE.min(refresh),
            usable: USABLE.max(refresh.saturating_mul(2)),
        }
    }
}

/// A key set at a URL.
#[derive(Debug)]
pub(crate) struct JsonWebKeySet {
    client: Client,
    url: Url,
    issuers: Vec<String>,
    pace: Pace,
    current: ArcSwapOption<Fetched>,
    /// Held while the set is being fetched.
    last_attempt: Mutex<Option<Attempt>>,
}

#[derive(Debug)]
struct Fetched {
    keys: HashMap<String, Arc<VerifyingKey>>,
    at: Instant,
}

#[derive(Debug, Clone)]
struct Attempt {
    at: Instant,
    outcome: Result<(), FetchError>,
}

impl JsonWebKeySet {
    pub(crate) fn new(client: Client, url: Url, issuers: Vec<String>, pace: Pace) -> Self {
        Self {
            client,
            url,
            issuers,
            pace,
            current: ArcSwapOption::empty(),
            last_attempt: Mutex::new(None),
        }
    }

    /// Whether these are keys of that issuer.
    pub(crate) fn is_of(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|own| own == issuer)
    }

    /// The key with that identifier. `None` if the set has no such key.
    pub(crate) async fn key(
        self: &Arc<Self>,
        key_id: &str,
    ) -> Result<Option<Arc<VerifyingKey>>, FetchError> {
        let asked = Instant::now();
        if let Some(set) = self.usable()
            && let Some(key) = set.keys.get(key_id)
        {
            if set.at.elapsed() >= self.pace.refresh && self.may_fetch() {
                tokio::spawn(Arc::clone(self).fetch_since(asked));
            }
            return Ok(Some(Arc::clone(key)));
        }
        // A task of its own: the attempt counts even if whoever asked goes away.
        let fetching = tokio::spawn(Arc::clone(self).fetch_since(asked));
        if let Ok(outcome) = fetching.await {
            outcome?;
        }
        Ok(self.usable().and_then(|set| set.keys.get(key_id).cloned()))
    }

    fn usable(&self) -> Option<Arc<Fetched>> {
        let current = self.current.load_full();
        current.filter(|set| set.at.elapsed() < self.pace.usable)
    }

    fn may_fetch(&self) -> bool {
        let last = self.last_attempt.try_lock();
        last.is_ok_and(|last| !last.as_ref().is_some_and(|last| self.is_recent(last)))
    }

    fn is_recent(&self, attempt: &Attempt) -> bool {
        attempt.at.elapsed() < self.pace.pause
    }

    /// Fetches the set, unless that has been done since `asked` or a short time ago. Then the
    /// outcome of that counts.
    async fn fetch_since(self: Arc<Self>, asked: Instant) -> Result<(), FetchError> {
        let mut last = self.last_attempt.lock().await;
        if let Some(attempt) = last.as_ref()
            && (attempt.at >= asked || self.is_recent(attempt))
        {
            return attempt.outcome.clone();
        }
        let at = Instant::now();
        let outcome = match self.fetch().await {
            Ok(keys) => {
                info!(url = %shown(&self.url), keys = keys.len(), "key set fetched");
                self.current.store(Some(Arc::new(Fetched { keys, at })));
                Ok(())
            }
            Err(error) => {
                warn!(url = %shown(&self.url), error = &error as &dyn std::error::Error, "key set not fetched");
                Err(error)
            }
        };
        *last = Some(Attempt {
            at,
            outcome: outcome.clone(),
        });
        outcome
    }

    async fn fetch(&self) -> Result<HashMap<String, Arc<VerifyingKey>>, FetchError> {
        let answer = self.client.get(&self.url).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected(&self.url));
        }
        let document = serde_json::from_slice(&answer.body).map_err(|source| FetchError::Json {
            url: shown(&self.url),
            source: Arc::new(source),
        })?;
        Ok(read(document))
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The keys of a set that can be used. Sets may have others (RFC 7517, section 5), and one without
/// an identifier cannot be asked for.
fn read(document: Document) -> HashMap<String, Arc<VerifyingKey>> {
    let mut keys = HashMap::new();
    for (index, written) in document.keys.into_iter().enumerate() {
        let jwk: Jwk = match serde_json::from_value(written) {
            Ok(jwk) => jwk,
            Err(error) => {
                debug!(index, %error, "key of the set left out");
                continue;
            }
        };
        match (VerifyingKey::from_jwk(&jwk), jwk.common.key_id) {
            (Ok(key), Some(key_id)) => {
                keys.insert(key_id, Arc::new(key));
            }
            (Ok(_), None) => debug!(index, "key of the set left out: it has no kid"),
            (Err(error), _) => debug!(index, %error, "key of the set left out"),
        }
    }
    keys
}
