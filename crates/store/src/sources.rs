//! Sources of security data, and how their last update went.

use std::collections::BTreeMap;

use clair_model::SourceKind;
use jiff::Timestamp;
use sqlx::types::Json;
use sqlx::types::chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::text::storable;
use crate::{Error, Store, time};

/// A source, for those who update it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its name, which begins with that of the feed.
    pub name: &'a str,
    /// The feed that reads it.
    pub feed: &'a str,
    /// What its records are.
    pub kind: SourceKind,
}

/// A source as the last attempts to update it left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// The feed that reads it.
    pub feed: String,
    /// What its records are.
    pub kind: SourceKind,
    /// By what the feed knows that it has not changed: the feed's own text. Empty before the
    /// first success.
    pub fingerprint: String,
    /// Where it was read.
    pub location: String,
    /// The date that the vendor gives the data.
    pub upstream_date: Option<Timestamp>,
    /// How many records could not be used, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// How many records it has now.
    pub advisories: u64,
    /// The newest update operation; `None` while there has been none.
    pub operation: Option<Uuid>,
    /// When it was last asked.
    pub attempted: Option<Timestamp>,
    /// When it last answered, changed or not.
    pub succeeded: Option<Timestamp>,
    /// Why the last attempt failed; empty if it did not.
    pub error: String,
}

impl Store {
    /// All sources, by name.
    pub async fn sources(&self) -> Result<Vec<SourceStatus>, Error> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT name, feed, kind, source.fingerprint, location, upstream_date,
                 skipped AS "skipped: Skipped", advisories, ref AS "operation?", attempted_at,
                 succeeded_at, error
             FROM source LEFT JOIN update_operation ON update_operation.id = operation
             ORDER BY name"#,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(SourceStatus::try_from).collect()
    }

    /// A source, by its name.
    pub async fn source(&self, name: &str) -> Result<Option<SourceStatus>, Error> {
        find(&self.pool, name).await
    }

    /// Notes that a source said itself that it has not changed.
    pub async fn record_unchanged(&self, source: &Source<'_>) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO source (name, feed, kind, attempted_at, succeeded_at)
             VALUES ($1, $2, $3, now(), now())
             ON CONFLICT (name) DO UPDATE SET attempted_at = now(), succeeded_at = now(), error = ''",
            source.name,
            source.feed,
            source.kind.name(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that a source could not be fetched, read or stored, and why. What it had stays.
    pub async fn record_failure(&self, source: &Source<'_>, error: &str) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO source (name, feed, kind, attempted_at, error)
             VALUES ($1, $2, $3, now(), $4)
             ON CONFLICT (name) DO UPDATE SET attempted_at = now(), error = excluded.error",
            source.name,
            source.feed,
            source.kind.name(),
            storable(error),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Finds a source, as it is for a connection or transaction.
pub(crate) async fn find(
    executor: impl sqlx::PgExecutor<'_>,
    name: &str,
) -> Result<Option<SourceStatus>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT name, feed, kind, source.fingerprint, location, upstream_date,
             skipped AS "skipped: Skipped", advisories, ref AS "operation?", attempted_at,
             succeeded_at, error
         FROM source LEFT JOIN update_operation ON update_operation.id = operation
         WHERE name = $1"#,
        name,
    )
    .fetch_optional(executor)
    .await?;
    row.map(SourceStatus::try_from).transpose()
}

/// The kind that a column names.
pub(crate) fn kind(name: &str) -> Result<SourceKind, Error> {
    name.parse()
        .map_err(|error| Error::damaged("kind of a source", error))
}

type Skipped = Json<BTreeMap<String, u64>>;

struct Row {
    name: String,
    feed: String,
    kind: String,
    fingerprint: String,
    location: String,
    upstream_date: Option<DateTime<Utc>>,
    skipped: Skipped,
    advisories: i64,
    operation: Option<Uuid>,
    attempted_at: Option<DateTime<Utc>>,
    succeeded_at: Option<DateTime<Utc>>,
    error: String,
}

impl TryFrom<Row> for SourceStatus {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            name: row.name,
            feed: row.feed,
            kind: kind(&row.kind)?,
            fingerprint: row.fingerprint,
            location: row.location,
            upstream_date: time::from_optional(row.upstream_date)?,
            skipped: row.skipped.0,
            advisories: row.advisories.unsigned_abs(),
            operation: row.operation,
            attempted: time::from_optional(row.attempted_at)?,
            succeeded: time::from_optional(row.succeeded_at)?,
            error: row.error,
        })
    }
}
