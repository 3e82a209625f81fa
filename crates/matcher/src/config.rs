//! What the matcher is told, and where the configuration of all services says it.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clair_bus::Bus;
use clair_rpc::{ChannelOptions, ServerOptions};
use clair_runtime::config::{self, ListenAddress};
use clair_runtime::{Health, Service};
use clair_service::Database;
use jiff::SignedDuration;

/// What the matcher is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: ListenAddress,
    /// How it serves, and whom.
    pub server: ServerOptions,
    /// How it calls the indexer.
    pub indexer: ChannelOptions,
    /// PostgreSQL.
    pub database: Database,
    /// The directory of the local copy of the advisories. One process at a time writes to it.
    pub data_dir: PathBuf,
    /// How often to look for updates of which no event told.
    pub poll_interval: Duration,
    /// How long ago a source may have answered last before reports say that its data is old.
    pub max_age: SignedDuration,
    /// How much is done at the same time.
    pub limits: Limits,
    /// By what it is told of updates. Without it, they are found by polling only.
    pub bus: Option<Bus>,
    /// Whom to tell whether there is data, and whether it is up to date.
    pub health: Health,
}

impl Config {
    /// What the configuration of all services means for the matcher. How it serves, how it calls
    /// the indexer, the way to NATS and the health of the process are for the program to say, which
    /// knows what else runs in the process.
    pub fn of_services(
        services: &config::Config,
        server: ServerOptions,
        indexer: ChannelOptions,
        bus: Option<Bus>,
        health: Health,
    ) -> Self {
        crate::health::expect(&health);
        let listen = services.internal.listen_address(Service::Matcher);
        let mut database = Database::of(Service::Matcher, services);
        database.options.statement_timeout = SNAPSHOT_TIMEOUT;
        Self {
            listen: listen.unwrap_or(ListenAddress::port(6072)),
            server,
            indexer,
            database,
            data_dir: services.matcher.data_dir.clone(),
            poll_interval: services.matcher.poll_interval.duration(),
            max_age: SignedDuration::from_hours(7 * 24),
            limits: Limits::default(),
            bus,
            health,
        }
    }
}

/// How long reading all of a source may take. It is as fast as the segment is written, which on a
/// slow disk takes a while for the largest.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_mins(30);

/// How much is done at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many images are matched at once.
    pub matching: usize,
    /// How many more may wait for their turn, in the order of their coming. Those beyond are
    /// refused.
    pub waiting: usize,
}

impl Default for Limits {
    /// As many as there are processors, and enough room for a burst.
    fn default() -> Self {
        Self {
            matching: thread::available_parallelism().map_or(2, std::num::NonZero::get),
            waiting: 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use clair_rpc::Trust;
    use clair_runtime::Mode;

    use super::*;

    #[test]
    fn the_configuration_of_all_services_says_where_and_how_often() {
        let text = "
            matcher:
              connstring: postgres://clair:secret@db/clair
              data_dir: /data
              poll_interval: 5s
              indexer_addr: http://indexer:6071
            database: {max_connections: 3, migrations: false}
            internal: {matcher: {listen_addr: 'localhost:7000'}, insecure: true}
        ";
        let mode = Mode::Only(Service::Matcher);
        let services = config::Config::from_yaml(text, mode).unwrap();
        let server = ServerOptions::new(Trust::default());
        let indexer = ChannelOptions::new("http://indexer");
        let config = Config::of_services(&services, server, indexer, None, Health::new());
        assert_eq!(config.listen.to_string(), "localhost:7000");
        assert_eq!(config.data_dir, PathBuf::from("/data"));
        assert_eq!(config.poll_interval, Duration::from_secs(5));
        assert_eq!(config.database.options.max_connections, 3);
        assert!(!config.database.migrate);
        assert!(
            config.database.address.starts_with("postgres"),
            "{}",
            config.database.address
        );
        assert!(!format!("{config:?}").contains("secret"));
    }
}
