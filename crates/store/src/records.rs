//! Records as they are stored, and all of those that a source states now.

use clair_model::{Advisory, Enrichment};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::{Error, SourceStatus, Store, document, hash, sources};

/// What a record is of: an advisory, or an enrichment. [`SourceKind`](crate::SourceKind) tells which
/// of them a source has.
pub trait Recorded: Serialize + DeserializeOwned {
    /// Its name, for errors.
    const NAME: &'static str;
}

impl Recorded for Advisory {
    const NAME: &'static str = "advisory";
}

impl Recorded for Enrichment {
    const NAME: &'static str = "enrichment";
}

/// A record of a source in the form in which it is stored. To encode and decode it takes the time
/// of a processor, which is better not that of a thread that serves connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    hash: Uuid,
    packed: Vec<u8>,
}

impl Record {
    /// Encodes a record.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when it is larger than any that exists.
    pub fn encode<T: Recorded>(record: &T) -> Result<Self, Error> {
        let json = serde_json::to_vec(record).map_err(|error| Error::damaged(T::NAME, error))?;
        Ok(Self {
            hash: hash::of_bytes(&json),
            packed: document::pack(T::NAME, &json)?,
        })
    }

    /// What was encoded.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when what is stored is none, or something else.
    pub fn decode<T: Recorded>(&self) -> Result<T, Error> {
        let json = document::unpack(T::NAME, &self.packed)?;
        serde_json::from_slice(&json).map_err(|error| Error::damaged(T::NAME, error))
    }

    /// The identity of its content.
    pub fn hash(&self) -> Uuid {
        self.hash
    }

    /// What is stored of it, and sent: the compressed bytes.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    pub(crate) fn from_parts(hash: Uuid, packed: Vec<u8>) -> Self {
        Self { hash, packed }
    }

    pub(crate) fn into_parts(self) -> (Uuid, Vec<u8>) {
        (self.hash, self.packed)
    }
}

/// A source as it is at one moment, whatever is written meanwhile.
#[derive(Debug)]
pub struct Snapshot {
    status: SourceStatus,
    transaction: Transaction<'static, Postgres>,
}

impl Store {
    /// Begins to read a source; `None` if there is none of the name.
    pub async fn snapshot(&self, source: &str) -> Result<Option<Snapshot>, Error> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = self.pool.begin_with(begin).await?;
        let status = sources::find(&mut *transaction, source).await?;
        Ok(status.map(|status| Snapshot {
            status,
            transaction,
        }))
    }
}

impl Snapshot {
    /// The source, with the operation that led to this state.
    pub fn source(&self) -> &SourceStatus {
        &self.status
    }

    /// All that it states, in the order of the hashes: the same records come in the same order,
    /// whatever their history in this database. They come as the database sends them.
    pub fn records(&mut self) -> BoxStream<'_, Result<Record, Error>> {
        let rows = sqlx::query!(
            "SELECT hash, document FROM advisory
             WHERE source = (SELECT id FROM source WHERE name = $1) AND removed_by IS NULL
             ORDER BY hash",
            self.status.name,
        )
        .fetch(&mut *self.transaction);
        rows.map(|row| {
            let row = row?;
            Ok(Record::from_parts(row.hash, row.document))
        })
        .boxed()
    }
}
