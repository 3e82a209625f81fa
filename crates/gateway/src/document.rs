//! The bodies of requests: bounded in size and in time, whatever their encoding.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::failure::Failure;

/// Bytes in a second that a client has to send at least, in the long run.
const SLOWEST: u64 = 1024;

/// From this size in bytes on, a document is decoded on a thread of its own.
const LARGE: usize = 64 * 1024;

/// The whole body of a request.
#[derive(Debug)]
pub(crate) struct Document(pub(crate) Bytes);

impl FromRequest<Arc<App>> for Document {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        let limit = app.max_body_size;
        check_encoding(request.headers())?;
        if announced(request.headers()).is_some_and(|length| length > limit as u64) {
            return Err(too_large(limit));
        }
        let mut incoming = Incoming::new(request.into_body(), app.header_timeout);
        let mut bytes = BytesMut::new();
        while let Some(piece) = incoming.next().await? {
            if bytes.len() + piece.len() > limit {
                return Err(too_large(limit));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Self(bytes.freeze()))
    }
}

/// A body that comes in piece by piece, not more slowly than is reasonable.
#[derive(Debug)]
pub(crate) struct Incoming {
    body: Body,
    began: Instant,
    patience: Duration,
    received: u64,
}

impl Incoming {
    /// A body whose sender may be silent for as long as `patience` in all, and has to be as fast
    /// as [`SLOWEST`] otherwise.
    pub(crate) fn new(body: Body, patience: Duration) -> Self {
        Self {
            body,
            began: Instant::now(),
            patience,
            received: 0,
        }
    }

    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let earned = Duration::from_secs(self.received / SLOWEST);
            let deadline = self.began + self.patience + earned;
            let frame = timeout_at(deadline, self.body.frame()).await;
            let frame = frame.map_err(|_| {
                Failure::new(StatusCode::REQUEST_TIMEOUT, "the body comes too slowly")
            })?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(Failure::bad_request(format!(
                        "the body cannot be read: {error}"
                    )));
                }
                Some(Ok(frame)) => {
                    // Trailers say nothing to us.
                    if let Ok(data) = frame.into_data() {
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// Refuses encodings that nothing has removed on the way here.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is in none of the encodings gzip, deflate and zstd",
        )),
        _ => Ok(()),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body has more than {limit} bytes"),
    )
}

/// Decodes JSON.
pub(crate) async fn decode<T>(bytes: Bytes) -> Result<T, serde_json::Error>
where
    T: DeserializeOwned + Send + 'static,
{
    if bytes.len() < LARGE {
        return serde_json::from_slice(&bytes);
    }
    blocking(move || serde_json::from_slice(&bytes)).await
}

/// Runs work that takes the time of a processor where it holds up nobody else.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
