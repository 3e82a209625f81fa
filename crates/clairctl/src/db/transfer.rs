//! `clairctl db export` and `import`: across an air gap.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::DatabaseArguments;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// The file, - for standard output or input.
    file: PathBuf,
}

impl Arguments {
    fn is_standard(&self) -> bool {
        self.file == Path::new("-")
    }
}

pub(super) fn export(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let dir = arguments.database.dir()?;
    let summary = if arguments.is_standard() {
        clair_vulndb::export(&dir, &mut io::stdout().lock())?
    } else {
        // An export that was cut short must not look like one.
        let path = &arguments.file;
        let context = || format!("cannot write {}", path.display());
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new(".")))
            .with_context(context)?;
        let summary = clair_vulndb::export(&dir, &mut file)?;
        file.as_file().sync_all().with_context(context)?;
        file.persist(path).with_context(context)?;
        summary
    };
    writeln!(
        io::stderr(),
        "{} sources, {} advisories, {} enrichments, {} bytes",
        summary.sources,
        summary.advisories,
        summary.enrichments,
        summary.bytes
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn import(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let dir = arguments.database.dir()?;
    let mut input: Box<dyn Read> = if arguments.is_standard() {
        Box::new(io::stdin().lock())
    } else {
        let path = &arguments.file;
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Box::new(file)
    };
    let summary = clair_vulndb::import(&dir, &mut input)
        .with_context(|| format!("cannot import {}", arguments.file.display()))?;
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
