//! Making connections: TCP, or TLS on top of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::{ChannelError, ChannelOptions};

/// Connects to one host.
#[derive(Clone)]
pub(super) struct Connector {
    host: String,
    port: u16,
    number: usize,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<C: AsyncRead + AsyncWrite + Send + Unpin> Connection for C {}

impl Connector {
    pub(super) fn new(uri: &Uri, options: &ChannelOptions) -> Result<Self, ChannelError> {
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        // An IPv6 address is in brackets in an address, and nowhere else.
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let tls = match (&options.tls, is_tls) {
            (_, false) => None,
            (None, true) => return Err(ChannelError::NoTls(options.address.clone())),
            (Some(config), true) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| ChannelError::ServerName(options.address.clone()))?;
                let mut config = rustls::ClientConfig::clone(config);
                config.alpn_protocols = vec![b"h2".to_vec()];
                Some((TlsConnector::from(Arc::new(config)), name))
            }
        };
        Ok(Self {
            host,
            port,
            number: 0,
            tls,
        })
    }

    /// The same for another of several connections.
    pub(super) fn number(&self, number: usize) -> Self {
        Self {
            number,
            ..self.clone()
        }
    }

    /// Tries the addresses of the host, each connection beginning with another one.
    async fn connect(self) -> io::Result<Box<dyn Connection>> {
        let found = lookup_host((self.host.as_str(), self.port)).await?;
        let mut addresses: Vec<SocketAddr> = found.collect();
        let first = self.number % addresses.len().max(1);
        addresses.rotate_left(first);
        let stream = TcpStream::connect(addresses.as_slice()).await?;
        stream.set_nodelay(true)?;
        match self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => Ok(Box::new(connector.connect(name, stream).await?)),
        }
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Connection>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect().await.map(TokioIo::new) })
    }
}
