//! From one update to its notifications.

use std::sync::Arc;

use clair_bus::{Bus, NotificationCreated};
use clair_store::{LockName, NewNotification, Operation, PendingUpdate, Reason, Store};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::changes::News;
use crate::error::Failure;
use crate::matcher::Matcher;
use crate::metrics;

/// Makes notifications.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(crate) store: Store,
    pub(crate) matcher: Matcher,
    pub(crate) summarize: bool,
    /// By what it tells everybody that there are notifications.
    pub(crate) bus: Option<Bus>,
    /// Tells that there is a set to deliver.
    pub(crate) deliver: Arc<Notify>,
}

/// What came of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There are notifications.
    Notified,
    /// It affects no image in another way than before.
    Unaffected,
    /// It is the first that anybody looks at of its source. What a new source states is no news.
    First,
    /// Another replica has dealt with it meanwhile.
    Done,
    /// Another replica is at it.
    Busy,
    /// The matcher does not have it yet.
    Behind,
}

impl Notifier {
    /// Makes the notifications of the newest update of a source, unless there are any already.
    pub(crate) async fn notify(&self, source: &str) -> Result<Outcome, Failure> {
        // Of a source, not of an operation: what two operations changed overlaps, where the older
        // one has not been dealt with when the newer one comes.
        let name = format!("notifications of {source}");
        let Some(lock) = self.store.try_lock(LockName::Duty(&name)).await? else {
            return Ok(Outcome::Busy);
        };
        tokio::select! {
            result = Box::pin(self.notify_alone(source)) => result,
            () = lock.lost() => Err(Failure::LockLost),
        }
    }

    async fn notify_alone(&self, source: &str) -> Result<Outcome, Failure> {
        // As it is now that nobody else is at it.
        let pending = self.store.pending_updates().await?;
        let is_meant = |update: &PendingUpdate| update.current.source == source;
        let Some(update) = pending.into_iter().find(is_meant) else {
            return Ok(Outcome::Done);
        };
        let current = &update.current;
        let Some(previous) = update.previous else {
            let skipping = self.store.skip_notifications(current.reference);
            metrics::query(metrics::PUT_RECEIPT, skipping).await?;
            tracing::info!("first update of a source, of which nobody is notified");
            return Ok(Outcome::First);
        };
        if !self.matcher.has(current).await? {
            tracing::debug!("the matcher does not have the update yet");
            return Ok(Outcome::Behind);
        }
        let changes = self.matcher.changes(current.reference, previous).await?;
        let news = changes.into_news(self.summarize);
        if news.is_empty() {
            let skipping = self.store.skip_notifications(current.reference);
            metrics::query(metrics::PUT_RECEIPT, skipping).await?;
            tracing::info!("no image is affected by an update in another way than before");
            return Ok(Outcome::Unaffected);
        }
        self.store(current, previous, &news).await
    }

    async fn store(
        &self,
        operation: &Operation,
        previous: Uuid,
        news: &News,
    ) -> Result<Outcome, Failure> {
        let writing = self.write(operation.reference, previous, news);
        let Some(set) = metrics::query(metrics::PUT_NOTIFICATIONS, writing).await? else {
            return Ok(Outcome::Done);
        };
        let (added, removed) = (news.count(Reason::Added), news.count(Reason::Removed));
        metrics::notified(added, removed);
        tracing::info!(%set, added, removed, "notifications were made of an update");
        self.deliver.notify_one();
        self.publish(NotificationCreated {
            id: set,
            operation: operation.reference,
            notifications: added + removed,
        })
        .await;
        Ok(Outcome::Notified)
    }

    /// Stores a set; `None` where somebody else has.
    async fn write(
        &self,
        operation: Uuid,
        previous: Uuid,
        news: &News,
    ) -> Result<Option<Uuid>, clair_store::Error> {
        let beginning = self.store.begin_notifications(operation, Some(previous));
        let mut writer = beginning.await?;
        for (manifest, reason, vulnerability) in news.iter() {
            let notification = NewNotification {
                manifest,
                reason,
                vulnerability,
            };
            writer.add(&[notification]).await?;
        }
        let set = writer.id();
        Ok(writer.commit().await?.then_some(set))
    }

    /// Tells everybody. Those who do not hear it find the set where sets are listed.
    async fn publish(&self, created: NotificationCreated) {
        let Some(bus) = &self.bus else {
            return;
        };
        if let Err(error) = bus.publish(&created).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, set = %created.id, "nobody was told of notifications");
        }
    }
}
