//! The body of a response, which goes by the rules of the call until its end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;

use crate::metrics::Served;
use crate::{Context, Error};

/// A body that ends when its call has to, and notes how it ended.
pub(super) struct Guarded {
    /// None once it has ended before its time.
    body: Option<Body>,
    end: Pin<Box<dyn Future<Output = Error> + Send>>,
    context: Context,
    span: Span,
    served: Served,
}

impl Guarded {
    pub(super) fn new(
        body: Body,
        headers: &HeaderMap,
        end: impl Future<Output = Error> + Send + 'static,
        context: Context,
        span: Span,
        served: Served,
    ) -> Self {
        let mut guarded = Self {
            body: Some(body),
            end: Box::pin(end),
            context,
            span,
            served,
        };
        // A call that fails at once has its status in the headers, and no body.
        guarded.note(headers);
        guarded
    }

    fn note(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get("grpc-status") {
            let code = Code::from_bytes(status.as_bytes());
            self.span.record("rpc.grpc.status_code", code as i32);
            self.served.end(code);
        }
    }
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let span = this.span.clone();
        let polled = span.in_scope(|| {
            this.context
                .sync_scope(|| Pin::new(&mut *body).poll_frame(task))
        });
        if let Poll::Ready(frame) = polled {
            if let Some(Ok(frame)) = &frame
                && let Some(trailers) = frame.trailers_ref()
            {
                let trailers = trailers.clone();
                this.note(&trailers);
            }
            return Poll::Ready(frame);
        }
        let Poll::Ready(error) = this.end.as_mut().poll(task) else {
            return Poll::Pending;
        };
        this.body = None;
        let mut trailers = HeaderMap::new();
        Status::from(error).add_header(&mut trailers)?;
        this.note(&trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
