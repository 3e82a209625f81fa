//! `/indexer/api/v1/index_report`: images in, index reports out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use clair_model::{Digest, IndexReport, Manifest};
use clair_rpc::conversion::InvalidField;
use clair_rpc::proto::indexer::v1::get_index_report_response::Report;
use clair_rpc::proto::indexer::v1::index_response::Event;
use clair_rpc::proto::indexer::v1::{
    DeleteManifestsRequest, EnqueueOutcome, EnqueueRequest, GetIndexReportRequest, IndexOutcome,
    IndexRequest, Priority,
};
use clair_rpc::proto::model::v1::ReportFormat;
use clair_rpc::{Error as RpcError, ErrorCode};
use http::header::{LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::index_state::indexer_state;
use super::{document, json, not_modified, tagged};
use crate::app::App;
use crate::document::{Document, blocking, decode};
use crate::failure::Failure;
use crate::metrics;
use crate::negotiation::{JSON, negotiate};
use crate::parameters::{InPath, InQuery};
use crate::tags::{self, Tag};

const MEDIA_TYPE: &str = "application/vnd.clair.index_report.v1+json";
const PATH: &str = "/indexer/api/v1/index_report";
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The preference not to wait (RFC 7240, section 4.1).
const RESPOND_ASYNC: &str = "respond-async";

/// The query of a submission.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Submission {
    #[serde(default)]
    priority: Urgency,
}

/// How urgent an image is that nobody waits for.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Urgency {
    Low,
    #[default]
    Normal,
    High,
}

/// What is told of an image that will be indexed.
#[derive(Debug, Serialize)]
struct Queued {
    manifest_hash: Digest,
    /// Whether somebody had submitted it already.
    already_queued: bool,
}

/// Indexes an image while the client waits, or puts it into the queue for one that prefers not to.
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    InQuery(submission): InQuery<Submission>,
    headers: HeaderMap,
    Document(body): Document,
) -> Result<Response, Failure> {
    let state = indexer_state(&app).await?;
    let manifest: Manifest = decode(body).await.map_err(|error| {
        Failure::bad_request(format!("failed to deserialize manifest: {error}"))
    })?;
    if manifest.layers.is_empty() {
        return Err(Failure::bad_request("bogus manifest: it has no layers"));
    }
    let hash = manifest.hash.clone();
    // Whether this manifest was indexed is not looked at: clients rely on being told, without any
    // work, that what they once had indexed would come out the same.
    if state.is_known(&headers) {
        return Ok(linked(
            StatusCode::PRECONDITION_FAILED.into_response(),
            &hash,
        ));
    }
    let priority = submission.priority;
    if prefers_not_to_wait(&headers)
        && let Some(answer) = enqueue(&app, &manifest, priority).await?
    {
        return Ok(linked(answer, &hash));
    }
    let outcome = index(&app, manifest).await?;
    let tag = Tag::new(&outcome.indexer_state).unwrap_or(state);
    let report = written(outcome).await?;
    let mut response = (StatusCode::CREATED, document(JSON, report)).into_response();
    response.headers_mut().insert(LOCATION, location(&hash)?);
    Ok(linked(tagged(response, &tag), &hash))
}

/// Gives an index report, whatever its state.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    InPath(manifest): InPath<Digest>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let form = negotiate(&headers, &[MEDIA_TYPE, JSON])?;
    if tags::has_condition(&headers) {
        let state = indexer_state(&app).await?;
        if state.is_known(&headers) {
            return Ok(not_modified(&state));
        }
    }
    let request = GetIndexReportRequest {
        manifest_digest: manifest.to_string(),
        format: ReportFormat::Json.into(),
    };
    let answer = app.indexer().get_index_report(request).await;
    let answer = answer.map_err(missing)?.into_inner();
    let response = match answer.report {
        Some(Report::Json(bytes)) => document(form, bytes),
        Some(Report::Message(message)) => json(
            form,
            &IndexReport::try_from(message).map_err(|error| unreadable(&error))?,
        )?,
        None => return Err(incomplete()),
    };
    Ok(match Tag::new(&answer.indexer_state) {
        Some(tag) => tagged(response, &tag),
        None => response,
    })
}

/// Forgets a manifest, whether it was known or not.
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    InPath(manifest): InPath<Digest>,
) -> Result<StatusCode, Failure> {
    delete(&app, &[manifest]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets manifests, and tells which of them were known.
pub(crate) async fn remove_all(
    State(app): State<Arc<App>>,
    Document(body): Document,
) -> Result<Response, Failure> {
    let manifests: Vec<Digest> = decode(body).await.map_err(|error| {
        Failure::bad_request(format!("failed to deserialize bulk delete: {error}"))
    })?;
    json(JSON, &delete(&app, &manifests).await?)
}

async fn delete(app: &App, manifests: &[Digest]) -> Result<Vec<String>, Failure> {
    let request = DeleteManifestsRequest {
        manifest_digests: manifests.iter().map(Digest::to_string).collect(),
    };
    let answer = app.indexer().delete_manifests(request).await?;
    Ok(answer.into_inner().deleted_digests)
}

/// Waits for an image to be indexed.
async fn index(app: &App, manifest: Manifest) -> Result<IndexOutcome, Failure> {
    let request = IndexRequest {
        manifest: Some(manifest.into()),
    };
    let answer = app.indexer().index(request).await;
    let mut events = answer
        .map_err(|status| not_begun(status.into()))?
        .into_inner();
    let outcome = loop {
        match events.message().await?.and_then(|message| message.event) {
            Some(Event::Progress(_)) => {}
            Some(Event::Outcome(outcome)) => break outcome,
            None => return Err(incomplete()),
        }
    };
    let failure = outcome.failure.as_ref();
    match failure.and_then(|failure| failure.error.clone()) {
        Some(error) => Err(not_begun(error.into())),
        None => Ok(outcome),
    }
}

/// Why an image was not indexed. Clients take 400 for an image that never will be.
fn not_begun(error: RpcError) -> Failure {
    if error.code() == ErrorCode::ResourceExhausted {
        metrics::limited(PATH, &Method::POST);
    }
    let is_server = matches!(
        error.code(),
        ErrorCode::LayerUnavailable | ErrorCode::Internal
    );
    let failure = Failure::from(error);
    if is_server {
        failure.told_as(StatusCode::INTERNAL_SERVER_ERROR, "failed to start scan")
    } else {
        failure
    }
}

/// Puts an image into the queue. None if it is indexed already, or if there is no queue: then the
/// preference cannot be met.
async fn enqueue(
    app: &App,
    manifest: &Manifest,
    urgency: Urgency,
) -> Result<Option<Response>, Failure> {
    let priority = match urgency {
        Urgency::Low => Priority::Low,
        Urgency::Normal => Priority::Normal,
        Urgency::High => Priority::High,
    };
    let request = EnqueueRequest {
        manifest: Some(manifest.clone().into()),
        priority: priority.into(),
    };
    let answer = match app.indexer().enqueue(request).await.map_err(RpcError::from) {
        Err(error) if error.code() == ErrorCode::Unimplemented => return Ok(None),
        answer => answer?.into_inner(),
    };
    let already_queued = match answer.outcome() {
        EnqueueOutcome::AlreadyIndexed => return Ok(None),
        EnqueueOutcome::AlreadyQueued => true,
        EnqueueOutcome::Queued | EnqueueOutcome::Unspecified => false,
    };
    let queued = Queued {
        manifest_hash: manifest.hash.clone(),
        already_queued,
    };
    let mut response = (StatusCode::ACCEPTED, json(JSON, &queued)?).into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location(&manifest.hash)?);
    headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(RESPOND_ASYNC));
    Ok(Some(response))
}

fn prefers_not_to_wait(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(PREFER).into_iter();
    lines.filter_map(|line| line.to_str().ok()).any(|line| {
        let mut preferences = line.split([',', ';']).map(str::trim);
        preferences.any(|preference| preference.eq_ignore_ascii_case(RESPOND_ASYNC))
    })
}

/// The report of an outcome, as JSON.
async fn written(outcome: IndexOutcome) -> Result<Vec<u8>, Failure> {
    let report = outcome.report.ok_or_else(incomplete)?;
    blocking(move || {
        let report = IndexReport::try_from(report).map_err(|error| unreadable(&error))?;
        crate::streamed::json(&report)
    })
    .await
}

/// An answer with links to both reports, which it has whatever came of the request.
fn linked(mut response: Response, manifest: &Digest) -> Response {
    let links = [
        (PATH, "index_report"),
        (
            "/matcher/api/v1/vulnerability_report",
            "vulnerability_report",
        ),
    ];
    for (path, name) in links {
        let relation = format!("https://projectquay.io/clair/v1/{name}");
        let link = format!("<{path}/{manifest}>; rel=\"{relation}\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().append(LINK, link);
        }
    }
    response
}

fn location(manifest: &Digest) -> Result<HeaderValue, Failure> {
    let location = HeaderValue::from_str(&format!("{PATH}/{manifest}"));
    location.map_err(|error| Failure::internal(&error))
}

fn missing(status: tonic::Status) -> Failure {
    let error = RpcError::from(status);
    match error.code() {
        ErrorCode::NotFound => Failure::not_found("index report not found"),
        _ => error.into(),
    }
}

fn unreadable(error: &InvalidField) -> Failure {
    Failure::internal(error)
}

fn incomplete() -> Failure {
    Failure::from(RpcError::new(
        ErrorCode::Internal,
        "the indexer gave no report",
    ))
}
