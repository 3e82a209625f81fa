//! `clairctl scan`: which packages of an image are vulnerable.

mod explain;
mod output;
mod suppressed;
mod table;

use std::process::ExitCode;

use clair_matching::Freshness;
use clair_model::VulnerabilityReport;
use clair_risk::Policy;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use self::output::{Format, Output};
use crate::db::DatabaseArguments;
use crate::fail_on::{self, BLIND, FOUND, FailOn};
use crate::image::{ImageArguments, ReadImage};
use crate::triage::{Decisions, Triage, TriageArguments};

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
    #[command(flatten)]
    fail_on: FailOn,
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
    let policy = arguments.fail_on.fail_on.as_ref();
    let verdict = policy.map(|policy| verdict(&scanned, policy)).transpose()?;
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

fn verdict(scanned: &[Scanned], policy: &Policy) -> anyhow::Result<ExitCode> {
    let mut reports = scanned.iter().map(|scanned| &scanned.report);
    for report in reports.clone() {
        if fail_on::is_met(policy, report)? {
            return Ok(ExitCode::from(FOUND));
        }
    }
    let is_blind = reports.any(|report| report.coverage.iter().any(|gap| gap.kind.is_blind()));
    Ok(if is_blind {
        ExitCode::from(BLIND)
    } else {
        ExitCode::SUCCESS
    })
}
