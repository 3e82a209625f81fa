//! Taking out of sources what others have now.

use std::collections::BTreeMap;
use std::time::Instant;

use clair_interchange::Taken;
use clair_model::Advisory;
use clair_store::{LockName, Outcome, Provenance, Source, SourceKind};
use futures::TryStreamExt as _;
use tokio::sync::mpsc;

use crate::documents::{self, Documents, Produced};
use crate::engine::Engine;
use crate::error::UpdateError;
use crate::source::{Ending, SourceOutcome, failed, report, while_held};

/// Advisories that may wait to be looked at.
const WAITING: usize = 256;

/// Takes out of other sources what those that were imported have, whether they were just stored
/// or before, so that it is done even after an import that was interrupted.
pub(super) async fn withdraw(
    engine: &Engine,
    outcomes: &mut Vec<SourceOutcome>,
) -> Result<(), UpdateError> {
    let mut parts = Vec::new();
    for outcome in outcomes.iter() {
        let status = engine.store.source(&outcome.source).await?;
        if status.is_some_and(|status| status.advisories > 0) {
            parts.push(outcome.source.as_str());
        }
    }
    let taken = Taken::by(parts);
    for whole in taken.wholes() {
        let began = Instant::now();
        let ending = match without(engine, whole, &taken).await {
            Ok(Outcome::Unchanged) => continue,
            Ok(Outcome::Changed(operation)) => {
                engine.announce(&operation).await;
                Ending::Updated(operation)
            }
            Err(error) => failed(engine, &stored(whole), &error).await,
        };
        let outcome = SourceOutcome {
            source: whole.to_owned(),
            ending,
            skipped: BTreeMap::new(),
            elapsed: began.elapsed(),
        };
        report("import", &outcome);
        outcomes.push(outcome);
    }
    Ok(())
}

/// One of those that something is taken from, which are all named as their feed is.
fn stored(whole: &'static str) -> Source<'static> {
    Source {
        name: whole,
        feed: whole,
        kind: SourceKind::Vulnerability,
    }
}

async fn without(
    engine: &Engine,
    whole: &'static str,
    taken: &Taken,
) -> Result<Outcome, UpdateError> {
    let lock = engine.store.lock(LockName::Source(whole)).await?;
    while_held(&lock, Box::pin(rewrite(engine, whole, taken))).await
}

async fn rewrite(
    engine: &Engine,
    whole: &'static str,
    taken: &Taken,
) -> Result<Outcome, UpdateError> {
    let Some(mut snapshot) = engine.store.snapshot(whole).await? else {
        return Ok(Outcome::Unchanged);
    };
    let status = snapshot.source().clone();
    if status.advisories == 0 {
        return Ok(Outcome::Unchanged);
    }
    let target = stored(whole);
    let (sender, mut rows) = mpsc::channel(WAITING);
    let taken = taken.clone();
    let produce = move |mut documents: Documents| {
        let refused = |source| {
            UpdateError::Feed(clair_feeds::FeedError::Sink {
                name: whole.to_owned(),
                source,
            })
        };
        let mut is_changed = false;
        while let Some(row) = rows.blocking_recv() {
            let Some(row): Option<clair_store::Record> = row else {
                documents.finish().map_err(refused)?;
                return Ok(is_changed);
            };
            let advisory: Advisory = row.decode()?;
            let statements = advisory.affected.len();
            let left = taken.left(whole, advisory);
            is_changed |= left.as_ref().map_or(0, |left| left.affected.len()) != statements;
            if let Some(left) = left {
                documents.add(&left).map_err(refused)?;
            }
        }
        Err(UpdateError::Spool(std::io::Error::other(
            "the database broke off",
        )))
    };
    let reading = async {
        let mut advisories = snapshot.records();
        while let Some(row) = advisories.try_next().await? {
            if sender.send(Some(row)).await.is_err() {
                return Ok(());
            }
        }
        let _ = sender.send(None).await;
        Ok::<_, UpdateError>(())
    };
    let writing = documents::write(&engine.store, &target, produce);
    let (read, written) = tokio::join!(reading, writing);
    read?;
    let Produced { update, value } = written?;
    if !value {
        return Ok(Outcome::Unchanged);
    }
    let update = match update {
        Some(update) => update,
        None => engine.store.begin_update(&target).await?,
    };
    let provenance = Provenance {
        // It is no longer what was read.
        fingerprint: String::new(),
        location: status.location,
        upstream_date: status.upstream_date,
        skipped: status.skipped,
    };
    Ok(update.commit(&provenance).await?)
}
