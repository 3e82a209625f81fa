//! What all parts of the updater share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clair_feeds::{FetchOptions, Fetcher};
use clair_store::{Operation, Retention, Store};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::catalog::Catalog;
use crate::events::Events;
use crate::run::Runs;
use crate::{Config, Error, metrics};

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) fetcher: Arc<Fetcher>,
    pub(crate) catalog: Catalog,
    events: Arc<dyn Events>,
    pub(crate) jitter: std::time::Duration,
    pub(crate) retention: Option<Retention>,
    pub(crate) spool_dir: PathBuf,
    /// For each source that is read at the same time.
    pub(crate) readers: Semaphore,
    /// Archives are large, and packing one takes a whole processor.
    pub(crate) archives: Semaphore,
    pub(crate) runs: Runs,
    next_runs: Mutex<BTreeMap<&'static str, Timestamp>>,
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
}

impl Engine {
    pub(crate) async fn new(
        config: &Config,
        store: Store,
        shutdown: CancellationToken,
    ) -> Result<Arc<Self>, Error> {
        let options = FetchOptions {
            offline: config.offline,
            ..FetchOptions::default()
        };
        // The client of blocking requests may not be made on a thread that must not block.
        let fetcher = spawn_blocking(|| Fetcher::new(options))
            .await?
            .map_err(Error::Fetcher)?;
        let concurrency = config.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Arc::new(Self {
            store,
            fetcher: Arc::new(fetcher),
            catalog: Catalog::new(config)?,
            events: Arc::clone(&config.events),
            jitter: config.jitter,
            retention: config.retention,
            spool_dir: config.spool_dir.clone(),
            readers: Semaphore::new(concurrency),
            archives: Semaphore::new(1),
            runs: Runs::default(),
            next_runs: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown,
        }))
    }

    /// Spawns a task that is dropped when the service ends.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            shutdown.run_until_cancelled(work).await;
        });
    }

    /// Tells the others of what was committed.
    pub(crate) async fn announce(&self, operation: &Operation) {
        let published = self.events.update_applied(operation).await;
        metrics::published(published.is_ok());
        if let Err(error) = published {
            let reference = operation.reference;
            tracing::warn!(source = operation.source, %reference, error, "event not published");
        }
    }

    pub(crate) fn next_run(&self, feed: &str) -> Option<Timestamp> {
        let next = self
            .next_runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        next.get(feed).copied()
    }

    pub(crate) fn set_next_run(&self, feed: &'static str, at: Timestamp) {
        let mut next = self
            .next_runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        next.insert(feed, at);
    }
}
