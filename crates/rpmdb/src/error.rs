//! What can be wrong with a database, and how the wrong parts of a readable one are told.

use std::fmt;

use crate::limits::MAX_HEADER_BYTES;

/// Why a database, or one record of it, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes belong to none of the three formats.
    #[error("not an rpm database: the first bytes are of no known format")]
    UnknownFormat,
    /// The format is known, this variant of it is not read.
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
    /// The bytes end before something that must be there.
    #[error("{what} cut short: {needed} bytes needed, {available} there")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many bytes it takes.
        needed: usize,
        /// How many bytes there are.
        available: usize,
    },
    /// A page of a BerkeleyDB or SQLite file contradicts itself or the file.
    #[error("page {page}: {why}")]
    Page {
        /// Page number as the format counts: from 0 in BerkeleyDB, from 1 in SQLite.
        page: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A slot of an ndb file, or the blob it points to, is damaged.
    #[error("slot {slot}: {why}")]
    Slot {
        /// Slot number counted from the start of the file, 16 bytes each.
        slot: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The write-ahead log beside an SQLite file cannot be used and was left out.
    #[error("write-ahead log ignored: {0}")]
    Wal(&'static str),
    /// An SQLite database does not have the table asked for.
    #[error("no table named {0}")]
    NoTable(String),
    /// An rpm header contradicts itself.
    #[error("rpm header: {why} (byte {offset} of the header)")]
    Header {
        /// Offset in the header blob of the entry or value that is wrong.
        offset: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// An rpm header lacks a tag without which it describes no package.
    #[error("rpm header: no {0} tag")]
    MissingTag(&'static str),
    /// Reading on would take more than this crate allows itself; see [`crate::limits`].
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit it goes over.
        limit: usize,
    },
}

impl Error {
    /// Says what is wrong with a page.
    pub(crate) fn page(page: u32, why: &'static str) -> Self {
        Self::Page { page, why }
    }

    /// Says that a header is longer than the limit.
    pub(crate) fn long_header() -> Self {
        let (what, limit) = ("bytes in a header", MAX_HEADER_BYTES);
        Self::Limit { what, limit }
    }
}

/// A part of a database that could not be read, while the rest could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The record's number where it is known: the key of a BerkeleyDB record, the package index
    /// of an ndb slot, `hnum` of an SQLite row.
    pub record: Option<i64>,
    /// What was wrong; it names the page or slot.
    pub error: Error,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Some(record) => write!(f, "record {record}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}
