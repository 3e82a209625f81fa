//! Keys that are made here, published at a key registry, and replaced from time to time, in the
//! way of jwtproxy.
//!
//! A task publishes a key, waits until it is approved, and from then on it is the active one and
//! is stored. When its time has come, the task does the same with a new key, which the active one
//! signs, and takes the old one back. A stored key is used again after a restart for as long as
//! the registry accepts it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

use super::private_key::{PrivateKey, stored_path};
use super::publisher::{Publisher, Standing};
use crate::error::Error;

/// How often things are done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How long a key is active. `None`: for ever.
    pub(super) rotate_every: Option<Duration>,
    /// How often it is asked whether a key has been approved.
    pub(super) poll: Duration,
    /// How long it takes after the first failure until the next attempt; twice as long after the
    /// second, and so on, to `longest_pause`.
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
}

impl Pace {
    /// As jwtproxy does it. No time at all means that keys are not replaced.
    pub(super) fn of_rotation(rotate_every: Duration) -> Self {
        Self {
            rotate_every: Some(rotate_every).filter(|time| !time.is_zero()),
            poll: Duration::from_secs(1),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
        }
    }
}

/// The active key, and the task that replaces it.
#[derive(Debug)]
pub(super) struct Rotation {
    state: Arc<State>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Ends the task when this goes.
    end: DropGuard,
}

#[derive(Debug)]
struct State {
    publisher: Publisher,
    pace: Pace,
    path: PathBuf,
    active: ArcSwapOption<PrivateKey>,
}

impl Rotation {
    /// Takes up the key that is stored in the folder, if there is one, and goes on in the
    /// background.
    pub(super) async fn start(
        publisher: Publisher,
        folder: &Path,
        pace: Pace,
    ) -> Result<Self, Error> {
        let path = stored_path(folder, publisher.issuer());
        let stored = blocking({
            let path = path.clone();
            move || PrivateKey::load(&path)
        });
        let stored = stored.await?;
        let state = Arc::new(State {
            publisher,
            pace,
            path,
            active: ArcSwapOption::from(stored.map(Arc::new)),
        });
        let end = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&state).run(end.clone()));
        Ok(Self {
            state,
            task: Mutex::new(Some(task)),
            end: end.drop_guard(),
        })
    }

    /// The key that is to be signed with.
    pub(super) fn active(&self) -> Result<Arc<PrivateKey>, Error> {
        let active = self.state.active.load_full();
        active.ok_or_else(|| Error::NoApprovedKey {
            issuer: self.state.publisher.issuer().to_owned(),
            registry: self.state.publisher.shown(),
        })
    }

    /// Ends the task, and waits until it has taken back what it has to.
    pub(super) async fn close(&self) {
        self.end.token().cancel();
        if let Some(task) = self.task.lock().await.take() {
            // It neither panics nor is aborted.
            let _ = task.await;
        }
    }
}

/// How an attempt to replace the active key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Replaced,
    Failed,
    /// The task is to end.
    Ended,
}

impl State {
    async fn run(self: Arc<Self>, end: CancellationToken) {
        if end.run_until_cancelled(self.check_stored()).await.is_none() {
            return;
        }
        let mut pause = self.pace.first_pause;
        loop {
            if let Some(active) = self.active.load_full()
                && end
                    .run_until_cancelled(self.until_due(&active))
                    .await
                    .is_none()
            {
                return;
            }
            match self.replace(&end).await {
                Attempt::Replaced => pause = self.pace.first_pause,
                Attempt::Failed => {
                    if end.run_until_cancelled(sleep(pause)).await.is_none() {
                        return;
                    }
                    pause = pause.saturating_mul(2).min(self.pace.longest_pause);
                }
                Attempt::Ended => return,
            }
        }
    }

    /// Asks the registry what it says of the stored key, and gives the key up if it has it no
    /// more. While the registry does not answer, the key is used.
    async fn check_stored(&self) {
        let mut pause = self.pace.first_pause;
        while let Some(stored) = self.active.load_full() {
            match self.publisher.standing(&stored).await {
                Ok(Standing::Approved) => {
                    info!(key = stored.id(), "stored key taken up");
                    return;
                }
                Ok(Standing::Waiting) => sleep(self.pace.poll).await,
                Ok(standing @ (Standing::Unknown | Standing::Refused)) => {
                    warn!(
                        key = stored.id(),
                        ?standing,
                        "stored key is not accepted any more"
                    );
                    self.active.store(None);
                }
                Err(error) => {
                    self.warn(&error, "stored key could not be checked");
                    sleep(pause).await;
                    pause = pause.saturating_mul(2).min(self.pace.longest_pause);
                }
            }
        }
    }

    /// Returns when the key has to be replaced.
    async fn until_due(&self, active: &PrivateKey) {
        match self.pace.rotate_every {
            Some(rotate_every) => sleep(rotate_every.saturating_sub(age(active))).await,
            None => std::future::pending().await,
        }
    }

    async fn replace(&self, end: &CancellationToken) -> Attempt {
        let candidate = match blocking(PrivateKey::generate).await {
            Ok(candidate) => Arc::new(candidate),
            Err(error) => {
                self.warn(&Error::MakeKey(error), "no new key could be made");
                return Attempt::Failed;
            }
        };
        // Not to be interrupted: afterwards it would not be known whether the key is published.
        let active = self.active.load_full().filter(|key| !self.has_expired(key));
        let signed_with = active.as_deref().unwrap_or(&candidate);
        let publish = self
            .publisher
            .publish(&candidate, signed_with, self.pace.rotate_every);
        match publish.await {
            Ok(Standing::Approved) => {}
            Ok(Standing::Waiting) => {
                let attempt = self.wait_for_approval(&candidate, end).await;
                if attempt != Attempt::Replaced {
                    return attempt;
                }
            }
            Ok(standing) => {
                warn!(registry = %self.publisher.shown(), ?standing, "new key is refused");
                if active.is_some() {
                    // The next one introduces itself.
                    self.active.store(None);
                }
                return Attempt::Failed;
            }
            Err(error) => {
                self.warn(&error, "new key could not be published");
                return Attempt::Failed;
            }
        }
        self.activate(candidate).await;
        Attempt::Replaced
    }

    async fn wait_for_approval(&self, key: &PrivateKey, end: &CancellationToken) -> Attempt {
        warn!(
            issuer = self.publisher.issuer(),
            key = key.id(),
            registry = %self.publisher.shown(),
            "new key waits for approval"
        );
        loop {
            if end
                .run_until_cancelled(sleep(self.pace.poll))
                .await
                .is_none()
            {
                self.revoke(key).await;
                return Attempt::Ended;
            }
            match self.publisher.standing(key).await {
                Ok(Standing::Approved) => return Attempt::Replaced,
                Ok(Standing::Waiting) => {}
                Ok(standing @ (Standing::Unknown | Standing::Refused)) => {
                    warn!(key = key.id(), ?standing, "new key has not been approved");
                    return Attempt::Failed;
                }
                Err(error) => debug!(
                    error = &error as &dyn std::error::Error,
                    "it is not known whether the new key has been approved"
                ),
            }
            if self.pace.rotate_every.is_some_and(|time| age(key) >= time) {
                warn!(key = key.id(), "new key was not approved in time");
                self.revoke(key).await;
                return Attempt::Failed;
            }
        }
    }

    async fn activate(&self, key: Arc<PrivateKey>) {
        info!(
            issuer = self.publisher.issuer(),
            key = key.id(),
            "new key is active"
        );
        let old = self.active.swap(Some(Arc::clone(&key)));
        let path = self.path.clone();
        if let Err(error) = blocking(move || key.store(&path)).await {
            // It works, until we start again.
            self.warn(&error, "new key could not be stored");
        }
        if let Some(old) = old {
            self.revoke(&old).await;
        }
    }

    async fn revoke(&self, key: &PrivateKey) {
        match self.publisher.revoke(key).await {
            Ok(()) => debug!(key = key.id(), "key taken back"),
            Err(error) => self.warn(&error, "key could not be taken back"),
        }
    }

    fn has_expired(&self, key: &PrivateKey) -> bool {
        let rotate_every = self.pace.rotate_every;
        rotate_every.is_some_and(|time| age(key) >= time.saturating_mul(2))
    }

    fn warn(&self, error: &Error, message: &str) {
        let registry = self.publisher.shown();
        warn!(
            registry,
            error = error as &dyn std::error::Error,
            "{message}"
        );
    }
}

/// How long ago a key was made.
fn age(key: &PrivateKey) -> Duration {
    let age = Timestamp::now().duration_since(key.made());
    Duration::try_from(age).unwrap_or_default()
}

/// Runs work that blocks its thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // It can only have panicked, or the runtime is ending.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
