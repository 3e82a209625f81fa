//! Serving HTTP: connections from a socket, TLS, HTTP/1.1 and HTTP/2.
//!
//! What clients do not do in time ends their connection: the handshake and the head of a request
//! within the header timeout, reading an answer as soon as it is there.

mod activity;
mod connection;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::connection::{Connections, Limits};
use crate::Config;
use crate::origin::Peer;

/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a router.
pub(crate) struct Server {
    connections: Connections,
    acceptor: Option<TlsAcceptor>,
    max_connections: usize,
    grace: Duration,
}

impl Server {
    pub(crate) fn new(config: &Config, router: Router) -> Self {
        let acceptor = config.tls.as_deref().map(|tls| {
            let mut tls = ServerConfig::clone(tls);
            tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            TlsAcceptor::from(Arc::new(tls))
        });
        let limits = Limits {
            header_timeout: config.gateway.header_timeout.duration(),
        };
        Self {
            connections: Connections::new(router, limits),
            acceptor,
            max_connections: config.gateway.max_connections,
            grace: config.grace,
        }
    }

    /// Serves until `shutdown`. Then nothing new is accepted, requests may end within the grace,
    /// and those that do not are broken off.
    pub(crate) async fn serve(self, listener: TcpListener, shutdown: &CancellationToken) {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, tls = self.acceptor.is_some(), "serving HTTP");
        }
        let cut = CancellationToken::new();
        let tasks = TaskTracker::new();
        tokio::select! {
            () = self.accept(&listener, shutdown, &cut, &tasks) => {}
            () = shutdown.cancelled() => {}
        }
        drop(listener);
        tasks.close();
        if tokio::time::timeout(self.grace, tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(connections = tasks.len(), "requests are broken off");
            cut.cancel();
            tasks.wait().await;
        }
    }

    async fn accept(
        &self,
        listener: &TcpListener,
        shutdown: &CancellationToken,
        cut: &CancellationToken,
        tasks: &TaskTracker,
    ) {
        let room = Arc::new(Semaphore::new(self.max_connections));
        loop {
            // Those beyond wait in the queue of the system.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // It only costs time where it fails.
            let _ = stream.set_nodelay(true);
            let connections = self.connections.clone();
            let acceptor = self.acceptor.clone();
            let (shutdown, cut) = (shutdown.clone(), cut.clone());
            tasks.spawn(async move {
                let _permit = permit;
                let serving = connect(connections, acceptor, stream, Peer(address), shutdown);
                tokio::select! {
                    () = serving => {}
                    () = cut.cancelled() => {}
                }
            });
        }
    }
}

async fn connect(
    connections: Connections,
    acceptor: Option<TlsAcceptor>,
    stream: TcpStream,
    peer: Peer,
    shutdown: CancellationToken,
) {
    let Some(acceptor) = acceptor else {
        connections.serve_plain(stream, peer, &shutdown).await;
        return;
    };
    let timeout = connections.limits.header_timeout;
    match tokio::time::timeout(timeout, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => connections.serve_tls(stream, peer, &shutdown).await,
        Ok(Err(error)) => tracing::debug!(address = %peer.0, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(address = %peer.0, "TLS handshake took too long"),
    }
}
