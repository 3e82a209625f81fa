//! From threads that read to the transaction that writes, in bounded memory.

use std::io;

use clair_store::{Record, Recorded, Source, Store, Update};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::error::UpdateError;

/// Records that are handed over at once.
const BATCH: usize = 256;

/// Batches that may wait for the database.
const WAITING: usize = 4;

/// Takes records on a thread that may block, encodes them there and hands them over.
#[derive(Debug)]
pub(crate) struct Documents {
    batch: Vec<Record>,
    channel: mpsc::Sender<Vec<Record>>,
}

impl Documents {
    /// Takes a record. It is an error that the other side has given up.
    pub(crate) fn add<T: Recorded>(&mut self, record: &T) -> io::Result<()> {
        let document = Record::encode(record).map_err(io::Error::other)?;
        self.batch.push(document);
        if self.batch.len() < BATCH {
            return Ok(());
        }
        self.flush()
    }

    /// Hands over what is left.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let gone = |_| io::Error::other("the database takes no more");
        self.channel.blocking_send(batch).map_err(gone)
    }
}

/// What was produced, and the update that holds its records; `None` if there were none.
pub(crate) struct Produced<T> {
    pub(crate) update: Option<Update>,
    pub(crate) value: T,
}

/// Has `produce` run on a thread of its own, and its records written as they come. The update
/// is for the caller to commit; dropped, here or there, it never was.
pub(crate) async fn write<T: Send + 'static>(
    store: &Store,
    source: &Source<'_>,
    produce: impl FnOnce(Documents) -> Result<T, UpdateError> + Send + 'static,
) -> Result<Produced<T>, UpdateError> {
    let (channel, mut batches) = mpsc::channel(WAITING);
    let producer = spawn_blocking(move || {
        produce(Documents {
            batch: Vec::new(),
            channel,
        })
    });
    let mut update = None;
    while let Some(batch) = batches.recv().await {
        let begun = match &mut update {
            Some(begun) => begun,
            None => update.insert(store.begin_update(source).await?),
        };
        begun.add(batch).await?;
    }
    let value = producer.await??;
    Ok(Produced { update, value })
}
