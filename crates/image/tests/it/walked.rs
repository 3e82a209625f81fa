//! What a pass over a layer shows.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Cursor};

use clair_image::{
    Content, Entry, EntryKind, Error, Interest, Layer, LayerData, Limits, Problem, Summary,
    Visitor, walk, walk_tar,
};

use crate::image::sha256;

/// A visitor that keeps all it is shown.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Path and kind of each entry, in order.
    pub(crate) entries: Vec<String>,
    /// Content by path.
    pub(crate) contents: BTreeMap<String, Vec<u8>>,
    pub(crate) problems: Vec<(String, Problem)>,
}

impl Walked {
    pub(crate) fn text(&self, path: &str) -> &str {
        let content = self.contents.get(path);
        let content = content.unwrap_or_else(|| panic!("no {path} in {:?}", self.entries));
        std::str::from_utf8(content).unwrap()
    }
}

/// Without the contents, which may be long.
impl fmt::Debug for Walked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walked")
            .field("entries", &self.entries)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Visitor for Walked {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        let path = entry.path;
        self.entries.push(match entry.kind {
            EntryKind::File => format!("file {path}"),
            EntryKind::Directory => format!("directory {path}"),
            EntryKind::Symlink { target } => format!("symlink {path} -> {target}"),
            EntryKind::Hardlink { target } => format!("hardlink {path} -> {target}"),
            EntryKind::Other => format!("other {path}"),
        });
        Interest::Content
    }

    fn file(&mut self, entry: &Entry<'_>, content: Content) {
        assert_eq!(content.len() as u64, entry.size);
        self.contents
            .insert(entry.path.to_owned(), content.to_vec());
    }

    fn problem(&mut self, path: &str, problem: Problem) {
        self.problems.push((path.to_owned(), problem));
    }
}

/// Walks a layer by its bytes, with the right digest.
pub(crate) fn walk_blob(blob: &[u8], limits: &Limits) -> Result<(Summary, Walked), Error> {
    walk_layer(&Layer::new(sha256(blob)), blob, limits)
}

pub(crate) fn walk_layer(
    layer: &Layer,
    blob: &[u8],
    limits: &Limits,
) -> Result<(Summary, Walked), Error> {
    let mut walked = Walked::default();
    let data = LayerData::Blob(Box::new(Cursor::new(blob.to_vec())));
    let summary = walk(layer, data, limits, &|_| {}, &mut walked)?;
    Ok((summary, walked))
}

/// Walks an archive, twice: by itself and as a layer, which must show the same.
pub(crate) fn walk_archive(archive: &[u8]) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let result = walk_tar(archive, &Limits::default(), &mut walked);
    let as_layer = walk_blob(archive, &Limits::default());
    match result {
        Ok(entries) => {
            let (summary, as_layer) = as_layer.unwrap();
            assert_eq!(as_layer, walked);
            assert_eq!(summary.entries, entries);
            Ok(walked)
        }
        Err(error) => {
            let as_layer = as_layer.unwrap_err();
            assert!(
                chain(&as_layer).contains(&error.to_string()),
                "{as_layer:?}"
            );
            Err(error)
        }
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
