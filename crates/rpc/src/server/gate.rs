//! What every call passes on its way to a handler and back.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Service, ServiceExt as _};
use tracing::{Instrument as _, Span};

use super::body::Guarded;
use super::{ServerOptions, Trust};
use crate::metrics::Served;
use crate::{Context, Error, ErrorCode, RequestId, method, timeout, trace};

/// The services behind the rules of the server.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    routes: Routes,
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    trust: Trust,
    default_deadline: Duration,
    /// Ends all calls.
    cut: CancellationToken,
}

impl Gate {
    pub(super) fn new(routes: Routes, options: &ServerOptions, cut: CancellationToken) -> Self {
        Self {
            routes: routes.prepare(),
            rules: Arc::new(Rules {
                trust: options.trust.clone(),
                default_deadline: options.default_deadline,
                cut,
            }),
        }
    }
}

impl Service<Request<Body>> for Gate {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let gate = self.clone();
        Box::pin(async move { Ok(gate.answer(request).await) })
    }
}

impl Gate {
    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let mut context = Context::new(RequestId::of(request.headers()));
        let served = Served::begin(method::by_path(request.uri().path()));
        let span = span(&request, &context);
        trace::adopt(&span, request.headers());
        let timeout = timeout::read(request.headers());
        context.deadline = match timeout {
            Ok(Some(timeout)) => Instant::now().checked_add(timeout),
            Ok(None) | Err(_) => None,
        };
        let cut = self.rules.cut.clone();
        let end = context.deadline;
        let admitted = self.rules.trust.admit(&request);
        let response = match admitted.and(timeout.map_err(Error::from)) {
            Ok(_) => {
                let handling = self.handle(request, end);
                context
                    .clone()
                    .scope(handling)
                    .instrument(span.clone())
                    .await
            }
            Err(error) => Err(error),
        };
        let response = response.unwrap_or_else(|error| Status::from(error).into_http());
        let (head, body) = response.into_parts();
        let guarded = Guarded::new(body, &head.headers, ended(end, cut), context, span, served);
        Response::from_parts(head, Body::new(guarded))
    }

    /// The head of a response, within its time.
    async fn handle(
        self,
        request: Request<Body>,
        deadline: Option<Instant>,
    ) -> Result<Response<Body>, Error> {
        let limit = deadline.or_else(|| Instant::now().checked_add(self.rules.default_deadline));
        let handler = AssertUnwindSafe(self.routes.oneshot(request)).catch_unwind();
        tokio::select! {
            response = handler => match response {
                Ok(Ok(response)) => Ok(response),
                Err(_) => {
                    // The message is written by the panic hook.
                    tracing::error!("handler panicked");
                    Err(Error::new(ErrorCode::Internal, "internal error"))
                }
            },
            error = ended(limit, self.rules.cut.clone()) => Err(error),
        }
    }
}

/// Waits until a call has to end, and tells why.
async fn ended(deadline: Option<Instant>, cut: CancellationToken) -> Error {
    let too_late = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = too_late => Error::new(ErrorCode::DeadlineExceeded, "the time for the call is over"),
        () = cut.cancelled() => Error::new(ErrorCode::Unavailable, "the service is shutting down"),
    }
}

fn span(request: &Request<Body>, context: &Context) -> Span {
    let method = method::by_path(request.uri().path());
    let (service, name) = method.map_or(("", ""), |method| (&method.service, &method.name));
    tracing::info_span!(
        "rpc",
        otel.name = request.uri().path(),
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = name,
        rpc.grpc.status_code = tracing::field::Empty,
        request_id = %context.request_id,
    )
}
