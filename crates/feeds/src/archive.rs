//! Documents of many records: a tar or zip archive, a directory, or one record by itself.
//!
//! What it is, is read from its first bytes. The names in it serve to tell records from other
//! files and to name them in messages; nothing is ever written under them, so a name that leads
//! out of the archive does no harm.

mod zip;

use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::document::{LimitReached, Meter};
use crate::fetch::walk;
use crate::location::SUFFIXES;
use crate::{Document, FeedError, Sink, Skip, Source, text};

/// What a record is handed to: its name, and its bytes or why there are none.
pub(crate) type Visit<'v> = dyn FnMut(&str, Result<&[u8], Skip>) -> Result<(), FeedError> + 'v;

/// As many first bytes as it takes to tell what a document is: a block of a tar archive.
const BLOCK: usize = 512;

/// Hands every record of a document to `visit`, in the order in which they lie there.
///
/// # Errors
///
/// When the document is nothing that can hold records or ends early, when a limit is passed, or
/// what `visit` fails with. A single record that is damaged or too large is none of these.
pub(crate) fn for_each_record(
    source: &Source,
    document: &mut Document,
    visit: &mut Visit<'_>,
) -> Result<(), FeedError> {
    read(source, document, Format::Json, visit)
}

/// Why nothing is made of a record.
pub(crate) enum Unread {
    /// It cannot be read.
    Skipped(Skip),
    /// It is none, but lies beside records.
    Other,
    /// None can be read any more.
    Failed(FeedError),
}

impl From<Skip> for Unread {
    fn from(reason: Skip) -> Self {
        Self::Skipped(reason)
    }
}

impl From<FeedError> for Unread {
    fn from(error: FeedError) -> Self {
        match error {
            // One that is broken says nothing about the others.
            FeedError::Malformed { .. } => Self::Skipped(Skip::Malformed),
            error => Self::Failed(error),
        }
    }
}

/// What reads a record: its name, its bytes, and whom to tell what it says.
pub(crate) type ReadRecord<'r> = dyn FnMut(&str, &[u8], &mut dyn Sink) -> Result<(), Unread> + 'r;

/// Reads every record of a document, which errors call `what`. The sink is told of those that cannot
/// be read.
///
/// # Errors
///
/// Those of [`for_each_record`]; when there is no record that can be read; or when `read` fails for
/// more than a record.
pub(crate) fn read_records(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    (format, what): (Format, &str),
    read_record: &mut ReadRecord<'_>,
) -> Result<(), FeedError> {
    let mut count = 0_u64;
    read(source, document, format, &mut |name, content| {
        let content = content.map_err(Unread::from);
        match content.and_then(|content| read_record(name, content, sink)) {
            Ok(()) => count += 1,
            Err(Unread::Skipped(reason)) => sink.skipped(reason, name),
            Err(Unread::Other) => {}
            Err(Unread::Failed(error)) => return Err(error),
        }
        Ok(())
    })?;
    if count == 0 {
        // Taken for true, it would say that there are no vulnerabilities.
        let reason = format!("it has no {what} that can be read");
        let location = document.location();
        return Err(FeedError::malformed(&source.name, location, reason));
    }
    Ok(())
}

/// What records are written in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Json,
    Xml,
}

impl Format {
    /// What the names of records end in, and what records begin with.
    const fn marks(self) -> (&'static str, &'static [u8]) {
        match self {
            Self::Json => (".json", b"{"),
            Self::Xml => (".xml", b"<"),
        }
    }

    /// Whether a file of this name is a record, compressed or not. Files that macOS puts beside
    /// others to hold their attributes begin with a dot.
    fn is_record(self, name: &str) -> bool {
        let name = name.rsplit('/').next().unwrap_or_default();
        let (end, _) = self.marks();
        let is_of_it = |suffix| {
            let name = name.strip_suffix(suffix);
            name.and_then(|name| name.strip_suffix(end)).is_some()
        };
        !name.starts_with('.') && SUFFIXES.iter().copied().any(is_of_it)
    }
}

fn read(
    source: &Source,
    document: &mut Document,
    format: Format,
    visit: &mut Visit<'_>,
) -> Result<(), FeedError> {
    let mut records = Records {
        name: source.name.clone(),
        location: document.location().to_owned(),
        meter: document.meter(),
        format,
        buffer: Vec::new(),
        visit,
    };
    if let Some(directory) = document.directory() {
        return records.directory(document, directory);
    }
    let mut start = Vec::with_capacity(BLOCK);
    document
        .by_ref()
        .take(BLOCK as u64)
        .read_to_end(&mut start)
        .map_err(|error| records.unreadable(error))?;
    if start.starts_with(b"PK") {
        return records.zip(&start, document);
    }
    let whole = Cursor::new(&start).chain(document);
    if start.get(257..262) == Some(b"ustar") {
        records.tar(whole)
    } else if start.trim_ascii_start().starts_with(format.marks().1) {
        records.single(whole)
    } else {
        let format = match format {
            Format::Json => "JSON",
            Format::Xml => "XML",
        };
        Err(records.malformed(format!(
            "neither a tar nor a zip archive, nor a record in {format}"
        )))
    }
}

struct Records<'v, 'c> {
    name: String,
    location: String,
    meter: Meter,
    format: Format,
    buffer: Vec<u8>,
    visit: &'v mut Visit<'c>,
}

impl Records<'_, '_> {
    fn tar(&mut self, mut archive: impl Read) -> Result<(), FeedError> {
        let mut reader = tar::Archive::new(&mut archive);
        let entries = reader.entries().map_err(|error| self.unreadable(error))?;
        for entry in entries {
            let mut entry = entry.map_err(|error| self.unreadable(error))?;
            self.meter.mark();
            // Of sparse files, which nobody writes records into, a few bytes can make many.
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = text::line(&String::from_utf8_lossy(&entry.path_bytes()));
            if self.format.is_record(&name) && entry.size() <= self.meter.limits().record {
                self.begin()?;
                self.buffer.clear();
                let read = entry.read_to_end(&mut self.buffer);
                read.map_err(|error| self.unreadable(error))?;
                (self.visit)(&name, Ok(&self.buffer))?;
            } else {
                if self.format.is_record(&name) {
                    self.begin()?;
                    (self.visit)(&name, Err(Skip::TooLarge))?;
                }
                self.pass_over(&mut entry)?;
            }
        }
        // What is left is padding, and behind it what the decompressor checks at its end.
        self.pass_over(&mut archive)
    }

    fn single(&mut self, mut record: impl Read) -> Result<(), FeedError> {
        self.begin()?;
        self.buffer.clear();
        let read = record.read_to_end(&mut self.buffer);
        read.map_err(|error| self.unreadable(error))?;
        let name = self.location.rsplit('/').next().unwrap_or_default();
        (self.visit)(name, Ok(&self.buffer))
    }

    fn directory(&mut self, document: &Document, directory: &Path) -> Result<(), FeedError> {
        walk::<Stop>(directory, &mut |path| {
            let name = path
                .strip_prefix(directory)
                .unwrap_or(path)
                .to_string_lossy();
            if !self.format.is_record(&name) {
                return Ok(());
            }
            self.begin()?;
            let member = document.open_member(path)?;
            Ok(self.member(&text::line(&name), member)?)
        })
        .map_err(|stop| match stop {
            Stop::Read(error) => self.unreadable(error),
            Stop::Feed(error) => error,
        })
    }

    /// Hands on a record that is compressed by itself, and so can be damaged by itself. The
    /// reader is bounded by the meter.
    fn member(&mut self, name: &str, mut member: impl Read) -> Result<(), FeedError> {
        self.buffer.clear();
        let content = match member.read_to_end(&mut self.buffer) {
            Ok(_) => Ok(self.buffer.as_slice()),
            Err(error) => match LimitReached::of(&error) {
                Some(LimitReached::Record(_)) => Err(Skip::TooLarge),
                Some(_) => return Err(self.unreadable(error)),
                None => Err(Skip::Malformed),
            },
        };
        (self.visit)(name, content)
    }

    fn begin(&mut self) -> Result<(), FeedError> {
        let begun = self.meter.record();
        begun.map_err(|limit| self.unreadable(io::Error::other(limit)))
    }

    /// Reads what is no record, and may be larger than one.
    fn pass_over(&mut self, reader: &mut impl Read) -> Result<(), FeedError> {
        self.buffer.resize(64 * 1024, 0);
        loop {
            self.meter.mark();
            match reader.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.unreadable(error)),
            }
        }
    }

    fn unreadable(&self, error: io::Error) -> FeedError {
        FeedError::from_read(&self.name, &self.location, error)
    }

    fn malformed(&self, reason: impl Into<String>) -> FeedError {
        FeedError::malformed(&self.name, &self.location, reason)
    }
}

/// What ends the walk through a directory.
enum Stop {
    Read(io::Error),
    Feed(FeedError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<FeedError> for Stop {
    fn from(error: FeedError) -> Self {
        Self::Feed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn records_are_told_by_their_names() {
        for (name, is) in [
            ("osv/cve/2024/UBUNTU-CVE-2024-1.json", true),
            ("../../x.json", true),
            ("x.json.gz", true),
            ("README.md", false),
            ("a.json/README", false),
            ("osv/._x.json", false),
            ("json", false),
            ("", false),
        ] {
            assert_eq!(Format::Json.is_record(name), is, "{name}");
        }
    }
}
