//! What the indexer is told, and where the configuration of all services says it.

use std::time::Duration;

use clair_bus::Bus;
use clair_rpc::ServerOptions;
use clair_runtime::config::{self, ListenAddress};
use clair_runtime::egress::EgressPolicy;
use clair_runtime::{Health, Service};
use clair_service::Database;

/// What the indexer is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: ListenAddress,
    /// How it serves, and whom.
    pub server: ServerOptions,
    /// Where everything is kept.
    pub database: Database,
    /// Where layers may be fetched from.
    pub egress: EgressPolicy,
    /// How much it does at the same time, and how much of an image it reads.
    pub limits: Limits,
    /// Where queued work comes from, and who is told of what was indexed. Without it, there is
    /// neither.
    pub bus: Option<Bus>,
    /// Whom to tell whether the database and NATS can be used.
    pub health: Health,
}

/// How much is done at the same time, and how much of an image is read.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Layers that are read at the same time, of all images together.
    pub concurrent_layers: usize,
    /// Calls of `Index` that are served at the same time; more are refused. `None` for no bound.
    pub concurrent_requests: Option<usize>,
    /// Layers that an image may have.
    pub layers: usize,
    /// How much is read of a layer. Part of the state of the indexer, so that it must be the same
    /// on all replicas.
    pub layer: clair_image::Limits,
    /// How long a server may be silent before a layer is given up.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&config::Indexer::default())
    }
}

impl Limits {
    fn of(indexer: &config::Indexer) -> Self {
        let limits = &indexer.limits;
        Self {
            concurrent_layers: indexer.concurrent_layers(),
            concurrent_requests: indexer.concurrent_requests(),
            layers: limits.layers,
            layer: clair_image::Limits {
                layer_size: limits.layer_size.0,
                layer_ratio: limits.layer_ratio,
                entries: limits.layer_entries,
                file_size: limits.file_size.0,
                ..clair_image::Limits::default()
            },
            silence: Duration::from_mins(1),
        }
    }
}

impl Config {
    /// A configuration with all defaults.
    pub fn new(listen: ListenAddress, server: ServerOptions, database: Database) -> Self {
        Self {
            listen,
            server,
            database,
            egress: EgressPolicy::new(&config::Egress::default(), false),
            limits: Limits::default(),
            bus: None,
            health: Health::new(),
        }
    }

    /// What the configuration of all services means for the indexer. How it serves, the way to
    /// NATS and the health of the process are for the program to say, which knows what else runs
    /// in the process.
    pub fn of_services(
        services: &config::Config,
        server: ServerOptions,
        bus: Option<Bus>,
        health: Health,
    ) -> Self {
        crate::health::expect(&health);
        let listen = services.internal.listen_address(Service::Indexer);
        Self {
            listen: listen.unwrap_or(ListenAddress::port(6071)),
            server,
            database: Database::of(Service::Indexer, services),
            egress: EgressPolicy::new(&services.indexer.egress, services.indexer.airgap),
            limits: Limits::of(&services.indexer),
            bus,
            health,
        }
    }
}

#[cfg(test)]
mod tests {
    use clair_rpc::Trust;
    use clair_runtime::Mode;

    use super::*;

    #[test]
    fn the_sections_of_all_services_say_it() {
        let yaml = "
database: {connstring: 'host=db dbname=clair user=clair password=secret', migrations: false}
indexer:
  connstring: 'host=own dbname=clair user=clair password=secret pool_max_conns=7'
  migrations: true
  layer_scan_concurrency: 3
  airgap: true
  egress: {deny_networks: [10.1.0.0/16]}
  limits: {layers: 5, file_size: 1MiB}
";
        let services = config::Config::from_yaml(yaml, Mode::Combo).unwrap();
        let server = ServerOptions::new(Trust {
            loopback: true,
            ..Trust::default()
        });
        let config = Config::of_services(&services, server, None, Health::new());
        assert!(
            config.database.address.contains("own"),
            "{}",
            config.database.address
        );
        assert_eq!(config.database.options.max_connections, 7);
        assert!(config.database.migrate);
        assert_eq!(config.limits.concurrent_layers, 3);
        assert_eq!(
            (config.limits.layers, config.limits.layer.file_size),
            (5, 1 << 20)
        );
        let allows = |address: &str| {
            let address = address.parse().unwrap();
            config.egress.check_address("host", address).is_ok()
        };
        assert!(allows("10.0.0.1") && !allows("10.1.0.1") && !allows("1.1.1.1"));
        assert!(!format!("{config:?}").contains("secret"));
    }
}
