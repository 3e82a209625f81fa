//! The manifest: which sources a database has, and which segment holds each.
//!
//! It is a JSON file that is only ever replaced as a whole. Replacing it *is* the commit.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3Default;

use crate::segment::SegmentHash;
use crate::{Error, SourceInfo, files};

/// The format that is written, and the newest that is read. The first one had advisories only.
pub(crate) const FORMAT: u32 = 2;

/// The content of a manifest. Sources are sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    pub(crate) sources: Vec<Entry>,
}

/// A source and its segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The segment; sources with equal content share one.
    pub(crate) segment: SegmentHash,
    /// The length of its file.
    pub(crate) size: u64,
    pub(crate) source: SourceInfo,
}

impl Manifest {
    /// That of a database without sources.
    pub(crate) fn empty() -> Self {
        Self {
            format: FORMAT,
            sources: Vec::new(),
        }
    }

    /// Reads the manifest of a database; none where there is no database yet.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, Error> {
        let path = path(dir);
        match fs::read(&path) {
            Ok(json) => Self::parse(&json, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(&path, "cannot read the manifest")(error)),
        }
    }

    /// Parses a manifest; `path` is for messages.
    pub(crate) fn parse(json: &[u8], path: &Path) -> Result<Self, Error> {
        /// The one thing that manifests of all formats have.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = |what: String| Error::Manifest {
            path: path.to_owned(),
            what,
        };
        let Format { format } =
            serde_json::from_slice(json).map_err(|error| damaged(error.to_string()))?;
        if format > FORMAT {
            return Err(Error::Newer {
                what: path.display().to_string(),
                found: format,
                supported: FORMAT,
            });
        }
        let manifest: Self =
            serde_json::from_slice(json).map_err(|error| damaged(error.to_string()))?;
        let names = manifest.sources.iter().map(|entry| &entry.source.name);
        if !names.is_sorted_by(|a, b| a < b) {
            return Err(damaged("its sources are out of order".to_owned()));
        }
        Ok(Self {
            format: FORMAT,
            ..manifest
        })
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Replaces the manifest of the directory by this one.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = path(dir);
        let write = || {
            let mut file = files::temporary(dir)?;
            file.write_all(&self.to_json()?)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            files::sync_dir(dir)
        };
        write().map_err(Error::io(&path, "cannot write the manifest"))
    }

    /// Adds a source, or replaces the one of that name.
    pub(crate) fn insert(&mut self, entry: Entry) {
        match self.find(&entry.source.name) {
            Ok(index) => self.sources[index] = entry,
            Err(index) => self.sources.insert(index, entry),
        }
    }

    /// Where the source of this name is, or belongs.
    pub(crate) fn find(&self, name: &str) -> Result<usize, usize> {
        self.sources
            .binary_search_by(|entry| entry.source.name.as_str().cmp(name))
    }

    pub(crate) fn uses(&self, segment: SegmentHash) -> bool {
        self.sources.iter().any(|entry| entry.segment == segment)
    }

    /// What is the same for databases with the same content: names and segments, not dates.
    pub(crate) fn identity(&self) -> String {
        let mut hash = Xxh3Default::new();
        for entry in &self.sources {
            hash.update(&(entry.source.name.len() as u64).to_le_bytes());
            hash.update(entry.source.name.as_bytes());
            hash.update(&entry.segment.to_le_bytes());
        }
        format!("{:032x}", hash.digest128())
    }
}

/// The manifest of a database.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(files::MANIFEST)
}
