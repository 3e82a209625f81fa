//! A client of a Clair server: the v4 API, and the administration that this suite has beside it.
//!
//! What the server answers is a [`Document`]: its JSON as it came, for whoever passes it on, and
//! what of it is read here. Of reports that is what Clair itself has, so that the client works
//! with servers of Clair too; unknown fields are ignored, and absent maps may be `null`.
//!
//! Requests are signed where there is a [`Signer`](clair_jwt::Signer), bounded in size, and sent
//! again when the server says that it has too much to do.

mod admin;
mod client;
mod document;
mod error;
mod index;
mod notification;
mod report;
mod updates;

pub use admin::{DeadLetter, DeadLetterPage, Feed, Replay, Replayed, Source, Sources};
pub use client::Client;
pub use document::Document;
pub use error::{Error, ServerError};
pub use index::IndexSummary;
pub use notification::{
    DeliveryState, Notification, NotificationPage, NotificationSet, NotificationSetPage, Page,
    VulnerabilitySummary,
};
pub use report::{Report, ReportedPackage, ReportedVulnerability};
pub use updates::{Event, Outcome, Tally, UpdateRequest, Updates};
