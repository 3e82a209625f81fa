//! Reads an export. Its bytes are not to be trusted: they may be cut off, altered, or made up.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use tempfile::TempPath;
use xxhash_rust::xxh3::Xxh3Default;

use super::{END, FORMAT, MAGIC, MANIFEST, SEGMENT};
use crate::manifest::{Entry, Manifest};
use crate::segment::{Damaged, Segment, SegmentHash};
use crate::{Error, SourceInfo, Store, files};

/// A manifest of a thousand sources takes a megabyte.
const MAX_MANIFEST: u64 = 64 << 20;

const MAX_SOURCES: usize = 10_000;

const MAX_SEGMENT: u64 = 8 << 30;

/// All segments together; compressed zeroes must not fill the disk.
const MAX_SEGMENTS: u64 = 32 << 30;

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSummary {
    /// The sources that the database has now, sorted by name.
    pub sources: Vec<SourceInfo>,
}

/// Replaces the database in a directory, if there is one, by what [`export`](crate::export)
/// wrote.
///
/// Everything is verified before anything is replaced: checksums, every record of every segment,
/// and that its indexes are those of its records. After an error the database is as it was.
pub fn import(dir: &Path, input: &mut dyn Read) -> Result<ImportSummary, Error> {
    let mut update = Store::open(dir)?.lock_anew()?;
    let (manifest, segments) = receive(dir, input)?;
    let sources = manifest
        .sources
        .iter()
        .map(|entry| entry.source.clone())
        .collect();
    update.replace_all(manifest, segments);
    update.commit()?;
    Ok(ImportSummary { sources })
}

fn receive(
    dir: &Path,
    input: &mut dyn Read,
) -> Result<(Manifest, BTreeMap<SegmentHash, TempPath>), Error> {
    let mut input = BufReader::new(input);
    let decoder = zstd::Decoder::with_buffer(&mut input).map_err(|error| not_an_export(&error))?;
    let mut stream = Stream {
        input: decoder.single_frame(),
        part: "the beginning".to_owned(),
    };
    stream.begin()?;
    let manifest = stream.manifest()?;
    let mut segments = BTreeMap::new();
    for (number, entry) in manifest.sources.iter().enumerate() {
        let name = &entry.source.name;
        let count = manifest.sources.len();
        stream.part = format!("the segment of {name:?}, source {} of {count}", number + 1);
        let file = match segments.entry(entry.segment) {
            Occupied(received) => received.into_mut(),
            Vacant(missing) => missing.insert(stream.segment(dir, entry)?),
        };
        // Sources that share a segment must agree on what it holds.
        Segment::open(file)
            .map_err(|error| stream.refused(&error))?
            .check_source(&entry.source)
            .map_err(|Damaged(what)| stream.damaged(what))?;
    }
    stream.end()?;
    let left = input
        .fill_buf()
        .map_err(|error| damaged(format!("after its end: {error}")))?;
    if left.is_empty() {
        Ok((manifest, segments))
    } else {
        Err(damaged("there is more after its end".to_owned()))
    }
}

fn damaged(what: String) -> Error {
    Error::Import { what }
}

fn not_an_export(error: &io::Error) -> Error {
    damaged(format!("it does not begin like an export: {error}"))
}

/// The inflated stream.
struct Stream<R> {
    input: R,
    /// What is being read, for messages.
    part: String,
}

/// Reads one part, up to its checksum.
struct Part {
    length: u64,
    hash: Xxh3Default,
}

impl<R: Read> Stream<R> {
    fn begin(&mut self) -> Result<(), Error> {
        let mut magic = [0; MAGIC.len()];
        self.input
            .read_exact(&mut magic)
            .map_err(|error| not_an_export(&error))?;
        if magic != MAGIC {
            return Err(damaged("it does not begin like an export".to_owned()));
        }
        match u32::from_le_bytes(self.array()?) {
            FORMAT => Ok(()),
            newer if newer > FORMAT => Err(Error::Newer {
                what: "the export".to_owned(),
                found: newer,
                supported: FORMAT,
            }),
            _ => Err(self.damaged("its format is unknown")),
        }
    }

    fn manifest(&mut self) -> Result<Manifest, Error> {
        "the manifest".clone_into(&mut self.part);
        let mut part = self.part(MANIFEST, MAX_MANIFEST)?;
        let mut json = Vec::new();
        self.content(&mut part, &mut json)?;
        let manifest =
            Manifest::parse(&json, Path::new(files::MANIFEST)).map_err(|error| match error {
                Error::Newer {
                    found, supported, ..
                } => Error::Newer {
                    what: "the export".to_owned(),
                    found,
                    supported,
                },
                error => self.refused(&error),
            })?;
        if manifest.sources.len() > MAX_SOURCES {
            return Err(self.damaged("it has too many sources"));
        }
        let sizes = manifest.sources.iter().map(|entry| entry.size);
        match sizes.reduce(u64::saturating_add) {
            Some(sum) if sum > MAX_SEGMENTS => Err(self.damaged("its segments are too large")),
            _ => Ok(manifest),
        }
    }

    /// Receives a segment into a file and verifies it.
    fn segment(&mut self, dir: &Path, entry: &Entry) -> Result<TempPath, Error> {
        let mut part = self.part(SEGMENT, MAX_SEGMENT)?;
        if part.length != entry.size {
            return Err(self.damaged("its length is not that in the manifest"));
        }
        let mut file =
            files::temporary(dir).map_err(Error::io(dir, "cannot make a temporary file"))?;
        self.content(&mut part, file.as_file_mut())?;
        file.as_file()
            .sync_all()
            .map_err(Error::io(file.path(), "cannot write"))?;
        let file = file.into_temp_path();
        let segment = Segment::open(&file)
            .and_then(|segment| {
                segment.verify()?;
                segment.check_structure()?;
                Ok(segment)
            })
            .map_err(|error| self.refused(&error))?;
        if segment.hash() == entry.segment {
            Ok(file)
        } else {
            Err(self.damaged("it is another than the manifest names"))
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        "the end".clone_into(&mut self.part);
        let mut part = self.part(END, 0)?;
        self.content(&mut part, &mut io::sink())?;
        // Reading on makes the decoder look at the checksum of the frame.
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("there is more after it")),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn part(&mut self, kind: u8, max: u64) -> Result<Part, Error> {
        let [found] = self.array()?;
        let length: [u8; 8] = self.array()?;
        if found != kind {
            return Err(self.damaged("something else is in its place"));
        }
        let mut hash = Xxh3Default::new();
        hash.update(&[found]);
        hash.update(&length);
        let length = u64::from_le_bytes(length);
        if length > max {
            return Err(self.damaged("it is too large"));
        }
        Ok(Part { length, hash })
    }

    /// Copies the content of a part and checks it.
    fn content(&mut self, part: &mut Part, out: &mut impl Write) -> Result<(), Error> {
        let mut buffer = vec![0; 1 << 16];
        let mut left = part.length;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let chunk = &mut buffer[..wanted];
            self.input
                .read_exact(chunk)
                .map_err(|error| self.unreadable(&error))?;
            part.hash.update(chunk);
            out.write_all(chunk)
                .map_err(Error::io(Path::new(&self.part), "cannot write"))?;
            left -= wanted as u64;
        }
        if u128::from_le_bytes(self.array()?) == part.hash.digest128() {
            Ok(())
        } else {
            Err(self.damaged("its checksum is wrong"))
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.input
            .read_exact(&mut bytes)
            .map_err(|error| self.unreadable(&error))?;
        Ok(bytes)
    }

    fn unreadable(&self, error: &io::Error) -> Error {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            self.damaged("the stream ends here")
        } else {
            damaged(format!("{}: {error}", self.part))
        }
    }

    /// An error about a file that only exists while importing.
    fn refused(&self, error: &Error) -> Error {
        match error {
            Error::Segment { what, .. } | Error::Manifest { what, .. } => {
                damaged(format!("{}: {what}", self.part))
            }
            error => damaged(format!("{}: {error}", self.part)),
        }
    }

    fn damaged(&self, what: &str) -> Error {
        damaged(format!("{}: {what}", self.part))
    }
}
