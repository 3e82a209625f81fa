use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracing::subscriber::with_default;
use tracing::{Level, debug, error, event, info, info_span, warn};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::{LogFormat, LogLevel, Service};
use crate::tls::install_crypto_provider;

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written while something runs.
fn written(level: LogLevel, format: LogFormat, run: impl FnOnce()) -> String {
    let output = Output::default();
    let writer = output.clone();
    let layer = logs::layer(level, format, move || writer.clone());
    with_default(registry().with(layer), run);
    let bytes = output.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn json_logs_have_one_object_on_a_line_with_the_fields_of_spans() {
    let text = written(LogLevel::Info, LogFormat::Json, || {
        let _span = info_span!("request", request_id = "r-1").entered();
        info!(layers = 3, image = "a\nb", "indexed");
        warn!("second");
    });
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    let first = &lines[0];
    assert_eq!(first["level"], "INFO");
    assert_eq!(first["message"], "indexed");
    assert_eq!(first["layers"], 3);
    assert_eq!(first["image"], "a\nb");
    assert_eq!(first["spans"][0]["request_id"], "r-1");
    let time: jiff::Timestamp = first["timestamp"].as_str().unwrap().parse().unwrap();
    assert!((jiff::Timestamp::now() - time).get_seconds().abs() < 60);
}

#[test]
fn logs_for_people_are_coloured_only_where_asked_for() {
    let run = || info!(layers = 3, "indexed");
    let plain = written(LogLevel::Debug, LogFormat::Human, run);
    assert!(
        plain.contains("INFO") && plain.contains("indexed layers=3"),
        "{plain}"
    );
    assert!(!plain.contains('\u{1b}'));
    let coloured = written(LogLevel::DebugColor, LogFormat::Human, run);
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn levels_let_through_what_is_as_important() {
    let run = || {
        error!("error");
        warn!("warn");
        info!("info");
        debug!("debug");
        event!(target: "h2::frame", Level::DEBUG, "library");
        event!(target: "h2::frame", Level::WARN, "grave");
    };
    for (level, expected) in [
        (LogLevel::DebugColor, "error warn info debug grave"),
        (LogLevel::Debug, "error warn info debug grave"),
        (LogLevel::Info, "error warn info grave"),
        (LogLevel::Warn, "error warn grave"),
        (LogLevel::Error, "error"),
        (LogLevel::Fatal, "error"),
        (LogLevel::Panic, "error"),
    ] {
        let text = written(level, LogFormat::Json, run);
        let messages: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].to_string())
            .map(|message| message.trim_matches('"').to_owned())
            .collect();
        assert_eq!(messages.join(" "), expected, "{level:?}");
    }
}

fn tracing_config(yaml: &str) -> Config {
    let text = format!("database: {{connstring: host=db}}\n{yaml}");
    Config::from_yaml(&text, Mode::Combo).unwrap()
}

/// Makes a span within the traces that a configuration says, and sends it.
async fn send_span(config: &Config, mode: Mode) {
    install_crypto_provider();
    let provider = traces::provider(config, mode).unwrap().unwrap();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("clair"));
    with_default(registry().with(layer), || {
        info_span!("fetch layer", layer = "sha256:0").in_scope(|| info!("fetched"));
    });
    tokio::task::spawn_blocking(move || provider.shutdown().unwrap())
        .await
        .unwrap();
}

/// A collector that hands on what it is sent.
struct Collector(mpsc::Sender<(Option<String>, ExportTraceServiceRequest)>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let header = request.metadata().get("x-tenant");
        let header = header.map(|value| value.to_str().unwrap().to_owned());
        self.0.send((header, request.into_inner())).await.unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_sent_by_grpc() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, mut received) = mpsc::channel(1);
    let server = tonic::transport::Server::builder()
        .add_service(TraceServiceServer::new(Collector(sender)))
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    let config = tracing_config(&format!(
        "trace: {{name: otlp, probability: 1, otlp: {{grpc: {{endpoint: '{address}', \
         insecure: true, headers: {{X-Tenant: t1}}}}}}}}"
    ));
    send_span(&config, Mode::Only(Service::Indexer)).await;
    let (header, request) = received.recv().await.unwrap();
    assert_eq!(header.as_deref(), Some("t1"));
    let spans = &request.resource_spans[0];
    let resource = format!("{:?}", spans.resource);
    assert!(resource.contains("clairv4/indexer"), "{resource}");
    let span = &spans.scope_spans[0].spans[0];
    assert_eq!(span.name, "fetch layer");
    assert_eq!(span.events[0].name, "fetched");
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_sent_by_http() {
    let collector = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/traces"))
        .and(header("content-type", "application/x-protobuf"))
        .and(header("x-tenant", "t1"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&collector)
        .await;
    let config = tracing_config(&format!(
        "trace: {{name: otlp, probability: 1, otlp: {{http: {{endpoint: '{}', insecure: true, \
         headers: {{X-Tenant: t1}}}}}}}}",
        collector.address()
    ));
    send_span(&config, Mode::Combo).await;
    let request = &collector.received_requests().await.unwrap()[0];
    for text in ["clairv4/combo", "fetch layer"] {
        let found = request
            .body
            .windows(text.len())
            .any(|part| part == text.as_bytes());
        assert!(found, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_kept_as_the_configuration_says() {
    let otlp = "otlp: {http: {endpoint: 'ADDRESS', insecure: true}}";
    for (yaml, sent) in [
        ("trace: {name: otlp, OTLP}", 0),
        ("trace: {name: otlp, probability: 0, OTLP}", 0),
        ("trace: {name: otlp, probability: 1, OTLP}", 1),
        ("log_level: debug\ntrace: {name: otlp, OTLP}", 1),
    ] {
        let collector = MockServer::start().await;
        Mock::given(path("/v1/traces"))
            .respond_with(ResponseTemplate::new(200))
            .expect(sent)
            .mount(&collector)
            .await;
        let address = collector.address().to_string();
        let yaml = yaml.replace("OTLP", otlp).replace("ADDRESS", &address);
        send_span(&tracing_config(&yaml), Mode::Combo).await;
    }
}

#[tokio::test]
async fn without_a_collector_there_are_no_traces() {
    for yaml in [
        "",
        "trace: {name: jaeger}",
        "trace: {otlp: {grpc: {endpoint: 'o:1'}}}",
    ] {
        let provider = traces::provider(&tracing_config(yaml), Mode::Combo).unwrap();
        assert!(provider.is_none(), "{yaml}");
    }
}

#[tokio::test]
async fn headers_that_cannot_be_sent_are_refused() {
    install_crypto_provider();
    for protocol in ["grpc", "http"] {
        let config = tracing_config(&format!(
            "trace: {{name: otlp, otlp: {{{protocol}: {{headers: {{'X Y': hunter2}}}}}}}}"
        ));
        let error = traces::provider(&config, Mode::Combo)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "\"X Y\" is no header that can be sent with traces");
    }
}

#[tokio::test]
async fn durations_and_sizes_have_the_bounds_of_clair() {
    let page = MetricsPage::start("/metrics", &Shutdown::new(Duration::ZERO)).unwrap();
    ::metrics::histogram!("telemetry_test_duration_seconds").record(0.6);
    ::metrics::histogram!("telemetry_test_size_bytes").record(300.0);
    let text = page.render();
    for line in [
        "telemetry_test_duration_seconds_bucket{le=\"0.5\"} 0",
        "telemetry_test_duration_seconds_bucket{le=\"0.7\"} 1",
        "telemetry_test_duration_seconds_bucket{le=\"300\"} 1",
        "telemetry_test_size_bytes_bucket{le=\"256\"} 0",
        "telemetry_test_size_bytes_bucket{le=\"1024\"} 1",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
}
