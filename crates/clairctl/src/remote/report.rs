//! `clairctl report`: vulnerability reports of a server.

mod decided;
mod printer;
mod request;
mod xml;

use std::process::ExitCode;

use clair_runtime::config::Period;
use clap::{Args, ValueEnum};
use futures::{StreamExt as _, pin_mut, stream};

use self::printer::Printer;
use self::request::{Failure, Requests};
use super::images::LookupArguments;
use super::{ServerArguments, wait};
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
        let mut code = ExitCode::SUCCESS;
        let mut images = arguments.images.iter();
        while let (Some(image), Some(result)) = (images.next(), reports.next().await) {
            if result.is_err() {
                code = ExitCode::FAILURE;
            }
            match result {
                Err(Failure::Image(error)) if !arguments.keep_going => {
                    printer.finish()?;
                    return Err(error);
                }
                Err(failure) => printer.print(image, Err(failure.into_error()))?,
                Ok(report) => {
                    let report = decided::apply(&mut triage, image, report)?;
                    printer.print(image, Ok(report))?;
                }
            }
        }
        printer.finish()?;
        let unused = triage.finish();
        Ok(if code == ExitCode::SUCCESS {
            unused
        } else {
            code
        })
    })
}
