//! Runs: all sources of a feed are asked, watched by anybody who wants to know.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clair_feeds::Source;
use clair_store::{LockName, Outcome, Provenance, SourceStatus};
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::catalog::FollowedFeed;
use crate::engine::Engine;
use crate::error::{Chain, UpdateError};
use crate::metrics;
use crate::source::{self, Ending, SourceOutcome, stored};

/// Which sources of a feed a run asks, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// These only; all if absent.
    pub(crate) only: Option<BTreeSet<String>>,
    /// Also those that say that nothing changed.
    pub(crate) force: bool,
    /// Those only whose time has come.
    pub(crate) due_only: bool,
}

impl Scope {
    /// Whether a run of this scope does all that one of the other would.
    fn covers(&self, other: &Self) -> bool {
        let has_sources = match (&self.only, &other.only) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(others)) => others.is_subset(mine),
        };
        has_sources && (self.force || !other.force) && (!self.due_only || other.due_only)
    }

    fn has(&self, source: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(source))
    }
}

/// How far a source was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) read_bytes: u64,
    /// Zero if not known.
    pub(crate) total_bytes: u64,
    /// Advisories, or enrichments where the source has these.
    pub(crate) advisories: u64,
}

/// What a run has come to.
#[derive(Debug, Default)]
pub(crate) struct RunState {
    pub(crate) outcomes: Vec<SourceOutcome>,
    pub(crate) reading: BTreeMap<String, Progress>,
    pub(crate) is_done: bool,
}

/// The state of a run, for those who change it.
#[derive(Debug)]
pub(crate) struct Watched(watch::Sender<RunState>);

impl Watched {
    pub(crate) fn reading(&self, source: &str, progress: Progress) {
        self.0.send_if_modified(|state| {
            let before = state.reading.insert(source.to_owned(), progress);
            before != Some(progress)
        });
    }

    pub(crate) fn end_reading(&self, source: &str) {
        self.0.send_if_modified(|state| {
            state.reading.remove(source);
            false
        });
    }

    fn ended(&self, outcome: SourceOutcome) {
        self.0.send_modify(|state| state.outcomes.push(outcome));
    }
}

/// The runs of this process: one at a time for each feed.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    active: Mutex<HashMap<&'static str, (Scope, watch::Receiver<RunState>)>>,
}

impl Runs {
    /// Joins a run that does what is wanted, else starts one as soon as there is none.
    pub(crate) async fn join(
        engine: &Arc<Engine>,
        feed: &Arc<FollowedFeed>,
        scope: &Scope,
    ) -> watch::Receiver<RunState> {
        loop {
            match Self::try_join(engine, feed, scope) {
                Ok(joined) => return joined,
                Err(mut other) => wait(&mut other).await,
            }
        }
    }

    fn try_join(
        engine: &Arc<Engine>,
        feed: &Arc<FollowedFeed>,
        scope: &Scope,
    ) -> Result<watch::Receiver<RunState>, watch::Receiver<RunState>> {
        let mut active = engine
            .runs
            .active
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((running, state)) = active.get(feed.name())
            && is_running(state)
        {
            let state = state.clone();
            return if running.covers(scope) {
                Ok(state)
            } else {
                Err(state)
            };
        }
        let (sender, receiver) = watch::channel(RunState::default());
        active.insert(feed.name(), (scope.clone(), receiver.clone()));
        let (shared, feed, scope) = (Arc::clone(engine), Arc::clone(feed), scope.clone());
        engine.spawn(async move {
            let watched = Watched(sender);
            run(&shared, &feed, &scope, &watched).await;
            watched.0.send_modify(|state| state.is_done = true);
        });
        Ok(receiver)
    }
}

fn is_running(state: &watch::Receiver<RunState>) -> bool {
    // One that was dropped half-way says nothing more.
    state.has_changed().is_ok() && !state.borrow().is_done
}

/// Waits for the end of a run.
pub(crate) async fn wait(state: &mut watch::Receiver<RunState>) {
    // An error is an end too.
    let _ = state.wait_for(|state| state.is_done).await;
}

async fn run(engine: &Engine, feed: &Arc<FollowedFeed>, scope: &Scope, watched: &Watched) {
    let began = Instant::now();
    tracing::debug!(feed = feed.name(), ?scope, "run begins");
    match list(engine, feed).await {
        Ok(sources) => ask(engine, feed, scope, sources, watched).await,
        Err(error) => fail_all(engine, feed, scope, &error, watched).await,
    }
    metrics::run_ended(feed.name(), began.elapsed());
}

async fn list(engine: &Engine, feed: &Arc<FollowedFeed>) -> Result<Vec<Source>, UpdateError> {
    let (feed, fetcher) = (Arc::clone(feed), Arc::clone(&engine.fetcher));
    let listing = spawn_blocking(move || feed.feed.sources(&fetcher, &feed.root));
    Ok(listing.await??)
}

async fn ask(
    engine: &Engine,
    feed: &Arc<FollowedFeed>,
    scope: &Scope,
    sources: Vec<Source>,
    watched: &Watched,
) {
    retire_missing(engine, feed, scope, &sources, watched).await;
    let wanted = sources.into_iter().filter(|source| scope.has(&source.name));
    futures::stream::iter(wanted)
        .for_each_concurrent(None, |source| async move {
            // It is never closed.
            let _permit = engine.readers.acquire().await;
            if let Some(outcome) = source::update(engine, feed, source, scope, watched).await {
                watched.ended(outcome);
            }
        })
        .await;
}

/// A feed whose sources cannot be told has failed in all that it had.
async fn fail_all(
    engine: &Engine,
    feed: &Arc<FollowedFeed>,
    scope: &Scope,
    error: &UpdateError,
    watched: &Watched,
) {
    let began = Instant::now();
    let known = known_sources(engine, feed).await.unwrap_or_default();
    let known = known
        .into_iter()
        .map(|status| status.name)
        .filter(|name| scope.has(name));
    let mut known: Vec<String> = known.collect();
    if known.is_empty() {
        known.push(feed.name().to_owned());
    }
    for source in known {
        let ending = source::failed(engine, &stored(&source, feed), error).await;
        let skipped = BTreeMap::new();
        let outcome = SourceOutcome {
            source,
            ending,
            skipped,
            elapsed: began.elapsed(),
        };
        source::report(feed.name(), &outcome);
        watched.ended(outcome);
    }
}

async fn known_sources(
    engine: &Engine,
    feed: &FollowedFeed,
) -> Result<Vec<SourceStatus>, UpdateError> {
    let mut sources = engine.store.sources().await?;
    sources.retain(|source| source.feed == feed.name());
    Ok(sources)
}

/// Takes out what the feed had and has no more, such as a branch that left its mirror, and tells
/// those who asked for a source that is not there.
async fn retire_missing(
    engine: &Engine,
    feed: &Arc<FollowedFeed>,
    scope: &Scope,
    sources: &[Source],
    watched: &Watched,
) {
    let exists = |name: &str| sources.iter().any(|source| source.name == name);
    for name in scope.only.iter().flatten().filter(|name| !exists(name)) {
        let feed = feed.name().to_owned();
        let error = UpdateError::UnknownSource {
            feed,
            name: name.clone(),
        };
        watched.ended(SourceOutcome {
            source: name.clone(),
            ending: Ending::Failed(error.public()),
            skipped: BTreeMap::new(),
            elapsed: std::time::Duration::ZERO,
        });
    }
    if scope.only.is_some() {
        return;
    }
    let known = match known_sources(engine, feed).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(
                feed = feed.name(),
                error = %Chain(&error),
                "sources that are gone are not looked for"
            );
            return;
        }
    };
    for gone in known
        .iter()
        .filter(|known| !exists(&known.name) && !is_retired(known))
    {
        let began = Instant::now();
        let target = stored(&gone.name, feed);
        let ending = match retire(engine, &gone.name, feed).await {
            Ok(None) => Ending::Busy,
            Ok(Some(Outcome::Unchanged)) => Ending::Unchanged,
            Ok(Some(Outcome::Changed(operation))) => {
                engine.announce(&operation).await;
                Ending::Updated(operation)
            }
            Err(error) => source::failed(engine, &target, &error).await,
        };
        let (source, skipped) = (gone.name.clone(), BTreeMap::new());
        let outcome = SourceOutcome {
            source,
            ending,
            skipped,
            elapsed: began.elapsed(),
        };
        source::report(feed.name(), &outcome);
        watched.ended(outcome);
    }
}

/// Whether a source was taken out: it has no document, and nothing to complain about.
pub(crate) fn is_retired(status: &SourceStatus) -> bool {
    status.fingerprint.is_empty() && status.error.is_empty()
}

/// Makes a source one that states nothing. `None` if somebody else is at it.
async fn retire(
    engine: &Engine,
    name: &str,
    feed: &FollowedFeed,
) -> Result<Option<Outcome>, UpdateError> {
    let Some(lock) = engine.store.try_lock(LockName::Source(name)).await? else {
        return Ok(None);
    };
    let work = async {
        let update = engine.store.begin_update(&stored(name, feed)).await?;
        tracing::info!(
            feed = feed.name(),
            source = name,
            "no longer published, taken out"
        );
        Ok(update.commit(&Provenance::default()).await?)
    };
    source::while_held(&lock, work).await.map(Some)
}
