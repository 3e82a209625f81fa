//! Administration of the server that a configuration describes: `clairctl admin`, told where that
//! server is and what to sign with.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use clair_runtime::config::INTRASERVICE_ISSUER;
use clair_runtime::{Config, Mode};

/// Becomes `clairctl`, the one beside this program. Returns only if that is not to be had.
pub(crate) fn run(words: &[OsString], path: &Path, mode: Mode) -> anyhow::Result<()> {
    let config = Config::load(path, mode)?;
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let host = format!("{scheme}://{}/", config.http_listen_addr.to_call());
    let program = std::env::current_exe()
        .context("where this program is")?
        .with_file_name("clairctl");
    let error = Command::new(&program)
        .arg("--config")
        .arg(path)
        .args(["--host", &host, "--issuer", INTRASERVICE_ISSUER, "admin"])
        .args(words)
        .exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}
