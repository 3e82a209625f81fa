//! Sparse files: holes are not stored, and four formats tell where they are.
//!
//! GNU tar's old format has the map in the header and in blocks after it; its PAX formats 0.0 and
//! 0.1 have it in records; format 1.0 has it in front of the data, as decimal lines padded to a
//! block. See "Storing Sparse Files" in the manual of GNU tar.

use std::io;

use tar::{GnuExtSparseHeader, GnuSparseHeader, Header};

use super::{BLOCK, Members, Skip, malformed};

/// Maps of more segments than this are not read: a file on disk has far fewer.
const MAX_SEGMENTS: usize = 1 << 18;

/// Where the data of a sparse file belongs.
#[derive(Debug, Clone)]
pub(crate) struct SparseMap {
    size: u64,
    /// Offset and length of each stored piece, ascending, not overlapping.
    pieces: Vec<(u64, u64)>,
}

/// A stretch of a sparse file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Segment {
    Hole(u64),
    Data(u64),
}

impl SparseMap {
    fn new(size: u64, pieces: Vec<(u64, u64)>) -> Result<Self, &'static str> {
        let mut end = 0_u64;
        for (offset, length) in &pieces {
            if *offset < end {
                return Err("sparse map overlaps itself");
            }
            end = offset
                .checked_add(*length)
                .ok_or("sparse map leaves the file")?;
        }
        if end > size {
            return Err("sparse map leaves the file");
        }
        Ok(Self { size, pieces })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that are not stored.
    pub(crate) fn holes(&self) -> u64 {
        let stored: u64 = self.pieces.iter().map(|(_, length)| length).sum();
        self.size - stored
    }

    pub(super) fn segments(&self) -> std::vec::IntoIter<Segment> {
        let mut segments = Vec::with_capacity(self.pieces.len() * 2 + 1);
        let mut position = 0;
        for (offset, length) in &self.pieces {
            segments.push(Segment::Hole(offset - position));
            segments.push(Segment::Data(*length));
            position = offset + length;
        }
        segments.push(Segment::Hole(self.size - position));
        segments.into_iter()
    }
}

/// Reads the next bytes of a sparse file.
pub(super) fn read(
    segments: &mut std::vec::IntoIter<Segment>,
    out: &mut [u8],
    mut data: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        // What is left of a segment is put back in front by replacing it in place.
        let Some(segment) = segments.as_slice().first().copied() else {
            return Ok(0);
        };
        let (Segment::Hole(left) | Segment::Data(left)) = segment;
        if left == 0 {
            segments.next();
            continue;
        }
        let room = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (length, rest) = match segment {
            Segment::Hole(left) => {
                out[..room].fill(0);
                (room, Segment::Hole(left - room as u64))
            }
            Segment::Data(left) => {
                let length = data(&mut out[..room])?;
                (length, Segment::Data(left - length as u64))
            }
        };
        if let Some(first) = segments.as_mut_slice().first_mut() {
            *first = rest;
        }
        return Ok(length);
    }
}

/// The PAX records of a sparse file.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) name: Option<Vec<u8>>,
    size: Option<u64>,
    major: u64,
    /// Offsets and lengths in turn.
    numbers: Vec<u64>,
}

impl Records {
    pub(super) fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        const BAD: &str = "bad sparse record";
        match key {
            b"name" => self.name = Some(value.to_vec()),
            b"size" | b"realsize" => self.size = Some(number(value).ok_or(BAD)?),
            b"major" => self.major = number(value).ok_or(BAD)?,
            b"offset" | b"numbytes" => self.push(number(value).ok_or(BAD)?)?,
            b"map" => {
                for item in value.split(|byte| *byte == b',') {
                    self.push(number(item).ok_or(BAD)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, number: u64) -> Result<(), &'static str> {
        if self.numbers.len() >= MAX_SEGMENTS * 2 {
            return Err("sparse map has too many segments");
        }
        self.numbers.push(number);
        Ok(())
    }
}

impl<R: Skip> Members<R> {
    /// The map of an old GNU sparse member: four pieces in the header, then blocks of 21.
    pub(super) fn old_gnu_map(&mut self, header: &Header) -> io::Result<SparseMap> {
        let at = self.position;
        let Some(gnu) = header.as_gnu() else {
            return Err(malformed(
                at,
                format_args!("sparse member in no GNU format"),
            ));
        };
        let size = gnu
            .real_size()
            .map_err(|error| malformed(at, format_args!("bad sparse size: {error}")))?;
        let mut pieces = Vec::new();
        let mut add = |entries: &[GnuSparseHeader]| -> io::Result<()> {
            for entry in entries.iter().filter(|entry| !entry.is_empty()) {
                let bad = |error| malformed(at, format_args!("bad sparse map: {error}"));
                pieces.push((entry.offset().map_err(bad)?, entry.length().map_err(bad)?));
                if pieces.len() > MAX_SEGMENTS {
                    return Err(malformed(at, format_args!("sparse map too long")));
                }
            }
            Ok(())
        };
        add(&gnu.sparse)?;
        let mut extended = gnu.is_extended();
        while extended {
            let mut block = GnuExtSparseHeader::new();
            self.reader.read_exact(block.as_mut_bytes())?;
            self.position += BLOCK;
            add(&block.sparse)?;
            extended = block.is_extended();
        }
        SparseMap::new(size, pieces).map_err(|error| malformed(at, format_args!("{error}")))
    }

    /// The map of a PAX sparse member.
    pub(super) fn pax_map(&mut self, records: Records) -> io::Result<SparseMap> {
        let at = self.position;
        let bad = |what: &str| malformed(at, format_args!("{what}"));
        let size = records
            .size
            .ok_or_else(|| bad("sparse member without size"))?;
        let numbers = if records.major == 1 {
            self.leading_map()?
        } else {
            records.numbers
        };
        let (pairs, []) = numbers.as_chunks::<2>() else {
            return Err(bad("sparse map has an odd number of fields"));
        };
        let pieces = pairs.iter().map(|[offset, length]| (*offset, *length));
        SparseMap::new(size, pieces.collect()).map_err(bad)
    }

    /// The map in front of the data: a count, then so many pairs, each number on a line, the whole
    /// padded to a block.
    fn leading_map(&mut self) -> io::Result<Vec<u64>> {
        let at = self.position;
        let bad = || malformed(at, format_args!("bad sparse map"));
        let mut numbers = Vec::new();
        let mut expected = None;
        let mut line = Vec::new();
        loop {
            let mut block = [0; 512];
            let mut length = 0;
            while length < block.len() {
                match self.read_data(&mut block[length..])? {
                    0 => return Err(self.ends_early()),
                    read => length += read,
                }
            }
            for byte in block {
                if byte != b'\n' {
                    if expected.is_some_and(|expected| numbers.len() == expected) {
                        break;
                    }
                    if line.len() == 20 {
                        return Err(bad());
                    }
                    line.push(byte);
                    continue;
                }
                let value = number(&line).ok_or_else(bad)?;
                line.clear();
                match expected {
                    None if value > MAX_SEGMENTS as u64 => return Err(bad()),
                    None => expected = Some(usize::try_from(value).map_err(|_| bad())? * 2),
                    Some(_) => numbers.push(value),
                }
            }
            if expected.is_some_and(|expected| numbers.len() >= expected) {
                return Ok(numbers);
            }
        }
    }
}

/// A number in decimal digits.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
