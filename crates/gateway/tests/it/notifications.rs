//! Notifications as Quay reads them.

use serde_json::json;

use crate::support::Gateway;
use crate::support::documents::digest;
use crate::support::notifier::{SECOND, SET};

const PATH: &str = "/notifier/api/v1/notification";

#[tokio::test]
async fn notifications_come_in_pages() {
    let gateway = Gateway::start().await;
    let answer = gateway.get(&format!("{PATH}/{SET}?page_size=10")).await;
    let own = "application/vnd.clair.notification_page.v1+json";
    assert_eq!(answer.header("content-type"), Some(own));
    let page = answer.document(200);
    assert_eq!(page["page"], json!({"size": 10, "next": SECOND}));
    let notification = &page["notifications"][0];
    assert_eq!(notification["manifest"], digest(1).to_string());
    assert_eq!(notification["reason"], "added");
    let next = gateway
        .get(&format!("{PATH}/{SET}?page_size=10&next={SECOND}"))
        .await;
    let last = next.document(200);
    assert_eq!(last["page"], json!({"size": 10}));
    assert_eq!(last["notifications"][0]["reason"], "removed");
    assert_eq!(gateway.suite.notifier.asked().page_token, SECOND);
}

/// Quay reads `normalized_severity`; Clair sends `severity`.
#[tokio::test]
async fn a_summary_has_its_severity_under_both_names_and_nothing_that_is_null() {
    let gateway = Gateway::start().await;
    let page = gateway.get(&format!("{PATH}/{SET}")).await.document(200);
    let vulnerability = &page["notifications"][0]["vulnerability"];
    assert_eq!(vulnerability["severity"], "High");
    assert_eq!(vulnerability["normalized_severity"], "High");
    assert_eq!(vulnerability["package"]["name"], "openssl");
    assert_eq!(vulnerability["distribution"]["did"], "debian");
    let keys: Vec<_> = vulnerability.as_object().unwrap().keys().collect();
    assert!(
        !keys
            .iter()
            .any(|key| *key == "repo" || *key == "repository"),
        "{keys:?}"
    );
}

/// Clair answers 500 to a page of no size.
#[tokio::test]
async fn a_page_of_no_size_is_as_large_as_is_usual() {
    let gateway = Gateway::start().await;
    for (query, size) in [
        ("", 500),
        ("?page_size=0", 500),
        ("?page_size=100000", 1000),
    ] {
        let page = gateway
            .get(&format!("{PATH}/{SET}{query}"))
            .await
            .document(200);
        assert_eq!(page["page"]["size"], size, "{query}");
    }
    for wrong in ["page_size=-1", "page_size=x", "page_size=", "next=x"] {
        let answer = gateway.get(&format!("{PATH}/{SET}?{wrong}")).await;
        answer.failure(400, "bad-request");
    }
}

/// Clair answers 500 to the acknowledgement of what it does not know; Quay expects 404.
#[tokio::test]
async fn notifications_are_acknowledged() {
    let gateway = Gateway::start().await;
    gateway.delete(&format!("{PATH}/{SET}")).await.empty(200);
    gateway
        .delete(&format!("{PATH}/{SECOND}"))
        .await
        .failure(404, "not-found");
    gateway
        .get(&format!("{PATH}/{SECOND}"))
        .await
        .failure(404, "not-found");
    gateway
        .get(&format!("{PATH}/x"))
        .await
        .failure(400, "bad-request");
    gateway
        .delete(&format!("{PATH}/x"))
        .await
        .failure(400, "bad-request");
}

#[tokio::test]
async fn sets_are_listed_with_the_state_of_their_delivery() {
    let gateway = Gateway::start().await;
    let page = gateway.get(PATH).await.document(200);
    assert_eq!(page["page"], json!({"size": 100}));
    let set = &page["notification_sets"][0];
    assert_eq!(set["state"], "failed");
    assert_eq!(set["last_error"], "connection refused");
    assert_eq!(set["created"], "2025-01-01T00:00:00Z");
    assert_eq!(set["delivered"], json!(null));
    let failed = gateway
        .get(&format!("{PATH}?state=failed&page_size=5"))
        .await
        .document(200);
    assert_eq!(failed["notification_sets"].as_array().unwrap().len(), 1);
    assert_eq!(failed["page"]["size"], 5);
    let delivered = gateway
        .get(&format!("{PATH}?state=delivered"))
        .await
        .document(200);
    assert_eq!(delivered["notification_sets"], json!([]));
    gateway
        .get(&format!("{PATH}?state=other"))
        .await
        .failure(400, "bad-request");
}

#[tokio::test]
async fn without_a_notifier_there_are_no_notifications() {
    let gateway = Gateway::with("{}", |config| config.services.notifier = None).await;
    for path in [PATH.to_owned(), format!("{PATH}/{SET}")] {
        gateway.get(&path).await.failure(404, "not-found");
    }
    gateway
        .delete(&format!("{PATH}/{SET}"))
        .await
        .failure(404, "not-found");
}
