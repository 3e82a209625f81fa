//! From a reference to the server's report.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clair_client::{Client, Document, Report};
use clair_model::Digest;
use tokio::time::sleep;

use crate::remote::images::{Found, LookupArguments};
use crate::remote::tell;

/// How often a server is asked whether it has security data by now.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How reports are asked for.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) client: Client,
    pub(super) lookup: LookupArguments,
    /// Whether an image that the server knows is left as it is.
    pub(super) is_novel_only: bool,
    pub(super) max_wait: Duration,
}

/// Why there is no report.
#[derive(Debug)]
pub(super) enum Failure {
    /// The image cannot be found or indexed.
    Image(anyhow::Error),
    /// The image is indexed, but there is no report of it.
    Report(anyhow::Error),
}

impl Failure {
    pub(super) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Image(error) | Self::Report(error) => error,
        }
    }
}

impl Requests {
    /// The report of an image, which is indexed before.
    pub(super) async fn report(&self, image: &str) -> Result<Document<Report>, Failure> {
        let indexed = self.index(image).await;
        let digest = indexed
            .with_context(|| image.to_owned())
            .map_err(Failure::Image)?;
        self.matched(&digest)
            .await
            .with_context(|| format!("{image}({digest})"))
            .map_err(Failure::Report)
    }

    async fn index(&self, image: &str) -> anyhow::Result<Digest> {
        let (lookup, name) = (self.lookup.clone(), image.to_owned());
        let found = blocking(move || lookup.find(&name)).await?;
        if self.is_novel_only && self.is_known(&found).await? {
            return Ok(found.digest);
        }
        let manifest = blocking(move || found.manifest()).await?;
        self.client.index(&manifest).await?;
        Ok(manifest.hash)
    }

    /// Whether the server has indexed the image, and not just tried to.
    async fn is_known(&self, found: &Found) -> anyhow::Result<bool> {
        let known = self.client.index_report(&found.digest).await?;
        Ok(known.is_some_and(|report| report.content.success))
    }

    /// The report of an image that is indexed, once the server has security data.
    async fn matched(&self, digest: &Digest) -> anyhow::Result<Document<Report>> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(report) = self.client.vulnerability_report(digest).await? {
                return Ok(report);
            }
            let left = self.max_wait.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(anyhow!("the server has no security data yet"));
            }
            if pause == FIRST_PAUSE {
                tell("the server has no security data yet; waiting for it");
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Runs work that blocks its thread, as all that has to do with registries does.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
