//! What the service does, apart from gRPC.

use std::sync::Arc;
use std::time::Instant;

use clair_bus::{Bus, IndexFinished};
use clair_model::{Digest, IndexReport, Manifest};
use clair_rpc::Error as RpcError;
use clair_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::attempt::{Attempt, current_report};
use crate::error::Failure;
use crate::flight::{Flights, Waiter};
use crate::layers::{Layers, panicked};
use crate::metrics;
use crate::progress::{Progress, Reporter};
use crate::retry::patiently;

pub(crate) type Indexed = Result<Arc<IndexReport>, Failure>;

/// Somebody who waits for a manifest to be indexed.
pub(crate) type IndexWaiter = Waiter<Manifest, Progress, Indexed>;

/// Indexes manifests, each once however many ask for it.
#[derive(Debug)]
pub(crate) struct Indexer {
    pub(crate) store: Store,
    /// Stands for the analyzers, their versions and the limits.
    pub(crate) state: Arc<str>,
    layers: Arc<Layers>,
    attempts: Flights<Manifest, Progress, Indexed>,
    bus: Option<Bus>,
}

impl Indexer {
    pub(crate) fn new(store: Store, layers: Layers, state: &str, bus: Option<Bus>) -> Self {
        Self {
            store,
            state: state.into(),
            layers: Arc::new(layers),
            attempts: Flights::new(),
            bus,
        }
    }

    /// The report of a manifest that is indexed with the analyzers of today.
    pub(crate) async fn current_report(
        &self,
        manifest: &Digest,
    ) -> Result<Option<IndexReport>, Failure> {
        current_report(&self.store, manifest, &self.state).await
    }

    /// Begins to index a manifest, or joins those who wait for it already.
    pub(crate) fn join(self: &Arc<Self>, manifest: &Manifest) -> IndexWaiter {
        self.attempts
            .join(&manifest.hash, manifest, |progress, cancel| {
                let span = tracing::info_span!("index", manifest = %manifest.hash);
                Arc::clone(self)
                    .attempt(manifest.clone(), progress, cancel)
                    .instrument(span)
            })
    }

    /// Indexes a manifest, or waits for those who do it already.
    pub(crate) async fn index(self: &Arc<Self>, manifest: &Manifest) -> Indexed {
        loop {
            let mut waiter = self.join(manifest);
            match waiter.outcome().await.unwrap_or_else(|| Err(panicked())) {
                // It failed by what another client said. This one may have said better.
                Err(_) if waiter.is_of_other_request => {}
                outcome => return outcome,
            }
        }
    }

    async fn attempt(
        self: Arc<Self>,
        manifest: Manifest,
        progress: watch::Sender<Progress>,
        cancel: CancellationToken,
    ) -> Indexed {
        let began = Instant::now();
        let attempt = Attempt {
            store: &self.store,
            layers: &self.layers,
            state: &self.state,
            manifest: &manifest,
            progress: Reporter(progress),
        };
        let result = tokio::select! {
            () = cancel.cancelled() => Err(Failure::Cancelled),
            result = attempt.run() => result,
        };
        let elapsed = began.elapsed();
        metrics::manifest_attempted(&result, elapsed);
        match &result {
            Ok(report) => {
                let packages = report.packages.len();
                tracing::info!(packages, ?elapsed, "manifest indexed");
                self.tell(&manifest.hash, true);
            }
            Err(failure) => self.failed(&manifest.hash, failure).await,
        }
        result.map(Arc::new)
    }

    /// Keeps why it failed, if the image was the reason.
    async fn failed(&self, manifest: &Digest, failure: &Failure) {
        tracing::warn!(
            error = failure as &dyn std::error::Error,
            "manifest not indexed"
        );
        if !failure.is_of_image() {
            return;
        }
        let reason = RpcError::of(failure);
        let kept = patiently(|| self.store.fail_manifest(manifest, reason.message())).await;
        if let Err(error) = kept {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the reason is not kept"
            );
        }
        self.tell(manifest, false);
    }

    /// Tells the other services, if there is a way to. Nobody waits for that, and should it be
    /// lost, the database still has it.
    fn tell(&self, manifest: &Digest, success: bool) {
        let Some(bus) = self.bus.clone() else { return };
        let event = IndexFinished {
            manifest: manifest.clone(),
            indexer_state: self.state.to_string(),
            success,
        };
        let publish = async move {
            if let Err(error) = bus.publish(&event).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "event lost");
            }
        };
        tokio::spawn(publish.in_current_span());
    }
}
