//! The services behind the gateway, which do as they are told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clair_gateway::Services;
use clair_rpc::proto::indexer::v1::indexer_server::IndexerServer;
use clair_rpc::proto::matcher::v1::matcher_server::MatcherServer;
use clair_rpc::proto::notifier::v1::notifier_server::NotifierServer;
use clair_rpc::proto::updater::v1::updater_server::UpdaterServer;
use clair_rpc::{ChannelOptions, Context, Error, ErrorCode, Retry, Server, ServerOptions, Trust};
use opentelemetry::trace::{TraceContextExt as _, TraceId};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::indexer::Indexer;
use super::matcher::Matcher;
use super::notifier::Notifier;
use super::updater::Updater;

/// All services, on one port.
#[derive(Debug)]
pub(crate) struct Suite {
    address: SocketAddr,
    pub(crate) indexer: Indexer,
    pub(crate) matcher: Matcher,
    pub(crate) notifier: Notifier,
    pub(crate) updater: Updater,
    pub(crate) calls: Calls,
    _running: DropGuard,
}

/// What was called, and what is not to succeed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    made: Vec<Call>,
    failing: HashMap<&'static str, Error>,
    slow: HashMap<&'static str, Duration>,
}

/// A call that was made, with what it was a part of.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: &'static str,
    pub(crate) context: Context,
    pub(crate) trace: TraceId,
}

impl Calls {
    /// Notes a call, and lets it fail or take its time if it is to.
    pub(crate) async fn begin(&self, method: &'static str) -> Result<(), Status> {
        let (failure, pause) = {
            let mut state = self.0.lock().unwrap();
            let span = tracing::Span::current().context();
            state.made.push(Call {
                method,
                context: Context::current().expect("services set it"),
                trace: span.span().span_context().trace_id(),
            });
            (
                state.failing.get(method).cloned(),
                state.slow.get(method).copied(),
            )
        };
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Lets all calls of a method fail.
    pub(crate) fn fail(&self, method: &'static str, code: ErrorCode, message: &str) {
        let error = Error::new(code, message);
        self.0.lock().unwrap().failing.insert(method, error);
    }

    /// Lets all calls of a method take this long.
    pub(crate) fn slow(&self, method: &'static str, pause: Duration) {
        self.0.lock().unwrap().slow.insert(method, pause);
    }

    /// How often a method was called.
    pub(crate) fn count(&self, method: &str) -> usize {
        let state = self.0.lock().unwrap();
        state
            .made
            .iter()
            .filter(|call| call.method == method)
            .count()
    }

    /// The last call of a method.
    pub(crate) fn last(&self, method: &str) -> Call {
        let state = self.0.lock().unwrap();
        let made = state.made.iter().rev().find(|call| call.method == method);
        made.expect("it was called").clone()
    }
}

impl Suite {
    pub(crate) async fn start() -> Arc<Self> {
        let calls = Calls::default();
        let indexer = Indexer::new(calls.clone());
        let matcher = Matcher::new(calls.clone());
        let notifier = Notifier::new(calls.clone());
        let updater = Updater::new(calls.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let trust = Trust {
            loopback: true,
            ..Trust::default()
        };
        let server = Server::new(ServerOptions::new(trust))
            .with_service(IndexerServer::new(indexer.clone()))
            .with_service(MatcherServer::new(matcher.clone()))
            .with_service(NotifierServer::new(notifier.clone()))
            .with_service(UpdaterServer::new(updater.clone()));
        let shutdown = CancellationToken::new();
        tokio::spawn(server.serve(listener, shutdown.clone().cancelled_owned()));
        Arc::new(Self {
            address,
            indexer,
            matcher,
            notifier,
            updater,
            calls,
            _running: shutdown.drop_guard(),
        })
    }

    pub(crate) fn services(&self) -> Services {
        let options = ChannelOptions {
            retry: Retry {
                attempts: 1,
                ..Retry::default()
            },
            ..ChannelOptions::new(format!("http://{}", self.address))
        };
        Services {
            indexer: options.clone(),
            matcher: options.clone(),
            updater: options.clone(),
            notifier: Some(options),
        }
    }
}
