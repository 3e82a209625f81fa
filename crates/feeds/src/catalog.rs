//! Which documents lie below the root of a feed that has several.

use std::collections::BTreeMap;

use crate::{FeedError, Fetcher, Location, Source};

/// In which of its forms a document is fetched if it lies there in several: the smallest first,
/// but for those that take long to decompress.
const PREFERENCE: [&str; 5] = [".zst", ".xz", ".gz", ".bz2", ""];

/// Documents by their names, without what tells how they are compressed, with the places where
/// each lies.
pub(crate) type Documents = BTreeMap<String, Vec<Location>>;

/// The documents of a directory whose names `is_wanted`; none where it cannot be listed.
///
/// # Errors
///
/// When it cannot be reached or read.
pub(crate) fn list(
    fetcher: &Fetcher,
    directory: &Location,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Documents, FeedError> {
    let names = fetcher.list(directory)?.unwrap_or_default();
    let mut documents = Documents::new();
    for suffix in PREFERENCE {
        for name in &names {
            let stem = name.strip_suffix(suffix).filter(|stem| is_wanted(stem));
            if let Some(stem) = stem {
                let places = documents.entry(stem.to_owned()).or_default();
                places.push(directory.join(name));
            }
        }
    }
    Ok(documents)
}

/// Those of some documents that are in a directory, which need not be listed.
///
/// # Errors
///
/// When it cannot be reached.
pub(crate) fn probe(
    fetcher: &Fetcher,
    directory: &Location,
    names: impl Iterator<Item = String>,
) -> Result<Documents, FeedError> {
    let mut documents = Documents::new();
    for name in names {
        for suffix in PREFERENCE {
            let place = directory.join(&format!("{name}{suffix}"));
            if fetcher.exists(std::slice::from_ref(&place))? {
                documents.insert(name, vec![place]);
                break;
            }
        }
    }
    Ok(documents)
}

/// The sources of a feed. `label` names a document within the feed.
///
/// # Errors
///
/// When there are none, which for a feed that has several documents is no root of it.
pub(crate) fn sources(
    feed: &str,
    root: &Location,
    documents: Documents,
    label: impl Fn(&str) -> String,
) -> Result<Vec<Source>, FeedError> {
    if documents.is_empty() {
        let location = root.to_string();
        return Err(FeedError::malformed(feed, &location, "it has no documents"));
    }
    let sources = documents.into_iter().map(|(name, locations)| Source {
        name: format!("{feed}/{}", label(&name)),
        locations,
        date: None,
    });
    Ok(sources.collect())
}

/// The source of a document that was named by itself.
pub(crate) fn single(
    feed: &str,
    document: &Location,
    label: impl Fn(&str) -> Option<String>,
) -> Source {
    let parts = document.parts_from_end();
    let name = parts.first().map_or("", String::as_str);
    let stem = PREFERENCE
        .iter()
        .filter(|suffix| !suffix.is_empty())
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    let name = label(stem).map_or_else(|| feed.to_owned(), |label| format!("{feed}/{label}"));
    Source {
        name,
        locations: vec![document.clone()],
        date: None,
    }
}
