//! Delivery of notification sets: claimed by one of all replicas, tried until it succeeds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::postgres::types::PgInterval;
use sqlx::types::chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::text::storable;
use crate::{Error, Store, time};

/// How far the delivery of a set has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// It was not tried, or is being tried for the first time.
    Created,
    /// The last attempt failed.
    Failed,
    /// The receiver has accepted it.
    Delivered,
    /// The receiver has read the notifications and needs them no more.
    Acknowledged,
}

impl DeliveryState {
    const ALL: [Self; 4] = [
        Self::Created,
        Self::Failed,
        Self::Delivered,
        Self::Acknowledged,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// A set that was claimed for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The id of the set.
    pub set: Uuid,
    /// The source that was updated.
    pub source: String,
    /// The update operation.
    pub operation: Uuid,
    /// How many notifications there are.
    pub notifications: u64,
    /// Which attempt this is, counted from one.
    pub attempt: u32,
    /// When the set was made.
    pub created: Timestamp,
}

/// A set and its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetStatus {
    /// Its id.
    pub id: Uuid,
    /// The source that was updated.
    pub source: String,
    /// The update operation.
    pub operation: Uuid,
    /// How many notifications it was made with.
    pub notifications: u64,
    /// How far its delivery has come.
    pub state: DeliveryState,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Why the last attempt failed; empty if it did not.
    pub last_error: String,
    /// When it was made.
    pub created: Timestamp,
    /// When the receiver accepted it.
    pub delivered: Option<Timestamp>,
    /// When it will be tried next; `None` if it will not.
    pub next_attempt: Option<Timestamp>,
}

/// The place of a set in the list of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetPosition {
    /// When the set was made.
    pub created: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl SetStatus {
    /// Its place in the list of all.
    pub fn position(&self) -> SetPosition {
        SetPosition {
            created: self.created,
            id: self.id,
        }
    }
}

impl Store {
    /// Claims sets that are due, at most `limit`, the longest due first. Whoever claims one tries
    /// it and says what came of it; if nothing is heard `within` that time, it is due again.
    pub async fn claim_deliveries(
        &self,
        limit: u32,
        within: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let rows = sqlx::query!(
            "UPDATE notification_set
             SET attempts = attempts + 1, next_attempt_at = now() + $2
             WHERE id IN (
                 SELECT id FROM notification_set
                 WHERE state IN ('created', 'failed') AND next_attempt_at <= now()
                 ORDER BY next_attempt_at
                 LIMIT $1
                 FOR UPDATE SKIP LOCKED
             )
             RETURNING id, source, operation, notifications, attempts, created_at",
            i64::from(limit),
            interval(within)?,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut deliveries = rows
            .into_iter()
            .map(|row| {
                Ok(Delivery {
                    set: row.id,
                    source: row.source,
                    operation: row.operation,
                    notifications: row.notifications.unsigned_abs(),
                    attempt: row.attempts.unsigned_abs(),
                    created: time::from_database(row.created_at)?,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        deliveries.sort_by_key(|delivery| (delivery.created, delivery.set));
        Ok(deliveries)
    }

    /// When the next set is due, if any is to be delivered at all. It may be in the past.
    pub async fn next_delivery(&self) -> Result<Option<Timestamp>, Error> {
        let next = sqlx::query_scalar!(
            "SELECT min(next_attempt_at) FROM notification_set
             WHERE state IN ('created', 'failed')",
        )
        .fetch_one(&self.pool)
        .await?;
        time::from_optional(next)
    }

    /// Notes that the receiver has accepted a set.
    pub async fn delivered(&self, delivery: &Delivery) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE notification_set
             SET state = 'delivered', delivered_at = now(), next_attempt_at = NULL, last_error = ''
             WHERE id = $1 AND state IN ('created', 'failed')",
            delivery.set,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that an attempt failed, and why. `retry` tells when to try again; `None` gives up.
    ///
    /// An attempt that was given up for lost, and followed by another, has no say any more.
    pub async fn delivery_failed(
        &self,
        delivery: &Delivery,
        error: &str,
        retry: Option<Timestamp>,
    ) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE notification_set
             SET state = 'failed', next_attempt_at = $3, last_error = $4
             WHERE id = $1 AND state IN ('created', 'failed') AND attempts = $2",
            delivery.set,
            i32::try_from(delivery.attempt).unwrap_or(i32::MAX),
            retry.map(time::to_database).transpose()?,
            storable(error),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that the receiver needs a set no more; `false` if there is none of that id. It can be
    /// read until it is collected.
    pub async fn acknowledge(&self, set: Uuid) -> Result<bool, Error> {
        let acknowledged = sqlx::query!(
            "UPDATE notification_set
             SET state = 'acknowledged', next_attempt_at = NULL,
                 acknowledged_at = coalesce(acknowledged_at, now())
             WHERE id = $1",
            set,
        )
        .execute(&self.pool)
        .await?;
        Ok(acknowledged.rows_affected() > 0)
    }

    /// Lists sets, newest first: at most `limit`, after the place of one of them.
    pub async fn notification_sets(
        &self,
        state: Option<DeliveryState>,
        after: Option<SetPosition>,
        limit: u32,
    ) -> Result<Vec<SetStatus>, Error> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT id, source, operation, notifications, state, attempts, next_attempt_at,
                 last_error, created_at, delivered_at
             FROM notification_set
             WHERE ($1::text IS NULL OR state = $1)
             AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
             ORDER BY created_at DESC, id DESC
             LIMIT $4",
            state.map(DeliveryState::name),
            after
                .map(|set| time::to_database(set.created))
                .transpose()?,
            after.map(|set| set.id),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(SetStatus::try_from).collect()
    }
}

fn interval(duration: Duration) -> Result<PgInterval, Error> {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| i64::try_from(duration.as_micros()).ok())
        .map(|microseconds| PgInterval {
            months: 0,
            days: 0,
            microseconds,
        })
        .ok_or_else(|| Error::damaged("duration", format!("{duration:?} is too long")))
}

struct Row {
    id: Uuid,
    source: String,
    operation: Uuid,
    notifications: i64,
    state: String,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    last_error: String,
    created_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for SetStatus {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = DeliveryState::ALL
            .into_iter()
            .find(|state| state.name() == row.state)
            .ok_or_else(|| {
                Error::damaged("delivery state", format!("{:?} is unknown", row.state))
            })?;
        Ok(Self {
            id: row.id,
            source: row.source,
            operation: row.operation,
            notifications: row.notifications.unsigned_abs(),
            state,
            attempts: row.attempts.unsigned_abs(),
            last_error: row.last_error,
            created: time::from_database(row.created_at)?,
            delivered: time::from_optional(row.delivered_at)?,
            next_attempt: time::from_optional(row.next_attempt_at)?,
        })
    }
}
