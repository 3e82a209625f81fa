//! `clairctl db export` and `import`: across an air gap.

use std::fs::File;
use std::io::{self, Cursor, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clair_feeds::{Document, Limits};
use clair_interchange::{ExportSummary, Outcome, Packing, SourceWriter, Taken};
use clair_vulndb::{Database, Store};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::DatabaseArguments;
use crate::updaters::{counts, export::tell, left_out, write_whole};

/// As much of a file as is looked at to tell of what kind it is.
const BEGINNING: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// The file, - for standard output or input.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    arguments: Arguments,
    /// The form of the file. Clair's is compressed if its name ends in .gz or .zst.
    #[arg(long, value_enum, default_value_t = Format::Native)]
    format: Format,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// All that the database knows, compact and with checksums.
    Native,
    /// That of Clair's export-updaters, for a Clair server too.
    Clair,
}

impl Arguments {
    /// The file, if it is none of the standard ones.
    fn path(&self) -> Option<&Path> {
        Some(self.file.as_path()).filter(|path| *path != Path::new("-"))
    }
}

pub(super) fn export(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let ExportArguments { arguments, format } = arguments;
    match format {
        Format::Native => export_native(arguments),
        Format::Clair => export_clair(arguments),
    }
}

fn export_native(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let dir = arguments.database.dir()?;
    let mut summary = None;
    let mut failure = None;
    let written = write_whole(arguments.path(), |out| {
        match clair_vulndb::export(&dir, &mut &mut *out) {
            Ok(done) => summary = Some(done),
            Err(error) => {
                failure = Some(error);
                return Err(io::Error::other("the database cannot be exported"));
            }
        }
        Ok(())
    });
    if let Some(error) = failure {
        return Err(error.into());
    }
    written?;
    if let Some(summary) = summary {
        writeln!(
            io::stderr(),
            "{} sources, {} advisories, {} enrichments, {} bytes",
            summary.sources,
            summary.advisories,
            summary.enrichments,
            summary.bytes
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn export_clair(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let database = arguments.database.open()?;
    let spool = tempfile::tempdir().context("cannot make a temporary directory")?;
    let mut sources = Vec::new();
    let mut total = ExportSummary::default();
    for source in database.sources() {
        let mut writer = SourceWriter::new(spool.path(), &source.name);
        for advisory in database.advisories(&source.name).into_iter().flatten() {
            writer.add(&advisory?)?;
        }
        for enrichment in database.enrichments(&source.name).into_iter().flatten() {
            writer.add_enrichment(&enrichment?)?;
        }
        let written = writer.finish()?;
        total.add(written.summary());
        sources.push(written);
    }
    let path = arguments.path();
    let packing = path.map_or(Packing::None, Packing::of_name);
    write_whole(path, |out| {
        clair_interchange::write(out, packing, Timestamp::now(), sources)
    })?;
    tell(&total)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn import(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let dir = arguments.database.dir()?;
    let location = arguments.file.display().to_string();
    let mut input: Box<dyn Read + Send> = match arguments.path() {
        None => Box::new(io::stdin()),
        Some(path) => {
            let file = File::open(path).with_context(|| format!("cannot read {location}"))?;
            Box::new(file)
        }
    };
    let mut beginning = Vec::new();
    let read = input.by_ref().take(BEGINNING).read_to_end(&mut beginning);
    read.with_context(|| format!("cannot read {location}"))?;
    let is_clairs = clair_interchange::compression_of(&beginning).is_some();
    let mut input = Cursor::new(beginning).chain(input);
    if is_clairs {
        let document = Document::from_reader(&location, input, Limits::default());
        let mut document = document.with_context(|| format!("cannot read {location}"))?;
        return import_clair(&dir, &mut document);
    }
    let summary = clair_vulndb::import(&dir, &mut input)
        .with_context(|| format!("cannot import {location}"))?;
    let advisories: u64 = summary.sources.iter().map(|source| source.advisories).sum();
    let enrichments: u64 = summary
        .sources
        .iter()
        .map(|source| source.enrichments)
        .sum();
    let sources = summary.sources.len();
    writeln!(
        io::stderr(),
        "{sources} sources, {advisories} advisories, {enrichments} enrichments"
    )?;
    Ok(ExitCode::SUCCESS)
}

fn import_clair(dir: &Path, document: &mut Document) -> anyhow::Result<ExitCode> {
    let mut update = Store::open(dir)?.lock()?;
    // Under the lock, so that it is what the update begins with.
    let before = match Database::open(dir) {
        Ok(database) => Some(database),
        Err(clair_vulndb::Error::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut is_known = |source: &str, fingerprint: &str| {
        let sources = before.iter().flat_map(Database::sources);
        let mut same = sources.filter(|known| known.name == source);
        same.any(|known| known.fingerprint == fingerprint)
    };
    let imported = clair_interchange::import(&mut update, document, &mut is_known)?;
    if let Some(before) = &before {
        let taken = Taken::by(imported.iter().map(|imported| imported.source.as_str()));
        clair_interchange::withdraw(before, &mut update, &taken)?;
    }
    update.commit().context("cannot commit the import")?;
    for source in imported {
        let result = match source.outcome {
            Outcome::Stored {
                advisories,
                statements,
                enrichments,
            } => counts(advisories, statements, enrichments),
            Outcome::Known => "unchanged".to_owned(),
            Outcome::Nothing => "nothing in it is of use".to_owned(),
        };
        writeln!(
            io::stderr(),
            "{}: {result}{}",
            source.source,
            left_out(&source.skipped)
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
