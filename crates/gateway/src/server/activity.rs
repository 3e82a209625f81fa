//! Whether a connection has requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use tokio::time::Instant;

use crate::attached::Attached;

/// The requests of a connection. Copies share it.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    requests: usize,
    /// When there were none for the last time.
    since: Instant,
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Busy(Activity);

impl Default for Activity {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            requests: 0,
            since: Instant::now(),
        })))
    }
}

impl Activity {
    pub(super) fn begin(&self) -> Busy {
        self.change(|requests| requests + 1);
        Busy(self.clone())
    }

    /// Waits until there have been no requests for so long.
    pub(super) async fn idle_for(&self, time: Duration) {
        loop {
            let until = {
                let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let since = if state.requests > 0 {
                    Instant::now()
                } else {
                    state.since
                };
                since + time
            };
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests = change(state.requests);
        state.since = Instant::now();
    }
}

impl Busy {
    /// An answer at whose end the request is over.
    pub(super) fn until_the_end_of(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Attached::new(body, self)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|requests| requests.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_after_its_last_request() {
        let activity = Activity::default();
        let began = Instant::now();
        let busy = activity.begin();
        let ending = async {
            tokio::time::sleep(10 * TIME).await;
            drop(busy);
        };
        tokio::join!(ending, activity.idle_for(TIME));
        assert_eq!(began.elapsed(), 11 * TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle_from_its_beginning() {
        let began = Instant::now();
        Activity::default().idle_for(TIME).await;
        assert_eq!(began.elapsed(), TIME);
    }
}
