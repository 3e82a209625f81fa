//! How far the indexing of a manifest has come.

use clair_model::IndexState;
use clair_rpc::proto::indexer::v1::IndexProgress;
use clair_rpc::proto::model::v1;
use tokio::sync::watch;

/// How far the indexing of a manifest has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// The states it has been in, so that who looks rarely misses none.
    pub(crate) states: Vec<IndexState>,
    pub(crate) layers: u32,
    pub(crate) done: u32,
    pub(crate) known: u32,
    pub(crate) fetched: u64,
}

impl Progress {
    /// The message about one of the states, with the numbers of now.
    pub(crate) fn message(&self, state: IndexState) -> IndexProgress {
        IndexProgress {
            state: v1::IndexState::from(state).into(),
            layers_total: self.layers,
            layers_done: self.done,
            layers_known: self.known,
            fetched_bytes: self.fetched,
        }
    }
}

/// Tells how far it has come.
#[derive(Debug)]
pub(crate) struct Reporter(pub(crate) watch::Sender<Progress>);

impl Reporter {
    pub(crate) fn enter(&self, state: IndexState) {
        tracing::debug!(?state, "indexing goes on");
        self.0.send_modify(|progress| progress.states.push(state));
    }

    pub(crate) fn layers(&self, layers: usize) {
        self.0
            .send_modify(|progress| progress.layers = u32::try_from(layers).unwrap_or(u32::MAX));
    }

    pub(crate) fn layer_known(&self) {
        self.0.send_modify(|progress| {
            progress.known += 1;
            progress.done += 1;
        });
    }

    pub(crate) fn layer_done(&self) {
        self.0.send_modify(|progress| progress.done += 1);
    }

    /// The first bytes of the first layer are the beginning of reading, which goes on together
    /// with fetching.
    pub(crate) fn fetched(&self, bytes: u64) {
        self.0.send_modify(|progress| {
            progress.fetched += bytes;
            if progress.states.last() == Some(&IndexState::FetchLayers) {
                progress.states.push(IndexState::ScanLayers);
            }
        });
    }
}
