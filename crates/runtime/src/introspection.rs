//! The port for those who run the suite: health, readiness, metrics. Plain HTTP, for anyone.
//!
//! - `/healthz` answers 200 and `ok` as long as the process lives.
//! - `/readyz` answers 200 if the process can do its work, else 503, and lists what was checked.
//!   What is degraded still works.
//! - `/metrics`, or where the configuration says, has the metrics.
//!
//! There are no profiles: no maintained crate offers them without signal handlers that may unwind
//! the stack of whatever they interrupt. Tools from outside (`perf`, eBPF) do so safely.
//! `/debug/pprof/` of Clair is therefore not found.

mod health;

use std::io;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

pub use health::{Check, CheckReport, CheckStatus, Health, HealthReport};

use crate::telemetry::MetricsPage;

/// The format of Prometheus's text pages.
const PROMETHEUS_TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");

/// Serves the port until the process ends, also while it shuts down: then `/readyz` is what tells.
///
/// # Errors
///
/// When connections can no longer be accepted.
pub async fn serve(
    listener: TcpListener,
    health: Health,
    metrics: Option<MetricsPage>,
) -> io::Result<()> {
    axum::serve(listener, router(health, metrics)).await
}

fn router(health: Health, metrics: Option<MetricsPage>) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readiness).with_state(health));
    if let Some(page) = metrics {
        let path = page.path().to_owned();
        router = router.route(&path, get(render).with_state(page));
    }
    router
}

async fn readiness(State(health): State<Health>) -> Response {
    let report = health.report();
    let status = match report.status {
        CheckStatus::Ok | CheckStatus::Degraded => StatusCode::OK,
        CheckStatus::Failed => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}

async fn render(State(page): State<MetricsPage>) -> Response {
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], page.render()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shutdown;
    use std::time::Duration;

    async fn start(health: &Health) -> String {
        crate::tls::install_crypto_provider();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let page = MetricsPage::start("/metrics", &Shutdown::new(Duration::ZERO)).unwrap();
        tokio::spawn(serve(listener, health.clone(), Some(page)));
        url
    }

    async fn fetch(url: &str, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{url}{path}")).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The answer of `/readyz`, without times.
    async fn ready(url: &str) -> (u16, serde_json::Value) {
        let (status, body) = fetch(url, "/readyz").await;
        let mut body: serde_json::Value = serde_json::from_str(&body).unwrap();
        for check in body["checks"].as_array_mut().unwrap() {
            let since = check.as_object_mut().unwrap().remove("since").unwrap();
            since.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        }
        (status, body)
    }

    #[tokio::test]
    async fn a_process_is_healthy_before_it_is_ready() {
        let health = Health::new();
        let url = start(&health).await;
        assert_eq!(fetch(&url, "/healthz").await, (200, "ok".to_owned()));
        let expected = serde_json::json!({"status": "failed", "checks": [
            {"name": "process", "status": "failed", "message": "starting"},
        ]});
        assert_eq!(ready(&url).await, (503, expected));
        health.started();
        let expected = serde_json::json!({"status": "ok", "checks": [
            {"name": "process", "status": "ok"},
        ]});
        assert_eq!(ready(&url).await, (200, expected));
    }

    #[tokio::test]
    async fn degraded_is_ready_and_failed_is_not() {
        let health = Health::new();
        health.started();
        let (nats, database) = (health.check("nats"), health.check("database"));
        let url = start(&health).await;
        nats.degraded("not connected");
        database.ok();
        let expected = serde_json::json!({"status": "degraded", "checks": [
            {"name": "database", "status": "ok"},
            {"name": "nats", "status": "degraded", "message": "not connected"},
            {"name": "process", "status": "ok"},
        ]});
        assert_eq!(ready(&url).await, (200, expected));
        database.failed("connection refused");
        let (status, body) = ready(&url).await;
        assert_eq!((status, &body["status"]), (503, &"failed".into()));
        database.ok();
        nats.ok();
        assert_eq!(ready(&url).await.0, 200);
        health.stopping();
        let (status, body) = ready(&url).await;
        assert_eq!(
            (status, &body["checks"][2]["message"]),
            (503, &"stopping".into())
        );
        assert_eq!(fetch(&url, "/healthz").await.0, 200);
    }

    #[tokio::test]
    async fn metrics_are_served_in_the_format_of_prometheus() {
        let health = Health::new();
        let url = start(&health).await;
        metrics::counter!("introspection_test_total", "label" => "a\"b").increment(2);
        let response = reqwest::get(format!("{url}/metrics")).await.unwrap();
        let content_type = response.headers()[CONTENT_TYPE].clone();
        assert_eq!(content_type, PROMETHEUS_TEXT);
        let page = response.text().await.unwrap();
        assert!(
            page.contains("introspection_test_total{label=\"a\\\"b\"} 2\n"),
            "{page}"
        );
        assert!(page.contains("clair_build_info{"), "{page}");
        assert!(page.contains("\nprocess_resident_memory_bytes "), "{page}");
        assert!(
            page.contains("clair_check_status{check=\"process\"} 0\n"),
            "{page}"
        );
    }

    #[tokio::test]
    async fn there_is_nothing_else() {
        let url = start(&Health::new()).await;
        for path in [
            "/",
            "/debug/pprof/",
            "/debug/pprof/profile",
            "/indexer/api/v1/index_state",
        ] {
            assert_eq!(fetch(&url, path).await.0, 404, "{path}");
        }
        let response = reqwest::Client::new()
            .post(format!("{url}/readyz"))
            .send()
            .await;
        assert_eq!(response.unwrap().status(), 405);
    }
}
