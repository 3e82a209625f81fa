use std::collections::BTreeMap;

use clair_model::Advisory;
use clair_store::{Error, Outcome, Provenance, SourceKind, Store};
use clair_testing::Postgres;
use futures::TryStreamExt as _;

use crate::support::{
    DEBIAN, advisory, change, connect, documents, provenance, psql, store, store_and_address,
    update,
};

async fn stated(store: &Store, source: &str) -> Vec<String> {
    let mut snapshot = store.snapshot(source).await.unwrap().unwrap();
    let documents: Vec<_> = snapshot.records().try_collect().await.unwrap();
    let mut ids: Vec<String> = documents
        .iter()
        .map(|document| document.decode::<Advisory>().unwrap().id)
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn the_first_update_adds_everything_and_says_where_it_is_from() {
    let store = store().await;
    let mut update = store.begin_update(&DEBIAN).await.unwrap();
    update
        .add(documents(&[advisory("CVE-1", "openssl", "3")]))
        .await
        .unwrap();
    update
        .add(documents(&[advisory("CVE-2", "bash", "5")]))
        .await
        .unwrap();
    let provenance = Provenance {
        fingerprint: "etag".to_owned(),
        location: "https://security.example/json".to_owned(),
        upstream_date: Some("2025-11-20T10:00:00Z".parse().unwrap()),
        skipped: BTreeMap::from([("no-package".to_owned(), 3)]),
    };
    let Outcome::Changed(operation) = update.commit(&provenance).await.unwrap() else {
        panic!("nothing changed");
    };
    assert_eq!((operation.added, operation.removed), (2, 0));
    assert_eq!(operation.source, "debian");
    assert_eq!(operation.fingerprint, "etag");

    let source = store.source("debian").await.unwrap().unwrap();
    assert_eq!(source.feed, "debian");
    assert_eq!(source.kind, SourceKind::Vulnerability);
    assert_eq!(source.fingerprint, provenance.fingerprint);
    assert_eq!(source.location, provenance.location);
    assert_eq!(source.upstream_date, provenance.upstream_date);
    assert_eq!(source.skipped, provenance.skipped);
    assert_eq!(source.advisories, 2);
    assert_eq!(source.operation, Some(operation.reference));
    assert!(source.succeeded.is_some() && source.attempted.is_some());
    assert_eq!(stated(&store, "debian").await, ["CVE-1", "CVE-2"]);
}

#[tokio::test]
async fn the_same_document_again_writes_no_advisory_and_makes_no_operation() {
    let (store, address) = store_and_address().await;
    let advisories = [
        advisory("CVE-1", "openssl", "3"),
        advisory("CVE-2", "bash", "5"),
    ];
    let first = change(&store, DEBIAN, &advisories).await;
    let rows = "SELECT xmin, ctid, * FROM advisory ORDER BY id";
    let before = psql(&address, rows);
    assert_eq!(
        update(&store, DEBIAN, &advisories).await,
        Outcome::Unchanged
    );
    assert_eq!(psql(&address, rows), before);
    assert_eq!(psql(&address, "SELECT count(*) FROM update_operation"), "1");
    let source = store.source("debian").await.unwrap().unwrap();
    assert_eq!(source.operation, Some(first.reference));
    assert_eq!(source.advisories, 2);
}

#[tokio::test]
async fn only_what_changed_is_written() {
    let (store, address) = store_and_address().await;
    let kept = advisory("CVE-1", "openssl", "3");
    change(
        &store,
        DEBIAN,
        &[kept.clone(), advisory("CVE-2", "bash", "5")],
    )
    .await;
    let operation = change(
        &store,
        DEBIAN,
        &[advisory("CVE-2", "bash", "5.1"), kept.clone()],
    )
    .await;
    assert_eq!((operation.added, operation.removed), (1, 1));
    assert_eq!(psql(&address, "SELECT count(*) FROM advisory"), "3");
    let operation = change(&store, DEBIAN, &[kept]).await;
    assert_eq!((operation.added, operation.removed), (0, 1));
    assert_eq!(stated(&store, "debian").await, ["CVE-1"]);
}

#[tokio::test]
async fn an_advisory_that_a_document_has_twice_counts_once() {
    let store = store().await;
    let advisory = advisory("CVE-1", "openssl", "3");
    let operation = change(&store, DEBIAN, &[advisory.clone(), advisory.clone()]).await;
    assert_eq!(operation.added, 1);
    let again = update(&store, DEBIAN, &[advisory.clone(), advisory]).await;
    assert_eq!(again, Outcome::Unchanged);
}

#[tokio::test]
async fn an_update_that_is_given_up_leaves_what_was_there_and_a_failure_tells_why() {
    let store = store().await;
    let operation = change(&store, DEBIAN, &[advisory("CVE-1", "openssl", "3")]).await;
    let many: Vec<_> = (0..2500)
        .map(|n| advisory(&format!("CVE-{n}"), "bash", &n.to_string()))
        .collect();
    let mut update = store.begin_update(&DEBIAN).await.unwrap();
    update.add(documents(&many)).await.unwrap();
    drop(update);
    store
        .record_failure(&DEBIAN, "the document ends early")
        .await
        .unwrap();

    let source = store.source("debian").await.unwrap().unwrap();
    assert_eq!(source.error, "the document ends early");
    assert_eq!(source.operation, Some(operation.reference));
    assert_eq!(source.fingerprint, "fingerprint");
    assert!(source.attempted > source.succeeded);
    assert_eq!(stated(&store, "debian").await, ["CVE-1"]);

    store.record_unchanged(&DEBIAN).await.unwrap();
    let source = store.source("debian").await.unwrap().unwrap();
    assert_eq!(source.error, "");
    assert_eq!(source.attempted, source.succeeded);
}

#[tokio::test]
async fn an_update_of_a_process_that_was_killed_never_was() {
    let server = Postgres::start();
    let store = connect(&server.database()).await;
    store.migrate().await.unwrap();
    let first = [advisory("CVE-1", "openssl", "3")];
    change(&store, DEBIAN, &first).await;
    let many: Vec<_> = (0..1500)
        .map(|n| advisory(&format!("CVE-{n}"), "bash", &n.to_string()))
        .collect();
    let mut unfinished = store.begin_update(&DEBIAN).await.unwrap();
    unfinished.add(documents(&many)).await.unwrap();
    server.kill();
    server.restart();
    assert!(
        unfinished
            .commit(&provenance(""))
            .await
            .unwrap_err()
            .is_connection()
    );
    assert_eq!(update(&store, DEBIAN, &first).await, Outcome::Unchanged);
    assert_eq!(change(&store, DEBIAN, &many).await.added, 1500);
}

#[tokio::test]
async fn a_source_is_updated_by_one_at_a_time_and_sources_are_independent() {
    let store = store().await;
    let alpine = clair_store::Source {
        name: "alpine/v3.18/main",
        feed: "alpine",
        ..DEBIAN
    };
    let first = store.begin_update(&DEBIAN).await.unwrap();
    let error = store.begin_update(&DEBIAN).await.unwrap_err();
    assert!(
        matches!(&error, Error::SourceBusy { name } if name == "debian"),
        "{error:?}"
    );
    assert!(error.is_transient());
    change(&store, alpine, &[advisory("CVE-1", "openssl", "3")]).await;
    drop(first);
    change(&store, DEBIAN, &[advisory("CVE-1", "openssl", "3")]).await;
    let sources: Vec<_> = store
        .sources()
        .await
        .unwrap()
        .into_iter()
        .map(|source| source.name)
        .collect();
    assert_eq!(sources, ["alpine/v3.18/main", "debian"]);
}
