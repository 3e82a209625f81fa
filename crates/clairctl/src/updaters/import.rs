//! `clairctl import-updaters`: from a file into the database of the services.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clair_feeds::{Document, FetchOptions, Fetched, Fetcher, Limits, Location};
use clair_updater::ImportResult;
use clap::Args;

use super::left_out;
use crate::remote::{ServerArguments, wait};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file: a path, an http: or https: URL, or - for standard input.
    file: String,
    /// Without effect: how the file is compressed is read from its first bytes.
    #[arg(short, long, conflicts_with = "zstd")]
    gzip: bool,
    /// Without effect, as --gzip.
    #[arg(short, long)]
    zstd: bool,
}

pub(crate) fn run(arguments: &Arguments, server: &ServerArguments) -> anyhow::Result<ExitCode> {
    let Some((path, services)) = server.database_configuration()? else {
        bail!("a configuration is needed, which names the database: --config FILE");
    };
    let context = || format!("cannot use the configuration {}", path.display());
    let config = clair_updater::Config::of_command(&services).with_context(context)?;
    let document = open(&arguments.file)?;
    let imported = wait(async {
        let imported = Box::pin(clair_updater::import_document(&config, document));
        Ok(imported.await?)
    })?;
    let mut failed = 0;
    for source in imported {
        let result = match source.result {
            ImportResult::Updated { added, removed } => format!("{added} added, {removed} removed"),
            ImportResult::Unchanged => "unchanged".to_owned(),
            ImportResult::Failed(reason) => {
                failed += 1;
                format!("failed: {reason}")
            }
        };
        let skipped = left_out(&source.skipped);
        writeln!(io::stderr(), "{}: {result}{skipped}", source.source)?;
    }
    match failed {
        0 => Ok(ExitCode::SUCCESS),
        1 => bail!("1 source failed; what the database had of it is kept"),
        count => bail!("{count} sources failed; what the database had of them is kept"),
    }
}

fn open(file: &str) -> anyhow::Result<Document> {
    if file == "-" {
        let document = Document::from_reader("standard input", io::stdin(), Limits::default());
        return document.context("cannot read standard input");
    }
    let location: Location = file
        .parse()
        .with_context(|| format!("cannot read {file}"))?;
    if matches!(&location, Location::Path(path) if path.is_dir()) {
        bail!("cannot read {location}: it is a directory");
    }
    let fetcher = Fetcher::new(FetchOptions::default())?;
    match fetcher.fetch(&location, None)? {
        Fetched::New { document, .. } => Ok(document),
        Fetched::Unchanged => bail!("cannot read {location}: its server does not send it"),
    }
}
