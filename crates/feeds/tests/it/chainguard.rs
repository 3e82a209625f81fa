//! What Chainguard's records and security databases come to.

use std::collections::BTreeSet;
use std::fs;

use clair_feeds::{FetchOptions, Fetcher};
use clair_model::{FixState, PackageKind, Severity};

use crate::corpus::read;
use crate::support::{Collected, corpus, feed, parse, refused};

/// A record with these entries: ecosystem, package with qualifiers, events, component.
fn record(id: &str, entries: &[(&str, &str, &str, &str)]) -> String {
    let affected: Vec<String> = entries
        .iter()
        .map(|(ecosystem, package, events, component)| {
            let name = package.split('?').next().unwrap();
            let repository = ecosystem.to_lowercase();
            format!(
                r#"{{"package":{{"ecosystem":"{ecosystem}","name":"{name}",
                "purl":"pkg:apk/{repository}/{package}"}},
                "ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}],
                "ecosystem_specific":{{"components":[{{{component}}}]}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"id":"{id}","modified":"2026-02-20T00:00:00Z","upstream":["CVE-2026-1000","GHSA-a-1"],
        "affected":[{}]}}"#,
        affected.join(",")
    )
}

const FIXED: &str = r#"{"introduced":"0"},{"fixed":"1.2-r3"}"#;
const OPEN: &str = r#"{"introduced":"0"}"#;

/// The statements about packages, each of which is also made about the build of that name.
fn told(collected: &Collected) -> Vec<String> {
    let mut binary = Vec::new();
    let mut source = Vec::new();
    for advisory in &collected.advisories {
        for affected in &advisory.affected {
            let arches = affected.arches.join("|");
            let words = crate::support::words(affected);
            let words = format!("{} {words} {arches}", advisory.id)
                .trim()
                .to_owned();
            match affected.kind {
                PackageKind::Binary => binary.push(words),
                PackageKind::Source => source.push(words),
            }
        }
    }
    assert_eq!(binary, source);
    binary
}

#[test]
fn each_feed_reads_the_entries_of_its_own_distribution() {
    let json = record(
        "CGA-1",
        &[
            ("Chainguard", "a", FIXED, ""),
            ("Wolfi", "b", FIXED, ""),
            ("Alpine", "c", FIXED, ""),
        ],
    );
    let chainguard = parse("chainguard", json.clone()).unwrap();
    assert_eq!(
        told(&chainguard),
        ["CVE-2026-1000 chainguard a: fixed < 1.2-r3"]
    );
    assert_eq!(chainguard.one().aliases, ["CGA-1", "GHSA-a-1"]);
    assert_eq!(chainguard.reasons(), ["foreign: CGA-1 c"]);
    let wolfi = parse("wolfi", json).unwrap();
    assert_eq!(told(&wolfi), ["CVE-2026-1000 wolfi b: fixed < 1.2-r3"]);

    let other = parse("wolfi", record("CGA-1", &[("Chainguard", "a", FIXED, "")])).unwrap();
    assert_eq!(other.reasons(), ["other-feed: CGA-1"]);
}

#[test]
fn architectures_count_where_they_differ_only() {
    let same = record(
        "CGA-1",
        &[
            ("Chainguard", "a?arch=x86_64", FIXED, ""),
            ("Chainguard", "a?arch=aarch64", FIXED, ""),
            ("Chainguard", "b?arch=aarch64", FIXED, ""),
        ],
    );
    assert_eq!(
        told(&parse("chainguard", same).unwrap()),
        [
            "CVE-2026-1000 chainguard a: fixed < 1.2-r3",
            "CVE-2026-1000 chainguard b: fixed < 1.2-r3",
        ]
    );
    let other = record(
        "CGA-1",
        &[
            ("Chainguard", "a?arch=x86_64", FIXED, ""),
            ("Chainguard", "a?arch=aarch64", OPEN, ""),
        ],
    );
    assert_eq!(
        told(&parse("chainguard", other).unwrap()),
        [
            "CVE-2026-1000 chainguard a: affected any version aarch64",
            "CVE-2026-1000 chainguard a: fixed < 1.2-r3 x86_64",
        ]
    );
}

#[test]
fn the_status_tells_what_is_to_come_of_a_vulnerability_without_a_fix() {
    for (component, state) in [
        ("", "affected"),
        (
            r#""latest_event_status":"true_positive_determination""#,
            "affected",
        ),
        (
            r#""latest_event_status":"pending_upstream_fix""#,
            "deferred",
        ),
        (r#""latest_event_status":"fix_not_planned""#, "will-not-fix"),
        (
            r#""latest_event_status":"analysis_not_planned""#,
            "will-not-fix",
        ),
        (
            r#""latest_event_status":"detection""#,
            "under-investigation",
        ),
        (r#""latest_event_status":"something new""#, "affected"),
        (r#""status":"under_investigation""#, "under-investigation"),
    ] {
        let json = record("CGA-1", &[("Wolfi", "a", OPEN, component)]);
        let collected = parse("wolfi", json).unwrap();
        let expected = format!("CVE-2026-1000 wolfi a: {state} any version");
        assert_eq!(told(&collected), [expected], "{component}");
    }
}

#[test]
fn that_a_component_is_not_affected_does_not_clear_the_package() {
    let never = r#"{"introduced":"0"},{"fixed":"0"}"#;
    let note = r#""component_name":"netty","note":"not compiled in""#;
    let json = record(
        "CGA-1",
        &[("Wolfi", "a", never, note), ("Wolfi", "b", FIXED, "")],
    );
    let collected = parse("wolfi", json).unwrap();
    assert_eq!(
        told(&collected),
        [
            "CGA-1 wolfi a: not-affected no version (netty: not compiled in)",
            "CVE-2026-1000 wolfi b: fixed < 1.2-r3",
        ]
    );
    let kept = &collected.advisories[0];
    assert_eq!(kept.aliases, ["CVE-2026-1000", "GHSA-a-1"]);
}

#[test]
fn a_security_database_holds_for_its_distribution_and_has_no_release() {
    let json = r#"{"reponame":"os","packages":[{"pkg":{"name":"curl","secfixes":{
        "8.1.0-r0":["CVE-2023-28319","GHSA-x-1"],"0":["CVE-2021-22926"]}}}]}"#;
    for name in ["chainguard", "wolfi"] {
        let collected = parse(&format!("{name}/secdb"), json).unwrap();
        assert_eq!(
            collected.statements(),
            [
                format!("CVE-2021-22926 {name} curl: not-affected no version"),
                format!("CVE-2023-28319 {name} curl: fixed < 8.1.0-r0"),
                format!("GHSA-x-1 {name} curl: fixed < 8.1.0-r0"),
            ]
        );
        assert!(collected.advisories.iter().all(|it| it.links.is_empty()));
    }
}

#[test]
fn records_are_read_where_there_are_any_and_the_database_where_there_are_none() {
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap().parse().unwrap();
    let names = || -> Vec<String> {
        let sources = feed("wolfi").sources(&fetcher, &root).unwrap();
        sources.into_iter().map(|source| source.name).collect()
    };
    fs::write(directory.path().join("security.json.gz"), "").unwrap();
    assert_eq!(names(), ["wolfi/secdb"]);
    fs::write(directory.path().join("chainguard-osv.tar.gz"), "").unwrap();
    assert_eq!(names(), ["wolfi"]);
    let document = directory.path().join("security.json.gz");
    let document = document.to_str().unwrap().parse().unwrap();
    let sources = feed("wolfi").sources(&fetcher, &document).unwrap();
    assert_eq!(sources[0].name, "wolfi/secdb");
}

#[test]
fn what_is_neither_is_refused() {
    for (name, text, reason) in [
        ("chainguard", "[]", "neither a tar nor a zip archive"),
        ("chainguard", "{}", "no records that can be read"),
        ("chainguard/secdb", "{}", "missing field `packages`"),
    ] {
        let error = refused(name, text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_records_of_chainguard() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/chainguard/osv");
    let collected = read("chainguard", &path);
    assert!(collected.skipped.is_empty());
    assert_eq!(collected.advisories.len(), 4);
    assert_eq!(
        told(&collected),
        [
            "CVE-2025-32464 chainguard haproxy-2.2: fixed < 2.2.34-r0 (haproxy: Upgraded to 2.2.34)",
            "CVE-2025-32464 chainguard haproxy-2.8: fixed < 2.8.18-r0",
            "CVE-2026-24398 chainguard langfuse-3-worker: fixed < 3.153.0-r0 \
             (langfuse-core: Updated in 3.153.0-r0)",
            "CVE-2026-24398 chainguard langfuse-fips-3-worker: fixed < 3.152.0-r0 (langfuse-core)",
            "CGA-xcpc-gm23-prj9 chainguard syncthing-compat: not-affected no version \
             (syncthing: Binary compiled without affected temp directory code path)",
            "CVE-2025-68121 chainguard syncthing: fixed < 2.0.14-r1 \
             (syncthing: Upgraded to 2.0.14)",
            "CVE-2025-68121 chainguard syncthing-fips: fixed < 2.0.14-r1",
        ]
    );
    let haproxy = &collected.advisories[0];
    assert_eq!(
        haproxy.cvss,
        ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"]
    );
    assert_eq!(haproxy.normalized_severity, Severity::Critical);
    assert_eq!(
        haproxy.aliases,
        ["CGA-224q-ccj5-2p53", "GHSA-frg5-h47x-75j9"]
    );

    assert_eq!(
        told(&read("wolfi", &path)),
        [
            "CVE-2025-32464 wolfi haproxy-3.0: fixed < 3.0.10-r0",
            "CVE-2025-32464 wolfi haproxy-3.1: fixed < 3.1.7-r0",
            "CVE-2026-24398 wolfi langfuse-3-worker: fixed < 3.153.0-r0",
            "CVE-2025-68121 wolfi syncthing: fixed < 2.0.14-r1",
        ]
    );
}

#[test]
fn the_security_databases_of_chainguard() {
    let Some(corpus) = corpus() else { return };
    for (name, packages, entries, expected) in [
        (
            "chainguard",
            57,
            197,
            [
                "CVE-2021-36156 chainguard grafana: fixed < 7.5.19-r0",
                "CVE-2022-3094 chainguard bind: fixed < 9.18.11-r0",
                "CVE-2022-38128 chainguard binutils: fixed < 2.39-r3",
                "CVE-2022-28391 chainguard busybox: fixed < 1.35.0-r3",
                "CVE-2016-2781 chainguard coreutils: not-affected no version",
            ],
        ),
        (
            "wolfi",
            1228,
            16653,
            [
                "CVE-2024-45336 wolfi amazon-k8s-cni: fixed < 1.19.2-r1",
                "CVE-2024-34155 wolfi cri-tools: fixed < 1.31.1-r1",
                "CVE-2025-0376 wolfi gitlab-pages-17.8: fixed < 17.8.2-r0",
                "CVE-2025-22871 wolfi aactl: fixed < 0.4.12-r30",
                "CVE-2023-45283 wolfi aactl: not-affected no version",
            ],
        ),
    ] {
        let path = corpus.join(format!("feeds/{name}/security.json"));
        let collected = read(&format!("{name}/secdb"), &path);
        assert_eq!(collected.reasons(), [""; 0]);
        // An entry that a package has at several versions is one statement, about the newest.
        let affected = collected.advisories.iter().map(|it| &it.affected[0]);
        let named: BTreeSet<&str> = affected.clone().map(|it| it.package.as_str()).collect();
        assert_eq!(named.len(), packages, "{name}");
        assert!(collected.advisories.len() <= entries);
        println!(
            "{name}: {} of {entries} entries",
            collected.advisories.len()
        );
        let statements = collected.statements();
        for statement in expected {
            assert!(statements.iter().any(|it| it == statement), "{statement}");
        }
        assert!(
            affected
                .clone()
                .all(|it| it.fix_state != FixState::Affected)
        );
    }
}
