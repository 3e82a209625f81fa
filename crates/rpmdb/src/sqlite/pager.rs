//! Finds pages by number, in the database file or in the write-ahead log.

use super::MAGIC;
use super::record::Encoding;
use super::wal::Wal;
use crate::bytes::{Endian, slice};
use crate::error::Error;

/// Size of the header at the start of page 1.
pub(super) const HEADER_BYTES: usize = 100;
/// SQLite refuses pages with less room than this.
const MIN_USABLE: usize = 480;

/// Access to the pages of one database.
#[derive(Debug)]
pub(super) struct Pager<'a> {
    bytes: &'a [u8],
    wal: Wal<'a>,
    page_size: usize,
    /// Bytes of a page before those reserved for extensions.
    usable: usize,
    /// Number of the last page there can be; the first is 1.
    last_page: u32,
    encoding: Encoding,
}

impl<'a> Pager<'a> {
    pub(super) fn open(bytes: &'a [u8], wal: Option<&'a [u8]>) -> Result<Self, Error> {
        if !bytes.starts_with(&MAGIC) {
            return Err(Error::UnknownFormat);
        }
        let page_size = match Endian::Big.u16(bytes, 16).map(usize::from) {
            Some(1) => 65536,
            Some(size @ 512..) if size.is_power_of_two() => size,
            _ => return Err(bad("a page size that is no power of two from 512 to 65536")),
        };
        let wal = Wal::open(wal.unwrap_or_default(), page_size);
        // Each page is in one of the two files, so there are not more, whatever the log says.
        let stored = u32::try_from(bytes.len() / page_size + wal.len())
            .map_err(|_| bad("more pages than page numbers"))?;
        let last_page = wal.pages().unwrap_or(stored).min(stored);
        let mut pager = Self {
            bytes,
            wal,
            page_size,
            usable: page_size,
            last_page,
            encoding: Encoding::Utf8,
        };
        let header = pager.page(1)?;
        if !header.starts_with(&MAGIC) {
            return Err(bad(
                "the write-ahead log replaces the header by something else",
            ));
        }
        pager.usable = page_size - usize::from(header[20]);
        if pager.usable < MIN_USABLE {
            return Err(bad(
                "more bytes reserved in each page than a page can spare",
            ));
        }
        pager.encoding = match Endian::Big.u32(header, 56) {
            // 0 as long as there is no table.
            Some(0 | 1) => Encoding::Utf8,
            Some(2) => Encoding::Utf16(Endian::Little),
            Some(3) => Encoding::Utf16(Endian::Big),
            _ => return Err(bad("an unknown text encoding")),
        };
        Ok(pager)
    }

    /// The bytes of a page that tables may use.
    pub(super) fn page(&self, number: u32) -> Result<&'a [u8], Error> {
        let bad = |why| Error::page(number, why);
        if number == 0 || number > self.last_page {
            return Err(bad("beyond the end of the database"));
        }
        let page = match self.wal.page(number) {
            Some(page) => Some(page),
            None => (number as usize - 1)
                .checked_mul(self.page_size)
                .and_then(|at| slice(self.bytes, at, self.page_size)),
        };
        page.map(|page| &page[..self.usable])
            .ok_or(bad("beyond the end of the file"))
    }

    pub(super) fn usable(&self) -> usize {
        self.usable
    }

    /// Number of the last page there can be.
    pub(super) fn last_page(&self) -> u32 {
        self.last_page
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn ignored_wal(&self) -> Option<&'static str> {
        self.wal.ignored()
    }
}

fn bad(why: &'static str) -> Error {
    Error::page(1, why)
}
