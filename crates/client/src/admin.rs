//! The administration: where security data comes from, and what could not be indexed.

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{Client, Document, Error, Page, ServerError};

/// The path of something of the administration.
pub(crate) fn path<const N: usize>(rest: [&str; N]) -> Vec<&str> {
    ["admin", "api", "v1"].into_iter().chain(rest).collect()
}

/// The feeds, and the sources that they consist of.
#[derive(Debug, Clone, Deserialize)]
pub struct Sources {
    /// The feeds.
    pub feeds: Vec<Feed>,
    /// The sources of all feeds.
    pub sources: Vec<Source>,
}

/// What one vendor publishes.
#[derive(Debug, Clone, Deserialize)]
pub struct Feed {
    /// Its name.
    pub name: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// When it is asked next.
    #[serde(default)]
    pub next_run: Option<String>,
}

/// A part of a feed that is fetched by itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The feed that it is of.
    pub feed: String,
    /// When it was fetched last.
    #[serde(default)]
    pub last_success: Option<String>,
    /// What went wrong the last time; empty if nothing did.
    #[serde(default)]
    pub last_error: String,
    /// How old its data is by its own word.
    #[serde(default)]
    pub upstream_date: Option<String>,
    /// How many advisories it has; of a feed that has enrichments in place of them, these.
    pub advisories: u64,
}

/// A part of the images that could not be indexed.
#[derive(Debug, Clone, Deserialize)]
pub struct DeadLetterPage {
    /// Which part.
    #[serde(default)]
    pub page: Page,
    /// The images, oldest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// An image that was queued and could not be indexed.
#[derive(Debug, Clone, Deserialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: u64,
    /// The image.
    pub manifest_hash: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    #[serde(default)]
    pub error: Option<ServerError>,
    /// When it was given up.
    #[serde(default)]
    pub failed: Option<String>,
}

/// Which images are to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Replay {
    /// Those with these numbers.
    #[serde(rename = "ids")]
    These(Vec<u64>),
    /// All. Only `true` has a meaning.
    #[serde(rename = "all")]
    All(bool),
}

/// What was tried again.
#[derive(Debug, Clone, Deserialize)]
pub struct Replayed {
    /// How many images.
    pub replayed: u64,
    /// The numbers that there were none of.
    #[serde(default)]
    pub missing: Vec<u64>,
}

impl Client {
    /// Where security data comes from, and how old it is.
    pub async fn sources(&self) -> Result<Document<Sources>, Error> {
        let request = self.request(Method::GET, &path(["sources"]));
        let (_, json) = self.call(&request, &[StatusCode::OK]).await?;
        Document::read(&request.name(), json)
    }

    /// A part of the images that could not be indexed.
    pub async fn dead_letters(
        &self,
        next: Option<&str>,
    ) -> Result<Document<DeadLetterPage>, Error> {
        let request = self.request(Method::GET, &path(["dead_letters"]));
        let request = match next {
            Some(next) => request.with_query("next", next),
            None => request,
        };
        let (_, json) = self.call(&request, &[StatusCode::OK]).await?;
        Document::read(&request.name(), json)
    }

    /// Has images tried again that could not be indexed.
    pub async fn replay_dead_letters(&self, which: &Replay) -> Result<Document<Replayed>, Error> {
        let request = self.request(Method::POST, &path(["dead_letters", "replay"]));
        let body = serde_json::to_vec(which).map_err(|source| Error::Answer {
            request: request.name(),
            source,
        })?;
        let request = request.with_body(body);
        let (_, json) = self.call(&request, &[StatusCode::OK]).await?;
        Document::read(&request.name(), json)
    }
}
