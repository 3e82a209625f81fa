//! Which documents lie below the root of a feed: one, an archive of records, or several that are
//! named by what they are about.

use std::collections::BTreeMap;

use crate::{FeedError, Fetcher, Location, Source};

/// In which of its forms a document is fetched if it lies there in several: the smallest first,
/// but for those that take long to decompress.
const PREFERENCE: [&str; 5] = [".zst", ".xz", ".gz", ".bz2", ""];

/// Documents by their names, without what tells how they are compressed, with the places where
/// each lies.
pub(crate) type Documents = BTreeMap<String, Vec<Location>>;

/// The one document of a feed, by its name below the root.
pub(crate) fn document(feed: &str, root: &Location, name: &str) -> Vec<Source> {
    vec![Source::new(feed, root.candidates(name))]
}

/// Where the records of a feed lie: in an archive that has one of these names, or where there is none,
/// by themselves in the directory, which a web server cannot hand out.
pub(crate) fn archive(root: &Location, names: &[&str]) -> Vec<Location> {
    if root.is_document() {
        return vec![root.clone()];
    }
    let mut places: Vec<Location> = names.iter().map(|name| root.join(name)).collect();
    places.extend(matches!(root, Location::Path(_)).then(|| root.clone()));
    places
}

/// Which roots list what they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    /// All do.
    Everywhere,
    /// The upstream does not, directories do.
    Directories,
}

/// The sources of a feed whose documents are named by what each is about, which `label` tells. Where
/// the root lists none, they are those that are `known`.
///
/// # Errors
///
/// When the root cannot be read, or has no document.
pub(crate) fn labelled(
    feed: &str,
    fetcher: &Fetcher,
    root: &Location,
    listing: Listing,
    label: impl Fn(&str) -> Option<String>,
    known: impl FnOnce() -> Result<Documents, FeedError>,
) -> Result<Vec<Source>, FeedError> {
    if root.is_document() {
        return Ok(vec![single(feed, root, label)]);
    }
    let is_listed = listing == Listing::Everywhere || matches!(root, Location::Path(_));
    let mut documents = Documents::new();
    if is_listed {
        documents = list(fetcher, root, |name| label(name).is_some())?;
    }
    if documents.is_empty() {
        documents = known()?;
    }
    sources(feed, root, documents, |name| {
        label(name).unwrap_or_default()
    })
}

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
    let sources = documents.into_iter();
    let sources = sources.map(|(name, places)| Source::part(feed, &label(&name), places));
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
    let places = vec![document.clone()];
    match label(stem) {
        Some(label) => Source::part(feed, &label, places),
        None => Source::new(feed, places),
    }
}
