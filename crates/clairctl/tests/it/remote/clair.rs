//! A server that answers as Clair does, and does otherwise when it is told to.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clair_jwt::Verifier;
use clair_runtime::config::{Auth, Gateway};
use serde_json::{Value, json};

use super::Serving;

pub(super) const PSK: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCBzZWNyZXQg";

pub(super) struct Clair {
    serving: Serving,
    state: Arc<Mutex<Behaviour>>,
}

/// How the server behaves, and what it has seen.
#[derive(Default)]
pub(super) struct Behaviour {
    /// Requests so far: method and path with query.
    pub(super) requests: Vec<String>,
    /// The manifests that were submitted.
    pub(super) submitted: Vec<Value>,
    /// What else was sent.
    pub(super) bodies: Vec<Value>,
    pub(super) known: HashSet<String>,
    /// How many reports are answered with 202 first.
    pub(super) not_ready: usize,
    /// How many requests are answered with 429 first.
    pub(super) busy: usize,
    /// What indexing ends with.
    pub(super) index_error: String,
    /// What reports are answered with.
    pub(super) report: Option<String>,
    /// Whose tokens are accepted, if any are asked for.
    pub(super) verifier: Option<Verifier>,
    /// What an update is answered with.
    pub(super) update: String,
}

type Shared = Arc<Mutex<Behaviour>>;

/// A vulnerability report as no program here would write it.
pub(super) fn report(digest: &str) -> String {
    format!(
        r#"{{"manifest_hash" : "{digest}","packages":{{"1":{{"id":"1","name":"bash","version":"5.2"}},"2":{{"id":"2","name":"fine","version":"1"}}}},
"vulnerabilities":{{"7":{{"id":"7","name":"CVE-2024-1","fixed_in_version":"5.3","x":"\u003c1.0e0\u003e"}}}},"package_vulnerabilities":{{"1":["7"]}},"unknown":1.50}}"#
    )
}

impl Clair {
    pub(super) fn start() -> Self {
        let state = Shared::default();
        state.lock().unwrap().verifier = None;
        let router = Router::new()
            .route("/indexer/api/v1/index_report", post(submit).delete(forget))
            .route("/indexer/api/v1/index_report/{digest}", get(index_report))
            .route(
                "/matcher/api/v1/vulnerability_report/{digest}",
                get(vulnerability_report),
            )
            .route("/notifier/api/v1/notification", get(sets))
            .route(
                "/notifier/api/v1/notification/{id}",
                get(notifications).delete(acknowledge),
            )
            .route("/admin/api/v1/sources", get(sources))
            .route("/admin/api/v1/update", post(update))
            .route("/admin/api/v1/dead_letters", get(dead_letters))
            .route("/admin/api/v1/dead_letters/replay", post(replay))
            .layer(middleware::from_fn_with_state(Arc::clone(&state), enter))
            .with_state(Arc::clone(&state));
        Self {
            serving: Serving::start(router),
            state,
        }
    }

    /// A server that wants tokens of `clairctl`, signed with [`PSK`].
    pub(super) fn with_tokens() -> Self {
        let clair = Self::start();
        let auth: Auth =
            serde_json::from_value(json!({"psk": {"key": PSK, "iss": ["clairctl"]}})).unwrap();
        let verifier = Verifier::new(&auth, &Gateway::default(), None).unwrap();
        clair.behaviour().verifier = Some(verifier);
        clair
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.serving.host)
    }

    pub(super) fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.state.lock().unwrap()
    }
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"code": code, "message": message}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Notes the request, and refuses those without a token or too many.
async fn enter(
    State(state): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let verifier = {
        let mut state = state.lock().unwrap();
        state.requests.push(format!("{method} {uri}"));
        if state.busy > 0 {
            state.busy -= 1;
            let mut busy = failure(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "busy");
            busy.headers_mut().insert(header::RETRY_AFTER, 1.into());
            return busy;
        }
        state.verifier.clone()
    };
    if let Some(verifier) = verifier {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = token
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        if verifier.verify(token).await.is_err() {
            return StatusCode::UNAUTHORIZED.into_response();
        }
    }
    next.run(request).await
}

async fn submit(State(state): State<Shared>, body: Bytes) -> Response {
    let manifest: Value = serde_json::from_slice(&body).unwrap();
    let mut state = state.lock().unwrap();
    let hash = manifest["hash"].as_str().unwrap().to_owned();
    state.submitted.push(manifest);
    let error = state.index_error.clone();
    if error.is_empty() {
        state.known.insert(hash.clone());
    }
    (StatusCode::CREATED, index_report_of(&hash, &error)).into_response()
}

fn index_report_of(hash: &str, error: &str) -> String {
    let state = if error.is_empty() {
        "IndexFinished"
    } else {
        "IndexError"
    };
    json!({"manifest_hash": hash, "state": state, "success": error.is_empty(), "err": error})
        .to_string()
}

async fn index_report(State(state): State<Shared>, Path(digest): Path<String>) -> Response {
    if state.lock().unwrap().known.contains(&digest) {
        return index_report_of(&digest, "").into_response();
    }
    failure(StatusCode::NOT_FOUND, "not-found", "index report not found")
}

async fn forget(State(state): State<Shared>, body: Bytes) -> String {
    let digests: Vec<String> = serde_json::from_slice(&body).unwrap();
    let mut state = state.lock().unwrap();
    state.bodies.push(json!(digests));
    let gone: Vec<_> = digests
        .into_iter()
        .filter(|digest| state.known.remove(digest))
        .collect();
    if gone.is_empty() {
        "null".to_owned()
    } else {
        json!(gone).to_string()
    }
}

async fn vulnerability_report(State(state): State<Shared>, Path(digest): Path<String>) -> Response {
    let mut state = state.lock().unwrap();
    if state.not_ready > 0 {
        state.not_ready -= 1;
        return StatusCode::ACCEPTED.into_response();
    }
    if !state.known.contains(&digest) {
        return failure(StatusCode::NOT_FOUND, "not-found", "no such image");
    }
    match &state.report {
        Some(report) => report.clone().into_response(),
        None => report(&digest).into_response(),
    }
}

async fn sets(Query(query): Query<Value>) -> String {
    let set = |id: &str, state: &str| json!({"id": id, "updater": "debian", "notifications": 3, "state": state, "attempts": 1, "last_error": "", "created": "2026-11-25T00:00:00Z"});
    if query["next"] == "two" {
        json!({"page": {"size": 1}, "notification_sets": [set("bbb", "created")]}).to_string()
    } else {
        json!({"page": {"size": 1, "next": "two"}, "notification_sets": [set("aaa", "failed")]})
            .to_string()
    }
}

async fn notifications(Path(id): Path<String>) -> Response {
    if !id.starts_with("6e") {
        return failure(
            StatusCode::NOT_FOUND,
            "not-found",
            "there is no such notification",
        );
    }
    let manifest = format!("sha256:{}", "a".repeat(64));
    json!({"page": {"size": 500}, "notifications": [{
        "id": id, "manifest": manifest, "reason": "added",
        "vulnerability": {"name": "CVE-2024-1", "severity": "High", "fixed_in_version": "2",
                          "package": {"name": "bash", "version": "1"}},
    }]})
    .to_string()
    .into_response()
}

async fn acknowledge(Path(id): Path<String>) -> Response {
    if id.starts_with("6e") {
        return StatusCode::OK.into_response();
    }
    failure(
        StatusCode::NOT_FOUND,
        "not-found",
        "there is no such notification",
    )
}

async fn sources() -> String {
    json!({"feeds": [{"name": "debian", "enabled": true}], "sources": [
        {"name": "debian", "feed": "debian", "last_success": null, "last_error": "no route", "upstream_date": null, "advisories": 7},
    ]})
    .to_string()
}

async fn update(State(state): State<Shared>, body: Bytes) -> String {
    let mut state = state.lock().unwrap();
    state.bodies.push(serde_json::from_slice(&body).unwrap());
    state.update.clone()
}

async fn dead_letters() -> String {
    json!({"page": {"size": 100}, "dead_letters": [
        {"id": 5, "manifest_hash": "sha256:abc", "priority": "low", "attempts": 5, "failed": "2026-11-25T00:00:00Z",
         "error": {"code": "bad-request", "message": "the layer is no archive"}},
    ]})
    .to_string()
}

async fn replay(State(state): State<Shared>, body: Bytes) -> String {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let missing: Vec<u64> = body["ids"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .filter(|id| *id != 5)
        .collect();
    state.lock().unwrap().bodies.push(body);
    json!({"replayed": 1, "missing": missing}).to_string()
}
