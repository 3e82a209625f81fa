//! `/admin/api/v1/update`: updates the security data now.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_rpc::proto::updater::v1::RunUpdateRequest;
use clair_rpc::proto::updater::v1::run_update_response::Event as Happened;
use futures::{StreamExt as _, future};
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::app::App;
use crate::document::{Document, decode};
use crate::failure::Failure;
use crate::streamed;

/// What is to be updated, and how.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Run {
    /// Feeds or sources; all if none is named.
    only: Vec<String>,
    /// Whether to read sources that say that nothing changed.
    force: bool,
    /// Whether to answer at once.
    detach: bool,
}

/// Something that happened, with what it was as its key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Started {
        feeds: Vec<String>,
    },
    Progress {
        source: String,
        read_bytes: u64,
        total_bytes: u64,
        advisories: u64,
    },
    Outcome(Outcome),
    Finished {
        updated: u32,
        unchanged: u32,
        failed: u32,
        busy: u32,
    },
}

/// Updates, and tells what happens while it does. The update goes on if the client goes away.
pub(crate) async fn run(
    State(app): State<Arc<App>>,
    Document(body): Document,
) -> Result<Response, Failure> {
    let run = if body.is_empty() {
        Run::default()
    } else {
        decode(body).await.map_err(|error| {
            Failure::bad_request(format!("failed to deserialize what to update: {error}"))
        })?
    };
    let request = RunUpdateRequest {
        only: run.only,
        force: run.force,
        detach: run.detach,
    };
    let events = app.updater().run_update(request).await?.into_inner();
    let events = events.filter_map(|message| {
        future::ready(match message {
            Ok(message) => message.event.map(|happened| Ok(Event::from(happened))),
            Err(status) => Some(Err(Failure::from(status))),
        })
    });
    Ok(streamed::lines(events))
}

impl From<Happened> for Event {
    fn from(happened: Happened) -> Self {
        match happened {
            Happened::Started(started) => Self::Started {
                feeds: started.feeds,
            },
            Happened::Progress(progress) => Self::Progress {
                source: progress.source,
                read_bytes: progress.read_bytes,
                total_bytes: progress.total_bytes,
                advisories: progress.advisories,
            },
            Happened::Outcome(outcome) => Self::Outcome(outcome.into()),
            Happened::Finished(finished) => Self::Finished {
                updated: finished.updated,
                unchanged: finished.unchanged,
                failed: finished.failed,
                busy: finished.busy,
            },
        }
    }
}
