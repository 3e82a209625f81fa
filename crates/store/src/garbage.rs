//! What nobody needs any more goes: a few hundred rows in a transaction, so that nobody waits.
//!
//! Every method goes on until nothing is left to collect, and can be stopped between two
//! transactions by dropping it. Running twice at once does no harm.

use jiff::{SignedDuration, Timestamp};

use crate::{Error, Store, time};

/// Rows of one transaction.
const BATCH: u32 = 500;

/// How much of the history of updates is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So many of the newest operations of each source are kept in any case; the newest always is.
    pub operations: u32,
    /// Operations that are not older than this are kept in any case: who follows the history must
    /// not be further behind.
    pub age: SignedDuration,
}

impl Store {
    /// Collects layers that no manifest has any more, with what was found in them; and what
    /// analyzers other than these found, unless it is new: while replicas of two releases run,
    /// both are in use. Gives how many rows went.
    pub async fn collect_layers(&self, analyzers: &str) -> Result<u64, Error> {
        let (mut after, mut collected) = (0, 0);
        loop {
            let batch = sqlx::query!(
                r#"WITH batch AS (
                     SELECT id FROM layer WHERE id > $1 ORDER BY id LIMIT $2
                 ), unused AS (
                     DELETE FROM layer USING batch
                     WHERE layer.id = batch.id AND touched_at < now() - interval '1 day'
                     AND NOT EXISTS (SELECT FROM manifest_layer WHERE layer = batch.id)
                     RETURNING layer.id
                 ), outdated AS (
                     DELETE FROM layer_findings USING batch
                     WHERE layer = batch.id AND analyzers <> $3
                     AND made_at < now() - interval '7 days'
                     AND layer NOT IN (SELECT id FROM unused)
                     RETURNING layer
                 )
                 SELECT (SELECT max(id) FROM batch) AS last,
                     (SELECT count(*) FROM unused) + (SELECT count(*) FROM outdated)
                         AS "collected!""#,
                after,
                i64::from(BATCH),
                analyzers,
            )
            .fetch_one(&self.pool)
            .await?;
            collected += batch.collected.unsigned_abs();
            let Some(last) = batch.last else {
                return Ok(collected);
            };
            after = last;
        }
    }

    /// Collects packages that no manifest has any more, and distributions without packages. Gives
    /// how many rows went.
    pub async fn collect_packages(&self) -> Result<u64, Error> {
        let (mut after, mut collected) = (0, 0);
        loop {
            let batch = sqlx::query!(
                r#"WITH batch AS (
                     SELECT id FROM package WHERE id > $1 ORDER BY id LIMIT $2
                 ), unused AS (
                     DELETE FROM package USING batch
                     WHERE package.id = batch.id AND touched_at < now() - interval '1 day'
                     AND NOT EXISTS (
                         SELECT FROM manifest_packages WHERE packages @> ARRAY[batch.id]
                     )
                     RETURNING package.id
                 )
                 SELECT (SELECT max(id) FROM batch) AS last,
                     (SELECT count(*) FROM unused) AS "collected!""#,
                after,
                i64::from(BATCH),
            )
            .fetch_one(&self.pool)
            .await?;
            collected += batch.collected.unsigned_abs();
            let Some(last) = batch.last else { break };
            after = last;
        }
        // There are few of them, and one scan of the packages tells all that are in use.
        let unused = sqlx::query!(
            "DELETE FROM distribution
             WHERE touched_at < now() - interval '1 day'
             AND NOT EXISTS (SELECT FROM package WHERE distribution = distribution.id)",
        )
        .execute(&self.pool)
        .await?;
        Ok(collected + unused.rows_affected())
    }

    /// Collects update operations that need not be kept, and then the advisories that were gone
    /// before the oldest operation that is left. Gives how many rows went.
    pub async fn collect_operations(&self, retention: Retention) -> Result<u64, Error> {
        let oldest = Timestamp::now() - retention.age;
        let mut collected = 0;
        loop {
            let deleted = sqlx::query!(
                "DELETE FROM update_operation WHERE id IN (
                     SELECT id FROM (
                         SELECT id, created_at,
                             row_number() OVER (PARTITION BY source ORDER BY id DESC) AS rank
                         FROM update_operation
                     ) AS ranked
                     WHERE rank > $1 AND created_at < $2
                     LIMIT $3
                 )",
                i64::from(retention.operations.max(1)),
                time::to_database(oldest)?,
                i64::from(BATCH),
            )
            .execute(&self.pool)
            .await?;
            collected += deleted.rows_affected();
            if deleted.rows_affected() < u64::from(BATCH) {
                break;
            }
        }
        Ok(collected + self.collect_advisories().await?)
    }

    async fn collect_advisories(&self) -> Result<u64, Error> {
        let mut collected = 0;
        loop {
            let deleted = sqlx::query!(
                "DELETE FROM advisory WHERE id IN (
                     SELECT advisory.id
                     FROM (
                         SELECT source, min(id) AS oldest FROM update_operation GROUP BY source
                     ) AS kept
                     JOIN advisory
                         ON advisory.source = kept.source AND advisory.removed_by <= kept.oldest
                     LIMIT $1
                 )",
                i64::from(BATCH),
            )
            .execute(&self.pool)
            .await?;
            collected += deleted.rows_affected();
            if deleted.rows_affected() < u64::from(BATCH) {
                return Ok(collected);
            }
        }
    }

    /// Collects sets of notifications that were acknowledged, and those of this age whose delivery
    /// is over, be it that they were delivered and never acknowledged, or given up. Gives how many
    /// sets went.
    pub async fn collect_notifications(&self, age: SignedDuration) -> Result<u64, Error> {
        let oldest = time::to_database(Timestamp::now() - age)?;
        loop {
            let deleted = sqlx::query!(
                "DELETE FROM notification WHERE (notification_set, id) IN (
                     SELECT notification_set, notification.id
                     FROM notification_set
                     JOIN notification ON notification_set = notification_set.id
                     WHERE state = 'acknowledged'
                     OR (next_attempt_at IS NULL AND created_at < $1)
                     LIMIT $2
                 )",
                oldest,
                i64::from(BATCH),
            )
            .execute(&self.pool)
            .await?;
            if deleted.rows_affected() < u64::from(BATCH) {
                break;
            }
        }
        // What is left of them is a row each, and the few vulnerabilities.
        let sets = sqlx::query!(
            "DELETE FROM notification_set
             WHERE (state = 'acknowledged' OR (next_attempt_at IS NULL AND created_at < $1))
             AND NOT EXISTS (SELECT FROM notification WHERE notification_set = notification_set.id)",
            oldest,
        )
        .execute(&self.pool)
        .await?;
        Ok(sets.rows_affected())
    }

    /// Collects the notes of tokens that nobody would accept any more. Gives how many went.
    pub async fn collect_tokens(&self) -> Result<u64, Error> {
        let mut collected = 0;
        loop {
            let deleted = sqlx::query!(
                "DELETE FROM used_token WHERE hash IN (
                     SELECT hash FROM used_token WHERE expires_at <= now() LIMIT $1
                 )",
                i64::from(BATCH),
            )
            .execute(&self.pool)
            .await?;
            collected += deleted.rows_affected();
            if deleted.rows_affected() < u64::from(BATCH) {
                return Ok(collected);
            }
        }
    }
}
