//! Finding updates that nobody has looked at, and leading each to its notifications.

mod events;
mod notify;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clair_rpc::{Context, RequestId};
use clair_store::Store;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub(crate) use self::events::listen;
pub(crate) use self::notify::{Notifier, Outcome};
use crate::health::Checks;
use crate::metrics;

/// The pause before looking again for what could not be finished. Each further one is twice as
/// long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest of these pauses, unless the interval of polling is shorter.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The matcher needs a moment for every update. After this time, something is wrong with it.
const PATIENCE: Duration = Duration::from_mins(5);

/// Looks for updates.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) store: Store,
    pub(crate) notifier: Notifier,
    /// Tells that there is an update.
    pub(crate) hint: Arc<Notify>,
    pub(crate) poll_interval: Duration,
    pub(crate) checks: Arc<Checks>,
}

/// What is left after looking.
enum Left {
    /// Nothing.
    Nothing,
    /// Something that another replica is doing.
    ToOthers,
    /// Something that could not be done, and why.
    Undone(String),
}

impl Follower {
    /// Looks at once, when it is told, and from time to time, until `stop`. What is under way then
    /// is left to another replica, or to the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let following = async {
            let mut pause = FIRST_PAUSE;
            let mut undone_since = None;
            loop {
                let left = self.look().await;
                self.report(&left, &mut undone_since);
                let wait = if matches!(left, Left::Nothing) {
                    pause = FIRST_PAUSE;
                    self.poll_interval
                } else {
                    pause.min(self.poll_interval)
                };
                tokio::select! {
                    () = self.hint.notified() => pause = FIRST_PAUSE,
                    () = tokio::time::sleep(wait) => pause = (pause * 2).min(LONGEST_PAUSE),
                }
            }
        };
        stop.run_until_cancelled(following).await;
    }

    /// Does what there is to do.
    async fn look(&self) -> Left {
        let pending = match self.store.pending_updates().await {
            Ok(pending) => pending,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "cannot look for updates");
                return Left::Undone("the database failed".to_owned());
            }
        };
        metrics::pending(pending.len());
        let mut left = Left::Nothing;
        for update in pending {
            let source = update.current.source.as_str();
            let span = tracing::info_span!(
                "update",
                source,
                operation = %update.current.reference,
            );
            let began = Instant::now();
            let looking = self.notifier.notify(source).instrument(span.clone());
            let context = Context::new(RequestId::generate());
            let result = context.scope(looking).await;
            metrics::update(&result, began.elapsed());
            match result {
                Ok(Outcome::Notified | Outcome::Unaffected | Outcome::First | Outcome::Done) => {}
                Ok(Outcome::Busy) => {
                    if matches!(left, Left::Nothing) {
                        left = Left::ToOthers;
                    }
                }
                Ok(Outcome::Behind) => {
                    left = Left::Undone(format!("the matcher does not get to {source:?}"));
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    span.in_scope(|| {
                        tracing::warn!(error, "no notifications could be made of an update");
                    });
                    left = Left::Undone(format!("{source}: {error}"));
                }
            }
        }
        left
    }

    fn report(&self, left: &Left, undone_since: &mut Option<Instant>) {
        let Left::Undone(reason) = left else {
            *undone_since = None;
            self.checks.updates.ok();
            return;
        };
        let since = undone_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            self.checks.updates.degraded(reason);
        }
    }
}
