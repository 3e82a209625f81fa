//! Update operations: a document of a source, stored as its difference to the one before.
//!
//! Its records are advisories, or enrichments where the source has these. All of it is one
//! transaction, which ends with the [`Update`]. It begins with the hashes of all records that the
//! source has. A record whose hash is among them is only crossed off; one that is new is inserted;
//! what is not crossed off in the end is gone. So the same document again sends nothing and writes
//! nothing but when it was seen, and a document that fails half-way leaves what was there.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::leadership::LockName;
use crate::text::storable;
use crate::{Error, Operation, Record, Source, Store, operations, time};

/// Records of one statement.
const CHUNK: usize = 1_000;

/// Where and when a document was obtained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// What the feed needs to ask only for changes the next time: its own text.
    pub fingerprint: String,
    /// Where it was read.
    pub location: String,
    /// The date that the vendor gives the data.
    pub upstream_date: Option<Timestamp>,
    /// How many records could not be used, by reason.
    pub skipped: BTreeMap<String, u64>,
}

/// What an update came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The source has the records that it had.
    Unchanged,
    /// It has others.
    Changed(Operation),
}

/// An update of a source that has begun. Dropped, it never was.
#[derive(Debug)]
pub struct Update {
    transaction: Transaction<'static, Postgres>,
    source: i64,
    /// The hashes of the records that are there or were added, and whether the document has
    /// been seen to have them.
    hashes: HashMap<Uuid, bool>,
    new: Vec<Record>,
    /// From the first difference on.
    operation: Option<Begun>,
    added: u64,
}

/// The operation of an update: its key and its name.
#[derive(Debug, Clone, Copy)]
struct Begun {
    id: i64,
    reference: Uuid,
}

impl Store {
    /// Begins an update of a source.
    ///
    /// # Errors
    ///
    /// [`Error::SourceBusy`] while there is another.
    pub async fn begin_update(&self, source: &Source<'_>) -> Result<Update, Error> {
        sqlx::query!(
            "INSERT INTO source (name, feed, kind) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            source.name,
            source.feed,
            source.kind.name(),
        )
        .execute(&self.pool)
        .await?;
        let mut transaction = self.pool.begin().await?;
        // Another key than that of the lock of a leader, who holds it in another session.
        let name = format!("update {}", source.name);
        let locked = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_xact_lock($1) AS "locked!""#,
            LockName::Duty(&name).key(),
        )
        .fetch_one(&mut *transaction)
        .await?;
        if !locked {
            return Err(Error::SourceBusy {
                name: source.name.to_owned(),
            });
        }
        let id = sqlx::query_scalar!("SELECT id FROM source WHERE name = $1", source.name)
            .fetch_one(&mut *transaction)
            .await?;
        let hashes = sqlx::query_scalar!(
            "SELECT hash FROM advisory WHERE source = $1 AND removed_by IS NULL",
            id,
        )
        .fetch_all(&mut *transaction)
        .await?;
        Ok(Update {
            transaction,
            source: id,
            hashes: hashes.into_iter().map(|hash| (hash, false)).collect(),
            new: Vec::new(),
            operation: None,
            added: 0,
        })
    }
}

impl Update {
    /// Takes some of the records of the document. Those that it has twice count once.
    pub async fn add(&mut self, records: Vec<Record>) -> Result<(), Error> {
        for record in records {
            match self.hashes.insert(record.hash(), true) {
                Some(_) => {}
                None => self.new.push(record),
            }
            if self.new.len() >= CHUNK {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Ends the update: what the document did not have is gone.
    pub async fn commit(mut self, provenance: &Provenance) -> Result<Outcome, Error> {
        self.flush().await?;
        let removed = self.remove_unseen().await?;
        let advisories = self.hashes.values().filter(|seen| **seen).count();
        let advisories = i64::try_from(advisories).unwrap_or(i64::MAX);
        let operation = match self.operation {
            Some(begun) => Some(self.complete_operation(begun, provenance, removed).await?),
            None => None,
        };
        let upstream_date = provenance
            .upstream_date
            .map(time::to_database)
            .transpose()?;
        sqlx::query!(
            "UPDATE source
             SET fingerprint = $2, location = $3, upstream_date = $4, skipped = $5,
                 advisories = $6, operation = coalesce($7, operation), attempted_at = now(),
                 succeeded_at = now(), error = ''
             WHERE id = $1",
            self.source,
            storable(&provenance.fingerprint),
            storable(&provenance.location),
            upstream_date,
            Json(&provenance.skipped) as _,
            advisories,
            self.operation.map(|begun| begun.id),
        )
        .execute(&mut *self.transaction)
        .await?;
        self.transaction.commit().await?;
        Ok(operation.map_or(Outcome::Unchanged, Outcome::Changed))
    }

    async fn flush(&mut self) -> Result<(), Error> {
        if self.new.is_empty() {
            return Ok(());
        }
        let operation = self.operation().await?;
        let (hashes, documents): (Vec<Uuid>, Vec<Vec<u8>>) =
            self.new.drain(..).map(Record::into_parts).unzip();
        sqlx::query!(
            "INSERT INTO advisory (source, added_by, hash, document)
             SELECT $1, $2, hash, document FROM unnest($3::uuid[], $4::bytea[]) AS new (hash, document)",
            self.source,
            operation,
            &hashes,
            &documents,
        )
        .execute(&mut *self.transaction)
        .await?;
        self.added += hashes.len() as u64;
        Ok(())
    }

    async fn remove_unseen(&mut self) -> Result<u64, Error> {
        let unseen = self.hashes.iter().filter(|(_, seen)| !**seen);
        let mut gone: Vec<Uuid> = unseen.map(|(hash, _)| *hash).collect();
        if gone.is_empty() {
            return Ok(0);
        }
        gone.sort_unstable();
        let operation = self.operation().await?;
        let removed = sqlx::query!(
            "UPDATE advisory SET removed_by = $2
             WHERE source = $1 AND removed_by IS NULL AND hash = ANY($3)",
            self.source,
            operation,
            &gone,
        )
        .execute(&mut *self.transaction)
        .await?;
        Ok(removed.rows_affected())
    }

    /// The key of the operation, which is made when there is a difference.
    async fn operation(&mut self) -> Result<i64, Error> {
        if let Some(begun) = self.operation {
            return Ok(begun.id);
        }
        let reference = Uuid::now_v7();
        let id = sqlx::query_scalar!(
            "INSERT INTO update_operation (ref, source, fingerprint, added, removed)
             VALUES ($1, $2, '', 0, 0) RETURNING id",
            reference,
            self.source,
        )
        .fetch_one(&mut *self.transaction)
        .await?;
        self.operation = Some(Begun { id, reference });
        Ok(id)
    }

    async fn complete_operation(
        &mut self,
        begun: Begun,
        provenance: &Provenance,
        removed: u64,
    ) -> Result<Operation, Error> {
        sqlx::query!(
            "UPDATE update_operation
             SET fingerprint = $2, added = $3, removed = $4, created_at = clock_timestamp()
             WHERE id = $1",
            begun.id,
            storable(&provenance.fingerprint),
            i64::try_from(self.added).unwrap_or(i64::MAX),
            i64::try_from(removed).unwrap_or(i64::MAX),
        )
        .execute(&mut *self.transaction)
        .await?;
        let reference = begun.reference;
        let row = operations::find(&mut *self.transaction, reference).await?;
        row.ok_or(Error::NoOperation { reference })?.try_into()
    }
}
