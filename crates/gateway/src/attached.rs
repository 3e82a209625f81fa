//! Bodies that carry something to their end.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body, with something that is dropped when it is: by then it was sent, or will not be.
#[derive(Debug)]
pub(crate) struct Attached<B, T> {
    body: B,
    _attached: T,
}

impl<B, T> Attached<B, T> {
    pub(crate) fn new(body: B, attached: T) -> Self {
        Self {
            body,
            _attached: attached,
        }
    }
}

impl<B, T> Body for Attached<B, T>
where
    B: Body<Data = Bytes, Error = axum::Error> + Unpin,
    T: Unpin,
{
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
