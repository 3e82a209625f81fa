//! The generation of the local copy that is in use.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use clair_model::SourceKind;
use clair_rpc::{Error, ErrorCode};
use clair_vulndb::{Database, SourceInfo};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use uuid::Uuid;

use crate::metrics;

/// The generation in use, which is replaced while requests go on with the one they took.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    current: ArcSwapOption<Database>,
    replaced: Notify,
}

impl Generations {
    /// Opens what is in a directory and puts it in use; nothing where nothing is there yet, or
    /// where no source has advisories.
    pub(crate) fn open(&self, directory: &Path) -> Result<(), clair_vulndb::Error> {
        let database = match Database::open(directory) {
            Ok(database) if database.sources().iter().any(has_advisories) => {
                Some(Arc::new(database))
            }
            Ok(_) | Err(clair_vulndb::Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let sources = database
            .as_ref()
            .map_or(&[][..], |database| database.sources());
        metrics::generation(sources);
        let generation = database
            .as_ref()
            .map_or("none", |database| database.identity());
        tracing::info!(generation, sources = sources.len(), "security data in use");
        self.current.store(database.clone());
        self.replaced.notify_waiters();
        Ok(())
    }

    /// Whether the generation in use has just these sources, as they are.
    pub(crate) fn have<'s>(&self, sources: impl Iterator<Item = &'s SourceInfo>) -> bool {
        match self.current() {
            Some(database) => database.sources().iter().eq(sources),
            None => !sources.into_iter().any(has_advisories),
        }
    }

    /// The generation in use, if there is any data.
    pub(crate) fn current(&self) -> Option<Arc<Database>> {
        self.current.load_full()
    }

    /// The generation in use.
    ///
    /// # Errors
    ///
    /// While there is no data at all.
    pub(crate) fn loaded(&self) -> Result<Arc<Database>, Error> {
        let not_ready = || Error::new(ErrorCode::NotReady, "no security data has been loaded yet");
        self.current().ok_or_else(not_ready)
    }

    /// Ends when the generation is replaced after this call.
    pub(crate) fn replaced(&self) -> Notified<'_> {
        self.replaced.notified()
    }
}

fn has_advisories(source: &SourceInfo) -> bool {
    source.kind == SourceKind::Vulnerability
}

/// The update operation from which the data of a source was made.
///
/// The local copy keeps it as the fingerprint of the source. That of the feed is of no use here,
/// since it is not the matcher that asks feeds.
pub(crate) fn operation(database: &Database, source: &str) -> Option<Uuid> {
    let sources = database.sources();
    let index = sources
        .binary_search_by(|known| known.name.as_str().cmp(source))
        .ok()?;
    sources[index].fingerprint.parse().ok()
}
