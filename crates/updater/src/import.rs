//! Storing what an archive holds.
//!
//! The archive is unpacked and checked as a whole before anything is written. Then each source is
//! an update like any other, in a transaction of its own: an archive that was imported before
//! changes nothing, and an import that was interrupted is completed by repeating it. Sources that
//! the archive does not have are left alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clair_store::{LockName, Outcome, Provenance, Source, SourceKind};
use clair_vulndb::{Database, SourceInfo};
use tokio::task::spawn_blocking;

use crate::archive::ChunkReader;
use crate::documents::{self, Produced};
use crate::engine::Engine;
use crate::error::UpdateError;
use crate::export::spool;
use crate::source::{Ending, SourceOutcome, failed, report, while_held};

/// Stores what an archive holds.
///
/// # Errors
///
/// When the archive is none, or damaged: nothing is stored then. What goes wrong with one source
/// is said of that source.
pub(crate) async fn import(
    engine: &Engine,
    archive: ChunkReader,
) -> Result<Vec<SourceOutcome>, UpdateError> {
    // It is never closed.
    let _permit = engine.archives.acquire().await;
    let spool = spool(&engine.spool_dir).await?;
    let unpacked = spawn_blocking(move || unpack(spool.path(), archive));
    let database = Arc::new(unpacked.await??);
    let mut outcomes = Vec::new();
    for source in database.sources() {
        let began = Instant::now();
        let target = stored(source);
        let ending = match store(engine, &database, source).await {
            Ok(Outcome::Unchanged) => Ending::Unchanged,
            Ok(Outcome::Changed(operation)) => {
                engine.announce(&operation).await;
                Ending::Updated(operation)
            }
            Err(error) => failed(engine, &target, &error).await,
        };
        let outcome = SourceOutcome {
            source: source.name.clone(),
            ending,
            skipped: BTreeMap::new(),
            elapsed: began.elapsed(),
        };
        report("import", &outcome);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The directory may go afterwards, since all is mapped.
fn unpack(spool: &Path, mut archive: ChunkReader) -> Result<Database, UpdateError> {
    clair_vulndb::import(spool, &mut archive)?;
    let database = Database::open(spool)?;
    for source in database.sources() {
        check_name(source)?;
        check_kind(source)?;
    }
    Ok(database)
}

/// Sources begin with the name of their feed; another's would never be updated again.
fn check_name(source: &SourceInfo) -> Result<(), UpdateError> {
    let rest = source.name.strip_prefix(source.feed.as_str());
    if !source.feed.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    {
        return Ok(());
    }
    let (name, feed) = (source.name.clone(), source.feed.clone());
    Err(UpdateError::ForeignSource { name, feed })
}

/// What is looked up as one thing must not be stored as another. Feeds that only a later release knows
/// are taken at their word.
fn check_kind(source: &SourceInfo) -> Result<(), UpdateError> {
    let feed = clair_feeds::by_name(&source.feed);
    if feed.is_none_or(|feed| feed.kind() == source.kind) {
        return Ok(());
    }
    Err(UpdateError::OtherKind {
        name: source.name.clone(),
        found: source.kind,
    })
}

fn stored(source: &SourceInfo) -> Source<'_> {
    Source {
        name: &source.name,
        feed: &source.feed,
        kind: source.kind,
    }
}

async fn store(
    engine: &Engine,
    database: &Arc<Database>,
    source: &SourceInfo,
) -> Result<Outcome, UpdateError> {
    let lock = engine.store.lock(LockName::Source(&source.name)).await?;
    let target = stored(source);
    let produce = {
        let (database, name, kind) = (Arc::clone(database), source.name.clone(), source.kind);
        move |mut documents: documents::Documents| {
            let refused = |source| {
                let name = name.clone();
                UpdateError::Feed(clair_feeds::FeedError::Sink { name, source })
            };
            match kind {
                SourceKind::Vulnerability => {
                    for advisory in database.advisories(&name).into_iter().flatten() {
                        documents.add(&advisory?).map_err(refused)?;
                    }
                }
                SourceKind::Enrichment => {
                    for enrichment in database.enrichments(&name).into_iter().flatten() {
                        documents.add(&enrichment?).map_err(refused)?;
                    }
                }
            }
            documents.finish().map_err(refused)
        }
    };
    let work = async {
        let produced = documents::write(&engine.store, &target, produce).await?;
        let Produced { update, value: () } = produced;
        let update = match update {
            Some(update) => update,
            None => engine.store.begin_update(&target).await?,
        };
        let provenance = Provenance {
            fingerprint: source.fingerprint.clone(),
            location: source.url.clone(),
            upstream_date: source.upstream,
            skipped: source.skipped.clone(),
        };
        Ok(update.commit(&provenance).await?)
    };
    while_held(&lock, work).await
}
