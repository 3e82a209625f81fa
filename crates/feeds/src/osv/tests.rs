//! Records of one oddity each, and all records of the corpus.

use std::path::Path;

use clair_version::{Range, Scheme};

use super::versions::Versions;
use super::{Affected, Record};
use crate::{Document, Limits, Skip, Source, archive};

fn range(introduced: &str, fixed: &str, last_affected: &str) -> Range {
    let bound = |version: &str| (!version.is_empty()).then(|| version.to_owned());
    Range {
        introduced: bound(introduced),
        fixed: bound(fixed),
        last_affected: bound(last_affected),
    }
}

/// What the events of one range, written `introduced 1, fixed 2`, come to.
fn from_events(events: &str, listed: &[&str]) -> Result<Versions, Skip> {
    let events: Vec<String> = events
        .split(", ")
        .map(|event| event.split_once(' ').unwrap())
        .map(|(kind, version)| format!(r#"{{"{kind}":"{version}"}}"#))
        .collect();
    let json = format!(
        r#"{{"ranges":[{{"type":"ECOSYSTEM","events":[{}]}}],"versions":{}}}"#,
        events.join(","),
        serde_json::to_string(listed).unwrap()
    );
    serde_json::from_str::<Affected<'_>>(&json)
        .unwrap()
        .versions(Scheme::Dpkg)
}

#[test]
fn events_become_ranges() {
    for (events, fixed, unfixed) in [
        ("introduced 0, fixed 2", vec![range("", "2", "")], vec![]),
        ("introduced 0", vec![], vec![range("", "", "")]),
        (
            "introduced 1, last_affected 2",
            vec![],
            vec![range("1", "", "2")],
        ),
        (
            "introduced 1, fixed 2, introduced 3, fixed 4",
            vec![range("1", "2", ""), range("3", "4", "")],
            vec![],
        ),
        // The schema recommends their order, and does not require it.
        (
            "fixed 10, introduced 9, fixed 2, introduced 0",
            vec![range("", "2", ""), range("9", "10", "")],
            vec![],
        ),
        // Fixed on one branch, open on the next.
        (
            "introduced 0, fixed 2, introduced 3",
            vec![range("", "2", "")],
            vec![range("3", "", "")],
        ),
        // One version ends a range and begins another.
        (
            "introduced 0, fixed 2, introduced 2, fixed 3",
            vec![range("", "2", ""), range("2", "3", "")],
            vec![],
        ),
        (
            "introduced 0, introduced 1, fixed 2, fixed 3",
            vec![range("", "2", "")],
            vec![],
        ),
        // A limit bounds a range and is no fix.
        ("introduced 0, limit 2", vec![], vec![range("", "2", "")]),
        (
            "introduced 0, fixed 3, limit 2",
            vec![],
            vec![range("", "2", "")],
        ),
        (
            "introduced 0, fixed 3, limit 5, limit 4",
            vec![range("", "3", "")],
            vec![],
        ),
        (
            "introduced 0, limit 2, limit *, limit 3",
            vec![],
            vec![range("", "", "")],
        ),
    ] {
        assert_eq!(
            from_events(events, &[]),
            Ok(Versions { fixed, unfixed }),
            "{events}"
        );
    }
}

#[test]
fn listed_versions_count_where_no_range_has_them() {
    let fixed = vec![range("", "2", ""), range("5", "6", "")];
    for (listed, outside) in [
        (vec!["1", "1.5", "5"], vec![]),
        (vec!["1", "2", "3", "5.5", "6"], vec!["2", "3", "6"]),
        (vec!["3", "2.0-0", "1", "3"], vec!["2.0-0", "3"]),
        (vec!["no version", "4"], vec!["4"]),
    ] {
        let unfixed = outside
            .iter()
            .map(|version| range(version, "", version))
            .collect();
        let expected = Versions {
            fixed: fixed.clone(),
            unfixed,
        };
        let found = from_events("introduced 0, fixed 2, introduced 5, fixed 6", &listed);
        assert_eq!(found, Ok(expected), "{listed:?}");
    }
}

#[test]
fn what_has_no_usable_versions_is_refused() {
    assert_eq!(from_events("fixed 2", &[]), Err(Skip::NoVersion));
    for events in [
        "introduced a:b",
        "introduced 0, fixed 1:",
        "introduced 0, limit a:b",
    ] {
        assert_eq!(from_events(events, &[]), Err(Skip::BadVersion), "{events}");
    }
    let only_git = r#"{"ranges":[{"type":"GIT","repo":"https://a.example/",
        "events":[{"introduced":"0"},{"fixed":"6e5755a2a833bc64852eae12967d0a54d7adf629"}]}]}"#;
    let affected: Affected<'_> = serde_json::from_str(only_git).unwrap();
    assert_eq!(affected.versions(Scheme::Dpkg), Err(Skip::NoVersion));
}

#[test]
fn a_great_many_ranges_and_versions_do_not_multiply() {
    let events: Vec<String> = (0..20_000)
        .map(|n| format!("introduced {}, fixed {}", 2 * n, 2 * n + 1))
        .collect();
    let listed: Vec<String> = (0..40_000).rev().map(|n| n.to_string()).collect();
    let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
    let versions = from_events(&events.join(", "), &listed).unwrap();
    assert_eq!(versions.fixed.len(), 20_000);
    assert_eq!(versions.unfixed.len(), 20_000);
}

#[test]
fn fields_that_are_absent_or_null_or_new_are_no_trouble() {
    let record = Record::parse(
        br#"{"id":"X-1","aliases":null,"affected":null,"credits":[{"name":"me"}],"new":{"a":[]}}"#,
    )
    .unwrap();
    assert_eq!(record.id, "X-1");
    assert!(!record.is_withdrawn());
    assert!(record.affected.is_empty() && record.published().is_none());
    for bad in [
        &br#"{"aliases":[]}"#[..],
        br#"{"id":1}"#,
        b"{\"id\":\"\xff\"}",
        b"[]",
        b"",
    ] {
        assert!(Record::parse(bad).is_err());
    }
}

#[test]
fn vectors_and_links_are_given_once_and_cleaned() {
    let record = Record::parse(
        br#"{"id":"X-1","summary":"short","details":"",
            "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/A"},{"type":"CVSS_V3","score":"CVSS:3.1/A"},
                        {"type":"Ubuntu","score":"low"}],
            "affected":[{"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/\u001b[1mB"}]}],
            "references":[{"url":"https://a.example/"},{"url":"javascript:x"},
                          {"type":"WEB","url":"https://a.example/"}],
            "withdrawn":"2024-01-01T00:00:00Z","published":"2023-06-01T10:00:00Z","modified":"soon"}"#,
    )
    .unwrap();
    assert!(record.is_withdrawn());
    assert_eq!(record.cvss(), ["CVSS:3.1/A", "CVSS:4.0/[1mB"]);
    assert_eq!(record.links(), ["https://a.example/"]);
    assert_eq!(record.description(), "short");
    assert_eq!(super::score(&record.severity, "Ubuntu"), Some("low"));
    assert_eq!(
        record.published().unwrap().to_string(),
        "2023-06-01T10:00:00Z"
    );
    assert_eq!(record.modified(), None);
}

/// What an export of the corpus holds: records, withdrawn ones, and ranges read as rpm's.
fn tally(path: &Path) -> (usize, usize, usize) {
    let source = Source::new("osv", Vec::new());
    let file = std::fs::File::open(path).unwrap();
    let mut document = Document::from_reader("all.zip", file, Limits::default()).unwrap();
    let (mut records, mut withdrawn, mut ranges) = (0, 0, 0);
    archive::for_each_record(&source, &mut document, &mut |name, bytes| {
        let record = Record::parse(bytes.unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        records += 1;
        withdrawn += usize::from(record.is_withdrawn());
        ranges += record
            .affected
            .iter()
            .filter_map(|affected| affected.versions(Scheme::Rpm).ok())
            .map(|versions| versions.fixed.len())
            .sum::<usize>();
        Ok(())
    })
    .unwrap();
    (records, withdrawn, ranges)
}

#[test]
fn every_record_of_the_corpus_is_read() {
    let Some(root) = clair_testing::corpus() else {
        return;
    };
    for (export, records, withdrawn) in [
        ("AlmaLinux-8", 3237, 0),
        ("AlmaLinux-9", 1783, 0),
        ("Bitnami", 5228, 0),
        ("Go", 4291, 17),
        ("Maven", 178, 0),
        ("PyPI", 2661, 10),
        ("crates.io", 1206, 13),
        ("npm", 85, 0),
    ] {
        let found = tally(&root.join("feeds/osv").join(export).join("all.zip"));
        println!(
            "{export}: {} records, {} withdrawn, {} fixed ranges",
            found.0, found.1, found.2
        );
        assert_eq!((found.0, found.1), (records, withdrawn), "{export}");
        assert!(found.2 > 0, "{export}");
    }
}
