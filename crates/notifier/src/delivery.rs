//! Delivering sets, each by one replica at a time, until it is accepted or given up.

mod pause;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clair_store::{Delivery, Store};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::pause::Next;
use crate::Retry;
use crate::database::patiently;
use crate::health::Checks;
use crate::metrics;
use crate::webhook::{Refusal, Webhook};

/// Sets that one replica delivers at the same time.
const CONCURRENCY: usize = 4;
/// How much longer than an attempt a set is claimed: the time to note what came of it. It is the
/// time after which another replica takes over what a crash has ended.
const MARGIN: Duration = Duration::from_secs(30);
/// Clocks differ: what is due by ours may not be so by that of the database.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// The pause after the database failed.
const TROUBLE: Duration = Duration::from_secs(2);
/// How long attempts may go on after `stop`.
const GRACE: Duration = Duration::from_secs(5);

/// Delivers sets.
#[derive(Debug, Clone)]
pub(crate) struct Deliverer {
    pub(crate) store: Store,
    pub(crate) webhook: Arc<Webhook>,
    pub(crate) retry: Retry,
    /// Tells that there is a set to deliver.
    pub(crate) hint: Arc<Notify>,
    pub(crate) checks: Arc<Checks>,
}

impl Deliverer {
    /// Delivers what is due, until `stop`. An attempt that is not over soon after it is left to
    /// whoever claims the set next.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut attempts = JoinSet::new();
        while !stop.is_cancelled() {
            let wait = self.begin_due(&mut attempts).await;
            let has_slot = attempts.len() < CONCURRENCY;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = attempts.join_next() => {}
                () = self.hint.notified(), if has_slot => {}
                () = tokio::time::sleep(wait), if has_slot => {}
            }
        }
        let ending = async { while attempts.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, ending).await;
    }

    /// Begins attempts for as many sets as there are slots for. Gives the time after which to look
    /// again.
    async fn begin_due(&self, attempts: &mut JoinSet<()>) -> Duration {
        let slots = u32::try_from(CONCURRENCY.saturating_sub(attempts.len())).unwrap_or(0);
        if slots == 0 {
            return self.retry.longest_pause;
        }
        match self.claim(slots).await {
            Ok((claimed, wait)) => {
                for delivery in claimed {
                    let span = tracing::info_span!(
                        "delivery",
                        set = %delivery.set,
                        attempt = delivery.attempt,
                    );
                    attempts.spawn(self.clone().attempt(delivery).instrument(span));
                }
                wait
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "cannot look for notifications to deliver");
                TROUBLE
            }
        }
    }

    async fn claim(&self, limit: u32) -> Result<(Vec<Delivery>, Duration), clair_store::Error> {
        let within = self.webhook.timeout() + MARGIN;
        let claiming = self.store.claim_deliveries(limit, within);
        let claimed = metrics::query(metrics::CREATED, claiming).await?;
        let next = self.store.next_delivery().await?;
        let longest = self.retry.longest_pause;
        // Sets that other replicas make are theirs to deliver, but they may be gone.
        let wait = next.map_or(longest, |next| {
            let wait = Timestamp::now().duration_until(next);
            let wait = Duration::try_from(wait).unwrap_or_default();
            wait.clamp(SHORTEST_WAIT.min(longest), longest)
        });
        Ok((claimed, wait))
    }

    async fn attempt(self, delivery: Delivery) {
        let began = Instant::now();
        let noted = match self.webhook.post(delivery.set).await {
            Ok(()) => self.accepted(&delivery, began.elapsed()).await,
            Err(refusal) => self.refused(&delivery, &refusal, began.elapsed()).await,
        };
        if let Err(error) = noted {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the outcome of a delivery could not be noted");
        }
    }

    async fn accepted(
        &self,
        delivery: &Delivery,
        elapsed: Duration,
    ) -> Result<(), clair_store::Error> {
        metrics::delivery("accepted", elapsed);
        self.checks.delivery.ok();
        tracing::info!(
            notifications = delivery.notifications,
            ?elapsed,
            "notifications were delivered"
        );
        let noting = patiently(|| self.store.delivered(delivery));
        metrics::query(metrics::SET_DELIVERED, noting).await
    }

    async fn refused(
        &self,
        delivery: &Delivery,
        refusal: &Refusal,
        elapsed: Duration,
    ) -> Result<(), clair_store::Error> {
        let reason = refusal.chain();
        let now = Timestamp::now();
        let next = match self.retry.next(delivery.attempt, delivery.created, now) {
            Next::After(pause) => {
                metrics::delivery("failed", elapsed);
                tracing::warn!(reason, ?pause, "notifications were not accepted");
                now.checked_add(pause).ok()
            }
            Next::Never => {
                metrics::delivery("given_up", elapsed);
                tracing::error!(reason, "notifications were not accepted, and are given up");
                None
            }
        };
        self.checks.delivery.degraded(&reason);
        let noting = patiently(|| self.store.delivery_failed(delivery, &reason, next));
        metrics::query(metrics::SET_DELIVERY_FAILED, noting).await
    }
}
