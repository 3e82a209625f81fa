//! Work that several wait for: it is done once, and goes on until the last of them has gone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clair_model::Digest;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

type Shared<R, P, V> = Arc<Mutex<HashMap<Digest, Running<R, P, V>>>>;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Work by the digest of what it is about. `R` is the request that began it, `P` tells how far it
/// has come, `V` is its outcome.
#[derive(Debug)]
pub(crate) struct Flights<R, P, V> {
    running: Shared<R, P, V>,
}

#[derive(Debug)]
struct Running<R, P, V> {
    /// Tells it from an earlier one about the same.
    number: u64,
    request: R,
    waiters: usize,
    progress: watch::Receiver<P>,
    outcome: watch::Receiver<Option<V>>,
    cancel: CancellationToken,
}

/// Somebody who waits.
#[derive(Debug)]
pub(crate) struct Waiter<R, P, V> {
    key: Digest,
    number: u64,
    running: Shared<R, P, V>,
    outcome: watch::Receiver<Option<V>>,
    /// How far it has come.
    pub(crate) progress: watch::Receiver<P>,
    /// Whether it was begun by another request, so that one's own may have another outcome.
    pub(crate) is_of_other_request: bool,
}

impl<R, P, V> Flights<R, P, V>
where
    R: PartialEq + Clone + Send + 'static,
    P: Default + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self {
            running: Arc::default(),
        }
    }

    /// Joins the work that is going on, or begins it. It should end when its token is cancelled.
    pub(crate) fn join<F>(
        &self,
        key: &Digest,
        request: &R,
        begin: impl FnOnce(watch::Sender<P>, CancellationToken) -> F,
    ) -> Waiter<R, P, V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut running = lock(&self.running);
        let flight = match running.entry(key.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (progress_sender, progress) = watch::channel(P::default());
                let (outcome_sender, outcome) = watch::channel(None);
                let cancel = CancellationToken::new();
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let landing = Landing {
                    key: key.clone(),
                    number,
                    running: Arc::clone(&self.running),
                };
                let work = begin(progress_sender, cancel.clone());
                let flown = async move {
                    let _landing = landing;
                    outcome_sender.send_replace(Some(work.await));
                };
                tokio::spawn(flown.in_current_span());
                entry.insert(Running {
                    number,
                    request: request.clone(),
                    waiters: 0,
                    progress,
                    outcome,
                    cancel,
                })
            }
        };
        flight.waiters += 1;
        Waiter {
            key: key.clone(),
            running: Arc::clone(&self.running),
            number: flight.number,
            outcome: flight.outcome.clone(),
            progress: flight.progress.clone(),
            is_of_other_request: flight.request != *request,
        }
    }
}

impl<R, P, V: Clone> Waiter<R, P, V> {
    /// Waits for the outcome. `None` if the work panicked.
    pub(crate) async fn outcome(&mut self) -> Option<V> {
        let outcome = self.outcome.wait_for(Option::is_some).await;
        outcome.ok().and_then(|outcome| outcome.clone())
    }
}

impl<R, P, V> Drop for Waiter<R, P, V> {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        // It may have ended, and another may have been begun.
        let Some(flight) = running
            .get_mut(&self.key)
            .filter(|one| one.number == self.number)
        else {
            return;
        };
        flight.waiters -= 1;
        if flight.waiters == 0 {
            flight.cancel.cancel();
            running.remove(&self.key);
        }
    }
}

/// Takes the work out of those that can be joined, also when it panics.
struct Landing<R, P, V> {
    key: Digest,
    number: u64,
    running: Shared<R, P, V>,
}

impl<R, P, V> Drop for Landing<R, P, V> {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        if running
            .get(&self.key)
            .is_some_and(|one| one.number == self.number)
        {
            running.remove(&self.key);
        }
    }
}

/// Nothing that runs under the lock leaves it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn key() -> Digest {
        format!("sha256:{}", "0".repeat(64)).parse().unwrap()
    }

    #[tokio::test]
    async fn who_comes_while_it_goes_on_waits_for_the_same() {
        let flights: Flights<u8, (), usize> = Flights::new();
        let begun = AtomicUsize::new(0);
        let go = CancellationToken::new();
        let join = |request| {
            flights.join(&key(), &request, |_, _| {
                let number = begun.fetch_add(1, Ordering::Relaxed);
                let go = go.clone();
                async move {
                    go.cancelled().await;
                    number
                }
            })
        };
        let (mut first, mut second) = (join(1), join(2));
        assert!(!first.is_of_other_request && second.is_of_other_request);
        go.cancel();
        assert_eq!(
            (first.outcome().await, second.outcome().await),
            (Some(0), Some(0))
        );
        drop((first, second));
        assert_eq!(join(1).outcome().await, Some(1));
    }

    #[tokio::test]
    async fn it_is_cancelled_when_the_last_one_goes_and_not_before() {
        let flights: Flights<(), (), ()> = Flights::new();
        let mut token = None;
        let first = flights.join(&key(), &(), |_, cancel| {
            token = Some(cancel);
            std::future::pending()
        });
        let token = token.unwrap();
        let second = flights.join(&key(), &(), |_, _| std::future::ready(()));
        drop(first);
        assert!(!token.is_cancelled());
        drop(second);
        assert!(token.is_cancelled());
        // Who comes then does not get what was cancelled.
        let mut third = flights.join(&key(), &(), |_, _| std::future::ready(()));
        assert_eq!(third.outcome().await, Some(()));
    }

    #[tokio::test]
    async fn work_that_panics_is_over_and_can_be_begun_again() {
        let flights: Flights<(), (), u8> = Flights::new();
        let mut first = flights.join(&key(), &(), |_, _| async { panic!("on purpose") });
        assert_eq!(first.outcome().await, None);
        let mut second = flights.join(&key(), &(), |_, _| std::future::ready(7));
        assert_eq!(second.outcome().await, Some(7));
    }
}
