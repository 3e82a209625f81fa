//! The rpm header: the block of tagged values that describes one package, in the form databases
//! keep it. That form is a count of index entries, the length of the store, the entries of 16
//! bytes (tag, type, offset, count) and the store the offsets point into, all numbers big-endian:
//! the header structure of the rpm package format without its leading magic.
//! <https://rpm-software-management.github.io/rpm/manual/format_header.html>

use std::borrow::Cow;

use crate::bytes::{Endian, slice};
use crate::error::Error;
use crate::limits::{MAX_HEADER_BYTES, MAX_HEADER_ENTRIES};

/// Numbers of the tags this crate reads, as rpm's tag list gives them.
pub mod tag {
    /// `OpenPGP` signature over header and payload, RSA.
    pub const SIGPGP: u32 = 259;
    /// `OpenPGP` signature over header and payload, DSA.
    pub const SIGGPG: u32 = 262;
    /// `OpenPGP` signature over the header, DSA or `EdDSA`.
    pub const DSAHEADER: u32 = 267;
    /// `OpenPGP` signature over the header, RSA.
    pub const RSAHEADER: u32 = 268;
    /// Package name.
    pub const NAME: u32 = 1000;
    /// Version of the software.
    pub const VERSION: u32 = 1001;
    /// Release of the packaging.
    pub const RELEASE: u32 = 1002;
    /// Epoch, most often absent.
    pub const EPOCH: u32 = 1003;
    /// When the package was installed, in seconds since 1970.
    pub const INSTALLTIME: u32 = 1008;
    /// Who distributes the package.
    pub const VENDOR: u32 = 1011;
    /// Architecture.
    pub const ARCH: u32 = 1022;
    /// Whole paths of the files, as rpm wrote them before version 4.
    pub const OLDFILENAMES: u32 = 1027;
    /// File name of the source package.
    pub const SOURCERPM: u32 = 1044;
    /// For each file, which of the directories it is in.
    pub const DIRINDEXES: u32 = 1116;
    /// For each file, the last part of its path.
    pub const BASENAMES: u32 = 1117;
    /// Directories with a trailing slash.
    pub const DIRNAMES: u32 = 1118;
    /// Digest of the payload, in hexadecimal.
    pub const PAYLOADDIGEST: u32 = 5092;
    /// `name:stream:version:context` of the module the package was built in.
    pub const MODULARITYLABEL: u32 = 5096;
}

/// Start of a header inside a package file; databases leave it out.
const MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
/// The magic and four reserved bytes.
const MAGIC_BYTES: usize = 8;
/// The two counts at the start.
const INTRO_BYTES: usize = 8;
/// One index entry.
const ENTRY_BYTES: usize = 16;

/// Value types of the format.
mod kind {
    pub(super) const CHAR: u32 = 1;
    pub(super) const INT8: u32 = 2;
    pub(super) const INT16: u32 = 3;
    pub(super) const INT32: u32 = 4;
    pub(super) const STRING: u32 = 6;
    pub(super) const BIN: u32 = 7;
    pub(super) const STRING_ARRAY: u32 = 8;
    pub(super) const I18N_STRING: u32 = 9;
}

/// One header, borrowing the blob it was parsed from. Values are decoded when asked for, so an
/// error in one tag does not concern the others.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
    /// Offset of the store in the blob, for error messages.
    store_at: usize,
}

/// Where the value of a tag is and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Tag number, see [`tag`].
    pub tag: u32,
    /// Number of the value type.
    pub kind: u32,
    /// Offset of the value in the store.
    pub offset: u32,
    /// How many values there are; for binary values, their length in bytes.
    pub count: u32,
}

impl<'a> Header<'a> {
    /// Splits a header blob into index and store. The magic with which headers start in package
    /// files may be there; bytes after the store are ignored.
    ///
    /// Fails when the counts at the start go beyond the limits of [`crate::limits`] or beyond the
    /// blob.
    pub fn parse(blob: &'a [u8]) -> Result<Self, Error> {
        if blob.len() > MAX_HEADER_BYTES {
            return Err(Error::long_header());
        }
        let start = if blob.starts_with(&MAGIC) {
            MAGIC_BYTES
        } else {
            0
        };
        let (Some(entries), Some(store_bytes)) = (
            Endian::Big.u32(blob, start),
            Endian::Big.u32(blob, start + 4),
        ) else {
            return Err(cut(start + INTRO_BYTES, blob.len()));
        };
        let (entries, store_bytes) = (entries as usize, store_bytes as usize);
        if entries == 0 {
            return Err(Error::Header {
                offset: start,
                why: "no index entries",
            });
        }
        if entries > MAX_HEADER_ENTRIES {
            return Err(Error::Limit {
                what: "entries in a header",
                limit: MAX_HEADER_ENTRIES,
            });
        }
        let index_at = start + INTRO_BYTES;
        let store_at = index_at + entries * ENTRY_BYTES;
        match (
            slice(blob, index_at, store_at - index_at),
            slice(blob, store_at, store_bytes),
        ) {
            (Some(index), Some(store)) => Ok(Self {
                index,
                store,
                store_at,
            }),
            _ => Err(cut(store_at.saturating_add(store_bytes), blob.len())),
        }
    }

    /// All index entries in the order of the index.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry> + 'a {
        self.index.chunks_exact(ENTRY_BYTES).map(|raw| {
            let number = |at| Endian::Big.u32(raw, at).unwrap_or_default();
            Entry {
                tag: number(0),
                kind: number(4),
                offset: number(8),
                count: number(12),
            }
        })
    }

    /// The entry of a tag. Where a tag is there twice the later one holds: what rpm adds at
    /// installation comes after the entries of the package and overrides them.
    pub fn find(&self, tag: u32) -> Option<Entry> {
        self.entries().rev().find(|entry| entry.tag == tag)
    }

    /// The value of a text tag, the first one where it has several. Bytes that are not UTF-8 are
    /// replaced. `None` when the header lacks the tag, an error when it is no text.
    pub fn string(&self, tag: u32) -> Result<Option<Cow<'a, str>>, Error> {
        match self.strings(tag)? {
            None => Ok(None),
            Some(mut values) => match values.next() {
                Some(value) => value.map(Some),
                None => Err(Error::Header {
                    offset: values.offset,
                    why: "text without a value",
                }),
            },
        }
    }

    /// The values of a text tag, decoded one by one.
    pub fn strings(&self, tag: u32) -> Result<Option<Strings<'a>>, Error> {
        let Some(entry) = self.find(tag) else {
            return Ok(None);
        };
        let count = match entry.kind {
            kind::STRING => 1,
            kind::STRING_ARRAY | kind::I18N_STRING => entry.count as usize,
            _ => return Err(self.wrong(entry, "a value of another type where text is expected")),
        };
        let (rest, offset) = self.value(entry)?;
        Ok(Some(Strings {
            rest,
            left: count,
            offset,
        }))
    }

    /// The value of a numeric tag, the first one where it has several.
    pub fn integer(&self, tag: u32) -> Result<Option<u32>, Error> {
        match self.integers(tag)? {
            None => Ok(None),
            Some(values) => match values.get(0) {
                Some(value) => Ok(Some(value)),
                None => Err(Error::Header {
                    offset: self.store_at,
                    why: "a number without a value",
                }),
            },
        }
    }

    /// The values of a numeric tag of at most 32 bits.
    pub fn integers(&self, tag: u32) -> Result<Option<Integers<'a>>, Error> {
        let Some(entry) = self.find(tag) else {
            return Ok(None);
        };
        let width = match entry.kind {
            kind::CHAR | kind::INT8 => 1,
            kind::INT16 => 2,
            kind::INT32 => 4,
            _ => {
                return Err(self.wrong(entry, "a value of another type where a number is expected"));
            }
        };
        let (rest, _) = self.value(entry)?;
        match (entry.count as usize)
            .checked_mul(width)
            .and_then(|bytes| rest.get(..bytes))
        {
            Some(bytes) => Ok(Some(Integers { bytes, width })),
            None => Err(self.wrong(entry, "numbers beyond the end of the store")),
        }
    }

    /// The value of a binary tag.
    pub fn binary(&self, tag: u32) -> Result<Option<&'a [u8]>, Error> {
        let Some(entry) = self.find(tag) else {
            return Ok(None);
        };
        if entry.kind != kind::BIN {
            return Err(self.wrong(entry, "a value of another type where bytes are expected"));
        }
        match self.value(entry)?.0.get(..entry.count as usize) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(self.wrong(entry, "bytes beyond the end of the store")),
        }
    }

    /// The store from the value of an entry on, and the offset of that in the blob.
    fn value(&self, entry: Entry) -> Result<(&'a [u8], usize), Error> {
        match self.store.get(entry.offset as usize..) {
            Some(rest) => Ok((rest, self.store_at + entry.offset as usize)),
            None => Err(self.wrong(entry, "a value beyond the end of the store")),
        }
    }

    fn wrong(&self, entry: Entry, why: &'static str) -> Error {
        Error::Header {
            offset: self.store_at.saturating_add(entry.offset as usize),
            why,
        }
    }
}

fn cut(needed: usize, available: usize) -> Error {
    Error::Truncated {
        what: "rpm header",
        needed,
        available,
    }
}

/// The values of a text tag. Yields an error once, and then nothing more, when the store ends
/// before the last value does.
#[derive(Debug, Clone)]
pub struct Strings<'a> {
    rest: &'a [u8],
    left: usize,
    offset: usize,
}

impl Strings<'_> {
    /// How many values the header says are left.
    pub fn remaining(&self) -> usize {
        self.left
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = Result<Cow<'a, str>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let Some(end) = self.rest.iter().position(|&byte| byte == 0) else {
            self.left = 0;
            return Some(Err(Error::Header {
                offset: self.offset,
                why: "text beyond the end of the store",
            }));
        };
        let text = String::from_utf8_lossy(&self.rest[..end]);
        self.rest = &self.rest[end + 1..];
        self.offset += end + 1;
        Some(Ok(text))
    }
}

/// The values of a numeric tag.
#[derive(Debug, Clone, Copy)]
pub struct Integers<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl Integers<'_> {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The value with this number, counted from 0.
    pub fn get(&self, number: usize) -> Option<u32> {
        let raw = slice(self.bytes, number.checked_mul(self.width)?, self.width)?;
        Some(
            raw.iter()
                .fold(0, |value, &byte| value << 8 | u32::from(byte)),
        )
    }
}
