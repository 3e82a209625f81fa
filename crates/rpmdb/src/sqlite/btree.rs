//! Tables: a B-tree of pages whose leaves hold the rows, and chains of overflow pages for rows
//! that do not fit.

use std::borrow::Cow;

use super::pager::{HEADER_BYTES, Pager};
use super::record::{Row, varint};
use crate::bytes::{Endian, PageSet, slice};
use crate::error::Error;
use crate::limits::{MAX_CHAIN_READS, MAX_HEADER_BYTES};

const INTERIOR_TABLE: u8 = 0x05;
const LEAF_TABLE: u8 = 0x0d;
const INTERIOR_HEADER: usize = 12;
const LEAF_HEADER: usize = 8;

/// Longest payload of a row, in bytes: the largest header with some room for other columns.
const MAX_PAYLOAD: usize = MAX_HEADER_BYTES + (1 << 20);

/// Iterator over the rows of a table in the order of their row ids.
#[derive(Debug)]
pub struct Rows<'p, 'a> {
    pager: &'p Pager<'a>,
    /// Pages still to be read, the next one last.
    pages: Vec<u32>,
    /// Pages that were put on the stack as children, so that a loop in the tree ends.
    seen: PageSet,
    leaf: Option<Leaf<'a>>,
    /// How many overflow pages may still be read.
    chain_reads: usize,
}

/// The leaf page that is being read.
#[derive(Debug)]
struct Leaf<'a> {
    number: u32,
    page: &'a [u8],
    /// Offset of the array of cell offsets.
    cells_at: usize,
    next: usize,
    count: usize,
    /// Bytes of the page that no cell was found in so far; cells that share bytes exhaust them.
    room: usize,
}

/// An error, and the row it concerns where that is known.
pub(crate) type RowError = (Option<i64>, Error);

impl<'p, 'a> Rows<'p, 'a> {
    pub(super) fn new(pager: &'p Pager<'a>, root: u32) -> Self {
        Self {
            pager,
            pages: vec![root],
            seen: PageSet::new(pager.last_page()),
            leaf: None,
            chain_reads: (pager.last_page() as usize).saturating_mul(MAX_CHAIN_READS),
        }
    }

    /// The next row, or what keeps it from being read.
    pub(crate) fn next_row(&mut self) -> Option<Result<Row<'a>, RowError>> {
        loop {
            if let Some(leaf) = &mut self.leaf {
                if leaf.next < leaf.count {
                    let cell = leaf.cell();
                    return Some(cell.and_then(|cell| self.row(&cell)));
                }
                self.leaf = None;
            }
            let number = self.pages.pop()?;
            if let Err(error) = self.descend(number) {
                return Some(Err((None, error)));
            }
        }
    }

    /// Opens a page: a leaf to read its rows, another one to put its children on the stack.
    fn descend(&mut self, number: u32) -> Result<(), Error> {
        let bad = |why| Error::page(number, why);
        let page = self.pager.page(number)?;
        let start = if number == 1 { HEADER_BYTES } else { 0 };
        let count = usize::from(Endian::Big.u16(page, start + 3).unwrap_or_default());
        match page[start] {
            LEAF_TABLE => {
                let (cells_at, room) = (start + LEAF_HEADER, page.len());
                if cells_at + 2 * count > room {
                    return Err(bad("more rows than the page has room for"));
                }
                self.leaf = Some(Leaf {
                    number,
                    page,
                    cells_at,
                    next: 0,
                    count,
                    room,
                });
                Ok(())
            }
            INTERIOR_TABLE => {
                let cells_at = start + INTERIOR_HEADER;
                // The rightmost child is in the header, the others are in cells.
                let offsets = (0..count)
                    .map(|cell| Endian::Big.u16(page, cells_at + 2 * cell).map(usize::from))
                    .chain([Some(start + 8)]);
                // Collected before any is followed: all of a page or, of a damaged one, nothing.
                let children: Option<Vec<u32>> =
                    offsets.map(|at| Endian::Big.u32(page, at?)).collect();
                let children = children.ok_or(bad("a child outside the page"))?;
                let mut repeated = false;
                for child in children.into_iter().rev() {
                    if self.seen.insert(child) {
                        self.pages.push(child);
                    } else {
                        repeated = true;
                    }
                }
                if repeated {
                    return Err(bad("a child that is elsewhere in the tree or nowhere"));
                }
                Ok(())
            }
            0x02 | 0x0a => Err(Error::Unsupported("an SQLite table without row ids")),
            _ => Err(bad("no page of a table")),
        }
    }

    fn row(&mut self, cell: &Cell<'a>) -> Result<Row<'a>, RowError> {
        let payload = match cell.overflow {
            None => Ok(Cow::Borrowed(cell.local)),
            Some(first) => self.overflow(cell, first).map(Cow::Owned),
        };
        payload
            .and_then(|payload| Row::parse(cell.rowid, payload, self.pager.encoding(), cell.page))
            .map_err(|error| (Some(cell.rowid), error))
    }

    /// Puts a payload together from what is in the leaf and a chain of overflow pages.
    fn overflow(&mut self, cell: &Cell<'a>, first: u32) -> Result<Vec<u8>, Error> {
        if cell.length > MAX_PAYLOAD {
            return Err(Error::Limit {
                what: "bytes in a row",
                limit: MAX_PAYLOAD,
            });
        }
        let stored = (self.pager.last_page() as usize).saturating_mul(self.pager.usable());
        if cell.length > stored {
            return Err(Error::page(cell.page, "a row longer than the file"));
        }
        let mut payload = Vec::with_capacity(cell.length);
        payload.extend_from_slice(cell.local);
        let mut number = first;
        while payload.len() < cell.length {
            let why = "overflow chains run into each other too often";
            self.chain_reads = self
                .chain_reads
                .checked_sub(1)
                .ok_or(Error::page(number, why))?;
            let page = self.pager.page(number)?;
            let (next, content) = page.split_at(4);
            let missing = cell.length - payload.len();
            payload.extend_from_slice(&content[..missing.min(content.len())]);
            number = Endian::Big.u32(next, 0).unwrap_or_default();
        }
        Ok(payload)
    }
}

impl<'a> Iterator for Rows<'_, 'a> {
    type Item = Result<Row<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_row()?.map_err(|(_, error)| error))
    }
}

/// A row as it is in its leaf.
struct Cell<'a> {
    page: u32,
    rowid: i64,
    /// Length of the whole payload.
    length: usize,
    /// The part of the payload in the leaf.
    local: &'a [u8],
    /// The page where the rest starts.
    overflow: Option<u32>,
}

impl<'a> Leaf<'a> {
    /// Reads the next cell.
    fn cell(&mut self) -> Result<Cell<'a>, RowError> {
        let offset = Endian::Big.u16(self.page, self.cells_at + 2 * self.next);
        self.next += 1;
        let bad = |why| (None, Error::page(self.number, why));
        let short = "a row outside the page";
        let at = usize::from(offset.ok_or(bad(short))?);
        let (length, rowid_at) = varint(self.page, at).ok_or(bad(short))?;
        let (rowid, local_at) = varint(self.page, rowid_at).ok_or(bad(short))?;
        let length = usize::try_from(length).map_err(|_| bad("a row of impossible length"))?;
        let local = local_length(length, self.page.len());
        let content = slice(self.page, local_at, local).ok_or(bad(short))?;
        let overflow = if local == length {
            None
        } else {
            Some(
                Endian::Big
                    .u32(self.page, local_at + local)
                    .ok_or(bad(short))?,
            )
        };
        let Some(room) = self.room.checked_sub(local_at - at + local) else {
            self.next = self.count;
            return Err((None, Error::page(self.number, "rows that overlap")));
        };
        self.room = room;
        Ok(Cell {
            page: self.number,
            rowid: rowid.cast_signed(),
            length,
            local: content,
            overflow,
        })
    }
}

/// How much of a payload is in its leaf, by the rule of the file format ("Cell payload overflow
/// pages"): all if it fits, else what leaves the last overflow page full, within bounds.
fn local_length(length: usize, usable: usize) -> usize {
    let most = usable - 35;
    if length <= most {
        return length;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let even = least + (length - least) % (usable - 4);
    if even <= most { even } else { least }
}
