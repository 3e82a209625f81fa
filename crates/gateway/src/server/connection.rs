//! One connection: which protocol it speaks, its requests, its end.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::activity::Activity;
use super::stream::Stream;
use crate::metrics;
use crate::origin::Peer;

/// How every connection of HTTP/2 begins, where nothing else has said that it is one (RFC 9113,
/// section 3.4). No method of HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a client may take to read what is there for it.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);
/// Requests at the same time on one connection of HTTP/2.
const MAX_STREAMS: u32 = 128;
/// Bytes that the head of a request may have.
const MAX_HEAD: usize = 64 * 1024;
/// Header lines that a request may have.
const MAX_HEADERS: usize = 100;
/// After how much silence a client is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What a client has to keep to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long it may take for the head of a request, and be without a request.
    pub(super) header_timeout: Duration,
}

/// What connections are served with.
#[derive(Clone)]
pub(super) struct Connections {
    router: Router,
    pub(super) limits: Limits,
}

impl Connections {
    pub(super) fn new(router: Router, limits: Limits) -> Self {
        Self { router, limits }
    }

    /// Serves a connection without TLS, which tells by how it begins what it speaks.
    pub(super) async fn serve_plain(
        self,
        mut stream: TcpStream,
        peer: Peer,
        shutdown: &CancellationToken,
    ) {
        let beginning = tokio::select! {
            read = read_beginning(&mut stream, self.limits.header_timeout) => read,
            () = shutdown.cancelled() => return,
        };
        match beginning {
            Ok((beginning, is_http2)) => {
                let stream = Stream::new(stream, beginning, WRITE_TIMEOUT);
                self.serve(stream, is_http2, peer, shutdown).await;
            }
            Err(error) => {
                tracing::debug!(address = %peer.0, %error, "connection without a request");
            }
        }
    }

    /// Serves a connection with TLS, in whose handshake it was settled what it speaks.
    pub(super) async fn serve_tls(
        self,
        stream: TlsStream<TcpStream>,
        peer: Peer,
        shutdown: &CancellationToken,
    ) {
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = Stream::new(stream, Vec::new(), WRITE_TIMEOUT);
        self.serve(stream, is_http2, peer, shutdown).await;
    }

    async fn serve<S>(self, stream: S, is_http2: bool, peer: Peer, shutdown: &CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        metrics::connections(1.0);
        let activity = Activity::default();
        let service = {
            let (router, activity) = (self.router, activity.clone());
            service_fn(move |mut request: Request<Incoming>| {
                let busy = activity.begin();
                request.extensions_mut().insert(peer);
                let answering = router.clone().oneshot(request.map(Body::new));
                async move { answering.await.map(|answer| busy.until_the_end_of(answer)) }
            })
        };
        let io = TokioIo::new(stream);
        let result = if is_http2 {
            let connection = http2().serve_connection(io, service);
            finish_idle(connection, &activity, self.limits, shutdown).await
        } else {
            let connection = http1(self.limits).serve_connection(io, service);
            // It has its own clock for connections without a request.
            finish(connection, shutdown).await
        };
        metrics::connections(-1.0);
        if let Err(error) = result {
            tracing::debug!(address = %peer.0, %error, "connection broken");
        }
    }
}

/// Reads until it is clear whether the connection speaks HTTP/2.
async fn read_beginning(stream: &mut TcpStream, timeout: Duration) -> io::Result<(Vec<u8>, bool)> {
    let reading = async {
        let mut beginning = Vec::with_capacity(PREFACE.len());
        while beginning.len() < PREFACE.len() && PREFACE.starts_with(&beginning) {
            let missing = (PREFACE.len() - beginning.len()) as u64;
            if stream.take(missing).read_buf(&mut beginning).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let is_http2 = beginning == PREFACE;
        Ok((beginning, is_http2))
    };
    let read = tokio::time::timeout(timeout, reading).await;
    read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn http1(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(32 * 1024)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    builder
}

/// A connection that can be told to take no further requests.
trait Graceful: Future<Output = hyper::Result<()>> {
    fn end(self: Pin<&mut Self>);
}

impl<I, S, B> Graceful for http1::Connection<I, S>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B, E> Graceful for http2::Connection<I, S, E>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, B>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Serves a connection to its end. At shutdown it ends with the requests that it has.
async fn finish(connection: impl Graceful, shutdown: &CancellationToken) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    tokio::select! {
        result = connection.as_mut() => return result,
        () = shutdown.cancelled() => {}
    }
    connection.as_mut().end();
    connection.await
}

/// The same for one that is dropped when it has had no request for a while: told that it is over,
/// an idle client need not answer.
async fn finish_idle(
    connection: impl Graceful,
    activity: &Activity,
    limits: Limits,
    shutdown: &CancellationToken,
) -> hyper::Result<()> {
    tokio::select! {
        result = finish(connection, shutdown) => result,
        () = activity.idle_for(limits.header_timeout) => Ok(()),
    }
}
