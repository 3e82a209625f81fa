//! What every request has: an id, a place in the log, a part in a trace.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use opentelemetry::trace::{TraceId, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::Method;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::Gateway;
use crate::support::documents::{digest, manifest};
use crate::support::tokens::{bearer, psk, quay};

const STATE: &str = "/indexer/api/v1/index_state";

/// The log of all gateways of this process.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The log, from the first call on.
    fn shared() -> &'static Self {
        static LOG: LazyLock<Log> = LazyLock::new(|| {
            let log = Log::default();
            opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
            let provider = SdkTracerProvider::builder().build();
            let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(log.clone());
            let level = tracing_subscriber::filter::LevelFilter::INFO;
            let subscriber = tracing_subscriber::registry()
                .with(level)
                .with(traces)
                .with(lines);
            tracing::subscriber::set_global_default(subscriber).unwrap();
            log
        });
        &LOG
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The one event that tells of a request.
    async fn of(&self, id: &str) -> Value {
        for _ in 0..100 {
            let events = self.text();
            let events: Vec<Value> = events
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .filter(|event: &Value| event["message"] == "request" && event["request_id"] == id)
                .collect();
            match events.as_slice() {
                [] => tokio::time::sleep(Duration::from_millis(20)).await,
                [event] => return event.clone(),
                more => panic!("{more:?}"),
            }
        }
        panic!("nothing tells of request {id}");
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own_that_the_services_know() {
    let gateway = Gateway::start().await;
    // Who is no proxy of ours chooses no ids.
    let first = gateway.get_with(STATE, &[("x-request-id", "mine")]).await;
    let id = first.header("x-request-id").unwrap();
    assert_ne!(id, "mine");
    assert_eq!(
        gateway
            .suite
            .calls
            .last("GetIndexState")
            .context
            .request_id
            .as_str(),
        id
    );
    let second = gateway.get(STATE).await;
    assert_ne!(second.header("x-request-id"), Some(id));
}

#[tokio::test]
async fn a_trusted_proxy_names_requests() {
    let gateway = Gateway::configured("gateway: {trusted_proxies: [127.0.0.1]}").await;
    let answer = gateway.get_with(STATE, &[("x-request-id", "edge-1")]).await;
    assert_eq!(answer.header("x-request-id"), Some("edge-1"));
    let context = gateway.suite.calls.last("GetIndexState").context;
    assert_eq!(context.request_id.as_str(), "edge-1");
    assert!(context.deadline.is_some());
    let forged = gateway.get_with(STATE, &[("x-request-id", "a b")]).await;
    assert_ne!(forged.header("x-request-id"), Some("a b"));
}

#[tokio::test]
async fn one_event_tells_of_a_request_without_its_token() {
    let log = Log::shared();
    let gateway = Gateway::configured(&psk()).await;
    gateway.suite.matcher.know(&digest(1));
    let token = quay();
    let path = format!(
        "/matcher/api/v1/vulnerability_report/{}?token={token}",
        digest(1)
    );
    let answer = gateway
        .get_with(&path, &[("authorization", &bearer(&token))])
        .await;
    let event = log.of(answer.header("x-request-id").unwrap()).await;
    assert_eq!(event["method"], "GET");
    assert_eq!(
        event["route"],
        "/matcher/api/v1/vulnerability_report/{manifest_hash}"
    );
    assert_eq!(event["status"], 200);
    assert_eq!(event["bytes"], answer.body.len());
    assert_eq!(event["issuer"], "quay");
    assert_eq!(event["client"], "127.0.0.1");
    assert!(event["duration"].as_f64().unwrap() > 0.0);
    let signature = token.rsplit('.').next().unwrap();
    assert!(!log.text().contains(signature));
    let refused = gateway.get(STATE).await;
    let event = log.of(refused.header("x-request-id").unwrap()).await;
    assert_eq!(
        (&event["status"], event.get("issuer")),
        (&Value::from(401), None)
    );
    let unknown = gateway.get("/a/path/that/a/client/made/up").await;
    let event = log.of(unknown.header("x-request-id").unwrap()).await;
    assert_eq!(event["route"], "none");
    assert!(!log.text().contains("made/up"));
}

/// Clients give up; what became of their requests is told all the same.
#[tokio::test]
async fn a_client_that_goes_away_is_told_of_as_499() {
    let log = Log::shared();
    let gateway = Gateway::configured("gateway: {trusted_proxies: [127.0.0.1]}").await;
    gateway.suite.calls.slow("Index", Duration::from_secs(20));
    let headers = [("x-request-id", "gone")];
    let body = Some(manifest(1).to_string());
    let asking = gateway.ask(Method::POST, "/indexer/api/v1/index_report", &headers, body);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), asking)
            .await
            .is_err()
    );
    assert_eq!(log.of("gone").await["status"], 499);
}

#[tokio::test]
async fn a_request_takes_part_in_the_trace_of_its_client() {
    Log::shared();
    let gateway = Gateway::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    gateway.get_with(STATE, &[("traceparent", &parent)]).await;
    let seen = gateway.suite.calls.last("GetIndexState").trace;
    assert_eq!(seen, TraceId::from_hex(trace).unwrap());
}

#[tokio::test]
async fn the_head_of_an_answer_can_be_had_alone() {
    let gateway = Gateway::start().await;
    let answer = gateway.ask(Method::HEAD, STATE, &[], None::<&str>).await;
    answer.empty(200);
    assert!(answer.header("etag").is_some());
}
