//! The round for one source: fetch it if it changed, parse it, count what came out.

use std::collections::BTreeMap;
use std::io;

use clair_model::{Advisory, Enrichment};
use jiff::Timestamp;

use crate::{Document, Feed, FeedError, Fetched, Fetcher, Fingerprint, Sink, Skip, Source};

/// What the round for a source came to.
#[derive(Debug)]
pub enum Update<S> {
    /// The document is what it was when `previous` was taken.
    Unchanged,
    /// The document is new, and was read to its end.
    New {
        /// The sink, which now holds all of it.
        sink: S,
        /// What to give as `previous` the next time.
        fingerprint: Fingerprint,
        /// The vendor's date of the data: what the document states, else what is told beside it,
        /// else when its server or file system saw it change.
        date: Option<Timestamp>,
        /// How much there was.
        summary: Summary,
    },
}

/// How much a document held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Advisories.
    pub advisories: u64,
    /// Statements about packages in them.
    pub statements: u64,
    /// Enrichments.
    pub enrichments: u64,
    /// Records, or parts of them, that were left out, by reason.
    pub skipped: BTreeMap<Skip, u64>,
}

/// Fetches and parses one source. The sink is opened only if there is something new, and sees the
/// document first: its length and progress are there for a progress bar.
///
/// # Errors
///
/// When the source cannot be fetched or parsed. The sink is dropped then, and must not keep what
/// it was given.
pub fn update_source<S: Sink>(
    feed: &dyn Feed,
    source: &Source,
    fetcher: &Fetcher,
    previous: Option<&Fingerprint>,
    open: impl FnOnce(&Document) -> io::Result<S>,
) -> Result<Update<S>, FeedError> {
    let revision = feed.about().revision;
    let previous = previous.filter(|previous| previous.revision == revision);
    let stamp = feed.stamp(fetcher, source)?;
    if let (Some(stamp), Some(previous)) = (&stamp, previous)
        && previous.tag.as_ref() == Some(stamp)
        && source
            .locations
            .iter()
            .any(|location| location.to_string() == previous.location)
    {
        tracing::info!(source = source.name, "unchanged by its stamp");
        return Ok(Update::Unchanged);
    }
    let Fetched::New {
        mut document,
        fingerprint,
        modified,
    } = feed.fetch(fetcher, source, previous)?
    else {
        tracing::info!(source = source.name, "unchanged");
        return Ok(Update::Unchanged);
    };
    let sink = open(&document).map_err(|error| FeedError::Sink {
        name: source.name.clone(),
        source: error,
    })?;
    let mut counting = Counting {
        sink,
        summary: Summary::default(),
    };
    let stated = feed.parse(source, &mut document, &mut counting)?;
    let Counting { sink, summary } = counting;
    tracing::info!(
        source = source.name,
        advisories = summary.advisories,
        statements = summary.statements,
        enrichments = summary.enrichments,
        skipped = summary.skipped.values().sum::<u64>(),
        "read"
    );
    Ok(Update::New {
        sink,
        fingerprint: Fingerprint {
            revision,
            tag: stamp.or(fingerprint.tag),
            ..fingerprint
        },
        date: stated.or(source.date).or(modified),
        summary,
    })
}

struct Counting<S> {
    sink: S,
    summary: Summary,
}

impl<S: Sink> Sink for Counting<S> {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.summary.advisories += 1;
        self.summary.statements += advisory.affected.len() as u64;
        self.sink.advisory(advisory)
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        self.summary.enrichments += 1;
        self.sink.enrichment(enrichment)
    }

    fn skipped(&mut self, reason: Skip, subject: &str) {
        *self.summary.skipped.entry(reason).or_default() += 1;
        tracing::debug!(%reason, subject, "left out");
        self.sink.skipped(reason, subject);
    }
}
