//! `clairctl admin sources`: where security data comes from.

use std::process::ExitCode;

use clair_client::{Client, Source};
use clap::Args;

use crate::remote::{Format, FormatArguments, write_json, write_table};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    format: FormatArguments,
}

pub(super) async fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let sources = client.sources().await?;
    match arguments.format.out {
        Format::Json => write_json(&sources.json)?,
        Format::Text => {
            let headings = [
                "SOURCE",
                "FEED",
                "RECORDS",
                "FETCHED",
                "UPSTREAM'S DATE",
                "ERROR",
            ];
            let rows = sources.content.sources.iter().map(row);
            write_table(&headings, rows.collect())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(source: &Source) -> Vec<String> {
    vec![
        source.name.clone(),
        source.feed.clone(),
        source.advisories.to_string(),
        source
            .last_success
            .clone()
            .unwrap_or_else(|| "never".to_owned()),
        source.upstream_date.clone().unwrap_or_default(),
        source.last_error.clone(),
    ]
}
