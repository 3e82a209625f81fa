//! The notifier: from an update of the security data to the owners of the images that it affects.
//!
//! It looks for sources whose newest update operation nobody has looked at, when an event tells of
//! one and from time to time. What such an operation changed for indexed images it asks the
//! matcher, and keeps it as one *set* of notifications, together with a receipt for the operation:
//! so there is one set for each operation, whoever crashes. A set is delivered by telling its id
//! to a receiver, again and again until it is accepted; the receiver then reads the notifications
//! and acknowledges the set.
//!
//! - `updates` finds the operations and leads each to its set; `matcher` asks what they changed,
//!   and `changes` makes news of the answer.
//! - `summary` is what a notification says of a vulnerability.
//! - `delivery` delivers sets, by the `webhook`.
//! - `garbage` collects what was acknowledged, or is old.
//! - `service` speaks gRPC.
//!
//! Every replica does all of it. A lock in the database sees to it that one of them works on a
//! source, and sets are claimed there for delivery.

mod changes;
mod config;
mod database;
mod delivery;
mod error;
mod garbage;
mod health;
mod matcher;
mod metrics;
mod run;
mod service;
mod summary;
mod updates;
mod webhook;

pub use clair_service::Database;
pub use config::{Config, InvalidConfig, Retry, Signing, Webhook};
pub use error::Error;
pub use metrics::describe_metrics;
pub use run::{run, serve};
