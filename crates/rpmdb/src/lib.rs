//! Reader of rpm databases from their bytes, in the three formats there are: BerkeleyDB hash
//! (`Packages`), ndb (`Packages.db`) and SQLite (`rpmdb.sqlite`). No rpm program and no database
//! library takes part.
//!
//! All bytes count as hostile: whatever they are, reading ends, stays within [`limits`], and gives
//! what could be read together with [`Problem`]s for what could not.
//!
//! [`header`] reads the header blobs all formats hold, [`sqlite`] reads any SQLite table.

mod bdb;
mod bytes;
mod collect;
mod decode;
mod error;
pub mod header;
pub mod limits;
mod ndb;
mod package;
mod rpm_table;
mod signature;
pub mod sqlite;

use std::fmt;

use collect::Collector;
pub use error::{Error, Problem};
pub use package::{Package, SourceRpm};

/// How a database is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// BerkeleyDB, the file `Packages`: rpm up to 4.15 and the distributions of that time.
    BerkeleyDb,
    /// rpm's own "new database", the file `Packages.db`: SUSE.
    Ndb,
    /// SQLite, the file `rpmdb.sqlite`: rpm from 4.16 on.
    Sqlite,
}

impl Format {
    /// Tells the format by the magic bytes at the start. `None` for anything else.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&sqlite::MAGIC) {
            Some(Self::Sqlite)
        } else if bytes.starts_with(&ndb::MAGIC) {
            Some(Self::Ndb)
        } else if bdb::is_berkeley_db(bytes) {
            Some(Self::BerkeleyDb)
        } else {
            None
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BerkeleyDb => "bdb",
            Self::Ndb => "ndb",
            Self::Sqlite => "sqlite",
        })
    }
}

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// How it is stored.
    pub format: Format,
    /// The packages `rpm -qa` would list, in the order of the file. Public keys are among them,
    /// see [`Package::is_public_key`].
    pub packages: Vec<Package>,
    /// Records that could not be read, or only in part, and damage found on the way to them.
    /// At most [`limits::MAX_PROBLEMS`] and one that says there are more.
    pub problems: Vec<Problem>,
}

/// Reads every package of a database. `wal` is the file beside an SQLite database with `-wal`
/// added to its name, which holds the latest changes; the other formats ignore it.
///
/// A record that cannot be read is a problem in the result and does not lose the others. An error
/// means there is nothing to read records from: an unknown format, a damaged first page, no table
/// of packages.
pub fn read(database: &[u8], wal: Option<&[u8]>) -> Result<Contents, Error> {
    let format = Format::detect(database).ok_or(Error::UnknownFormat)?;
    let mut collector = Collector::new();
    match format {
        Format::BerkeleyDb => bdb::read(database, &mut collector)?,
        Format::Ndb => ndb::read(database, &mut collector)?,
        Format::Sqlite => rpm_table::read(database, wal, &mut collector)?,
    }
    Ok(collector.into_contents(format))
}
