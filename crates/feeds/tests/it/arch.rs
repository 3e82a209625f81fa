//! What the groups of Arch Linux's security tracker come to.

use clair_model::{PackageKind, Severity};
use clair_version::Scheme;

use crate::corpus::read;
use crate::support::{corpus, parse, refused};

fn group(status: &str, fixed: &str, more: &str) -> String {
    format!(
        r#"[{{"name":"AVG-1","packages":["curl","lib32-curl"],"affected":"8.4.0-1","fixed":{fixed},
        "severity":"High","status":"{status}","type":"arbitrary code execution",{more}}}]"#
    )
}

#[test]
fn a_group_is_an_advisory_for_each_of_its_vulnerabilities() {
    let more = r#""issues":["CVE-2024-1000","CVE-2024-1001"],"advisories":["ASA-202401-1"]"#;
    let collected = parse("arch", group("Fixed", r#""8.5.0-1""#, more)).unwrap();
    let statements = |cve: &str| {
        [
            format!("{cve} arch curl: fixed < 8.5.0-1"),
            format!("{cve} arch lib32-curl: fixed < 8.5.0-1"),
        ]
    };
    let expected = [statements("CVE-2024-1000"), statements("CVE-2024-1001")].concat();
    assert_eq!(collected.statements(), expected);
    let advisory = &collected.advisories[0];
    assert_eq!(advisory.aliases, ["AVG-1", "ASA-202401-1"]);
    assert_eq!(advisory.links, ["https://security.archlinux.org/AVG-1"]);
    assert_eq!(advisory.description, "arbitrary code execution");
    assert_eq!(advisory.normalized_severity, Severity::High);
    let affected = &advisory.affected[0];
    assert_eq!(
        (affected.kind, affected.vulnerable.scheme),
        (PackageKind::Binary, Scheme::Pacman)
    );
}

#[test]
fn the_status_tells_what_is_vulnerable() {
    for (status, fixed, expected) in [
        ("Fixed", r#""2-1""#, "fixed < 2-1"),
        (
            "Testing",
            r#""2-1""#,
            "affected < 2-1 (The fix is in testing)",
        ),
        ("Vulnerable", "null", "affected any version"),
        ("Unknown", "null", "under-investigation any version"),
        ("Not affected", "null", "not-affected no version"),
    ] {
        let collected = parse("arch", group(status, fixed, r#""issues":[]"#)).unwrap();
        let statement = format!("AVG-1 arch curl: {expected}");
        assert_eq!(collected.statements()[0], statement);
        assert!(collected.one().aliases.is_empty());
    }
    for (status, fixed, reason) in [
        ("Fixed", "null", "no-version: AVG-1"),
        ("Fixed", r#""a b""#, "bad-version: AVG-1"),
        ("Lost", "null", "unknown-status: AVG-1"),
    ] {
        let collected = parse("arch", group(status, fixed, r#""issues":[]"#)).unwrap();
        assert_eq!(collected.reasons(), [reason]);
    }
}

#[test]
fn what_cannot_be_read_costs_only_itself() {
    let json = r#"[7,{"name":"AVG 2","status":"Fixed"},
        {"name":"AVG-3","status":"Vulnerable","packages":["a b","c"],"issues":["CVE-2024-1000","x y"]},
        {"name":"AVG-4","status":"Vulnerable","packages":[]}]"#;
    let collected = parse("arch", json).unwrap();
    assert_eq!(
        collected.reasons(),
        [
            "malformed: a group",
            "bad-id: AVG 2",
            "no-package: AVG-3 a b",
            "bad-id: AVG-3 x y",
            "no-package: AVG-4",
        ]
    );
    assert_eq!(
        collected.statements(),
        ["CVE-2024-1000 arch c: affected any version"]
    );
}

#[test]
fn a_document_of_another_form_is_refused() {
    for (text, reason) in [
        ("{}", "expected a list of records"),
        ("[]", "it has no records"),
        (r#"[{"name":"#, "EOF while parsing"),
    ] {
        let error = refused("arch", text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_tracker_of_arch() {
    let Some(corpus) = corpus() else { return };
    let collected = read("arch", &corpus.join("feeds/arch/all.json"));
    assert!(collected.skipped.is_empty());
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1234 arch curl: fixed < 8.5.0-1",
            "CVE-2024-5678 arch openssl: fixed < 3.2.0-1",
            "CVE-2024-5679 arch openssl: fixed < 3.2.0-1",
            "CVE-2025-6020 arch pam: affected any version",
            "CVE-2023-4911 arch glibc: fixed < 2.38-2",
            "CVE-2023-4911 arch lib32-glibc: fixed < 2.38-2",
            "AVG-2222 arch test-pkg: fixed < 1.0.0-1",
        ]
    );
    let severities: Vec<Severity> = collected
        .advisories
        .iter()
        .map(|it| it.normalized_severity)
        .collect();
    use Severity::{Critical, High, Low, Medium};
    assert_eq!(severities, [High, Critical, Critical, Medium, High, Low]);
}
