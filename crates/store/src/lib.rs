//! Everything that is kept in PostgreSQL: every statement, the schema, its migrations.
//!
//! [`Store`] is the connection. Its methods are in modules by concern:
//!
//! - `manifests`, `layers`, `inventory`, `search`: what images contain, and which images contain a
//!   package;
//! - `sources`, `updates`, `operations`, `records`: what sources of security data state, as a
//!   history of differences;
//! - `notifications`, `deliveries`: which images an update affects, and whether their owners know;
//! - `replay`: tokens that must not be used twice;
//! - `leadership`: locks by which replicas share work;
//! - `garbage`: what nobody needs any more.
//!
//! The schema is described where it is made, in the comments of `migrations/`, which are in the
//! database too (`\d+` of psql shows them). A few rules hold for all of it:
//!
//! - Rows that many images share (layers, packages, distributions) are never deleted by those who
//!   use them. They are *touched* when used, and [garbage collection](Store::collect_layers)
//!   takes those that nothing refers to and that were not touched for a day. So it never races
//!   with a program that is about to refer to one.
//! - What is written in bulk is written by one statement over arrays, in the order of a key, so
//!   that two transactions do not wait for each other crosswise.
//! - Nothing deletes more than a few hundred rows in a transaction.
//! - A migration leaves the release before it working, since replicas are replaced one by one.
//!   It changes no table that is large in a way that locks it.
//! - Only SQL of [PostgreSQL 12](MINIMUM_SERVER) is used.
//!
//! # Changing a statement
//!
//! Statements are checked against the schema when this crate is compiled, by what is kept of the
//! schema in `.sqlx`. `deploy/sqlx-prepare` writes it anew, with a PostgreSQL of its own.

mod address;
mod deliveries;
mod document;
mod error;
mod garbage;
mod hash;
mod inventory;
mod layers;
mod leadership;
mod manifests;
mod notifications;
mod operations;
mod records;
mod replay;
mod search;
mod sources;
mod store;
mod text;
mod time;
mod updates;

pub use clair_model::SourceKind;
pub use deliveries::{Delivery, DeliveryState, SetPosition, SetStatus};
pub use error::Error;
pub use garbage::Retention;
pub use leadership::{Lock, LockName};
pub use manifests::{ManifestStatus, StoredReport};
pub use notifications::{
    NewNotification, Notification, NotificationPage, NotificationWriter, PendingUpdate, Reason,
};
pub use operations::{Change, ChangeKey, Deletion, Difference, Operation};
pub use records::{Record, Recorded, Snapshot};
pub use search::{AffectedManifest, IndexedPackage, PackageKey};
pub use sources::{Source, SourceStatus};
pub use store::{Health, Options, Store};
pub use updates::{Outcome, Provenance, Update};

/// The oldest server that is supported, by its major version.
pub const MINIMUM_SERVER: u32 = 12;
