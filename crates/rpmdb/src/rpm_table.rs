//! rpm's SQLite databases: the table `Packages` with the columns `hnum`, the record number, and
//! `blob`, the header.

use crate::collect::Collector;
use crate::error::Error;
use crate::sqlite::Database;

const TABLE: &str = "Packages";
const BLOB_COLUMN: usize = 1;

/// Delivers every record of the database. Fails when it is no database or lacks the table.
pub(crate) fn read(bytes: &[u8], wal: Option<&[u8]>, out: &mut Collector) -> Result<(), Error> {
    let database = Database::open(bytes, wal)?;
    if let Some(error) = database.ignored_wal() {
        out.problem(None, error);
    }
    let table = database.table(TABLE)?;
    let mut rows = table.rows();
    while let Some(row) = rows.next_row() {
        match row {
            Ok(row) => match row.value(BLOB_COLUMN).as_blob() {
                Some(blob) => out.header(row.rowid(), blob),
                None => out.problem(Some(row.rowid()), Error::MissingTag("blob")),
            },
            Err((record, error)) => out.problem(record, error),
        }
    }
    Ok(())
}
