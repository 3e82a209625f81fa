//! Writes an export.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3Default;

use super::{END, FORMAT, MAGIC, MANIFEST, SEGMENT};
use crate::manifest::Manifest;
use crate::{Database, Error};

/// Higher levels gain little: most of a segment is compact or compressed already.
const LEVEL: i32 = 9;

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// How many sources there are.
    pub sources: usize,
    /// How many advisories they have.
    pub advisories: u64,
    /// How many statements those make.
    pub statements: u64,
    /// How many enrichments they have.
    pub enrichments: u64,
    /// How many bytes were written.
    pub bytes: u64,
}

/// Writes the database in a directory to a stream that [`import`](crate::import) reads. Damaged
/// segments are not exported but an error.
pub fn export(dir: &Path, out: &mut dyn Write) -> Result<ExportSummary, Error> {
    let (database, manifest) = Database::open_with_manifest(dir)?;
    database.verify()?;
    let mut out = Counted { out, bytes: 0 };
    write(&database, &manifest, &mut out).map_err(Error::Export)?;
    let sources = database.sources();
    Ok(ExportSummary {
        sources: sources.len(),
        advisories: sources.iter().map(|source| source.advisories).sum(),
        statements: sources.iter().map(|source| source.statements).sum(),
        enrichments: sources.iter().map(|source| source.enrichments).sum(),
        bytes: out.bytes,
    })
}

fn write(database: &Database, manifest: &Manifest, out: &mut impl Write) -> io::Result<()> {
    let mut out = zstd::Encoder::new(out, LEVEL)?;
    out.include_checksum(true)?;
    out.write_all(&MAGIC)?;
    out.write_all(&FORMAT.to_le_bytes())?;
    part(&mut out, MANIFEST, &manifest.to_json()?)?;
    let mut written = BTreeSet::new();
    for segment in database.segments() {
        if written.insert(segment.hash()) {
            part(&mut out, SEGMENT, segment.bytes())?;
        }
    }
    part(&mut out, END, &[])?;
    out.finish()?.flush()
}

fn part(out: &mut impl Write, kind: u8, content: &[u8]) -> io::Result<()> {
    let length = (content.len() as u64).to_le_bytes();
    let mut hash = Xxh3Default::new();
    for bytes in [&[kind][..], &length, content] {
        hash.update(bytes);
        out.write_all(bytes)?;
    }
    out.write_all(&hash.digest128().to_le_bytes())
}

struct Counted<'w> {
    out: &'w mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
