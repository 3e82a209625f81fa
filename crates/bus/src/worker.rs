//! Receiving: fetches messages while there are free slots, and gives each to a job.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use futures::StreamExt as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::consumer::Consumer;
use crate::job::{Delivery, Job, Return};
use crate::{Attempts, Bus, Failure, Payload};

const DELIVERIES: &str = "clair_bus_deliveries_total";
const HANDLING_SECONDS: &str = "clair_bus_handling_seconds";
const IN_PROGRESS: &str = "clair_bus_in_progress";

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!(
        DELIVERIES,
        "Deliveries that ended, by consumer and outcome (done, retried, dead, returned)"
    );
    describe_histogram!(
        HANDLING_SECONDS,
        Unit::Seconds,
        "Time of a handler, by consumer"
    );
    describe_gauge!(IN_PROGRESS, "Deliveries in progress, by consumer");
}

/// How deliveries are received.
#[derive(Debug, Clone)]
pub struct ConsumeOptions {
    /// How many handlers run at once.
    pub concurrency: usize,
    /// How often a delivery is tried.
    pub attempts: Attempts,
    /// How long a delivery may be without a sign of life before another replica gets it. A sign
    /// is sent three times in that time for as long as the handler runs.
    pub ack_wait: Duration,
    /// How long handlers may go on after `stop`.
    pub grace: Duration,
    /// How often to look without being told that there is something.
    pub poll: Duration,
}

impl ConsumeOptions {
    /// The defaults for work.
    pub fn for_work(concurrency: usize) -> Self {
        Self {
            concurrency,
            attempts: Attempts::for_work(),
            ack_wait: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            poll: Duration::from_secs(1),
        }
    }

    /// The defaults for events.
    pub fn for_events(concurrency: usize) -> Self {
        Self {
            attempts: Attempts::for_events(),
            ..Self::for_work(concurrency)
        }
    }
}

/// What a worker receives from.
pub(crate) struct Sources {
    /// The consumers, the most urgent one first.
    pub(crate) consumers: Vec<Consumer>,
    /// Where it is told that there is something new.
    pub(crate) hint: String,
    /// How a delivery is given back.
    pub(crate) returns: Return,
}

/// Receives until `stop`, then waits for the handlers or takes from them what they have.
pub(crate) async fn run<P, F, R>(
    bus: Bus,
    mut sources: Sources,
    options: ConsumeOptions,
    handler: F,
    stop: CancellationToken,
) where
    P: Payload,
    F: Fn(Delivery<P>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let handler = Arc::new(handler);
    let slots = Arc::new(Semaphore::new(options.concurrency.max(1)));
    let (jobs, cut) = (TaskTracker::new(), CancellationToken::new());
    let mut watcher = Watcher::new(&bus, &sources.hint, options.poll).await;
    let mut turn = 0;
    loop {
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            permit = slots.clone().acquire_owned() => permit,
        };
        let next = watcher
            .next(&bus, &mut sources.consumers, turn, &stop)
            .await;
        let (Ok(permit), Some((consumer, message))) = (permit, next) else {
            break;
        };
        turn += 1;
        let job = Job {
            bus: bus.clone(),
            message,
            consumer,
            returns: sources.returns,
            attempts: options.attempts.clone(),
            ack_wait: options.ack_wait,
            stop: stop.clone(),
            cut: cut.clone(),
        };
        let handler = handler.clone();
        jobs.spawn(async move {
            let _permit = permit;
            job.run::<P, F, R>(&handler).await;
        });
    }
    jobs.close();
    if tokio::time::timeout(options.grace, jobs.wait())
        .await
        .is_err()
    {
        cut.cancel();
        jobs.wait().await;
    }
}

/// The order in which consumers are asked, by their positions. The first one goes first, but not
/// always, so that the others get on however much it has: of sixteen turns, three begin with the
/// second one and one with the third.
fn order(turn: u64, count: usize) -> impl Iterator<Item = usize> {
    let first = match turn % 16 {
        15 => 2,
        3 | 7 | 11 => 1,
        _ => 0,
    };
    let first = if first < count { first } else { 0 };
    std::iter::once(first).chain((0..count).filter(move |&position| position != first))
}

/// Waits for messages.
struct Watcher {
    hints: Option<async_nats::Subscriber>,
    poll: Duration,
    /// Whether the last attempt failed, so that it is told once only.
    is_troubled: bool,
}

impl Watcher {
    async fn new(bus: &Bus, hint: &str, poll: Duration) -> Self {
        let subscribing = bus.client().subscribe(hint.to_owned());
        Self {
            // It is renewed by the client after every interruption.
            hints: subscribing.await.ok(),
            poll,
            is_troubled: false,
        }
    }

    /// The next message with the name of its consumer; none after `stop`.
    ///
    /// Fetching is not interrupted, since a message may be on its way already.
    async fn next(
        &mut self,
        bus: &Bus,
        consumers: &mut [Consumer],
        turn: u64,
        stop: &CancellationToken,
    ) -> Option<(String, Message)> {
        loop {
            let mut is_troubled = false;
            for position in order(turn, consumers.len()) {
                if stop.is_cancelled() {
                    return None;
                }
                let consumer = &mut consumers[position];
                match consumer.fetch(bus).await {
                    Ok(Some(message)) => {
                        self.is_troubled = false;
                        return Some((consumer.name.clone(), message));
                    }
                    Ok(None) => {}
                    Err(error) => {
                        is_troubled = true;
                        if !self.is_troubled {
                            let error: &dyn std::error::Error = &error;
                            tracing::warn!(consumer = consumer.name, error, "cannot receive");
                        }
                        break;
                    }
                }
            }
            self.is_troubled = is_troubled;
            let poll = self.poll;
            tokio::select! {
                () = stop.cancelled() => return None,
                () = self.hint() => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
    }

    async fn hint(&mut self) {
        if let Some(hints) = &mut self.hints
            && hints.next().await.is_some()
        {
            return;
        }
        self.hints = None;
        std::future::pending::<()>().await;
    }
}

/// Counts the end of a delivery.
pub(crate) fn count(consumer: &str, outcome: &'static str) {
    metrics::counter!(DELIVERIES, "consumer" => consumer.to_owned(), "outcome" => outcome)
        .increment(1);
}

/// Counts a handler for as long as it lives.
pub(crate) struct Running {
    consumer: String,
    began: std::time::Instant,
}

impl Running {
    pub(crate) fn begin(consumer: &str) -> Self {
        metrics::gauge!(IN_PROGRESS, "consumer" => consumer.to_owned()).increment(1.0);
        Self {
            consumer: consumer.to_owned(),
            began: std::time::Instant::now(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        metrics::gauge!(IN_PROGRESS, "consumer" => self.consumer.clone()).decrement(1.0);
        metrics::histogram!(HANDLING_SECONDS, "consumer" => self.consumer.clone())
            .record(self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_goes_first_but_the_others_get_on() {
        let mut first = [0; 3];
        for turn in 0..160 {
            let order: Vec<usize> = order(turn, 3).collect();
            first[order[0]] += 1;
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2], "every consumer is asked once");
            if order[0] == 0 {
                assert_eq!(order, [0, 1, 2]);
            }
        }
        assert_eq!(first, [120, 30, 10]);
    }

    #[test]
    fn a_single_consumer_is_always_the_first() {
        assert!((0..32).all(|turn| order(turn, 1).eq([0])));
    }
}
