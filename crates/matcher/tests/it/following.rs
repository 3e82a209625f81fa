//! How the local copy follows the database, while requests go on.

use std::time::Duration;

use clair_store::{Source, SourceKind};
use clair_testing::Postgres;

use crate::support::{Site, about, advisory, bookworm, digest, image, names, package};

/// Advisories about each of many packages, all of one state of the world.
fn world(name: &str, count: usize) -> Vec<clair_model::Advisory> {
    (0..count)
        .map(|number| {
            let package = format!("source-{number}");
            advisory(
                &format!("{name}-{number}"),
                vec![about("bookworm", &package, None)],
            )
        })
        .collect()
}

fn packages(count: usize) -> Vec<clair_model::ReportPackage> {
    (0..count)
        .map(|n| package(&format!("binary-{n}"), &format!("source-{n}"), "1"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_wholly_of_one_generation_while_another_is_swapped_in() {
    const PACKAGES: usize = 200;
    let site = Site::new().await;
    let first = site.update(&world("OLD", PACKAGES)).await;
    site.index(&image(1, bookworm(), packages(PACKAGES))).await;
    let matcher = site.matcher().await;
    matcher.has(&first).await;
    let (before, old) = matcher.report(&digest(1)).await.unwrap();
    assert_eq!(before.vulnerabilities.len(), PACKAGES);

    let manifest = digest(1);
    let asking = async {
        let mut generations = Vec::new();
        loop {
            let reports = futures::future::join_all((0..8).map(|_| matcher.report(&manifest)));
            for answer in reports.await {
                let (report, generation) = answer.unwrap();
                let prefix = if generation == old { "OLD-" } else { "NEW-" };
                let found = names(&report);
                assert_eq!(found.len(), PACKAGES);
                assert!(
                    found.iter().all(|name| name.starts_with(prefix)),
                    "{generation}"
                );
                generations.push(generation);
            }
            if generations.last() != Some(&old) {
                return generations;
            }
        }
    };
    let updating = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let second = site.update(&world("NEW", PACKAGES)).await;
        site.tell(&second).await;
        second
    };
    let (generations, second) = tokio::join!(asking, updating);
    assert_eq!(generations[0], old);
    matcher.has(&second).await;
    let (after, new) = matcher.report(&digest(1)).await.unwrap();
    assert_ne!(new, old);
    assert_eq!(Some(&new), generations.last());
    assert!(names(&after).iter().all(|name| name.starts_with("NEW-")));
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matcher_serves_from_its_directory_when_the_database_does_not_answer() {
    let postgres = Postgres::start();
    let site = Site::on(&postgres).await;
    let operation = site.update(&world("CVE", 3)).await;
    let index = image(1, bookworm(), packages(3));
    site.index(&index).await;
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    let before = matcher.report(&digest(1)).await.unwrap();
    matcher.stop().await;

    postgres.kill();
    let matcher = site.matcher_polling(Duration::from_millis(100)).await;
    let given = clair_rpc::proto::matcher::v1::get_vulnerability_report_request::Image::IndexReport;
    let after = matcher.report_of(given(index.into())).await.unwrap();
    assert_eq!(after, before);
    assert!(matcher.status().await.loaded);
    let request = clair_rpc::proto::matcher::v1::ListUpdateOperationsRequest::default();
    let refused = matcher
        .client
        .clone()
        .list_update_operations(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);

    postgres.restart();
    let second = site.update(&world("LATER", 2)).await;
    matcher.has(&second).await;
    let (report, _) = matcher.report(&digest(1)).await.unwrap();
    assert_eq!(names(&report), ["LATER-0", "LATER-1"]);
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_whose_event_was_lost_is_found_by_polling() {
    let site = Site::new().await;
    let first = site.update(&world("OLD", 1)).await;
    let matcher = site.matcher_polling(Duration::from_millis(100)).await;
    matcher.has(&first).await;
    let second = site.update(&world("NEW", 1)).await;
    matcher.has(&second).await;
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_checked_but_not_changed_only_gets_younger() {
    let site = Site::new().await;
    let operation = site.update(&world("CVE", 1)).await;
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    let before = matcher.status().await;
    site.store
        .record_unchanged(&crate::support::DEBIAN)
        .await
        .unwrap();
    site.tell(&operation).await;
    matcher
        .reaches(|status| status.sources[0].checked_at != before.sources[0].checked_at)
        .await;
    assert_eq!(matcher.status().await.generation, before.generation);
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_removed_is_gone_and_the_others_stay() {
    let site = Site::new().await;
    let other = Source {
        name: "other",
        feed: "other",
        kind: SourceKind::Vulnerability,
    };
    let kept = site.update(&world("KEPT", 1)).await;
    let gone = site.update_source(other, &world("GONE", 1)).await;
    site.index(&image(1, bookworm(), packages(1))).await;
    let matcher = site.matcher().await;
    matcher.has(&gone).await;
    matcher.has(&kept).await;
    let (report, _) = matcher.report(&digest(1)).await.unwrap();
    assert_eq!(names(&report), ["GONE-0", "KEPT-0"]);

    crate::support::psql(&site.address, "DELETE FROM source WHERE name = 'other'");
    site.tell(&gone).await;
    matcher.reaches(|status| status.sources.len() == 1).await;
    let (report, _) = matcher.report(&digest(1)).await.unwrap();
    assert_eq!(names(&report), ["KEPT-0"]);
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_local_copy_is_made_anew() {
    let site = Site::new().await;
    let operation = site.update(&world("CVE", 1)).await;
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    let before = matcher.status().await.generation;
    matcher.stop().await;
    std::fs::write(site.directory().join("vulndb/manifest.json"), "{").unwrap();
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    assert_eq!(matcher.status().await.generation, before);
    matcher.stop().await;
}
