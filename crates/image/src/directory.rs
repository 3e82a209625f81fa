//! A root file system in a directory of the host, walked as if it were the only layer.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clair_compression::Compression;
use clair_model::{Algorithm, Digest};

use crate::limits::PATH_LENGTH;
use crate::{
    Content, Entry, EntryKind, Error, Image, Interest, Layer, LayerData, Limits, PlatformSelector,
    Problem, Source, Summary, Visitor, clean,
};

/// Directories of a running system whose files are not on any disk.
const VIRTUAL: [&str; 3] = ["proc", "sys", "dev"];

/// `open(2)` must not follow a link that took the place of a file between listing and opening,
/// nor wait for a writer of a pipe that did: `O_NOFOLLOW | O_NONBLOCK` on Linux.
const NO_SURPRISES: i32 = 0o40_0000 | 0o4000;

#[derive(Debug)]
pub(crate) struct DirectorySource {
    root: PathBuf,
}

impl DirectorySource {
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(root).map_err(|error| Error::file(root, error))?;
        if !metadata.is_dir() {
            return Err(Error::file(root, io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// A directory has no digest before it is read, but the layer needs a name.
    fn placeholder() -> Digest {
        Digest::new(Algorithm::Sha256, &[0; 32])
            .unwrap_or_else(|| unreachable!("a SHA-256 hash has 32 bytes"))
    }
}

impl Source for DirectorySource {
    fn images(&self, _platforms: &PlatformSelector) -> Result<Vec<Image>, Error> {
        Ok(vec![Image {
            name: self.root.display().to_string(),
            digest: None,
            platform: None,
            layers: vec![Layer::new(Self::placeholder())],
        }])
    }

    fn layer(&self, _layer: &Layer) -> Result<LayerData, Error> {
        Ok(LayerData::Directory(self.root.clone()))
    }
}

/// Shows every entry below `root` to the visitor, in the order of names.
///
/// Links are never followed. What cannot be read is told to the visitor: on a live system that
/// is normal, and the rest still counts.
pub(crate) fn walk(
    root: &Path,
    limits: &Limits,
    visitor: &mut dyn Visitor,
) -> Result<Summary, Error> {
    let mut entries = 0;
    let mut size = 0;
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        let listed = fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut children = match listed {
            Ok(children) => children,
            Err(error) if directory == root => return Err(Error::file(root, error)),
            Err(error) => {
                unreadable(visitor, root, &directory, &error);
                continue;
            }
        };
        children.sort_by_key(fs::DirEntry::file_name);
        let mut directories = Vec::new();
        for child in children {
            entries += 1;
            if entries > limits.entries {
                return Err(Error::Limit {
                    layer: DirectorySource::placeholder(),
                    what: format!("has more than {} entries", limits.entries),
                    option: "--max-entries",
                });
            }
            let path = child.path();
            match show(root, &path, limits, visitor) {
                Ok(Shown::Directory) => directories.push(path),
                Ok(Shown::Read(read)) => size += read,
                Ok(Shown::Nothing) => {}
                Err(error) => unreadable(visitor, root, &path, &error),
            }
        }
        pending.extend(directories.into_iter().rev());
    }
    Ok(Summary {
        diff_id: None,
        compression: Compression::None,
        compressed_size: size,
        size,
        entries,
    })
}

enum Shown {
    Nothing,
    Directory,
    /// So many bytes were read.
    Read(u64),
}

fn show(root: &Path, path: &Path, limits: &Limits, visitor: &mut dyn Visitor) -> io::Result<Shown> {
    let name = inside(root, path);
    if name.len() > PATH_LENGTH {
        let length = name.len();
        visitor.problem(
            &name[..name.floor_char_boundary(128)],
            Problem::PathTooLong { length },
        );
        return Ok(Shown::Nothing);
    }
    let metadata = fs::symlink_metadata(path)?;
    let kind = metadata.file_type();
    let link = if kind.is_symlink() {
        fs::read_link(path)?.to_string_lossy().into_owned()
    } else {
        String::new()
    };
    let entry = Entry {
        path: &name,
        kind: if kind.is_dir() {
            EntryKind::Directory
        } else if kind.is_file() {
            EntryKind::File
        } else if kind.is_symlink() {
            EntryKind::Symlink { target: &link }
        } else {
            EntryKind::Other
        },
        size: if kind.is_file() { metadata.len() } else { 0 },
        mode: metadata.mode() & 0o7777,
    };
    let interest = visitor.entry(&entry);
    if kind.is_dir() {
        return Ok(if VIRTUAL.contains(&name.as_str()) {
            Shown::Nothing
        } else {
            Shown::Directory
        });
    }
    if interest == Interest::Skip || !kind.is_file() {
        return Ok(Shown::Nothing);
    }
    if entry.size > limits.file_size {
        let (size, limit) = (entry.size, limits.file_size);
        visitor.problem(&name, Problem::TooLarge { size, limit });
        return Ok(Shown::Nothing);
    }
    let mut file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(NO_SURPRISES)
        .open(path)?;
    let content = Content::read(&mut file, entry.size, limits.memory)?;
    visitor.file(&entry, content);
    Ok(Shown::Read(entry.size))
}

fn unreadable(visitor: &mut dyn Visitor, root: &Path, path: &Path, error: &io::Error) {
    let reason = error.to_string();
    visitor.problem(&inside(root, path), Problem::Unreadable { reason });
}

fn inside(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    clean(path.as_os_str().as_bytes())
}
