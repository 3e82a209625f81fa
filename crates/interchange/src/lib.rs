//! Clair's own format for carrying security data over an air gap: what its `clairctl
//! export-updaters` writes is read here, and the other way round.
//!
//! A file is JSON, a line for each record, compressed or not:
//!
//! ```text
//! {"Updater":"debian/updater","Fingerprint":"…","Date":"…","Ref":"…","Vuln":{…},"Kind":"vulnerability"}
//! ```
//!
//! Lines with the same `Ref` follow each other and are one *update*: all that an updater knows. It
//! takes the place of what the same updater had before. Each updater of Clair has a source here,
//! the one of the feed that reads the same documents (`updater` has the table), so that what is
//! imported takes the place of what was fetched, and the other way round, and nothing is found
//! twice.
//!
//! A line says of one package of one distribution that it is vulnerable in all versions, or in
//! those before a fixed one. Our statements say more; what a line cannot say is counted, and stands
//! in it once more where only we look (`outward`).
//!
//! Nothing of a file is held in memory but a line, and the statements about one vulnerability.

mod enricher;
mod error;
mod import;
mod inward;
mod outward;
mod parts;
mod place;
mod reader;
mod sniff;
mod updater;
mod vulnerability;
mod writer;

pub use error::Error;
pub use import::{Imported, Outcome, import};
pub use outward::Loss;
pub use parts::{Taken, withdraw};
pub use reader::{Receiver, Update, read};
pub use sniff::compression_of;
pub use writer::{ExportSummary, Packing, SourceWriter, Written, write};
