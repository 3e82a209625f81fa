//! Segments of enrichments.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clair_model::{Enrichment, SourceKind};
use tempfile::TempPath;

use super::advisory::list;
use super::assembly::{Assembly, NewSegment, Refusal, rewound};
use super::code::{Cursor, Damaged, put_count, put_text, put_varint};
use super::format::{Header, Section};
use super::index::IndexBuilder;
use super::text::{TextPosition, TextWriter, VALUES};
use super::writer::encode_namespaces;
use crate::{Error, Provenance, SourceInfo, files};

/// Takes the enrichments of one source and makes a segment of them.
///
/// Records and values go to unnamed temporary files as they come; the tags stay in memory.
///
/// A writer that is dropped leaves nothing behind.
pub struct EnrichmentWriter {
    name: String,
    dir: PathBuf,
    index: IndexBuilder,
    enrichments: u64,
    /// Where the next record goes.
    position: u64,
    records: BufWriter<File>,
    values: TextWriter<BufWriter<File>>,
    // Kept for its memory only.
    record: Vec<u8>,
}

impl fmt::Debug for EnrichmentWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrichmentWriter")
            .field("name", &self.name)
            .field("enrichments", &self.enrichments)
            .finish_non_exhaustive()
    }
}

impl EnrichmentWriter {
    /// Starts the segment of the source `name` of the database in `dir`.
    pub(crate) fn new(dir: &Path, name: &str) -> Result<Self, Error> {
        let spool = || tempfile::tempfile_in(dir).map(BufWriter::new);
        let start = || Ok((spool()?, TextWriter::new(spool()?, VALUES)?));
        let (records, values) = start().map_err(Error::io(dir, "cannot make a temporary file"))?;
        Ok(Self {
            name: name.to_owned(),
            dir: dir.to_owned(),
            index: IndexBuilder::default(),
            enrichments: 0,
            position: 0,
            records,
            values,
            record: Vec::new(),
        })
    }

    /// Adds an enrichment.
    ///
    /// After an error the segment is incomplete: drop the writer.
    pub fn add(&mut self, enrichment: &Enrichment) -> Result<(), Error> {
        self.try_add(enrichment)
            .map_err(|refusal| refusal.of(&self.name, &self.dir))
    }

    /// Completes the segment.
    pub fn finish(mut self, provenance: Provenance) -> Result<NewSegment, Error> {
        let (file, header) = self
            .assemble()
            .map_err(|refusal| refusal.of(&self.name, &self.dir))?;
        Ok(NewSegment {
            info: SourceInfo::new(self.name, provenance, header.contents(), Vec::new()),
            hash: header.hash(),
            size: header.file_length().unwrap_or(u64::MAX),
            file,
        })
    }

    fn try_add(&mut self, enrichment: &Enrichment) -> Result<(), Refusal> {
        let position = u32::try_from(self.position)
            .map_err(|_| Refusal::TooLarge("it has more enrichments than a segment can hold"))?;
        let value = self.values.add_value(enrichment.value.get())?;
        self.record.clear();
        put_varint(&mut self.record, value.block.into());
        put_varint(&mut self.record, value.offset.into());
        put_count(&mut self.record, enrichment.tags.len());
        for tag in &enrichment.tags {
            put_text(&mut self.record, tag);
            self.index.id(tag, position)?;
        }
        self.records.write_all(&self.record)?;
        self.position += self.record.len() as u64;
        self.enrichments += 1;
        Ok(())
    }

    /// Writes the file and empties the writer.
    fn assemble(&mut self) -> Result<(TempPath, Header), Refusal> {
        let (table, values) = self.values.finish()?;
        let mut file = files::temporary(&self.dir)?;
        let mut out = Assembly::new(
            file.as_file_mut(),
            SourceKind::Enrichment,
            self.enrichments,
            0,
        )?;
        out.section(Section::Namespaces, &*encode_namespaces(&[]))?;
        out.section(Section::Records, rewound(&mut self.records)?)?;
        let packages = self.index.packages(&[], |_| &[])?;
        out.section(Section::Keys, &*packages.keys)?;
        out.section(Section::Postings, &*packages.postings)?;
        out.section(Section::PackageIndex, &*packages.index)?;
        let ids = self.index.ids()?;
        out.section(Section::Ids, &*ids.ids)?;
        out.section(Section::IdIndex, &*ids.index)?;
        out.section(Section::TextTable, table)?;
        out.section(Section::Texts, rewound(values)?)?;
        let header = out.finish()?;
        Ok((file.into_temp_path(), header))
    }
}

/// The record of an enrichment.
#[derive(Debug, Clone)]
pub(crate) struct EnrichmentRecord<'a> {
    pub(crate) tags: Vec<&'a str>,
    pub(crate) value: TextPosition,
    /// Where the next record begins.
    pub(super) cursor: Cursor<'a>,
}

impl<'a> EnrichmentRecord<'a> {
    /// Reads a record from the front of some bytes.
    pub(super) fn decode(mut cursor: Cursor<'a>) -> Result<Self, Damaged> {
        let value = TextPosition {
            block: cursor.varint32()?,
            offset: cursor.varint32()?,
        };
        let tags = list(&mut cursor, Cursor::text)?;
        Ok(Self {
            tags,
            value,
            cursor,
        })
    }
}
