//! Unpacking what is imported into a database of its own on the disk.

use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

use clair_compression::Compression;
use clair_feeds::{Document, Limits};
use clair_interchange::{Imported, Outcome};
use clair_vulndb::{Database, SourceInfo, Store};

use super::Archive;
use crate::error::UpdateError;
use crate::source::{Ending, SourceOutcome};

/// As much of a stream as is looked at to tell of what kind it is.
const BEGINNING: u64 = 64 << 10;

/// What was in it.
pub(super) struct Unpacked {
    pub(super) database: Database,
    /// The sources of which nothing has to be stored.
    pub(super) passed: Vec<SourceOutcome>,
}

/// Unpacks into a directory, which may go afterwards, since all is mapped.
pub(super) fn unpack(
    spool: &Path,
    archive: Archive,
    known: &HashSet<(String, String)>,
) -> Result<Unpacked, UpdateError> {
    match archive {
        Archive::Interchange(document) => of_clair(spool, document, known),
        Archive::Stream(mut stream) => {
            let mut beginning = Vec::new();
            let read = stream.by_ref().take(BEGINNING).read_to_end(&mut beginning);
            read.map_err(UpdateError::Spool)?;
            let compression = clair_interchange::compression_of(&beginning);
            let mut whole = Cursor::new(beginning).chain(stream);
            match compression {
                None => ours(spool, &mut whole),
                // A stream may break off without being seen to, and lines end anywhere.
                Some(Compression::None) => Err(UpdateError::NoEnd),
                Some(_) => {
                    let document = Document::from_reader("the file", whole, Limits::default());
                    of_clair(spool, document.map_err(UpdateError::Spool)?, known)
                }
            }
        }
    }
}

fn ours(spool: &Path, archive: &mut dyn Read) -> Result<Unpacked, UpdateError> {
    clair_vulndb::import(spool, archive)?;
    let database = Database::open(spool)?;
    for source in database.sources() {
        check_name(source)?;
        check_kind(source)?;
    }
    Ok(Unpacked {
        database,
        passed: Vec::new(),
    })
}

/// Sources begin with the name of their feed; another's would never be updated again.
fn check_name(source: &SourceInfo) -> Result<(), UpdateError> {
    let rest = source.name.strip_prefix(source.feed.as_str());
    if !source.feed.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    {
        return Ok(());
    }
    let (name, feed) = (source.name.clone(), source.feed.clone());
    Err(UpdateError::ForeignSource { name, feed })
}

/// What is looked up as one thing must not be stored as another. Feeds that only a later release knows
/// are taken at their word.
fn check_kind(source: &SourceInfo) -> Result<(), UpdateError> {
    let feed = clair_feeds::by_name(&source.feed);
    if feed.is_none_or(|feed| feed.about().kind == source.kind) {
        return Ok(());
    }
    Err(UpdateError::OtherKind {
        name: source.name.clone(),
        found: source.kind,
    })
}

fn of_clair(
    spool: &Path,
    mut document: Document,
    known: &HashSet<(String, String)>,
) -> Result<Unpacked, UpdateError> {
    let mut update = Store::open(spool)?.lock()?;
    let mut is_known = |source: &str, fingerprint: &str| {
        known.contains(&(source.to_owned(), fingerprint.to_owned()))
    };
    let imported = clair_interchange::import(&mut update, &mut document, &mut is_known)?;
    update.commit()?;
    Ok(Unpacked {
        database: Database::open(spool)?,
        passed: imported.into_iter().filter_map(passed).collect(),
    })
}

fn passed(imported: Imported) -> Option<SourceOutcome> {
    if matches!(imported.outcome, Outcome::Stored { .. }) {
        return None;
    }
    let skipped = imported.skipped.iter();
    let skipped: BTreeMap<String, u64> = skipped
        .map(|(reason, &count)| (reason.name().to_owned(), count))
        .collect();
    Some(SourceOutcome {
        source: imported.source,
        ending: Ending::Unchanged,
        skipped,
        elapsed: Duration::ZERO,
    })
}
