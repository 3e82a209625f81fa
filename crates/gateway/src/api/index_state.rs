//! `/indexer/api/v1/index_state`: by which clients know when to have their images indexed again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_rpc::proto::indexer::v1::GetIndexStateRequest;
use clair_rpc::{Error as RpcError, ErrorCode};
use http::HeaderMap;
use serde::Serialize;

use super::{json, not_modified, tagged};
use crate::app::App;
use crate::failure::Failure;
use crate::negotiation::{JSON, negotiate};
use crate::tags::Tag;

const MEDIA_TYPE: &str = "application/vnd.clair.index_state.v1+json";

#[derive(Debug, Serialize)]
struct IndexState {
    state: String,
}

/// Gives the state of the indexer.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let form = negotiate(&headers, &[MEDIA_TYPE, JSON])?;
    let (state, tag) = state_of(&app).await?;
    if tag.is_known(&headers) {
        return Ok(not_modified(&tag));
    }
    Ok(tagged(json(form, &IndexState { state })?, &tag))
}

/// The state of the indexer, as a tag of everything that depends on it.
pub(crate) async fn indexer_state(app: &App) -> Result<Tag, Failure> {
    let (_, tag) = state_of(app).await?;
    Ok(tag)
}

async fn state_of(app: &App) -> Result<(String, Tag), Failure> {
    let answer = app
        .indexer()
        .get_index_state(GetIndexStateRequest {})
        .await?;
    let state = answer.into_inner().indexer_state;
    let tag = Tag::new(&state);
    let tag = tag.ok_or_else(|| {
        let message = format!("the indexer has the state {state:?}, which is no entity tag");
        Failure::from(RpcError::new(ErrorCode::Internal, message))
    })?;
    Ok((state, tag))
}
