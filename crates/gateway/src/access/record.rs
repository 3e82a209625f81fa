//! One line of the log and one count of the metrics for each request, at the end of its answer.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{Buf as _, Bytes};
use clair_rpc::RequestId;
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};

use super::Issuer;
use crate::attached::Attached;
use crate::metrics::{self, Answered, Family};
use crate::routes::Route;

/// What is told of requests that no route has. Their paths are made up by clients.
const NO_ROUTE: &str = "none";

/// A request that is being answered. It is told of when it is dropped.
#[derive(Debug)]
pub(super) struct Record {
    method: Method,
    route: &'static str,
    family: &'static Family,
    client: IpAddr,
    request_id: RequestId,
    issuer: Issuer,
    began: Instant,
    /// None as long as there is no answer: then the client has gone.
    status: Option<StatusCode>,
    received: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
}

impl Record {
    pub(super) fn begin(
        request: &Request,
        route: Option<&Route>,
        client: IpAddr,
        request_id: &RequestId,
        issuer: Issuer,
    ) -> Self {
        let name = route.map_or(NO_ROUTE, |route| route.path);
        let family = metrics::family(request.uri().path());
        metrics::in_flight(family, name, 1.0);
        Self {
            method: request.method().clone(),
            route: name,
            family,
            client,
            request_id: request_id.clone(),
            issuer,
            began: Instant::now(),
            status: None,
            received: Arc::default(),
            sent: Arc::default(),
        }
    }

    /// What counts the bytes of the request.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    /// The answer, which takes the record along.
    pub(super) fn answer(mut self, response: Response) -> Response {
        self.status = Some(response.status());
        let sent = Arc::clone(&self.sent);
        response.map(|body| Body::new(Attached::new(Counted::new(body, sent), self)))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // What nginx calls a client that closed its request.
        let gone = || StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
        let answered = Answered {
            route: self.route,
            method: &self.method,
            status: self.status.unwrap_or_else(gone),
            request_bytes: self.received.load(Ordering::Relaxed),
            response_bytes: self.sent.load(Ordering::Relaxed),
            elapsed: self.began.elapsed(),
        };
        metrics::in_flight(self.family, self.route, -1.0);
        metrics::answered(self.family, &answered);
        tracing::info!(
            method = %self.method,
            route = self.route,
            status = answered.status.as_u16(),
            bytes = answered.response_bytes,
            duration = answered.elapsed.as_secs_f64(),
            request_id = %self.request_id,
            issuer = self.issuer.name(),
            client = %self.client,
            "request"
        );
    }
}

/// A body whose bytes are counted.
#[derive(Debug)]
pub(super) struct Counted {
    body: Body,
    count: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn new(body: Body, count: Arc<AtomicU64>) -> Self {
        Self { body, count }
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.count
                .fetch_add(data.remaining() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
