//! Which root each feed reads from: its upstream, a mirror, or one of its own.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::location::ParseLocationError;
use crate::{Feed, Location, by_name};

/// The roots of all feeds. See the [crate] for what lies below them.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    mirror: Option<Location>,
    single: BTreeMap<String, Location>,
}

/// A root that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RootsError {
    /// It has not the form that it must have.
    #[error("{0:?} is not of the form FEED=LOCATION")]
    Form(String),
    /// There is no such feed.
    #[error("there is no feed {0:?}")]
    UnknownFeed(String),
    /// The location is none.
    #[error("the root of feed {feed}: {source}")]
    Location {
        /// The feed.
        feed: String,
        /// What is wrong with it.
        source: ParseLocationError,
    },
}

impl Roots {
    /// Every feed reads from its upstream.
    pub fn upstream() -> Self {
        Self::default()
    }

    /// Every feed reads from its directory below `base`.
    pub fn mirror(base: Location) -> Self {
        Self {
            mirror: Some(base),
            single: BTreeMap::new(),
        }
    }

    /// Makes one feed read from elsewhere, given as `FEED=LOCATION`.
    ///
    /// # Errors
    ///
    /// When there is no such feed, or the location is none.
    pub fn set(&mut self, text: &str) -> Result<(), RootsError> {
        let (feed, location) = text
            .split_once('=')
            .ok_or_else(|| RootsError::Form(text.to_owned()))?;
        if by_name(feed).is_none() {
            return Err(RootsError::UnknownFeed(feed.to_owned()));
        }
        let location = location.parse().map_err(|source| RootsError::Location {
            feed: feed.to_owned(),
            source,
        })?;
        self.single.insert(feed.to_owned(), location);
        Ok(())
    }

    /// Makes one feed read from elsewhere.
    pub fn replace(&mut self, feed: &dyn Feed, root: Location) {
        self.single.insert(feed.name().to_owned(), root);
    }

    /// Whether there may be anything for a feed. A mirror in the file system need not have all
    /// feeds; of one on a web server that cannot be told.
    pub fn has(&self, feed: &dyn Feed) -> bool {
        match &self.mirror {
            Some(base @ Location::Path(_)) if !self.single.contains_key(feed.name()) => {
                let root = base.join(&format!("{}/", feed.name()));
                matches!(root, Location::Path(path) if path.exists())
            }
            _ => true,
        }
    }

    /// The root of a feed.
    ///
    /// # Errors
    ///
    /// When it is that of the upstream, and the feed names one that is no location.
    pub fn of(&self, feed: &dyn Feed) -> Result<Location, RootsError> {
        if let Some(root) = self.single.get(feed.name()) {
            return Ok(root.clone());
        }
        if let Some(base) = &self.mirror {
            return Ok(base.join(&format!("{}/", feed.name())));
        }
        feed.about()
            .upstream
            .parse()
            .map_err(|source| RootsError::Location {
                feed: feed.name().to_owned(),
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_root_counts() {
        let debian = by_name("debian").unwrap();
        let alpine = by_name("alpine").unwrap();
        let root = |roots: &Roots, feed: &dyn Feed| roots.of(feed).unwrap().to_string();

        let upstream = Roots::upstream();
        assert_eq!(root(&upstream, &*alpine), alpine.about().upstream);

        let mut roots = Roots::mirror("https://m.example/feeds".parse().unwrap());
        roots.set("debian=file:/x/tracker.json").unwrap();
        assert_eq!(root(&roots, &*debian), "/x/tracker.json");
        assert_eq!(root(&roots, &*alpine), "https://m.example/feeds/alpine/");
    }

    #[test]
    fn a_mirror_in_the_file_system_has_the_feeds_that_it_has_directories_of() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("alpine")).unwrap();
        let base = directory.path().to_str().unwrap().parse().unwrap();
        let (debian, alpine) = (by_name("debian").unwrap(), by_name("alpine").unwrap());

        let mut roots = Roots::mirror(base);
        assert!(roots.has(&*alpine));
        assert!(!roots.has(&*debian));
        roots.set("debian=/x/tracker.json").unwrap();
        assert!(roots.has(&*debian));

        assert!(Roots::upstream().has(&*debian));
        let web = Roots::mirror("https://m.example/feeds".parse().unwrap());
        assert!(web.has(&*debian));
    }

    #[test]
    fn what_cannot_be_a_root_is_refused() {
        let mut roots = Roots::upstream();
        for text in ["debian", "nix=/x", "debian=", "debian=ftp://x/"] {
            assert!(roots.set(text).is_err(), "{text}");
        }
    }
}
