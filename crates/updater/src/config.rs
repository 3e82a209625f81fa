//! What the updater needs to know, and where the configuration of all services says it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clair_feeds::{Location, ParseLocationError};
use clair_rpc::ServerOptions;
use clair_runtime::config::{self, ListenAddress};
use clair_runtime::{Health, Service};
use clair_service::Database;
use clair_store::Retention;
use jiff::SignedDuration;
use thiserror::Error;

use crate::events::{Events, NoEvents};

/// How the updater works.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: ListenAddress,
    /// How it serves, and whom.
    pub server: ServerOptions,
    /// Where everything is stored.
    pub database: Database,
    /// How each feed is asked, by its name; what is not here is asked as [`FeedConfig::default`]
    /// says.
    pub feeds: BTreeMap<String, FeedConfig>,
    /// The directory or URL that has a copy of all feeds, one directory each.
    pub mirror: Option<Location>,
    /// Whether to refuse all use of the network.
    pub offline: bool,
    /// By how much, at random, each period is longer.
    pub jitter: Duration,
    /// How many sources are read at the same time; at least one is.
    pub concurrency: usize,
    /// What is kept of the history of updates; `None` keeps all.
    pub retention: Option<Retention>,
    /// Where archives are unpacked and packed.
    pub spool_dir: PathBuf,
    /// Whom to tell of what was stored.
    pub events: Arc<dyn Events>,
    /// Whom to tell whether the database can be used.
    pub health: Health,
}

/// How one feed is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedConfig {
    /// Whether it is asked at all.
    pub enabled: bool,
    /// How often.
    pub period: Duration,
    /// Where it lies, instead of its vendor's place.
    pub root: Option<Location>,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            period: Duration::from_hours(6),
            root: None,
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// It names a feed that does not exist.
    #[error("there is no feed {name:?}")]
    UnknownFeed {
        /// The name.
        name: String,
    },
    /// The place of a feed, or of all of them, is none.
    #[error("the location {key}")]
    Location {
        /// The key of the configuration.
        key: String,
        /// What is wrong with it.
        #[source]
        source: ParseLocationError,
    },
}

/// Operations that are not older are kept, so that whoever follows them can be that far behind.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Config {
    /// A configuration that asks every feed at its vendor.
    pub fn new(listen: ListenAddress, server: ServerOptions, database: Database) -> Self {
        Self {
            listen,
            server,
            database,
            feeds: BTreeMap::new(),
            mirror: None,
            offline: false,
            jitter: Duration::from_mins(5),
            concurrency: 2,
            retention: Some(Retention {
                operations: 10,
                age: KEPT,
            }),
            spool_dir: std::env::temp_dir(),
            events: Arc::new(NoEvents),
            health: Health::new(),
        }
    }

    /// What the configuration of all services means for the updater. How it serves, where
    /// events go and the health of the process are for the program to say, which knows what else
    /// runs in the process.
    ///
    /// # Errors
    ///
    /// When a feed is named that does not exist, or a location is none.
    pub fn of_services(
        services: &config::Config,
        server: ServerOptions,
        events: Arc<dyn Events>,
        health: Health,
    ) -> Result<Self, InvalidConfig> {
        crate::health::check(&health);
        let listen = services.internal.listen_address(Service::Updater);
        let database = Database::of(Service::Updater, services);
        let mirror = services.updater.mirror.as_ref();
        let listen = listen.unwrap_or(ListenAddress::port(6073));
        Ok(Self {
            feeds: feeds(services)?,
            mirror: mirror
                .map(|mirror| location("updater.mirror", mirror))
                .transpose()?,
            offline: services.updater.offline,
            jitter: services.updater.jitter.duration(),
            concurrency: services.updater.concurrency,
            retention: match services.matcher.update_retention {
                config::Retention::Newest(count) => Some(Retention {
                    operations: count.get(),
                    age: KEPT,
                }),
                config::Retention::Everything => None,
            },
            events,
            health,
            ..Self::new(listen, server, database)
        })
    }
}

impl Config {
    /// The same for a command that serves nobody: the feeds are those that are chosen, even if the
    /// services are told to leave all of them alone.
    ///
    /// # Errors
    ///
    /// Those of [`of_services`](Self::of_services).
    pub fn of_command(services: &config::Config) -> Result<Self, InvalidConfig> {
        let mut services = services.clone();
        services.matcher.disable_updaters = false;
        let server = ServerOptions::new(clair_rpc::Trust::default());
        Self::of_services(&services, server, Arc::new(NoEvents), Health::new())
    }
}

/// Names that `updaters.sets` has in configurations of Clair, of today and before. Those that are
/// no feeds here must not keep a service from starting.
const SETS_OF_CLAIR: [&str; 13] = [
    "alpine", "aws", "debian", "oracle", "osv", "photon", "pyupio", "python", "rhcc", "rhel",
    "rhel-vex", "suse", "ubuntu",
];

/// Clair's enrichers, by the names that its configurations have for them, and their feeds here.
const ENRICHERS_OF_CLAIR: [(&str, &str); 3] = [
    ("clair.cvss", "nvd"),
    ("clair.epss", "epss"),
    ("clair.kev", "kev"),
];

/// Where a configuration of Clair has the root of a feed: the section of `updaters.config`, its key,
/// and the feed.
const ROOTS_OF_CLAIR: [(&str, &str, &str); 2] = [
    ("clair.cvss", "feed_root", "nvd"),
    ("clair.epss", "url", "epss"),
];

/// The feed that a name of `updaters.sets` means.
fn feed_of_set(set: &str) -> &str {
    let mut enrichers = ENRICHERS_OF_CLAIR.into_iter();
    let found = enrichers.find(|(enricher, _)| *enricher == set);
    found.map_or(set, |(_, feed)| feed)
}

/// Every feed there is, as the three sections that speak of feeds want it.
fn feeds(services: &config::Config) -> Result<BTreeMap<String, FeedConfig>, InvalidConfig> {
    let mut feeds = BTreeMap::new();
    let sets = services.updaters.sets.as_ref();
    for name in sets.into_iter().flatten() {
        if clair_feeds::by_name(feed_of_set(name)).is_some() {
            continue;
        }
        if !SETS_OF_CLAIR.contains(&name.as_str()) {
            return Err(InvalidConfig::UnknownFeed { name: name.clone() });
        }
        tracing::warn!(
            name,
            "there is no such feed: updaters.sets names it in vain"
        );
    }
    for feed in clair_feeds::all() {
        let name = feed.name().to_owned();
        let is_wanted = services.feeds.get(&name).is_some_and(|feed| feed.enabled);
        let is_default = feed.about().is_default || is_wanted;
        let is_it = |set: &String| feed_of_set(set) == name;
        let is_chosen = sets.map_or(is_default, |sets| sets.iter().any(is_it));
        let enabled = is_chosen && !services.matcher.disable_updaters;
        let period = services.updater_period().duration();
        feeds.insert(
            name,
            FeedConfig {
                enabled,
                period,
                root: None,
            },
        );
    }
    for (section, key, name) in ROOTS_OF_CLAIR {
        let settings = services.updaters.config.get(section);
        let root = settings.and_then(|settings| settings.get(key)?.as_str());
        if let (Some(root), Some(feed)) = (root, feeds.get_mut(name)) {
            let key = format!("updaters.config.{section}.{key}");
            let parsed = root.parse();
            let parsed = parsed.map_err(|source| InvalidConfig::Location { key, source })?;
            feed.root = Some(parsed);
        }
    }
    for (name, wanted) in &services.feeds {
        let Some(feed) = feeds.get_mut(name) else {
            return Err(InvalidConfig::UnknownFeed { name: name.clone() });
        };
        feed.enabled &= wanted.enabled;
        if let Some(period) = wanted.period {
            feed.period = period.duration();
        }
        if let Some(root) = &wanted.root {
            feed.root = Some(location(&format!("feeds.{name}.root"), root)?);
        }
    }
    Ok(feeds)
}

fn location(key: &str, text: &config::Location) -> Result<Location, InvalidConfig> {
    let parsed = text.expose().parse();
    parsed.map_err(|source| InvalidConfig::Location {
        key: key.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use clair_rpc::Trust;
    use clair_runtime::Mode;
    use clair_runtime::config::Config as Services;

    use super::*;

    fn of(yaml: &str) -> Config {
        let services = Services::from_yaml(yaml, Mode::Combo).unwrap();
        let server = ServerOptions::new(Trust {
            loopback: true,
            ..Trust::default()
        });
        Config::of_services(&services, server, Arc::new(NoEvents), Health::new()).unwrap()
    }

    const MINIMUM: &str = "
database: {connstring: 'host=db dbname=clair user=clair'}
";

    #[test]
    fn every_feed_is_asked_unless_something_is_said() {
        let config = of(MINIMUM);
        assert_eq!(config.feeds.len(), clair_feeds::all().len());
        for feed in clair_feeds::all() {
            let expected = FeedConfig {
                enabled: feed.about().is_default,
                ..FeedConfig::default()
            };
            assert_eq!(config.feeds[feed.name()], expected, "{}", feed.name());
        }
    }

    #[test]
    fn a_set_must_be_a_feed_or_one_of_clairs() {
        let config = of(&format!("{MINIMUM}\nupdaters: {{sets: [debian, rhcc]}}"));
        assert!(config.feeds["debian"].enabled && !config.feeds["alpine"].enabled);
        let yaml = format!("{MINIMUM}\nupdaters: {{sets: [debain]}}");
        let services = Services::from_yaml(&yaml, Mode::Combo).unwrap();
        let server = ServerOptions::new(Trust::default());
        let error = Config::of_services(&services, server, Arc::new(NoEvents), Health::new());
        let expected = InvalidConfig::UnknownFeed {
            name: "debain".to_owned(),
        };
        assert_eq!(error.unwrap_err(), expected);
    }

    #[test]
    fn what_clair_says_of_its_enrichers_is_meant_for_their_feeds() {
        let config = of(&format!(
            "{MINIMUM}
updaters:
  sets: [debian, clair.cvss]
  config:
    clair.cvss: {{feed_root: 'https://mirror.example/nvd/'}}
    clair.epss: {{url: 'https://mirror.example/epss.csv.gz'}}
feeds:
  epss: {{root: /srv/epss}}
"
        ));
        let enabled = config.feeds.iter().filter(|(_, feed)| feed.enabled);
        let enabled: Vec<_> = enabled.map(|(name, _)| name.as_str()).collect();
        assert_eq!(enabled, ["debian", "nvd"]);
        let root = |name: &str| config.feeds[name].root.as_ref().unwrap().to_string();
        assert_eq!(root("nvd"), "https://mirror.example/nvd/");
        assert_eq!(root("epss"), "/srv/epss");
    }

    #[test]
    fn the_sections_about_feeds_count_together() {
        let config = of(&format!(
            "{MINIMUM}
updaters: {{sets: [debian, ubuntu]}}
updater: {{period: 2h, mirror: /srv/feeds}}
feeds:
  ubuntu: {{enabled: false}}
  debian: {{period: 30m, root: 'https://mirror.example/debian/'}}
"
        ));
        let enabled = config.feeds.iter().filter(|(_, feed)| feed.enabled);
        assert_eq!(
            enabled.map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["debian"]
        );
        let debian = &config.feeds["debian"];
        assert_eq!(debian.period, Duration::from_mins(30));
        assert_eq!(
            debian.root.as_ref().unwrap().to_string(),
            "https://mirror.example/debian/"
        );
        assert_eq!(config.feeds["alpine"].period, Duration::from_hours(2));
        assert_eq!(config.mirror.unwrap().to_string(), "/srv/feeds");
    }
}
