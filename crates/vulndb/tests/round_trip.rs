//! What goes into a database comes out of it.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

mod common;

use std::collections::BTreeSet;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use clair_vulndb::{Database, Error, Store};
use common::{advisories, affected, commit, namespace, plain, provenance};
use jiff::Timestamp;
use proptest::prelude::*;

fn full() -> Advisory {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Advisory {
        id: "CVE-2024-1".to_owned(),
        aliases: owned(&["DSA-1-1", "GHSA-x"]),
        description: "Long.\nVery long. ".repeat(3000),
        issued: Some(Timestamp::new(-1, -5).unwrap()),
        modified: Some(Timestamp::MAX),
        links: owned(&["https://a.example/", "https://b.example/"]),
        severity: "important".to_owned(),
        normalized_severity: Severity::High,
        cvss: owned(&["CVSS:3.1/AV:N", "CVSS:4.0/AV:N"]),
        cwes: owned(&["CWE-79", "CWE-80"]),
        affected: vec![
            Affected {
                namespace: namespace("rhel:9"),
                package: "openssl".to_owned(),
                kind: PackageKind::Binary,
                arches: owned(&["x86_64", "aarch64"]),
                module: Some("nodejs:18".to_owned()),
                vulnerable: Vulnerable {
                    scheme: Scheme::Rpm,
                    ranges: vec![
                        Range {
                            introduced: Some("0".to_owned()),
                            fixed: Some("1:3.0.7-1".to_owned()),
                            last_affected: Some("2".to_owned()),
                        },
                        Range::all(),
                        Range::before(""),
                    ],
                },
                fix_state: FixState::Deferred,
                severity: Some("low".to_owned()),
                normalized_severity: Some(Severity::Low),
                note: Some("Minor issue".to_owned()),
            },
            Affected {
                vulnerable: Vulnerable::none(Scheme::Apk),
                severity: Some(String::new()),
                ..affected("debian:bookworm", "", "")
            },
        ],
    }
}

#[test]
fn every_field_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let written = [full(), Advisory::new(""), Advisory::new("bare")];
    commit(dir.path(), &[("one", &written)]);

    let database = Database::open(dir.path()).unwrap();
    for advisory in &written {
        let found = database.by_id(&advisory.id).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(&found[0].to_advisory().unwrap(), advisory);
    }
    let statement = &written[0].affected[0];
    let mut candidates = database.candidates(&statement.namespace, "openssl", PackageKind::Binary);
    let candidate = candidates.next().unwrap().unwrap();
    assert!(candidates.next().is_none());
    assert_eq!(&candidate.to_affected(), statement);
    assert_eq!(candidate.source().name, "one");
    assert_eq!(candidate.ranges().len(), 3);
    assert_eq!(
        candidate.arches().collect::<Vec<_>>(),
        ["x86_64", "aarch64"]
    );
    assert_eq!(candidate.fixed_version(), statement.fixed_version());
    let advisory = candidate.advisory().unwrap();
    assert_eq!(advisory.id(), "CVE-2024-1");
    assert_eq!(advisory.key(), candidate.advisory_key());
    assert_eq!(advisory.text().unwrap().description, written[0].description);
}

#[test]
fn the_advisories_of_a_source_come_back_as_a_whole_and_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let written = [plain(300), vec![full(), Advisory::new("bare")]].concat();
    commit(
        dir.path(),
        &[("one", &written), ("other", &plain(2)), ("void", &[])],
    );

    let database = Database::open(dir.path()).unwrap();
    let all = |source: &str| -> Vec<Advisory> {
        let advisories = database.advisories(source).unwrap();
        advisories.map(Result::unwrap).collect()
    };
    assert_eq!(all("one"), written);
    assert_eq!(all("other"), plain(2));
    assert_eq!(all("void"), []);
    assert!(database.advisories("absent").is_none());
}

#[test]
fn sources_say_what_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    commit(
        dir.path(),
        &[("two", &plain(10)), ("one", &[]), ("three", &[full()])],
    );

    let database = Database::open(dir.path()).unwrap();
    let names: Vec<_> = database
        .sources()
        .iter()
        .map(|source| &*source.name)
        .collect();
    assert_eq!(names, ["one", "three", "two"]);
    let two = &database.sources()[2];
    assert_eq!((two.advisories, two.statements), (10, 30));
    let places: Vec<_> = two.namespaces.iter().map(Namespace::as_str).collect();
    assert_eq!(places, ["debian:0", "debian:1", "debian:2"]);
    assert_eq!(two.skipped, provenance(1).skipped);
    assert_eq!(
        Store::open(dir.path()).unwrap().sources().unwrap(),
        database.sources()
    );
    assert!(database.covers(&namespace("debian:1")));
    assert!(database.covers(&namespace("rhel:9")));
    assert!(!database.covers(&namespace("debian:3")));
    database.verify().unwrap();
}

#[test]
fn ids_and_aliases_are_found_in_any_case_and_in_every_source() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(10)), ("two", &plain(4))]);

    let database = Database::open(dir.path()).unwrap();
    let count = |id: &str| database.by_id(id).unwrap().len();
    assert_eq!(count("cve-2024-0003"), 2);
    assert_eq!(count("CVE-2024-0009"), 1);
    assert_eq!(count("dsa-3"), 2);
    assert_eq!(count("SHARED-ALIAS"), 14);
    assert_eq!(count("CVE-2024-00"), 0);
    assert_eq!(count(""), 0);
}

#[test]
fn a_package_is_only_found_under_its_namespace_and_kind() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(100))]);

    let database = Database::open(dir.path()).unwrap();
    let count = |place: &str, package: &str, kind| {
        database
            .candidates(&namespace(place), package, kind)
            .count()
    };
    assert_eq!(count("debian:1", "package-7", PackageKind::Source), 2);
    assert_eq!(count("debian:1", "package-7", PackageKind::Binary), 0);
    assert_eq!(count("debian:9", "package-7", PackageKind::Source), 0);
    assert_eq!(count("debian:1", "package-", PackageKind::Source), 0);
    assert_eq!(count("debian:1", "package-77", PackageKind::Source), 0);
}

#[test]
fn the_same_advisories_make_the_same_file() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let identity = |dir: &tempfile::TempDir, advisories: &[Advisory]| {
        commit(dir.path(), &[("source", advisories)]);
        Database::open(dir.path()).unwrap().identity().to_owned()
    };
    let mut written = plain(500);
    let first = identity(&one, &written);
    assert_eq!(identity(&two, &written), first);
    written[3].affected[0].note = Some("other".to_owned());
    assert_ne!(identity(&two, &written), first);
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let update = Store::open(dir.path()).unwrap().lock().unwrap();
    let mut advisory = Advisory::new("CVE-2024-1");
    advisory.description = "x".repeat(33 << 20);
    let error = update.writer("big").unwrap().add(&advisory).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_advisories_are_found_by_package_and_by_id(
        one in advisories(),
        two in advisories(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        commit(dir.path(), &[("one", &one), ("two", &two)]);
        let database = Database::open(dir.path()).unwrap();
        let all: Vec<&Advisory> = one.iter().chain(&two).collect();

        let keys: BTreeSet<_> = all
            .iter()
            .flat_map(|advisory| &advisory.affected)
            .map(|affected| (&affected.namespace, &affected.package, affected.kind))
            .collect();
        for (place, package, kind) in keys {
            let found: Vec<(String, Affected)> = database
                .candidates(place, package, kind)
                .map(|candidate| {
                    let candidate = candidate.unwrap();
                    (candidate.advisory().unwrap().id().to_owned(), candidate.to_affected())
                })
                .collect();
            let mut stated = Vec::new();
            for advisory in &all {
                for affected in &advisory.affected {
                    if (&affected.namespace, &affected.package, affected.kind)
                        == (place, package, kind)
                    {
                        stated.push((advisory.id.clone(), affected.clone()));
                    }
                }
            }
            prop_assert_eq!(found, stated);
        }

        let ids: BTreeSet<&String> = all
            .iter()
            .flat_map(|advisory| advisory.aliases.iter().chain([&advisory.id]))
            .collect();
        for id in ids {
            let found: Vec<Advisory> = database
                .by_id(id)
                .unwrap()
                .iter()
                .map(|advisory| advisory.to_advisory().unwrap())
                .collect();
            let named = all.iter().filter(|advisory| {
                let mut names = advisory.aliases.iter().chain([&advisory.id]);
                names.any(|name| name.eq_ignore_ascii_case(id))
            });
            prop_assert_eq!(found, named.copied().cloned().collect::<Vec<_>>());
        }
    }
}
