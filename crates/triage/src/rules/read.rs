//! Rules from files and directories.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Rules;
use crate::{Document, Error, IgnoreFile};

/// Files that a directory may have, and how deep it may be.
const MOST_FILES: usize = 100_000;
const DEEPEST: usize = 16;

impl Rules {
    /// Adds a VEX document, or those of a directory: all files below it whose names end in `.json`.
    /// One in a directory that is in no format of VEX is noted and left out; one that is, but cannot
    /// be understood, is an error.
    pub fn read_vex(&mut self, path: &Path) -> Result<(), Error> {
        if !path.is_dir() {
            self.add_document(document(path)?);
            return Ok(());
        }
        let mut files = Vec::new();
        collect(path, &mut files, 0)?;
        files.sort_unstable();
        for file in files {
            match document(&file) {
                Ok(document) => self.add_document(document),
                Err(error @ Error::NotVex { .. }) => self.notes.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Adds the rules of a file: see [`IgnoreFile::parse`].
    pub fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let bytes = content(path, IgnoreFile::MAX_SIZE)?;
        self.add_file(IgnoreFile::parse(&path.display().to_string(), &bytes)?);
        Ok(())
    }
}

fn document(path: &Path) -> Result<Document, Error> {
    let bytes = content(path, Document::MAX_SIZE)?;
    Document::parse(&path.display().to_string(), &bytes)
}

/// The files below a directory, but not those that links lead to.
fn collect(dir: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), Error> {
    let failed = |source| Error::Read {
        path: dir.to_owned(),
        source,
    };
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_dir() && depth < DEEPEST {
            collect(&path, files, depth + 1)?;
        } else if path.extension().is_some_and(|it| it == "json") && path.is_file() {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(Error::TooLarge {
                file: dir.display().to_string(),
                limit: MOST_FILES as u64,
            });
        }
    }
    Ok(())
}

fn content(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge {
            file: path.display().to_string(),
            limit,
        });
    }
    Ok(bytes)
}
