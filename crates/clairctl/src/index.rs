//! `clairctl index`: what an image contains.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::image::ImageArguments;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    image: ImageArguments,
}

/// Prints the index report; with several platforms one after the other.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for image in arguments.image.read()? {
        serde_json::to_writer_pretty(&mut out, &image.report).context("cannot write the report")?;
        writeln!(out)?;
    }
    Ok(ExitCode::SUCCESS)
}
