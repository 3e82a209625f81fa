//! Images in, index reports out.

use clair_rpc::ErrorCode;
use clair_rpc::proto::indexer::v1::Priority;
use reqwest::Method;
use serde_json::json;

use crate::support::Gateway;
use crate::support::documents::{digest, manifest};
use crate::support::indexer::STATE;

const PATH: &str = "/indexer/api/v1/index_report";

fn report_path(number: u8) -> String {
    format!("{PATH}/{}", digest(number))
}

fn etag() -> String {
    format!("\"{STATE}\"")
}

#[tokio::test]
async fn an_image_is_indexed_while_its_client_waits() {
    let gateway = Gateway::start().await;
    let answer = gateway.post(PATH, manifest(1)).await;
    let report = answer.document(201);
    assert_eq!(report["state"], "IndexFinished");
    assert_eq!(report["packages"]["7"]["name"], "libssl3");
    assert_eq!(report["repository"], json!({}));
    assert_eq!(answer.header("etag"), Some(etag().as_str()));
    assert_eq!(answer.header("location"), Some(report_path(1).as_str()));
    let hash = digest(1);
    let links = [
        format!("<{PATH}/{hash}>; rel=\"https://projectquay.io/clair/v1/index_report\""),
        format!(
            "</matcher/api/v1/vulnerability_report/{hash}>; \
             rel=\"https://projectquay.io/clair/v1/vulnerability_report\""
        ),
    ];
    assert_eq!(answer.headers("link"), links);
    let submitted = gateway.suite.indexer.submitted();
    assert_eq!(
        submitted[0].layers[0].headers["Accept"].values,
        ["application/gzip"]
    );
}

/// Quay and clairctl send the tag of an earlier answer, and take 412 for "nothing to do".
#[tokio::test]
async fn an_image_is_not_indexed_again_for_a_client_that_knows_the_state() {
    let gateway = Gateway::start().await;
    let body = manifest(1).to_string();
    for known in [etag(), format!("\"other\", {}", etag())] {
        let headers = [("if-none-match", known.as_str())];
        let answer = gateway
            .ask(Method::POST, PATH, &headers, Some(body.clone()))
            .await;
        answer.empty(412);
        assert_eq!(answer.headers("link").len(), 2);
    }
    for unknown in ["\"other\"", "*", STATE] {
        let headers = [("if-none-match", unknown)];
        let answer = gateway
            .ask(Method::POST, PATH, &headers, Some(body.clone()))
            .await;
        assert_eq!(answer.status, 201, "{unknown}");
    }
    // Also for an image that nobody ever submitted.
    let headers = [("if-none-match", etag())];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answer = gateway
        .ask(Method::POST, PATH, &headers, Some(manifest(9).to_string()))
        .await;
    answer.empty(412);
    assert_eq!(gateway.suite.indexer.submitted().len(), 3);
}

#[tokio::test]
async fn what_is_no_manifest_is_a_bad_request() {
    let gateway = Gateway::start().await;
    let layers = manifest(1)["layers"].clone();
    for body in [
        json!("").to_string(),
        "{".to_owned(),
        String::new(),
        json!({"hash": digest(1).to_string()}).to_string(),
        json!({"hash": "", "layers": layers}).to_string(),
        json!({"hash": "sha256:00", "layers": layers}).to_string(),
        json!({"hash": "md5:00", "layers": layers}).to_string(),
        json!({"hash": digest(1).to_string(), "layers": null}).to_string(),
        json!({"hash": digest(1).to_string(), "layers": [{"hash": "x", "uri": ""}]}).to_string(),
    ] {
        let message = gateway.post(PATH, &body).await.failure(400, "bad-request");
        assert!(
            message.starts_with("failed to deserialize manifest: "),
            "{body}: {message}"
        );
    }
    let empty = json!({"hash": digest(1).to_string(), "layers": []});
    let message = gateway.post(PATH, empty).await.failure(400, "bad-request");
    assert!(message.starts_with("bogus manifest"), "{message}");
    assert!(gateway.suite.indexer.submitted().is_empty());
}

#[tokio::test]
async fn an_image_that_never_will_be_indexed_is_a_bad_request_and_another_one_is_not() {
    let gateway = Gateway::start().await;
    for (code, status, name) in [
        (ErrorCode::BadLayer, 400, "bad-request"),
        (ErrorCode::InvalidArgument, 400, "bad-request"),
        (ErrorCode::LayerUnavailable, 500, "internal-error"),
        (ErrorCode::Internal, 500, "internal-error"),
        (ErrorCode::Unavailable, 503, "unavailable"),
        (ErrorCode::ResourceExhausted, 429, "too-many-requests"),
    ] {
        gateway
            .suite
            .indexer
            .spoil(code, "layer sha256:00 is no archive");
        let answer = gateway.post(PATH, manifest(1)).await;
        let message = answer.failure(status, name);
        match code {
            ErrorCode::LayerUnavailable => {
                assert_eq!(
                    message,
                    "failed to start scan: layer sha256:00 is no archive"
                );
            }
            ErrorCode::BadLayer => assert_eq!(message, "layer sha256:00 is no archive"),
            // What it is is nobody's business.
            ErrorCode::Internal | ErrorCode::Unavailable => {
                assert!(!message.contains("archive"), "{message}");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_client_at_the_limit_is_told_when_to_come_again() {
    let gateway = Gateway::start().await;
    let message = "too many images are being indexed";
    gateway
        .suite
        .calls
        .fail("Index", ErrorCode::ResourceExhausted, message);
    let answer = gateway.post(PATH, manifest(1)).await;
    assert_eq!(answer.failure(429, "too-many-requests"), message);
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn an_image_may_be_indexed_while_nobody_waits() {
    let gateway = Gateway::start().await;
    let path = format!("{PATH}?priority=high");
    let headers = [("prefer", "wait=1, respond-async")];
    let body = manifest(1).to_string();
    let answer = gateway
        .ask(Method::POST, &path, &headers, Some(body.clone()))
        .await;
    let queued = json!({"manifest_hash": digest(1).to_string(), "already_queued": false});
    assert_eq!(answer.document(202), queued);
    assert_eq!(answer.header("location"), Some(report_path(1).as_str()));
    assert_eq!(answer.header("preference-applied"), Some("respond-async"));
    assert_eq!(answer.headers("link").len(), 2);
    assert_eq!(gateway.suite.indexer.queued()[0].priority(), Priority::High);
    let again = gateway
        .ask(Method::POST, PATH, &headers, Some(body.clone()))
        .await;
    assert_eq!(again.document(202)["already_queued"], true);
    gateway.suite.indexer.know(&digest(1));
    let known = gateway.ask(Method::POST, PATH, &headers, Some(body)).await;
    assert_eq!(known.document(201)["state"], "IndexFinished");
    assert_eq!(known.header("preference-applied"), None);
}

#[tokio::test]
async fn without_a_queue_the_client_has_to_wait() {
    let gateway = Gateway::start().await;
    gateway
        .suite
        .calls
        .fail("Enqueue", ErrorCode::Unimplemented, "no queue");
    let headers = [("prefer", "respond-async")];
    let answer = gateway
        .ask(Method::POST, PATH, &headers, Some(manifest(1).to_string()))
        .await;
    assert_eq!(answer.status, 201);
    let wrong = gateway
        .post(&format!("{PATH}?priority=now"), manifest(1))
        .await;
    wrong.failure(400, "bad-request");
}

#[tokio::test]
async fn a_report_is_given_in_the_form_that_its_client_wants() {
    let gateway = Gateway::start().await;
    gateway.suite.indexer.know(&digest(1));
    let own = "application/vnd.clair.index_report.v1+json";
    for (accept, form) in [
        ("*/*", own),
        (own, own),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
    ] {
        let answer = gateway
            .get_with(&report_path(1), &[("accept", accept)])
            .await;
        assert_eq!(answer.document(200)["manifest_hash"], digest(1).to_string());
        assert_eq!(answer.header("content-type"), Some(form));
        assert_eq!(answer.header("etag"), Some(etag().as_str()));
    }
    let other = gateway
        .get_with(&report_path(1), &[("accept", "text/html")])
        .await;
    other.failure(415, "internal-error");
    let wrong = gateway
        .get_with(&report_path(1), &[("accept", "json")])
        .await;
    wrong.failure(400, "bad-request");
}

#[tokio::test]
async fn a_report_of_nobodys_image_is_not_found() {
    let gateway = Gateway::start().await;
    let message = gateway.get(&report_path(1)).await.failure(404, "not-found");
    assert_eq!(message, "index report not found");
    for wrong in ["latest", "sha256:00", "md5:00", "sha256%3A00", "%ff"] {
        gateway
            .get(&format!("{PATH}/{wrong}"))
            .await
            .failure(400, "bad-request");
        gateway
            .delete(&format!("{PATH}/{wrong}"))
            .await
            .failure(400, "bad-request");
    }
}

#[tokio::test]
async fn a_client_that_knows_the_state_is_told_that_nothing_changed() {
    let gateway = Gateway::start().await;
    let headers = [("if-none-match", etag())];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    // As in Clair, whether there is a report or not.
    for path in [report_path(1), "/indexer/api/v1/index_state".to_owned()] {
        let answer = gateway.get_with(&path, &headers).await;
        answer.empty(304);
        assert_eq!(answer.header("etag"), Some(etag().as_str()));
    }
    gateway.suite.indexer.know(&digest(1));
    gateway.suite.indexer.change_state("other");
    let answer = gateway.get_with(&report_path(1), &headers).await;
    assert_eq!(answer.document(200)["success"], true);
    assert_eq!(answer.header("etag"), Some("\"other\""));
}

#[tokio::test]
async fn the_state_is_that_of_the_tags() {
    let gateway = Gateway::start().await;
    let answer = gateway.get("/indexer/api/v1/index_state").await;
    assert_eq!(answer.document(200), json!({"state": STATE}));
    assert_eq!(answer.header("etag"), Some(etag().as_str()));
    let own = "application/vnd.clair.index_state.v1+json";
    assert_eq!(answer.header("content-type"), Some(own));
}

#[tokio::test]
async fn images_are_forgotten() {
    let gateway = Gateway::start().await;
    for number in [1, 2, 3] {
        gateway.suite.indexer.know(&digest(number));
    }
    gateway.delete(&report_path(1)).await.empty(204);
    gateway.delete(&report_path(1)).await.empty(204);
    let body = json!([digest(1).to_string(), digest(3).to_string()]).to_string();
    let answer = gateway.ask(Method::DELETE, PATH, &[], Some(body)).await;
    assert_eq!(answer.document(200), json!([digest(3).to_string()]));
    let none = gateway.ask(Method::DELETE, PATH, &[], Some("[]")).await;
    assert_eq!(none.document(200), json!([]));
    for wrong in ["", "{}", "[\"latest\"]"] {
        let answer = gateway.ask(Method::DELETE, PATH, &[], Some(wrong)).await;
        answer.failure(400, "bad-request");
    }
}
