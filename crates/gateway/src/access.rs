//! What every request has: an id, a deadline, a span, a place in the log and in the metrics. A
//! handler that panics fails its own request only.

mod record;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clair_rpc::{Context, RequestId};
use futures::FutureExt as _;
use http::{HeaderName, HeaderValue, StatusCode};
use tracing::{Instrument as _, Span};

use self::record::{Counted, Record};
use crate::app::App;
use crate::failure::Failure;
use crate::origin::Peer;
use crate::routes::{Pace, Route};
use crate::trace;

const REQUEST_ID: HeaderName = HeaderName::from_static(RequestId::HEADER);

/// The address of the client, in the extensions of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The route of a request, in its extensions, where there is one.
#[derive(Debug, Clone)]
pub(crate) struct Matched(pub(crate) Arc<Route>);

/// Where it is noted who asks, once that is known. In the extensions of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Issuer(Arc<OnceLock<String>>);

impl Issuer {
    pub(crate) fn note(&self, issuer: &str) {
        // A request is verified once.
        let _ = self.0.set(issuer.to_owned());
    }

    fn name(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// The outermost layer.
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let client = app.proxies.client(peer, request.headers());
    let id = app.proxies.request_id(peer, request.headers());
    let route = matched(&app, &request);
    let mut context = Context::new(id.clone());
    if route.as_ref().is_none_or(|route| route.pace == Pace::Usual) {
        context.deadline = Instant::now().checked_add(app.request_timeout);
    }
    let span = span(&request, route.as_deref(), &id);
    trace::adopt(&span, request.headers());
    let issuer = Issuer::default();
    let record = Record::begin(&request, route.as_deref(), client, &id, issuer.clone());
    let extensions = request.extensions_mut();
    extensions.insert(ClientAddress(client));
    extensions.insert(issuer);
    if let Some(route) = route {
        extensions.insert(Matched(route));
    }
    let received = record.received();
    let request = request.map(|body| Body::new(Counted::new(body, received)));

    let handling = context
        .clone()
        .scope(handle(request, next, context.deadline));
    let mut response = handling.instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    record.answer(response)
}

/// The answer of a handler, within its time.
async fn handle(request: Request, next: Next, deadline: Option<Instant>) -> Response {
    let handler = AssertUnwindSafe(next.run(request)).catch_unwind();
    let result = match deadline {
        None => handler.await,
        Some(deadline) => match tokio::time::timeout_at(deadline.into(), handler).await {
            Ok(result) => result,
            Err(_) => {
                let status = StatusCode::GATEWAY_TIMEOUT;
                return Failure::new(status, "the time for the request is over").into_response();
            }
        },
    };
    result.unwrap_or_else(|_| {
        // The message is written by the panic hook.
        tracing::error!("handler panicked");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
    })
}

fn matched(app: &App, request: &Request) -> Option<Arc<Route>> {
    let path = request.extensions().get::<MatchedPath>()?;
    app.routes.find(request.method(), path.as_str()).cloned()
}

fn span(request: &Request, route: Option<&Route>, id: &RequestId) -> Span {
    let route = route.map_or("", |route| route.path);
    tracing::info_span!(
        "http",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        request_id = %id,
    )
}
