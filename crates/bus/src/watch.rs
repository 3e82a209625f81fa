//! Events for a replica that only wants to look again somewhere else.

use std::marker::PhantomData;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use futures::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::payload::decode;
use crate::{Bus, Error, Event, Health, stream, subject};

/// How long the server waits for events before it answers that there are none.
const EXPIRES: Duration = Duration::from_secs(20);
/// How long the server keeps the consumer of a replica that is gone.
const INACTIVE: Duration = Duration::from_mins(1);
/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a replica is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched<E> {
    /// Something happened.
    Event(E),
    /// From now on events are received. Whatever happened before this may have been missed: look.
    Resumed,
}

/// The events of one kind from now on, for one replica.
///
/// The first thing it tells is [`Watched::Resumed`], and again after every interruption; so whoever
/// looks then, and at each event, misses nothing.
#[derive(Debug)]
pub struct Watch<E> {
    events: mpsc::Receiver<Watched<E>>,
    _follower: AbortOnDropHandle<()>,
}

impl<E: Event> Watch<E> {
    pub(crate) fn new(bus: &Bus) -> Self {
        let (sender, events) = mpsc::channel(64);
        let follower = Follower {
            bus: bus.clone(),
            sender,
            last: None,
            event: PhantomData,
        };
        Self {
            events,
            _follower: AbortOnDropHandle::new(tokio::spawn(follower.run())),
        }
    }

    /// The next event. While the server is away it waits.
    pub async fn next(&mut self) -> Watched<E> {
        match self.events.recv().await {
            Some(watched) => watched,
            // The follower lives as long as this.
            None => std::future::pending().await,
        }
    }
}

struct Follower<E> {
    bus: Bus,
    sender: mpsc::Sender<Watched<E>>,
    /// The last event that was seen, by its number in the stream.
    last: Option<u64>,
    event: PhantomData<fn() -> E>,
}

/// The reader is gone.
struct Gone;

impl<E: Event> Follower<E> {
    async fn run(mut self) {
        let mut is_troubled = false;
        let mut health = self.bus.watch_health();
        loop {
            let connections = match health.wait_for(Health::is_healthy).await {
                Ok(health) => health.connections,
                Err(_) => return,
            };
            match self.consumer().await {
                Ok(consumer) => {
                    is_troubled = false;
                    if self
                        .follow(consumer, &mut health, connections)
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                Err(error) => {
                    if !is_troubled {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(event = E::NAME, error, "cannot watch");
                    }
                    is_troubled = true;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A consumer of this replica alone, which begins after the last event that was seen.
    async fn consumer(&self) -> Result<PullConsumer, Error> {
        let config = Config {
            deliver_policy: self.last.map_or(DeliverPolicy::New, |last| {
                DeliverPolicy::ByStartSequence {
                    start_sequence: last + 1,
                }
            }),
            ack_policy: AckPolicy::None,
            filter_subject: subject::event(E::NAME),
            inactive_threshold: INACTIVE,
            memory_storage: true,
            ..Config::default()
        };
        let creating = self
            .bus
            .context()
            .create_consumer_on_stream(config, stream::EVENTS);
        self.bus.within("create a consumer", creating).await
    }

    /// Tells the events of a consumer, for as long as the connection is the same.
    async fn follow(
        &mut self,
        consumer: PullConsumer,
        health: &mut watch::Receiver<Health>,
        connections: u64,
    ) -> Result<(), Gone> {
        self.tell(Watched::Resumed).await?;
        loop {
            let batch = consumer
                .batch()
                .max_messages(100)
                .expires(EXPIRES)
                .messages();
            let Ok(mut batch) = batch.await else {
                return Ok(());
            };
            loop {
                let is_other = |health: &Health| health.connections != connections;
                let message = tokio::select! {
                    message = batch.next() => message,
                    _ = health.wait_for(is_other) => return Ok(()),
                };
                match message {
                    None => break,
                    Some(Err(error)) => {
                        tracing::debug!(event = E::NAME, %error, "watch interrupted");
                        return Ok(());
                    }
                    Some(Ok(message)) => {
                        if let Ok(info) = message.info() {
                            self.last = Some(info.stream_sequence);
                        }
                        self.tell(read(&message.payload)).await?;
                    }
                }
            }
        }
    }

    async fn tell(&self, watched: Watched<E>) -> Result<(), Gone> {
        self.sender.send(watched).await.map_err(|_| Gone)
    }
}

/// An event that cannot be read says at least that something happened.
fn read<E: Event>(payload: &[u8]) -> Watched<E> {
    decode(payload).map_or_else(
        |error| {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(event = E::NAME, error, "event not understood");
            Watched::Resumed
        },
        Watched::Event,
    )
}
