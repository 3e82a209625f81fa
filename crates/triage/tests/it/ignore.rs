//! Ignore files.

use clair_model::{FixState, Severity};
use clair_triage::IgnoreFile;

use crate::support::{Builder, apply, debian, file, names, report, suppressed};

#[track_caller]
fn error(name: &str, text: &str) -> String {
    IgnoreFile::parse(name, text.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_rule_suppresses_what_is_all_that_it_says() {
    for (rule, is_meant) in [
        ("id: CVE-2024-1", true),
        ("id: cve-2024-1", true),
        ("id: CVE-2024-*", true),
        ("id: GHSA-aaaa-*", true),
        ("id: [CVE-2023-1, CVE-2024-1]", true),
        ("id: CVE-2024-10", false),
        ("package: libssl3", true),
        ("package: 'libss*'", true),
        ("package: openssl", false),
        ("source: openssl", true),
        ("source: libssl3", false),
        ("version: 3.0.11-1", true),
        ("version: '3.0.*'", true),
        ("version: 3.0.11", false),
        ("path: var/lib/dpkg/status", true),
        ("path: /var/**", true),
        ("path: var/*", false),
        ("purl: pkg:deb/debian/libssl3", true),
        ("purl: pkg:deb/debian/libssl3@1", false),
        ("fix_state: affected", true),
        ("fix_state: [will_not_fix, affected]", true),
        ("fix_state: will-not-fix", false),
        ("severity: high", true),
        ("severity: [Low, High]", true),
        ("severity: critical", false),
        ("expires: 2026-06-02\n    id: CVE-2024-1", true),
        ("expires: 2026-06-01\n    id: CVE-2024-1", false),
        (
            "id: CVE-2024-1\n    package: libssl3\n    version: 3.0.11-1\n    severity: high",
            true,
        ),
        (
            "id: CVE-2024-1\n    package: libssl3\n    version: 3.0.11-1\n    severity: low",
            false,
        ),
    ] {
        let text = format!("ignore:\n  - reason: accepted\n    {rule}\n");
        let triaged = apply(&file(".clairignore.yaml", &text), report());
        let found = suppressed(&triaged);
        let expected = "libssl3 CVE-2024-1: .clairignore.yaml:2: accepted".to_owned();
        assert_eq!(found.contains(&expected), is_meant, "{rule}: {found:?}");
    }
}

#[test]
fn a_file_without_rules_is_one() {
    for text in [
        "",
        "# nothing\n",
        "ignore:\n",
        "ignore: []\n",
        "\u{feff}ignore: []",
    ] {
        assert!(
            names(&apply(&file("a.yaml", text), report())).is_empty(),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_wrong_is_an_error_that_names_file_and_line() {
    for (text, expected) in [
        ("ignored: []\n", "a.yaml:1: "),
        (
            "ignore:\n  - id: CVE-1\n    reason: x\n    cve: CVE-1\n",
            "a.yaml:4: unknown field `cve`",
        ),
        (
            "ignore:\n  - id: CVE-1\n",
            "a.yaml:2: the rule has no reason",
        ),
        (
            "ignore:\n  - {id: CVE-1, reason: ' '}\n",
            "a.yaml:2: the rule has no reason",
        ),
        (
            "ignore:\n\n  - reason: x\n",
            "a.yaml:3: the rule says nothing of what it is for",
        ),
        (
            "ignore:\n  - {id: '', reason: x}\n",
            "a.yaml:2: a pattern is empty",
        ),
        (
            "ignore:\n  - {id: [], reason: x}\n",
            "a.yaml:2: a list without content",
        ),
        ("ignore:\n  - {id: [[a]], reason: x}\n", "a.yaml:2: "),
        ("ignore:\n  - version: 1.10\n    reason: x\n", "a.yaml:2: "),
        (
            "ignore:\n  - {id: a, expires: soon, reason: x}\n",
            "a.yaml:2: \"soon\" is no date such as",
        ),
        (
            "ignore:\n  - {severity: bad, reason: x}\n",
            "a.yaml:2: \"bad\" is not a severity",
        ),
        (
            "ignore:\n  - {fix_state: bad, reason: x}\n",
            "a.yaml:2: \"bad\" is not a fix state",
        ),
        (
            "ignore:\n  - {purl: bad, reason: x}\n",
            "a.yaml:2: \"bad\" is no package URL",
        ),
        (
            "ignore:\n  - id: a\n    id: b\n    reason: x\n",
            "a.yaml:3: ",
        ),
        ("ignore:\n\t- id\n", "a.yaml:2: "),
        ("- id: a\n", "a.yaml:1: "),
    ] {
        let error = error("a.yaml", text);
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
    let error = IgnoreFile::parse("a.yaml", b"ignore:\n\xff").unwrap_err();
    assert_eq!(error.to_string(), "a.yaml:2: it is not UTF-8");
}

#[test]
fn a_package_at_several_places_is_suppressed_if_all_are_meant() {
    let report = || {
        Builder::new(debian())
            .package(
                "pypi",
                "flask",
                "1.0",
                &["opt/a/METADATA", "opt/b/METADATA"],
            )
            .with("CVE-2024-1")
            .package("python", "jinja2", "1.0", &["python:opt/a"])
            .with("CVE-2024-1")
            .build()
    };
    for (path, expected) in [
        ("opt/a/*", vec![]),
        ("opt/*/METADATA", vec!["flask CVE-2024-1"]),
        ("opt/a", vec!["jinja2 CVE-2024-1"]),
    ] {
        let text = format!("ignore:\n  - {{path: {path}, reason: x}}\n");
        assert_eq!(
            names(&apply(&file("a.yaml", &text), report())),
            expected,
            "{path}"
        );
    }
}

#[test]
fn a_name_that_clair_has_decorated_is_the_name() {
    let report = Builder::new(debian())
        .package("dpkg", "bash", "5", &["var/lib/dpkg/status"])
        .with("CVE-2024-1 on Ubuntu 22.04 (jammy) - low.")
        .build();
    let triaged = apply(&file(".trivyignore", "CVE-2024-1\n"), report);
    assert_eq!(triaged.suppressed.len(), 1);
}

#[test]
fn lists_of_trivy_are_read() {
    let text = "\
# We do not parse certificates
CVE-2024-1 exp:2026-06-02

  CVE-2024-2   exp:2026-06-01
GHSA-aaaa-bbbb-cccc # the same
AVD-DS-0002
";
    let triaged = apply(&file("conf/.trivyignore", text), report());
    assert_eq!(names(&triaged), ["libssl3 CVE-2024-1"]);
    let by: Vec<String> = triaged.suppressed[0]
        .by
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        by,
        [
            "conf/.trivyignore:2: We do not parse certificates",
            "conf/.trivyignore:5: the same"
        ]
    );
    for (text, expected) in [
        (
            "CVE-1\nCVE-2 exp:tomorrow\n",
            "ignore:2: \"tomorrow\" is no date",
        ),
        (
            "CVE-1 CVE-2\n",
            "ignore:1: \"CVE-2\" is not exp: with a date",
        ),
    ] {
        let error = error("ignore", text);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn rules_of_trivy_are_read() {
    let text = "\
vulnerabilities:
  - id: CVE-2024-1
    paths: [\"var/lib/dpkg/*\"]
    purls: [\"pkg:deb/debian/libssl3@3.0.11-1\"]
    statement: accepted
  - id: CVE-2024-2
    expired_at: 2026-05-31
misconfigurations:
  - id: AVD-DS-0001
secrets: []
";
    let triaged = apply(&file(".trivyignore.yaml", text), report());
    let expected = "libssl3 CVE-2024-1: .trivyignore.yaml:2: accepted";
    assert_eq!(suppressed(&triaged), [expected]);
    let wrong = "vulnerabilities:\n  - id: CVE-1\n    path: a\n";
    let error = error(".trivyignore.yaml", wrong);
    assert!(
        error.starts_with(".trivyignore.yaml:3: unknown field `path`"),
        "{error}"
    );
}

#[test]
fn rules_of_grype_are_read() {
    for (rule, expected) in [
        ("vulnerability: CVE-2024-1", &["libssl3 CVE-2024-1"][..]),
        ("vulnerability: GHSA-aaaa-bbbb-cccc", &[]),
        (
            "vulnerability: GHSA-aaaa-bbbb-cccc\n    include-aliases: true",
            &["libssl3 CVE-2024-1"],
        ),
        ("fix-state: fixed", &["libcurl4 CVE-2024-2"]),
        ("fix-state: not-fixed", &["libssl3 CVE-2024-1"]),
        ("fix-state: wont-fix", &[]),
        (
            "package: {name: 'lib.*[34]', version: 3.0.11-1}",
            &["libssl3 CVE-2024-1"],
        ),
        ("package: {upstream-name: curl}", &["libcurl4 CVE-2024-2"]),
        (
            "package: {type: deb}",
            &["libssl3 CVE-2024-1", "libcurl4 CVE-2024-2"],
        ),
        ("package: {type: python}", &[]),
        (
            "package: {location: '/var/lib/**'}",
            &["libssl3 CVE-2024-1", "libcurl4 CVE-2024-2"],
        ),
    ] {
        let text = format!("check-for-app-update: false\nignore:\n  - {rule}\n    reason: x\n");
        assert_eq!(
            names(&apply(&file(".grype.yaml", &text), report())),
            expected,
            "{rule}"
        );
    }
    for (rule, expected) in [
        (
            "namespace: debian:distro:debian:12",
            "unknown field `namespace`",
        ),
        ("vex-status: not_affected", "unknown field `vex-status`"),
        ("reason: x", "the rule says nothing of what it is for"),
        ("package: {name: '('}", "\"(\" is no regular expression"),
        ("fix-state: maybe", "\"maybe\" is not a fix state"),
    ] {
        let error = error("grype.yaml", &format!("ignore:\n  - {rule}\n"));
        assert!(
            error.starts_with(&format!("grype.yaml:2: {expected}")),
            "{error}"
        );
    }
}

#[test]
fn a_report_of_clair_tells_a_fix_by_its_version() {
    let report = Builder::new(debian())
        .package("dpkg", "bash", "5", &["var/lib/dpkg/status"])
        .with("CVE-2024-1")
        .change(|found| {
            found.fixed_in_version = "6".to_owned();
            found.fix_state = FixState::Affected;
            found.normalized_severity = Severity::Low;
        })
        .build();
    for (state, expected) in [("fixed", 1), ("affected", 0)] {
        let text = format!("ignore:\n  - {{fix_state: {state}, reason: x}}\n");
        let triaged = apply(&file("a.yaml", &text), report.clone());
        assert_eq!(triaged.suppressed.len(), expected, "{state}");
    }
}
