//! What those who run the suite may ask for.

use clair_rpc::ErrorCode;
use clair_rpc::proto::indexer::v1::DeadLetter;
use reqwest::Method;
use serde_json::json;

use crate::support::Gateway;
use crate::support::description::validator;
use crate::support::documents::digest;
use crate::support::indexer::STATE;
use crate::support::matcher::NEWEST;

const UPDATE: &str = "/admin/api/v1/update";
const DATABASE: &str = "/admin/api/v1/database";
const LETTERS: &str = "/admin/api/v1/dead_letters";

#[tokio::test]
async fn an_update_tells_what_happens() {
    let gateway = Gateway::start().await;
    let body = json!({"only": ["debian"], "force": true}).to_string();
    let answer = gateway.ask(Method::POST, UPDATE, &[], Some(body)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let events = answer.lines();
    assert_eq!(events[0], json!({"started": {"feeds": ["debian"]}}));
    assert_eq!(events[1]["progress"]["read_bytes"], 10);
    let outcome = &events[2]["outcome"];
    assert_eq!(outcome["result"], "failed");
    let error = json!({"code": "unavailable", "message": "connection refused"});
    assert_eq!(outcome["error"], error);
    assert_eq!(outcome["skipped"], json!({"no package": 3}));
    assert_eq!(outcome["seconds"], 1.5);
    let finished = json!({"updated": 0, "unchanged": 0, "failed": 1, "busy": 0});
    assert_eq!(events[3], json!({"finished": finished}));
    let schema = validator(&json!({"$ref": "#/components/schemas/UpdateEvent"}));
    for event in &events {
        assert!(schema.is_valid(event), "{event}");
    }
    let run = gateway.suite.updater.run();
    assert!(run.force && !run.detach);
    assert_eq!(run.only, ["debian"]);
}

#[tokio::test]
async fn an_update_of_everything_needs_no_body() {
    let gateway = Gateway::start().await;
    let answer = gateway.ask(Method::POST, UPDATE, &[], None::<&str>).await;
    assert_eq!(answer.lines().len(), 4);
    assert!(gateway.suite.updater.run().only.is_empty());
    for wrong in [
        "[",
        r#"{"only": "debian"}"#,
        r#"{"onyl": []}"#,
        r#"{"only": ["x"]}"#,
    ] {
        gateway
            .post(UPDATE, wrong)
            .await
            .failure(400, "bad-request");
    }
}

#[tokio::test]
async fn the_security_data_goes_out_and_in() {
    let gateway = Gateway::start().await;
    let archive = gateway.get(DATABASE).await;
    assert_eq!(
        (archive.status.as_u16(), archive.text().as_str()),
        (200, "archive")
    );
    assert_eq!(
        archive.header("content-type"),
        Some("application/octet-stream")
    );
    let part = gateway.get(&format!("{DATABASE}?only=debian")).await;
    assert_eq!(part.text(), "part");
    gateway
        .get(&format!("{DATABASE}?only=debian,x"))
        .await
        .failure(400, "bad-request");

    // Larger than a message, and than what other bodies may be.
    let gateway = Gateway::configured("gateway: {max_body_size: 1KiB}").await;
    let large: Vec<u8> = (0..3_000_000_u32)
        .map(|number| number.to_le_bytes()[1])
        .collect();
    let answer = gateway
        .ask(Method::PUT, DATABASE, &[], Some(large.clone()))
        .await;
    let imported = answer.document(200);
    assert_eq!(imported["outcomes"][0]["source"], "debian/updater");
    assert_eq!(gateway.suite.updater.imported(), large);
    let bad = [b'b', b'a', b'd'].repeat(1_000_000);
    let answer = gateway.ask(Method::PUT, DATABASE, &[], Some(bad)).await;
    answer.failure(400, "bad-request");
}

#[tokio::test]
async fn the_sources_are_listed() {
    let gateway = Gateway::start().await;
    let sources = gateway.get("/admin/api/v1/sources").await.document(200);
    assert_eq!(sources["feeds"][0]["name"], "debian");
    let source = &sources["sources"][0];
    assert_eq!(source["last_success"], "2025-01-01T00:00:00Z");
    assert_eq!(
        (&source["last_attempt"], &source["operation"]),
        (&json!(null), &json!(null))
    );
}

#[tokio::test]
async fn one_service_that_fails_does_not_hide_the_other() {
    let gateway = Gateway::start().await;
    let status = gateway.get("/admin/api/v1/status").await.document(200);
    assert_eq!(status["indexer"]["state"], STATE);
    assert_eq!(
        status["indexer"]["analyzers"],
        json!([{"name": "dpkg", "version": 2}])
    );
    assert_eq!(status["matcher"]["sources"][0]["current"], NEWEST);
    gateway
        .suite
        .calls
        .fail("GetIndexState", ErrorCode::Unavailable, "gone");
    let status = gateway.get("/admin/api/v1/status").await.document(200);
    assert_eq!(status["indexer"]["error"]["code"], "unavailable");
    assert_eq!(status["matcher"]["loaded"], true);
}

#[tokio::test]
async fn dead_letters_are_listed_and_put_back() {
    let gateway = Gateway::start().await;
    for id in [3, 4, 5] {
        gateway.suite.indexer.bury(DeadLetter {
            id,
            manifest_digest: digest(1).to_string(),
            error: Some(clair_rpc::Error::new(ErrorCode::LayerUnavailable, "gone").into()),
            attempts: 5,
            ..DeadLetter::default()
        });
    }
    let page = gateway.get(LETTERS).await.document(200);
    assert_eq!(page["page"], json!({"size": 100, "next": "more"}));
    assert_eq!(page["dead_letters"][0]["id"], 3);
    assert_eq!(page["dead_letters"][0]["error"]["message"], "gone");
    let last = gateway
        .get(&format!("{LETTERS}?next=more&page_size=2"))
        .await
        .document(200);
    assert_eq!(last["page"], json!({"size": 2}));
    let other = gateway.get(&format!("{LETTERS}?next=other")).await;
    let message = other.failure(400, "bad-request");
    assert_eq!(message, "next is not that of a page");

    let path = format!("{LETTERS}/replay");
    let some = gateway.post(&path, json!({"ids": [3, 9]})).await;
    assert_eq!(some.document(200), json!({"replayed": 1, "missing": [9]}));
    let all = gateway.post(&path, json!({"all": true})).await;
    assert_eq!(all.document(200), json!({"replayed": 2, "missing": []}));
    for wrong in [
        "",
        "{}",
        r#"{"all": false}"#,
        r#"{"ids": [-1]}"#,
        r#"{"ids": [], "all": true}"#,
    ] {
        gateway.post(&path, wrong).await.failure(400, "bad-request");
    }
}

#[tokio::test]
async fn without_a_queue_there_are_no_dead_letters() {
    let gateway = Gateway::start().await;
    gateway
        .suite
        .calls
        .fail("ListDeadLetters", ErrorCode::Unimplemented, "no queue");
    gateway.get(LETTERS).await.failure(501, "not-implemented");
}
