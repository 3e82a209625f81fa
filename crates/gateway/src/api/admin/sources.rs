//! `/admin/api/v1/sources`: what security data comes from where, and how old it is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_rpc::proto::updater::v1;
use clair_rpc::proto::updater::v1::ListSourcesRequest;
use jiff::Timestamp;
use serde::Serialize;

use crate::api::update_operation::Operation;
use crate::api::{json, times};
use crate::app::App;
use crate::failure::Failure;
use crate::negotiation::JSON;

#[derive(Debug, Serialize)]
struct Sources {
    feeds: Vec<Feed>,
    sources: Vec<Source>,
}

#[derive(Debug, Serialize)]
struct Feed {
    name: String,
    description: String,
    upstream: String,
    enabled: bool,
    next_run: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Source {
    name: String,
    feed: String,
    last_attempt: Option<Timestamp>,
    last_success: Option<Timestamp>,
    last_error: String,
    upstream_date: Option<Timestamp>,
    advisories: u64,
    operation: Option<Operation>,
}

/// Lists the feeds and their sources.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let answer = app
        .updater()
        .list_sources(ListSourcesRequest {})
        .await?
        .into_inner();
    let sources = Sources {
        feeds: answer.feeds.into_iter().map(Feed::from).collect(),
        sources: answer.sources.into_iter().map(Source::from).collect(),
    };
    json(JSON, &sources)
}

impl From<v1::Feed> for Feed {
    fn from(feed: v1::Feed) -> Self {
        Self {
            name: feed.name,
            description: feed.description,
            upstream: feed.upstream,
            enabled: feed.enabled,
            next_run: times::point(feed.next_run_at),
        }
    }
}

impl From<v1::Source> for Source {
    fn from(source: v1::Source) -> Self {
        Self {
            name: source.name,
            feed: source.feed,
            last_attempt: times::point(source.last_attempt_at),
            last_success: times::point(source.last_success_at),
            last_error: source.last_error,
            upstream_date: times::point(source.upstream_date),
            advisories: source.advisories,
            operation: source.operation.map(Operation::from),
        }
    }
}
