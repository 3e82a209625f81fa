//! Packing what is stored into an archive, the one that `clairctl db export` writes.

use std::path::Path;

use bytes::Bytes;
use clair_feeds::Fingerprint;
use clair_model::{Advisory, Enrichment};
use clair_store::{Record, Recorded, SourceKind, SourceStatus};
use clair_vulndb::{NewSegment, Provenance, Store as Directory, Update};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::archive::ChunkWriter;
use crate::engine::Engine;
use crate::error::UpdateError;

/// Documents that may wait for the disk.
const WAITING: usize = 256;

/// Sends an archive of these sources. Each is as it was at one moment.
pub(crate) async fn export(
    engine: &Engine,
    only: &[String],
    chunks: mpsc::Sender<Bytes>,
) -> Result<(), UpdateError> {
    // It is never closed.
    let _permit = engine.archives.acquire().await;
    let spool = spool(&engine.spool_dir).await?;
    let mut directory = open(spool.path())?;
    let mut sources = engine.store.sources().await?;
    sources.retain(|source| source.operation.is_some() && is_selected(&source.name, only));
    for source in &sources {
        let segment;
        (directory, segment) = copy(engine, &source.name, directory).await?;
        if let Some(segment) = segment {
            directory.replace(segment);
        }
    }
    let packed = spawn_blocking(move || {
        directory.commit()?;
        let mut out = ChunkWriter::new(chunks);
        let summary = clair_vulndb::export(spool.path(), &mut out)?;
        Ok::<_, UpdateError>(summary)
    });
    let summary = packed.await??;
    let (advisories, enrichments, bytes) = (summary.advisories, summary.enrichments, summary.bytes);
    tracing::info!(
        sources = summary.sources,
        advisories,
        enrichments,
        bytes,
        "security data exported"
    );
    Ok(())
}

/// Whether names of feeds and sources mean this source; no names mean all.
fn is_selected(source: &str, only: &[String]) -> bool {
    let means = |name: &String| {
        let rest = source.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    only.is_empty() || only.iter().any(means)
}

/// A directory that is gone with the archive.
pub(crate) async fn spool(parent: &Path) -> Result<TempDir, UpdateError> {
    let parent = parent.to_owned();
    let made = spawn_blocking(move || {
        tempfile::Builder::new()
            .prefix("clair-archive-")
            .tempdir_in(parent)
    });
    made.await?.map_err(UpdateError::Spool)
}

fn open(path: &Path) -> Result<Update, UpdateError> {
    Ok(Directory::open(path)?.lock()?)
}

/// Copies a source from the database to the disk, as its rows come.
async fn copy(
    engine: &Engine,
    name: &str,
    directory: Update,
) -> Result<(Update, Option<NewSegment>), UpdateError> {
    let Some(mut snapshot) = engine.store.snapshot(name).await? else {
        return Ok((directory, None));
    };
    let (kind, provenance) = (snapshot.source().kind, provenance(snapshot.source()));
    let (sender, documents) = mpsc::channel(WAITING);
    let source = name.to_owned();
    let writing = spawn_blocking(move || {
        let segment = match kind {
            SourceKind::Vulnerability => {
                let mut writer = directory.writer(&source)?;
                each(documents, |advisory: Advisory| writer.add(&advisory))?;
                writer.finish(provenance)
            }
            SourceKind::Enrichment => {
                let mut writer = directory.enrichment_writer(&source)?;
                each(documents, |enrichment: Enrichment| writer.add(&enrichment))?;
                writer.finish(provenance)
            }
        }?;
        Ok::<_, UpdateError>((directory, Some(segment)))
    });
    let mut rows = snapshot.records();
    while let Some(document) = rows.try_next().await? {
        if sender.send(Some(document)).await.is_err() {
            break;
        }
    }
    // Without it the end would look like a failure of ours.
    let _ = sender.send(None).await;
    writing.await?
}

/// Hands over the records until their end.
fn each<T: Recorded>(
    mut documents: mpsc::Receiver<Option<Record>>,
    mut add: impl FnMut(T) -> Result<(), clair_vulndb::Error>,
) -> Result<(), UpdateError> {
    while let Some(document) = documents.blocking_recv() {
        match document {
            Some(document) => add(document.decode()?)?,
            None => return Ok(()),
        }
    }
    Err(UpdateError::Spool(std::io::Error::other(
        "the database broke off",
    )))
}

fn provenance(source: &SourceStatus) -> Provenance {
    let fingerprint: Option<Fingerprint> = serde_json::from_str(&source.fingerprint).ok();
    Provenance {
        feed: source.feed.clone(),
        url: source.location.clone(),
        fetched: source.succeeded.unwrap_or(Timestamp::UNIX_EPOCH),
        upstream: source.upstream_date,
        fingerprint: source.fingerprint.clone(),
        skipped: source.skipped.clone(),
        parser_version: fingerprint.map_or(0, |fingerprint| fingerprint.revision),
    }
}

#[cfg(test)]
mod tests {
    use super::is_selected;

    #[test]
    fn a_name_means_a_source_or_all_below_it() {
        let only = ["alpine".to_owned(), "debian/x".to_owned()];
        for (source, expected) in [
            ("alpine", true),
            ("alpine/v3.18/main", true),
            ("alpine-extra", false),
            ("debian", false),
            ("debian/x", true),
        ] {
            assert_eq!(is_selected(source, &only), expected, "{source}");
            assert!(is_selected(source, &[]));
        }
    }
}
