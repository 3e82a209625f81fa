//! What a registry does: submits an image, gets its report, is told when that changes.

use clair_testing::{Nats, Postgres};
use reqwest::Method;
use serde_json::json;

use crate::support::{Api, Image, Options, Outside, Suite, eventually, tracker};

const REPORTS: &str = "/indexer/api/v1/index_report";

#[tokio::test]
async fn an_image_goes_through_five_processes_and_back() {
    let (postgres, nats) = (Postgres::shared(), Nats::start());
    let outside = Outside::start().await;
    outside.publish(tracker(&[("openssl", "CVE-2024-0001")]));
    let suite = Suite::five(postgres, &nats, &outside).await;
    the_whole_way(&suite, &outside).await;
}

#[tokio::test]
async fn an_image_goes_through_one_process_without_nats() {
    let outside = Outside::start().await;
    outside.publish(tracker(&[("openssl", "CVE-2024-0001")]));
    let options = Options {
        database: Postgres::shared().database(),
        ..Options::default()
    };
    let mut suite = Suite::prepare(&options, &outside);
    suite.begin("combo");
    suite.ready().await;
    the_whole_way(&suite, &outside).await;
    assert_eq!(suite.terminate("combo"), Some(0));
}

/// From the submission of an image to the acknowledgement of a notification about it.
async fn the_whole_way(suite: &Suite, outside: &Outside) {
    let api = &suite.api;
    let image = Image::with_packages(&["openssl", "zlib"]);
    outside.push(&image);

    let state = api.get("/indexer/api/v1/index_state").await;
    let state = state.json()["state"].as_str().unwrap().to_owned();
    let unknown = api.get(&format!("{REPORTS}/{}", image.digest)).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);

    let submitted = api.index(&image, outside).await;
    assert_eq!(submitted.status, 201, "{}", submitted.text);
    assert_eq!(submitted.header("etag"), format!("\"{state}\""));
    let location = format!("{REPORTS}/{}", image.digest);
    assert!(submitted.header("location").ends_with(&location));
    let report = submitted.json();
    assert_eq!(report["state"], "IndexFinished");
    assert_eq!(report["success"], true);
    assert_eq!(report["packages"].as_object().unwrap().len(), 2);

    let again = api.submission(&image, outside);
    let again = Api::send(again.header("if-none-match", format!("\"{state}\""))).await;
    assert_eq!(again.status, 412, "{}", again.text);
    let known = api.request(Method::GET, &location);
    let known = Api::send(known.header("if-none-match", format!("\"{state}\""))).await;
    assert_eq!(known.status, 304, "{}", known.text);
    assert_eq!(outside.asked_for(&image), 1);

    api.has(&image, &["CVE-2024-0001"]).await;
    assert!(outside.received().is_empty());

    outside.publish(tracker(&[
        ("openssl", "CVE-2024-0001"),
        ("zlib", "CVE-2024-0002"),
        ("perl", "CVE-2024-0003"),
    ]));
    let updated = api.update().await;
    assert_eq!(updated.status, 200, "{}", updated.text);
    api.has(&image, &["CVE-2024-0001", "CVE-2024-0002"]).await;

    let notified = eventually("the receiver is notified", async || {
        outside.accepted().pop()
    })
    .await;
    assert!(notified.callback.ends_with(&notified.id), "{notified:?}");
    assert!(
        notified.authorization.starts_with("Bearer "),
        "{notified:?}"
    );
    let page = api
        .get(&format!("/notifier/api/v1/notification/{}", notified.id))
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
    let notifications = page.json()["notifications"].clone();
    let [notification] = notifications.as_array().unwrap().as_slice() else {
        panic!("{notifications}");
    };
    assert_eq!(notification["manifest"], json!(image.digest));
    assert_eq!(notification["reason"], "added");
    assert_eq!(notification["vulnerability"]["name"], "CVE-2024-0002");

    let path = format!("/notifier/api/v1/notification/{}", notified.id);
    assert_eq!(api.delete(&path).await.status, 200);
    let never = "/notifier/api/v1/notification/00000000-0000-4000-8000-000000000000";
    assert_eq!(api.delete(never).await.status, 404);
    assert_eq!(outside.received().len(), 1);

    assert_eq!(api.delete(&location).await.status, 204);
    assert_eq!(api.get(&location).await.status, 404);
}

#[tokio::test]
async fn who_has_no_token_gets_nothing() {
    let outside = Outside::start().await;
    let options = Options {
        database: Postgres::shared().database(),
        ..Options::default()
    };
    let mut suite = Suite::prepare(&options, &outside);
    suite.begin("combo");
    suite.ready().await;
    let path = "/indexer/api/v1/index_state";
    let refused = Api::send(suite.api.unsigned(Method::GET, path)).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    let forged = suite.api.unsigned(Method::GET, path);
    let forged = Api::send(forged.bearer_auth("eyJhbGciOiJub25lIn0.eyJpc3MiOiJxdWF5In0.")).await;
    assert_eq!(forged.status, 401, "{}", forged.text);
    assert_eq!(suite.api.get(path).await.status, 200);
}
