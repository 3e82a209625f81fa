//! Keeping the local copy up to date.
//!
//! Events say when to look, and so does the clock, should an event get lost; what has changed is
//! then seen by comparing the update operations. So it does not matter which events come, how
//! often, or in what order.

mod events;
mod segment;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use clair_store::{SourceStatus, Store};
use clair_vulndb::{NewSegment, SourceInfo, Update};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::JoinError;

use crate::generation::Generations;
use crate::health::Checks;
use crate::metrics;

pub(crate) use self::events::Events;

const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Why the local copy could not be brought up to date.
#[derive(Debug, Error)]
pub(crate) enum SyncError {
    #[error("cannot read from the database")]
    Database(#[from] clair_store::Error),
    #[error("cannot write the local copy")]
    Copy(#[from] clair_vulndb::Error),
    #[error("writing the local copy was interrupted")]
    Interrupted(#[from] JoinError),
}

/// What the database has, as far as it is known here.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    sources: ArcSwap<Vec<SourceStatus>>,
    wanted: Notify,
}

impl Latest {
    /// The sources with records, by name, as they were when they were last asked for.
    pub(crate) fn sources(&self) -> Arc<Vec<SourceStatus>> {
        self.sources.load_full()
    }

    /// Asks for them soon.
    pub(crate) fn look(&self) {
        self.wanted.notify_one();
    }
}

/// Brings the local copy up to date, again and again.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) store: Store,
    pub(crate) copy: clair_vulndb::Store,
    pub(crate) generations: Arc<Generations>,
    pub(crate) latest: Arc<Latest>,
    pub(crate) poll_interval: Duration,
    pub(crate) events: Events,
    pub(crate) checks: Checks,
}

impl Follower {
    /// Follows until it is dropped. What is being written then never was.
    pub(crate) async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let result = self.sync().await;
            metrics::synced(result.is_ok());
            self.checks
                .synced(result.as_ref().err().map(|error| error as _));
            self.checks
                .loaded(self.generations.current().is_some())
                .await;
            let wait = match result {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    self.poll_interval
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "security data is not up to date");
                    let wait = pause.min(self.poll_interval);
                    pause = (pause * 2).min(self.poll_interval);
                    wait
                }
            };
            tokio::select! {
                () = self.events.changed() => {}
                () = self.latest.wanted.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Compares the local copy with the database, and replaces what differs.
    async fn sync(&self) -> Result<(), SyncError> {
        let sources = self.sources().await?;
        let copy = self.copy.clone();
        let update = blocking(move || Ok(copy.lock()?)).await?;
        let plan = Plan::new(update.sources(), &sources);
        let (copy, generations) = (self.copy.clone(), Arc::clone(&self.generations));
        if plan.is_empty() {
            // Where the last commit could not be opened, it is tried again.
            let is_open = generations.have(update.sources());
            let open = move || Ok(generations.open(copy.dir())?);
            return if is_open {
                Ok(())
            } else {
                blocking(open).await
            };
        }
        let (segments, failure) = self.rebuild(&update, &plan).await;
        let changes = Changes {
            segments,
            checked: plan.checked,
            gone: plan.gone,
        };
        blocking(move || {
            changes.apply(update)?;
            Ok(generations.open(copy.dir())?)
        })
        .await?;
        failure.map_or(Ok(()), Err)
    }

    async fn sources(&self) -> Result<Arc<Vec<SourceStatus>>, SyncError> {
        let mut sources = self.store.sources().await?;
        sources.retain(|source| source.operation.is_some());
        let sources = Arc::new(sources);
        self.latest.sources.store(Arc::clone(&sources));
        Ok(sources)
    }

    /// Makes the segments of what changed. One that fails does not hinder the others; the last
    /// failure is given.
    async fn rebuild(&self, update: &Update, plan: &Plan) -> (Vec<NewSegment>, Option<SyncError>) {
        let mut segments = Vec::new();
        let mut failure = None;
        for name in &plan.changed {
            let began = Instant::now();
            let made = segment::rebuild(&self.store, name, update).await;
            metrics::segment(began.elapsed(), made.is_ok());
            match made {
                Ok(segment) => {
                    let elapsed = began.elapsed();
                    tracing::info!(source = name, ?elapsed, "segment rebuilt");
                    segments.extend(segment);
                }
                Err(error) => {
                    let cause = &error as &dyn std::error::Error;
                    tracing::warn!(source = name, error = cause, "segment not rebuilt");
                    failure = Some(error);
                }
            }
        }
        (segments, failure)
    }
}

/// What has to be done to the local copy.
#[derive(Debug, Default)]
struct Plan {
    /// Sources with another operation.
    changed: Vec<String>,
    /// Sources that have answered since, without a change.
    checked: Vec<SourceStatus>,
    /// Sources that the database has no more.
    gone: Vec<String>,
}

impl Plan {
    fn new<'c>(copied: impl Iterator<Item = &'c SourceInfo>, latest: &[SourceStatus]) -> Self {
        let mut plan = Self::default();
        let mut known = HashSet::new();
        for copy in copied {
            known.insert(copy.name.as_str());
            let source = latest.binary_search_by(|source| source.name.as_str().cmp(&copy.name));
            match source.ok().map(|index| &latest[index]) {
                None => plan.gone.push(copy.name.clone()),
                Some(source) if copy.fingerprint != segment::fingerprint(source) => {
                    plan.changed.push(copy.name.clone());
                }
                Some(source) if source.succeeded.is_some_and(|time| time != copy.fetched) => {
                    plan.checked.push(source.clone());
                }
                Some(_) => {}
            }
        }
        let new = latest.iter().map(|source| &source.name);
        plan.changed
            .extend(new.filter(|name| !known.contains(name.as_str())).cloned());
        plan
    }

    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.checked.is_empty() && self.gone.is_empty()
    }
}

/// What is committed together.
struct Changes {
    segments: Vec<NewSegment>,
    checked: Vec<SourceStatus>,
    gone: Vec<String>,
}

impl Changes {
    fn apply(self, mut update: Update) -> Result<(), clair_vulndb::Error> {
        for segment in self.segments {
            update.replace(segment);
        }
        for source in self.checked {
            if let Some(succeeded) = source.succeeded {
                update.touch(&source.name, succeeded, segment::fingerprint(&source))?;
            }
        }
        for name in self.gone {
            tracing::info!(source = name, "source removed");
            update.remove(&name)?;
        }
        update.commit()
    }
}

async fn blocking<T: Send + 'static>(
    function: impl FnOnce() -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    tokio::task::spawn_blocking(function).await?
}

/// Opens the directory of the local copy, and what is in it. A copy that cannot be read is thrown
/// away: the database has it all.
pub(crate) fn open(
    directory: &Path,
    generations: &Generations,
) -> Result<clair_vulndb::Store, clair_vulndb::Error> {
    use clair_vulndb::Error;
    match generations.open(directory) {
        Ok(()) => {}
        Err(error @ (Error::Manifest { .. } | Error::Segment { .. } | Error::Newer { .. })) => {
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(error = cause, "the local copy is of no use, and made anew");
            let removed = std::fs::remove_dir_all(directory);
            removed.map_err(|source| Error::Io {
                path: directory.to_owned(),
                action: "cannot remove the damaged copy",
                source,
            })?;
        }
        Err(error) => return Err(error),
    }
    clair_vulndb::Store::open(directory)
}
