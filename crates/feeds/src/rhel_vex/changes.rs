//! What has changed since an archive was made.
//!
//! The archive is made anew every day. Beside it lie lists of all documents with the time of their
//! last change, and of those that were withdrawn:
//! <https://redhatproductsecurity.github.io/security-data-guidelines/csaf-vex/>. Documents that are
//! newer than the archive are fetched one by one, and replace those in it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::{Document, FeedError, Fetched, Fetcher, Fingerprint, Location, Source, date, text};

const CHANGES: &str = "changes.csv";
const DELETIONS: &str = "deletions.csv";

/// The list of all documents has a few tens of megabytes.
const MAX_LIST: u64 = 256 << 20;

/// As many documents as are fetched one by one. If there are more, the oldest are as they are in the
/// archive, for a day at most.
const MAX_FETCHED: usize = 2_000;

/// How often everything is read again because of changes alone. The whole archive has to be: what
/// is stored is stored as a whole.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);

/// How long after the day of an archive begins it may come to be.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Names of documents end with a directory for the year and a file: `2024/cve-2024-1.json`.
type Name = String;

/// Documents that are newer than an archive, and those that are none any more.
pub(super) struct Changes {
    fetcher: Fetcher,
    root: Location,
    /// The newest first.
    changed: Vec<Name>,
    deleted: HashSet<Name>,
}

/// Fetches an archive, with what is beside it.
///
/// # Errors
///
/// When the archive or a list cannot be fetched.
pub(super) fn fetch(
    fetcher: &Fetcher,
    source: &Source,
    previous: Option<&Fingerprint>,
) -> Result<Fetched, FeedError> {
    let Some((archive, made)) = source.locations.first().and_then(dated) else {
        return fetcher.fetch_source(source, previous);
    };
    let marks = previous.and_then(Marks::of);
    let known = marks.as_ref().map(|marks| &marks.archive);
    let found = match fetcher.fetch(&archive, known) {
        // The directory itself may have the documents.
        Err(FeedError::NotFound { .. }) => return fetcher.fetch_source(source, previous),
        other => other?,
    };
    let Some(changes) = list(fetcher, &archive.beside(CHANGES))? else {
        return Ok(found);
    };
    let deletions = list(fetcher, &archive.beside(DELETIONS))?;
    let lists = [
        changes.mark.clone(),
        deletions
            .as_ref()
            .map(|list| list.mark.clone())
            .unwrap_or_default(),
    ];
    let now = Timestamp::now();
    let found = match (found, &marks) {
        (Fetched::Unchanged, Some(marks)) => {
            let is_soon = now.duration_since(marks.read) < PATIENCE;
            if marks.lists == lists || is_soon {
                return Ok(Fetched::Unchanged);
            }
            fetcher.fetch(&archive, None)?
        }
        (found, _) => found,
    };
    let Fetched::New {
        document,
        fingerprint,
        modified,
    } = found
    else {
        return Ok(Fetched::Unchanged);
    };
    // A mirror may have got the archive much later than it was made.
    let is_of_day = |at: &Timestamp| (made..made + A_DAY).contains(at);
    let since = modified.filter(is_of_day).unwrap_or(made);
    let changes = Changes::since(
        since,
        fetcher,
        &archive,
        changes.entries,
        deletions.map(|list| list.entries).unwrap_or_default(),
    );
    tracing::info!(
        source = source.name,
        changed = changes.changed.len(),
        deleted = changes.deleted.len(),
        "newer than the archive"
    );
    let marks = Marks {
        archive: fingerprint,
        lists,
        read: now,
    };
    Ok(Fetched::New {
        document: document.with(Box::new(changes)),
        fingerprint: marks.fingerprint(),
        modified,
    })
}

/// The location of an archive, and the day on which it was made, as its name tells:
/// `csaf_vex_2025-02-15.tar.zst`.
fn dated(location: &Location) -> Option<(Location, Timestamp)> {
    let parts = location.parts_from_end();
    let name = parts.first()?.strip_prefix("csaf_vex_")?;
    let day: Date = name.get(..10)?.parse().ok()?;
    let made = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some((location.clone(), made))
}

/// By what it is known that nothing has changed.
struct Marks {
    archive: Fingerprint,
    lists: [String; 2],
    read: Timestamp,
}

const SEPARATOR: char = '\n';

impl Marks {
    /// Takes a fingerprint apart that was put together here.
    fn of(fingerprint: &Fingerprint) -> Option<Self> {
        let mut parts = fingerprint.tag.as_deref()?.split(SEPARATOR);
        let (tag, changes, deletions) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            archive: Fingerprint {
                tag: Some(tag.to_owned()).filter(|tag| !tag.is_empty()),
                ..fingerprint.clone()
            },
            lists: [changes.to_owned(), deletions.to_owned()],
            read: parts.next()?.parse().ok()?,
        })
    }

    fn fingerprint(self) -> Fingerprint {
        let tag = self.archive.tag.clone().unwrap_or_default();
        let [changes, deletions] = self.lists;
        let parts = [tag, changes, deletions, self.read.to_string()];
        let parts = parts.map(|part| part.replace(SEPARATOR, " "));
        Fingerprint {
            tag: Some(parts.join(&SEPARATOR.to_string())),
            ..self.archive
        }
    }
}

/// A list of documents with times.
struct List {
    mark: String,
    entries: HashMap<Name, Timestamp>,
}

/// Reads a list; none if it is not there.
fn list(fetcher: &Fetcher, place: &Location) -> Result<Option<List>, FeedError> {
    let (document, fingerprint) = match fetcher.fetch(place, None) {
        Ok(Fetched::New {
            document,
            fingerprint,
            ..
        }) => (document, fingerprint),
        Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut entries = HashMap::new();
    for line in BufReader::new(document.take(MAX_LIST)).lines() {
        let line =
            line.map_err(|error| FeedError::from_read("rhel-vex", &place.to_string(), error))?;
        if let Some((name, time)) = entry(&line) {
            entries.insert(name, time);
        }
    }
    let mark = fingerprint.tag.unwrap_or_else(|| {
        let length = fingerprint.length.unwrap_or_default();
        format!("{} {length}", fingerprint.modified.unwrap_or_default())
    });
    Ok(Some(List { mark, entries }))
}

/// A line `"2024/cve-2024-1.json","2025-02-18T14:28:08+00:00"`.
fn entry(line: &str) -> Option<(Name, Timestamp)> {
    let (name, time) = line.split_once(',')?;
    let name = name_of(name.trim().trim_matches('"'))?;
    Some((name, date::parse(time.trim().trim_matches('"'))?))
}

/// The name of a document in an archive or a list, without what is in front of it.
pub(super) fn name_of(path: &str) -> Option<Name> {
    let mut parts = path.rsplit('/');
    let (file, year) = (parts.next()?, parts.next()?);
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let is_file = file.strip_suffix(".json").is_some_and(|stem| {
        let is_hidden = stem.is_empty() || stem.starts_with('.');
        !is_hidden && text::is_name(stem)
    });
    (is_year && is_file).then(|| format!("{year}/{file}"))
}

impl Changes {
    fn since(
        since: Timestamp,
        fetcher: &Fetcher,
        archive: &Location,
        changes: HashMap<Name, Timestamp>,
        deletions: HashMap<Name, Timestamp>,
    ) -> Self {
        let is_deleted = |name: &Name, deleted: &Timestamp| {
            changes.get(name).is_none_or(|changed| changed < deleted)
        };
        let deleted: HashSet<Name> = deletions
            .into_iter()
            .filter(|(name, deleted)| is_deleted(name, deleted))
            .map(|(name, _)| name)
            .collect();
        let newer = changes
            .into_iter()
            .filter(|(name, changed)| *changed > since && !deleted.contains(name));
        let newest: BTreeSet<(Timestamp, Name)> =
            newer.map(|(name, changed)| (changed, name)).collect();
        let left_out = newest.len().saturating_sub(MAX_FETCHED);
        if left_out > 0 {
            tracing::warn!(left_out, "too many documents are newer than the archive");
        }
        let newest = newest.into_iter().rev().map(|(_, name)| name);
        Self {
            fetcher: fetcher.clone(),
            root: archive.clone(),
            changed: newest.take(MAX_FETCHED).collect(),
            deleted,
        }
    }

    /// Whether a document of the archive is none any more.
    pub(super) fn is_deleted(&self, name: &str) -> bool {
        self.deleted.contains(name)
    }

    /// Hands over the documents that are newer than the archive, as far as they can be had. What
    /// cannot is as it was in the archive.
    ///
    /// # Errors
    ///
    /// What `visit` fails with.
    pub(super) fn for_each(
        &self,
        visit: &mut dyn FnMut(&str, Document) -> Result<bool, FeedError>,
    ) -> Result<HashSet<Name>, FeedError> {
        /// After so many failures the server is left alone.
        const MAX_FAILURES: usize = 20;
        let mut read = HashSet::new();
        let mut failures = 0;
        for name in &self.changed {
            match self.fetcher.fetch(&self.root.beside(name), None) {
                Ok(Fetched::New { document, .. }) => {
                    if visit(name, document)? {
                        read.insert(name.clone());
                    }
                }
                Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => {}
                Err(error) => {
                    failures += 1;
                    tracing::warn!(name, %error, "a document is as it was in the archive");
                    if failures >= MAX_FAILURES {
                        break;
                    }
                }
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_lists_are_read() {
        let line = "\"2024/cve-2024-1.json\",\"2025-02-18T14:28:08+00:00\"";
        let (name, time) = entry(line).unwrap();
        assert_eq!(name, "2024/cve-2024-1.json");
        assert_eq!(time.to_string(), "2025-02-18T14:28:08Z");
        for line in [
            "",
            "2024/cve-2024-1.json",
            "\"cve-2024-1.json\",\"2025-02-18T14:28:08+00:00\"",
            "\"2024/../x\",\"2025-02-18T14:28:08+00:00\"",
            "\"2024/a b.json\",\"2025-02-18T14:28:08+00:00\"",
            "\"2024/cve-2024-1.json\",\"yesterday\"",
        ] {
            assert!(entry(line).is_none(), "{line}");
        }
    }

    #[test]
    fn documents_have_one_name_in_archives_and_lists() {
        for (path, name) in [
            ("2024/cve-2024-1.json", Some("2024/cve-2024-1.json")),
            ("./vex/2024/cve-2024-1.json", Some("2024/cve-2024-1.json")),
            ("cve-2024-1.json", None),
            ("2024/.json", None),
        ] {
            assert_eq!(name_of(path).as_deref(), name, "{path}");
        }
    }

    #[test]
    fn marks_come_back_from_a_fingerprint() {
        let marks = Marks {
            archive: Fingerprint {
                tag: Some("\"a\"".to_owned()),
                length: Some(3),
                ..Fingerprint::default()
            },
            lists: ["\"b\"".to_owned(), String::new()],
            read: Timestamp::UNIX_EPOCH,
        };
        let back = Marks::of(&marks.fingerprint()).unwrap();
        assert_eq!(back.archive.tag.as_deref(), Some("\"a\""));
        assert_eq!(
            (back.archive.length, back.read),
            (Some(3), Timestamp::UNIX_EPOCH)
        );
        assert_eq!(back.lists, ["\"b\"".to_owned(), String::new()]);
        assert!(Marks::of(&Fingerprint::default()).is_none());
    }
}
