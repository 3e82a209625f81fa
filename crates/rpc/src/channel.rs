//! Calling: the way to one service.

mod connector;
mod retry;
mod send;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use http::uri::Scheme;
use http::{Request, Response, Uri};
use thiserror::Error;
use tonic::body::Body;
use tonic::transport::Endpoint;

use crate::server::MAX_MESSAGE_SIZE;
use crate::{Context, RpcClient, Token};

pub use retry::Retry;

/// How a service is called.
#[derive(Debug, Clone)]
pub struct ChannelOptions {
    /// Its address: `http://host:port`, or `https://…` for TLS.
    pub address: String,
    /// TLS, with whatever it takes to reload certificates. Its ALPN protocols are set by the
    /// channel.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// What to identify oneself with, where that is no client certificate.
    pub token: Option<Token>,
    /// Over how many connections calls are spread, one after the other. Each goes to another of the
    /// addresses that the host has, or to what a balancer behind a single address chooses, so that
    /// replicas share the calls. Zero counts as one.
    pub connections: usize,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long a call may take, all attempts together, where neither it nor the [`Context`] has
    /// a deadline. Calls that are answered by a stream are not limited by it.
    pub timeout: Duration,
    /// After how much silence the other side is asked whether it is still there.
    pub keep_alive: Duration,
    /// Size in bytes that a message may have.
    pub max_message_size: usize,
    /// What to do when the service is unavailable.
    pub retry: Retry,
}

impl ChannelOptions {
    /// The defaults, without TLS and without a token.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            tls: None,
            token: None,
            connections: 1,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_mins(1),
            keep_alive: Duration::from_secs(20),
            max_message_size: MAX_MESSAGE_SIZE,
            retry: Retry::default(),
        }
    }
}

/// Options that make no channel.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The address is none.
    #[error("service address {address:?}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        #[source]
        source: http::uri::InvalidUri,
    },
    /// The address has no host, or its scheme is neither http nor https.
    #[error("service address {0:?} is not http://host:port or https://host:port")]
    NotHttp(String),
    /// The scheme is https, but there is no TLS configuration.
    #[error("service address {0:?} is https but no TLS is configured for it")]
    NoTls(String),
    /// The host cannot be the name in a certificate.
    #[error("service address {0:?} has a host that no certificate can have")]
    ServerName(String),
}

/// The way to one service, which may have replicas.
///
/// It connects when it is first used, and again whenever that is necessary. Calls carry the
/// [`Context`] on. Calls that may be repeated, by the `idempotency_level` of their method, are
/// repeated while the service is unavailable. Whatever goes wrong comes as a status.
#[derive(Debug, Clone)]
pub struct Channel {
    transports: Arc<[tonic::transport::Channel]>,
    next: Arc<AtomicUsize>,
    options: Arc<ChannelOptions>,
}

impl Channel {
    /// A channel that has not connected yet.
    ///
    /// # Errors
    ///
    /// When the address is none, or cannot go together with the rest.
    pub fn lazy(options: ChannelOptions) -> Result<Self, ChannelError> {
        let uri = uri(&options.address)?;
        let connector = connector::Connector::new(&uri, &options)?;
        let endpoint = Endpoint::from(plain(&uri))
            .origin(uri)
            .connect_timeout(options.connect_timeout)
            .http2_keep_alive_interval(options.keep_alive)
            .keep_alive_timeout(options.keep_alive)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20);
        let transports = (0..options.connections.max(1))
            .map(|number| endpoint.connect_with_connector_lazy(connector.number(number)));
        Ok(Self {
            transports: transports.collect(),
            next: Arc::default(),
            options: Arc::new(options),
        })
    }

    /// The connection whose turn it is.
    fn transport(&self) -> tonic::transport::Channel {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.transports[turn % self.transports.len()].clone()
    }

    /// A client of a service at the other end.
    pub fn client<C: RpcClient>(&self) -> C {
        C::through(self.clone(), self.options.max_message_size)
    }
}

impl tower::Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let channel = self.clone();
        let context = Context::current();
        Box::pin(async move { Ok(send::send(channel, context, request).await) })
    }
}

fn uri(address: &str) -> Result<Uri, ChannelError> {
    let uri: Uri = address.parse().map_err(|source| ChannelError::Address {
        address: address.to_owned(),
        source,
    })?;
    let is_http = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    if is_http && uri.host().is_some_and(|host| !host.is_empty()) {
        Ok(uri)
    } else {
        Err(ChannelError::NotHttp(address.to_owned()))
    }
}

/// The same address as http. TLS is the connector's business; tonic would want to do it itself.
fn plain(uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}
