//! What exports of OSV.dev come to, whatever ecosystem they are of.

use std::fs;

use clair_feeds::{FetchOptions, Fetcher, Skip};
use clair_model::Severity;

use crate::corpus::read;
use crate::support::{corpus, feed, parse};

fn record(id: &str, names: &str, ecosystem: &str, fixed: &str) -> String {
    format!(
        r#"{{"id":"{id}",{names},"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"a"}},
        "ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    )
}

#[test]
fn a_package_is_looked_up_where_its_distribution_keeps_its_data() {
    for (ecosystem, fixed, expected) in [
        ("Mageia:9", "1.2-3.mga9", "mageia:9 a: fixed < 1.2-3.mga9"),
        ("Debian:12", "1.2-3", "debian:bookworm a: fixed < 1.2-3"),
        ("Alpine:v3.18", "1.2-r3", "alpine:3.18 a: fixed < 1.2-r3"),
        (
            "openSUSE:Leap 15.5",
            "1.2-3",
            "opensuse-leap:15.5 a: fixed < 1.2-3",
        ),
        ("MinimOS", "1.2-r3", "minimos a: fixed < 1.2-r3"),
    ] {
        let json = record("X-1", r#""aliases":["CVE-2024-1000"]"#, ecosystem, fixed);
        let collected = parse("osv", json).unwrap();
        assert_eq!(
            collected.statements(),
            [format!("CVE-2024-1000 {expected}")]
        );
        assert_eq!(collected.one().links, ["https://osv.dev/vulnerability/X-1"]);
    }
    let json = record("GHSA-1", r#""aliases":[]"#, "Packagist", "1.2");
    assert_eq!(
        parse("osv", json).unwrap().reasons(),
        ["unknown-release: GHSA-1 a"]
    );
}

#[test]
fn a_vulnerability_has_other_names_and_an_update_fixes_several_vulnerabilities() {
    let names = |names: &str| -> Vec<String> {
        let collected = parse("osv", record("X-1", names, "Mageia:9", "1-1")).unwrap();
        let named = collected.advisories.iter();
        named
            .map(|it| format!("{} {:?}", it.id, it.aliases))
            .collect()
    };
    assert_eq!(
        names(r#""aliases":["GHSA-x-1","CVE-2024-1000"],"related":["CVE-2024-1001"]"#),
        [r#"CVE-2024-1000 ["X-1", "GHSA-x-1"]"#]
    );
    assert_eq!(
        names(r#""upstream":["CVE-2024-1000","CVE-2024-1001"]"#),
        [r#"CVE-2024-1000 ["X-1"]"#, r#"CVE-2024-1001 ["X-1"]"#]
    );
    assert_eq!(
        names(r#""related":["CVE-2024-1000"]"#),
        [r#"CVE-2024-1000 ["X-1"]"#]
    );
    assert_eq!(names(r#""related":["X-2"]"#), ["X-1 []"]);
}

#[test]
fn severity_is_the_word_of_the_database_or_the_rating_of_the_vector() {
    let severity = |more: &str| {
        let collected = parse("osv", record("X-1", more, "Mageia:9", "1-1")).unwrap();
        let advisory = collected.one();
        (
            advisory.severity.clone(),
            advisory.normalized_severity,
            advisory.cwes.clone(),
        )
    };
    let vector = r#""severity":[{"type":"CVSS_V3","score":
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]"#;
    assert_eq!(
        severity(vector),
        (String::new(), Severity::Critical, vec![])
    );
    let word = r#""database_specific":{"severity":"MODERATE","cwe_ids":["CWE-79","x"]}"#;
    assert_eq!(
        severity(&format!("{vector},{word}")),
        (
            "MODERATE".to_owned(),
            Severity::Medium,
            vec!["CWE-79".to_owned()]
        )
    );
    let title = r#""summary":"Important: a security update""#;
    assert_eq!(
        severity(title),
        ("Important".to_owned(), Severity::High, vec![])
    );
}

#[test]
fn of_the_list_those_are_read_that_no_other_feed_reads_and_of_a_mirror_all() {
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap().parse().unwrap();
    let sources = || feed("osv").sources(&fetcher, &root).unwrap();
    let names = || -> Vec<String> { sources().into_iter().map(|source| source.name).collect() };
    assert_eq!(names(), ["osv"]);
    for ecosystem in ["AlmaLinux", "Rocky Linux"] {
        let export = directory.path().join(ecosystem);
        fs::create_dir_all(&export).unwrap();
        fs::write(export.join("all.zip"), "").unwrap();
    }
    assert_eq!(names(), ["osv/almalinux", "osv/rocky-linux"]);
    assert!(
        sources()[1].locations[0]
            .to_string()
            .ends_with("Rocky Linux/all.zip")
    );

    let list = directory.path().join("ecosystems.txt");
    fs::write(
        &list,
        "AlmaLinux\nAlmaLinux:8\nMageia\nMageia:9\nEcho\nnpm\n",
    )
    .unwrap();
    assert_eq!(names(), ["osv/echo", "osv/mageia"]);
    fs::write(&list, "npm\n").unwrap();
    let error = feed("osv").sources(&fetcher, &root).unwrap_err();
    assert!(error.to_string().contains("lists no ecosystem"), "{error}");
}

#[test]
fn exports_of_every_kind() {
    let Some(corpus) = corpus() else { return };
    // Records that are withdrawn, of ecosystems without a scheme, and the rest.
    for (export, withdrawn, advisories, statement) in [
        (
            "AlmaLinux-9",
            0,
            6257,
            "CVE-2025-2487 almalinux:9 389-ds-base: fixed < 2.6.1-8.el9_6",
        ),
        (
            "Bitnami",
            0,
            5227,
            "CVE-2020-11998 bitnami activemq: affected >= 5.15.12, <= 5.15.12",
        ),
        ("Go", 17, 0, ""),
        ("Maven", 0, 0, ""),
        ("PyPI", 10, 0, ""),
        ("crates.io", 13, 0, ""),
        ("npm", 0, 0, ""),
    ] {
        let collected = read("osv", &corpus.join(format!("feeds/osv/{export}/all.zip")));
        let skips = collected.skips();
        assert_eq!(
            skips.get(&Skip::Withdrawn).copied().unwrap_or(0),
            withdrawn,
            "{export}"
        );
        assert_eq!(collected.advisories.len(), advisories, "{export}");
        if advisories == 0 {
            assert!(
                skips
                    .keys()
                    .all(|it| matches!(it, Skip::Withdrawn | Skip::UnknownRelease))
            );
        } else {
            assert!(
                collected.statements().iter().any(|it| it == statement),
                "{statement}"
            );
        }
    }
    let rocky = read("osv", &corpus.join("feeds/rocky/osv"));
    assert_eq!(rocky.advisories.len(), 20);
}
