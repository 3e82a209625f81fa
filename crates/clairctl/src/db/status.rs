//! `clairctl db status`: what the database has, and how old it is.

use std::io::Write as _;
use std::process::ExitCode;

use clair_vulndb::SourceInfo;
use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table};
use jiff::{SignedDuration, Timestamp};

use super::DatabaseArguments;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// The form of the list.
    #[arg(short, long, visible_alias = "format", value_enum, default_value_t = Format::Table)]
    output: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let database = arguments.database.open()?;
    let mut out = std::io::stdout().lock();
    match arguments.output {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, database.sources())?;
            writeln!(out)?;
        }
        Format::Table => {
            crate::table::write(&mut out, table(database.sources(), Timestamp::now()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(sources: &[SourceInfo], now: Timestamp) -> Table {
    let mut table = crate::table::new();
    table.set_header([
        "SOURCE",
        "ADVISORIES",
        "STATEMENTS",
        "ENRICHMENTS",
        "SKIPPED",
        "FETCHED",
        "UPSTREAM'S DATE",
    ]);
    for number in 1..=4 {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for source in sources {
        table.add_row([
            source.name.clone(),
            source.advisories.to_string(),
            source.statements.to_string(),
            source.enrichments.to_string(),
            source.skipped.values().sum::<u64>().to_string(),
            format!("{} ago", age(now.duration_since(source.fetched))),
            source.upstream.map_or_else(
                || "unknown".to_owned(),
                |date| date.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            ),
        ]);
    }
    table
}

/// An age in its largest unit.
fn age(age: SignedDuration) -> String {
    let (count, unit) = match age.as_secs() {
        seconds if seconds < 60 => (seconds.max(0), "second"),
        seconds if seconds < 3600 => (seconds / 60, "minute"),
        seconds if seconds < 2 * 86400 => (seconds / 3600, "hour"),
        seconds => (seconds / 86400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        for (seconds, text) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7200, "2 hours"),
            (86400, "24 hours"),
            (10 * 86400, "10 days"),
        ] {
            assert_eq!(age(SignedDuration::from_secs(seconds)), text);
        }
    }
}
