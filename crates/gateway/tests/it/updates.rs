//! The history of the security data, for notifiers of Clair's making.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Gateway;
use crate::support::documents::digest;
use crate::support::matcher::{NEWEST, OLDER};

const OPERATIONS: &str = "/matcher/api/v1/internal/update_operation";
const DIFF: &str = "/matcher/api/v1/internal/update_diff";
const AFFECTED: &str = "/indexer/api/v1/internal/affected_manifest";

fn operation(reference: &str, second: u8) -> Value {
    json!({
        "ref": reference,
        "updater": "debian/updater",
        "fingerprint": "Wed, 01 Jan 2025 00:00:00 GMT",
        "date": format!("2025-01-01T00:00:0{second}Z"),
        "kind": "vulnerability",
    })
}

#[tokio::test]
async fn operations_are_listed_by_their_updaters_newest_first() {
    let gateway = Gateway::start().await;
    let answer = gateway.get(OPERATIONS).await;
    let both = [operation(NEWEST, 1), operation(OLDER, 0)];
    assert_eq!(answer.document(200), json!({"debian/updater": both}));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tag = format!("\"{NEWEST}\"");
    assert_eq!(answer.header("etag"), Some(tag.as_str()));
    let known = gateway
        .get_with(OPERATIONS, &[("if-none-match", &tag)])
        .await;
    known.empty(304);
    for latest in ["true", "1", "T"] {
        let answer = gateway.get(&format!("{OPERATIONS}?latest={latest}")).await;
        assert_eq!(
            answer.document(200),
            json!({"debian/updater": [operation(NEWEST, 1)]})
        );
    }
    let enrichments = gateway
        .get(&format!("{OPERATIONS}?kind=enrichment&latest=false"))
        .await;
    assert_eq!(enrichments.document(200), json!({}));
    for wrong in ["kind=other", "latest=yes", "latest="] {
        let answer = gateway.get(&format!("{OPERATIONS}?{wrong}")).await;
        answer.failure(400, "bad-request");
    }
}

#[tokio::test]
async fn operations_are_forgotten_but_the_newest() {
    let gateway = Gateway::start().await;
    gateway
        .delete(&format!("{OPERATIONS}/{OLDER}"))
        .await
        .empty(200);
    gateway
        .delete(&format!("{OPERATIONS}/{NEWEST}"))
        .await
        .failure(409, "conflict");
    gateway
        .delete(&format!("{OPERATIONS}/newest"))
        .await
        .failure(400, "bad-request");
}

#[tokio::test]
async fn a_difference_is_one_document() {
    let gateway = Gateway::start().await;
    let answer = gateway
        .get(&format!("{DIFF}?cur={NEWEST}&prev={OLDER}"))
        .await;
    let difference = answer.document(200);
    assert_eq!(difference["cur"], operation(NEWEST, 1));
    assert_eq!(difference["prev"], operation(OLDER, 0));
    let names = |list: &str| -> Vec<Value> {
        let list = difference[list].as_array().unwrap();
        list.iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names("added"), ["CVE-2024-0001", "CVE-2024-0002"]);
    assert_eq!(names("removed"), ["CVE-2024-0009"]);
}

#[tokio::test]
async fn without_an_older_operation_everything_is_new() {
    let gateway = Gateway::start().await;
    let difference = gateway
        .get(&format!("{DIFF}?cur={NEWEST}"))
        .await
        .document(200);
    let none = json!({
        "ref": "00000000-0000-0000-0000-000000000000",
        "updater": "",
        "fingerprint": "",
        "date": "0001-01-01T00:00:00Z",
        "kind": "",
    });
    assert_eq!(difference["prev"], none);
    assert_eq!(difference["added"].as_array().unwrap().len(), 2);
    assert_eq!(difference["removed"], json!([]));
}

#[tokio::test]
async fn a_difference_of_what_does_not_exist_is_an_error_and_not_half_a_document() {
    let gateway = Gateway::start().await;
    gateway
        .get(&format!("{DIFF}?cur={OLDER}"))
        .await
        .failure(404, "not-found");
    for wrong in ["", "?prev=x", "?cur=x", &format!("?cur={NEWEST}&prev=")] {
        gateway
            .get(&format!("{DIFF}{wrong}"))
            .await
            .failure(400, "bad-request");
    }
}

#[tokio::test]
async fn a_difference_that_breaks_off_has_no_end() {
    let gateway = Gateway::start().await;
    gateway.suite.matcher.break_off();
    let answer = gateway
        .get(&format!("{DIFF}?cur={NEWEST}&prev={OLDER}"))
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("CVE-2024-0002"), "{}", answer.text());
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
}

#[tokio::test]
async fn the_images_that_vulnerabilities_affect_name_the_worst_first() {
    let gateway = Gateway::start().await;
    // As a notifier of Clair sends it.
    let given = json!({"vulnerabilities": [{
        "id": "991", "updater": "debian/updater", "name": "CVE-2024-0001",
        "issued": "0001-01-01T00:00:00Z", "normalized_severity": "Low",
        "package": {"id": "", "name": "openssl", "kind": "source", "detector": null},
        "repository": {"cpe": ""}, "fixed_in_version": "3.0.13-1", "Aliases": null,
    }]});
    for path in [AFFECTED.to_owned(), format!("{AFFECTED}/")] {
        let answer = gateway.post(&path, &given).await;
        let affected = answer.document(200);
        let expected = json!({
            digest(1).to_string(): ["2", "1"],
            digest(2).to_string(): ["1"],
            digest(3).to_string(): ["1"],
        });
        assert_eq!(affected["vulnerable_manifests"], expected);
        assert_eq!(
            affected["vulnerabilities"]["2"]["normalized_severity"],
            "Critical"
        );
        let own = "application/vnd.clair.affected_manifests.v1+json";
        assert_eq!(answer.header("content-type"), Some(own));
    }
    let asked = gateway.suite.matcher.asked();
    assert_eq!(asked[0].package.as_ref().unwrap().name, "openssl");
    for wrong in ["", "[]", "{}", r#"{"vulnerabilities": [{"name": 7}]}"#] {
        gateway
            .post(AFFECTED, wrong)
            .await
            .failure(400, "bad-request");
    }
    let headers = [("accept", "text/html")];
    let answer = gateway
        .ask(Method::POST, AFFECTED, &headers, Some(given.to_string()))
        .await;
    answer.failure(415, "internal-error");
}
