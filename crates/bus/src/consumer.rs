//! Durable consumers, from which messages are fetched one at a time.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, Info, PullConsumer};
use futures::StreamExt as _;

use crate::{Bus, Error};

/// How many messages may be in progress or pausing before the server holds back the others.
const MAX_PENDING: i64 = 50_000;

/// A durable consumer. It is made when it is first needed, and again if the server lost it.
#[derive(Debug)]
pub(crate) struct Consumer {
    stream: &'static str,
    /// Its name on the server.
    pub(crate) name: String,
    filter: String,
    /// How long a message may be without a sign of life before it is delivered again.
    ack_wait: Duration,
    handle: Option<PullConsumer>,
}

impl Consumer {
    pub(crate) fn new(
        stream: &'static str,
        name: String,
        filter: String,
        ack_wait: Duration,
    ) -> Self {
        Self {
            stream,
            name,
            filter,
            ack_wait,
            handle: None,
        }
    }

    /// The next message, if there is one now.
    pub(crate) async fn fetch(&mut self, bus: &Bus) -> Result<Option<Message>, Error> {
        let fetched = self.try_fetch(bus).await;
        if fetched.is_err() {
            self.handle = None;
        }
        fetched
    }

    async fn try_fetch(&mut self, bus: &Bus) -> Result<Option<Message>, Error> {
        let handle = self.handle(bus).await?;
        let fetching = async {
            let mut batch = handle.fetch().max_messages(1).messages().await?;
            batch.next().await.transpose()
        };
        bus.within("fetch a message", fetching).await
    }

    /// What the server knows of it.
    pub(crate) async fn info(&mut self, bus: &Bus) -> Result<Info, Error> {
        let handle = self.handle(bus).await?;
        bus.within("look up a consumer", handle.get_info()).await
    }

    async fn handle(&mut self, bus: &Bus) -> Result<&PullConsumer, Error> {
        let handle = match self.handle.take() {
            Some(handle) => handle,
            None => {
                let creating = bus
                    .context()
                    .create_consumer_on_stream(self.config(), self.stream);
                bus.within("create a consumer", creating).await?
            }
        };
        Ok(self.handle.insert(handle))
    }

    fn config(&self) -> Config {
        Config {
            durable_name: Some(self.name.clone()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.ack_wait,
            // How often is for the job to say, which can tell a failure from a restart.
            max_deliver: -1,
            max_ack_pending: MAX_PENDING,
            filter_subject: self.filter.clone(),
            ..Config::default()
        }
    }
}
