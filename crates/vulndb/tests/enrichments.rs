//! Segments of enrichments: what was written is found by feed and tag, and damage is an error.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

mod common;

use std::fs;
use std::path::Path;

use clair_model::{Enrichment, JsonText, SourceKind};
use clair_vulndb::{Database, Error, Provenance, Store, export, import};
use common::{commit, plain, provenance};
use proptest::prelude::*;

fn enrichment(tags: &[&str], value: &str) -> Enrichment {
    Enrichment {
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        value: value.parse().unwrap(),
    }
}

fn write(dir: &Path, feed: &str, source: &str, enrichments: &[Enrichment]) {
    let mut update = Store::open(dir).unwrap().lock_wait().unwrap();
    let mut writer = update.enrichment_writer(source).unwrap();
    for enrichment in enrichments {
        writer.add(enrichment).unwrap();
    }
    let provenance = Provenance {
        feed: feed.to_owned(),
        ..provenance(1)
    };
    update.replace(writer.finish(provenance).unwrap());
    update.commit().unwrap();
}

fn found(database: &Database, feed: &str, tag: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut reader = database.enrichment_reader();
    reader
        .read(feed, tag, |value| values.push(value.to_owned()))
        .unwrap();
    values
}

fn many(count: usize) -> Vec<Enrichment> {
    (0..count)
        .map(|number| {
            let tag = format!("CVE-2024-{number:04}");
            let value =
                serde_json::json!({"cve": tag, "score": number, "text": "x".repeat(number % 90)});
            Enrichment::new(tag, JsonText::of(&value).unwrap())
        })
        .collect()
}

#[test]
fn a_value_is_found_by_its_feed_and_any_of_its_tags_in_any_case() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "scores",
        "scores/2023",
        &[
            enrichment(&["CVE-2023-1", "GHSA-x"], r#"{"score":1.50}"#),
            enrichment(&["cve-2023-1"], "2"),
            enrichment(&[], "null"),
        ],
    );
    write(
        dir.path(),
        "scores",
        "scores/2024",
        &[enrichment(&["CVE-2023-1"], "3")],
    );
    write(
        dir.path(),
        "other",
        "other",
        &[enrichment(&["CVE-2023-1"], "4")],
    );
    let database = Database::open(dir.path()).unwrap();
    assert_eq!(
        found(&database, "scores", "CVE-2023-1"),
        [r#"{"score":1.50}"#, "2", "3"]
    );
    assert_eq!(found(&database, "scores", "ghsa-X"), [r#"{"score":1.50}"#]);
    assert_eq!(found(&database, "other", "CVE-2023-1"), ["4"]);
    for (feed, tag) in [
        ("scores", "CVE-2023-2"),
        ("scores", ""),
        ("none", "CVE-2023-1"),
    ] {
        assert!(found(&database, feed, tag).is_empty(), "{feed} {tag}");
    }
    assert_eq!(
        database
            .enrichment_reader()
            .first("scores", "CVE-2023-1")
            .unwrap()
            .unwrap(),
        r#"{"score":1.50}"#
    );
    assert!(database.has_enrichments("other"));
    assert!(!database.has_enrichments("scores/2023"));
}

#[test]
fn enrichments_come_back_in_their_order_and_are_no_advisories() {
    let dir = tempfile::tempdir().unwrap();
    let enrichments = many(500);
    commit(dir.path(), &[("debian", &plain(5))]);
    write(dir.path(), "scores", "scores", &enrichments);
    let database = Database::open(dir.path()).unwrap();
    let read: Vec<_> = database
        .enrichments("scores")
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, enrichments);
    assert!(database.enrichments("debian").is_none());
    assert!(database.advisories("scores").is_none());
    let ids: Vec<_> = database.by_id("CVE-2024-0001").unwrap();
    assert_eq!(ids.len(), 1);

    let source = &database.sources()[1];
    assert_eq!(source.kind, SourceKind::Enrichment);
    assert_eq!(
        (source.advisories, source.statements, source.enrichments),
        (0, 0, 500)
    );
    let source = &database.sources()[0];
    assert_eq!(source.kind, SourceKind::Vulnerability);
    assert_eq!((source.advisories, source.enrichments), (5, 0));
}

#[test]
fn an_export_carries_enrichments() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    commit(from.path(), &[("debian", &plain(5))]);
    write(from.path(), "scores", "scores", &many(500));
    let mut exported = Vec::new();
    let summary = export(from.path(), &mut exported).unwrap();
    assert_eq!((summary.advisories, summary.enrichments), (5, 500));
    import(to.path(), &mut &exported[..]).unwrap();
    let (from, to) = (
        Database::open(from.path()).unwrap(),
        Database::open(to.path()).unwrap(),
    );
    assert_eq!(from.sources(), to.sources());
    assert_eq!(from.identity(), to.identity());
    assert_eq!(
        found(&to, "scores", "CVE-2024-0499"),
        found(&from, "scores", "CVE-2024-0499")
    );
}

#[test]
fn a_manifest_from_before_there_were_enrichments_is_read() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("debian", &plain(5))]);
    let path = dir.path().join("manifest.json");
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["format"] = 1.into();
    let source = manifest["sources"][0]["source"].as_object_mut().unwrap();
    assert!(source.remove("kind").is_some() && source.remove("enrichments").is_some());
    fs::write(&path, manifest.to_string()).unwrap();
    assert_eq!(
        Database::open(dir.path()).unwrap().sources()[0].advisories,
        5
    );
    write(dir.path(), "scores", "scores", &many(1));
    assert_eq!(Database::open(dir.path()).unwrap().sources().len(), 2);
}

#[test]
fn every_flipped_bit_is_noticed_and_none_panics() {
    let dir = tempfile::tempdir().unwrap();
    let enrichments = many(40);
    write(dir.path(), "scores", "scores", &enrichments);
    let path = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|suffix| suffix == "segment"))
        .unwrap();
    let bytes = fs::read(&path).unwrap();
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1 << (index % 8);
        let new = path.with_extension("changed");
        fs::write(&new, &changed).unwrap();
        fs::rename(new, &path).unwrap();
        let Ok(database) = Database::open(dir.path()) else {
            continue;
        };
        let mut reader = database.enrichment_reader();
        for enrichment in &enrichments {
            let _ = reader.first("scores", &enrichment.tags[0]);
        }
        let _ = database.enrichments("scores").unwrap().count();
        let error = database.verify().unwrap_err();
        assert!(matches!(error, Error::Segment { .. }), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_enrichments_come_back(
        enrichments in prop::collection::vec(
            (prop::collection::vec("[A-Za-z0-9-]{0,12}|\\PC{0,6}", 0..4), "\\PC{0,300}"),
            0..60,
        )
    ) {
        let dir = tempfile::tempdir().unwrap();
        let enrichments: Vec<_> = enrichments
            .into_iter()
            .map(|(tags, text)| Enrichment { tags, value: JsonText::of(&text).unwrap() })
            .collect();
        write(dir.path(), "scores", "scores", &enrichments);
        let database = Database::open(dir.path()).unwrap();
        let read: Vec<_> = database.enrichments("scores").unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &enrichments);
        for enrichment in &enrichments {
            for tag in &enrichment.tags {
                let expected: Vec<_> = enrichments
                    .iter()
                    .filter(|other| other.tags.iter().any(|other| other.eq_ignore_ascii_case(tag)))
                    .map(|other| other.value.get().to_owned())
                    .collect();
                prop_assert_eq!(found(&database, "scores", tag), expected);
            }
        }
    }
}
