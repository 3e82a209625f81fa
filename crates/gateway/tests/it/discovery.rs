//! What the API tells of itself.

use reqwest::Method;
use serde_json::Value;

use crate::support::Gateway;
use crate::support::description::document;

#[tokio::test]
async fn the_description_is_given_in_both_forms() {
    let gateway = Gateway::start().await;
    for (accept, form, is_yaml) in [
        ("*/*", "application/openapi+json", false),
        ("application/json", "application/json", false),
        (
            "application/vnd.oai.openapi+json",
            "application/vnd.oai.openapi+json",
            false,
        ),
        ("application/yaml", "application/yaml", true),
        ("application/openapi+yaml", "application/openapi+yaml", true),
        (
            "application/vnd.oai.openapi+yaml",
            "application/vnd.oai.openapi+yaml",
            true,
        ),
    ] {
        let answer = gateway.get_with("/openapi/v1", &[("accept", accept)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some(form));
        let given: Value = if is_yaml {
            serde_saphyr::from_str(&answer.text()).unwrap()
        } else {
            answer.json()
        };
        assert_eq!(&given, document(), "{accept}");
        let tag = answer.header("etag").unwrap();
        let headers = [("accept", accept), ("if-none-match", tag)];
        gateway.get_with("/openapi/v1", &headers).await.empty(304);
    }
    let other = gateway
        .get_with("/openapi/v1", &[("accept", "text/html")])
        .await;
    other.failure(415, "internal-error");
}

#[tokio::test]
async fn search_engines_are_kept_out() {
    let gateway = Gateway::start().await;
    let answer = gateway.get("/robots.txt").await;
    assert_eq!(answer.text(), "User-agent: *\nDisallow: /\n");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let gateway = Gateway::start().await;
    for path in [
        "/",
        "/indexer/api/v1",
        "/indexer/api/v2/index_state",
        "/metrics",
        "/%00",
    ] {
        gateway.get(path).await.failure(404, "not-found");
    }
    // Clair's key server is gone from Clair too.
    gateway
        .get("/notifier/api/v1/services/notifier/keys")
        .await
        .failure(404, "not-found");
}

#[tokio::test]
async fn a_method_that_an_endpoint_does_not_have_is_refused() {
    let gateway = Gateway::start().await;
    for (method, path) in [
        (Method::PUT, "/indexer/api/v1/index_report"),
        (Method::GET, "/indexer/api/v1/index_report"),
        (Method::POST, "/indexer/api/v1/index_state"),
        (Method::PATCH, "/openapi/v1"),
        (Method::OPTIONS, "/robots.txt"),
        (Method::TRACE, "/indexer/api/v1/index_state"),
    ] {
        let answer = gateway.ask(method, path, &[], None::<&str>).await;
        answer.failure(405, "method-not-allowed");
        assert!(answer.header("allow").is_some());
    }
}
