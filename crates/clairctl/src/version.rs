//! `clairctl version`: how version numbers compare.

use std::cmp::Ordering;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clair_version::Scheme;
use clap::{Args, Subcommand};

/// Commands about version numbers.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print <, = or > for two versions, or check a table of comparisons.
    Compare(Compare),
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// How versions compare: dpkg, rpm or apk.
    #[arg(long)]
    scheme: Scheme,
    /// A table of lines "A B -1|0|1", separated by tabs; each disagreement is printed.
    #[arg(long, value_name = "FILE", conflicts_with = "versions")]
    table: Option<PathBuf>,
    /// The two versions.
    #[arg(
        value_name = "VERSION",
        num_args = 2,
        required_unless_present = "table"
    )]
    versions: Vec<String>,
}

pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Compare(compare) = command;
    if let Some(table) = &compare.table {
        return check_table(compare.scheme, table);
    }
    let [a, b] = compare.versions.as_slice() else {
        bail!("two versions are needed");
    };
    let order = compare.scheme.compare(a, b)?;
    writeln!(std::io::stdout(), "{}", sign(order))?;
    Ok(ExitCode::SUCCESS)
}

fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}

fn check_table(scheme: Scheme, path: &Path) -> anyhow::Result<ExitCode> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut out = std::io::stdout().lock();
    let (mut rows, mut wrong) = (0_u64, 0_u64);
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [a, b, expected] = fields.as_slice() else {
            bail!("{}:{}: expected three fields", path.display(), number + 1);
        };
        let expected = match expected.trim() {
            "-1" => Ordering::Less,
            "0" => Ordering::Equal,
            "1" => Ordering::Greater,
            other => bail!(
                "{}:{}: expected -1, 0 or 1, found {other:?}",
                path.display(),
                number + 1
            ),
        };
        rows += 1;
        // A table may order what is no version, which compares all the same.
        let found = scheme.order(a, b);
        if found != expected {
            wrong += 1;
            writeln!(out, "{a} {} {b}, expected {}", sign(found), sign(expected))?;
        }
    }
    writeln!(out, "{rows} rows, {wrong} disagree")?;
    Ok(ExitCode::from(if wrong == 0 { 0 } else { 2 }))
}
