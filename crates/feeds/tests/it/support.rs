//! A sink that keeps what it is given, and advisories in words.

use std::collections::BTreeMap;
use std::io::{self, Cursor};

use clair_feeds::{Document, Feed, FeedError, Limits, Sink, Skip, Source, by_name};
use clair_model::{Advisory, Affected, Enrichment};
pub(crate) use clair_testing::corpus;

/// What a feed made of a document.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) advisories: Vec<Advisory>,
    pub(crate) enrichments: Vec<Enrichment>,
    /// Reasons with their subjects, in order.
    pub(crate) skipped: Vec<(Skip, String)>,
}

impl Sink for Collected {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.advisories.push(advisory);
        Ok(())
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        self.enrichments.push(enrichment);
        Ok(())
    }

    fn skipped(&mut self, reason: Skip, subject: &str) {
        self.skipped.push((reason, subject.to_owned()));
    }
}

impl Collected {
    /// The one advisory there is.
    #[track_caller]
    pub(crate) fn one(&self) -> &Advisory {
        assert_eq!(self.advisories.len(), 1, "{self:#?}");
        &self.advisories[0]
    }

    /// All statements, in words.
    pub(crate) fn statements(&self) -> Vec<String> {
        let affected = self.advisories.iter().flat_map(|advisory| {
            advisory
                .affected
                .iter()
                .map(|affected| format!("{} {}", advisory.id, words(affected)))
        });
        affected.collect()
    }

    /// `reason: subject`, in order.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.skipped
            .iter()
            .map(|(reason, subject)| format!("{reason}: {subject}"))
            .collect()
    }

    /// How many were left out, by reason.
    pub(crate) fn skips(&self) -> BTreeMap<Skip, usize> {
        let mut counts = BTreeMap::new();
        for (reason, _) in &self.skipped {
            *counts.entry(*reason).or_default() += 1;
        }
        counts
    }
}

/// `namespace package: state versions [severity] (note)`.
pub(crate) fn words(affected: &Affected) -> String {
    let ranges: Vec<String> = affected
        .vulnerable
        .ranges
        .iter()
        .map(ToString::to_string)
        .collect();
    let ranges = if ranges.is_empty() {
        "no version".to_owned()
    } else {
        ranges.join(" or ")
    };
    let severity = affected
        .severity
        .as_ref()
        .map(|severity| format!(" [{severity}]"));
    let note = affected.note.as_ref().map(|note| format!(" ({note})"));
    format!(
        "{} {}: {} {ranges}{}{}",
        affected.namespace,
        affected.package,
        affected.fix_state,
        severity.unwrap_or_default(),
        note.unwrap_or_default(),
    )
}

pub(crate) fn source(name: &str) -> Source {
    Source {
        name: name.to_owned(),
        locations: Vec::new(),
        date: None,
    }
}

pub(crate) fn feed(source: &str) -> Box<dyn Feed> {
    by_name(source.split('/').next().unwrap()).unwrap()
}

/// Parses bytes as a source of a name, `alpine/v3.18/main` for example.
pub(crate) fn parse(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Collected, FeedError> {
    parse_within(name, bytes, Limits::default())
}

pub(crate) fn parse_within(
    name: &str,
    bytes: impl Into<Vec<u8>>,
    limits: Limits,
) -> Result<Collected, FeedError> {
    let mut document = Document::from_reader("test", Cursor::new(bytes.into()), limits).unwrap();
    let mut collected = Collected::default();
    feed(name).parse(&source(name), &mut document, &mut collected)?;
    Ok(collected)
}

/// Parses bytes that have to be refused, and gives the whole chain of the error.
#[track_caller]
pub(crate) fn refused(name: &str, bytes: impl Into<Vec<u8>>) -> String {
    chain(&parse(name, bytes).unwrap_err())
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
