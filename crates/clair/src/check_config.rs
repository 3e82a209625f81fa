//! What configurations mean in the end.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clair_runtime::{Config, Mode};

use crate::arguments::{CheckConfig, Form};

/// Prints each configuration with all defaults, and warnings on standard error. What is wrong with
/// the first that has anything wrong ends it.
pub(crate) fn run(arguments: &CheckConfig, default: &Path, mode: Mode) -> anyhow::Result<()> {
    let files: Vec<&Path> = match arguments.files.as_slice() {
        [] => vec![default],
        files => files.iter().map(AsRef::as_ref).collect(),
    };
    for file in &files {
        let config = Config::load(file, mode)?;
        for warning in config.warnings() {
            warn(warning);
        }
        let text = match arguments.out {
            Form::Yaml => config.effective(),
            Form::Json => json(&config)?,
        };
        let mut output = io::stdout().lock();
        if files.len() > 1 {
            writeln!(output, "# {}", file.display())?;
        }
        output.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn json(config: &Config) -> anyhow::Result<String> {
    let document: serde_json::Value =
        serde_saphyr::from_str(&config.effective()).context("the configuration as JSON")?;
    Ok(format!("{document:#}\n"))
}

#[allow(clippy::print_stderr)] // beside the output, which programs read
fn warn(warning: &clair_runtime::config::Problem) {
    eprintln!("clair: warning: {warning}");
}
