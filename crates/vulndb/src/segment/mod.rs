//! Segments: the records of one source in one immutable file.
//!
//! # Layout
//!
//! All numbers are little-endian. `varint` is LEB128 (seven bits per byte, least significant
//! first, the top bit set on all but the last byte). `zigzag` is a varint of a signed number, 0,
//! -1, 1, -2 … as 0, 1, 2, 3 …. `text` is a varint length and so many bytes of UTF-8. `list of X`
//! is a varint count and so many X. `string` is a varint: where in the strings section a text is.
//!
//! The file is a [`format::Header`] followed by the sections, without gaps, in this order:
//!
//! | section | content |
//! | --- | --- |
//! | namespaces | list of text, ascending |
//! | strings | texts that records share, one after the other |
//! | shapes | what statements say apart from advisory and package, see below, each after a varint of its length |
//! | records | one record per advisory, in the order in which they were added, see below |
//! | keys | one u32 per key: where its posting list is. A *key* is a namespace, a kind and a package; keys are numbered by their first appearance |
//! | postings | one posting list per key, by ascending key, see below |
//! | package index | an fst map from key to the position of its posting list. The key is u16 **big-endian** number of the namespace, u8 kind, the bytes of the package name |
//! | ids | one list per id: varint count, then that many varint differences of ascending advisory positions, the first from 0 |
//! | id index | an fst map from id or alias, in ASCII lower case, to the position of its list in ids |
//! | text table | per block of texts: u64 end of the block in the section texts, u32 size when inflated |
//! | texts | blocks, each a zstd frame. Inflated it holds text records: description (text) and links (list of text) |
//!
//! A **shape** is a u8 of flags (1 severity, 2 normalised severity, 4 note, 8 module); u8 scheme;
//! u8 fix state; of those that the flags name, in this order: u8 normalised severity, string
//! severity, string note, string module; list of string arches; list of ranges, each a u8 of
//! flags (1 introduced, 2 fixed, 4 last affected) and a string for each flag set.
//!
//! An **advisory** is a u8 of flags (1 issued, 2 modified, 4 texts); text id; u8 normalised
//! severity; string severity; of those that the flags name, in this order: issued and modified,
//! each zigzag seconds since 1970 and zigzag nanoseconds; aliases (list of text); CVSS vectors
//! and CWE ids (lists of string); if flagged, varint block and varint position in the inflated
//! block of its text record; and its statements: a list of zigzag key number and zigzag shape
//! position, each the difference to that of the statement before, the first from 0.
//!
//! A **posting list** is varint namespace number, u8 kind (0 binary, 1 source), string package,
//! varint count, and so many pairs: varint advisory position, difference to the one before (they
//! ascend; the first from 0), and zigzag shape position, difference to the one before.
//!
//! # Enrichments
//!
//! A segment of enrichments has the same sections, of which those from namespaces to package
//! index hold nothing, but for records. An **enrichment** is a varint block and
//! a varint position in the inflated block, where its value is, a text with JSON; and its tags, a
//! list of text. The id index leads from tags to enrichments as it does from ids to advisories. Blocks
//! are smaller: values are looked up by the thousand, each in another one.
//!
//! # Trust
//!
//! Opening a segment checks the header (its own checksum), that the file is exactly as long as
//! the header says, and the section of namespaces. It does not read the rest, which would make
//! opening as slow as the disk. Every record is decoded with checked bounds, so that damage makes
//! an error and nothing else. The one reader that cannot take damaged bytes is the `fst` crate,
//! which panics on some: the checksum of an index is therefore verified before its first use, once
//! for each open segment, at some gigabytes per second.
//!
//! A checksum helps against accidents, not against a file that someone made up. Files from
//! elsewhere come in by [`import`](crate::import) only, which verifies every checksum, decodes
//! every record, and builds the sections from keys to id index anew from the others: they are
//! functions of them, and must be the same byte for byte. So no index that this program would not
//! have written is ever read.
//!
//! # Identity
//!
//! The header holds a checksum of every section; the checksum of the header is thus one of the
//! whole content, and names the file. The same advisories in the same order make the same file.

mod advisory;
mod assembly;
mod check;
mod code;
mod enrichment;
mod format;
mod index;
mod interner;
mod reader;
mod shape;
mod text;
mod writer;

pub(crate) use advisory::Head;
pub use assembly::NewSegment;
pub(crate) use code::Damaged;
pub(crate) use enrichment::EnrichmentRecord;
pub use enrichment::EnrichmentWriter;
pub(crate) use format::SegmentHash;
pub(crate) use reader::{PostingList, Segment, Statement, StatementList};
pub use shape::{Arches, Ranges};
pub use text::AdvisoryText;
pub(crate) use text::{Inflater, decode_value};
pub use writer::SegmentWriter;
