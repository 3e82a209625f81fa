//! Answers that are written while they are found.
//!
//! What goes wrong in the middle cannot change the status any more. It is told in the trailer
//! `Clair-Error`, as Clair does, for those who ask for trailers (`TE: trailers`); for the others
//! the document has no end.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, future, stream};
use http::header::{CONTENT_TYPE, TRAILER};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use serde::Serialize;

use crate::failure::{self, Failure};
use crate::negotiation::JSON_LINES;

const CLAIR_ERROR: &str = "clair-error";

/// An answer that consists of pieces, up to the first failure.
pub(crate) fn pieces(
    form: &'static str,
    pieces: impl Stream<Item = Result<Bytes, Failure>> + Send + 'static,
) -> Response {
    let frames = pieces
        .map(|piece| match piece {
            Ok(bytes) => Frame::data(bytes),
            Err(failure) => Frame::trailers(trailers(&failure)),
        })
        .scan(false, |is_over, frame| {
            let next = (!*is_over).then_some(frame);
            *is_over = next.as_ref().is_some_and(Frame::is_trailers);
            future::ready(next)
        })
        .map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::new(StreamBody::new(frames)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form));
    headers.insert(TRAILER, HeaderValue::from_static("Clair-Error"));
    response
}

/// An answer of JSON documents, one on each line. A failure is the last of them.
pub(crate) fn lines<T: Serialize>(
    documents: impl Stream<Item = Result<T, Failure>> + Send + 'static,
) -> Response {
    let lines = documents.flat_map(|document| {
        let written = match document {
            Ok(document) => vec![line(&document)],
            Err(failure) => vec![line(&FailureLine::of(&failure)), Err(failure)],
        };
        stream::iter(written)
    });
    pieces(JSON_LINES, lines)
}

/// A document and the end of its line.
fn line<T: Serialize>(document: &T) -> Result<Bytes, Failure> {
    let mut line = json(document)?;
    line.push(b'\n');
    Ok(line.into())
}

/// A document as JSON.
pub(crate) fn json<T: Serialize>(document: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(document).map_err(|error| Failure::internal(&error))
}

/// A failure as a document of its own.
#[derive(Debug, Serialize)]
pub(crate) struct FailureLine {
    error: Told,
}

/// Why something failed.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    code: &'static str,
    message: String,
}

impl Told {
    /// What a service keeps of a failure, for those who run the suite.
    pub(crate) fn kept(error: &clair_rpc::Error) -> Self {
        Self {
            code: failure::code(error.code().http()),
            message: error.message().to_owned(),
        }
    }

    pub(crate) fn of(failure: &Failure) -> Self {
        Self {
            code: failure.code(),
            message: failure.message().to_owned(),
        }
    }
}

impl FailureLine {
    fn of(failure: &Failure) -> Self {
        Self {
            error: Told::of(failure),
        }
    }
}

fn trailers(failure: &Failure) -> HeaderMap {
    tracing::warn!(error = failure.message(), "answer broken off");
    let printable: String = failure
        .message()
        .chars()
        .map(|character| {
            if character.is_ascii_graphic() {
                character
            } else {
                ' '
            }
        })
        .collect();
    let mut trailers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&printable) {
        trailers.insert(CLAIR_ERROR, value);
    }
    trailers
}
