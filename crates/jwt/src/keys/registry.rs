//! Keys from a key registry, one request for each.
//!
//! What a registry says of a key is kept for as long as its answer allows. Keys that it does not
//! have, and which anyone's token may name, are asked for in limited numbers. While it does not
//! answer, known keys are used for a day.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::VerifyingKey;
use crate::fetch::{Answer, Client, FetchError, shown};
use crate::registry::RegistryUrl;

/// Keys that are remembered, and as many that do not exist.
const MAX_REMEMBERED: usize = 1024;

/// Requests at the same time.
const LANES: usize = 16;

/// How often a registry is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// For how long a key is known if the answer does not say.
    pub(crate) fresh: Duration,
    /// A key is asked for no more often than this, whatever the answer says.
    pub(crate) at_least: Duration,
    /// A key is asked for again after this at the latest: it may have been revoked.
    pub(crate) at_most: Duration,
    /// For how long it is known that there is no such key: it may just be approved.
    pub(crate) missing: Duration,
    /// For how long nothing is asked after a failure.
    pub(crate) pause: Duration,
    /// For how long a key is used if it cannot be asked for again.
    pub(crate) usable: Duration,
    /// How many unknown keys are asked for at once after a rest.
    pub(crate) burst: u32,
    /// How long it takes until one more may be asked for.
    pub(crate) refill: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            fresh: Duration::from_mins(5),
            at_least: Duration::from_secs(10),
            at_most: Duration::from_hours(1),
            missing: Duration::from_secs(5),
            pause: Duration::from_secs(5),
            usable: Duration::from_hours(24),
            burst: 50,
            refill: Duration::from_millis(200),
        }
    }
}

/// The reading side of a key registry.
#[derive(Debug)]
pub(crate) struct Registry {
    client: Client,
    url: RegistryUrl,
    pace: Pace,
    state: Mutex<State>,
    /// Whoever asks for a key holds its lane, so that those who wait find what the first one got.
    lanes: [tokio::sync::Mutex<()>; LANES],
    hasher: RandomState,
}

#[derive(Debug)]
struct State {
    known: HashMap<Name, Known>,
    missing: HashMap<Name, Instant>,
    failure: Option<(Instant, FetchError)>,
    /// How many unknown keys may be asked for, and since when.
    allowance: (u32, Instant),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    issuer: String,
    key_id: String,
}

#[derive(Debug, Clone)]
struct Known {
    key: Arc<VerifyingKey>,
    fetched: Instant,
    fresh_until: Instant,
}

/// What is remembered of a key.
enum Remembered {
    Key(Arc<VerifyingKey>),
    Missing,
    /// The registry has to be asked. It need not be if it failed a moment ago, and this is what
    /// is used if it fails.
    Nothing {
        stale: Option<Arc<VerifyingKey>>,
        failure: Option<FetchError>,
    },
}

impl Registry {
    pub(crate) fn new(client: Client, url: RegistryUrl, pace: Pace) -> Self {
        Self {
            client,
            url,
            pace,
            state: Mutex::new(State {
                known: HashMap::new(),
                missing: HashMap::new(),
                failure: None,
                allowance: (pace.burst, Instant::now()),
            }),
            lanes: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
            hasher: RandomState::new(),
        }
    }

    /// The key of an issuer. `None` if the registry has no such key, or it has expired, or nobody
    /// has approved it yet.
    pub(crate) async fn key(
        &self,
        issuer: &str,
        key_id: &str,
    ) -> Result<Option<Arc<VerifyingKey>>, FetchError> {
        let name = Name {
            issuer: issuer.to_owned(),
            key_id: key_id.to_owned(),
        };
        match self.remembered(&name) {
            Remembered::Key(key) => return Ok(Some(key)),
            Remembered::Missing => return Ok(None),
            Remembered::Nothing { .. } => {}
        }
        let _lane = self.lane(&name).lock().await;
        match self.remembered(&name) {
            Remembered::Key(key) => Ok(Some(key)),
            Remembered::Missing => Ok(None),
            Remembered::Nothing { stale, failure } => self.ask(name, stale, failure).await,
        }
    }

    async fn ask(
        &self,
        name: Name,
        stale: Option<Arc<VerifyingKey>>,
        failure: Option<FetchError>,
    ) -> Result<Option<Arc<VerifyingKey>>, FetchError> {
        let result = match failure {
            Some(failure) => Err(failure),
            None if stale.is_none() && !self.state().may_ask_for_unknown(&self.pace) => {
                Err(FetchError::TooManyUnknown {
                    url: self.url.shown(),
                })
            }
            None => self.fetch(name).await,
        };
        match (result, stale) {
            (Err(error), Some(stale)) => {
                debug!(registry = %self.url.shown(), %error, "key used without asking again");
                Ok(Some(stale))
            }
            (result, _) => result,
        }
    }

    async fn fetch(&self, name: Name) -> Result<Option<Arc<VerifyingKey>>, FetchError> {
        let Some(url) = self.url.key(&name.issuer, &name.key_id) else {
            return Ok(None);
        };
        let asked = Instant::now();
        let result = self.client.get(&url).await.and_then(|answer| {
            let key = match answer.status {
                StatusCode::OK => Some(Arc::new(read(&answer, &url)?)),
                StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::CONFLICT => None,
                _ => return Err(answer.unexpected(&url)),
            };
            Ok((key, answer.max_age))
        });
        let mut state = self.state();
        match result {
            Ok((key, max_age)) => {
                state.failure = None;
                match &key {
                    Some(key) => state.know(name, key, asked, max_age, &self.pace),
                    None => state.miss(name, asked, &self.pace),
                }
                Ok(key)
            }
            Err(error) => {
                warn!(registry = %self.url.shown(), error = &error as &dyn std::error::Error, "key not fetched");
                state.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    fn remembered(&self, name: &Name) -> Remembered {
        let state = self.state();
        let now = Instant::now();
        let known = state.known.get(name);
        if let Some(known) = known.filter(|known| now < known.fresh_until) {
            return Remembered::Key(Arc::clone(&known.key));
        }
        if state.missing.get(name).is_some_and(|until| now < *until) {
            return Remembered::Missing;
        }
        let usable = known.filter(|known| known.fetched.elapsed() < self.pace.usable);
        let failure = state.failure.as_ref();
        Remembered::Nothing {
            stale: usable.map(|known| Arc::clone(&known.key)),
            failure: failure
                .filter(|(at, _)| at.elapsed() < self.pace.pause)
                .map(|(_, error)| error.clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, name: &Name) -> &tokio::sync::Mutex<()> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of the hash will do"
        )]
        let hash = self.hasher.hash_one(name) as usize;
        &self.lanes[hash % LANES]
    }
}

impl State {
    fn know(
        &mut self,
        name: Name,
        key: &Arc<VerifyingKey>,
        fetched: Instant,
        max_age: Option<Duration>,
        pace: &Pace,
    ) {
        self.missing.remove(&name);
        let fresh = max_age.unwrap_or(pace.fresh);
        let known = Known {
            key: Arc::clone(key),
            fetched,
            fresh_until: fetched + fresh.clamp(pace.at_least, pace.at_most),
        };
        insert_bounded(&mut self.known, name, known, |known| known.fetched);
    }

    fn miss(&mut self, name: Name, asked: Instant, pace: &Pace) {
        self.known.remove(&name);
        insert_bounded(&mut self.missing, name, asked + pace.missing, |until| {
            *until
        });
    }

    fn may_ask_for_unknown(&mut self, pace: &Pace) -> bool {
        let (tokens, since) = &mut self.allowance;
        if *tokens == pace.burst {
            *since = Instant::now();
        }
        while *tokens < pace.burst && since.elapsed() >= pace.refill {
            *tokens += 1;
            *since += pace.refill;
        }
        let Some(left) = tokens.checked_sub(1) else {
            return false;
        };
        *tokens = left;
        true
    }
}

/// Inserts, and removes the oldest where there are too many.
fn insert_bounded<K, V>(map: &mut HashMap<K, V>, name: K, value: V, age: impl Fn(&V) -> Instant)
where
    K: Hash + Eq + Clone,
{
    if map.len() >= MAX_REMEMBERED
        && !map.contains_key(&name)
        && let Some(oldest) = map.iter().min_by_key(|(_, value)| age(value))
    {
        let oldest = oldest.0.clone();
        map.remove(&oldest);
    }
    map.insert(name, value);
}

fn read(answer: &Answer, url: &url::Url) -> Result<VerifyingKey, FetchError> {
    let jwk = serde_json::from_slice(&answer.body).map_err(|source| FetchError::Json {
        url: shown(url),
        source: Arc::new(source),
    })?;
    VerifyingKey::from_jwk(&jwk).map_err(|source| FetchError::Key {
        url: shown(url),
        source,
    })
}
