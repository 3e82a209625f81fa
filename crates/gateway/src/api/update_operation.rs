//! `/matcher/api/v1/internal/update_operation`: the history of the security data.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_rpc::proto::matcher::v1::{DeleteUpdateOperationRequest, ListUpdateOperationsRequest};
use clair_rpc::proto::model::v1::{self, UpdateKind};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, de};
use uuid::Uuid;

use super::{json, not_modified, tagged, times};
use crate::app::App;
use crate::failure::Failure;
use crate::negotiation::{JSON, prefer};
use crate::parameters::{InPath, InQuery};
use crate::tags::Tag;

const MEDIA_TYPE: &str = "application/vnd.clair.update_operations.v1+json";

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Selection {
    #[serde(default)]
    kind: Kind,
    #[serde(default, deserialize_with = "truth")]
    latest: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Vulnerability,
    Enrichment,
}

/// An update operation, as Clair's JSON has it.
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    r#ref: String,
    updater: String,
    fingerprint: String,
    date: String,
    kind: &'static str,
}

/// Lists the operations, by what was updated.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    InQuery(selection): InQuery<Selection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let kind = match selection.kind {
        Kind::Vulnerability => UpdateKind::Vulnerability,
        Kind::Enrichment => UpdateKind::Enrichment,
    };
    let request = ListUpdateOperationsRequest {
        kind: kind.into(),
        latest: selection.latest,
    };
    let answer = app
        .matcher()
        .list_update_operations(request)
        .await?
        .into_inner();
    let tag = Tag::new(&answer.latest_ref);
    if let Some(tag) = &tag
        && tag.is_known(&headers)
    {
        return Ok(not_modified(tag));
    }
    let mut operations: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    // They come newest first.
    for operation in answer.operations {
        let of_updater = operations.entry(operation.source.clone()).or_default();
        of_updater.push(operation.into());
    }
    let response = json(prefer(&headers, &[JSON, MEDIA_TYPE]), &operations)?;
    Ok(match tag {
        Some(tag) => tagged(response, &tag),
        None => response,
    })
}

/// Forgets an operation.
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    InPath(reference): InPath<Uuid>,
) -> Result<StatusCode, Failure> {
    let request = DeleteUpdateOperationRequest {
        r#ref: reference.to_string(),
    };
    app.matcher().delete_update_operation(request).await?;
    Ok(StatusCode::OK)
}

impl Operation {
    /// What stands for the state before the first operation.
    pub(super) fn none() -> Self {
        Self {
            r#ref: Uuid::nil().to_string(),
            updater: String::new(),
            fingerprint: String::new(),
            date: times::NEVER.to_owned(),
            kind: "",
        }
    }
}

impl From<v1::UpdateOperation> for Operation {
    fn from(operation: v1::UpdateOperation) -> Self {
        let kind = match operation.kind() {
            UpdateKind::Vulnerability | UpdateKind::Unspecified => "vulnerability",
            UpdateKind::Enrichment => "enrichment",
        };
        let date = times::point(operation.created_at);
        Self {
            r#ref: operation.r#ref,
            updater: operation.source,
            fingerprint: operation.fingerprint,
            date: date.map_or_else(|| times::NEVER.to_owned(), |date| date.to_string()),
            kind,
        }
    }
}

/// Reads what Go takes for a truth value.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        other => Err(de::Error::custom(format_args!(
            "latest {other:?} is neither true nor false"
        ))),
    }
}
