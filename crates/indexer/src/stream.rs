//! The events of a call of `Index`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clair_model::{IndexReport, IndexState, Manifest};
use clair_rpc::Error as RpcError;
use clair_rpc::proto::indexer::v1::index_response::Event;
use clair_rpc::proto::indexer::v1::{IndexFailure, IndexOutcome, IndexResponse};
use futures::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

use crate::error::Failure;
use crate::indexer::{IndexWaiter, Indexed, Indexer};
use crate::layers::panicked;

/// So often numbers are told that change all the time. States are told at once.
const INTERVAL: Duration = Duration::from_millis(200);

/// A call of `Index`. When it is dropped, nobody waits on its behalf.
pub(crate) struct Call {
    indexer: Arc<Indexer>,
    manifest: Manifest,
    waiter: IndexWaiter,
    outcome: Option<Indexed>,
    told_states: usize,
    told: Instant,
    /// Counts among the requests that are served.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Call {
    pub(crate) fn begin(
        indexer: Arc<Indexer>,
        manifest: Manifest,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let waiter = indexer.join(&manifest);
        Self {
            indexer,
            manifest,
            waiter,
            outcome: None,
            told_states: 0,
            told: Instant::now(),
            _permit: permit,
        }
    }

    /// Its events, the outcome last.
    pub(crate) fn events(self) -> impl Stream<Item = Result<IndexResponse, Status>> + Send {
        futures::stream::unfold(Some(self), |call| async {
            let mut call = call?;
            let event = call.next().await;
            let is_last = !matches!(&event, Ok(response) if is_progress(response));
            Some((event, (!is_last).then_some(call)))
        })
    }

    async fn next(&mut self) -> Result<IndexResponse, Status> {
        loop {
            if let Some(progress) = self.new_state() {
                return Ok(progress);
            }
            if let Some(outcome) = self.outcome.take() {
                return outcome_response(&self.manifest, outcome, &self.indexer.state);
            }
            let mut progress = self.waiter.progress.clone();
            tokio::select! {
                outcome = self.waiter.outcome() => {
                    let outcome = outcome.unwrap_or_else(|| Err(panicked()));
                    if outcome.is_err() && self.waiter.is_of_other_request {
                        // It failed by what another client said. Ours may have said better.
                        self.waiter = self.indexer.join(&self.manifest);
                    } else {
                        self.outcome = Some(outcome);
                    }
                }
                Ok(()) = progress.changed() => {}
            }
            if let Some(progress) = self.new_numbers() {
                return Ok(progress);
            }
        }
    }

    fn new_state(&mut self) -> Option<IndexResponse> {
        let progress = self.waiter.progress.borrow_and_update();
        let state = *progress.states.get(self.told_states)?;
        let message = progress.message(state);
        drop(progress);
        self.told_states += 1;
        self.told = Instant::now();
        Some(IndexResponse {
            event: Some(Event::Progress(message)),
        })
    }

    fn new_numbers(&mut self) -> Option<IndexResponse> {
        let progress = self.waiter.progress.borrow_and_update();
        let is_new_state = progress.states.len() > self.told_states;
        if is_new_state || self.told.elapsed() < INTERVAL {
            return None;
        }
        let message = progress.message(*progress.states.last()?);
        drop(progress);
        self.told = Instant::now();
        Some(IndexResponse {
            event: Some(Event::Progress(message)),
        })
    }
}

fn is_progress(response: &IndexResponse) -> bool {
    matches!(response.event, Some(Event::Progress(_)))
}

/// The outcome of a manifest that was indexed already.
pub(crate) fn known(report: IndexReport, state: &str) -> IndexResponse {
    succeeded(report, state)
}

fn succeeded(report: IndexReport, state: &str) -> IndexResponse {
    let outcome = IndexOutcome {
        report: Some(report.into()),
        failure: None,
        indexer_state: state.to_owned(),
    };
    IndexResponse {
        event: Some(Event::Outcome(outcome)),
    }
}

fn outcome_response(
    manifest: &Manifest,
    outcome: Indexed,
    state: &str,
) -> Result<IndexResponse, Status> {
    let failure = match outcome {
        Ok(report) => return Ok(succeeded(Arc::unwrap_or_clone(report), state)),
        Err(failure) if failure.is_of_image() => failure,
        Err(failure) => return Err(RpcError::of(&failure).into()),
    };
    Ok(failed(manifest, &failure, state))
}

fn failed(manifest: &Manifest, failure: &Failure, state: &str) -> IndexResponse {
    let error = RpcError::of(failure);
    let report = without_content(
        manifest.hash.clone(),
        IndexState::IndexError,
        error.message(),
    );
    let outcome = IndexOutcome {
        report: Some(report.into()),
        failure: Some(IndexFailure {
            error: Some(error.into()),
            layer_digest: failure.layer().map(ToString::to_string).unwrap_or_default(),
        }),
        indexer_state: state.to_owned(),
    };
    IndexResponse {
        event: Some(Event::Outcome(outcome)),
    }
}

/// The report of a manifest that has none yet.
pub(crate) fn without_content(
    manifest: clair_model::Digest,
    state: IndexState,
    error: &str,
) -> IndexReport {
    IndexReport {
        manifest_hash: manifest,
        state,
        packages: std::collections::BTreeMap::new(),
        distributions: std::collections::BTreeMap::new(),
        repository: std::collections::BTreeMap::new(),
        environments: std::collections::BTreeMap::new(),
        success: false,
        err: error.to_owned(),
        coverage: Vec::new(),
    }
}
