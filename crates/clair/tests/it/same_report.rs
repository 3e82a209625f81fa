//! One engine, two ways to run it: `clairctl scan` and the suite say the same of the same image
//! and the same feed.

use std::fs;
use std::time::Duration;

use clair_testing::Postgres;

use crate::support::{
    EXPLOITED, Image, Local, Options, Outside, Suite, tracker, without_what_differs,
};

#[tokio::test]
async fn clairctl_and_the_suite_give_the_same_report() {
    let Some(local) = Local::new() else { return };
    let feed = tracker(&[
        ("openssl", "CVE-2024-0001"),
        ("zlib", "CVE-2024-0002"),
        ("perl", "CVE-2024-0003"),
    ]);
    let image = Image::with_packages(&["openssl", "zlib", "bash"]);
    let outside = Outside::start().await;
    outside.publish(feed.clone());
    outside.push(&image);
    let options = Options {
        database: Postgres::shared().database(),
        ..Options::default()
    };
    let mut suite = Suite::prepare(&options, &outside);
    suite.begin("combo");
    suite.ready().await;
    let answer = suite.api.index(&image, &outside).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    suite
        .api
        .has(&image, &["CVE-2024-0001", "CVE-2024-0002"])
        .await;
    let path = format!("/matcher/api/v1/vulnerability_report/{}", image.digest);
    let mut served = suite.api.get(&path).await.json();
    // The two feeds come one after the other.
    for _ in 0..300 {
        if served["enrichments"].get(clair_risk::KEV).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        served = suite.api.get(&path).await.json();
    }
    let exploited = &served["enrichments"][clair_risk::KEV][0];
    assert!(exploited.is_object(), "{served}");

    let mirror = tempfile::tempdir().unwrap();
    fs::create_dir(mirror.path().join("debian")).unwrap();
    fs::write(mirror.path().join("debian/json"), feed).unwrap();
    let catalogue = mirror
        .path()
        .join("kev/known_exploited_vulnerabilities.json");
    fs::create_dir(mirror.path().join("kev")).unwrap();
    fs::write(catalogue, EXPLOITED).unwrap();
    local.update(mirror.path());
    let scanned = local.scan(&image);
    assert_eq!(without_what_differs(served), without_what_differs(scanned));
}
