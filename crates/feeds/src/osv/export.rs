//! Documents of OSV records, of whichever publisher.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use clair_model::Advisory;
use jiff::Timestamp;

use super::Record;
use crate::archive::{self, Format, Unread};
use crate::{Document, FeedError, Location, Sink, Skip, Source, catalog, text};

/// What becomes of records, one by one.
pub(crate) trait Reading {
    /// Why a record is left out, if it is.
    ///
    /// # Errors
    ///
    /// The reason.
    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip>;

    /// What it says. What cannot be read of it goes to `skip`, with the name of the package.
    fn advisories(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Advisory>;
}

/// The one source of a feed of records: an archive of all of them, or where that is a directory
/// without one, the records themselves.
pub(crate) fn source(name: &str, root: &Location) -> Source {
    Source::new(name, catalog::archive(root, &ARCHIVES))
}

/// Names that an archive of records may have: that of OSV.dev, and others on a mirror.
const ARCHIVES: [&str; 4] = ["all.zip", "all.tar.gz", "all.tar.zst", "all.tar"];

/// Reads a document: an archive of records, a directory of them, or one by itself. Gives when the record
/// was changed that was changed last.
///
/// # Errors
///
/// When it is none of these, has no record or ends early, a limit is passed, or the sink refuses.
pub(crate) fn read(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    reading: &dyn Reading,
) -> Result<Option<Timestamp>, FeedError> {
    let mut reader = Reader {
        source,
        reading,
        newest: None,
        seen: HashSet::new(),
        hash: RandomState::new(),
    };
    let records = (Format::Json, "records");
    archive::read_records(source, document, sink, records, &mut |name, json, sink| {
        reader.record(name, json, sink)
    })?;
    Ok(reader.newest)
}

struct Reader<'s> {
    source: &'s Source,
    reading: &'s dyn Reading,
    newest: Option<Timestamp>,
    /// Hashes of the ids that were read.
    seen: HashSet<u64>,
    hash: RandomState,
}

impl Reader<'_> {
    fn record(&mut self, name: &str, json: &[u8], sink: &mut dyn Sink) -> Result<(), Unread> {
        // Lists of what there is lie beside records, and have no record's name.
        if name.rsplit('/').next() == Some("all.json") {
            return Err(Unread::Other);
        }
        let record = Record::parse(json).map_err(|_| Skip::Malformed)?;
        self.newest = self.newest.max(record.modified());
        let id = text::line(&record.id);
        if let Err(reason) = self.is_wanted(&record) {
            sink.skipped(reason, &id);
            return Ok(());
        }
        let advisories = self.reading.advisories(&record, &mut |reason, package| {
            sink.skipped(reason, &text::line(&format!("{id} {package}")));
        });
        for advisory in advisories {
            self.source.tell(sink, advisory)?;
        }
        Ok(())
    }

    fn is_wanted(&mut self, record: &Record<'_>) -> Result<(), Skip> {
        if !text::is_id(&record.id) {
            return Err(Skip::BadId);
        }
        self.reading.is_wanted(record)?;
        if !self.seen.insert(self.hash.hash_one(record.id.as_ref())) {
            return Err(Skip::Duplicate);
        }
        if record.is_withdrawn() {
            return Err(Skip::Withdrawn);
        }
        Ok(())
    }
}
