//! `clairctl admin dead-letters`: images that were queued and could not be indexed.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clair_client::{Client, DeadLetter, Replay};
use clap::{Args, Subcommand};

use crate::remote::{Format, FormatArguments, tell, write_json, write_table};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List them, oldest first.
    List(List),
    /// Put them back into the queue.
    ///
    /// Exit status: 1 when there is no image with one of the numbers.
    Replay(ReplayArguments),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    format: FormatArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Their numbers.
    #[arg(
        value_name = "ID",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    ids: Vec<u64>,
    /// All of them.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    format: FormatArguments,
}

pub(super) async fn run(client: &Client, command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(arguments) => list(client, arguments).await,
        Command::Replay(arguments) => replay(client, arguments).await,
    }
}

async fn list(client: &Client, arguments: &List) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = client.dead_letters(next.as_deref()).await?;
        match arguments.format.out {
            Format::Json => write_json(&page.json)?,
            Format::Text => rows.extend(page.content.dead_letters.iter().map(row)),
        }
        next = page.content.page.next().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    if arguments.format.out == Format::Text {
        write_table(&["ID", "MANIFEST", "ATTEMPTS", "FAILED", "ERROR"], rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(letter: &DeadLetter) -> Vec<String> {
    let error = letter.error.as_ref();
    vec![
        letter.id.to_string(),
        letter.manifest_hash.clone(),
        letter.attempts.to_string(),
        letter.failed.clone().unwrap_or_default(),
        error.map_or_else(String::new, |error| error.message.clone()),
    ]
}

async fn replay(client: &Client, arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let which = if arguments.all {
        Replay::All(true)
    } else {
        Replay::These(arguments.ids.clone())
    };
    let replayed = client.replay_dead_letters(&which).await?;
    match arguments.format.out {
        Format::Json => write_json(&replayed.json)?,
        Format::Text => writeln!(
            std::io::stdout().lock(),
            "queued again: {}",
            replayed.content.replayed
        )
        .context("cannot write to standard output")?,
    }
    for id in &replayed.content.missing {
        tell(&format!("there is no image {id}"));
    }
    Ok(if replayed.content.missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
