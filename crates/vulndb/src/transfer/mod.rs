//! Carries a database to another machine, as one stream.
//!
//! # Format
//!
//! One zstd frame, with zstd's own checksum. Inflated it is the magic, a u32 format, and *parts*:
//! u8 kind, u64 length, content, and the u128 XXH3 checksum of these three. All numbers are
//! little-endian. The first part is the manifest (kind 1), then comes each segment that it names
//! once (kind 2), in the order in which it names them, then an empty part (kind 3) as the end.

mod reader;
mod writer;

pub use reader::{ImportSummary, import};
pub use writer::{ExportSummary, export};

/// What the inflated stream begins with.
const MAGIC: [u8; 16] = *b"clair-vulndb\nxp\n";

/// The format that is written, and the newest that is read.
const FORMAT: u32 = 1;

const MANIFEST: u8 = 1;
const SEGMENT: u8 = 2;
const END: u8 = 3;
