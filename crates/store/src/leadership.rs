//! Locks by which replicas share work: one of them indexes a manifest, one updates a source.
//!
//! They are advisory locks of a database session, so they end with the process that holds them,
//! however it ends. All locks of a process are in one session, so that it may hold any number of
//! them with one connection. A task owns that session; when the session breaks, every lock is
//! lost at once and its holder told.
//!
//! Nothing depends on a lock for being correct: what the holder of a lost lock still writes is
//! guarded by the transaction that writes it. Locks save work that would be done twice.
//!
//! A session outlives a pooler in transaction mode (`PgBouncer`), so the database must be reached
//! directly, or through a pooler in session mode.

mod session;

use std::fmt;
use std::time::Duration;

use clair_model::Digest;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::session::{Request, Session};
use crate::{Error, Store, hash};

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockName<'a> {
    /// The indexing of a manifest.
    Manifest(&'a Digest),
    /// The update of a source.
    Source(&'a str),
    /// Something that one of all replicas does, such as collecting garbage.
    Duty(&'a str),
}

impl LockName<'_> {
    /// A number that no other name has, and no other program should use. Two names with the same
    /// number, one of 2³² pairs or so, would wait for each other, no more.
    pub(crate) fn key(self) -> i64 {
        let name = format!("clair {self}");
        let hash = hash::of_bytes(name.as_bytes()).into_bytes();
        let mut key = [0; 8];
        key.copy_from_slice(&hash[..8]);
        i64::from_be_bytes(key)
    }
}

impl fmt::Display for LockName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(digest) => write!(f, "manifest {digest}"),
            Self::Source(name) => write!(f, "source {name}"),
            Self::Duty(name) => write!(f, "duty {name}"),
        }
    }
}

/// A lock that is held until it is dropped, or lost.
#[derive(Debug)]
pub struct Lock {
    key: i64,
    /// Tells it from an earlier lock of the same name that was lost.
    number: u64,
    lost: CancellationToken,
    requests: mpsc::UnboundedSender<Request>,
}

impl Lock {
    /// Whether it was lost, since the connection to the database broke: another process may hold
    /// it now.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// Waits until it is lost. Work under the lock should end then.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let release = Request::Release {
            key: self.key,
            number: self.number,
        };
        // When the session has ended, so has the lock.
        let _ = self.requests.send(release);
    }
}

impl Store {
    /// Takes a lock if nobody has it, in this process or another.
    pub async fn try_lock(&self, name: LockName<'_>) -> Result<Option<Lock>, Error> {
        self.locks.acquire(name).await
    }

    /// Takes a lock, and waits while somebody has it.
    pub async fn lock(&self, name: LockName<'_>) -> Result<Lock, Error> {
        let mut pause = Duration::from_millis(50);
        loop {
            if let Some(lock) = self.try_lock(name).await? {
                return Ok(lock);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}

/// The locks of this process.
#[derive(Debug, Clone)]
pub(crate) struct Locks {
    requests: mpsc::UnboundedSender<Request>,
}

impl Locks {
    /// The session is opened with the first lock, and its task ends with the last copy of this.
    pub(crate) fn new(address: PgConnectOptions) -> Self {
        let (requests, receiver) = mpsc::unbounded_channel();
        let session = Session::new(address, requests.downgrade(), receiver);
        tokio::spawn(session.run());
        Self { requests }
    }

    async fn acquire(&self, name: LockName<'_>) -> Result<Option<Lock>, Error> {
        let (reply, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Acquire {
            key: name.key(),
            reply,
        });
        answer
            .await
            .unwrap_or(Err(Error::Unavailable(sqlx::Error::PoolClosed)))
    }

    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        let _ = self.requests.send(Request::Close { reply });
        let _ = closed.await;
    }
}
