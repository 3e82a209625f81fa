//! What Canonical's records come to.

use clair_model::{PackageKind, Severity};

use crate::support::{Collected, parse, refused, words};

/// A record with these fields added or replaced, and this list of what is affected.
fn record(fields: &str, affected: &str) -> String {
    format!(
        r#"{{"schema_version":"1.7.0","id":"UBUNTU-CVE-2024-1000",{fields}"affected":[{affected}]}}"#
    )
}

fn affected(ecosystem: &str, events: &str, more: &str) -> String {
    format!(
        r#"{{"package":{{"ecosystem":"{ecosystem}","name":"bash","purl":"pkg:deb/ubuntu/bash"}},
            "ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]{more}}}"#
    )
}

const FIXED: &str = r#"{"introduced":"0"},{"fixed":"5.1-6ubuntu1.1"}"#;
const OPEN: &str = r#"{"introduced":"0"}"#;

fn one(fields: &str, affected: &str) -> Collected {
    parse("ubuntu", record(fields, affected)).unwrap()
}

#[test]
fn a_record_is_an_advisory_named_by_its_cve() {
    let fields = r#""details":"A bug.\n","aliases":["X-1"],"upstream":["CVE-2024-1000"],
        "related":["USN-7000-1","USN-7000-2","CVE-2024-2000"],
        "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:H"},
                    {"type":"Ubuntu","score":"medium"}],
        "published":"2024-03-01T10:00:00Z","modified":"2024-04-01T10:00:00Z",
        "references":[{"type":"REPORT","url":"https://ubuntu.com/security/CVE-2024-1000"}],"#;
    let collected = one(fields, &affected("Ubuntu:22.04:LTS", FIXED, ""));
    let advisory = collected.one();
    assert_eq!(advisory.id, "CVE-2024-1000");
    assert_eq!(
        advisory.aliases,
        ["UBUNTU-CVE-2024-1000", "X-1", "USN-7000-1", "USN-7000-2"]
    );
    assert_eq!(advisory.description, "A bug.");
    assert_eq!(
        (advisory.severity.as_str(), advisory.normalized_severity),
        ("medium", Severity::Medium)
    );
    assert_eq!(
        advisory.cvss,
        ["CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:H"]
    );
    assert_eq!(advisory.issued.unwrap().to_string(), "2024-03-01T10:00:00Z");
    assert_eq!(
        advisory.modified.unwrap().to_string(),
        "2024-04-01T10:00:00Z"
    );
    assert_eq!(
        advisory.links,
        ["https://ubuntu.com/security/CVE-2024-1000"]
    );
    assert_eq!(
        words(&advisory.affected[0]),
        "ubuntu:22.04 bash: fixed < 5.1-6ubuntu1.1"
    );
    assert_eq!(advisory.affected[0].kind, PackageKind::Source);
}

#[test]
fn without_a_fix_it_is_affected() {
    let collected = one(
        "",
        &affected("Ubuntu:24.10", OPEN, r#","versions":["5.1-6","5.1-7"]"#),
    );
    assert_eq!(
        collected.statements(),
        ["CVE-2024-1000 ubuntu:24.10 bash: affected any version"]
    );
}

#[test]
fn a_fix_that_takes_a_subscription_says_so() {
    let availability = |text: &str| format!(r#","ecosystem_specific":{{"availability":"{text}"}}"#);
    let pro = "Available with Ubuntu Pro: https://ubuntu.com/pro";
    let list = [
        affected(
            "Ubuntu:22.04:LTS",
            FIXED,
            &availability("No subscription required"),
        ),
        affected("Ubuntu:Pro:18.04:LTS", FIXED, &availability(pro)),
        affected(
            "Ubuntu:Pro:FIPS-updates:22.04:LTS",
            FIXED,
            r#","ecosystem_specific":7"#,
        ),
    ];
    assert_eq!(
        one("", &list.join(",")).statements(),
        [
            "CVE-2024-1000 ubuntu:22.04 bash: fixed < 5.1-6ubuntu1.1".to_owned(),
            format!("CVE-2024-1000 ubuntu:18.04:pro bash: fixed < 5.1-6ubuntu1.1 ({pro})"),
            "CVE-2024-1000 ubuntu:22.04:pro:fips-updates bash: fixed < 5.1-6ubuntu1.1".to_owned(),
        ]
    );
}

#[test]
fn priorities_of_single_packages_are_kept_where_they_differ() {
    let fields = r#""severity":[{"type":"Ubuntu","score":"high"}],"#;
    let list = [
        affected(
            "Ubuntu:22.04:LTS",
            OPEN,
            r#","severity":[{"type":"Ubuntu","score":"high"}]"#,
        ),
        affected(
            "Ubuntu:20.04:LTS",
            OPEN,
            r#","severity":[{"type":"Ubuntu","score":"low"}]"#,
        ),
        affected(
            "Ubuntu:18.04:LTS",
            OPEN,
            r#","ecosystem_specific":{"ubuntu_priority":"negligible"}"#,
        ),
    ];
    let collected = one(fields, &list.join(","));
    let own: Vec<_> = collected
        .one()
        .affected
        .iter()
        .map(|it| it.normalized_severity)
        .collect();
    assert_eq!(own, [None, Some(Severity::Low), Some(Severity::Negligible)]);
}

#[test]
fn priorities_are_severities() {
    for (word, severity) in [
        ("negligible", Severity::Negligible),
        ("low", Severity::Low),
        ("medium", Severity::Medium),
        ("high", Severity::High),
        ("critical", Severity::Critical),
        ("untriaged", Severity::Unknown),
    ] {
        let fields = format!(r#""severity":[{{"type":"Ubuntu","score":"{word}"}}],"#);
        let collected = one(&fields, &affected("Ubuntu:22.04:LTS", OPEN, ""));
        assert_eq!(collected.one().normalized_severity, severity, "{word}");
    }
}

#[test]
fn a_description_that_is_not_there_yet_is_none() {
    let fields = r#""details":"[Unknown description]","#;
    assert_eq!(
        one(fields, &affected("Ubuntu:22.04:LTS", OPEN, ""))
            .one()
            .description,
        ""
    );
}

#[test]
fn the_cve_of_an_odd_name_is_that_of_its_upstream() {
    for (id, upstream, expected) in [
        ("UBUNTU-CVE-2024-1000", "CVE-2024-2000", "CVE-2024-1000"),
        ("UBUNTU-TEMP-1", "CVE-2024-2000", "CVE-2024-2000"),
        ("UBUNTU-TEMP-1", "GHSA-x", "UBUNTU-TEMP-1"),
    ] {
        let json = record(
            &format!(r#""upstream":["{upstream}"],"#),
            &affected("Ubuntu:22.04:LTS", OPEN, ""),
        )
        .replace("UBUNTU-CVE-2024-1000", id);
        let collected = parse("ubuntu", json).unwrap();
        assert_eq!(collected.one().id, expected);
        let is_alias = collected.one().aliases.iter().any(|alias| alias == id);
        assert_eq!(is_alias, id != expected);
    }
}

#[test]
fn notices_and_withdrawn_and_foreign_records_are_left_out() {
    let of = |id: &str, fields: &str| {
        record(fields, &affected("Ubuntu:22.04:LTS", FIXED, "")).replace("UBUNTU-CVE-2024-1000", id)
    };
    for (json, reason) in [
        (of("USN-7000-1", ""), "notice: USN-7000-1"),
        (of("LSN-0100-1", ""), "notice: LSN-0100-1"),
        (of("CVE-2024-1000", ""), "foreign: CVE-2024-1000"),
        (of("no id", ""), "bad-id: no id"),
        (
            of(
                "UBUNTU-CVE-2024-1000",
                r#""withdrawn":"2025-08-01T19:34:27Z","#,
            ),
            "withdrawn: UBUNTU-CVE-2024-1000",
        ),
    ] {
        let collected = parse("ubuntu", json).unwrap();
        assert_eq!(
            (collected.advisories.len(), collected.reasons()),
            (0, vec![reason.to_owned()])
        );
    }
}

#[test]
fn what_is_odd_about_a_package_costs_no_more_than_that() {
    let list = [
        affected("Ubuntu:Pro:Quantum:28.04:LTS", FIXED, ""),
        affected("Debian:12", FIXED, ""),
        affected(
            "Ubuntu:20.04:LTS",
            r#"{"introduced":"0"},{"fixed":"a:b"}"#,
            "",
        ),
        affected("Ubuntu:18.04:LTS", "", ""),
        affected("Ubuntu:22.04:LTS", FIXED, "").replace("bash", "two words"),
        r#"{"ranges":[]}"#.to_owned(),
        affected("Ubuntu:22.04:LTS", OPEN, ""),
    ];
    let collected = one("", &list.join(","));
    assert_eq!(
        collected.statements(),
        ["CVE-2024-1000 ubuntu:22.04 bash: affected any version"]
    );
    assert_eq!(
        collected.reasons(),
        [
            "unknown-release: UBUNTU-CVE-2024-1000 bash",
            "unknown-release: UBUNTU-CVE-2024-1000 bash",
            "bad-version: UBUNTU-CVE-2024-1000 bash",
            "no-version: UBUNTU-CVE-2024-1000 bash",
            "no-package: UBUNTU-CVE-2024-1000 two words",
            "no-package: UBUNTU-CVE-2024-1000",
        ]
    );
    let nothing = one("", "");
    assert_eq!(nothing.reasons(), ["no-package: UBUNTU-CVE-2024-1000"]);
    assert!(nothing.advisories.is_empty());
}

#[test]
fn a_package_may_be_fixed_on_one_line_and_open_on_the_next() {
    let events = r#"{"introduced":"0"},{"fixed":"5.1-1"},{"introduced":"5.2-1"}"#;
    assert_eq!(
        one("", &affected("Ubuntu:22.04:LTS", events, "")).statements(),
        [
            "CVE-2024-1000 ubuntu:22.04 bash: fixed < 5.1-1",
            "CVE-2024-1000 ubuntu:22.04 bash: affected >= 5.2-1",
        ]
    );
}

#[test]
fn a_document_that_cannot_hold_records_is_refused() {
    for document in ["", "[]", "<html>", "no record"] {
        let error = refused("ubuntu", document);
        assert!(error.contains("neither a tar nor a zip archive"), "{error}");
    }
}
