//! How much is matched at the same time.
//!
//! Matching is work of a processor, done on threads that may block. Whoever wants it takes a place
//! in one queue, first come, first served; a batch takes a place for each image when it comes to
//! it, so that it cannot push others aside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clair_rpc::{Context, Error, ErrorCode};
use futures::FutureExt as _;
use tokio::sync::Semaphore;
use tracing::Span;

use crate::Limits;
use crate::metrics;

/// When those who are refused should try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Gives everybody a turn. Copies share the turns.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    limits: Limits,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        let limits = Limits {
            matching: limits.matching.max(1),
            ..limits
        };
        Self {
            turns: Arc::new(Semaphore::new(limits.matching)),
            waiting: Arc::default(),
            limits,
        }
    }

    /// How many images of one batch may be in work or waiting: half of the turns, so that others
    /// have the other half.
    pub(crate) fn share(&self) -> usize {
        self.limits.matching.div_ceil(2)
    }

    /// Runs a function when its turn has come. A caller who goes away while waiting gives up its
    /// place; one who goes away later does not stop the function.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        function: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Place::take(self)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        drop(place);
        let (span, context) = (Span::current(), Context::current());
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            span.in_scope(|| match context {
                Some(context) => within(context, function),
                None => function(),
            })
        });
        work.await
            .unwrap_or_else(|error| Err(Error::internal(&error)))
    }
}

/// Runs a function as a part of a request, so that its errors name the request.
fn within<T>(context: Context, function: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let done = context.scope(async { function() }).now_or_never();
    // It waits for nothing.
    done.unwrap_or_else(|| Err(Error::new(ErrorCode::Internal, "internal error")))
}

/// A place in the queue, given back when it is dropped.
struct Place<'l>(&'l Limiter);

impl<'l> Place<'l> {
    fn take(limiter: &'l Limiter) -> Result<Self, Error> {
        let ahead = limiter.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(limiter);
        // Those who find a free turn do not wait.
        if ahead >= limiter.limits.waiting + limiter.turns.available_permits() {
            metrics::refused();
            let message = "too many requests are waiting to be matched";
            return Err(Error::new(ErrorCode::ResourceExhausted, message).after(RETRY_AFTER));
        }
        metrics::waiting(ahead + 1);
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let before = self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        metrics::waiting(before - 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(Limits {
            matching: 1,
            waiting: 1,
        })
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_told_to_come_again() {
        let limiter = limiter();
        let (release, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.run(move || Ok(held.recv().is_ok())).await }
        });
        while limiter.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let mut second = Box::pin(limiter.run(|| Ok(())));
        assert!(futures::poll!(&mut second).is_pending());
        let refused = limiter.run(|| Ok(())).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ResourceExhausted);
        assert_eq!(refused.retry_after(), Some(RETRY_AFTER));
        release.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        second.await.unwrap();
        limiter.run(|| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn who_goes_away_gives_the_place_up() {
        let limiter = limiter();
        let turn = Arc::clone(&limiter.turns).acquire_owned().await.unwrap();
        for _ in 0..3 {
            let mut waiting = Box::pin(limiter.run(|| Ok(())));
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        drop(turn);
        limiter.run(|| Ok(())).await.unwrap();
    }
}
