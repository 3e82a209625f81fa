use clair_model::{Advisory, Enrichment};
use clair_store::{Outcome, Provenance, Record, Source, SourceKind};
use futures::TryStreamExt as _;

use crate::support::{DEBIAN, advisory, change, store};

#[test]
fn an_advisory_comes_back_as_it_was() {
    let advisory = advisory("CVE-1", "openssl", "3");
    let document = Record::encode(&advisory).unwrap();
    assert_eq!(document.decode::<Advisory>().unwrap(), advisory);
}

#[test]
fn the_identity_of_an_advisory_is_its_content() {
    let hash = |advisory| Record::encode(&advisory).unwrap().hash();
    let known = hash(advisory("CVE-1", "openssl", "3"));
    assert_eq!(hash(advisory("CVE-1", "openssl", "3")), known);
    assert_ne!(hash(advisory("CVE-1", "openssl", "3.0")), known);
    // Were it another one, the first update by this release would change every advisory.
    assert_eq!(known.to_string(), "333203e4-098c-f14b-bc9e-67c861887e96");
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_with_the_operation_that_led_to_it() {
    let store = store().await;
    let first = change(&store, DEBIAN, &[advisory("CVE-1", "openssl", "3")]).await;
    let mut snapshot = store.snapshot("debian").await.unwrap().unwrap();
    change(&store, DEBIAN, &[advisory("CVE-2", "openssl", "3")]).await;
    assert_eq!(snapshot.source().operation, Some(first.reference));
    let documents: Vec<_> = snapshot.records().try_collect().await.unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].decode::<Advisory>().unwrap().id, "CVE-1");
    assert!(store.snapshot("alpine").await.unwrap().is_none());
}

#[tokio::test]
async fn two_databases_with_the_same_advisories_give_them_in_the_same_order() {
    let mut orders = Vec::new();
    let mut advisories: Vec<_> = (0..50)
        .map(|n| advisory(&format!("CVE-{n}"), "openssl", &n.to_string()))
        .collect();
    for _ in 0..2 {
        let store = store().await;
        change(&store, DEBIAN, &advisories[..20]).await;
        change(&store, DEBIAN, &advisories).await;
        let mut snapshot = store.snapshot("debian").await.unwrap().unwrap();
        let documents: Vec<_> = snapshot.records().try_collect().await.unwrap();
        orders.push(documents.iter().map(Record::hash).collect::<Vec<_>>());
        advisories.reverse();
    }
    assert_eq!(orders[0].len(), 50);
    assert_eq!(orders[0], orders[1]);
}

#[tokio::test]
async fn enrichments_are_records_of_a_source_of_their_kind() {
    const SCORES: Source<'_> = Source {
        name: "scores",
        feed: "scores",
        kind: SourceKind::Enrichment,
    };
    let store = store().await;
    let enrichment = Enrichment::new("CVE-1", r#"{"score":0.5}"#.parse().unwrap());
    let record = Record::encode(&enrichment).unwrap();
    for expected in [true, false] {
        let mut update = store.begin_update(&SCORES).await.unwrap();
        update.add(vec![record.clone()]).await.unwrap();
        let outcome = update.commit(&Provenance::default()).await.unwrap();
        assert_eq!(matches!(outcome, Outcome::Changed(_)), expected);
    }
    let operations = store
        .operations(SourceKind::Enrichment, true)
        .await
        .unwrap();
    assert_eq!(operations.len(), 1);
    assert_eq!(
        (operations[0].added, operations[0].kind),
        (1, SourceKind::Enrichment)
    );
    assert!(
        store
            .operations(SourceKind::Vulnerability, true)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.pending_updates().await.unwrap().is_empty());

    let mut snapshot = store.snapshot("scores").await.unwrap().unwrap();
    assert_eq!(snapshot.source().kind, SourceKind::Enrichment);
    let records: Vec<_> = snapshot.records().try_collect().await.unwrap();
    assert_eq!(records[0].decode::<Enrichment>().unwrap(), enrichment);
    let error = records[0].decode::<Advisory>().unwrap_err().to_string();
    assert!(error.starts_with("advisory is damaged"), "{error}");
}
