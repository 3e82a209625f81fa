//! Documents of the corpus, put into a mirror.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value};
use zip::ZipArchive;

/// Files of the corpus, below `feeds`, and where they are in a mirror, below the feed.
#[derive(Debug)]
pub(super) enum Document {
    /// A copy of it.
    Whole(&'static str, &'static str),
    /// Objects of JSON as one, where a member of an earlier one comes before that of a later one.
    Joined(Vec<&'static str>, &'static str),
    /// The members of a zip archive, as files in a directory.
    Members(&'static str, &'static str),
    /// A member of a tar archive compressed with Zstandard.
    Member(&'static str, &'static str, &'static str),
    /// One that the corpus does not have.
    Made(&'static str, &'static str),
}

/// Writes a document into the directory of a feed.
pub(super) fn write(document: &Document, corpus: &Path, feed: &Path) {
    match document {
        Document::Whole(from, to) => put(&feed.join(to), &read(&corpus.join(from))),
        Document::Joined(from, to) => {
            let mut members = Map::new();
            for from in from {
                for (name, value) in object(&corpus.join(from)) {
                    members.entry(name).or_insert(value);
                }
            }
            put(
                &feed.join(to),
                Value::Object(members).to_string().as_bytes(),
            );
        }
        Document::Members(from, to) => members(&corpus.join(from), &feed.join(to)),
        Document::Member(from, name, to) => {
            put(&feed.join(to), &member(&corpus.join(from), name));
        }
        Document::Made(text, to) => put(&feed.join(to), text.as_bytes()),
    }
}

fn member(archive: &Path, name: &str) -> Vec<u8> {
    let place = archive.display();
    let file = File::open(archive).unwrap_or_else(|error| panic!("{place}: {error}"));
    let inflated = zstd::Decoder::new(file).unwrap_or_else(|error| panic!("{place}: {error}"));
    let mut archive = tar::Archive::new(inflated);
    let entries = archive.entries();
    for entry in entries.unwrap_or_else(|error| panic!("{place}: {error}")) {
        let mut entry = entry.unwrap_or_else(|error| panic!("{place}: {error}"));
        if entry.path().is_ok_and(|path| path == Path::new(name)) {
            let mut bytes = Vec::new();
            let read = entry.read_to_end(&mut bytes);
            read.unwrap_or_else(|error| panic!("{place}: {error}"));
            return bytes;
        }
    }
    panic!("{place} has no {name}")
}

fn members(archive: &Path, directory: &Path) {
    let name = archive.display();
    let file = File::open(archive).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut archive = ZipArchive::new(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    for index in 0..archive.len() {
        let member = archive.by_index(index);
        let mut member = member.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut bytes = Vec::new();
        let read = member.read_to_end(&mut bytes);
        read.unwrap_or_else(|error| panic!("{name}: {error}"));
        let path = member.enclosed_name().expect("a name within the archive");
        put(&directory.join(path), &bytes);
    }
}

/// An object of JSON, which may be compressed.
fn object(path: &Path) -> Map<String, Value> {
    let mut bytes = read(path);
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut inflated = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut inflated)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        bytes = inflated;
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn put(path: &Path, bytes: &[u8]) {
    let parent = path.parent().expect("a file is in a directory");
    fs::create_dir_all(parent).expect("a directory for the mirror");
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
