//! How the services hand each other work and tell each other what happened: NATS JetStream.
//!
//! *Work* must be done once, by anyone, and is not lost before it is: [`WorkQueue`]. An *event* is
//! told to every service that wants to know: [`Subscription`] for services that must not miss one,
//! shared by their replicas, [`Watch`] for replicas that only want to look again somewhere else.
//! What cannot be done becomes a *dead letter*, which an operator lists and replays:
//! [`DeadLetters`].
//!
//! Everything may be delivered more than once, so whoever receives is idempotent. Streams, durable
//! consumers and subjects are made and brought up to date by the services themselves; a server of
//! version 2.9 is enough.
//!
//! [`Bus::connect`] does not wait for the server. While it is away publishing fails at once, and
//! those who receive go on by themselves when it is back.

mod bus;
mod consumer;
mod dead_letter;
mod error;
mod event;
mod failure;
mod header;
mod health;
mod job;
mod options;
mod payload;
mod queue;
mod stream;
mod subject;
mod watch;
mod worker;

pub use bus::Bus;
pub use dead_letter::{DeadLetter, DeadLetters, Replay};
pub use error::{Error, PayloadError};
pub use event::Subscription;
pub use failure::Failure;
pub use health::Health;
pub use job::Delivery;
pub use options::{Attempts, Authentication, BusOptions, Secret};
pub use payload::{
    Event, IndexFinished, IndexRequest, NotificationCreated, Payload, UpdateApplied, Work,
};
pub use queue::{Priority, Pushed, QueueDepth, UnknownPriority, WorkQueue};
pub use watch::{Watch, Watched};
pub use worker::{ConsumeOptions, describe_metrics};
