//! The task that owns the session of all locks.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, query_scalar};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Lock;
use crate::Error;

/// How often a session with locks is looked after, so that their loss is told.
const CHECK: Duration = Duration::from_secs(5);

/// A session that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// For a client that vanishes without a word: the server notices within half a minute, not after
/// the two hours that are usual.
const KEEPALIVES: [(&str, &str); 3] = [
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "4"),
];

/// What the task is asked to do.
#[derive(Debug)]
pub(crate) enum Request {
    Acquire {
        key: i64,
        reply: oneshot::Sender<Result<Option<Lock>, Error>>,
    },
    Release {
        key: i64,
        number: u64,
    },
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// The session. While nobody has a lock it may be closed.
pub(super) struct Session {
    address: PgConnectOptions,
    connection: Option<PgConnection>,
    held: HashMap<i64, Held>,
    next: u64,
    /// For the locks. Weak, so that the task ends when nobody is left to ask it.
    sender: mpsc::WeakUnboundedSender<Request>,
    requests: mpsc::UnboundedReceiver<Request>,
}

struct Held {
    number: u64,
    lost: CancellationToken,
}

impl Session {
    pub(super) fn new(
        address: PgConnectOptions,
        sender: mpsc::WeakUnboundedSender<Request>,
        requests: mpsc::UnboundedReceiver<Request>,
    ) -> Self {
        let address = address.options(KEEPALIVES);
        let held = HashMap::new();
        Self {
            address,
            connection: None,
            held,
            next: 0,
            sender,
            requests,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let request = if self.held.is_empty() {
                self.requests.recv().await
            } else {
                let Ok(request) = timeout(CHECK, self.requests.recv()).await else {
                    self.check().await;
                    continue;
                };
                request
            };
            match request {
                Some(Request::Acquire { key, reply }) => {
                    // A lock that nobody takes any more is dropped here, which releases it.
                    let _ = reply.send(self.acquire(key).await);
                }
                Some(Request::Release { key, number }) => self.release(key, number).await,
                Some(Request::Close { reply }) => {
                    self.close().await;
                    let _ = reply.send(());
                    return;
                }
                None => return self.close().await,
            }
        }
    }

    async fn acquire(&mut self, key: i64) -> Result<Option<Lock>, Error> {
        if self.held.contains_key(&key) {
            return Ok(None);
        }
        let taken = match self.try_advisory_lock(key).await {
            // The session may have broken while nobody used it.
            Err(error) if error.is_connection() => {
                self.lose(&error);
                self.try_advisory_lock(key).await
            }
            other => other,
        };
        match taken {
            Ok(true) => Ok(self.hold(key)),
            Ok(false) => Ok(None),
            Err(error) => {
                self.lose(&error);
                Err(error)
            }
        }
    }

    async fn try_advisory_lock(&mut self, key: i64) -> Result<bool, Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let connection = patiently(PgConnection::connect_with(&self.address)).await?;
                self.connection.insert(connection)
            }
        };
        let statement = query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(key);
        patiently(statement.fetch_one(connection)).await
    }

    fn hold(&mut self, key: i64) -> Option<Lock> {
        // Without a sender there is nobody who could have asked.
        let requests = self.sender.upgrade()?;
        let (number, lost) = (self.next, CancellationToken::new());
        self.next += 1;
        self.held.insert(
            key,
            Held {
                number,
                lost: lost.clone(),
            },
        );
        Some(Lock {
            key,
            number,
            lost,
            requests,
        })
    }

    async fn release(&mut self, key: i64, number: u64) {
        if self.held.get(&key).is_none_or(|held| held.number != number) {
            return;
        }
        self.held.remove(&key);
        let Some(connection) = &mut self.connection else {
            return;
        };
        let statement = query_scalar::<_, bool>("SELECT pg_advisory_unlock($1)").bind(key);
        if let Err(error) = patiently(statement.fetch_one(connection)).await {
            self.lose(&error);
        }
    }

    async fn check(&mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Err(error) = patiently(connection.ping()).await {
            self.lose(&error);
        }
    }

    /// Gives up the session and all locks.
    fn lose(&mut self, error: &Error) {
        self.connection = None;
        if self.held.is_empty() {
            return;
        }
        let error: &dyn std::error::Error = error;
        tracing::warn!(locks = self.held.len(), error, "locks lost");
        for (_, held) in self.held.drain() {
            held.lost.cancel();
        }
    }

    async fn close(&mut self) {
        for (_, held) in self.held.drain() {
            held.lost.cancel();
        }
        if let Some(connection) = self.connection.take() {
            let _ = timeout(PATIENCE, connection.close()).await;
        }
    }
}

async fn patiently<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Error> {
    match timeout(PATIENCE, work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Error::Unavailable(
            std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
        )),
    }
}
