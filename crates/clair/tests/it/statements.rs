//! What the vendors say, for all of them at once: images with all packages of which something is
//! stated, in a suite and by `clairctl`, from one mirror.

use std::time::{Duration, Instant};

use clair_testing::statements::vendors;
use clair_testing::{Postgres, corpus};
use serde_json::Value;

use crate::support::{Image, Local, Options, Outside, Suite, without_what_differs};

/// How long the matcher may take to follow.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_suite_says_what_the_vendors_say_as_clairctl_does() {
    let (Some(local), Some(corpus)) = (Local::new(), corpus()) else {
        return;
    };
    // Where a vendor publishes in several forms a mirror has one of them.
    let vendors = || {
        vendors()
            .into_iter()
            .filter(|vendor| vendor.name == vendor.feed)
    };
    let mirror = tempfile::tempdir().unwrap();
    for vendor in vendors() {
        vendor.mirror(&corpus, mirror.path());
    }
    local.update(mirror.path());

    let outside = Outside::start().await;
    let options = Options {
        database: Postgres::shared().database(),
        mirror: Some(mirror.path()),
        ..Options::default()
    };
    let mut suite = Suite::prepare(&options, &outside);
    suite.begin("combo");
    suite.ready().await;
    let updated = suite.api.update().await;
    assert_eq!(updated.status, 200, "{}", updated.text);
    let mut wrong = Vec::new();
    let (mut images, mut statements) = (0, 0);
    for vendor in vendors() {
        for stated in vendor.images() {
            let image = Image::new(&stated.root);
            outside.push(&image);
            let answer = suite.api.index(&image, &outside).await;
            assert_eq!(answer.status, 201, "{}: {}", stated.name, answer.text);
            let scanned = findings(local.scan(&image));
            // The matcher follows the database at its own pace, source by source.
            let begun = Instant::now();
            let mut report = served(&suite, &image).await;
            while wrong.is_empty()
                && !stated.differences(&report).is_empty()
                && begun.elapsed() < PATIENCE
            {
                tokio::time::sleep(Duration::from_millis(200)).await;
                report = served(&suite, &image).await;
            }
            wrong.extend(stated.differences(&report));
            if findings(report) != scanned {
                wrong.push(format!(
                    "{}: the two ways say different things",
                    stated.name
                ));
            }
            images += 1;
            statements += stated.statements.len();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{statements} statements hold in {images} images, and both ways say the same");
}

/// The report of the suite.
async fn served(suite: &Suite, image: &Image) -> Value {
    let path = format!("/matcher/api/v1/vulnerability_report/{}", image.digest);
    suite.api.get(&path).await.json()
}

/// A report with the findings of each package in an order of their own: how they are numbered is
/// that in which the database has them, which is not the same after both ways.
fn findings(report: Value) -> Value {
    let mut report = without_what_differs(report);
    let mut vulnerabilities = report["vulnerabilities"].take();
    let packages = report["package_vulnerabilities"].as_object_mut().unwrap();
    for ids in packages.values_mut() {
        let found = ids.as_array().unwrap().iter().map(|id| {
            let found = &mut vulnerabilities[id.as_str().unwrap()];
            found.as_object_mut().unwrap().remove("id");
            found.to_string()
        });
        let mut found: Vec<String> = found.collect();
        found.sort();
        *ids = found.into();
    }
    report
}
