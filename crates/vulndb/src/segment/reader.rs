//! A segment mapped into memory.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clair_model::{Namespace, PackageKind, SourceKind};
use memmap2::Mmap;
use xxhash_rust::xxh3::xxh3_128;

use super::advisory::{Head, StatementRefs, list};
use super::code::{Cursor, Damaged};
use super::enrichment::EnrichmentRecord;
use super::format::{FORMAT, Header, HeaderError, Section, SegmentHash};
use super::index::{index_key, kind_of};
use super::shape::Shape;
use super::text::{self, AdvisoryText};
use crate::{Error, SourceInfo};

/// An open segment. Bounds are checked wherever it is read.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    map: Arc<Mmap>,
    pub(super) header: Header,
    sections: [Range<usize>; Section::ALL.len()],
    namespaces: Vec<Namespace>,
    package_index: OnceLock<Result<Index, Damaged>>,
    id_index: OnceLock<Result<Index, Damaged>>,
}

type Index = fst::Map<MappedSection>;

/// A section that keeps its mapping alive.
#[derive(Debug)]
struct MappedSection {
    map: Arc<Mmap>,
    range: Range<usize>,
}

impl AsRef<[u8]> for MappedSection {
    fn as_ref(&self) -> &[u8] {
        self.map.get(self.range.clone()).unwrap_or_default()
    }
}

/// A package as a segment names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackageKey<'a> {
    /// The place of the namespace among those of the segment, in which it exists.
    pub(crate) namespace: u16,
    pub(crate) kind: PackageKind,
    pub(crate) package: &'a str,
}

/// One statement, and the position of the advisory that makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement<'a> {
    pub(crate) key: PackageKey<'a>,
    pub(crate) advisory: u32,
    pub(crate) shape: Shape<'a>,
}

impl Segment {
    /// Maps a file and checks its header, its length and its namespaces; see the module for what
    /// is left for later.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io(path, "cannot open the segment"))?;
        // SAFETY: a segment is written under a temporary name, renamed once it is complete, and
        // never written to again, only unlinked, which a mapping outlives. Who breaks that rule
        // with other programs can break the process, as with any mapped file.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) };
        let map = map.map_err(Error::io(path, "cannot map the segment"))?;
        Self::new(path, map).map_err(|error| match error {
            HeaderError::Damaged(damaged) => damage(path, damaged),
            HeaderError::Newer(found) => Error::Newer {
                what: path.display().to_string(),
                found,
                supported: FORMAT,
            },
        })
    }

    fn new(path: &Path, map: Mmap) -> Result<Self, HeaderError> {
        let header = Header::decode(&map)?;
        if header.file_length() != Some(map.len() as u64) {
            return Err(Damaged("it is not as long as its header says").into());
        }
        let mut end = Header::SIZE;
        let sections = header.sections.map(|extent| {
            let start = end;
            // Their sum is the length of the mapping.
            end += usize::try_from(extent.length).unwrap_or_default();
            start..end
        });
        let mut segment = Self {
            path: path.to_owned(),
            map: Arc::new(map),
            header,
            sections,
            namespaces: Vec::new(),
            package_index: OnceLock::new(),
            id_index: OnceLock::new(),
        };
        segment.namespaces = segment.read_namespaces()?;
        Ok(segment)
    }

    fn read_namespaces(&self) -> Result<Vec<Namespace>, Damaged> {
        self.check_section(Section::Namespaces)?;
        let mut cursor = Cursor::new(self.section(Section::Namespaces));
        let names = list(&mut cursor, Cursor::text)?;
        let namespaces: Vec<Namespace> =
            names.iter().filter_map(|name| name.parse().ok()).collect();
        let is_sorted = namespaces.is_sorted_by(|a, b| a < b);
        if is_sorted && namespaces.len() <= usize::from(u16::MAX) + 1 {
            Ok(namespaces)
        } else {
            Err(Damaged("its namespaces are out of order"))
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn hash(&self) -> SegmentHash {
        self.header.hash()
    }

    /// What its records are.
    pub(crate) fn kind(&self) -> SourceKind {
        self.header.kind
    }

    /// The namespaces that it speaks of, sorted.
    pub(crate) fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// Whether it holds what a manifest says of the source.
    pub(crate) fn check_source(&self, source: &SourceInfo) -> Result<(), Damaged> {
        let is_as_said =
            self.namespaces == source.namespaces && self.header.contents() == source.contents();
        if is_as_said {
            Ok(())
        } else {
            Err(Damaged("it is not what the manifest says of its source"))
        }
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Reads all of the file and compares it with the checksums.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        Section::ALL
            .into_iter()
            .try_for_each(|section| self.check_section(section))
            .map_err(|damaged| self.damaged(damaged))
    }

    /// Names the file that is damaged.
    pub(crate) fn damaged(&self, damaged: Damaged) -> Error {
        damage(&self.path, damaged)
    }

    /// The statements about a package.
    pub(crate) fn package(
        &self,
        namespace: u16,
        kind: PackageKind,
        package: &str,
    ) -> Result<Option<PostingList<'_>>, Damaged> {
        let mut key = Vec::with_capacity(64);
        index_key(&mut key, namespace, kind, package.as_bytes());
        self.index(&self.package_index, Section::PackageIndex)?
            .get(key)
            .map(|position| self.posting_list(position))
            .transpose()
    }

    /// The positions of the advisories with this id or alias, or of the enrichments with this tag,
    /// which is in lower case.
    pub(crate) fn id(&self, id: &str) -> Result<Vec<u32>, Damaged> {
        let index = self.index(&self.id_index, Section::IdIndex)?;
        let Some(position) = index.get(id) else {
            return Ok(Vec::new());
        };
        let mut cursor = Cursor::at(self.section(Section::Ids), position)?;
        let mut record = 0_u32;
        list(&mut cursor, |cursor| {
            record = after(record, cursor.varint32()?)?;
            Ok(record)
        })
    }

    /// The advisory record at a position.
    pub(crate) fn head(&self, position: u32) -> Result<Head<'_>, Damaged> {
        Head::decode(
            self.section(Section::Records),
            position,
            self.section(Section::Strings),
        )
    }

    /// The enrichment record at a position.
    pub(crate) fn enrichment(&self, position: u32) -> Result<EnrichmentRecord<'_>, Damaged> {
        let records = self.section(Section::Records);
        EnrichmentRecord::decode(Cursor::at(records, position.into())?)
    }

    /// The position of the first record; `None` where there is none.
    pub(crate) fn first(&self) -> Option<u32> {
        let is_empty = self.section(Section::Records).is_empty();
        (!is_empty).then_some(0)
    }

    /// The position of the advisory record that follows; `None` after the last.
    pub(crate) fn following(&self, head: &Head<'_>) -> Result<Option<u32>, Damaged> {
        let mut statements = head.statements()?;
        statements
            .by_ref()
            .try_for_each(|statement| statement.map(drop))?;
        self.position_of(&statements.cursor)
    }

    /// The position of the enrichment record that follows; `None` after the last.
    pub(crate) fn following_enrichment(
        &self,
        record: &EnrichmentRecord<'_>,
    ) -> Result<Option<u32>, Damaged> {
        self.position_of(&record.cursor)
    }

    /// Where in the records section something reads; `None` at its end.
    fn position_of(&self, cursor: &Cursor<'_>) -> Result<Option<u32>, Damaged> {
        let rest = cursor.rest().len();
        if rest == 0 {
            return Ok(None);
        }
        let position = self.section(Section::Records).len() - rest;
        let position = u32::try_from(position);
        position
            .map(Some)
            .map_err(|_| Damaged("a position is out of range"))
    }

    /// The texts of an advisory.
    pub(crate) fn text(&self, head: &Head<'_>) -> Result<AdvisoryText, Damaged> {
        match head.text {
            Some(at) => text::decode(&self.text_block(at.block)?, at.offset),
            None => Ok(AdvisoryText::default()),
        }
    }

    pub(crate) fn text_block(&self, block: u32) -> Result<Vec<u8>, Damaged> {
        let table = self.section(Section::TextTable);
        text::inflate(table, self.section(Section::Texts), block)
    }

    /// Inflates the block with the value of an enrichment into a buffer.
    pub(crate) fn value_block(
        &self,
        block: u32,
        inflater: &mut text::Inflater,
        out: &mut Vec<u8>,
    ) -> Result<(), Damaged> {
        let table = self.section(Section::TextTable);
        inflater.inflate(table, self.section(Section::Texts), block, out)
    }

    /// The statements that the advisory at `position` makes, in its order.
    pub(crate) fn statements_of(&self, position: u32) -> Result<StatementList<'_>, Damaged> {
        Ok(StatementList {
            segment: self,
            advisory: position,
            refs: self.head(position)?.statements()?,
        })
    }

    pub(super) fn section(&self, section: Section) -> &[u8] {
        let range = self.sections[section as usize].clone();
        self.map.get(range).unwrap_or_default()
    }

    /// The posting list of a key, by its number.
    pub(super) fn key(&self, number: u32) -> Result<PostingList<'_>, Damaged> {
        let mut cursor = Cursor::at(self.section(Section::Keys), u64::from(number) * 4)?;
        let position = u32::from_le_bytes(cursor.array()?);
        self.posting_list(position.into())
    }

    pub(super) fn shape(&self, position: u32) -> Result<Shape<'_>, Damaged> {
        let shapes = self.section(Section::Shapes);
        Shape::decode(shapes, position, self.section(Section::Strings))
    }

    fn posting_list(&self, position: u64) -> Result<PostingList<'_>, Damaged> {
        let mut cursor = Cursor::at(self.section(Section::Postings), position)?;
        let namespace = u16::try_from(cursor.varint()?)
            .ok()
            .filter(|&number| usize::from(number) < self.namespaces.len())
            .ok_or(Damaged("a namespace is unknown"))?;
        let kind = kind_of(cursor.byte()?)?;
        let package_position = cursor.varint32()?;
        let strings = self.section(Section::Strings);
        let package = Cursor::at(strings, package_position.into())?.text()?;
        Ok(PostingList {
            segment: self,
            key: PackageKey {
                namespace,
                kind,
                package,
            },
            package_position,
            left: cursor.count()?,
            cursor,
            advisory: 0,
            shape: 0,
        })
    }

    /// An index, whose checksum is verified the first time.
    fn index<'s>(
        &'s self,
        cell: &'s OnceLock<Result<Index, Damaged>>,
        section: Section,
    ) -> Result<&'s Index, Damaged> {
        let load = || {
            self.check_section(section)?;
            let mapped = MappedSection {
                map: Arc::clone(&self.map),
                range: self.sections[section as usize].clone(),
            };
            fst::Map::new(mapped).map_err(|_| Damaged("an index is none"))
        };
        cell.get_or_init(load).as_ref().map_err(|damaged| *damaged)
    }

    fn check_section(&self, section: Section) -> Result<(), Damaged> {
        let extent = self.header.sections[section as usize];
        if xxh3_128(self.section(section)) == extent.checksum {
            Ok(())
        } else {
            Err(Damaged(section.wrong_checksum()))
        }
    }
}

fn damage(path: &Path, damaged: Damaged) -> Error {
    Error::Segment {
        path: path.to_owned(),
        what: damaged.to_string(),
    }
}

fn after(position: u32, difference: u32) -> Result<u32, Damaged> {
    position
        .checked_add(difference)
        .ok_or(Damaged("a position is out of range"))
}

/// Decodes the statements about a package one by one, and ends after an error.
#[derive(Debug, Clone)]
pub(crate) struct PostingList<'a> {
    segment: &'a Segment,
    pub(super) key: PackageKey<'a>,
    /// Where the name of the package is in the strings section.
    pub(super) package_position: u32,
    left: usize,
    cursor: Cursor<'a>,
    advisory: u32,
    shape: u32,
}

impl<'a> PostingList<'a> {
    fn decode(&mut self) -> Result<Statement<'a>, Damaged> {
        self.advisory = after(self.advisory, self.cursor.varint32()?)?;
        self.shape = self.cursor.moved_from(self.shape)?;
        Ok(Statement {
            key: self.key,
            advisory: self.advisory,
            shape: self.segment.shape(self.shape)?,
        })
    }
}

impl<'a> Iterator for PostingList<'a> {
    type Item = Result<Statement<'a>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let decoded = self.decode();
        if decoded.is_err() {
            self.left = 0;
        }
        Some(decoded)
    }
}

/// Decodes the statements of an advisory one by one, and ends after an error.
#[derive(Debug, Clone)]
pub(crate) struct StatementList<'a> {
    segment: &'a Segment,
    advisory: u32,
    refs: StatementRefs<'a>,
}

impl<'a> Iterator for StatementList<'a> {
    type Item = Result<Statement<'a>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        let decoded = self.refs.next()?.and_then(|statement| {
            Ok(Statement {
                key: self.segment.key(statement.key)?.key,
                advisory: self.advisory,
                shape: self.segment.shape(statement.shape)?,
            })
        });
        if decoded.is_err() {
            self.refs.left = 0;
        }
        Some(decoded)
    }
}
