//! Read-only SQLite: opens a database file with its write-ahead log and walks the rows of a table.
//! There is no SQL; columns come in the order of the table's declaration. The layout is that of
//! <https://www.sqlite.org/fileformat2.html>.
//!
//! `pager` finds pages, `wal` those the write-ahead log replaces, `btree` walks a table, `record`
//! takes rows apart.

mod btree;
mod pager;
mod record;
mod wal;

pub use btree::Rows;
pub use record::{Row, Value};

use crate::error::Error;
use pager::Pager;

/// First bytes of every SQLite database.
pub const MAGIC: [u8; 16] = *b"SQLite format 3\0";

/// Page of the schema table, which lists all the others.
const SCHEMA_ROOT: u32 = 1;

/// An SQLite database, borrowing the bytes of its files.
#[derive(Debug)]
pub struct Database<'a> {
    pager: Pager<'a>,
}

/// A table of a database.
#[derive(Debug)]
pub struct Table<'d, 'a> {
    database: &'d Database<'a>,
    root: u32,
    sql: String,
}

impl<'a> Database<'a> {
    /// Reads the header of the database, and which pages of the write-ahead log (the file with
    /// `-wal` added to its name) are committed and replace pages of it.
    ///
    /// Fails when the header is not one of an SQLite 3 database. A log that is damaged or belongs
    /// to another database is left out, as SQLite does; see [`Self::ignored_wal`].
    pub fn open(bytes: &'a [u8], wal: Option<&'a [u8]>) -> Result<Self, Error> {
        Ok(Self {
            pager: Pager::open(bytes, wal)?,
        })
    }

    /// Why the write-ahead log was left out as a whole, if it was.
    pub fn ignored_wal(&self) -> Option<Error> {
        self.pager.ignored_wal().map(Error::Wal)
    }

    /// Finds a table by its name, in which case does not matter as in SQL.
    pub fn table(&self, name: &str) -> Result<Table<'_, 'a>, Error> {
        let mut damage = None;
        for row in Rows::new(&self.pager, SCHEMA_ROOT) {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    damage.get_or_insert(error);
                    continue;
                }
            };
            // type, name, tbl_name, rootpage, sql
            let (Value::Text(kind), Value::Text(found), Value::Integer(root)) =
                (row.value(0), row.value(1), row.value(3))
            else {
                continue;
            };
            if kind != "table" || !found.eq_ignore_ascii_case(name) {
                continue;
            }
            let root =
                u32::try_from(root).map_err(|_| Error::page(SCHEMA_ROOT, "a table at no page"))?;
            let sql = row.value(4).as_str().unwrap_or_default().to_owned();
            return Ok(Table {
                database: self,
                root,
                sql,
            });
        }
        Err(damage.unwrap_or_else(|| Error::NoTable(name.to_owned())))
    }
}

impl<'a> Table<'_, 'a> {
    /// The statement that declares the table, as its author wrote it.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The rows in the order of their row ids. A damaged page or row yields an error and the walk
    /// goes on behind it.
    pub fn rows(&self) -> Rows<'_, 'a> {
        Rows::new(&self.database.pager, self.root)
    }
}
