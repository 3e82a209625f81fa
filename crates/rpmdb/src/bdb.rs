//! BerkeleyDB hash databases, as rpm wrote them: record numbers as keys, header blobs as values.
//!
//! A file is an array of pages. Page 0 describes the hash table; each bucket is a chain of hash
//! pages, whose items are keys and values in turn; a value too long for its page is a chain of
//! overflow pages. Numbers are in the byte order of the machine that wrote the file. The layout is
//! that of `dbinc/db_page.h` in the Berkeley DB 5.3 sources.

use crate::bytes::{Endian, PageSet, slice};
use crate::collect::Collector;
use crate::error::Error;
use crate::limits::{MAX_CHAIN_READS, MAX_HEADER_BYTES};

const MAGIC_AT: usize = 12;
const HASH_MAGIC: u32 = 0x0006_1561;
const BTREE_MAGIC: u32 = 0x0005_3162;
/// Size of the part of page 0 that describes a hash table, up to the end of the bucket table.
const META_BYTES: usize = 224;
/// Start of every other page: its number, its neighbours, the number of items and the type.
const PAGE_HEADER: usize = 26;

/// Types of pages and, with the same numbers in another place, of items.
mod kind {
    pub(super) const UNSORTED_HASH_PAGE: u8 = 2;
    pub(super) const OVERFLOW_PAGE: u8 = 7;
    pub(super) const HASH_PAGE: u8 = 13;
    pub(super) const INLINE_ITEM: u8 = 1;
    pub(super) const OVERFLOW_ITEM: u8 = 3;
}

/// Whether a file starts like a BerkeleyDB database, of whatever access method.
pub(crate) fn is_berkeley_db(bytes: &[u8]) -> bool {
    [Endian::Little, Endian::Big]
        .iter()
        .any(|order| matches!(order.u32(bytes, MAGIC_AT), Some(HASH_MAGIC | BTREE_MAGIC)))
}

/// Delivers every record of the database. Fails when page 0 does not describe a hash table this
/// reader knows.
pub(crate) fn read(bytes: &[u8], out: &mut Collector) -> Result<(), Error> {
    let file = File::open(bytes)?;
    let mut walk = Walk {
        seen: PageSet::new(file.pages),
        chain_reads: (file.pages as usize).saturating_mul(MAX_CHAIN_READS),
        value: Vec::new(),
        file,
    };
    if !walk.buckets(out) {
        walk.strays(out);
    }
    Ok(())
}

/// Page 0, understood.
struct File<'a> {
    bytes: &'a [u8],
    order: Endian,
    page_size: usize,
    /// Number of whole pages in the file.
    pages: u32,
    last_bucket: u32,
}

/// One page with its header decoded.
struct Page<'a> {
    number: u32,
    bytes: &'a [u8],
    kind: u8,
    next: u32,
    items: usize,
    /// On an overflow page, how many bytes of it are used.
    used: usize,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let Some(meta) = bytes.get(..META_BYTES) else {
            return Err(Error::Truncated {
                what: "BerkeleyDB page 0",
                needed: META_BYTES,
                available: bytes.len(),
            });
        };
        let bad = |why| Error::page(0, why);
        let order = match Endian::Little.u32(meta, MAGIC_AT) {
            Some(HASH_MAGIC | BTREE_MAGIC) => Endian::Little,
            _ => Endian::Big,
        };
        let number = |at| order.u32(meta, at).unwrap_or_default();
        if number(MAGIC_AT) != HASH_MAGIC {
            return Err(Error::Unsupported(
                "a BerkeleyDB file that is no hash table",
            ));
        }
        if !(8..=10).contains(&number(16)) {
            return Err(Error::Unsupported("this version of BerkeleyDB hash tables"));
        }
        if meta[24] != 0 {
            return Err(Error::Unsupported("an encrypted BerkeleyDB file"));
        }
        if meta[26] & 1 != 0 {
            return Err(Error::Unsupported("a BerkeleyDB file with checksums"));
        }
        let page_size = number(20) as usize;
        if !(512..=65536).contains(&page_size) || !page_size.is_power_of_two() {
            return Err(bad("a page size that is no power of two from 512 to 65536"));
        }
        let pages = u32::try_from(bytes.len() / page_size)
            .map_err(|_| bad("more pages than page numbers"))?;
        Ok(Self {
            bytes,
            order,
            page_size,
            pages,
            last_bucket: number(72),
        })
    }

    /// The page a bucket starts at. Buckets are added in powers of two, and each generation lies
    /// together somewhere in the file; page 0 says where.
    fn bucket_page(&self, bucket: u32) -> u32 {
        let generation = (u32::BITS - bucket.leading_zeros()) as usize;
        let base = self
            .order
            .u32(self.bytes, 96 + 4 * generation)
            .unwrap_or_default();
        base.wrapping_add(bucket)
    }

    fn page(&self, number: u32) -> Result<Page<'a>, Error> {
        let bad = |why| Err(Error::page(number, why));
        let bytes = (number as usize)
            .checked_mul(self.page_size)
            .and_then(|at| slice(self.bytes, at, self.page_size));
        let Some(bytes) = bytes else {
            return bad("beyond the end of the file");
        };
        let long = |at| self.order.u32(bytes, at).unwrap_or_default();
        let short = |at| usize::from(self.order.u16(bytes, at).unwrap_or_default());
        if number == 0 || long(8) != number {
            return bad("the page says it is another one");
        }
        Ok(Page {
            number,
            bytes,
            kind: bytes[25],
            next: long(16),
            items: short(20),
            used: short(22),
        })
    }
}

/// The walk through all hash pages.
struct Walk<'a> {
    file: File<'a>,
    /// Hash pages that were read.
    seen: PageSet,
    /// How many overflow pages may still be read.
    chain_reads: usize,
    /// The value last put together from overflow pages, kept for its memory.
    value: Vec<u8>,
}

impl Walk<'_> {
    /// Reads the pages of all buckets. False if some of them could not be reached.
    fn buckets(&mut self, out: &mut Collector) -> bool {
        let mut intact = true;
        for bucket in 0..=self.file.last_bucket {
            if bucket >= self.file.pages {
                out.problem(None, Error::page(0, "more buckets than pages"));
                return false;
            }
            if let Err(error) = self.bucket(self.file.bucket_page(bucket), out) {
                out.problem(None, error);
                intact = false;
            }
        }
        intact
    }

    /// Reads the pages of one bucket.
    fn bucket(&mut self, first: u32, out: &mut Collector) -> Result<(), Error> {
        let mut number = first;
        loop {
            let page = self.file.page(number)?;
            if !is_hash_page(&page) {
                return Err(Error::page(number, "no hash page but part of a bucket"));
            }
            if !self.seen.insert(number) {
                return Err(Error::page(number, "part of two buckets or a loop"));
            }
            self.items(&page, out);
            number = page.next;
            if number == 0 {
                return Ok(());
            }
        }
    }

    /// Reads the hash pages no bucket led to, for when the way to them is damaged.
    fn strays(&mut self, out: &mut Collector) {
        for number in 1..self.file.pages {
            match self.file.page(number) {
                Ok(page) if is_hash_page(&page) && self.seen.insert(number) => {
                    self.items(&page, out);
                }
                _ => {}
            }
        }
    }

    /// Reads the records of one page. Items fill a page from its end, so each ends where the one
    /// before it starts.
    fn items(&mut self, page: &Page<'_>, out: &mut Collector) {
        let lowest = PAGE_HEADER + 2 * page.items;
        let mut end = page.bytes.len();
        let mut item = |number: usize| {
            let start = usize::from(self.file.order.u16(page.bytes, PAGE_HEADER + 2 * number)?);
            let bytes = page.bytes.get(start..end).filter(|item| !item.is_empty())?;
            end = start;
            (start >= lowest).then_some(bytes)
        };
        let mut records = Vec::new();
        for number in (0..page.items).step_by(2) {
            let (Some(key), Some(value)) = (item(number), item(number + 1)) else {
                let why = "items outside the page or on top of each other";
                out.problem(None, Error::page(page.number, why));
                break;
            };
            records.push((key, value));
        }
        for (key, value) in records {
            self.record(page.number, key, value, out);
        }
    }

    fn record(&mut self, page: u32, key: &[u8], value: &[u8], out: &mut Collector) {
        let bad = |why| Error::page(page, why);
        let key = match (key[0], key.len()) {
            (kind::INLINE_ITEM, 5) => self.file.order.u32(key, 1).unwrap_or_default(),
            _ => return out.problem(None, bad("a key that is no record number")),
        };
        // Record 0 holds the next free number.
        if key == 0 {
            return;
        }
        let record = Some(i64::from(key));
        match value[0] {
            kind::INLINE_ITEM => out.header(i64::from(key), &value[1..]),
            kind::OVERFLOW_ITEM => {
                let (Some(first), Some(length)) =
                    (self.file.order.u32(value, 4), self.file.order.u32(value, 8))
                else {
                    return out.problem(record, bad("an overflow item cut short"));
                };
                match self.overflow(first, length as usize) {
                    Ok(()) => out.header(i64::from(key), &self.value),
                    Err(error) => out.problem(record, error),
                }
            }
            _ => out.problem(record, bad("a value that is no record")),
        }
    }

    /// Puts a long value together in `self.value`. All pages of its chain but the last are full,
    /// which bounds the number of steps by the length.
    fn overflow(&mut self, first: u32, length: usize) -> Result<(), Error> {
        if length > MAX_HEADER_BYTES {
            return Err(Error::long_header());
        }
        if length > self.file.bytes.len() {
            return Err(Error::page(first, "a value longer than the file"));
        }
        self.value.clear();
        let mut number = first;
        while self.value.len() < length {
            let bad = |why| Err(Error::page(number, why));
            let Some(left) = self.chain_reads.checked_sub(1) else {
                return bad("overflow chains run into each other too often");
            };
            self.chain_reads = left;
            let page = self.file.page(number)?;
            if page.kind != kind::OVERFLOW_PAGE {
                return bad("no overflow page but part of a value");
            }
            let missing = length - self.value.len();
            if page.used != missing.min(self.file.page_size - PAGE_HEADER) {
                return bad("an overflow page with more or less bytes than its value needs");
            }
            self.value
                .extend_from_slice(&page.bytes[PAGE_HEADER..PAGE_HEADER + page.used]);
            number = page.next;
        }
        Ok(())
    }
}

fn is_hash_page(page: &Page<'_>) -> bool {
    matches!(page.kind, kind::HASH_PAGE | kind::UNSORTED_HASH_PAGE)
}
