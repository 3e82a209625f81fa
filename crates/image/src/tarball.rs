//! Image archives: tar files whose members are blobs, read at random.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clair_compression::{Compression, Decoder, MAGIC_LENGTH};

use crate::header::{MemberKind, Members, Skip};
use crate::{Error, Limits, clean};

/// The members of an archive by path.
#[derive(Debug)]
pub(crate) struct Tarball {
    path: PathBuf,
    file: Arc<File>,
    members: HashMap<String, Location>,
}

#[derive(Debug, Clone)]
enum Location {
    Data { offset: u64, size: u64 },
    Link(String),
}

/// More links than this in a row are a loop.
const MAX_LINKS: usize = 16;

impl Tarball {
    /// Lists the members of an archive.
    ///
    /// Only headers are read. An archive that is compressed as a whole is first inflated to an
    /// unlinked temporary file, since its members cannot be reached otherwise.
    pub(crate) fn open(path: &Path, kind: &'static str, limits: &Limits) -> Result<Self, Error> {
        let failed = |error| Error::file(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let mut start = [0; MAGIC_LENGTH];
        let length = file.read_at(&mut start, 0).map_err(failed)?;
        if Compression::detect(&start[..length]) != Compression::None {
            file = inflate(file, limits.layer_size).map_err(failed)?;
        }
        let size = file.metadata().map_err(failed)?.len();
        let members = list(&file, size, limits).map_err(|error| Error::Malformed {
            path: path.to_owned(),
            kind,
            reason: error.to_string(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file),
            members,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Size of a member in bytes.
    pub(crate) fn size(&self, member: &str) -> Option<u64> {
        self.locate(member).map(|(_, size)| size)
    }

    /// A reader of a member; any number may be in use at once.
    pub(crate) fn read(&self, member: &str) -> Option<impl Read + Send + 'static> {
        let (offset, size) = self.locate(member)?;
        let section = Section {
            file: Arc::clone(&self.file),
            position: offset,
            end: offset + size,
        };
        Some(section)
    }

    /// All bytes of a small member.
    pub(crate) fn read_all(&self, member: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some((reader, size)) = self.read(member).zip(self.size(member)) else {
            return Ok(None);
        };
        if size > limit {
            return Err(io::Error::other(format!(
                "{member} has {size} bytes, and at most {limit} are read"
            )));
        }
        let mut bytes = Vec::new();
        reader.take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Where the bytes of a member are, and how many.
    pub(crate) fn locate(&self, member: &str) -> Option<(u64, u64)> {
        let mut name = member;
        for _ in 0..MAX_LINKS {
            match self.members.get(name)? {
                Location::Data { offset, size } => return Some((*offset, *size)),
                Location::Link(target) => name = target,
            }
        }
        None
    }
}

fn list(file: &File, size: u64, limits: &Limits) -> io::Result<HashMap<String, Location>> {
    let mut reader = BufReader::with_capacity(4096, file);
    reader.seek(SeekFrom::Start(0))?;
    let mut members = Members::new(Seeking { reader, size }, limits.extension);
    let mut found = HashMap::new();
    while let Some(member) = members.next()? {
        if found.len() as u64 >= limits.entries {
            return Err(io::Error::other(format!(
                "more than {} members",
                limits.entries
            )));
        }
        let path = clean(&member.path);
        let location = match member.kind {
            MemberKind::File if member.sparse.is_none() => Location::Data {
                offset: member.offset,
                size: member.stored,
            },
            // `docker save` once wrote a layer that two images share as a link.
            MemberKind::Symlink => {
                let directory = path.rfind('/').map_or("", |end| &path[..end]);
                let target = [directory.as_bytes(), b"/", &member.link].concat();
                Location::Link(clean(&target))
            }
            MemberKind::Hardlink => Location::Link(clean(&member.link)),
            _ => continue,
        };
        found.insert(path, location);
    }
    Ok(found)
}

fn inflate(file: File, limit: u64) -> io::Result<File> {
    let decoder = Decoder::new(file)?;
    let mut spool = tempfile::tempfile()?;
    let copied = io::copy(&mut decoder.take(limit + 1), &mut spool)?;
    if copied > limit {
        return Err(io::Error::other(format!(
            "the archive inflates to more than {limit} bytes; raise --max-layer-size if you trust it"
        )));
    }
    Ok(spool)
}

/// Passes over members by seeking.
struct Seeking<'a> {
    reader: BufReader<&'a File>,
    size: u64,
}

impl Read for Seeking<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out)
    }
}

impl Skip for Seeking<'_> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let position = self.reader.stream_position()?;
        let step = count.min(self.size.saturating_sub(position));
        self.reader
            .seek_relative(i64::try_from(step).map_err(io::Error::other)?)?;
        Ok(step)
    }
}

/// A stretch of a file.
struct Section {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let room = out.len().min(left);
        let length = self.file.read_at(&mut out[..room], self.position)?;
        if length == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += length as u64;
        Ok(length)
    }
}
