//! How the files of segments are put together, whatever their records are.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use clair_model::SourceKind;
use tempfile::TempPath;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use super::code::Damaged;
use super::format::{Extent, Header, Section, SegmentHash};
use super::interner::Full;
use super::text::TextError;
use crate::{Error, SourceInfo};

/// A finished segment that belongs to no database yet. Dropped, it is gone.
#[derive(Debug)]
pub struct NewSegment {
    pub(crate) info: SourceInfo,
    pub(crate) hash: SegmentHash,
    pub(crate) size: u64,
    pub(crate) file: TempPath,
}

impl NewSegment {
    /// The source as the database will have it.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }
}

/// Why a record cannot be added.
pub(super) enum Refusal {
    TooLarge(&'static str),
    Io(io::Error),
}

impl From<Full> for Refusal {
    fn from(_: Full) -> Self {
        Self::TooLarge("it has more distinct strings than a segment can hold")
    }
}

impl From<Damaged> for Refusal {
    fn from(Damaged(what): Damaged) -> Self {
        Self::TooLarge(what)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<TextError> for Refusal {
    fn from(error: TextError) -> Self {
        match error {
            TextError::TooLong => Self::TooLarge("the text of a record is too long"),
            TextError::Io(error) => Self::Io(error),
        }
    }
}

impl Refusal {
    /// The error about a source whose segment is written into a directory.
    pub(super) fn of(self, source: &str, dir: &Path) -> Error {
        match self {
            Self::TooLarge(what) => Error::TooLarge {
                source_name: source.to_owned(),
                what,
            },
            Self::Io(error) => Error::io(dir, "cannot write a segment")(error),
        }
    }
}

/// What was written to a temporary file, from its beginning.
pub(super) fn rewound(spool: &mut BufWriter<File>) -> io::Result<&mut File> {
    spool.flush()?;
    let file = spool.get_mut();
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Writes sections one after the other, then the header in front of them.
pub(super) struct Assembly<'f> {
    out: BufWriter<&'f mut File>,
    header: Header,
}

impl<'f> Assembly<'f> {
    pub(super) fn new(
        file: &'f mut File,
        kind: SourceKind,
        records: u64,
        statements: u64,
    ) -> io::Result<Self> {
        let mut out = BufWriter::new(file);
        out.write_all(&[0; Header::SIZE])?;
        // A section that is never written is an empty one.
        let empty = Extent {
            length: 0,
            checksum: xxh3_128(&[]),
        };
        let header = Header {
            kind,
            records,
            statements,
            sections: [empty; Section::ALL.len()],
        };
        Ok(Self { out, header })
    }

    /// Writes the next section; they come in the order of [`Section::ALL`].
    pub(super) fn section(&mut self, section: Section, content: impl Read) -> io::Result<()> {
        let mut content = BufReader::with_capacity(1 << 16, content);
        let mut hash = Xxh3Default::new();
        let mut length = 0;
        loop {
            let chunk = io::BufRead::fill_buf(&mut content)?;
            if chunk.is_empty() {
                break;
            }
            hash.update(chunk);
            self.out.write_all(chunk)?;
            length += chunk.len();
            let taken = chunk.len();
            io::BufRead::consume(&mut content, taken);
        }
        self.header.sections[section as usize] = Extent {
            length: length as u64,
            checksum: hash.digest128(),
        };
        Ok(())
    }

    /// Writes the header and brings all to the disk.
    pub(super) fn finish(mut self) -> io::Result<Header> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&self.header.encode())?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Ok(self.header)
    }
}
