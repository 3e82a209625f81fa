//! How the services of this process serve each other, and how they call those of other processes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clair_rpc::{ChannelOptions, ServerOptions, Token, Trust};
use clair_runtime::config::InternalTrust;
use clair_runtime::tls::{self, CertificateWatch};
use clair_runtime::{Config, Mode, Service};
use tokio::net::TcpListener;

/// What tells services that a call comes from one of them, on both sides.
#[derive(Debug)]
pub(crate) struct Internal {
    trust: Trust,
    token: Option<Token>,
    server_tls: Option<Arc<rustls::ServerConfig>>,
    client_tls: Option<Arc<rustls::ClientConfig>>,
    grace: Duration,
    connections: usize,
    endpoints: Vec<Endpoint>,
}

/// Where a service is.
#[derive(Debug)]
struct Endpoint {
    service: Service,
    address: String,
    listener: Option<TcpListener>,
}

/// The services that others call.
const CALLED: [Service; 4] = [
    Service::Indexer,
    Service::Matcher,
    Service::Updater,
    Service::Notifier,
];

/// Archives are exported and imported while the caller waits.
const ARCHIVE_DEADLINE: Duration = Duration::from_hours(1);
/// Enough that a few replicas of a service share what one process asks them.
const CONNECTIONS: usize = 4;
/// What the end of a process keeps of its time for what comes after the last call.
const AFTER_CALLS: Duration = Duration::from_secs(2);

impl Internal {
    /// In the mode `combo` the services listen on loopback ports that the system chooses, and know
    /// each other by a token that nobody else can know. Else everything is as the configuration
    /// says.
    pub(crate) async fn begin(
        config: &Config,
        mode: Mode,
        watch: &CertificateWatch,
    ) -> anyhow::Result<Self> {
        let limit = config.shutdown_timeout.duration();
        let grace = limit.saturating_sub(AFTER_CALLS).max(limit / 2);
        match mode {
            Mode::Combo => Self::within(config, mode, grace).await,
            _ => Self::between(config, mode, grace, watch).await,
        }
    }

    async fn within(config: &Config, mode: Mode, grace: Duration) -> anyhow::Result<Self> {
        let token = Token::generate().context("a token for the services")?;
        let mut endpoints = Vec::new();
        for service in CALLED {
            if !config.runs(service, mode) {
                continue;
            }
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            endpoints.push(Endpoint {
                service,
                address: format!("http://{}", listener.local_addr()?),
                listener: Some(listener),
            });
        }
        Ok(Self {
            trust: Trust {
                tokens: vec![token.clone()],
                ..Trust::default()
            },
            token: Some(token),
            server_tls: None,
            client_tls: None,
            grace,
            connections: 1,
            endpoints,
        })
    }

    async fn between(
        config: &Config,
        mode: Mode,
        grace: Duration,
        watch: &CertificateWatch,
    ) -> anyhow::Result<Self> {
        let mut endpoints = Vec::new();
        for service in CALLED {
            let listener = match config.internal.listen_address(service) {
                Some(address) if mode.runs(service) => Some(address.bind().await?),
                _ => None,
            };
            let address = config.remote(service).map(|url| url.url().to_string());
            endpoints.push(Endpoint {
                service,
                address: address.unwrap_or_default(),
                listener,
            });
        }
        let (token, tls) = match config.internal_trust() {
            InternalTrust::Token(token) => (Some(token), None),
            InternalTrust::Certificates(tls, token) => (token, Some(tls)),
            InternalTrust::Nothing => (None, None),
        };
        let token = token.map(|token| Token::new(token.expose()));
        let token = token.transpose().context("internal.token")?;
        let mutual = tls.as_ref();
        let server_tls = mutual.map(|tls| tls::mutual_server_config(tls, &[], watch));
        let client_tls = mutual.map(|tls| tls::mutual_client_config(tls, watch));
        Ok(Self {
            trust: Trust {
                tokens: token.clone().into_iter().collect(),
                // With a token too, either would do: then only the token counts, since TLS has
                // let in nobody without a certificate.
                client_certificates: tls.is_some() && token.is_none(),
                loopback: tls.is_none() && token.is_none(),
                anybody: tls.is_none() && token.is_none() && config.internal.insecure,
            },
            token,
            server_tls: server_tls.transpose().context("internal.tls")?,
            client_tls: client_tls.transpose().context("internal.tls")?,
            grace,
            connections: CONNECTIONS,
            endpoints,
        })
    }

    /// The socket of a service of this process. It is given once.
    pub(crate) fn listener(&mut self, service: Service) -> anyhow::Result<TcpListener> {
        let mut endpoints = self.endpoints.iter_mut();
        let endpoint = endpoints.find(|endpoint| endpoint.service == service);
        endpoint
            .and_then(|endpoint| endpoint.listener.take())
            .with_context(|| format!("the {service} does not listen in this process"))
    }

    /// How a service of this process serves.
    pub(crate) fn server(&self, service: Service) -> ServerOptions {
        let defaults = ServerOptions::new(self.trust.clone());
        ServerOptions {
            tls: self.server_tls.clone(),
            default_deadline: match service {
                Service::Updater => ARCHIVE_DEADLINE,
                _ => defaults.default_deadline,
            },
            grace: self.grace,
            ..defaults
        }
    }

    /// How a service is called. `None` if it runs nowhere.
    pub(crate) fn channel(&self, service: Service) -> Option<ChannelOptions> {
        let mut endpoints = self.endpoints.iter();
        let endpoint = endpoints.find(|endpoint| endpoint.service == service)?;
        if endpoint.address.is_empty() {
            return None;
        }
        Some(ChannelOptions {
            tls: self.client_tls.clone(),
            token: self.token.clone(),
            connections: self.connections,
            ..ChannelOptions::new(endpoint.address.clone())
        })
    }
}
