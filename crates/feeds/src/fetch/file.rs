//! Documents in the file system.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::{Fetched, Fetcher};
use crate::{Document, FeedError, Fingerprint};

/// How deep a directory of records may be.
const DEPTH: usize = 16;

pub(super) fn fetch(
    fetcher: &Fetcher,
    path: &Path,
    previous: Option<&Fingerprint>,
) -> Result<Fetched, FeedError> {
    let metadata = fs::metadata(path).map_err(|error| failure(path, error))?;
    let (fingerprint, modified) = if metadata.is_dir() {
        directory_fingerprint(path)?
    } else {
        file_fingerprint(path, &metadata)
    };
    if previous.is_some_and(|previous| fingerprint.is_same_as(previous)) {
        return Ok(Fetched::Unchanged);
    }
    let limits = fetcher.options.limits;
    let document = if metadata.is_dir() {
        Document::from_directory(path, limits)
    } else {
        fs::File::open(path)
            .and_then(|file| Document::from_reader(&path.display().to_string(), file, limits))
            .map_err(|error| failure(path, error))?
    };
    Ok(Fetched::New {
        document: document.with_length(fingerprint.length),
        fingerprint,
        modified,
    })
}

/// The names in a directory, sorted; none if there is no such directory.
pub(super) fn list(path: &Path) -> Result<Option<Vec<String>>, FeedError> {
    if !path.is_dir() {
        return Ok(None);
    }
    let entries = sorted(path).map_err(|error| failure(path, error))?;
    let names = entries.iter().filter_map(|entry| {
        let name = entry.file_name()?.to_str()?;
        Some(if entry.is_dir() { format!("{name}/") } else { name.to_owned() })
    });
    Ok(Some(names.collect()))
}

/// Calls back for every file below a directory, in the order of their names. Links to
/// directories are not followed, so it ends.
pub(crate) fn walk<E: From<io::Error>>(
    directory: &Path,
    visit: &mut dyn FnMut(&Path) -> Result<(), E>,
) -> Result<(), E> {
    walk_to(DEPTH, directory, visit)
}

fn walk_to<E: From<io::Error>>(
    depth: usize,
    directory: &Path,
    visit: &mut dyn FnMut(&Path) -> Result<(), E>,
) -> Result<(), E> {
    for path in sorted(directory)? {
        if path.is_file() {
            visit(&path)?;
        } else if depth > 0 && fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
            walk_to(depth - 1, &path, visit)?;
        }
    }
    Ok(())
}

fn sorted(directory: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut paths = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn file_fingerprint(path: &Path, metadata: &fs::Metadata) -> (Fingerprint, Option<Timestamp>) {
    let modified = modified(metadata);
    let fingerprint = Fingerprint {
        location: path.display().to_string(),
        modified: modified.map(|time| time.to_string()),
        length: Some(metadata.len()),
        ..Fingerprint::default()
    };
    (fingerprint, modified)
}

/// A directory is known by the names, lengths and times of all its files.
fn directory_fingerprint(path: &Path) -> Result<(Fingerprint, Option<Timestamp>), FeedError> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut length = 0u64;
    let mut newest = None;
    walk::<io::Error>(path, &mut |file| {
        let metadata = fs::metadata(file)?;
        let time = modified(&metadata);
        length = length.saturating_add(metadata.len());
        newest = newest.max(time);
        let name = file.strip_prefix(path).unwrap_or(file);
        hash.update(format!("{name:?} {} {time:?}\n", metadata.len()).as_bytes());
        Ok(())
    })
    .map_err(|error| failure(path, error))?;
    let tag = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let fingerprint = Fingerprint {
        location: path.display().to_string(),
        tag: Some(tag),
        modified: newest.map(|time: Timestamp| time.to_string()),
        length: Some(length),
        ..Fingerprint::default()
    };
    Ok((fingerprint, newest))
}

fn modified(metadata: &fs::Metadata) -> Option<Timestamp> {
    metadata
        .modified()
        .ok()
        .and_then(|time: SystemTime| Timestamp::try_from(time).ok())
}

fn failure(path: &Path, error: io::Error) -> FeedError {
    let location = path.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FeedError::NotFound { location },
        _ => FeedError::Read { location, source: error },
    }
}
