//! A registry that asks for a password, and whose second layers lie at another host.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::Serving;
use crate::support::{Machine, Root, sha256};

/// `tester:secret`.
pub(super) const AUTHORIZATION: &str = "Basic dGVzdGVyOnNlY3JldA==";

pub(super) struct Registry {
    serving: Serving,
    pub(super) manifest: String,
    pub(super) layers: [String; 2],
}

#[derive(Clone)]
struct Content {
    manifest: String,
    config: String,
    layers: [String; 2],
    storage: String,
}

impl Registry {
    /// A registry with an image of two layers, `team/app:1`.
    pub(super) fn start() -> Self {
        let layers = [b"base".to_vec(), Root::debian("bookworm", "12").layer()]
            .map(|layer| format!("sha256:{}", sha256(&layer)));
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": layers},
        })
        .to_string();
        let descriptor = |kind: &str, digest: &str, size: usize| json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest, "size": size});
        let config_digest = format!("sha256:{}", sha256(config.as_bytes()));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("config.v1+json", &config_digest, config.len()),
            "layers": layers.each_ref().map(|layer| descriptor("layer.v1.tar", layer, 4)),
        })
        .to_string();
        let storage = Router::new().route("/storage/{blob}", get(|| async { "layer" }));
        let storage = Box::leak(Box::new(Serving::start(storage)));
        let digest = format!("sha256:{}", sha256(manifest.as_bytes()));
        let content = Content {
            manifest,
            config,
            layers: layers.clone(),
            storage: storage.host.clone(),
        };
        let router = Router::new()
            .route("/v2/team/app/manifests/{reference}", get(manifest_of))
            .route("/v2/team/app/blobs/{digest}", get(blob))
            .with_state(content);
        Self {
            serving: Serving::start(router),
            manifest: digest,
            layers,
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.serving.host
    }

    pub(super) fn reference(&self) -> String {
        format!("{}/team/app:1", self.host())
    }

    /// Gives the machine what `docker login` leaves behind.
    pub(super) fn log_in(&self, machine: &Machine) {
        let auth = AUTHORIZATION.trim_start_matches("Basic ");
        let config = json!({"auths": {self.host(): {"auth": auth}}});
        machine.write(".docker/config.json", &config.to_string());
    }
}

fn refusal(headers: &HeaderMap) -> Option<Response> {
    let given = headers.get(header::AUTHORIZATION);
    if given.is_some_and(|given| given == AUTHORIZATION) {
        return None;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"test\"")];
    Some((StatusCode::UNAUTHORIZED, challenge).into_response())
}

async fn manifest_of(
    State(content): State<Content>,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&headers) {
        return refusal;
    }
    let digest = format!("sha256:{}", sha256(content.manifest.as_bytes()));
    if reference != "1" && reference != digest {
        return StatusCode::NOT_FOUND.into_response();
    }
    let media_type = [(
        header::CONTENT_TYPE,
        "application/vnd.oci.image.manifest.v1+json",
    )];
    (media_type, content.manifest).into_response()
}

async fn blob(
    State(content): State<Content>,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&headers) {
        return refusal;
    }
    if digest == content.layers[1] {
        let target = format!("http://{}/storage/two?signature=x", content.storage);
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response();
    }
    if digest == content.layers[0] {
        return "base".into_response();
    }
    content.config.into_response()
}
