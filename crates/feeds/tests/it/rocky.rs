//! What the errata of Rocky Linux come to.

use clair_model::{PackageKind, Severity};

use crate::corpus::read;
use crate::support::{corpus, parse, words};

fn record(id: &str, summary: &str, upstream: &str, affected: &[(&str, &str, &str)]) -> String {
    let affected: Vec<String> = affected
        .iter()
        .map(|(ecosystem, name, fixed)| {
            format!(
                r#"{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{
                "type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"id":"{id}","summary":"{summary}","details":"About it.","upstream":[{upstream}],
        "affected":[{}]}}"#,
        affected.join(",")
    )
}

const RUBY: &str = "0:3.3.1-2.module+el9.4.0+20787+4c237fd3";

#[test]
fn an_update_is_an_advisory_for_each_vulnerability_that_it_fixes() {
    let json = record(
        "RLSA-2024:1",
        "Important: curl security update",
        r#""CVE-2024-1000","CVE-2024-1001""#,
        &[
            ("Rocky Linux:9", "curl", "0:7.76.1-29.el9_4"),
            ("Rocky Linux:9", "curl", "0:7.76.1-29.el9_4"),
            ("Rocky Linux:8.9", "curl", "0:7.61.1-34.el8"),
        ],
    );
    let collected = parse("rocky", json).unwrap();
    let statements = |cve: &str| {
        [
            format!("{cve} rocky:9 curl: fixed < 0:7.76.1-29.el9_4"),
            format!("{cve} rocky:8 curl: fixed < 0:7.61.1-34.el8"),
        ]
    };
    let expected = [statements("CVE-2024-1000"), statements("CVE-2024-1001")].concat();
    assert_eq!(collected.statements(), expected);
    let advisory = &collected.advisories[0];
    assert_eq!(advisory.aliases, ["RLSA-2024:1"]);
    assert_eq!(advisory.severity, "Important");
    assert_eq!(advisory.normalized_severity, Severity::High);
    assert_eq!(
        advisory.links,
        ["https://errata.rockylinux.org/RLSA-2024:1"]
    );
    assert_eq!(advisory.description, "About it.");
    assert_eq!(advisory.affected[0].kind, PackageKind::Source);
}

#[test]
fn builds_of_a_module_hold_for_the_stream_that_the_title_names() {
    let modular = ("Rocky Linux:9", "ruby", RUBY);
    let plain = ("Rocky Linux:9", "rubygem-x", "0:1.2-3.el9");
    let parsed = |summary: &str| {
        let json = record(
            "RLSA-2024:1",
            summary,
            r#""CVE-2024-1000""#,
            &[modular, plain],
        );
        parse("rocky", json).unwrap()
    };
    let collected = parsed("Moderate: ruby:3.3 security, bug fix, and enhancement update");
    let modules: Vec<_> = collected
        .one()
        .affected
        .iter()
        .map(|it| it.module.as_deref())
        .collect();
    assert_eq!(modules, [Some("ruby:3.3"), None]);

    let collected = parsed("Moderate: ruby security update");
    assert_eq!(collected.reasons(), ["no-module: RLSA-2024:1 ruby"]);
    assert_eq!(
        words(&collected.one().affected[0]),
        "rocky:9 rubygem-x: fixed < 0:1.2-3.el9"
    );
}

#[test]
fn an_update_without_vulnerabilities_counts_if_it_is_one_of_security() {
    let package = [("Rocky Linux:9", "curl", "0:7.76.1-29.el9_4")];
    let security = record("RLSA-2024:1", "Low: curl security update", "", &package);
    let collected = parse("rocky", security).unwrap();
    assert_eq!(collected.one().id, "RLSA-2024:1");
    let bug = record("RLBA-2024:1", "curl bug fix update", "", &package);
    assert_eq!(
        parse("rocky", bug).unwrap().reasons(),
        ["not-security: RLBA-2024:1"]
    );
}

#[test]
fn other_ecosystems_and_what_is_no_release_are_left_out() {
    let json = record(
        "RLSA-2024:1",
        "",
        r#""CVE-2024-1000""#,
        &[
            ("AlmaLinux:9", "a", "1-1"),
            ("Rocky Linux:next", "b", "1-1"),
            ("Rocky Linux:9", "c d", "1-1"),
            ("Rocky Linux:9", "e", ""),
        ],
    );
    assert_eq!(
        parse("rocky", json).unwrap().reasons(),
        [
            "foreign: RLSA-2024:1 a",
            "unknown-release: RLSA-2024:1 b",
            "no-package: RLSA-2024:1 c d",
            "bad-version: RLSA-2024:1 e",
        ]
    );
}

#[test]
fn the_errata_of_rocky() {
    let Some(corpus) = corpus() else { return };
    let collected = read("rocky", &corpus.join("feeds/rocky/osv"));
    assert!(collected.skipped.is_empty());
    assert_eq!(collected.advisories.len(), 10 + 7 + 3);
    let statements = collected.statements();
    assert_eq!(statements.len(), 10 + 7 + 3 * 3);
    let ruby = "0:3.3.1-2.module+el9.4.0+20787+4c237fd3";
    for statement in [
        "CVE-2021-35550 rocky:8 java-11-openjdk: fixed < 1:11.0.13.0.8-1.el8_4".to_owned(),
        "CVE-2021-35565 rocky:8 java-11-openjdk: fixed < 1:11.0.13.0.8-1.el8_4".to_owned(),
        "CVE-2021-35603 rocky:8 java-11-openjdk: fixed < 1:11.0.13.0.8-1.el8_4".to_owned(),
        "CVE-2023-32205 rocky:8 firefox: fixed < 0:102.11.0-2.el8_7".to_owned(),
        "CVE-2023-32207 rocky:8 firefox: fixed < 0:102.11.0-2.el8_7".to_owned(),
        "CVE-2023-32215 rocky:8 firefox: fixed < 0:102.11.0-2.el8_7".to_owned(),
        format!("CVE-2024-27280 rocky:9 ruby: fixed < {ruby}"),
        format!("CVE-2024-27281 rocky:9 ruby: fixed < {ruby}"),
        "CVE-2024-27281 rocky:9 rubygem-mysql2: fixed < \
         0:0.5.5-1.module+el9.4.0+20787+4c237fd3"
            .to_owned(),
        "CVE-2024-27282 rocky:9 rubygem-pg: fixed < \
         0:1.5.4-1.module+el9.4.0+20787+4c237fd3"
            .to_owned(),
    ] {
        assert!(statements.contains(&statement), "{statement}");
    }
    let of = |id: &str| collected.advisories.iter().find(|it| it.id == id).unwrap();
    let java = of("CVE-2021-35550");
    assert_eq!(java.aliases, ["RLSA-2021:3891"]);
    assert_eq!(java.cvss, ["CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:N/A:N"]);
    assert_eq!(java.normalized_severity, Severity::High);
    let ruby = &of("CVE-2024-27281").affected[1];
    assert_eq!(ruby.module.as_deref(), Some("ruby:3.3"));
}
