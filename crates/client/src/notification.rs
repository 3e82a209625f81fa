//! The notifier's part: which images became vulnerable, or are no longer.

use std::fmt;
use std::str::FromStr;

use clair_model::Digest;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::report::{ReportedPackage, null_is_empty};
use crate::{Client, Document, Error};

const PATH: [&str; 4] = ["notifier", "api", "v1", "notification"];

/// Which part of a list an answer is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Page {
    /// What names the next part; absent from the last one.
    #[serde(default)]
    pub next: Option<String>,
}

impl Page {
    /// What names the next part, if there is one.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref().filter(|next| !next.is_empty())
    }
}

/// A part of the notifications of a set.
#[derive(Debug, Clone, Deserialize)]
pub struct NotificationPage {
    /// Which part.
    #[serde(default)]
    pub page: Page,
    /// The notifications.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub notifications: Vec<Notification>,
}

/// What happened to one image.
#[derive(Debug, Clone, Deserialize)]
pub struct Notification {
    /// Its identifier.
    pub id: String,
    /// The image.
    pub manifest: Digest,
    /// Whether the vulnerability came or went: `added`, `removed`.
    pub reason: String,
    /// The vulnerability, or the worst one of several.
    pub vulnerability: VulnerabilitySummary,
}

/// A vulnerability in a notification.
#[derive(Debug, Clone, Deserialize)]
pub struct VulnerabilitySummary {
    /// Its name.
    pub name: String,
    /// The package that has it.
    #[serde(default)]
    pub package: Option<ReportedPackage>,
    /// How bad it is, in Clair's words.
    #[serde(default)]
    pub severity: String,
    /// The version that has it no more; empty if there is none.
    #[serde(default)]
    pub fixed_in_version: String,
}

/// A part of the list of sets.
#[derive(Debug, Clone, Deserialize)]
pub struct NotificationSetPage {
    /// Which part.
    #[serde(default)]
    pub page: Page,
    /// The sets, newest first.
    pub notification_sets: Vec<NotificationSet>,
}

/// The notifications that one update gave rise to.
#[derive(Debug, Clone, Deserialize)]
pub struct NotificationSet {
    /// Its identifier.
    pub id: String,
    /// The source that was updated.
    pub updater: String,
    /// How many there are.
    pub notifications: u64,
    /// How far their delivery has come.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong the last time; empty if nothing did.
    #[serde(default)]
    pub last_error: String,
    /// When the set was made.
    #[serde(default)]
    pub created: Option<String>,
}

/// How far the delivery of a set has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits.
    Created,
    /// The receiver has accepted it.
    Delivered,
    /// It was given up.
    Failed,
    /// The receiver has acknowledged it.
    Deleted,
}

impl DeliveryState {
    const ALL: [Self; 4] = [Self::Created, Self::Delivered, Self::Failed, Self::Deleted];

    fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DeliveryState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| "expected created, delivered, failed or deleted".to_owned())
    }
}

impl Client {
    /// A part of the list of sets, newest first: the first one, or that which `next` of the one
    /// before names.
    pub async fn notification_sets(
        &self,
        state: Option<DeliveryState>,
        next: Option<&str>,
    ) -> Result<Document<NotificationSetPage>, Error> {
        let mut request = self.request(Method::GET, &PATH);
        if let Some(state) = state {
            request = request.with_query("state", state.name());
        }
        if let Some(next) = next {
            request = request.with_query("next", next);
        }
        let (_, json) = self.call(&request, &[StatusCode::OK]).await?;
        Document::read(&request.name(), json)
    }

    /// A part of the notifications of a set.
    pub async fn notifications(
        &self,
        set: &str,
        next: Option<&str>,
    ) -> Result<Document<NotificationPage>, Error> {
        let path: Vec<&str> = PATH.into_iter().chain([set]).collect();
        // Clair fails without a size.
        let request = self
            .request(Method::GET, &path)
            .with_query("page_size", "500");
        let request = match next {
            Some(next) => request.with_query("next", next),
            None => request,
        };
        let (_, json) = self.call(&request, &[StatusCode::OK]).await?;
        Document::read(&request.name(), json)
    }

    /// Acknowledges a set: it is forgotten.
    pub async fn delete_notification(&self, set: &str) -> Result<(), Error> {
        let path: Vec<&str> = PATH.into_iter().chain([set]).collect();
        let request = self.request(Method::DELETE, &path);
        let expected = [StatusCode::OK, StatusCode::NO_CONTENT];
        self.call(&request, &expected).await.map(drop)
    }
}
