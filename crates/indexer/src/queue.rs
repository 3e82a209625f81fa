//! Indexing while nobody waits: the queue of work, and what failed in it for good.

use std::sync::Arc;

use clair_bus::{
    Bus, ConsumeOptions, DeadLetter, Delivery, Failure as Failed, IndexRequest, Priority, Pushed,
    Replay, WorkQueue,
};
use clair_model::Manifest;
use clair_rpc::conversion::{InvalidField, to_timestamp};
use clair_rpc::proto::indexer::v1;
use clair_rpc::{Context, Error as RpcError, ErrorCode, ServiceError as _};
use tokio_util::sync::CancellationToken;

use crate::error::Failure;
use crate::indexer::Indexer;

/// Dead letters of a page, where nobody says how many, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

/// The queue of manifests to be indexed.
#[derive(Debug, Clone)]
pub(crate) struct Queue(WorkQueue<IndexRequest>);

impl Queue {
    pub(crate) fn new(bus: &Bus) -> Self {
        Self(bus.work_queue())
    }

    /// Puts a manifest into the queue.
    pub(crate) async fn push(
        &self,
        manifest: Manifest,
        priority: v1::Priority,
    ) -> Result<v1::EnqueueOutcome, RpcError> {
        let request_id = Context::current().map(|context| context.request_id.to_string());
        let work = IndexRequest {
            manifest,
            request_id,
        };
        let priority = match priority {
            v1::Priority::High => Priority::High,
            v1::Priority::Normal | v1::Priority::Unspecified => Priority::Normal,
            v1::Priority::Low => Priority::Low,
        };
        match self.0.push(&work, priority).await.map_err(unavailable)? {
            Pushed::Queued => Ok(v1::EnqueueOutcome::Queued),
            Pushed::AlreadyQueued => Ok(v1::EnqueueOutcome::AlreadyQueued),
        }
    }

    /// Indexes what is in the queue, so many manifests at the same time, until `stop`.
    pub(crate) async fn work(
        self,
        indexer: Arc<Indexer>,
        concurrency: usize,
        stop: CancellationToken,
    ) {
        let handler = move |delivery: Delivery<IndexRequest>| {
            let indexer = Arc::clone(&indexer);
            async move { index(&indexer, &delivery.payload.manifest).await }
        };
        let options = ConsumeOptions::for_work(concurrency);
        self.0.consume(options, handler, stop).await;
    }

    /// A page of dead letters.
    pub(crate) async fn dead_letters(
        &self,
        page_size: u32,
        page_token: &str,
    ) -> Result<v1::ListDeadLettersResponse, RpcError> {
        let after = match page_token {
            "" => 0,
            token => token.parse().map_err(|_| {
                InvalidField::new("page_token", "is not the `next_page_token` of a page")
            })?,
        };
        let limit = if page_size == 0 {
            PAGE
        } else {
            page_size.min(MAX_PAGE)
        } as usize;
        let letters = self
            .0
            .dead_letters()
            .list(after, limit)
            .await
            .map_err(unavailable)?;
        let last = letters.last().filter(|_| letters.len() == limit);
        Ok(v1::ListDeadLettersResponse {
            next_page_token: last.map(|letter| letter.id.to_string()).unwrap_or_default(),
            dead_letters: letters.into_iter().map(message).collect(),
        })
    }

    /// Puts dead letters back into the queue: these, or all.
    pub(crate) async fn replay(
        &self,
        ids: Option<Vec<u64>>,
    ) -> Result<v1::ReplayDeadLettersResponse, RpcError> {
        let letters = self.0.dead_letters();
        let mut response = v1::ReplayDeadLettersResponse::default();
        let Some(ids) = ids else {
            response.replayed = letters.replay_all().await.map_err(unavailable)?;
            return Ok(response);
        };
        for id in ids {
            match letters.replay(id).await.map_err(unavailable)? {
                Replay::Replayed => response.replayed += 1,
                Replay::Missing => response.missing_ids.push(id),
            }
        }
        Ok(response)
    }
}

async fn index(indexer: &Arc<Indexer>, manifest: &Manifest) -> Result<(), Failed> {
    let result = match indexer.current_report(&manifest.hash).await {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => indexer.index(manifest).await,
        Err(failure) => Err(failure),
    };
    match result {
        // Whoever deleted it does not want it any more.
        Ok(_) | Err(Failure::Deleted(_)) => Ok(()),
        Err(failure) => Err(failed(&failure)),
    }
}

fn failed(failure: &Failure) -> Failed {
    let code = failure.code();
    let error = RpcError::of(failure);
    if code.is_retryable() {
        Failed::retryable(code.reason(), error.message())
    } else {
        Failed::permanent(code.reason(), error.message())
    }
}

fn message(letter: DeadLetter) -> v1::DeadLetter {
    let work: Option<IndexRequest> = letter.work().ok();
    let priority = match letter.priority() {
        Some(Priority::High) => v1::Priority::High,
        Some(Priority::Normal) => v1::Priority::Normal,
        Some(Priority::Low) => v1::Priority::Low,
        None => v1::Priority::Unspecified,
    };
    // Codes of the queue itself, such as that of work that nobody lived to finish, are faults.
    let code = ErrorCode::from_reason(&letter.code).unwrap_or(ErrorCode::Internal);
    v1::DeadLetter {
        id: letter.id,
        manifest_digest: work
            .map(|work| work.manifest.hash.to_string())
            .unwrap_or_default(),
        priority: priority.into(),
        error: Some(RpcError::new(code, letter.message).into()),
        attempts: letter.attempts,
        enqueued_at: letter.published_at.map(to_timestamp),
        failed_at: Some(to_timestamp(letter.failed_at)),
    }
}

fn unavailable(error: clair_bus::Error) -> RpcError {
    match error {
        clair_bus::Error::TooLarge { size, max } => RpcError::new(
            ErrorCode::InvalidArgument,
            format!("manifest: {size} bytes, and at most {max} can be queued"),
        ),
        error if error.is_retryable() => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "queue not available"
            );
            RpcError::new(ErrorCode::Unavailable, "the queue of work is not available")
        }
        error => RpcError::internal(&error),
    }
}
