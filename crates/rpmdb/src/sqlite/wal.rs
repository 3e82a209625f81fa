//! The write-ahead log: newer versions of pages, in the order they were written. A frame counts
//! when its salts are those of the log's header, the running checksum is right up to it, and a
//! commit follows. What comes after the first frame that does not count is left from earlier use
//! of the file.

use std::collections::HashMap;

use crate::bytes::{Endian, slice};

/// The lowest bit tells the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The pages of a write-ahead log that replace those of the database.
#[derive(Debug, Default)]
pub(super) struct Wal<'a> {
    frames: HashMap<u32, &'a [u8]>,
    /// Number of pages of the database after the last commit, if there is one.
    pages: Option<u32>,
    ignored: Option<&'static str>,
}

impl<'a> Wal<'a> {
    /// Reads the log of a database with this page size. An empty one is as good as none.
    pub(super) fn open(bytes: &'a [u8], page_size: usize) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        match Frames::open(bytes, page_size) {
            Ok(frames) => Self::committed(frames),
            Err(why) => Self {
                ignored: Some(why),
                ..Self::default()
            },
        }
    }

    fn committed(frames: Frames<'a>) -> Self {
        let mut wal = Self::default();
        let mut pending = Vec::new();
        for frame in frames {
            pending.push((frame.page, frame.content));
            if frame.pages_after_commit != 0 {
                wal.frames.extend(pending.drain(..));
                wal.pages = Some(frame.pages_after_commit);
            }
        }
        wal
    }

    /// The newest committed version of a page.
    pub(super) fn page(&self, number: u32) -> Option<&'a [u8]> {
        self.frames.get(&number).copied()
    }

    /// Number of pages in the database after the last commit, if the log has one.
    pub(super) fn pages(&self) -> Option<u32> {
        self.pages
    }

    /// How many pages the log replaces.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Why the log does not count, if it does not.
    pub(super) fn ignored(&self) -> Option<&'static str> {
        self.ignored
    }
}

struct Frame<'a> {
    page: u32,
    /// Not zero in the last frame of a transaction.
    pages_after_commit: u32,
    content: &'a [u8],
}

/// The frames whose salts and checksums are right.
struct Frames<'a> {
    rest: &'a [u8],
    salts: &'a [u8],
    sum: Checksum,
    page_size: usize,
}

impl<'a> Frames<'a> {
    fn open(bytes: &'a [u8], page_size: usize) -> Result<Self, &'static str> {
        let (header, rest) = bytes
            .split_at_checked(HEADER_BYTES)
            .ok_or("its header is cut short")?;
        let number = |at| Endian::Big.u32(header, at).unwrap_or_default();
        let order = match number(0).wrapping_sub(MAGIC) {
            0 => Endian::Little,
            1 => Endian::Big,
            _ => return Err("its header is none of a write-ahead log"),
        };
        if number(4) != VERSION {
            return Err("its version is unknown");
        }
        if number(8) as usize != page_size {
            return Err("its page size is not that of the database");
        }
        let mut sum = Checksum {
            order,
            first: 0,
            second: 0,
        };
        sum.add(&header[..24]);
        if !sum.is_at(header, 24) {
            return Err("the checksum of its header is wrong");
        }
        Ok(Self {
            rest,
            salts: &header[16..24],
            sum,
            page_size,
        })
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = slice(self.rest, 0, FRAME_HEADER_BYTES)?;
        let content = slice(self.rest, FRAME_HEADER_BYTES, self.page_size)?;
        let page = Endian::Big.u32(header, 0)?;
        if page == 0 || header[8..16] != *self.salts {
            return None;
        }
        self.sum.add(&header[..8]);
        self.sum.add(content);
        if !self.sum.is_at(header, 16) {
            return None;
        }
        self.rest = &self.rest[FRAME_HEADER_BYTES + self.page_size..];
        Some(Frame {
            page,
            pages_after_commit: Endian::Big.u32(header, 4)?,
            content,
        })
    }
}

/// The running checksum over header and frames.
struct Checksum {
    order: Endian,
    first: u32,
    second: u32,
}

impl Checksum {
    /// Adds bytes, whose number must be a multiple of 8.
    fn add(&mut self, bytes: &[u8]) {
        let number = |raw: &[u8]| self.order.u32(raw, 0).unwrap_or_default();
        for pair in bytes.chunks_exact(8) {
            let (low, high) = pair.split_at(4);
            self.first = self
                .first
                .wrapping_add(number(low))
                .wrapping_add(self.second);
            self.second = self
                .second
                .wrapping_add(number(high))
                .wrapping_add(self.first);
        }
    }

    /// Whether this is the checksum stored at an offset of a header.
    fn is_at(&self, header: &[u8], at: usize) -> bool {
        Endian::Big.u32(header, at) == Some(self.first)
            && Endian::Big.u32(header, at + 4) == Some(self.second)
    }
}
