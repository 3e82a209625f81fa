//! `/matcher/api/v1/internal/update_diff`: what an update changed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use clair_model::ReportVulnerability;
use clair_rpc::proto::matcher::v1::{GetUpdateDiffRequest, GetUpdateDiffResponse};
use clair_rpc::proto::model::v1;
use clair_rpc::{Error as RpcError, ErrorCode};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::HeaderMap;
use serde::Deserialize;
use uuid::Uuid;

use super::update_operation::Operation;
use crate::app::App;
use crate::document::blocking;
use crate::failure::Failure;
use crate::negotiation::{JSON, prefer};
use crate::parameters::InQuery;
use crate::streamed;

const MEDIA_TYPE: &str = "application/vnd.clair.update_diff.v1+json";

#[derive(Debug, Deserialize)]
pub(crate) struct Operations {
    cur: Uuid,
    prev: Option<Uuid>,
}

/// Gives what one operation has that another has not. The difference of a whole source is too
/// large to be held in memory, so it is written while it comes.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    InQuery(operations): InQuery<Operations>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let request = GetUpdateDiffRequest {
        current_ref: operations.cur.to_string(),
        previous_ref: operations
            .prev
            .map(|prev| prev.to_string())
            .unwrap_or_default(),
    };
    let mut parts = app.matcher().get_update_diff(request).await?.into_inner();
    // It has the operations, so that what is wrong with them still has a status.
    let first = parts.message().await?;
    let first = first.ok_or_else(|| {
        Failure::from(RpcError::new(
            ErrorCode::Internal,
            "the matcher gave no difference",
        ))
    })?;
    let form = prefer(&headers, &[JSON, MEDIA_TYPE]);
    Ok(streamed::pieces(
        form,
        written(first, parts.map_err(Failure::from))?,
    ))
}

/// The document, piece by piece.
fn written(
    first: GetUpdateDiffResponse,
    parts: impl Stream<Item = Result<GetUpdateDiffResponse, Failure>> + Send + 'static,
) -> Result<impl Stream<Item = Result<Bytes, Failure>> + Send + 'static, Failure> {
    let previous = first
        .previous
        .clone()
        .map_or_else(Operation::none, Operation::from);
    let current = first
        .current
        .clone()
        .map_or_else(Operation::none, Operation::from);
    let mut head = BytesMut::new();
    head.put_slice(b"{\"prev\":");
    head.put_slice(&streamed::json(&previous)?);
    head.put_slice(b",\"cur\":");
    head.put_slice(&streamed::json(&current)?);
    head.put_slice(b",\"added\":[");
    let lists = Lists {
        parts: Box::pin(stream::iter([Ok(first)]).chain(parts)),
        place: Place::Added {
            has_elements: false,
        },
    };
    let lists = stream::try_unfold(lists, async |mut lists| {
        let piece = lists.next().await?;
        Ok::<_, Failure>(piece.map(|piece| (piece, lists)))
    });
    Ok(stream::iter([Ok(head.freeze())]).chain(lists))
}

/// The two lists of a difference.
struct Lists<S> {
    parts: S,
    place: Place,
}

/// How far the document has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Added { has_elements: bool },
    Removed { has_elements: bool },
    End,
}

impl<S> Lists<S>
where
    S: Stream<Item = Result<GetUpdateDiffResponse, Failure>> + Unpin,
{
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while self.place != Place::End {
            let place = self.place;
            let (place, piece) = match self.parts.next().await.transpose()? {
                Some(part) => blocking(move || place.write(part)).await?,
                None => place.finish(),
            };
            self.place = place;
            if !piece.is_empty() {
                return Ok(Some(piece.freeze()));
            }
        }
        Ok(None)
    }
}

impl Place {
    /// Writes a part of the difference.
    fn write(mut self, part: GetUpdateDiffResponse) -> Result<(Self, BytesMut), Failure> {
        let mut written = BytesMut::new();
        if !part.added.is_empty() {
            let Self::Added { has_elements } = &mut self else {
                let message = "the matcher told of something added after what was removed";
                return Err(RpcError::new(ErrorCode::Internal, message).into());
            };
            write_elements(part.added, has_elements, &mut written)?;
        }
        if !part.removed.is_empty() {
            self = self.leave_added(&mut written);
            if let Self::Removed { has_elements } = &mut self {
                write_elements(part.removed, has_elements, &mut written)?;
            }
        }
        Ok((self, written))
    }

    fn leave_added(self, written: &mut BytesMut) -> Self {
        let Self::Added { .. } = self else {
            return self;
        };
        written.put_slice(b"],\"removed\":[");
        Self::Removed {
            has_elements: false,
        }
    }

    fn finish(self) -> (Self, BytesMut) {
        let mut written = BytesMut::new();
        let _ = self.leave_added(&mut written);
        written.put_slice(b"]}");
        (Self::End, written)
    }
}

fn write_elements(
    elements: Vec<v1::Vulnerability>,
    has_elements: &mut bool,
    written: &mut BytesMut,
) -> Result<(), Failure> {
    for element in elements {
        let vulnerability = ReportVulnerability::try_from(element);
        let vulnerability = vulnerability.map_err(|error| Failure::internal(&error))?;
        if *has_elements {
            written.put_u8(b',');
        }
        *has_elements = true;
        written.put_slice(&streamed::json(&vulnerability)?);
    }
    Ok(())
}
