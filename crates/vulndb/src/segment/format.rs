//! The header of a segment: which sections follow, how long they are, and their checksums.

use std::fmt;
use std::str::FromStr;

use clair_model::SourceKind;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::code::{Cursor, Damaged};
use crate::source::Contents;

/// What a segment begins with, by what its records are.
const fn magic(kind: SourceKind) -> [u8; 8] {
    match kind {
        SourceKind::Vulnerability => *b"CLAIRSEG",
        SourceKind::Enrichment => *b"CLAIRENR",
    }
}

/// The format that is written, and the newest that is read.
pub(super) const FORMAT: u32 = 1;

/// How many sections there are.
const SECTIONS: u32 = 11;

/// The sections, in their order in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Namespaces,
    Strings,
    Shapes,
    Records,
    Keys,
    Postings,
    PackageIndex,
    Ids,
    IdIndex,
    TextTable,
    Texts,
}

impl Section {
    pub(super) const ALL: [Self; SECTIONS as usize] = [
        Self::Namespaces,
        Self::Strings,
        Self::Shapes,
        Self::Records,
        Self::Keys,
        Self::Postings,
        Self::PackageIndex,
        Self::Ids,
        Self::IdIndex,
        Self::TextTable,
        Self::Texts,
    ];

    /// What to say when the content does not match the checksum.
    pub(super) const fn wrong_checksum(self) -> &'static str {
        match self {
            Self::Namespaces => "the checksum of the namespaces is wrong",
            Self::Strings => "the checksum of the strings is wrong",
            Self::Shapes => "the checksum of the shapes is wrong",
            Self::Records => "the checksum of the records is wrong",
            Self::Keys => "the checksum of the keys is wrong",
            Self::Postings => "the checksum of the postings is wrong",
            Self::PackageIndex => "the checksum of the package index is wrong",
            Self::Ids => "the checksum of the ids is wrong",
            Self::IdIndex => "the checksum of the id index is wrong",
            Self::TextTable => "the checksum of the text table is wrong",
            Self::Texts => "the checksum of the texts is wrong",
        }
    }
}

/// Length and checksum of a section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) length: u64,
    /// XXH3, 128 bits.
    pub(super) checksum: u128,
}

/// What stands before the sections: magic `CLAIRSEG` or, for enrichments, `CLAIRENR`, u32 format, u32
/// number of sections, u64 records, u64 statements; per section u64 length and u128 XXH3 checksum;
/// u64 XXH3 checksum of all that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: SourceKind,
    pub(super) records: u64,
    pub(super) statements: u64,
    pub(super) sections: [Extent; Section::ALL.len()],
}

/// Why a header cannot be read.
#[derive(Debug)]
pub(super) enum HeaderError {
    Damaged(Damaged),
    Newer(u32),
}

impl From<Damaged> for HeaderError {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

impl Header {
    /// How many bytes it takes.
    pub(super) const SIZE: usize = 8 + 4 + 4 + 8 + 8 + Section::ALL.len() * (8 + 16) + 8;

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::SIZE);
        out.extend(magic(self.kind));
        out.extend(FORMAT.to_le_bytes());
        out.extend(SECTIONS.to_le_bytes());
        out.extend(self.records.to_le_bytes());
        out.extend(self.statements.to_le_bytes());
        for extent in self.sections {
            out.extend(extent.length.to_le_bytes());
            out.extend(extent.checksum.to_le_bytes());
        }
        out.extend(xxh3_64(&out).to_le_bytes());
        out
    }

    /// Reads the header at the beginning of a file.
    pub(super) fn decode(file: &[u8]) -> Result<Self, HeaderError> {
        let mut cursor = Cursor::new(file);
        let found = cursor.array()?;
        let kind = [SourceKind::Vulnerability, SourceKind::Enrichment]
            .into_iter()
            .find(|kind| magic(*kind) == found)
            .ok_or(Damaged("it does not begin like a segment"))?;
        let format = u32::from_le_bytes(cursor.array()?);
        if format > FORMAT {
            return Err(HeaderError::Newer(format));
        }
        let head = file
            .get(..Self::SIZE)
            .ok_or(Damaged("it is shorter than its header"))?;
        let (head, sum) = head.split_at(Self::SIZE - 8);
        if sum != xxh3_64(head).to_le_bytes() {
            return Err(Damaged("the checksum of the header is wrong").into());
        }
        if format != FORMAT || u32::from_le_bytes(cursor.array()?) != SECTIONS {
            return Err(Damaged("its format is unknown").into());
        }
        let mut header = Self {
            kind,
            records: u64::from_le_bytes(cursor.array()?),
            statements: u64::from_le_bytes(cursor.array()?),
            ..Self::default()
        };
        for extent in &mut header.sections {
            extent.length = u64::from_le_bytes(cursor.array()?);
            extent.checksum = u128::from_le_bytes(cursor.array()?);
        }
        Ok(header)
    }

    /// How long the whole file is; none where the lengths are absurd.
    pub(super) fn file_length(&self) -> Option<u64> {
        self.sections
            .iter()
            .try_fold(Self::SIZE as u64, |sum, extent| {
                sum.checked_add(extent.length)
            })
    }

    /// What the file holds.
    pub(super) fn contents(&self) -> Contents {
        match self.kind {
            SourceKind::Vulnerability => Contents::Advisories {
                advisories: self.records,
                statements: self.statements,
            },
            SourceKind::Enrichment => Contents::Enrichments(self.records),
        }
    }

    /// The identity of the content.
    pub(super) fn hash(&self) -> SegmentHash {
        SegmentHash(xxh3_128(&self.encode()))
    }
}

/// The identity of a segment's content, and the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct SegmentHash(u128);

impl SegmentHash {
    /// The last part of the names of segment files.
    const SUFFIX: &str = ".segment";

    pub(crate) fn file_name(self) -> String {
        format!("{self}{}", Self::SUFFIX)
    }

    /// The segment that a file of this name holds, if it is one.
    pub(crate) fn of_file_name(name: &str) -> Option<Self> {
        name.strip_suffix(Self::SUFFIX)?.parse().ok()
    }

    pub(crate) fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for SegmentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<SegmentHash> for String {
    fn from(hash: SegmentHash) -> Self {
        hash.to_string()
    }
}

impl FromStr for SegmentHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One spelling only: the text becomes a file name.
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 32 && text.bytes().all(is_digit) {
            u128::from_str_radix(text, 16)
                .map(Self)
                .map_err(|_| "not the hash of a segment")
        } else {
            Err("not the hash of a segment")
        }
    }
}

impl TryFrom<String> for SegmentHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_no_bit_of_it_can_change() {
        let mut header = Header {
            records: 3,
            statements: 4,
            ..Header::default()
        };
        header.sections[2] = Extent {
            length: 17,
            checksum: u128::MAX,
        };
        let bytes = header.encode();
        assert_eq!(bytes.len(), Header::SIZE);
        assert_eq!(Header::decode(&bytes).unwrap(), header);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&changed).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(Header::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_later_format_is_said_to_be_one() {
        let mut bytes = Header::default().encode();
        bytes[8] = 7;
        assert!(matches!(Header::decode(&bytes), Err(HeaderError::Newer(7))));
    }

    #[test]
    fn hashes_have_one_spelling() {
        let hash = Header::default().hash();
        assert_eq!(SegmentHash::of_file_name(&hash.file_name()), Some(hash));
        for text in ["", "../x", &"A".repeat(32), &"0".repeat(31)] {
            assert!(text.parse::<SegmentHash>().is_err(), "{text:?}");
        }
    }
}
