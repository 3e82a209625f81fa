//! Fetching documents, from web servers and from the file system, if they have changed.

mod file;
mod http;
mod listing;

pub(crate) use file::walk;

use std::time::Duration;

use jiff::Timestamp;

use crate::{Document, FeedError, Fingerprint, Limits, Location, Source};

/// How to fetch.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// What we call ourselves to servers.
    pub user_agent: String,
    /// How long a connection may take to come about. 30 seconds.
    pub connect_timeout: Duration,
    /// How long a server may be silent. 60 seconds.
    pub read_timeout: Duration,
    /// How often a request is repeated that a server could not serve for now. 3 times.
    pub retries: u32,
    /// How long to wait before the first repetition; each further one waits twice as long, up to
    /// a minute, or as long as the server asks for. 1 second.
    pub retry_delay: Duration,
    /// How much to read.
    pub limits: Limits,
    /// Whether to refuse all use of the network.
    pub offline: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("clair/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_mins(1),
            retries: 3,
            retry_delay: Duration::from_secs(1),
            limits: Limits::default(),
            offline: false,
        }
    }
}

/// Fetches documents. Proxies are those of the environment. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Fetcher {
    options: FetchOptions,
    client: Option<reqwest::blocking::Client>,
}

/// What fetching came to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each document")]
pub enum Fetched {
    /// The document is what it was.
    Unchanged,
    /// The document is new, or has changed.
    New {
        /// Its bytes, still to be read.
        document: Document,
        /// What it can be known by the next time, once it has been read without an error.
        fingerprint: Fingerprint,
        /// When it was last changed, as far as its server or file system knows.
        modified: Option<Timestamp>,
    },
}

impl Fetcher {
    /// Sets up fetching.
    ///
    /// # Errors
    ///
    /// When the HTTP client cannot be set up, for want of certificates for example.
    pub fn new(options: FetchOptions) -> Result<Self, FeedError> {
        let client = if options.offline {
            None
        } else {
            Some(http::client(&options).map_err(FeedError::Client)?)
        };
        Ok(Self { options, client })
    }

    /// The same, for documents whose records may be so many times as large as those of others.
    pub(crate) fn for_records_of(&self, times: u64) -> Self {
        let mut fetcher = self.clone();
        let record = &mut fetcher.options.limits.record;
        *record = record.saturating_mul(times);
        fetcher
    }

    /// Fetches what lies at a location unless it is what `previous` was taken from.
    ///
    /// # Errors
    ///
    /// When it is not there, cannot be reached or read, or the network may not be used.
    pub fn fetch(
        &self,
        location: &Location,
        previous: Option<&Fingerprint>,
    ) -> Result<Fetched, FeedError> {
        let previous = previous.filter(|previous| previous.location == location.to_string());
        match location {
            Location::Http(url) => http::fetch(self, url, previous),
            Location::Path(path) => file::fetch(self, path, previous),
        }
    }

    /// Fetches a source from the first of its locations that has it.
    ///
    /// # Errors
    ///
    /// When none has it, or the first that has it cannot be read.
    pub fn fetch_source(
        &self,
        source: &Source,
        previous: Option<&Fingerprint>,
    ) -> Result<Fetched, FeedError> {
        let mut first_miss = None;
        for location in &source.locations {
            match self.fetch(location, previous) {
                Err(miss @ FeedError::NotFound { .. }) => {
                    tracing::debug!(source = source.name, %location, "not there");
                    first_miss.get_or_insert(miss);
                }
                other => return other,
            }
        }
        Err(first_miss.unwrap_or_else(|| FeedError::NotFound {
            location: source.name.clone(),
        }))
    }

    /// Whether there is a document in any of these places.
    pub(crate) fn exists(&self, locations: &[Location]) -> Result<bool, FeedError> {
        for location in locations {
            let exists = match location {
                Location::Http(url) => http::exists(self, url)?,
                Location::Path(path) => path.is_file(),
            };
            if exists {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The names in a directory, those of directories with a slash at their end; none if it
    /// cannot be listed.
    pub(crate) fn list(&self, directory: &Location) -> Result<Option<Vec<String>>, FeedError> {
        match directory {
            Location::Http(url) => http::list(self, url),
            Location::Path(path) => file::list(path),
        }
    }
}
