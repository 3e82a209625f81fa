//! Builds a segment from a stream of advisories.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use clair_model::{Advisory, Affected, Namespace};
use tempfile::TempPath;
use xxhash_rust::xxh3::Xxh3Default;

use super::advisory::{StatementRef, put_head, put_statements};
use super::code::{Damaged, put_count, put_text};
use super::format::{Extent, Header, Section, SegmentHash};
use super::index::{IndexBuilder, Key};
use super::interner::{Full, Interner};
use super::shape::put_shape;
use super::text::{TextError, TextWriter};
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

/// A finished segment that belongs to no database yet. Dropped, it is gone.
#[derive(Debug)]
pub struct NewSegment {
    pub(crate) info: SourceInfo,
    pub(crate) hash: SegmentHash,
    pub(crate) size: u64,
    pub(crate) file: TempPath,
}

impl NewSegment {
    /// The source as the database will have it.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }
}

/// Why an advisory cannot be added.
enum Refusal {
    TooLarge(&'static str),
    Io(io::Error),
}

impl From<Full> for Refusal {
    fn from(_: Full) -> Self {
        Self::TooLarge("it has more distinct strings than a segment can hold")
    }
}

impl From<Damaged> for Refusal {
    fn from(Damaged(what): Damaged) -> Self {
        Self::TooLarge(what)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<TextError> for Refusal {
    fn from(error: TextError) -> Self {
        match error {
            TextError::TooLong => Self::TooLarge("the text of an advisory is too long"),
            TextError::Io(error) => Self::Io(error),
        }
    }
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
        let start = || Ok((spool()?, TextWriter::new(spool()?)?));
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
            .map_err(|refusal| self.error(refusal))
    }

    /// Completes the segment.
    pub fn finish(mut self, provenance: Provenance) -> Result<NewSegment, Error> {
        let (file, header, namespaces) = self.assemble().map_err(|refusal| self.error(refusal))?;
        let (advisories, statements) = (header.advisories, header.statements);
        let size = header.file_length().unwrap_or(u64::MAX);
        Ok(NewSegment {
            info: SourceInfo::new(self.name, provenance, advisories, statements, namespaces),
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
        let mut out = Assembly::new(file.as_file_mut(), self.advisories, statements)?;
        out.section(Section::Namespaces, &*encode_namespaces(&namespaces))?;
        out.section(Section::Strings, self.strings.section())?;
        out.section(Section::Shapes, self.shapes.section())?;
        out.section(Section::Advisories, rewound(&mut self.records)?)?;
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

    fn error(&self, refusal: Refusal) -> Error {
        match refusal {
            Refusal::TooLarge(what) => Error::TooLarge {
                source_name: self.name.clone(),
                what,
            },
            Refusal::Io(error) => Error::io(&self.dir, "cannot write a segment")(error),
        }
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

fn encode_namespaces(namespaces: &[Namespace]) -> Vec<u8> {
    let mut out = Vec::new();
    put_count(&mut out, namespaces.len());
    for namespace in namespaces {
        put_text(&mut out, namespace.as_str());
    }
    out
}

/// What was written to a temporary file, from its beginning.
fn rewound(spool: &mut BufWriter<File>) -> io::Result<&mut File> {
    spool.flush()?;
    let file = spool.get_mut();
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Writes sections one after the other, then the header in front of them.
struct Assembly<'f> {
    out: BufWriter<&'f mut File>,
    header: Header,
}

impl<'f> Assembly<'f> {
    fn new(file: &'f mut File, advisories: u64, statements: u64) -> io::Result<Self> {
        let mut out = BufWriter::new(file);
        out.write_all(&[0; Header::SIZE])?;
        let header = Header {
            advisories,
            statements,
            ..Header::default()
        };
        Ok(Self { out, header })
    }

    /// Writes the next section; they must come in the order of [`Section::ALL`].
    fn section(&mut self, section: Section, content: impl Read) -> io::Result<()> {
        let mut content = BufReader::with_capacity(1 << 16, content);
        let mut hash = Xxh3Default::new();
        let mut length = 0;
        loop {
            let chunk = io::BufRead::fill_buf(&mut content)?;
            if chunk.is_empty() {
                break;
            }
            hash.update(chunk);
            self.out.write_all(chunk)?;
            length += chunk.len();
            let taken = chunk.len();
            io::BufRead::consume(&mut content, taken);
        }
        self.header.sections[section as usize] = Extent {
            length: length as u64,
            checksum: hash.digest128(),
        };
        Ok(())
    }

    /// Writes the header and brings all to the disk.
    fn finish(mut self) -> io::Result<Header> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&self.header.encode())?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Ok(self.header)
    }
}
