//! Asks another process whether it is ready.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clair_runtime::{Config, Mode};

use crate::arguments::Health;

/// Probes give up sooner or later themselves.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What is read of an answer.
const MAX_ANSWER: usize = 16 << 10;

/// Fails, with what the process says, if it is not ready.
pub(crate) async fn run(arguments: &Health, config: &Path, mode: Mode) -> anyhow::Result<()> {
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => {
            let address = Config::load(config, mode)?.introspection_addr;
            format!("http://{}/readyz", address.to_call())
        }
    };
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .build()?;
    let mut answer = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = MAX_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MAX_ANSWER {
            break;
        }
    }
    let body = String::from_utf8_lossy(&body);
    ensure!(status.is_success(), "{url} answers {status}: {body}");
    Ok(())
}
