//! What clients are told when something behind the gateway fails.

use std::time::Duration;

use clair_rpc::{ChannelOptions, ErrorCode};
use clair_runtime::Health;
use clair_runtime::introspection::CheckStatus;

use crate::support::Gateway;
use crate::support::documents::{digest, manifest};

const STATE: &str = "/indexer/api/v1/index_state";

#[tokio::test]
async fn services_that_are_not_there_are_unavailable() {
    let gateway = Gateway::alone().await;
    let report = format!("/matcher/api/v1/vulnerability_report/{}", digest(1));
    for path in [
        STATE,
        &report,
        "/notifier/api/v1/notification",
        "/admin/api/v1/sources",
    ] {
        let answer = gateway.get(path).await;
        let message = answer.failure(503, "unavailable");
        // Addresses inside are nobody's business; the log has them, under the id of the request.
        assert!(!message.contains("127.0.0.1"), "{message}");
        assert!(
            message.contains(answer.header("x-request-id").unwrap()),
            "{message}"
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let answer = gateway
        .post("/indexer/api/v1/index_report", manifest(1))
        .await;
    answer.failure(503, "unavailable");
    assert_eq!(gateway.get("/openapi/v1").await.status, 200);
}

#[tokio::test]
async fn every_code_has_its_status() {
    let gateway = Gateway::start().await;
    for (code, status, name) in [
        (ErrorCode::NotFound, 404, "not-found"),
        (ErrorCode::Aborted, 409, "conflict"),
        (ErrorCode::ResourceExhausted, 429, "too-many-requests"),
        (ErrorCode::Unimplemented, 501, "not-implemented"),
        (ErrorCode::NotReady, 503, "unavailable"),
        (ErrorCode::DeadlineExceeded, 504, "timeout"),
    ] {
        gateway
            .suite
            .calls
            .fail("GetIndexState", code, "what the matter is");
        let message = gateway.get(STATE).await.failure(status, name);
        assert_eq!(message, "what the matter is");
    }
}

#[tokio::test]
async fn what_is_the_fault_of_the_suite_is_not_told() {
    let gateway = Gateway::start().await;
    for code in [
        ErrorCode::Internal,
        ErrorCode::Unauthenticated,
        ErrorCode::PermissionDenied,
    ] {
        gateway
            .suite
            .calls
            .fail("GetIndexState", code, "password is secret");
        let answer = gateway.get(STATE).await;
        let message = answer.failure(500, "internal-error");
        assert!(!message.contains("secret"), "{message}");
        assert!(
            message.contains(answer.header("x-request-id").unwrap()),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let gateway = Gateway::configured("gateway: {request_timeout: 300ms}").await;
    gateway
        .suite
        .calls
        .slow("GetIndexState", Duration::from_secs(20));
    gateway.get(STATE).await.failure(504, "timeout");
    let deadline = gateway.suite.calls.last("GetIndexState").context.deadline;
    assert!(
        deadline.is_some(),
        "the service knows that nobody waits any more"
    );
}

/// The gateway serves what it can without any one of them.
#[tokio::test]
async fn the_health_of_the_process_tells_which_services_answer() {
    let health = Health::new();
    let _gateway = Gateway::with("{}", |config| {
        config.health = health.clone();
        config.services.matcher = ChannelOptions::new("http://127.0.0.1:1");
    })
    .await;
    for _ in 0..200 {
        let report = health.report();
        let status = |name| {
            let mut checks = report.checks.iter();
            checks
                .find(|check| check.name == name)
                .map(|check| check.status)
        };
        let indexer = status("gateway-indexer");
        let matcher = status("gateway-matcher");
        if (indexer, matcher) == (Some(CheckStatus::Ok), Some(CheckStatus::Degraded)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{health:?}");
}
