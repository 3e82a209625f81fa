//! Reads a configuration file and what lies in its drop-in directory.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::node::{Node, merge};
use super::origin::Origin;
use super::patch;
use super::problem::ConfigError;
use super::syntax::{Syntax, parse};

/// Reads `path` and lays the files of the directory `path.d`, where there is one, over it in the
/// order of their names: those with the extension of `path` as merge patches (RFC 7386), those
/// with that extension and `-patch` as JSON patches (RFC 6902), written in the language of the
/// extension. Others are left alone.
pub(crate) fn read(path: &Path) -> Result<Node, ConfigError> {
    let syntax = Syntax::of(path).ok_or_else(|| ConfigError::Extension {
        path: path.to_owned(),
    })?;
    let mut root = read_document(path, syntax)?;
    let patch_extension = format!("{}-patch", syntax.extension());
    for file in drop_ins(path)? {
        let Some(extension) = file.extension() else {
            continue;
        };
        if extension == syntax.extension() {
            merge(&mut root, read_document(&file, syntax)?);
        } else if extension == patch_extension.as_str() {
            patch::apply(&mut root, read_document(&file, syntax)?)?;
        }
    }
    Ok(root)
}

fn read_document(path: &Path, syntax: Syntax) -> Result<Node, ConfigError> {
    let bytes = fs::read(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let path: Arc<Path> = path.into();
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ConfigError::Syntax {
            origin: Origin::File {
                path: Arc::clone(&path),
                line: valid.split(|byte| *byte == b'\n').count() as u64,
                column: 1,
            },
            message: "not UTF-8".to_owned(),
        }
    })?;
    parse(&text, syntax, &path)
}

/// The files in the drop-in directory of `path`, in the order of their names.
fn drop_ins(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let mut directory: OsString = path.into();
    directory.push(".d");
    let directory = PathBuf::from(directory);
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |source| ConfigError::Read {
        path: directory.clone(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(&directory).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        // Links are followed: Kubernetes mounts each file of a ConfigMap as one.
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
