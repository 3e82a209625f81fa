//! The segment of one source, made from a snapshot of it.

use clair_store::{Record, SourceKind, SourceStatus, Store};
use clair_vulndb::{EnrichmentWriter, NewSegment, Provenance, SegmentWriter, Update};
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::SyncError;

/// Records that are handed over at once.
const CHUNK: usize = 256;

/// Chunks that may wait to be written. It bounds the memory, together with the size of documents.
const WAITING: usize = 8;

/// Reads a source and writes its segment. `None` if there is no such source, or nothing of it.
///
/// The database sends, and is made to wait by, a writer on a thread that may block.
pub(super) async fn rebuild(
    store: &Store,
    name: &str,
    update: &Update,
) -> Result<Option<NewSegment>, SyncError> {
    let Some(mut snapshot) = store.snapshot(name).await? else {
        return Ok(None);
    };
    let provenance = provenance(snapshot.source());
    let writer = Writer::new(update, snapshot.source())?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || write(writer, receiver, provenance));
    let reading = async move {
        let mut chunks = snapshot.records().chunks(CHUNK);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
            if sender.send(chunk).await.is_err() {
                // The writer tells why.
                break;
            }
        }
        Ok::<(), SyncError>(())
    };
    // Where reading fails, what has been written is not the source, and is dropped.
    let (read, written) = tokio::join!(reading, writing);
    read?;
    Ok(Some(written??))
}

/// The writer for what the records of a source are.
enum Writer {
    Advisories(Box<SegmentWriter>),
    Enrichments(Box<EnrichmentWriter>),
}

impl Writer {
    fn new(update: &Update, source: &SourceStatus) -> Result<Self, clair_vulndb::Error> {
        match source.kind {
            SourceKind::Vulnerability => {
                let writer = update.writer(&source.name)?;
                Ok(Self::Advisories(Box::new(writer)))
            }
            SourceKind::Enrichment => {
                let writer = update.enrichment_writer(&source.name)?;
                Ok(Self::Enrichments(Box::new(writer)))
            }
        }
    }

    fn add(&mut self, record: &Record) -> Result<(), SyncError> {
        match self {
            Self::Advisories(writer) => writer.add(&record.decode()?)?,
            Self::Enrichments(writer) => writer.add(&record.decode()?)?,
        }
        Ok(())
    }

    fn finish(self, provenance: Provenance) -> Result<NewSegment, clair_vulndb::Error> {
        match self {
            Self::Advisories(writer) => writer.finish(provenance),
            Self::Enrichments(writer) => writer.finish(provenance),
        }
    }
}

fn write(
    mut writer: Writer,
    mut chunks: mpsc::Receiver<Vec<Record>>,
    provenance: Provenance,
) -> Result<NewSegment, SyncError> {
    while let Some(chunk) = chunks.blocking_recv() {
        for document in chunk {
            writer.add(&document)?;
        }
    }
    Ok(writer.finish(provenance)?)
}

fn provenance(source: &SourceStatus) -> Provenance {
    Provenance {
        feed: source.feed.clone(),
        url: source.location.clone(),
        fetched: source.succeeded.unwrap_or(Timestamp::UNIX_EPOCH),
        upstream: source.upstream_date,
        fingerprint: fingerprint(source),
        skipped: source.skipped.clone(),
        // Feeds are read elsewhere, and again whenever their parser has changed.
        parser_version: 0,
    }
}

/// Names the state of a source: its newest update operation.
pub(super) fn fingerprint(source: &SourceStatus) -> String {
    source
        .operation
        .map(|operation| operation.to_string())
        .unwrap_or_default()
}
