//! Storing what an archive or a file of Clair's holds.
//!
//! All of it is unpacked and checked before anything is written. Then each source is an update
//! like any other, in a transaction of its own: what was imported before changes nothing, and an
//! import that was interrupted is completed by repeating it. Sources that it does not have are
//! left alone.

mod unpack;
mod withdraw;

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use clair_feeds::Document;
use clair_store::{LockName, Outcome, Provenance, Source, SourceKind, Store};
use clair_vulndb::{Database, SourceInfo};
use tokio::task::spawn_blocking;

use self::unpack::Unpacked;
use crate::documents::{self, Produced};
use crate::engine::Engine;
use crate::error::UpdateError;
use crate::export::spool;
use crate::source::{Ending, SourceOutcome, failed, report, while_held};

/// What is imported.
pub(crate) enum Archive {
    /// A stream of either kind.
    Stream(Box<dyn Read + Send>),
    /// Of Clair's format.
    Interchange(Document),
}

/// Stores what an archive holds.
///
/// # Errors
///
/// When the archive is none, or damaged: nothing is stored then. What goes wrong with one source
/// is said of that source.
pub(crate) async fn import(
    engine: &Engine,
    archive: Archive,
) -> Result<Vec<SourceOutcome>, UpdateError> {
    // It is never closed.
    let _permit = engine.archives.acquire().await;
    let spool = spool(&engine.spool_dir).await?;
    let known = known(&engine.store).await?;
    let unpacked = spawn_blocking(move || unpack::unpack(spool.path(), archive, &known));
    let Unpacked { database, passed } = unpacked.await??;
    let database = Arc::new(database);
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
            skipped: source.skipped.clone(),
            elapsed: began.elapsed(),
        };
        report("import", &outcome);
        outcomes.push(outcome);
    }
    outcomes.extend(passed);
    withdraw::withdraw(engine, &mut outcomes).await?;
    Ok(outcomes)
}

/// The fingerprints that sources have had, as far as their history is kept.
async fn known(store: &Store) -> Result<HashSet<(String, String)>, UpdateError> {
    let mut operations = store.operations(SourceKind::Vulnerability, false).await?;
    operations.extend(store.operations(SourceKind::Enrichment, false).await?);
    let had = operations
        .into_iter()
        .map(|operation| (operation.source, operation.fingerprint));
    let sources = store.sources().await?.into_iter();
    let have = sources.map(|source| (source.name, source.fingerprint));
    Ok(had.chain(have).collect())
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
