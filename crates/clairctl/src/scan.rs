//! `clairctl scan`: which packages of an image are vulnerable.

mod explain;
mod output;
mod suppressed;
mod table;

use std::process::ExitCode;

use clair_matching::Freshness;
use clair_model::{Severity, VulnerabilityReport};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use self::output::{Format, Output};
use crate::db::DatabaseArguments;
use crate::image::{ImageArguments, ReadImage};
use crate::triage::{Decisions, Triage, TriageArguments};

/// Exit status when there are findings at or above `--fail-on`.
const FOUND: u8 = 2;

/// Exit status when `--fail-on` was given and the image could not be understood.
const BLIND: u8 = 3;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    image: ImageArguments,
    #[command(flatten)]
    database: DatabaseArguments,
    /// What to print: table or json, each also as FORMAT=FILE; may be repeated. Without it a
    /// table on a terminal, else JSON.
    #[arg(short, long, visible_alias = "format", value_name = "FORMAT[=FILE]")]
    output: Vec<Output>,
    /// Exit with status 2 if there is a vulnerability of this severity or worse, and with 3 if
    /// the image could not be understood.
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Say why the image is or is not affected by this vulnerability, in place of the report.
    #[arg(long, value_name = "CVE", conflicts_with = "fail_on")]
    explain: Option<String>,
    /// Days after which security data counts as old, which the report says.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    max_age: u16,
    #[command(flatten)]
    triage: TriageArguments,
}

/// The report of one platform.
#[derive(Debug, Serialize)]
struct Scanned {
    #[serde(flatten)]
    report: VulnerabilityReport,
    /// The platform, where several were asked for or the image tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    /// What rules did to it, where there are any.
    #[serde(flatten)]
    decisions: Option<Decisions>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut triage = arguments.triage.open()?;
    let database = arguments.database.open()?;
    let images = arguments.image.read()?;
    let freshness = Freshness {
        now: Timestamp::now(),
        max_age: SignedDuration::from_hours(24 * i64::from(arguments.max_age)),
    };
    if let Some(id) = &arguments.explain {
        return explain::run(arguments, &database, &freshness, &images, id, &mut triage);
    }
    let scanned: Vec<Scanned> = images
        .into_iter()
        .map(|image| {
            let report = clair_matching::report(&database, &image.report, &freshness)?;
            let (report, decisions) = decide(&mut triage, &image, report);
            Ok(Scanned {
                report,
                platform: image.platform.map(|platform| platform.to_string()),
                decisions,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    for output in output::or_default(&arguments.output) {
        output.write(|out, is_terminal| match output.format {
            Format::Table => {
                table::write(out, &arguments.image.image, &scanned, is_terminal)?;
                if triage.is_shown() {
                    suppressed::section(out, &scanned, is_terminal)?;
                }
                Ok(())
            }
            Format::Json => json(out, &scanned),
        })?;
    }
    let unused = triage.finish();
    let verdict = arguments.fail_on.map(|least| verdict(&scanned, least));
    Ok(verdict
        .filter(|code| *code != ExitCode::SUCCESS)
        .unwrap_or(unused))
}

/// Applies the rules to the report of an image.
fn decide(
    triage: &mut Triage,
    image: &ReadImage,
    report: VulnerabilityReport,
) -> (VulnerabilityReport, Option<Decisions>) {
    let arch = image.platform.as_ref().map(|it| it.architecture.as_str());
    triage.apply(report, image.reference.as_ref(), arch)
}

fn json(out: &mut dyn std::io::Write, documents: &[impl Serialize]) -> anyhow::Result<()> {
    for document in documents {
        serde_json::to_writer_pretty(&mut *out, document)?;
        writeln!(out)?;
    }
    Ok(())
}

fn verdict(scanned: &[Scanned], least: Severity) -> ExitCode {
    let mut reports = scanned.iter().map(|scanned| &scanned.report);
    let is_found = |report: &VulnerabilityReport| {
        let mut found = report.vulnerabilities.values();
        found.any(|found| found.normalized_severity >= least)
    };
    if reports.clone().any(is_found) {
        ExitCode::from(FOUND)
    } else if reports.any(|report| report.coverage.iter().any(|gap| gap.kind.is_blind())) {
        ExitCode::from(BLIND)
    } else {
        ExitCode::SUCCESS
    }
}
