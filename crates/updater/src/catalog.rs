//! The feeds there are, as the configuration wants them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clair_feeds::{Feed, Location};

use crate::{Config, InvalidConfig};

/// All feeds, by name.
#[derive(Debug)]
pub(crate) struct Catalog {
    feeds: Vec<Arc<FollowedFeed>>,
}

/// A feed as the configuration wants it.
pub(crate) struct FollowedFeed {
    pub(crate) feed: Box<dyn Feed>,
    pub(crate) root: Location,
    /// Whether the configuration wants it.
    pub(crate) wanted: bool,
    pub(crate) period: Duration,
    /// Whether it has been where it is looked for.
    is_present: AtomicBool,
}

impl FollowedFeed {
    pub(crate) fn name(&self) -> &'static str {
        self.feed.name()
    }

    /// Whether it is wanted and there. A mirror in the file system need not have all feeds, and may
    /// get one later; one that it had and has no more is missed.
    pub(crate) fn is_enabled(&self) -> bool {
        self.wanted && (self.is_present.load(Ordering::Relaxed) || self.look())
    }

    fn look(&self) -> bool {
        let is_present = !matches!(&self.root, Location::Path(path) if !path.exists());
        self.is_present.store(is_present, Ordering::Relaxed);
        is_present
    }
}

impl fmt::Debug for FollowedFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedFeed")
            .field("name", &self.name())
            .field("root", &self.root)
            .field("wanted", &self.wanted)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

/// A feed that was asked for; all of its sources, or some.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) feed: Arc<FollowedFeed>,
    pub(crate) only: Option<BTreeSet<String>>,
}

/// A name that is neither that of a feed in use nor begins with one.
#[derive(Debug)]
pub(crate) struct NotConfigured(pub(crate) String);

impl Catalog {
    pub(crate) fn new(config: &Config) -> Result<Self, InvalidConfig> {
        for name in config.feeds.keys() {
            if clair_feeds::by_name(name).is_none() {
                return Err(InvalidConfig::UnknownFeed { name: name.clone() });
            }
        }
        let feeds = clair_feeds::all().into_iter().map(|feed| {
            let wanted = config.feeds.get(feed.name()).cloned().unwrap_or_default();
            let is_of_mirror = wanted.root.is_none() && config.mirror.is_some();
            let root = match (wanted.root, &config.mirror) {
                (Some(root), _) => root,
                (None, Some(mirror)) => mirror.join(&format!("{}/", feed.name())),
                (None, None) => {
                    let upstream = feed.about().upstream.parse();
                    let key = format!("of the upstream of {}", feed.name());
                    upstream.map_err(|source| InvalidConfig::Location { key, source })?
                }
            };
            Ok(Arc::new(FollowedFeed {
                feed,
                root,
                wanted: wanted.enabled,
                period: wanted.period,
                is_present: AtomicBool::new(!is_of_mirror),
            }))
        });
        Ok(Self {
            feeds: feeds.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn feeds(&self) -> impl Iterator<Item = &Arc<FollowedFeed>> {
        self.feeds.iter()
    }

    pub(crate) fn enabled(&self) -> impl Iterator<Item = &Arc<FollowedFeed>> {
        self.feeds.iter().filter(|feed| feed.is_enabled())
    }

    /// The feeds that names of feeds and of sources mean; all for no names.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<Selected>, NotConfigured> {
        if names.is_empty() {
            let all = self.enabled().cloned();
            return Ok(all.map(|feed| Selected { feed, only: None }).collect());
        }
        let mut selected: BTreeMap<&str, Selected> = BTreeMap::new();
        for name in names {
            let prefix = name.split('/').next().unwrap_or_default();
            let feed = self.enabled().find(|feed| feed.name() == prefix);
            let feed = feed.ok_or_else(|| NotConfigured(name.clone()))?;
            let entry = selected.entry(feed.name()).or_insert_with(|| Selected {
                feed: Arc::clone(feed),
                only: Some(BTreeSet::new()),
            });
            match &mut entry.only {
                Some(only) if name != prefix => {
                    only.insert(name.clone());
                }
                only => *only = None,
            }
        }
        Ok(selected.into_values().collect())
    }
}
