//! `/admin/api/v1/dead_letters`: images that were queued and could not be indexed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_rpc::proto::indexer::v1::replay_dead_letters_request::Selection;
use clair_rpc::proto::indexer::v1::{
    DeadLetter, DeadLetterIds, ListDeadLettersRequest, Priority, ReplayDeadLettersRequest,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::page::{self, Page, Wanted};
use crate::api::{json, times};
use crate::app::App;
use crate::document::{Document, decode};
use crate::failure::Failure;
use crate::negotiation::JSON;
use crate::parameters::InQuery;
use crate::streamed::Told;

/// Elements of a page, as the indexer has them.
const USUAL_PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1000;

#[derive(Debug, Serialize)]
struct LetterPage {
    page: Page,
    dead_letters: Vec<Letter>,
}

#[derive(Debug, Serialize)]
struct Letter {
    id: u64,
    manifest_hash: String,
    priority: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Told>,
    attempts: u32,
    enqueued: Option<Timestamp>,
    failed: Option<Timestamp>,
}

/// Lists them, oldest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Response, Failure> {
    let request = ListDeadLettersRequest {
        page_size: wanted.page_size,
        page_token: wanted.next.clone(),
    };
    let answer = app.indexer().list_dead_letters(request).await;
    let answer = answer.map_err(page::failed)?.into_inner();
    let page = LetterPage {
        page: wanted.page(USUAL_PAGE, LARGEST_PAGE, answer.next_page_token),
        dead_letters: answer.dead_letters.into_iter().map(Letter::from).collect(),
    };
    json(JSON, &page)
}

/// Which of them are to be queued again.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Chosen {
    /// These.
    Ids(Vec<u64>),
    /// All; only `true` has a meaning.
    All(bool),
}

#[derive(Debug, Serialize)]
struct Replayed {
    replayed: u64,
    missing: Vec<u64>,
}

/// Puts them back into the queue.
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    Document(body): Document,
) -> Result<Response, Failure> {
    let chosen: Chosen = decode(body).await.map_err(|error| {
        Failure::bad_request(format!("failed to deserialize what to replay: {error}"))
    })?;
    let selection = match chosen {
        Chosen::Ids(ids) => Selection::Ids(DeadLetterIds { ids }),
        Chosen::All(true) => Selection::All(true),
        Chosen::All(false) => return Err(Failure::bad_request("all must be true")),
    };
    let request = ReplayDeadLettersRequest {
        selection: Some(selection),
    };
    let answer = app
        .indexer()
        .replay_dead_letters(request)
        .await?
        .into_inner();
    let replayed = Replayed {
        replayed: answer.replayed,
        missing: answer.missing_ids,
    };
    json(JSON, &replayed)
}

impl From<DeadLetter> for Letter {
    fn from(letter: DeadLetter) -> Self {
        let priority = match letter.priority() {
            Priority::Low => "low",
            Priority::Normal | Priority::Unspecified => "normal",
            Priority::High => "high",
        };
        let error = letter.error.map(clair_rpc::Error::from);
        Self {
            id: letter.id,
            manifest_hash: letter.manifest_digest,
            priority,
            error: error.as_ref().map(Told::kept),
            attempts: letter.attempts,
            enqueued: times::point(letter.enqueued_at),
            failed: times::point(letter.failed_at),
        }
    }
}
