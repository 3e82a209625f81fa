//! Every file that vendors published and the corpus has: which feed of advisories reads it and how much comes out
//! of it, or why none does. `counts.txt` has a line for each, which is the expectation:
//!
//! ```text
//! file | source | documents, advisories, ranges; what was left out, by reason
//! file | source | refused: why
//! file | -      | why no feed of advisories reads it
//! ```
//!
//! A file without a line fails the test, and so does a line without a file. The reasons are those
//! of [`Skip`], which says what each means.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use clair_compression::Decoder;
use clair_feeds::{Document, Limits, Sink, Skip};
use clair_model::{Advisory, Enrichment};

use crate::support::{chain, corpus, feed, source};

const EXPECTED: &str = include_str!("counts.txt");

/// Counts what comes out of a document, and keeps nothing.
#[derive(Default)]
struct Counts {
    advisories: usize,
    ranges: usize,
    skipped: BTreeMap<Skip, usize>,
}

impl Sink for Counts {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.advisories += 1;
        let affected = advisory.affected.iter();
        self.ranges += affected
            .map(|affected| affected.vulnerable.ranges.len())
            .sum::<usize>();
        Ok(())
    }

    fn enrichment(&mut self, _: Enrichment) -> io::Result<()> {
        unreachable!("no feed of enrichments is asked")
    }

    fn skipped(&mut self, reason: Skip, _: &str) {
        *self.skipped.entry(reason).or_default() += 1;
    }
}

#[test]
fn every_file_of_a_vendor_is_read_or_it_is_said_why_not() {
    let Some(corpus) = corpus() else { return };
    let feeds = corpus.join("feeds");
    let mut files = Vec::new();
    list(&feeds, "", &mut files);
    files.sort();
    let expected: BTreeMap<&str, (&str, &str)> = EXPECTED
        .lines()
        .map(|line| {
            let mut parts = line.splitn(3, " | ");
            let mut part = || parts.next().unwrap();
            (part(), (part(), part()))
        })
        .collect();
    let mut wrong = Vec::new();
    let mut total = Counts::default();
    let mut table = String::new();
    for file in &files {
        let Some((source, counted)) = expected.get(file.as_str()) else {
            wrong.push(format!("{file}: has no line"));
            continue;
        };
        let found = match *source {
            "-" => (*counted).to_owned(),
            source => count(source, &feeds.join(file), &mut total),
        };
        let line = format!("{file} | {source} | {found}\n");
        if found != *counted {
            wrong.push(format!("expected {counted}\n   found {line}"));
        }
        table.push_str(&line);
    }
    for file in expected.keys() {
        if !files.iter().any(|there| there == file) {
            wrong.push(format!("{file}: is not there"));
        }
    }
    println!("{table}");
    println!(
        "{} files: {} advisories, {} ranges; left out {:?}",
        files.len(),
        total.advisories,
        total.ranges,
        total.skipped
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reads a file as a source of a feed.
fn count(name: &str, path: &Path, total: &mut Counts) -> String {
    let open = |path: &Path| {
        let location = path.file_name().unwrap().to_str().unwrap();
        Document::from_reader(location, File::open(path)?, Limits::default())
    };
    let mut counts = Counts::default();
    let read = match open(path) {
        Ok(mut document) => feed(name)
            .parse(&source(name), &mut document, &mut counts)
            .map_err(|error| chain(&error)),
        Err(error) => Err(chain(&error)),
    };
    if let Err(error) = read {
        return format!("refused: {error}");
    }
    let mut line = format!(
        "{} documents, {} advisories, {} ranges",
        documents(path),
        counts.advisories,
        counts.ranges
    );
    for (reason, count) in counts.skipped {
        line = format!("{line}; {count} {reason}");
        *total.skipped.entry(reason).or_default() += count;
    }
    total.advisories += counts.advisories;
    total.ranges += counts.ranges;
    line
}

/// How many documents a file holds: the files of an archive, or itself.
fn documents(path: &Path) -> usize {
    let name = path.to_str().unwrap();
    if path.extension().is_some_and(|suffix| suffix == "zip") {
        let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
        return (0..archive.len())
            .filter(|&index| archive.by_index(index).unwrap().is_file())
            .count();
    }
    if !name.contains(".tar") {
        return 1;
    }
    let mut bytes = Vec::new();
    let mut decoder = Decoder::new(File::open(path).unwrap()).unwrap();
    decoder.read_to_end(&mut bytes).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.header().entry_type().is_file())
        .count()
}

/// Adds the paths of all files below a directory.
fn list(root: &Path, below: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = Path::new(below).join(name);
        let path = path.to_str().unwrap();
        if entry.file_type().unwrap().is_dir() {
            list(root, path, files);
        } else {
            files.push(path.to_owned());
        }
    }
}
