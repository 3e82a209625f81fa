//! `/admin/api/v1/database`: the security data as an archive, to be carried over an air gap.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use clair_rpc::proto::updater::v1::{ExportDatabaseRequest, ImportDatabaseRequest};
use futures::{Stream, StreamExt as _, future, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

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

/// Reads security data that an export wrote. Each source counts as a whole.
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Failure> {
    check_encoding(request.headers())?;
    let incoming = Incoming::new(request.into_body(), app.header_timeout);
    let (chunks, received) = mpsc::channel(WAITING);
    let mut updater = app.updater();
    let answer = tokio::select! {
        answer = updater.import_database(archive(received)) => answer,
        Err(failure) = receive(incoming, chunks) => return Err(failure),
    };
    let outcomes = answer?.into_inner().outcomes;
    let outcomes = outcomes.into_iter().map(Outcome::from).collect();
    json(JSON, &Imported { outcomes })
}

/// A part of an archive.
enum Part {
    Chunk(Bytes),
    End,
}

/// An archive as the updater takes it. One that breaks off has no end here, and its call is
/// cancelled. tonic shows the other side that as an end all the same, so that what guards against
/// half an archive are the checks within archives.
fn archive(parts: mpsc::Receiver<Part>) -> impl Stream<Item = ImportDatabaseRequest> + Send {
    stream::unfold(parts, async |mut parts| match parts.recv().await {
        Some(Part::Chunk(chunk)) => Some((ImportDatabaseRequest { chunk }, parts)),
        Some(Part::End) => None,
        None => future::pending().await,
    })
}

/// Passes a body on. Ends well when all of it has been.
async fn receive(mut incoming: Incoming, parts: mpsc::Sender<Part>) -> Result<(), Failure> {
    while let Some(mut piece) = incoming.next().await? {
        while !piece.is_empty() {
            let chunk = piece.split_to(piece.len().min(CHUNK));
            if parts.send(Part::Chunk(chunk)).await.is_err() {
                // The updater has refused it, and says why.
                return Ok(());
            }
        }
    }
    let _ = parts.send(Part::End).await;
    Ok(())
}
