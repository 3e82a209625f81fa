//! What holds of every document of a feed.

use std::io::{self, Cursor};

use clair_feeds::{Document, Limits, Sink, Skip, Source, by_name};
use clair_model::{Advisory, Enrichment};

const LIMITS: Limits = Limits {
    document: 4 << 20,
    record: 64 << 10,
    records: 10_000,
};

/// Reads a document as the feed does, and checks what it hands out.
///
/// # Panics
///
/// When it breaks a rule, which is a finding.
pub fn parse(feed: &str, source: &str, data: &[u8]) {
    let feed = by_name(feed).expect("a feed of this name");
    let source = Source {
        name: source.to_owned(),
        locations: Vec::new(),
        date: None,
    };
    let reader = Cursor::new(data.to_vec());
    if let Ok(mut document) = Document::from_reader("fuzz", reader, LIMITS) {
        let _ = feed.parse(&source, &mut document, &mut Check);
    }
}

struct Check;

impl Sink for Check {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        assert!(!advisory.id.is_empty(), "an advisory without a name");
        assert!(!advisory.affected.is_empty(), "an advisory of no package");
        for affected in &advisory.affected {
            assert!(!affected.package.is_empty(), "a package without a name");
        }
        Ok(())
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        assert!(!enrichment.tags.is_empty(), "an enrichment of nothing");
        Ok(())
    }

    fn skipped(&mut self, _: Skip, subject: &str) {
        assert!(subject.len() <= 1024, "a subject is short");
        assert!(
            !subject.chars().any(char::is_control),
            "a subject is safe to print"
        );
    }
}
