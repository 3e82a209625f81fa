//! Writing a file.
//!
//! What a source states is written to the disk first, divided among updaters: a file has the
//! records of an update one after the other, and their fingerprint in front.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

use clair_feeds::{Sink, Skip};
use clair_model::facts::{RELEASE, Release};
use clair_model::{Advisory, Enrichment, JsonText, SourceKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::Xxh3Default;

use crate::enricher::{COPY, Enricher};
use crate::outward::{self, Loss};
use crate::updater::updater_of;
use crate::vulnerability::{Extra, Fact, Vulnerability};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// What the name of a file asks for.
    pub fn of_name(path: &Path) -> Self {
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// How much was written, and what could not be said in Clair's fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportSummary {
    /// Advisories.
    pub advisories: u64,
    /// Lines: one for each statement.
    pub statements: u64,
    /// Enrichments, a line for each.
    pub enrichments: u64,
    /// How many statements say more than Clair has fields for, by what.
    pub losses: BTreeMap<Loss, u64>,
}

impl ExportSummary {
    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.advisories += other.advisories;
        self.statements += other.statements;
        self.enrichments += other.enrichments;
        for (loss, count) in &other.losses {
            *self.losses.entry(*loss).or_default() += count;
        }
    }
}

/// Takes what a source states.
#[derive(Debug)]
pub struct SourceWriter {
    source: String,
    directory: PathBuf,
    parts: BTreeMap<String, Part>,
    /// Of the feed, if it tells one.
    release: Release,
    summary: ExportSummary,
}

/// What an updater has of it.
struct Part {
    lines: zstd::Encoder<'static, BufWriter<File>>,
    hash: Xxh3Default,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").finish_non_exhaustive()
    }
}

/// All that a source states, on the disk.
#[derive(Debug)]
pub struct Written {
    parts: BTreeMap<String, Finished>,
    summary: ExportSummary,
}

#[derive(Debug)]
struct Finished {
    lines: File,
    hash: u128,
}

impl Written {
    /// How much it is.
    pub fn summary(&self) -> &ExportSummary {
        &self.summary
    }
}

/// The second half of a line, after what all lines of an update have in common.
#[derive(Serialize)]
struct Rest<'a> {
    #[serde(rename = "Vuln", skip_serializing_if = "Option::is_none")]
    vulnerability: Option<&'a Vulnerability<'a>>,
    #[serde(rename = "Enrichment", skip_serializing_if = "Option::is_none")]
    enrichment: Option<Fact<&'a [String]>>,
    #[serde(rename = "Kind")]
    kind: &'static str,
    #[serde(rename = "Extra", skip_serializing_if = "Option::is_none")]
    extra: Option<&'a Extra>,
}

/// The first half.
#[derive(Serialize)]
struct Common<'a> {
    #[serde(rename = "Updater")]
    updater: &'a str,
    #[serde(rename = "Fingerprint")]
    fingerprint: String,
    #[serde(rename = "Date")]
    date: Timestamp,
    #[serde(rename = "Ref")]
    reference: Uuid,
}

impl SourceWriter {
    /// Begins with a source. Its records lie in a directory until they are
    /// [written](write), as files without a name.
    pub fn new(directory: &Path, source: &str) -> Self {
        Self {
            source: source.to_owned(),
            directory: directory.to_owned(),
            parts: BTreeMap::new(),
            release: Release::default(),
            summary: ExportSummary::default(),
        }
    }

    /// Takes an advisory.
    ///
    /// # Errors
    ///
    /// When the disk does not.
    pub fn add(&mut self, advisory: &Advisory) -> io::Result<()> {
        self.summary.advisories += 1;
        for affected in &advisory.affected {
            let updater = updater_of(&self.source, &affected.namespace);
            let written = outward::write(advisory, affected, &updater);
            self.summary.statements += 1;
            for loss in written.losses {
                *self.summary.losses.entry(loss).or_default() += 1;
            }
            let rest = Rest {
                vulnerability: Some(&written.vulnerability),
                enrichment: None,
                kind: SourceKind::Vulnerability.name(),
                extra: written.extra.as_ref(),
            };
            line(&mut self.parts, &self.directory, &updater, &rest)?;
        }
        Ok(())
    }

    /// Takes an enrichment. Clair keeps what none of its enrichers has.
    ///
    /// # Errors
    ///
    /// When the disk does not.
    pub fn add_enrichment(&mut self, enrichment: &Enrichment) -> io::Result<()> {
        self.summary.enrichments += 1;
        if enrichment.tags == [RELEASE]
            && let Ok(release) = enrichment.value.read()
        {
            self.release = release;
        }
        let mut value = enrichment.value.clone();
        if value.get().contains(['\n', '\r']) {
            // Space between the parts of a document may break lines; within texts it cannot.
            value = JsonText::of(&value.read::<serde_json::Value>()?)?;
        }
        let rest = Rest {
            vulnerability: None,
            enrichment: Some(Fact {
                tags: &enrichment.tags,
                value,
            }),
            kind: SourceKind::Enrichment.name(),
            extra: None,
        };
        line(&mut self.parts, &self.directory, &self.source, &rest)
    }

    /// Ends the source.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub fn finish(self) -> io::Result<Written> {
        let mut parts = BTreeMap::new();
        for (updater, part) in self.parts {
            parts.insert(updater, part.finish()?);
        }
        if let Some(enricher) = Enricher::of_source(&self.source)
            && let Some(own) = parts.get_mut(&self.source)
            && let Some(copy) = copy(own, &self.directory, enricher, &self.release)?
        {
            parts.insert(enricher.updater().to_owned(), copy);
        }
        Ok(Written {
            parts,
            summary: self.summary,
        })
    }
}

/// A line of a part, as it is read again.
#[derive(Deserialize)]
struct Again {
    #[serde(rename = "Enrichment")]
    enrichment: Fact<Vec<String>>,
}

/// What a source states in the words of Clair's enricher; `None` if that is nothing.
fn copy(
    own: &mut Finished,
    directory: &Path,
    enricher: Enricher,
    release: &Release,
) -> io::Result<Option<Finished>> {
    let mut copy = None;
    for line in BufReader::new(zstd::Decoder::new(&own.lines)?).lines() {
        let Fact { tags, value } = serde_json::from_str::<Again>(&line?)?.enrichment;
        let Some(value) = enricher.write(&tags, &value, release) else {
            continue;
        };
        let part = match &mut copy {
            Some(part) => part,
            None => copy.insert(Part::new(directory)?),
        };
        part.add(&serde_json::to_vec(&Rest {
            vulnerability: None,
            enrichment: Some(Fact {
                tags: &tags[..],
                value,
            }),
            kind: SourceKind::Enrichment.name(),
            extra: None,
        })?)?;
    }
    own.lines.rewind()?;
    copy.map(Part::finish).transpose()
}

/// Writes a line into the part of an updater.
fn line(
    parts: &mut BTreeMap<String, Part>,
    directory: &Path,
    updater: &str,
    rest: &Rest<'_>,
) -> io::Result<()> {
    let json = serde_json::to_vec(rest)?;
    if let Some(part) = parts.get_mut(updater) {
        return part.add(&json);
    }
    let part = Part::new(directory)?;
    parts.entry(updater.to_owned()).or_insert(part).add(&json)
}

impl Sink for SourceWriter {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.add(&advisory)
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        self.add_enrichment(&enrichment)
    }

    fn skipped(&mut self, _: Skip, _: &str) {
        // Counted by whoever reads the source.
    }
}

impl Part {
    fn new(directory: &Path) -> io::Result<Self> {
        let file = BufWriter::new(tempfile::tempfile_in(directory)?);
        Ok(Self {
            lines: zstd::Encoder::new(file, 1)?,
            hash: Xxh3Default::new(),
        })
    }

    fn add(&mut self, json: &[u8]) -> io::Result<()> {
        self.hash.update(json);
        self.hash.update(b"\n");
        self.lines.write_all(json)?;
        self.lines.write_all(b"\n")
    }

    fn finish(self) -> io::Result<Finished> {
        let mut lines = self
            .lines
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        lines.rewind()?;
        Ok(Finished {
            lines,
            hash: self.hash.digest128(),
        })
    }
}

/// Writes all that was taken, as one file.
///
/// # Errors
///
/// When `out` or the disk fails.
pub fn write(
    out: &mut dyn Write,
    packing: Packing,
    date: Timestamp,
    sources: Vec<Written>,
) -> io::Result<()> {
    match packing {
        Packing::None => write_lines(&mut BufWriter::new(out), date, sources),
        Packing::Gzip => {
            let level = flate2::Compression::default();
            let mut out = flate2::write::GzEncoder::new(out, level);
            write_lines(&mut out, date, sources)?;
            out.finish()?.flush()
        }
        Packing::Zstd => {
            let mut out = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            out.include_checksum(true)?;
            write_lines(&mut out, date, sources)?;
            out.finish()?.flush()
        }
    }
}

fn write_lines(out: &mut dyn Write, date: Timestamp, sources: Vec<Written>) -> io::Result<()> {
    let mut updaters: BTreeMap<String, Vec<Finished>> = BTreeMap::new();
    for (updater, part) in sources.into_iter().flat_map(|source| source.parts) {
        updaters.entry(updater).or_default().push(part);
    }
    for (updater, parts) in updaters {
        let mut hash = Xxh3Default::new();
        for part in &parts {
            hash.update(&part.hash.to_be_bytes());
        }
        let mark = Enricher::of_updater(&updater).map_or("", |_| COPY);
        let common = serde_json::to_vec(&Common {
            updater: &updater,
            // The same records have the same one, whenever and wherever they were exported: who
            // has imported them passes over them.
            fingerprint: format!("{mark}xxh3:{:032x}", hash.digest128()),
            date,
            reference: Uuid::new_v4(),
        })?;
        for part in parts {
            join(out, &common, part.lines)?;
        }
    }
    out.flush()
}

/// Writes lines from their halves, both of which are objects.
fn join(out: &mut dyn Write, common: &[u8], rests: File) -> io::Result<()> {
    let start = &common[..common.len() - 1];
    let mut rests = BufReader::new(zstd::Decoder::new(rests)?);
    let mut rest = Vec::new();
    loop {
        rest.clear();
        let length = io::BufRead::read_until(&mut rests.by_ref(), b'\n', &mut rest)?;
        if length == 0 {
            return Ok(());
        }
        out.write_all(start)?;
        out.write_all(b",")?;
        out.write_all(&rest[1..])?;
    }
}
