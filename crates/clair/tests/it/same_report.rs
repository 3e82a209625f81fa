//! One engine, two ways to run it: `clairctl scan` and the suite say the same of the same image
//! and the same feed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clair_testing::Postgres;
use serde_json::Value;

use crate::support::{EXPLOITED, Image, Options, Outside, Suite, clairctl, tracker};

#[tokio::test]
async fn clairctl_and_the_suite_give_the_same_report() {
    let Some(clairctl) = clairctl() else {
        return;
    };
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

    let directory = tempfile::tempdir().unwrap();
    let scanned = scan(&clairctl, directory.path(), &feed, &image);
    assert_eq!(without_what_differs(served), without_what_differs(scanned));
}

/// Scans an image of the same layer by `clairctl`, with a database of the same feed.
fn scan(clairctl: &Path, directory: &Path, feed: &str, image: &Image) -> Value {
    let mirror = directory.join("mirror/debian");
    fs::create_dir_all(&mirror).unwrap();
    fs::write(mirror.join("json"), feed).unwrap();
    let mirror = directory.join("mirror/kev");
    fs::create_dir_all(&mirror).unwrap();
    let catalogue = mirror.join("known_exploited_vulnerabilities.json");
    fs::write(catalogue, EXPLOITED).unwrap();
    let layout = directory.join("layout");
    image.write_layout(&layout);
    let run = |arguments: &[&str]| {
        let output = Command::new(clairctl)
            .args(arguments)
            .current_dir(directory)
            .env("HOME", directory)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    run(&[
        "db",
        "update",
        "--db",
        "db",
        "--from",
        "mirror",
        "--only",
        "debian,kev",
        "--offline",
    ]);
    let report = run(&["scan", "layout", "--db", "db", "-o", "json"]);
    serde_json::from_slice(&report).unwrap()
}

/// The digest of the manifest is that of a document, which the two have in different forms; the
/// platform stands in the configuration of the image, which is not submitted.
fn without_what_differs(mut report: Value) -> Value {
    let report_fields = report.as_object_mut().unwrap();
    report_fields.remove("manifest_hash");
    report_fields.remove("platform");
    report
}
