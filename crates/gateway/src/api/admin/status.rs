//! `/admin/api/v1/status`: what the services work with.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_rpc::proto::indexer::v1::GetIndexStateRequest;
use clair_rpc::proto::matcher::v1::{GetStatusRequest, SourceStatus};
use jiff::Timestamp;
use serde::Serialize;

use crate::api::{json, times};
use crate::app::App;
use crate::failure::Failure;
use crate::negotiation::JSON;
use crate::streamed::Told;

/// Each service tells of itself, or why it does not.
#[derive(Debug, Serialize)]
struct Status {
    indexer: Answer<Indexer>,
    matcher: Answer<Matcher>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<T> {
    Is(T),
    Failed { error: Told },
}

#[derive(Debug, Serialize)]
struct Indexer {
    state: String,
    analyzers: Vec<Analyzer>,
}

#[derive(Debug, Serialize)]
struct Analyzer {
    name: String,
    version: u32,
}

#[derive(Debug, Serialize)]
struct Matcher {
    loaded: bool,
    generation: String,
    sources: Vec<Source>,
}

#[derive(Debug, Serialize)]
struct Source {
    name: String,
    feed: String,
    current: String,
    latest: String,
    advisories: u64,
    upstream_date: Option<Timestamp>,
    checked: Option<Timestamp>,
}

/// Gives what the indexer and the matcher work with. One that does not answer does not hide the
/// other.
pub(crate) async fn read(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let (indexer, matcher) = tokio::join!(indexer(&app), matcher(&app));
    let status = Status {
        indexer: indexer.into(),
        matcher: matcher.into(),
    };
    json(JSON, &status)
}

async fn indexer(app: &App) -> Result<Indexer, Failure> {
    let answer = app
        .indexer()
        .get_index_state(GetIndexStateRequest {})
        .await?
        .into_inner();
    let analyzers = answer.analyzers.into_iter().map(|analyzer| Analyzer {
        name: analyzer.name,
        version: analyzer.version,
    });
    Ok(Indexer {
        state: answer.indexer_state,
        analyzers: analyzers.collect(),
    })
}

async fn matcher(app: &App) -> Result<Matcher, Failure> {
    let answer = app
        .matcher()
        .get_status(GetStatusRequest {})
        .await?
        .into_inner();
    Ok(Matcher {
        loaded: answer.loaded,
        generation: answer.generation,
        sources: answer.sources.into_iter().map(Source::from).collect(),
    })
}

impl<T> From<Result<T, Failure>> for Answer<T> {
    fn from(answer: Result<T, Failure>) -> Self {
        match answer {
            Ok(answer) => Self::Is(answer),
            Err(failure) => Self::Failed {
                error: Told::of(&failure),
            },
        }
    }
}

impl From<SourceStatus> for Source {
    fn from(source: SourceStatus) -> Self {
        Self {
            name: source.name,
            feed: source.feed,
            current: source.current_ref,
            latest: source.latest_ref,
            advisories: source.advisories,
            upstream_date: times::point(source.upstream_date),
            checked: times::point(source.checked_at),
        }
    }
}
