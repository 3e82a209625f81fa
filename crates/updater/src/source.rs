//! The update of one source.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clair_feeds::{Document, Fingerprint, Sink, Skip, Source, update_source};
use clair_model::{Advisory, Enrichment};
use clair_rpc::ServiceError as _;
use clair_store::{
    Lock, LockName, Operation, Outcome, Provenance, Source as StoredSource, SourceStatus,
};

use crate::catalog::FollowedFeed;
use crate::documents::{self, Documents, Produced};
use crate::engine::Engine;
use crate::error::{Chain, UpdateError};
use crate::run::{Progress, Scope, Watched};
use crate::{metrics, schedule};

/// How often progress is told.
const TICK: Duration = Duration::from_millis(250);

/// How the update of a source ended.
#[derive(Debug, Clone)]
pub(crate) struct SourceOutcome {
    pub(crate) source: String,
    pub(crate) ending: Ending,
    pub(crate) skipped: BTreeMap<String, u64>,
    pub(crate) elapsed: Duration,
}

#[derive(Debug, Clone)]
pub(crate) enum Ending {
    /// Something changed, and is stored.
    Updated(Operation),
    /// The source was read, or said so itself: nothing changed.
    Unchanged,
    /// What was before stays.
    Failed(clair_rpc::Error),
    /// Somebody else is at it.
    Busy,
}

/// A source as the database knows it.
pub(crate) fn stored<'a>(name: &'a str, feed: &FollowedFeed) -> StoredSource<'a> {
    StoredSource {
        name,
        feed: feed.name(),
        kind: feed.feed.about().kind,
    }
}

/// Updates a source. `None` if it is not due, where only those are wanted that are.
pub(crate) async fn update(
    engine: &Engine,
    feed: &Arc<FollowedFeed>,
    source: Source,
    scope: &Scope,
    watched: &Watched,
) -> Option<SourceOutcome> {
    let began = Instant::now();
    let name = source.name.clone();
    let result = locked(engine, feed, source, scope, watched).await;
    watched.end_reading(&name);
    let (ending, skipped) = match result {
        Ok(Done::NotDue) => return None,
        Ok(Done::Busy) => (Ending::Busy, BTreeMap::new()),
        Ok(Done::Stored(Outcome::Unchanged, skipped)) => (Ending::Unchanged, skipped),
        Ok(Done::Stored(Outcome::Changed(operation), skipped)) => {
            engine.announce(&operation).await;
            (Ending::Updated(operation), skipped)
        }
        Err(error) => (
            failed(engine, &stored(&name, feed), &error).await,
            BTreeMap::new(),
        ),
    };
    let outcome = SourceOutcome {
        source: name,
        ending,
        skipped,
        elapsed: began.elapsed(),
    };
    report(feed.name(), &outcome);
    Some(outcome)
}

/// Takes note of a failure where people and the next attempt look for it.
pub(crate) async fn failed(
    engine: &Engine,
    source: &StoredSource<'_>,
    error: &UpdateError,
) -> Ending {
    let reason = error.chain();
    if let Err(second) = engine.store.record_failure(source, &reason).await {
        tracing::warn!(source = source.name, error = %Chain(&second), "failure not recorded");
    }
    Ending::Failed(clair_rpc::Error::new(error.code(), reason))
}

/// One event for each source.
pub(crate) fn report(feed: &'static str, outcome: &SourceOutcome) {
    let SourceOutcome {
        source,
        ending,
        elapsed,
        ..
    } = outcome;
    match ending {
        Ending::Updated(Operation {
            reference,
            added,
            removed,
            ..
        }) => {
            tracing::info!(feed, source, %reference, added, removed, ?elapsed, "source updated");
        }
        Ending::Unchanged => tracing::info!(feed, source, ?elapsed, "source unchanged"),
        Ending::Failed(error) => {
            tracing::warn!(feed, source, %error, ?elapsed, "source failed, its data is kept");
        }
        Ending::Busy => tracing::info!(feed, source, "source is being updated by another replica"),
    }
    metrics::source_ended(feed, outcome);
}

enum Done {
    NotDue,
    Busy,
    Stored(Outcome, BTreeMap<String, u64>),
}

async fn locked(
    engine: &Engine,
    feed: &Arc<FollowedFeed>,
    source: Source,
    scope: &Scope,
    watched: &Watched,
) -> Result<Done, UpdateError> {
    let Some(lock) = engine
        .store
        .try_lock(LockName::Source(&source.name))
        .await?
    else {
        return Ok(Done::Busy);
    };
    // Under the lock, since another replica may just have done it.
    let status = engine.store.source(&source.name).await?;
    if scope.due_only
        && status
            .as_ref()
            .is_some_and(|status| !schedule::is_due(status, feed))
    {
        return Ok(Done::NotDue);
    }
    let previous = status
        .filter(|_| !scope.force)
        .as_ref()
        .and_then(fingerprint);
    let reading = read(engine, feed, source, previous, watched);
    while_held(&lock, Box::pin(reading)).await
}

/// Gives work up as soon as its lock is lost.
pub(crate) async fn while_held<T>(
    lock: &Lock,
    work: impl Future<Output = Result<T, UpdateError>>,
) -> Result<T, UpdateError> {
    tokio::select! {
        biased;
        () = lock.lost() => Err(UpdateError::LockLost),
        result = work => result,
    }
}

/// By what the source may tell that it did not change.
fn fingerprint(status: &SourceStatus) -> Option<Fingerprint> {
    serde_json::from_str(&status.fingerprint).ok()
}

/// What came of reading a source.
enum Reading {
    /// It says itself that nothing changed.
    Unchanged,
    New(Provenance),
}

async fn read(
    engine: &Engine,
    feed: &Arc<FollowedFeed>,
    source: Source,
    previous: Option<Fingerprint>,
    watched: &Watched,
) -> Result<Done, UpdateError> {
    let name = source.name.clone();
    let target = stored(&name, feed);
    let counts = Arc::new(Counts::default());
    let produce = {
        let (feed, fetcher) = (Arc::clone(feed), Arc::clone(&engine.fetcher));
        let counts = Arc::clone(&counts);
        move |documents| {
            let sink = RecordSink {
                documents,
                counts: Arc::clone(&counts),
            };
            let updated = update_source(
                &*feed.feed,
                &source,
                &fetcher,
                previous.as_ref(),
                |document| {
                    counts.begin(document);
                    Ok(sink)
                },
            )?;
            conclude(&source.name, previous.is_some(), updated)
        }
    };
    let writing = documents::write(&engine.store, &target, produce);
    let Produced { update, value } = counts.tell_while(&name, watched, writing).await?;
    let Reading::New(provenance) = value else {
        engine.store.record_unchanged(&target).await?;
        return Ok(Done::Stored(Outcome::Unchanged, BTreeMap::new()));
    };
    let update = match update {
        Some(update) => update,
        None => engine.store.begin_update(&target).await?,
    };
    let outcome = update.commit(&provenance).await?;
    Ok(Done::Stored(outcome, provenance.skipped))
}

fn conclude(
    name: &str,
    was_read_before: bool,
    updated: clair_feeds::Update<RecordSink>,
) -> Result<Reading, UpdateError> {
    let clair_feeds::Update::New {
        sink,
        fingerprint,
        date,
        summary,
    } = updated
    else {
        return if was_read_before {
            Ok(Reading::Unchanged)
        } else {
            Err(UpdateError::UnchangedSinceNever)
        };
    };
    let refused = |source| clair_feeds::FeedError::Sink {
        name: name.to_owned(),
        source,
    };
    sink.documents.finish().map_err(refused)?;
    let skipped = summary.skipped.iter();
    Ok(Reading::New(Provenance {
        location: fingerprint.location.clone(),
        fingerprint: serde_json::to_string(&fingerprint).map_err(UpdateError::Fingerprint)?,
        upstream_date: date,
        skipped: skipped
            .map(|(reason, &count)| (reason.name().to_owned(), count))
            .collect(),
    }))
}

/// How far a document was read.
#[derive(Debug, Default)]
struct Counts {
    /// Set when the document is opened: how long it is, and the number of bytes that were read.
    bytes: std::sync::OnceLock<(u64, Arc<AtomicU64>)>,
    records: AtomicU64,
}

impl Counts {
    fn begin(&self, document: &Document) {
        let _ = self
            .bytes
            .set((document.length().unwrap_or_default(), document.progress()));
    }

    fn now(&self) -> Option<Progress> {
        let (total, read) = self.bytes.get()?;
        Some(Progress {
            read_bytes: read.load(Ordering::Relaxed),
            total_bytes: *total,
            advisories: self.records.load(Ordering::Relaxed),
        })
    }

    /// Tells how far it is while some work goes on.
    async fn tell_while<T>(
        &self,
        source: &str,
        watched: &Watched,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                result = &mut work => return result,
                _ = ticks.tick() => {
                    if let Some(progress) = self.now() {
                        watched.reading(source, progress);
                    }
                }
            }
        }
    }
}

#[derive(Debug)]
struct RecordSink {
    documents: Documents,
    counts: Arc<Counts>,
}

impl Sink for RecordSink {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.counts.records.fetch_add(1, Ordering::Relaxed);
        self.documents.add(&advisory)
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        self.counts.records.fetch_add(1, Ordering::Relaxed);
        self.documents.add(&enrichment)
    }

    fn skipped(&mut self, _: Skip, _: &str) {
        // Counted by `update_source`.
    }
}
