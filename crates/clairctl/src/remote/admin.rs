//! `clairctl admin`: how a server does, and what it is to do.

mod dead_letters;
mod sources;
mod update;

use std::process::ExitCode;

use clap::Subcommand;

use super::{ServerArguments, wait};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List where security data comes from, and how old it is.
    Sources(sources::Arguments),
    /// Have the security data updated now.
    Update(update::Arguments),
    /// Work with images that were queued and could not be indexed.
    #[command(subcommand)]
    DeadLetters(dead_letters::Command),
}

pub(crate) fn run(command: &Command, server: &ServerArguments) -> anyhow::Result<ExitCode> {
    wait(async {
        let client = server.connect().await?;
        match command {
            Command::Sources(arguments) => sources::run(&client, arguments).await,
            Command::Update(arguments) => update::run(&client, arguments).await,
            Command::DeadLetters(command) => dead_letters::run(&client, command).await,
        }
    })
}
