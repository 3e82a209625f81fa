//! `clairctl report`: vulnerability reports of a server.

mod decided;
mod printer;
mod request;
mod xml;

use std::process::ExitCode;

use clair_client::{Document, Report};
use clair_risk::Policy;
use clair_runtime::config::Period;
use clap::{Args, ValueEnum};
use futures::{StreamExt as _, pin_mut, stream};

use self::printer::Printer;
use self::request::{Failure, Requests};
use super::images::LookupArguments;
use super::{ServerArguments, wait};
use crate::fail_on::{self, BLIND, FOUND, FailOn, Verdict};
use crate::triage::TriageArguments;

/// Images that are dealt with at the same time.
const PARALLEL: usize = 4;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The images, in registries that the server can reach.
    #[arg(required = true, value_name = "REFERENCE")]
    images: Vec<String>,
    /// What to print: text, the reports of the server as they are (json), or results of tests
    /// (xml), of which each package is one.
    #[arg(
        short,
        long = "out",
        visible_alias = "output",
        value_name = "FORMAT",
        value_enum,
        default_value_t = Format::Text
    )]
    out: Format,
    /// Go on after an image that cannot be found or indexed. The exit status is 1 all the same.
    #[arg(short, long)]
    keep_going: bool,
    /// Have only images indexed that the server does not know.
    #[arg(long)]
    novel: bool,
    /// How long to wait for a server that has no security data yet.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    max_wait: Period,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    lookup: LookupArguments,
    #[command(flatten)]
    triage: TriageArguments,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: the vulnerability reports of Clair's v4 API.
    Json,
    /// For programs that show results of tests.
    Xml,
}

/// What all images came to. A failure counts most.
#[derive(Debug, Default)]
struct Status {
    has_failed: bool,
    has_findings: bool,
    is_blind: bool,
}

impl Status {
    fn add(&mut self, policy: &Policy, report: &Document<Report>) -> anyhow::Result<()> {
        match fail_on::judge_json(policy, &report.json)? {
            Verdict::Met => self.has_findings = true,
            Verdict::Blind => self.is_blind = true,
            Verdict::Unmet => {}
        }
        Ok(())
    }

    fn exit(&self) -> ExitCode {
        if self.has_failed {
            ExitCode::FAILURE
        } else if self.has_findings {
            ExitCode::from(FOUND)
        } else if self.is_blind {
            ExitCode::from(BLIND)
        } else {
            ExitCode::SUCCESS
        }
    }
}

pub(crate) fn run(arguments: &Arguments, server: &ServerArguments) -> anyhow::Result<ExitCode> {
    let mut triage = arguments.triage.open()?;
    wait(async {
        let requests = Requests {
            client: server.connect().await?,
            lookup: arguments.lookup.clone(),
            is_novel_only: arguments.novel,
            max_wait: arguments.max_wait.duration(),
        };
        let reports = stream::iter(&arguments.images)
            .map(|image| requests.report(image))
            .buffered(PARALLEL);
        pin_mut!(reports);
        let mut printer = Printer::new(arguments.out);
        let mut status = Status::default();
        let policy = arguments.fail_on.fail_on.as_ref();
        let mut images = arguments.images.iter();
        while let (Some(image), Some(result)) = (images.next(), reports.next().await) {
            status.has_failed |= result.is_err();
            match result {
                Err(Failure::Image(error)) if !arguments.keep_going => {
                    printer.finish()?;
                    return Err(error);
                }
                Err(failure) => printer.print(image, Err(failure.into_error()))?,
                Ok(report) => {
                    let report = decided::apply(&mut triage, image, report)?;
                    if let Some(policy) = policy {
                        status.add(policy, &report)?;
                    }
                    printer.print(image, Ok(report))?;
                }
            }
        }
        printer.finish()?;
        let unused = triage.finish();
        let code = status.exit();
        Ok(if code == ExitCode::SUCCESS {
            unused
        } else {
            code
        })
    })
}
