//! One attempt to index a manifest, from its submission to its report.

use std::collections::HashMap;
use std::sync::Arc;

use clair_index::{LayerFindings, merge, report};
use clair_model::{Digest, IndexReport, IndexState, Manifest, ManifestLayer};
use clair_store::{LockName, Store};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::Failure;
use crate::layers::{Layers, blocking};
use crate::progress::Reporter;
use crate::retry::patiently;

/// Findings of known layers that are loaded at the same time.
const CONCURRENT_LOADS: usize = 4;

type Found = (Digest, Arc<LayerFindings>);
type Turn = Result<OwnedSemaphorePermit, Failure>;

/// One attempt to index a manifest.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) store: &'a Store,
    pub(crate) layers: &'a Arc<Layers>,
    pub(crate) state: &'a str,
    pub(crate) manifest: &'a Manifest,
    pub(crate) progress: Reporter,
}

impl Attempt<'_> {
    /// Indexes the manifest. Everything that was read is kept, whatever comes of the rest.
    pub(crate) async fn run(&self) -> Result<IndexReport, Failure> {
        let digest = &self.manifest.hash;
        // Held until the end. Should it be lost, some work may be done twice, and nothing else.
        let _lock = patiently(|| self.store.lock(LockName::Manifest(digest))).await?;
        if let Some(report) = current_report(self.store, digest, self.state).await? {
            tracing::debug!(manifest = %digest, "manifest was indexed by another replica");
            return Ok(report);
        }
        self.progress.enter(IndexState::CheckManifest);
        let digests: Vec<Digest> = self
            .manifest
            .layers
            .iter()
            .map(|layer| layer.hash.clone())
            .collect();
        patiently(|| self.store.submit_manifest(digest, &digests)).await?;

        let mut findings = self.known().await?;
        self.enter(IndexState::FetchLayers).await?;
        self.read_unknown(&mut findings).await?;

        self.enter(IndexState::Coalesce).await?;
        let report = self.merge(digests, findings).await?;

        self.enter(IndexState::IndexManifest).await?;
        patiently(|| self.store.finish_manifest(&report, self.state)).await?;
        self.progress.enter(IndexState::IndexFinished);
        Ok(report)
    }

    async fn enter(&self, state: IndexState) -> Result<(), Failure> {
        self.progress.enter(state);
        let digest = &self.manifest.hash;
        patiently(|| self.store.set_manifest_state(digest, state)).await?;
        Ok(())
    }

    /// The findings of the layers that were read before. A layer may be there more than once.
    async fn known(&self) -> Result<HashMap<Digest, Arc<LayerFindings>>, Failure> {
        let layers = distinct(self.manifest);
        self.progress.layers(layers.len());
        let loads = layers.into_iter().map(|layer| self.load(layer.hash));
        let mut loads = stream::iter(loads)
            .buffer_unordered(CONCURRENT_LOADS)
            .boxed();
        let mut found = HashMap::new();
        while let Some(known) = loads.try_next().await? {
            let Some((digest, findings)) = known else {
                continue;
            };
            crate::metrics::layer_known();
            self.progress.layer_known();
            found.insert(digest, findings);
        }
        Ok(found)
    }

    fn load(&self, layer: Digest) -> BoxFuture<'_, Result<Option<Found>, Failure>> {
        let load = async move {
            let known = self.layers.known(&layer).await?;
            Ok(known.map(|known| (layer, known)))
        };
        load.boxed()
    }

    /// Reads the other layers. The first one that fails ends it.
    async fn read_unknown(
        &self,
        findings: &mut HashMap<Digest, Arc<LayerFindings>>,
    ) -> Result<(), Failure> {
        let mut unknown = distinct(self.manifest);
        unknown.retain(|layer| !findings.contains_key(&layer.hash));
        let count = unknown.len();
        let mut reads = stream::iter(unknown)
            .then(|layer| self.turn(layer))
            .map(|(layer, turn)| self.read(layer, turn))
            .buffer_unordered(count.max(1))
            .boxed();
        let mut is_scanning = false;
        while let Some((digest, found)) = reads.try_next().await? {
            if !is_scanning {
                is_scanning = true;
                let state = IndexState::ScanLayers;
                patiently(|| self.store.set_manifest_state(&self.manifest.hash, state)).await?;
            }
            self.progress.layer_done();
            findings.insert(digest, found);
        }
        Ok(())
    }

    fn turn(&self, layer: ManifestLayer) -> BoxFuture<'_, (ManifestLayer, Turn)> {
        async move { (layer, self.layers.turn().await) }.boxed()
    }

    fn read(&self, layer: ManifestLayer, turn: Turn) -> BoxFuture<'_, Result<Found, Failure>> {
        let read = async move {
            let fetched = |bytes| self.progress.fetched(bytes);
            let found = self.layers.read(&layer, turn?, fetched).await?;
            Ok((layer.hash, found))
        };
        read.boxed()
    }

    async fn merge(
        &self,
        layers: Vec<Digest>,
        findings: HashMap<Digest, Arc<LayerFindings>>,
    ) -> Result<IndexReport, Failure> {
        let manifest = self.manifest.hash.clone();
        blocking(move || {
            let stacked: Vec<(&Digest, &LayerFindings)> = layers
                .iter()
                .filter_map(|digest| Some((digest, findings.get(digest)?.as_ref())))
                .collect();
            report(manifest, merge(&stacked))
        })
        .await
    }
}

/// The report of a manifest if it was made by an indexer of this state.
pub(crate) async fn current_report(
    store: &Store,
    manifest: &Digest,
    state: &str,
) -> Result<Option<IndexReport>, Failure> {
    let stored = patiently(|| store.index_report(manifest)).await?;
    let Some(stored) = stored.filter(|stored| stored.analyzers == state) else {
        return Ok(None);
    };
    Ok(Some(blocking(move || stored.report()).await??))
}

/// The layers without repetitions.
fn distinct(manifest: &Manifest) -> Vec<ManifestLayer> {
    let mut seen = std::collections::HashSet::new();
    let first = |layer: &&ManifestLayer| seen.insert(layer.hash.clone());
    manifest.layers.iter().filter(first).cloned().collect()
}
