//! What the gateway is told, and where the configuration of all services says it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clair_rpc::ChannelOptions;
use clair_runtime::config::{self, ListenAddress};
use clair_runtime::{Health, Service};

/// What the gateway is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: ListenAddress,
    /// TLS, with whatever it takes to reload certificates. The protocols of ALPN are set by the
    /// gateway.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// How the services are called.
    pub services: Services,
    /// Where it is kept which tokens were used. Without it, each gateway keeps that for itself.
    pub database: Option<Database>,
    /// The preshared key.
    pub auth: config::Auth,
    /// Limits, tokens, rights.
    pub gateway: config::Gateway,
    /// How long a vulnerability report may be kept by those who asked for it.
    pub cache_age: Duration,
    /// How long requests may go on after shutdown began.
    pub grace: Duration,
    /// Whom to tell whether the services can be reached.
    pub health: Health,
}

/// How the services are called.
#[derive(Debug, Clone)]
pub struct Services {
    /// The indexer.
    pub indexer: ChannelOptions,
    /// The matcher.
    pub matcher: ChannelOptions,
    /// The updater.
    pub updater: ChannelOptions,
    /// The notifier. Without one, its routes are not found.
    pub notifier: Option<ChannelOptions>,
}

/// The database.
#[derive(Clone)]
pub struct Database {
    /// Its address, as [`clair_store::Store::connect`] takes it. It may hold a password, so
    /// `Debug` does not show it.
    pub address: String,
    /// How it is used.
    pub options: clair_store::Options,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// A configuration with all defaults: no TLS, no tokens, no database.
    pub fn new(listen: ListenAddress, services: Services) -> Self {
        Self {
            listen,
            tls: None,
            services,
            database: None,
            auth: config::Auth::default(),
            gateway: config::Gateway::default(),
            cache_age: config::Config::default().matcher.cache_age().duration(),
            grace: Duration::from_secs(10),
            health: Health::new(),
        }
    }

    /// What the configuration of all services means for the gateway. How the services are called,
    /// TLS (of the key `tls`) and the health of the process are for the program to say, which knows
    /// what else runs in the process.
    pub fn of_services(
        configured: &config::Config,
        services: Services,
        tls: Option<Arc<rustls::ServerConfig>>,
        health: Health,
    ) -> Self {
        crate::health::expect(&health);
        let connstring = configured.connstring(Service::Gateway);
        let options = clair_store::Options {
            // A token is noted in a millisecond.
            max_connections: 2,
            // Clients wait for it.
            acquire_timeout: Duration::from_secs(5),
            application_name: "clair-gateway".to_owned(),
            ..clair_store::Options::default()
        };
        Self {
            listen: configured.http_listen_addr.clone(),
            tls,
            services,
            // An address that is left to the variables of libpq is the empty one.
            database: Some(Database {
                address: connstring.map_or_else(String::new, |address| address.url().to_string()),
                options,
            }),
            auth: configured.auth.clone(),
            gateway: configured.gateway.clone(),
            cache_age: configured.matcher.cache_age().duration(),
            grace: configured.shutdown_timeout.duration(),
            health,
        }
    }
}
