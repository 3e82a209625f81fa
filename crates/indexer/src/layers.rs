//! Reading layers: each once, however many images have it.

use std::sync::Arc;
use std::time::Instant;

use clair_image::{Layer, Limits};
use clair_index::{LayerFindings, read_layer};
use clair_inventory::Analyzer;
use clair_model::{Digest, ManifestLayer};
use clair_store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::error::Failure;
use crate::fetch::{Client, FetchError, LayerSource};
use crate::flight::Flights;
use crate::retry::patiently;
use crate::{findings, metrics};

type Read = Result<Arc<LayerFindings>, Failure>;

/// Reads layers.
pub(crate) struct Layers {
    store: Store,
    client: Client,
    analyzers: Arc<[Box<dyn Analyzer>]>,
    limits: Limits,
    key: String,
    permits: Arc<Semaphore>,
    flights: Flights<ManifestLayer, u64, Read>,
}

impl Layers {
    pub(crate) fn new(
        store: Store,
        client: Client,
        analyzers: Arc<[Box<dyn Analyzer>]>,
        limits: &crate::Limits,
        state: &str,
    ) -> Self {
        Self {
            store,
            client,
            analyzers,
            limits: limits.layer,
            key: findings::key(state),
            permits: Arc::new(Semaphore::new(limits.concurrent_layers.max(1))),
            flights: Flights::new(),
        }
    }

    /// What was found in a layer, if it was read before.
    pub(crate) async fn known(
        &self,
        layer: &Digest,
    ) -> Result<Option<Arc<LayerFindings>>, Failure> {
        let stored = patiently(|| self.store.layer_findings(&self.key, layer)).await?;
        let Some(bytes) = stored else {
            return Ok(None);
        };
        let decoded = blocking(move || findings::decode(&bytes)).await?;
        match decoded {
            Ok(known) => Ok(Some(Arc::new(known))),
            Err(error) => {
                tracing::warn!(%layer, %error, "stored findings cannot be read");
                Ok(None)
            }
        }
    }

    /// Waits until a layer may be read.
    ///
    /// Turns come in the order in which they were asked for. So that is fair between images, each
    /// asks for one only when it has got the one before.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Failure::Cancelled)
    }

    /// Reads a layer, or waits for somebody else who does. `progress` is told the bytes, as they
    /// come.
    pub(crate) async fn read(
        self: &Arc<Self>,
        layer: &ManifestLayer,
        turn: OwnedSemaphorePermit,
        progress: impl Fn(u64),
    ) -> Read {
        let mut turn = Some(turn);
        loop {
            let mut flight = self.flights.join(&layer.hash, layer, |bytes, cancel| {
                Arc::clone(self).read_once(layer.clone(), turn.take(), bytes, cancel)
            });
            // Whoever reads it has had a turn for it.
            drop(turn.take());
            let mut told = 0;
            let outcome = loop {
                let mut bytes = flight.progress.clone();
                tokio::select! {
                    outcome = flight.outcome() => break outcome,
                    Ok(()) = bytes.changed() => {}
                }
                let fetched = *flight.progress.borrow_and_update();
                progress(fetched - told);
                told = fetched;
            };
            progress(*flight.progress.borrow() - told);
            match outcome.unwrap_or_else(|| Err(panicked())) {
                // It came from where another client says it is. Ours may know better.
                Err(_) if flight.is_of_other_request => turn = Some(self.turn().await?),
                outcome => return outcome,
            }
        }
    }

    async fn read_once(
        self: Arc<Self>,
        layer: ManifestLayer,
        turn: Option<OwnedSemaphorePermit>,
        bytes: watch::Sender<u64>,
        cancel: CancellationToken,
    ) -> Read {
        // Somebody may have read it since we were told that nobody had.
        if let Some(known) = self.known(&layer.hash).await? {
            metrics::layer_known();
            return Ok(known);
        }
        let digest = layer.hash.clone();
        let began = Instant::now();
        let read = self.fetch(layer, &bytes, cancel).await;
        drop(turn);
        let fetched = *bytes.borrow();
        metrics::layer_read(&read, fetched, began.elapsed());
        let (found, document) = read?;
        tracing::info!(layer = %digest, bytes = fetched, elapsed = ?began.elapsed(), "layer read");
        patiently(|| {
            self.store
                .store_layer_findings(&self.key, &digest, &document)
        })
        .await?;
        Ok(found)
    }

    /// Streams a layer from its server through the engine.
    async fn fetch(
        self: &Arc<Self>,
        layer: ManifestLayer,
        bytes: &watch::Sender<u64>,
        cancel: CancellationToken,
    ) -> Result<(Arc<LayerFindings>, Vec<u8>), Failure> {
        let digest = layer.hash.clone();
        let source = LayerSource::new(self.client.clone(), layer, cancel);
        let (analyzers, limits) = (Arc::clone(&self.analyzers), self.limits);
        let bytes = bytes.clone();
        blocking(move || {
            let progress = |count| bytes.send_modify(|bytes| *bytes += count);
            let layer = Layer::new(digest.clone());
            let read = read_layer(&source, &layer, &analyzers, &limits, &progress);
            let found = read.map_err(|error| failed(digest, error, source.into_failure()))?;
            let document = findings::encode(&found)
                .map_err(|error| Failure::Fault(format!("layer findings: {error}").into()))?;
            Ok((Arc::new(found), document))
        })
        .await?
    }
}

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layers")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// What was wrong: the way to the layer, or the layer.
fn failed(layer: Digest, error: clair_image::Error, fetch: Option<FetchError>) -> Failure {
    match fetch {
        Some(FetchError::Cancelled) => Failure::Cancelled,
        Some(source) => Failure::Unavailable {
            layer,
            source: Arc::new(source),
        },
        None => Failure::BadLayer {
            layer,
            source: Arc::new(error),
        },
    }
}

/// Runs what blocks on a thread for that.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let span = tracing::Span::current();
    let result = spawn_blocking(move || span.in_scope(work)).await;
    result.map_err(|error| {
        if error.is_panic() {
            panicked()
        } else {
            Failure::Cancelled
        }
    })
}

/// The panic itself has been logged.
pub(crate) fn panicked() -> Failure {
    Failure::Fault("the program panicked".into())
}
