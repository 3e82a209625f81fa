//! `/admin/api/v1/database`: the security data as an archive, to be carried over an air gap.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use clair_rpc::proto::updater::v1::{ExportDatabaseRequest, ImportDatabaseRequest};
use futures::{StreamExt as _, future, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::outcome::Outcome;
use crate::api::{ARCHIVE, json};
use crate::app::App;
use crate::document::{Incoming, check_encoding};
use crate::failure::Failure;
use crate::negotiation::JSON;
use crate::parameters::InQuery;
use crate::streamed;

/// Bytes of an archive that the updater takes at once.
const CHUNK: usize = 1 << 20;

/// Chunks that wait for the updater.
const WAITING: usize = 2;

/// What is wanted of the security data.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// Feeds or sources, with commas between them; all if none is named.
    #[serde(default)]
    only: String,
}

#[derive(Debug, Serialize)]
struct Imported {
    outcomes: Vec<Outcome>,
}

/// Writes the security data.
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Response, Failure> {
    let names = wanted.only.split(',').map(str::trim);
    let request = ExportDatabaseRequest {
        only: names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let mut chunks = app.updater().export_database(request).await?.into_inner();
    // What is wrong with the request is told instead of the first chunk.
    let first = chunks.message().await?;
    let first = stream::iter(first.map(Ok));
    let chunks = first.chain(chunks).map(|message| match message {
        Ok(message) => Ok(message.chunk),
        Err(status) => Err(Failure::from(status)),
    });
    Ok(streamed::pieces(ARCHIVE, chunks))
}

/// Reads security data that an export wrote. All of it counts, or none.
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Failure> {
    check_encoding(request.headers())?;
    let incoming = Incoming::new(request.into_body(), app.header_timeout);
    let (chunks, sent) = mpsc::channel(WAITING);
    let sent = ReceiverStream::new(sent).map(|chunk| ImportDatabaseRequest { chunk });
    let mut updater = app.updater();
    let importing = updater.import_database(sent);
    let receiving = receive(incoming, chunks);
    tokio::pin!(importing);
    // A body that breaks off ends the call before the updater can take it for the whole.
    let answer = tokio::select! {
        answer = &mut importing => answer,
        Err(failure) = receiving => return Err(failure),
    };
    let outcomes = answer?.into_inner().outcomes;
    let outcomes = outcomes.into_iter().map(Outcome::from).collect();
    json(JSON, &Imported { outcomes })
}

/// Passes a body on. Never ends well before the updater has answered.
async fn receive(mut incoming: Incoming, chunks: mpsc::Sender<Bytes>) -> Result<(), Failure> {
    while let Some(mut piece) = incoming.next().await? {
        while !piece.is_empty() {
            let chunk = piece.split_to(piece.len().min(CHUNK));
            if chunks.send(chunk).await.is_err() {
                // The updater has refused it, and says why.
                return future::pending().await;
            }
        }
    }
    Ok(())
}
