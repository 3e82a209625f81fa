//! `clairctl db`: the advisory database of this person.

mod progress;
mod status;
mod transfer;
mod update;

use std::path::PathBuf;
use std::process::ExitCode;

use clair_vulndb::{Database, Error};
use clap::{Args, Subcommand};

use crate::directories;

#[derive(Debug, Args)]
pub(crate) struct DatabaseArguments {
    /// The directory of the advisory database.
    #[arg(long, value_name = "DIR", env = "CLAIR_DB")]
    db: Option<PathBuf>,
}

impl DatabaseArguments {
    fn dir(&self) -> anyhow::Result<PathBuf> {
        self.db.clone().map_or_else(directories::database, Ok)
    }

    /// Opens the database for reading.
    pub(crate) fn open(&self) -> anyhow::Result<Database> {
        Database::open(&self.dir()?).map_err(|error| {
            let is_missing = matches!(error, Error::NotFound { .. });
            let error = anyhow::Error::new(error);
            if is_missing {
                error.context("run `clairctl db update` or `clairctl db import` first")
            } else {
                error
            }
        })
    }
}

/// Work with the advisory database.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch what the sources of security data have that is new.
    Update(update::Arguments),
    /// Print each source with its age and size.
    Status(status::Arguments),
    /// Write the database to a file, for a machine without network.
    Export(transfer::ExportArguments),
    /// Replace the database by what `export` wrote, or the sources that a file of Clair's
    /// `export-updaters` has by what it says.
    Import(transfer::Arguments),
}

pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Update(arguments) => update::run(arguments),
        Command::Status(arguments) => status::run(arguments),
        Command::Export(arguments) => transfer::export(arguments),
        Command::Import(arguments) => transfer::import(arguments),
    }
}
