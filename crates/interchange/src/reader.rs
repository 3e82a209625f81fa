//! Reading a file, line by line.

use std::io::{BufRead, BufReader, Read};

use clair_feeds::{Document, Skip, by_name, text};
use clair_model::facts::{RELEASE, Release};
use clair_model::{Advisory, Enrichment, JsonText, SourceKind};
use jiff::Timestamp;
use uuid::Uuid;

use crate::enricher::{COPY, Enricher};
use crate::error::Error;
use crate::inward;
use crate::updater::{feed_of, source_of};
use crate::vulnerability::{Extra, Fact, Line, Vulnerability};

/// The longest line, in bytes. Clair's exporter cannot write a record of more than one MiB; how
/// long ours are is bounded by what feeds let pass.
const LONGEST: u64 = 8 << 20;

/// How many statements of one vulnerability make one advisory. Clair repeats the vulnerability for
/// each package, in lines that follow each other.
const MOST_STATEMENTS: usize = 4096;

/// An update: what an updater had at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The updater.
    pub updater: String,
    /// The source that has its records here.
    pub source: String,
    /// The updater's mark of what it has read.
    pub fingerprint: String,
    /// When it was exported.
    pub date: Timestamp,
    /// What its records are.
    pub kind: SourceKind,
}

/// What takes the content of a file.
pub trait Receiver {
    /// Begins an update, whose records follow if it is wanted.
    ///
    /// # Errors
    ///
    /// When it cannot be stored. That ends the reading, as with all that follows.
    fn begin(&mut self, update: &Update) -> Result<bool, Error>;

    /// Takes an advisory.
    fn advisory(&mut self, advisory: Advisory) -> Result<(), Error>;

    /// Takes an enrichment. An update has enrichments or advisories, as its kind says.
    fn enrichment(&mut self, enrichment: Enrichment) -> Result<(), Error>;

    /// Is told of a record that was left out.
    fn skipped(&mut self, reason: Skip);

    /// Ends the update, if it was wanted.
    fn end(&mut self) -> Result<(), Error>;
}

/// Reads a file to its end. How it is compressed, its first bytes say.
///
/// # Errors
///
/// When any of it is not of the format. What was received by then is a part only.
pub fn read(document: &mut Document, receiver: &mut dyn Receiver) -> Result<(), Error> {
    let location = document.location().to_owned();
    let mut reader = Reader {
        location,
        line: 0,
        input: BufReader::with_capacity(256 << 10, document),
        receiver,
        current: None,
        pending: None,
    };
    let mut buffer = Vec::new();
    while reader.next(&mut buffer)? {
        if !buffer.trim_ascii().is_empty() {
            reader.take(&buffer)?;
        }
    }
    if reader.current.is_none() {
        return Err(Error::Empty {
            location: reader.location,
        });
    }
    reader.end()
}

/// The update that is being read.
struct Current {
    feed: String,
    reference: Uuid,
    kind: SourceKind,
    updater: String,
    enricher: Option<Enricher>,
    /// Of the feed that Clair's enricher has read, which tells it with every fact.
    release: Release,
    is_wanted: bool,
}

struct Reader<'r> {
    location: String,
    line: u64,
    input: BufReader<&'r mut Document>,
    receiver: &'r mut dyn Receiver,
    current: Option<Current>,
    /// To which what the next line says may belong.
    pending: Option<Advisory>,
}

impl Reader<'_> {
    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<bool, Error> {
        buffer.clear();
        self.line += 1;
        self.input.get_ref().mark();
        let mut limited = self.input.by_ref().take(LONGEST + 1);
        let read = limited.read_until(b'\n', buffer);
        let length = read.map_err(|source| Error::Read {
            location: self.location.clone(),
            line: self.line,
            source,
        })?;
        if length as u64 > LONGEST {
            return Err(self.wrong(format!("it has more than {LONGEST} bytes")));
        }
        Ok(length > 0)
    }

    fn wrong(&self, what: impl Into<String>) -> Error {
        Error::Line {
            location: self.location.clone(),
            line: self.line,
            what: what.into(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let line: Line<'_> =
            serde_json::from_slice(bytes).map_err(|error| self.wrong(error.to_string()))?;
        let is_same = |current: &Current| {
            current.reference == line.reference && current.kind.name() == line.kind
        };
        if !self.current.as_ref().is_some_and(is_same) {
            self.begin(&line)?;
        }
        let Some(current) = &self.current else {
            return Ok(());
        };
        if current.updater != line.updater {
            let what = "Updater: it is another one than in the lines before, whose Ref it has";
            return Err(self.wrong(what));
        }
        match (current.is_wanted, current.kind) {
            (false, _) => Ok(()),
            (true, SourceKind::Vulnerability) => self.vulnerability(&line),
            (true, SourceKind::Enrichment) => self.enrichment(&line),
        }
    }

    fn begin(&mut self, line: &Line<'_>) -> Result<(), Error> {
        self.end()?;
        let kind: SourceKind = line
            .kind
            .parse()
            .map_err(|_| self.wrong("Kind: it is neither vulnerability nor enrichment"))?;
        let source = source_of(&line.updater);
        let source = source.ok_or_else(|| self.wrong("Updater: it is no name of an updater"))?;
        let update = Update {
            updater: line.updater.clone().into_owned(),
            source,
            fingerprint: line.fingerprint.clone().into_owned(),
            date: line.date,
            kind,
        };
        let enricher = match kind {
            SourceKind::Enrichment => Enricher::of_updater(&update.updater),
            SourceKind::Vulnerability => None,
        };
        let is_copy = enricher.is_some() && update.fingerprint.starts_with(COPY);
        let is_wanted = !is_copy && self.receiver.begin(&update)?;
        self.current = Some(Current {
            feed: feed_of(&update.source).to_owned(),
            reference: line.reference,
            kind,
            updater: update.updater,
            enricher,
            release: Release::default(),
            is_wanted,
        });
        Ok(())
    }

    fn vulnerability(&mut self, line: &Line<'_>) -> Result<(), Error> {
        let json = line
            .vulnerability
            .ok_or_else(|| self.wrong("Vuln: it is missing"))?;
        let vulnerability: Vulnerability<'_> = serde_json::from_str(json.get())
            .map_err(|error| self.wrong(format!("Vuln: {error}")))?;
        let extra: Option<Extra> = match line.extra {
            Some(json) => serde_json::from_str(json.get())
                .map_err(|error| self.wrong(format!("Extra: {error}")))?,
            None => None,
        };
        match inward::advisory(&vulnerability, extra.as_ref()) {
            Ok(advisory) => self.advisory(advisory),
            Err(reason) => {
                self.receiver.skipped(reason);
                Ok(())
            }
        }
    }

    fn enrichment(&mut self, line: &Line<'_>) -> Result<(), Error> {
        let json = line
            .enrichment
            .ok_or_else(|| self.wrong("Enrichment: it is missing"))?;
        let fact: Fact<Vec<String>> = serde_json::from_str(json.get())
            .map_err(|error| self.wrong(format!("Enrichment: {error}")))?;
        let Fact { tags, value } = fact;
        if tags.is_empty() || !tags.iter().all(|tag| text::is_name(tag)) {
            self.receiver.skipped(Skip::BadId);
            return Ok(());
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if let Some(enricher) = current.enricher {
            match enricher.read(tags, &value) {
                Ok((enrichment, release)) => {
                    current.release = release;
                    return self.receiver.enrichment(enrichment);
                }
                Err(reason) => self.receiver.skipped(reason),
            }
            return Ok(());
        }
        let feed = by_name(&current.feed);
        if feed.is_some_and(|feed| feed.about().kind == SourceKind::Enrichment) {
            return self.receiver.enrichment(Enrichment { tags, value });
        }
        // Nothing here would know what to do with it.
        self.receiver.skipped(Skip::OtherProduct);
        Ok(())
    }

    /// Joins what is said of several packages by lines that follow each other.
    fn advisory(&mut self, mut advisory: Advisory) -> Result<(), Error> {
        if let Some(pending) = &mut self.pending {
            if is_about_same(pending, &advisory) {
                for mut affected in advisory.affected {
                    if advisory.severity != pending.severity
                        || advisory.normalized_severity != pending.normalized_severity
                    {
                        affected.severity = Some(advisory.severity.clone());
                        affected.normalized_severity = Some(advisory.normalized_severity);
                    }
                    pending.affected.push(affected);
                }
                return Ok(());
            }
            std::mem::swap(pending, &mut advisory);
            return self.receiver.advisory(advisory);
        }
        self.pending = Some(advisory);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        if let Some(advisory) = self.pending.take() {
            self.receiver.advisory(advisory)?;
        }
        let Some(current) = self.current.take().filter(|current| current.is_wanted) else {
            return Ok(());
        };
        if current.release != Release::default() {
            let value =
                JsonText::of(&current.release).map_err(|error| self.wrong(error.to_string()))?;
            self.receiver.enrichment(Enrichment::new(RELEASE, value))?;
        }
        self.receiver.end()
    }
}

/// Whether two advisories differ in what they say of packages alone.
fn is_about_same(a: &Advisory, b: &Advisory) -> bool {
    a.affected.len() < MOST_STATEMENTS
        && a.id == b.id
        && a.aliases == b.aliases
        && a.description == b.description
        && a.issued == b.issued
        && a.modified == b.modified
        && a.links == b.links
        && a.cvss == b.cvss
        && a.cwes == b.cwes
}
