//! Events for services that must not miss one.

use std::marker::PhantomData;

use tokio_util::sync::CancellationToken;

use crate::consumer::Consumer;
use crate::job::{Delivery, Return};
use crate::worker::{self, ConsumeOptions, Sources};
use crate::{Bus, Event, Failure, stream, subject};

/// The events of one kind for one service.
///
/// The server remembers which of them the service has dealt with, from the first time on that it
/// receives any; then it also gets those of the last week. Each goes to one replica.
#[derive(Debug, Clone)]
pub struct Subscription<E> {
    bus: Bus,
    service: String,
    event: PhantomData<fn() -> E>,
}

impl<E: Event> Subscription<E> {
    pub(crate) fn new(bus: Bus, service: &str) -> Self {
        Self {
            bus,
            service: service.to_owned(),
            event: PhantomData,
        }
    }

    /// Deals with the events, until `stop`. Never fails: while the server is away it waits.
    pub async fn consume<F, R>(&self, options: ConsumeOptions, handler: F, stop: CancellationToken)
    where
        F: Fn(Delivery<E>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let name = format!("{}-{}", self.service, E::NAME.replace('.', "-"));
        let subject = subject::event(E::NAME);
        let sources = Sources {
            consumers: vec![Consumer::new(
                stream::EVENTS,
                name,
                subject,
                options.ack_wait,
            )],
            hint: subject::event_hint(E::NAME),
            returns: Return::Refused,
        };
        worker::run(self.bus.clone(), sources, options, handler, stop).await;
    }
}
