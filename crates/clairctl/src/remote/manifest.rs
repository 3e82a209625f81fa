//! `clairctl manifest`: what a server is to be told to have an image indexed.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::images::LookupArguments;
use super::write_json;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The images, in registries.
    #[arg(required = true, value_name = "REFERENCE")]
    images: Vec<String>,
    #[command(flatten)]
    lookup: LookupArguments,
}

/// Prints the manifests, one after the other.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    for image in &arguments.images {
        let manifest = arguments
            .lookup
            .find(image)
            .and_then(|found| found.manifest());
        let manifest = manifest.with_context(|| format!("no manifest of {image}"))?;
        write_json(&serde_json::to_vec(&manifest)?)?;
    }
    Ok(ExitCode::SUCCESS)
}
