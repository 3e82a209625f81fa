//! What the API tells of itself.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use super::{document, not_modified, tagged};
use crate::failure::Failure;
use crate::negotiation::{JSON, negotiate};
use crate::openapi;

const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

const JSON_FORMS: [&str; 3] = [
    "application/openapi+json",
    JSON,
    "application/vnd.oai.openapi+json",
];
const YAML_FORMS: [&str; 3] = [
    "application/openapi+yaml",
    "application/yaml",
    "application/vnd.oai.openapi+yaml",
];

/// Gives the description of the API.
pub(crate) async fn openapi(headers: HeaderMap) -> Result<Response, Failure> {
    let [json, json2, json3] = JSON_FORMS;
    let [yaml, yaml2, yaml3] = YAML_FORMS;
    let form = negotiate(&headers, &[json, yaml, json2, yaml2, json3, yaml3])?;
    let is_yaml = YAML_FORMS.contains(&form);
    let description = openapi::description();
    let tag = if is_yaml {
        &description.yaml_tag
    } else {
        &description.json_tag
    };
    if tag.is_known(&headers) {
        return Ok(not_modified(tag));
    }
    let text = if is_yaml {
        openapi::YAML
    } else {
        description.json.as_str()
    };
    Ok(tagged(document(form, text), tag))
}

/// Keeps search engines out.
pub(crate) async fn robots() -> Response {
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, ROBOTS).into_response()
}
