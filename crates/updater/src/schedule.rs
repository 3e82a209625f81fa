//! When a feed is asked: by what the database says of the last attempts, whoever made them.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use clair_store::SourceStatus;
use jiff::{SignedDuration, Timestamp};

use crate::catalog::FollowedFeed;
use crate::engine::Engine;
use crate::error::Chain;
use crate::run::{Runs, Scope, is_retired, wait};

/// What has failed is tried again so much later, if its period is not shorter.
const RETRY: Duration = Duration::from_mins(15);

/// How long to wait when the database cannot say what is due.
const OUTAGE: Duration = Duration::from_secs(30);

/// Follows a feed, for ever.
pub(crate) async fn follow(engine: Arc<Engine>, feed: Arc<FollowedFeed>) {
    if !feed.is_enabled() {
        tracing::info!(feed = feed.name(), "the mirror has no such feed");
    }
    while !feed.is_enabled() {
        tokio::time::sleep(retry(&feed)).await;
    }
    // Whatever the database says, a run does not follow on the other at once.
    let mut not_before = Timestamp::UNIX_EPOCH;
    loop {
        let due = match next_due(&engine, &feed).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(feed = feed.name(), error = %Chain(&error), "cannot tell what is due");
                tokio::time::sleep(OUTAGE).await;
                continue;
            }
        };
        let due = due.max(not_before);
        let now = Timestamp::now();
        // What is late is not made later.
        let at = if due > now {
            later(due, random_below(engine.jitter))
        } else {
            now
        };
        engine.set_next_run(feed.name(), at);
        let pause = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        tokio::time::sleep(pause).await;
        let scope = Scope {
            due_only: true,
            ..Scope::default()
        };
        wait(&mut Runs::join(&engine, &feed, &scope).await).await;
        not_before = later(Timestamp::now(), retry(&feed));
    }
}

/// Whether a source is to be asked.
pub(crate) fn is_due(status: &SourceStatus, feed: &FollowedFeed) -> bool {
    due(status, feed) <= Timestamp::now()
}

async fn next_due(engine: &Engine, feed: &FollowedFeed) -> Result<Timestamp, clair_store::Error> {
    let sources = engine.store.sources().await?;
    let own = sources
        .iter()
        .filter(|source| source.feed == feed.name() && !is_retired(source));
    let next = own.map(|source| due(source, feed)).min();
    Ok(next.unwrap_or(Timestamp::UNIX_EPOCH))
}

fn due(status: &SourceStatus, feed: &FollowedFeed) -> Timestamp {
    let Some(attempted) = status.attempted else {
        return Timestamp::UNIX_EPOCH;
    };
    let pause = if status.error.is_empty() {
        feed.period
    } else {
        retry(feed)
    };
    later(attempted, pause)
}

fn retry(feed: &FollowedFeed) -> Duration {
    feed.period.min(RETRY)
}

fn later(time: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    time.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// Spreading replicas needs no better randomness than that of hash tables.
fn random_below(limit: Duration) -> Duration {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let random = RandomState::new().hash_one(());
    Duration::from_millis(random.checked_rem(milliseconds).unwrap_or_default())
}
