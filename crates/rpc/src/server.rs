//! Serving: one port for one or more services.

mod body;
mod connection;
mod gate;
mod health;
mod trust;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

use crate::RpcService;
use crate::proto::DESCRIPTORS;
use gate::Gate;

pub use health::Health;
pub use trust::Trust;

/// How a server serves.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Who may call.
    pub trust: Trust,
    /// TLS, with whatever it takes to reload certificates. Client certificates count only if its
    /// verifier demands or checks them. The protocols of ALPN are set by the server.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Size in bytes that a message may have.
    pub max_message_size: usize,
    /// How long a handler may take until its response begins where the caller sets no deadline.
    /// A response that is a stream may then go on for longer.
    pub default_deadline: Duration,
    /// How long calls may go on after shutdown began.
    pub grace: Duration,
}

impl ServerOptions {
    /// The defaults, without TLS.
    pub fn new(trust: Trust) -> Self {
        Self {
            trust,
            tls: None,
            max_message_size: MAX_MESSAGE_SIZE,
            default_deadline: Duration::from_mins(1),
            grace: Duration::from_secs(10),
        }
    }
}

/// Size in bytes that a message may have by default: far above the largest reports seen.
pub(crate) const MAX_MESSAGE_SIZE: usize = 64 << 20;

/// Why a server does not serve.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The options admit nobody.
    #[error("no caller would be admitted: neither a token, client certificates nor loopback")]
    NobodyTrusted,
    /// Client certificates are to be trusted, but without TLS there are none.
    #[error("client certificates are trusted but TLS is off")]
    CertificatesWithoutTls,
    /// The reflection service could not be made from the interfaces.
    #[error("reflection")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The listening socket.
    #[error("listening socket")]
    Listener(#[source] io::Error),
    /// The server itself.
    #[error("gRPC server")]
    Transport(#[source] tonic::transport::Error),
}

/// A server: services, with health and reflection.
///
/// Every call is checked for who makes it, except those of `grpc.health.v1.Health`, which tell
/// nothing and which probes make without a secret. It gets a request id, takes part in a trace, and
/// ends by its deadline. A handler that panics fails its own call only.
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    health: Health,
}

impl Server {
    /// A server without services.
    pub fn new(options: ServerOptions) -> Self {
        Self {
            options,
            routes: RoutesBuilder::default(),
            names: Vec::new(),
            health: Health::new(),
        }
    }

    /// Adds a service.
    #[must_use]
    pub fn with_service<S: RpcService>(mut self, service: S) -> Self {
        let service = service.with_max_message_size(self.options.max_message_size);
        self.routes.add_service(service);
        self.names.push(S::NAME);
        self.health.add(S::NAME);
        self
    }

    /// The health that the server tells, serving from the start.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Serves until `shutdown` completes. Then nothing new is accepted, calls may end within the
    /// grace, and those that do not are ended as unavailable.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        self.check()?;
        self.add_reflection()?;
        self.health.tell().await;
        self.routes.add_service(self.health.service());
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        tracing::info!(%address, services = ?self.names, "serving gRPC");

        let cut = CancellationToken::new();
        let draining = CancellationToken::new();
        let gate = Gate::new(self.routes.routes(), &self.options, cut.clone());
        let health = self.health.clone();
        let signal = async {
            shutdown.await;
            health.set_serving(false).await;
            draining.cancel();
        };
        let serving = transport().serve_with_incoming_shutdown(
            gate,
            connection::accept(listener, self.options.tls.as_deref()),
            signal,
        );
        let out_of_patience = async {
            draining.cancelled().await;
            tokio::time::sleep(self.options.grace).await;
            cut.cancel();
            // The calls have ended now, and their callers only have to be told.
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        tokio::select! {
            result = serving => result.map_err(ServeError::Transport),
            () = out_of_patience => Ok(()),
        }
    }

    fn check(&self) -> Result<(), ServeError> {
        let trust = &self.options.trust;
        if !trust.admits_anybody() {
            return Err(ServeError::NobodyTrusted);
        }
        if trust.client_certificates && self.options.tls.is_none() {
            return Err(ServeError::CertificatesWithoutTls);
        }
        Ok(())
    }

    /// Both versions of the protocol: tools of today ask for the first, older ones for the second.
    fn add_reflection(&mut self) -> Result<(), ServeError> {
        let builder = || {
            let mut builder = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name("grpc.health.v1.Health");
            for &name in &self.names {
                builder = builder.with_service_name(name);
            }
            builder
        };
        let current = builder().build_v1().map_err(ServeError::Reflection)?;
        let alpha = builder().build_v1alpha().map_err(ServeError::Reflection)?;
        self.routes.add_service(current);
        self.routes.add_service(alpha);
        Ok(())
    }
}

/// HTTP/2 for messages of megabytes over connections that stay.
fn transport() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_concurrent_streams(1024)
}
