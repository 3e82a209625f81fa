//! The texts of advisories and the values of enrichments: the bulk of a source, wanted only for what
//! is reported.
//!
//! They are compressed in blocks small enough to inflate one for a single advisory and large
//! enough to compress well.

use std::fmt;
use std::io::{self, Write};

use clair_model::Advisory;

use super::advisory::list;
use super::code::{Cursor, Damaged, put_count, put_text};

/// The capacity of a block of texts.
pub(super) const TEXTS: usize = 16 << 10;

/// The capacity of a block of values, which are looked up by the thousand, each in another block.
pub(super) const VALUES: usize = 4 << 10;

/// No block is larger than this when inflated.
const MAX_BLOCK: usize = 32 << 20;

/// Above 6 a build takes much longer for a few percent.
const LEVEL: i32 = 6;

/// An entry of the table: u64 end of the block, u32 inflated size.
const ENTRY: usize = 12;

/// The parts of an advisory that are long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdvisoryText {
    /// Description for people.
    pub description: String,
    /// Addresses where one can read more.
    pub links: Vec<String>,
}

/// Where the texts of an advisory are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextPosition {
    pub(crate) block: u32,
    pub(crate) offset: u32,
}

/// Why texts cannot be added.
#[derive(Debug)]
pub(super) enum TextError {
    TooLong,
    Io(io::Error),
}

impl From<io::Error> for TextError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Compresses texts into blocks.
pub(super) struct TextWriter<W> {
    /// A block is full when it has this many bytes; one long text may make it larger.
    capacity: usize,
    compressor: zstd::bulk::Compressor<'static>,
    block: Vec<u8>,
    record: Vec<u8>,
    table: Vec<u8>,
    end: u64,
    out: W,
}

impl<W: Write> TextWriter<W> {
    pub(super) fn new(out: W, capacity: usize) -> io::Result<Self> {
        Ok(Self {
            capacity,
            compressor: zstd::bulk::Compressor::new(LEVEL)?,
            block: Vec::with_capacity(capacity),
            record: Vec::new(),
            table: Vec::new(),
            end: 0,
            out,
        })
    }

    /// Adds the texts of an advisory, if it has any.
    pub(super) fn add(&mut self, advisory: &Advisory) -> Result<Option<TextPosition>, TextError> {
        if advisory.description.is_empty() && advisory.links.is_empty() {
            return Ok(None);
        }
        self.record.clear();
        put_text(&mut self.record, &advisory.description);
        put_count(&mut self.record, advisory.links.len());
        for link in &advisory.links {
            put_text(&mut self.record, link);
        }
        self.place().map(Some)
    }

    /// Adds the text of an enrichment.
    pub(super) fn add_value(&mut self, value: &str) -> Result<TextPosition, TextError> {
        self.record.clear();
        put_text(&mut self.record, value);
        self.place()
    }

    /// Moves the record into the block.
    fn place(&mut self) -> Result<TextPosition, TextError> {
        if self.record.len() > MAX_BLOCK {
            return Err(TextError::TooLong);
        }
        if self.block.len() + self.record.len() > self.capacity {
            self.flush()?;
        }
        let position = TextPosition {
            block: u32::try_from(self.table.len() / ENTRY).map_err(|_| TextError::TooLong)?,
            offset: u32::try_from(self.block.len()).map_err(|_| TextError::TooLong)?,
        };
        self.block.append(&mut self.record);
        Ok(position)
    }

    /// Completes the last block; gives the table and where the blocks went.
    pub(super) fn finish(&mut self) -> io::Result<(&[u8], &mut W)> {
        self.flush()?;
        Ok((&self.table, &mut self.out))
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let size = u32::try_from(self.block.len()).map_err(io::Error::other)?;
        let compressed = self.compressor.compress(&self.block)?;
        self.out.write_all(&compressed)?;
        self.end += compressed.len() as u64;
        self.table.extend(self.end.to_le_bytes());
        self.table.extend(size.to_le_bytes());
        self.block.clear();
        Ok(())
    }
}

/// Inflates a block.
pub(super) fn inflate(table: &[u8], texts: &[u8], block: u32) -> Result<Vec<u8>, Damaged> {
    let mut inflated = Vec::new();
    Inflater::new()?.inflate(table, texts, block, &mut inflated)?;
    Ok(inflated)
}

/// Inflates blocks one after the other, with the memory of one.
pub(crate) struct Inflater(zstd::bulk::Decompressor<'static>);

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl Inflater {
    pub(crate) fn new() -> Result<Self, Damaged> {
        let decompressor = zstd::bulk::Decompressor::new();
        decompressor
            .map(Self)
            .map_err(|_| Damaged("there is no memory to inflate a text block"))
    }

    /// Puts the content of a block in place of what the buffer has.
    pub(super) fn inflate(
        &mut self,
        table: &[u8],
        texts: &[u8],
        block: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Damaged> {
        let outside = Damaged("a text block lies outside its section");
        let entry = |index: usize| -> Option<(usize, usize)> {
            let at = index.checked_mul(ENTRY)?;
            let (end, size) = table.get(at..)?.get(..ENTRY)?.split_first_chunk::<8>()?;
            let end = usize::try_from(u64::from_le_bytes(*end)).ok()?;
            let size = u32::from_le_bytes(*size.first_chunk()?) as usize;
            Some((end, size))
        };
        let index = block as usize;
        let (end, size) = entry(index).ok_or(outside)?;
        let start = match index.checked_sub(1) {
            Some(previous) => entry(previous).ok_or(outside)?.0,
            None => 0,
        };
        let compressed = texts.get(start..end).ok_or(outside)?;
        if size > MAX_BLOCK {
            return Err(Damaged("a text block is too large"));
        }
        out.clear();
        out.reserve_exact(size);
        let length = self.0.decompress_to_buffer(compressed, out);
        if matches!(length, Ok(length) if length == size) {
            Ok(())
        } else {
            Err(Damaged("a text block does not inflate"))
        }
    }
}

/// Decodes the text of an enrichment at a position of an inflated block.
pub(crate) fn decode_value(block: &[u8], offset: u32) -> Result<&str, Damaged> {
    Cursor::at(block, offset.into())?.text()
}

/// Decodes the texts at a position of an inflated block.
pub(super) fn decode(block: &[u8], offset: u32) -> Result<AdvisoryText, Damaged> {
    let mut cursor = Cursor::at(block, offset.into())?;
    Ok(AdvisoryText {
        description: cursor.text()?.to_owned(),
        links: list(&mut cursor, |cursor| cursor.text().map(str::to_owned))?,
    })
}
