//! `clairctl admin update`: has the security data updated.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clair_client::{Client, Event, Outcome, UpdateRequest};
use clap::Args;

use crate::remote::text::clean;
use crate::remote::{Format, FormatArguments, write_json};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A feed or a source; may be repeated. All, if none is named.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Read sources also if they say that nothing has changed.
    #[arg(long)]
    force: bool,
    /// Wait until it is done, and fail if a source does.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    format: FormatArguments,
}

pub(super) async fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let request = UpdateRequest {
        only: arguments.only.clone(),
        force: arguments.force,
        detach: !arguments.wait,
    };
    let mut updates = client.update(&request).await?;
    let mut failed = None;
    while let Some(event) = updates.next().await? {
        if let Event::Finished(tally) = event.content {
            failed = Some(tally.failed);
        }
        match arguments.format.out {
            Format::Json => write_json(&event.json)?,
            Format::Text => write_line(&event.content)?,
        }
    }
    match failed {
        Some(0) => Ok(ExitCode::SUCCESS),
        Some(_) => Ok(ExitCode::FAILURE),
        None if arguments.wait => bail!("the server broke off before the update was done"),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn write_line(event: &Event) -> anyhow::Result<()> {
    let Some(line) = line(event) else {
        return Ok(());
    };
    writeln!(std::io::stdout().lock(), "{}", clean(&line))
        .context("cannot write to standard output")
}

/// What a person is told of an event, if it is worth it.
fn line(event: &Event) -> Option<String> {
    match event {
        Event::Started { feeds } => Some(format!("updating {}", feeds.join(", "))),
        Event::Outcome(outcome) => Some(line_of_source(outcome)),
        Event::Finished(tally) => Some(format!(
            "{} updated, {} unchanged, {} failed, {} busy",
            tally.updated, tally.unchanged, tally.failed, tally.busy
        )),
        _ => None,
    }
}

fn line_of_source(outcome: &Outcome) -> String {
    let Outcome {
        source,
        result,
        added,
        removed,
        error,
    } = outcome;
    match error {
        Some(error) => format!("{source}: {result}{error}"),
        None if added + removed > 0 => {
            format!("{source}: {result}, {added} added, {removed} removed")
        }
        None => format!("{source}: {result}"),
    }
}
