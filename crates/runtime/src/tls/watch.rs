//! Keeps what was read from files as the files are.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;
use tracing::{error, info};

use super::TlsError;
use crate::Shutdown;

/// Watches the files of all configurations that were made with it.
#[derive(Clone, Default)]
pub struct CertificateWatch {
    watched: Arc<Mutex<Vec<Arc<dyn Reload>>>>,
}

impl CertificateWatch {
    /// How often files are looked at.
    pub const INTERVAL: Duration = Duration::from_secs(10);

    /// Looks at the files every [`INTERVAL`](Self::INTERVAL), and reads them whatever they look
    /// like when the process is sent SIGHUP, until it is shut down. What cannot be read is logged,
    /// and what was read before goes on being used.
    pub async fn run(self, shutdown: Shutdown) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => {
                error!(%error, "certificates are not followed");
                return;
            }
        };
        let mut ticks = tokio::time::interval(Self::INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let forced = tokio::select! {
                () = shutdown.begun() => return,
                _ = hangup.recv() => true,
                _ = ticks.tick() => false,
            };
            self.check(forced);
        }
    }

    /// Reads the files that changed, or all.
    pub(super) fn check(&self, forced: bool) {
        let watched = self
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for watched in watched {
            watched.reload(forced);
        }
    }

    /// Reads a value from files, and follows them from then on.
    pub(super) fn follow<T: Send + Sync + 'static>(
        &self,
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, TlsError> + Send + Sync + 'static,
    ) -> Result<Arc<Followed<T>>, TlsError> {
        // Before they are read: a change in between is found the next time.
        let stamps = stamps(&files);
        let followed = Arc::new(Followed {
            current: ArcSwap::from_pointee(read()?),
            files,
            read: Box::new(read),
            stamps: Mutex::new(stamps),
        });
        self.watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&followed) as Arc<dyn Reload>);
        Ok(followed)
    }
}

impl fmt::Debug for CertificateWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateWatch").finish_non_exhaustive()
    }
}

/// A value that is as its files are.
pub(super) struct Followed<T> {
    current: ArcSwap<T>,
    files: Vec<PathBuf>,
    read: Box<dyn Fn() -> Result<T, TlsError> + Send + Sync>,
    stamps: Mutex<Vec<Stamp>>,
}

/// What tells that a file has changed: a hash of its content, since a file that is written twice
/// within a tick of the clock keeps its time. `None` for one that cannot be read.
type Stamp = Option<u64>;

impl<T> Followed<T> {
    pub(super) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }
}

impl<T> fmt::Debug for Followed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

trait Reload: Send + Sync {
    fn reload(&self, forced: bool);
}

impl<T: Send + Sync> Reload for Followed<T> {
    fn reload(&self, forced: bool) {
        let mut known = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let found = stamps(&self.files);
        if *known == found && !forced {
            return;
        }
        // Also where they cannot be read: that is told once, until they change again. A key that
        // is written after its certificate is such a change.
        *known = found;
        match (self.read)() {
            Ok(value) => {
                self.current.store(Arc::new(value));
                info!(files = ?self.files, "certificates read again");
            }
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                error!(error, files = ?self.files, "certificates cannot be read again");
            }
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| {
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(file).ok()?);
        Some(hasher.finish())
    };
    files.iter().map(stamp).collect()
}
