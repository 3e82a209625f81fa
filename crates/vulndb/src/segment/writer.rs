//! Builds a segment from a stream of advisories.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clair_model::{Advisory, Affected, Namespace, SourceKind};
use tempfile::TempPath;

use super::advisory::{StatementRef, put_head, put_statements};
use super::assembly::{Assembly, NewSegment, Refusal, rewound};
use super::code::{put_count, put_text};
use super::format::{Header, Section};
use super::index::{IndexBuilder, Key};
use super::interner::Interner;
use super::shape::put_shape;
use super::text::{self, TextWriter};
use crate::files;
use crate::{Error, Provenance, SourceInfo};

/// Takes the advisories of one source and makes a segment of them.
///
/// Advisory records and texts go to unnamed temporary files as they come. What stays in memory is
/// every distinct string and shape once, twelve bytes per statement, and what the indexes are
/// sorted by: some 200 MB for five million statements about a million packages.
///
/// A writer that is dropped leaves nothing behind.
pub struct SegmentWriter {
    name: String,
    dir: PathBuf,
    strings: Interner,
    shapes: Interner,
    namespaces: HashMap<Namespace, u16>,
    index: IndexBuilder,
    advisories: u64,
    /// Where the next advisory record goes.
    position: u64,
    records: BufWriter<File>,
    texts: TextWriter<BufWriter<File>>,
    // Kept for their memory only.
    record: Vec<u8>,
    shape: Vec<u8>,
    statements: Vec<StatementRef>,
}

impl fmt::Debug for SegmentWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentWriter")
            .field("name", &self.name)
            .field("advisories", &self.advisories)
            .finish_non_exhaustive()
    }
}

impl SegmentWriter {
    /// Starts the segment of the source `name` of the database in `dir`.
    pub(crate) fn new(dir: &Path, name: &str) -> Result<Self, Error> {
        let spool = || tempfile::tempfile_in(dir).map(BufWriter::new);
        let start = || Ok((spool()?, TextWriter::new(spool()?, text::TEXTS)?));
        let (records, texts) = start().map_err(Error::io(dir, "cannot make a temporary file"))?;
        Ok(Self {
            name: name.to_owned(),
            dir: dir.to_owned(),
            strings: Interner::new(),
            shapes: Interner::new(),
            namespaces: HashMap::new(),
            index: IndexBuilder::default(),
            advisories: 0,
            position: 0,
            records,
            texts,
            record: Vec::new(),
            shape: Vec::new(),
            statements: Vec::new(),
        })
    }

    /// Adds an advisory.
    ///
    /// After an error the segment is incomplete: drop the writer.
    pub fn add(&mut self, advisory: &Advisory) -> Result<(), Error> {
        self.try_add(advisory)
            .map_err(|refusal| refusal.of(&self.name, &self.dir))
    }

    /// Completes the segment.
    pub fn finish(mut self, provenance: Provenance) -> Result<NewSegment, Error> {
        let (file, header, namespaces) = self
            .assemble()
            .map_err(|refusal| refusal.of(&self.name, &self.dir))?;
        let size = header.file_length().unwrap_or(u64::MAX);
        Ok(NewSegment {
            info: SourceInfo::new(self.name, provenance, header.contents(), namespaces),
            hash: header.hash(),
            size,
            file,
        })
    }

    fn try_add(&mut self, advisory: &Advisory) -> Result<(), Refusal> {
        let position = u32::try_from(self.position)
            .map_err(|_| Refusal::TooLarge("it has more advisories than a segment can hold"))?;
        let text = self.texts.add(advisory)?;
        self.record.clear();
        put_head(&mut self.record, advisory, text, &mut self.strings)?;

        self.statements.clear();
        for affected in &advisory.affected {
            let statement = self.statement(affected, position)?;
            self.statements.push(statement);
        }
        put_statements(&mut self.record, &self.statements);

        self.index.id(&advisory.id, position)?;
        for alias in &advisory.aliases {
            self.index.id(alias, position)?;
        }
        self.records.write_all(&self.record)?;
        self.position += self.record.len() as u64;
        self.advisories += 1;
        Ok(())
    }

    fn statement(&mut self, affected: &Affected, advisory: u32) -> Result<StatementRef, Refusal> {
        self.shape.clear();
        put_shape(&mut self.shape, affected, &mut self.strings)?;
        let shape = self.shapes.intern(&self.shape)?;
        let key = Key {
            namespace: self.namespace(&affected.namespace)?,
            kind: affected.kind,
            package: self.strings.intern(affected.package.as_bytes())?,
        };
        let key = self.index.statement(key, advisory, shape)?;
        Ok(StatementRef { key, shape })
    }

    fn namespace(&mut self, namespace: &Namespace) -> Result<u16, Refusal> {
        if let Some(&number) = self.namespaces.get(namespace) {
            return Ok(number);
        }
        let number = u16::try_from(self.namespaces.len())
            .map_err(|_| Refusal::TooLarge("it has more than 65536 namespaces"))?;
        self.namespaces.insert(namespace.clone(), number);
        Ok(number)
    }

    /// Writes the file and empties the writer.
    fn assemble(&mut self) -> Result<(TempPath, Header, Vec<Namespace>), Refusal> {
        let (namespaces, ranks) = sorted(std::mem::take(&mut self.namespaces));
        let statements = self.index.statements();
        let (text_table, texts) = self.texts.finish()?;

        let mut file = files::temporary(&self.dir)?;
        let mut out = Assembly::new(
            file.as_file_mut(),
            SourceKind::Vulnerability,
            self.advisories,
            statements,
        )?;
        out.section(Section::Namespaces, &*encode_namespaces(&namespaces))?;
        out.section(Section::Strings, self.strings.section())?;
        out.section(Section::Shapes, self.shapes.section())?;
        out.section(Section::Records, rewound(&mut self.records)?)?;
        // One index after the other, since each takes its memory.
        let packages = self
            .index
            .packages(&ranks, |string| self.strings.get(string))?;
        out.section(Section::Keys, &*packages.keys)?;
        out.section(Section::Postings, &*packages.postings)?;
        out.section(Section::PackageIndex, &*packages.index)?;
        drop(packages);
        let ids = self.index.ids()?;
        out.section(Section::Ids, &*ids.ids)?;
        out.section(Section::IdIndex, &*ids.index)?;
        out.section(Section::TextTable, text_table)?;
        out.section(Section::Texts, rewound(texts)?)?;
        let header = out.finish()?;
        Ok((file.into_temp_path(), header, namespaces))
    }
}

/// The namespaces in order, and for each number by first appearance its place in that order.
fn sorted(numbers: HashMap<Namespace, u16>) -> (Vec<Namespace>, Vec<u16>) {
    let mut sorted: Vec<_> = numbers.into_iter().collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    for (rank, (_, number)) in (0..).zip(&sorted) {
        ranks[usize::from(*number)] = rank;
    }
    (sorted.into_iter().map(|(name, _)| name).collect(), ranks)
}

pub(super) fn encode_namespaces(namespaces: &[Namespace]) -> Vec<u8> {
    let mut out = Vec::new();
    put_count(&mut out, namespaces.len());
    for namespace in namespaces {
        put_text(&mut out, namespace.as_str());
    }
    out
}
