//! The history of update operations, and what changed from one to another.

use clair_model::SourceKind;
use jiff::Timestamp;
use sqlx::types::chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Error, Record, Store, sources, time};

/// A change of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub reference: Uuid,
    /// The source.
    pub source: String,
    /// What the records of the source are.
    pub kind: SourceKind,
    /// The fingerprint of the document that brought it.
    pub fingerprint: String,
    /// When it was made.
    pub created: Timestamp,
    /// How many records it added.
    pub added: u64,
    /// How many records it removed. A changed one counts in both.
    pub removed: u64,
}

/// What came of the wish to delete an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Deleted,
    /// It is the newest one of its source, so it stays: the source would have none.
    Kept,
    /// There was none.
    Missing,
}

/// On which side of a difference an advisory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Only the newer state has it.
    Added,
    /// Only the older state has it.
    Removed,
}

/// The place of an advisory in a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeKey {
    operation: i64,
    id: i64,
}

/// Two states of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The operation that led to the newer state.
    pub current: Operation,
    /// The operation that led to the older one; `None` for the state in which there was nothing.
    pub previous: Option<Operation>,
    source: i64,
    to: i64,
    /// Keys are positive.
    from: i64,
}

impl Store {
    /// The operations that are kept, by the name of the source and then newest first; with
    /// `latest` only the newest of each source.
    pub async fn operations(
        &self,
        kind: SourceKind,
        latest: bool,
    ) -> Result<Vec<Operation>, Error> {
        let rows = self.operation_rows(kind, latest).await?;
        rows.into_iter().map(Operation::try_from).collect()
    }

    /// The newest operation of any source.
    pub async fn latest_operation(&self, kind: SourceKind) -> Result<Option<Operation>, Error> {
        let rows = self.operation_rows(kind, true).await?;
        let newest = rows.into_iter().max_by_key(|row| row.id);
        newest.map(Operation::try_from).transpose()
    }

    /// An operation, by its name.
    pub async fn operation(&self, reference: Uuid) -> Result<Option<Operation>, Error> {
        let row = find(&self.pool, reference).await?;
        row.map(Operation::try_from).transpose()
    }

    /// Forgets an operation. What it brought stays as long as it is current.
    pub async fn delete_operation(&self, reference: Uuid) -> Result<Deletion, Error> {
        let newest = sqlx::query_scalar!(
            r#"SELECT source.operation IS NOT DISTINCT FROM update_operation.id AS "newest!"
             FROM update_operation JOIN source ON source.id = update_operation.source
             WHERE ref = $1"#,
            reference,
        )
        .fetch_optional(&self.pool)
        .await?;
        match newest {
            None => return Ok(Deletion::Missing),
            Some(true) => return Ok(Deletion::Kept),
            // Once it is not the newest it never is again.
            Some(false) => {}
        }
        let deleted = sqlx::query!("DELETE FROM update_operation WHERE ref = $1", reference)
            .execute(&self.pool)
            .await?;
        Ok(if deleted.rows_affected() > 0 {
            Deletion::Deleted
        } else {
            Deletion::Missing
        })
    }

    /// Compares the states after two operations of a source, or with the state in which there was
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NoOperation`], [`Error::UnlikeOperations`].
    pub async fn difference(
        &self,
        previous: Option<Uuid>,
        current: Uuid,
    ) -> Result<Difference, Error> {
        let newer = self.existing_operation(current).await?;
        let older = match previous {
            Some(reference) => Some(self.existing_operation(reference).await?),
            None => None,
        };
        if let Some(older) = &older
            && older.source_id != newer.source_id
        {
            return Err(Error::UnlikeOperations {
                previous: older.reference,
                current,
            });
        }
        Ok(Difference {
            source: newer.source_id,
            to: newer.id,
            from: older.as_ref().map_or(0, |older| older.id),
            current: newer.try_into()?,
            previous: older.map(Operation::try_from).transpose()?,
        })
    }

    /// Gives a page of one side of a difference: at most `limit` advisories after a place, in a
    /// stable order. An advisory that went and came back in between is on neither side.
    ///
    /// # Errors
    ///
    /// [`Error::NoOperation`] when one of the operations was collected meanwhile.
    pub async fn changes(
        &self,
        difference: &Difference,
        change: Change,
        after: Option<ChangeKey>,
        limit: u32,
    ) -> Result<Vec<(ChangeKey, Record)>, Error> {
        let Difference {
            source, from, to, ..
        } = *difference;
        let after = after.unwrap_or(ChangeKey {
            operation: 0,
            id: 0,
        });
        let (older, newer) = (from.min(to), from.max(to));
        // What was added on the way forth is removed on the way back.
        let appeared = (change == Change::Added) == (from <= to);
        let rows = if appeared {
            self.appeared(source, older, newer, after, limit).await?
        } else {
            self.disappeared(source, older, newer, after, limit).await?
        };
        // Operations are collected before advisories, so while both exist nothing is missing.
        self.existing_operation(difference.current.reference)
            .await?;
        if let Some(previous) = &difference.previous {
            self.existing_operation(previous.reference).await?;
        }
        let changed = rows.into_iter().map(|row| {
            let key = ChangeKey {
                operation: row.operation,
                id: row.id,
            };
            (key, Record::from_parts(row.hash, row.document))
        });
        Ok(changed.collect())
    }

    // OFFSET and the additions of zero leave one way to answer the inner questions: the index by
    // hash, for one advisory after the other. Right after a large update the server knows too
    // little of the table to find that the other ways take hours.

    async fn appeared(
        &self,
        source: i64,
        older: i64,
        newer: i64,
        after: ChangeKey,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, Error> {
        let rows = sqlx::query_as!(
            ChangeRow,
            "SELECT added_by AS operation, id, hash, document
             FROM advisory
             WHERE source = $1 AND added_by > $2 AND added_by <= $3
             AND (added_by, id) > ($4, $5)
             AND (removed_by IS NULL OR removed_by > $3)
             AND NOT EXISTS (
                 SELECT FROM advisory AS before
                 WHERE before.source = $1 AND before.hash = advisory.hash
                 AND before.removed_by IS NOT NULL
                 AND before.added_by + 0 <= $2 AND before.removed_by + 0 > $2
                 OFFSET 0
             )
             ORDER BY added_by, id
             LIMIT $6",
            source,
            older,
            newer,
            after.operation,
            after.id,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    async fn disappeared(
        &self,
        source: i64,
        older: i64,
        newer: i64,
        after: ChangeKey,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, Error> {
        let rows = sqlx::query_as!(
            ChangeRow,
            r#"SELECT removed_by AS "operation!", id, hash, document
             FROM advisory
             WHERE source = $1 AND removed_by > $2 AND removed_by <= $3
             AND (removed_by, id) > ($4, $5)
             AND added_by <= $2
             AND NOT EXISTS (
                 SELECT FROM advisory AS live
                 WHERE live.source = $1 AND live.hash = advisory.hash
                 AND live.removed_by IS NULL
                 AND live.added_by + 0 > $2 AND live.added_by + 0 <= $3
                 OFFSET 0
             )
             AND NOT EXISTS (
                 SELECT FROM advisory AS later
                 WHERE later.source = $1 AND later.hash = advisory.hash
                 AND later.removed_by IS NOT NULL
                 AND later.added_by + 0 > $2 AND later.added_by + 0 <= $3
                 AND later.removed_by + 0 > $3
                 OFFSET 0
             )
             ORDER BY removed_by, id
             LIMIT $6"#,
            source,
            older,
            newer,
            after.operation,
            after.id,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    async fn operation_rows(&self, kind: SourceKind, latest: bool) -> Result<Vec<Row>, Error> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT update_operation.id, ref AS reference, source.id AS source_id,
                 source.name AS source, kind, update_operation.fingerprint, created_at, added,
                 removed
             FROM update_operation JOIN source ON source.id = update_operation.source
             WHERE kind = $1 AND (NOT $2 OR update_operation.id = source.operation)
             ORDER BY source.name, update_operation.id DESC",
            kind.name(),
            latest,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    async fn existing_operation(&self, reference: Uuid) -> Result<Row, Error> {
        find(&self.pool, reference)
            .await?
            .ok_or(Error::NoOperation { reference })
    }
}

/// Finds an operation, as it is for a connection or transaction.
pub(crate) async fn find(
    executor: impl sqlx::PgExecutor<'_>,
    reference: Uuid,
) -> Result<Option<Row>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT update_operation.id, ref AS reference, source.id AS source_id,
             source.name AS source, kind, update_operation.fingerprint, created_at, added, removed
         FROM update_operation JOIN source ON source.id = update_operation.source
         WHERE ref = $1",
        reference,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row)
}

struct ChangeRow {
    operation: i64,
    id: i64,
    hash: Uuid,
    document: Vec<u8>,
}

/// An operation with the keys that only this crate knows.
pub(crate) struct Row {
    pub(crate) id: i64,
    reference: Uuid,
    pub(crate) source_id: i64,
    source: String,
    kind: String,
    fingerprint: String,
    created_at: DateTime<Utc>,
    added: i64,
    removed: i64,
}

impl TryFrom<Row> for Operation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            reference: row.reference,
            source: row.source,
            kind: sources::kind(&row.kind)?,
            fingerprint: row.fingerprint,
            created: time::from_database(row.created_at)?,
            added: row.added.unsigned_abs(),
            removed: row.removed.unsigned_abs(),
        })
    }
}
