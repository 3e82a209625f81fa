//! The single pass over a layer: digest check, decompression, tar walk.

mod bounds;

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use clair_compression::{Compression, Decoder, MAGIC_LENGTH};
use clair_model::Digest;

use crate::hash::HashingReader;
use crate::header::{Member, MemberKind, Members, Skip, SparseMap};
use crate::limits::PATH_LENGTH;
use crate::{Content, Error, Layer, LayerData, Limits, clean, directory};
use bounds::{Bounded, Bounds, LimitError};

/// An entry of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Cleaned path, relative to the root.
    pub path: &'a str,
    /// What it is.
    pub kind: EntryKind<'a>,
    /// Size in bytes; 0 for all but files.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind<'a> {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// The target as stored: relative to the link, or absolute inside the image.
        target: &'a str,
    },
    /// Another name for a file of the same layer.
    Hardlink {
        /// Cleaned path of the file.
        target: &'a str,
    },
    /// A device, a pipe, a socket.
    Other,
}

/// What a visitor wants of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Nothing more.
    Skip,
    /// The content, for a regular file.
    Content,
}

/// Something in a layer that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A file that is wanted is larger than the limit.
    TooLarge {
        /// Size of the file in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The path is longer than any file system allows.
    PathTooLong {
        /// Length in bytes.
        length: usize,
    },
    /// The file could not be read. Only of root file systems: in a layer it is an error.
    Unreadable {
        /// Why.
        reason: String,
    },
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { size, limit } => {
                write!(f, "not read: {size} bytes, and at most {limit} are")
            }
            Self::PathTooLong { length } => write!(
                f,
                "not read: a path of {length} bytes, and at most {PATH_LENGTH} can exist"
            ),
            Self::Unreadable { reason } => write!(f, "not read: {reason}"),
        }
    }
}

/// Sees the entries of a layer in the order in which they are stored.
pub trait Visitor {
    /// Sees an entry, and says whether its content is wanted.
    fn entry(&mut self, entry: &Entry<'_>) -> Interest;

    /// Gets the content of an entry that it wanted.
    fn file(&mut self, entry: &Entry<'_>, content: Content);

    /// Hears of something that was passed over. The path is cut if it is too long.
    fn problem(&mut self, path: &str, problem: Problem);
}

/// What a pass over a layer has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Digest of the uncompressed layer, where it was computed.
    pub diff_id: Option<Digest>,
    /// How the layer was compressed.
    pub compression: Compression,
    /// Bytes as transferred.
    pub compressed_size: u64,
    /// Bytes when inflated.
    pub size: u64,
    /// Entries.
    pub entries: u64,
}

/// Streams one layer past a visitor, and checks its digests.
///
/// `progress` is told the bytes read of the layer as transferred, as they come.
///
/// # Errors
///
/// When the layer cannot be read, is no tar archive, is not what its digest or diff id says, or
/// passes a limit. What the visitor saw until then must be thrown away.
pub fn walk(
    layer: &Layer,
    data: LayerData,
    limits: &Limits,
    progress: &(dyn Fn(u64) + Sync),
    visitor: &mut dyn Visitor,
) -> Result<Summary, Error> {
    match data {
        LayerData::Directory(root) => directory::walk(&root, limits, visitor),
        LayerData::Blob(blob) => walk_blob(layer, blob, limits, progress, visitor),
    }
}

fn walk_blob(
    layer: &Layer,
    blob: Box<dyn Read + Send>,
    limits: &Limits,
    progress: &(dyn Fn(u64) + Sync),
    visitor: &mut dyn Visitor,
) -> Result<Summary, Error> {
    let failed = |error: io::Error| limit_or_layer(&layer.digest, error);
    let read = AtomicU64::new(0);
    let mut blob = Counted {
        inner: blob,
        read: &read,
        progress,
    };
    let mut start = Vec::with_capacity(MAGIC_LENGTH);
    blob.by_ref()
        .take(MAGIC_LENGTH as u64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    let compression = Compression::detect(&start);
    let blob = start.as_slice().chain(blob);
    let bounds = Bounds {
        limits,
        compressed: &read,
        bounded_ratio: compression != Compression::None,
    };

    std::thread::scope(|scope| {
        let algorithm = layer.digest.algorithm();
        let diff_id_algorithm = layer.diff_id.as_ref().map(Digest::algorithm);
        if compression == Compression::None && diff_id_algorithm.unwrap_or(algorithm) == algorithm {
            // What is transferred is the archive itself: one digest serves for both.
            let bounded = Bounded::new(blob, &bounds);
            let reader = HashingReader::new(bounded, algorithm, scope);
            let (entries, reader) = members(reader, &bounds, visitor).map_err(failed)?;
            let (_, size, digest) = reader.finish().map_err(failed)?;
            check(format!("layer {}", layer.digest), &layer.digest, &digest)?;
            if let Some(expected) = &layer.diff_id {
                check(format!("layer {}", layer.digest), expected, &digest)?;
            }
            return Ok(Summary {
                diff_id: Some(digest),
                compression,
                compressed_size: size,
                size,
                entries,
            });
        }

        let mut blob = HashingReader::new(blob, algorithm, scope);
        let mut decoder = Decoder::new(&mut blob).map_err(failed)?;
        let (entries, size, diff_id) = if let Some(diff_id) = &layer.diff_id {
            let inflated = Bounded::new(&mut decoder, &bounds);
            let reader = HashingReader::new(inflated, diff_id.algorithm(), scope);
            let (entries, reader) = members(reader, &bounds, visitor).map_err(failed)?;
            let (_, size, digest) = reader.finish().map_err(failed)?;
            (entries, size, Some(digest))
        } else {
            let inflated = Bounded::new(&mut decoder, &bounds);
            let (entries, mut rest) = members(inflated, &bounds, visitor).map_err(failed)?;
            io::copy(&mut rest, &mut io::sink()).map_err(failed)?;
            (entries, rest.produced, None)
        };
        clair_compression::drain(&mut decoder).map_err(failed)?;
        drop(decoder);
        let (_, compressed_size, digest) = blob.finish().map_err(failed)?;
        check(format!("layer {}", layer.digest), &layer.digest, &digest)?;
        if let (Some(expected), Some(found)) = (&layer.diff_id, &diff_id) {
            check(
                format!("the uncompressed form of layer {}", layer.digest),
                expected,
                found,
            )?;
        }
        Ok(Summary {
            diff_id,
            compression,
            compressed_size,
            size,
            entries,
        })
    })
}

fn check(what: String, expected: &Digest, found: &Digest) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::DigestMismatch {
        what,
        expected: expected.clone(),
        found: found.clone(),
    })
}

/// Walks the bytes of an uncompressed tar archive, without any digest check.
///
/// # Errors
///
/// When the bytes are no tar archive, end early or pass a limit.
pub fn walk_tar(archive: &[u8], limits: &Limits, visitor: &mut dyn Visitor) -> io::Result<u64> {
    let bounds = Bounds {
        limits,
        compressed: &AtomicU64::new(archive.len() as u64),
        bounded_ratio: false,
    };
    members(archive, &bounds, visitor).map(|(entries, _)| entries)
}

/// Shows the members of an archive to the visitor; gives their number and the reader.
fn members<R: Skip>(
    reader: R,
    bounds: &Bounds<'_>,
    visitor: &mut dyn Visitor,
) -> io::Result<(u64, R)> {
    let limits = bounds.limits;
    let mut members = Members::new(reader, limits.extension);
    let mut entries = 0;
    // A hole takes no byte of the archive but as much time as any other to be handed over.
    let mut holes = 0;
    while let Some(member) = members.next()? {
        entries += 1;
        if entries > limits.entries {
            return Err(LimitError {
                what: format!("has more than {} entries", limits.entries),
                option: "--max-entries",
            }
            .into());
        }
        if member.path.len() > PATH_LENGTH {
            let shown = clean(&member.path[..128]);
            let length = member.path.len();
            visitor.problem(&format!("{shown}…"), Problem::PathTooLong { length });
            continue;
        }
        let path = clean(&member.path);
        let link = link_text(&member);
        let entry = Entry {
            path: &path,
            kind: match member.kind {
                MemberKind::File => EntryKind::File,
                MemberKind::Directory => EntryKind::Directory,
                MemberKind::Symlink => EntryKind::Symlink { target: &link },
                MemberKind::Hardlink => EntryKind::Hardlink { target: &link },
                MemberKind::Other => EntryKind::Other,
            },
            size: if member.kind == MemberKind::File {
                member.size
            } else {
                0
            },
            mode: member.mode,
        };
        if visitor.entry(&entry) == Interest::Skip || entry.kind != EntryKind::File {
            continue;
        }
        if entry.size > limits.file_size {
            let (size, limit) = (entry.size, limits.file_size);
            visitor.problem(&path, Problem::TooLarge { size, limit });
            continue;
        }
        holes += member.sparse.as_ref().map_or(0, SparseMap::holes);
        bounds.check(holes, true)?;
        let content = Content::read(&mut members.content(&member), entry.size, limits.memory)?;
        visitor.file(&entry, content);
    }
    Ok((entries, members.into_inner()))
}

fn link_text(member: &Member) -> String {
    match member.kind {
        MemberKind::Hardlink => clean(&member.link),
        MemberKind::Symlink => {
            let shown = &member.link[..member.link.len().min(PATH_LENGTH)];
            String::from_utf8_lossy(shown).into_owned()
        }
        _ => String::new(),
    }
}

impl<R: Read> Skip for HashingReader<'_, R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        HashingReader::skip(self, count)
    }
}

/// Counts what is read of a blob.
struct Counted<'a, R> {
    inner: R,
    read: &'a AtomicU64,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(out)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        (self.progress)(length as u64);
        Ok(length)
    }
}

fn limit_or_layer(layer: &Digest, error: io::Error) -> Error {
    match error.downcast::<LimitError>() {
        Ok(limit) => Error::Limit {
            layer: layer.clone(),
            what: limit.what,
            option: limit.option,
        },
        Err(error) => Error::layer(layer, error),
    }
}
