//! `clairctl delete`: has a server forget images.

use std::process::ExitCode;

use clair_model::Digest;
use clap::Args;

use super::{ServerArguments, wait};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The digests of their manifests.
    #[arg(required = true, value_name = "DIGEST")]
    manifests: Vec<Digest>,
}

pub(crate) fn run(arguments: &Arguments, server: &ServerArguments) -> anyhow::Result<ExitCode> {
    wait(async {
        let client = server.connect().await?;
        let deleted = client.delete(&arguments.manifests).await?;
        for digest in &arguments.manifests {
            let was_known = deleted.content.contains(digest);
            tracing::info!(%digest, was_known, "deleted");
        }
        Ok(ExitCode::SUCCESS)
    })
}
