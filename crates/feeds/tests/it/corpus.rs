//! Real documents, whole. The counts are those that the corpus states of them, and those of a
//! second reading that knows nothing but JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use clair_feeds::{Document, Limits, Sink as _, Skip};
use clair_model::FixState;
use serde_json::Value;

use crate::support::{Collected, corpus, feed, source};

pub(crate) fn read(name: &str, path: &Path) -> Collected {
    let limits = Limits::default();
    let mut document = if path.is_dir() {
        Document::from_directory(path, limits)
    } else {
        let file = fs::File::open(path).unwrap();
        Document::from_reader(&path.display().to_string(), file, limits).unwrap()
    };
    let mut collected = Collected::default();
    feed(name)
        .parse(&source(name), &mut document, &mut collected)
        .unwrap();
    let statements: usize = collected
        .advisories
        .iter()
        .map(|it| it.affected.len())
        .sum();
    println!(
        "{name}: {} advisories, {statements} statements, left out {:?}",
        collected.advisories.len(),
        collected.skips()
    );
    collected
}

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap();
    let mut text = String::new();
    use std::io::Read;
    clair_compression::Decoder::new(&bytes[..])
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How many statements have each state.
pub(crate) fn states(collected: &Collected) -> BTreeMap<FixState, usize> {
    let mut states = BTreeMap::new();
    for affected in collected
        .advisories
        .iter()
        .flat_map(|advisory| &advisory.affected)
    {
        *states.entry(affected.fix_state).or_default() += 1;
    }
    states
}

#[test]
fn the_tracker_of_debian_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/debian/tracker-from-DSA.json.gz");
    let collected = read("debian", &path);
    let packages: BTreeSet<&str> = collected
        .advisories
        .iter()
        .flat_map(|advisory| &advisory.affected)
        .map(|affected| affected.package.as_str())
        .collect();
    assert_eq!(packages.len(), 1644);
    assert_eq!(collected.advisories.len(), 19_201);
    assert!(collected.skipped.is_empty());

    let mut expected: BTreeMap<FixState, usize> = BTreeMap::new();
    let document = json(&path);
    let records = document
        .as_object()
        .unwrap()
        .values()
        .flat_map(|it| it.as_object().unwrap().values());
    for release in records.flat_map(|record| record["releases"].as_object().unwrap().values()) {
        let state = match (
            release["status"].as_str().unwrap(),
            release["fixed_version"].as_str(),
        ) {
            ("resolved", Some(_)) => FixState::Fixed,
            ("open", None) => FixState::Affected,
            other => panic!("{other:?}"),
        };
        *expected.entry(state).or_default() += 1;
    }
    assert_eq!(states(&collected), expected);
    let fixed = |id: &str, codename: &str| {
        let of_id = collected
            .advisories
            .iter()
            .filter(|advisory| advisory.id == id);
        let mut statements = of_id.flat_map(|advisory| &advisory.affected);
        let statement = statements.find(|it| it.namespace.as_str() == format!("debian:{codename}"));
        statement.unwrap().fixed_version().unwrap().to_owned()
    };
    assert_eq!(fixed("CVE-2017-1000083", "jessie"), "1.8.1+dfsg1-4+deb8u1");
    assert_eq!(fixed("CVE-2008-3429", "etch"), "3.40.4-3.1+etch1");
    assert_eq!(fixed("CVE-2004-1282", "woody"), "1.2.0-2woody1");
}

#[test]
fn the_tracker_of_debian_as_it_was_served() {
    let Some(corpus) = corpus() else { return };
    let collected = read("debian", &corpus.join("feeds/debian/tracker-slice.json"));
    assert_eq!(
        collected.reasons(),
        ["no-version: chromium-browser CVE-2022-0358"]
    );
    let expected = [
        (FixState::Fixed, 4 + 4 + 4 + 3 + 4),
        (FixState::EndOfLife, 2),
        (FixState::NotAffected, 4),
    ];
    assert_eq!(states(&collected), BTreeMap::from(expected));
    assert!(collected.statements().contains(
        &"CVE-2022-0456 debian:buster chromium: end-of-life < 98.0.4758.80-1".to_owned()
    ));
}

#[test]
fn the_security_database_of_alpine() {
    let Some(corpus) = corpus() else { return };
    let mut total = 0;
    for (document, packages, entries) in [
        ("v3.3/community", 0, 0),
        ("v3.3/main", 91, 461),
        ("v3.4/community", 2, 14),
        ("v3.4/main", 117, 672),
        ("v3.5/community", 20, 102),
        ("v3.5/main", 131, 826),
        ("v3.7/community", 37, 411),
        ("v3.7/main", 163, 1078),
        ("v3.8/community", 44, 485),
        ("v3.8/main", 164, 1139),
        ("v3.10/community", 73, 720),
        ("v3.10/main", 166, 1182),
    ] {
        let path = corpus.join(format!("feeds/alpine-secdb/json/{document}.json"));
        let collected = read(&format!("alpine/{document}"), &path);
        let found: BTreeSet<&str> = collected
            .advisories
            .iter()
            .map(|it| it.affected[0].package.as_str())
            .collect();
        assert_eq!(found.len(), packages, "{document}");

        // Each entry is in an advisory, or has been left out and that told.
        let stated = entries_of(&json(&path));
        assert_eq!(stated.len(), entries, "{document}");
        let is_in_an_advisory = |package: &str, entry: &str| {
            let entry = entry.replace('_', "-");
            collected.advisories.iter().any(|advisory| {
                advisory.affected[0].package == package && entry.contains(&advisory.id)
            })
        };
        let left_out = stated
            .iter()
            .filter(|(package, entry)| !is_in_an_advisory(package, entry));
        assert_eq!(left_out.count(), collected.skipped.len(), "{document}");
        total += collected.advisories.len();
    }
    println!("alpine: {total} advisories of 7090 entries");
}

/// `(package, entry)` for all entries of a document.
fn entries_of(document: &Value) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for package in document["packages"].as_array().into_iter().flatten() {
        let name = package["pkg"]["name"].as_str().unwrap();
        for ids in package["pkg"]["secfixes"].as_object().unwrap().values() {
            for id in ids.as_array().unwrap() {
                entries.push((name.to_owned(), id.as_str().unwrap().to_owned()));
            }
        }
    }
    entries
}

#[test]
fn the_security_database_of_alpine_as_it_was_served() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/alpine-secdb/claircore/v3.10/community.json");
    let collected = read("alpine/v3.10/community", &path);
    assert!(collected.skipped.is_empty());
    assert_eq!(collected.advisories.len(), entries_of(&json(&path)).len());
}

#[test]
fn the_records_of_canonical() {
    let Some(corpus) = corpus() else { return };
    let collected = read("ubuntu", &corpus.join("feeds/ubuntu/osv"));
    assert_eq!(
        collected.reasons(),
        [
            "withdrawn: UBUNTU-CVE-2013-2208",
            "withdrawn: UBUNTU-CVE-2020-36325",
            "notice: USN-5614-1",
        ]
    );
    let ids: Vec<&str> = collected
        .advisories
        .iter()
        .map(|advisory| advisory.id.as_str())
        .collect();
    assert_eq!(ids, ["CVE-2016-20013", "CVE-2021-3782", "CVE-2026-1403"]);
    let wayland = &collected.advisories[1];
    assert_eq!(
        wayland.aliases,
        ["UBUNTU-CVE-2021-3782", "USN-5614-1", "USN-5614-2"]
    );
    assert_eq!(wayland.cvss.len(), 1);

    let collected = read("ubuntu", &corpus.join("feeds/ubuntu/osv-esm"));
    assert_eq!(collected.reasons(), ["withdrawn: UBUNTU-CVE-2014-2901"]);
    let pro = "Available with Ubuntu Pro (Infra-only): https://ubuntu.com/pro";
    assert_eq!(
        &collected.statements()[..2],
        [
            format!("CVE-2014-9913 ubuntu:14.04:pro unzip: fixed < 6.0-9ubuntu1.6 ({pro})"),
            "CVE-2014-9913 ubuntu:16.04 unzip: fixed < 6.0-20ubuntu1.1".to_owned(),
        ]
    );
    assert_eq!(collected.advisories[1].affected.len(), 8);
}

#[test]
fn records_of_other_ecosystems_are_foreign_and_all_of_them_are_read() {
    let Some(corpus) = corpus() else { return };
    for (export, records) in [("Go", 4291), ("PyPI", 2661), ("AlmaLinux-8", 3237)] {
        let collected = read(
            "ubuntu",
            &corpus.join(format!("feeds/osv/{export}/all.zip")),
        );
        assert!(collected.advisories.is_empty());
        assert_eq!(
            collected.skips(),
            BTreeMap::from([(Skip::Foreign, records)])
        );
    }
}

/// The sources that are documents of OSV records.
const OF_OSV: [&str; 8] = [
    "almalinux/osv",
    "bitnami",
    "chainguard",
    "openeuler",
    "osv",
    "rocky",
    "ubuntu",
    "wolfi",
];

#[test]
fn what_is_hostile_in_the_corpus_is_survived_by_every_feed() {
    let Some(corpus) = corpus() else { return };
    let limits = Limits {
        document: 64 << 20,
        record: 8 << 20,
        records: 100_000,
    };
    let mut files = 0;
    for directory in ["hostile", "hostile/made"] {
        for entry in fs::read_dir(corpus.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_file() {
                continue;
            }
            files += 1;
            for name in [
                "almalinux/9",
                "almalinux/osv",
                "alpine/edge/main",
                "alt/p10",
                "arch",
                "aws/2",
                "azurelinux/azurelinux-3.0",
                "bitnami",
                "chainguard",
                "chainguard/secdb",
                "debian",
                "fedora/41",
                "openeuler",
                "openeuler/cvrf",
                "oracle/2024",
                "osv",
                "photon/5",
                "rhel-vex",
                "rocky",
                "suse/opensuse.tumbleweed",
                "ubuntu",
                "wolfi",
            ] {
                let file = fs::File::open(&path).unwrap();
                let location = path.display().to_string();
                let Ok(mut document) = Document::from_reader(&location, file, limits) else {
                    continue;
                };
                let mut collected = Collected::default();
                let result = feed(name).parse(&source(name), &mut document, &mut collected);
                assert!(collected.advisories.is_empty(), "{location}");
                let is_of_osv = OF_OSV.contains(&name);
                let is_odd_export = is_of_osv && location.ends_with("osv-all-odd.zip");
                assert_eq!(
                    result.is_ok(),
                    is_odd_export,
                    "{name}: {location}: {result:?}"
                );
                collected.skipped(Skip::Foreign, "a sink is usable after an error");
            }
        }
    }
    assert_eq!(files, 16);
}
