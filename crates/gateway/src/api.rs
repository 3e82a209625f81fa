//! The handlers of the routes, each of which asks one of the services.

pub(crate) mod admin;
pub(crate) mod affected_manifest;
pub(crate) mod discovery;
pub(crate) mod index_report;
pub(crate) mod index_state;
pub(crate) mod notification;
mod page;
mod times;
pub(crate) mod update_diff;
pub(crate) mod update_operation;
pub(crate) mod vulnerability_report;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::failure::Failure;
use crate::tags::Tag;

/// Security data as an archive.
pub(crate) const ARCHIVE: &str = "application/octet-stream";

/// An answer with a document.
fn document(form: &'static str, document: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(form))], document).into_response()
}

/// An answer with a document that is made now.
fn json<T: Serialize>(form: &'static str, value: &T) -> Result<Response, Failure> {
    Ok(document(form, crate::streamed::json(value)?))
}

/// The answer to those who have the document already.
fn not_modified(tag: &Tag) -> Response {
    tagged(StatusCode::NOT_MODIFIED.into_response(), tag)
}

/// An answer with its entity tag.
fn tagged(mut response: Response, tag: &Tag) -> Response {
    response.headers_mut().insert(ETAG, tag.header());
    response
}
