//! Queues of work.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use async_nats::jetstream::message::PublishMessage;
use tokio_util::sync::CancellationToken;

use crate::bus::Sent;
use crate::consumer::Consumer;
use crate::job::{Delivery, Return};
use crate::payload::encode;
use crate::worker::{self, ConsumeOptions, Sources};
use crate::{Bus, DeadLetters, Error, Failure, Work, header, stream, subject};

/// How urgent work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Before everything else.
    High,
    /// As usual.
    Normal,
    /// After everything else.
    Low,
}

impl Priority {
    /// All, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The name in subjects.
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no priority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a priority: expected high, normal or low")]
pub struct UnknownPriority(String);

impl FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL
            .into_iter()
            .find(|priority| priority.name() == name);
        known.ok_or_else(|| UnknownPriority(name.to_owned()))
    }
}

/// What became of work that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is in the queue now.
    Queued,
    /// It was waiting or in progress already with this priority. What is pushed now has taken its
    /// place, since it may know better how to do it (newer credentials).
    AlreadyQueued,
}

/// How much is in a queue with one priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    /// The priority.
    pub priority: Priority,
    /// How many wait.
    pub waiting: u64,
    /// How many are in progress, or pause before another attempt.
    pub in_progress: u64,
}

/// The queue of one kind of work.
///
/// Work leaves it when its handler has succeeded, or as a dead letter. Until then the same work, by
/// its [key](Work::key), is in it at most once per priority.
#[derive(Debug, Clone)]
pub struct WorkQueue<W> {
    bus: Bus,
    work: PhantomData<fn() -> W>,
}

impl<W: Work> WorkQueue<W> {
    pub(crate) fn new(bus: Bus) -> Self {
        Self {
            bus,
            work: PhantomData,
        }
    }

    /// Puts work into the queue. When this returns without an error, it is stored.
    pub async fn push(&self, work: &W, priority: Priority) -> Result<Pushed, Error> {
        let subject = subject::work(W::QUEUE, priority, &work.key())?;
        let payload = encode(work)?;
        self.bus.check_size(payload.len())?;
        let message = PublishMessage::build()
            .payload(payload)
            .headers(header::new());
        let first = message.clone().expected_last_subject_sequence(0);
        let pushed = match self.bus.send(subject.clone(), first).await? {
            Sent::Stored => Pushed::Queued,
            Sent::Conflict => {
                self.bus.send(subject, message).await?;
                Pushed::AlreadyQueued
            }
        };
        self.bus.hint(subject::work_hint(W::QUEUE)).await;
        Ok(pushed)
    }

    /// Does the work in the queue, until `stop`. Never fails: while the server is away it waits.
    ///
    /// More urgent work is begun first, but of sixteen pieces at least one is taken from each
    /// priority that has any.
    pub async fn consume<F, R>(&self, options: ConsumeOptions, handler: F, stop: CancellationToken)
    where
        F: Fn(Delivery<W>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let sources = Sources {
            consumers: Priority::ALL
                .map(|priority| consumer::<W>(priority, &options))
                .into(),
            hint: subject::work_hint(W::QUEUE),
            returns: Return::Anew,
        };
        worker::run(self.bus.clone(), sources, options, handler, stop).await;
    }

    /// How much is in the queue, the most urgent first.
    pub async fn depth(&self) -> Result<Vec<QueueDepth>, Error> {
        let options = ConsumeOptions::for_work(1);
        let mut depths = Vec::new();
        for priority in Priority::ALL {
            let info = consumer::<W>(priority, &options).info(&self.bus).await?;
            depths.push(QueueDepth {
                priority,
                waiting: info.num_pending,
                in_progress: u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX),
            });
        }
        Ok(depths)
    }

    /// The work that failed for good.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.bus.clone(), subject::dead_work(W::QUEUE))
    }
}

fn consumer<W: Work>(priority: Priority, options: &ConsumeOptions) -> Consumer {
    Consumer::new(
        stream::WORK,
        format!("{}-{priority}", W::QUEUE),
        subject::lane(W::QUEUE, priority),
        options.ack_wait,
    )
}
