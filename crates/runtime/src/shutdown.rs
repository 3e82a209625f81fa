//! How a process ends: told once, it finishes its work or gives it back; told twice, it ends at
//! once.

use std::future::Future;
use std::process;
use std::time::Duration;
use std::{fmt, io};

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

/// Tells the tasks of a process to end and waits for them. Copies share everything.
#[derive(Debug, Clone)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
    limit: Duration,
}

/// Tasks went on for longer than they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{tasks} tasks did not end within {limit:?}")]
pub struct NotDrained {
    /// How many.
    pub tasks: usize,
    /// What they were given.
    pub limit: Duration,
}

impl Shutdown {
    /// Nothing has been told to end yet. Once it is, it has `limit` to do so.
    pub fn new(limit: Duration) -> Self {
        Self {
            token: CancellationToken::new(),
            tasks: TaskTracker::new(),
            limit,
        }
    }

    /// Begins when the process is sent SIGINT or SIGTERM, and ends the process when it is sent
    /// one of them again.
    ///
    /// # Errors
    ///
    /// When the signals cannot be listened to.
    pub fn begin_on_signals(&self) -> io::Result<()> {
        let mut signals = Signals::listen()?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            let first = signals.next().await;
            info!(signal = %first, limit = ?shutdown.limit, "shutting down");
            shutdown.begin();
            let second = signals.next().await;
            warn!(signal = %second, "ending at once");
            process::exit(second.exit_status());
        });
        Ok(())
    }

    /// Tells all tasks to end.
    pub fn begin(&self) {
        self.token.cancel();
        self.tasks.close();
    }

    /// Whether tasks have been told to end.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns when tasks are told to end.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// What tasks are told by. Cancelling it begins the shutdown of this process.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Runs a task that is waited for at the end. It has to end on its own once that has
    /// [begun](Self::begun).
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// As [`spawn`](Self::spawn), for work that blocks its thread.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn_blocking(work)
    }

    /// Waits until shutdown has begun and all tasks have ended.
    ///
    /// # Errors
    ///
    /// When they take longer than they are given.
    pub async fn drained(&self) -> Result<(), NotDrained> {
        self.begun().await;
        // Where the token was cancelled by its own, nothing has closed this yet.
        self.tasks.close();
        let ended = timeout(self.limit, self.tasks.wait()).await;
        ended.map_err(|_| NotDrained {
            tasks: self.tasks.len(),
            limit: self.limit,
        })
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[derive(Clone, Copy)]
enum Received {
    Interrupt,
    Terminate,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Received {
        tokio::select! {
            _ = self.interrupt.recv() => Received::Interrupt,
            _ = self.terminate.recv() => Received::Terminate,
        }
    }
}

impl Received {
    /// What shells report of a process that a signal ended.
    fn exit_status(self) -> i32 {
        let number = match self {
            Self::Interrupt => SignalKind::interrupt(),
            Self::Terminate => SignalKind::terminate(),
        };
        128 + number.as_raw_value()
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tasks_are_told_and_waited_for() {
        let shutdown = Shutdown::new(Duration::from_secs(10));
        let finished = Arc::new(AtomicBool::new(false));
        shutdown.spawn({
            let (shutdown, finished) = (shutdown.clone(), Arc::clone(&finished));
            async move {
                shutdown.begun().await;
                tokio::time::sleep(Duration::from_secs(9)).await;
                finished.store(true, Ordering::SeqCst);
            }
        });
        assert!(!shutdown.has_begun());
        shutdown.begin();
        assert_eq!(shutdown.drained().await, Ok(()));
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_do_not_end_are_left_behind() {
        let shutdown = Shutdown::new(Duration::from_secs(10));
        shutdown.spawn(std::future::pending::<()>());
        shutdown.spawn(async {});
        shutdown.token().cancel();
        let expected = NotDrained {
            tasks: 1,
            limit: Duration::from_secs(10),
        };
        assert_eq!(shutdown.drained().await, Err(expected));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_drained_before_it_has_begun() {
        let shutdown = Shutdown::new(Duration::from_secs(1));
        assert!(
            timeout(Duration::from_mins(1), shutdown.drained())
                .await
                .is_err()
        );
    }
}
