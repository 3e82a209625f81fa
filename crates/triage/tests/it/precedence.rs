//! Which of several decisions counts, and which had no effect.

use std::collections::BTreeMap;

use clair_model::{Id, JsonText};
use clair_triage::{Document, IgnoreFile, Unused, Usage};
use serde_json::json;

use crate::support::{apply, documents, image, left, names, report, rules, suppressed};

fn openvex(statements: &[(&str, &str, &str, Option<&str>)]) -> String {
    let statements: Vec<_> = statements
        .iter()
        .map(|(id, product, status, time)| {
            let mut statement = json!({
                "vulnerability": {"name": id},
                "products": [{"@id": product}],
                "status": status,
            });
            if let Some(time) = time {
                statement["timestamp"] = format!("{time}T00:00:00Z").into();
            }
            statement
        })
        .collect();
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": statements,
    })
    .to_string()
}

const LIBSSL: &str = "pkg:deb/debian/libssl3";

#[test]
fn the_latest_statement_counts_whichever_document_has_it() {
    let not = |time| openvex(&[("CVE-2024-1", LIBSSL, "not_affected", time)]);
    let is = |time| openvex(&[("CVE-2024-1", "pkg:oci/app", "affected", time)]);
    for (texts, is_suppressed) in [
        ([not(Some("2026-02-01")), is(Some("2026-03-01"))], false),
        ([not(Some("2026-03-01")), is(Some("2026-02-01"))], true),
        ([is(Some("2026-02-01")), not(Some("2026-03-01"))], true),
        // The time of the document is that of statements without one.
        ([not(None), is(Some("2025-12-31"))], true),
        ([not(Some("2025-12-31")), is(None)], false),
        // At the same time, what was given later.
        ([not(None), is(None)], false),
        ([is(None), not(None)], true),
    ] {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let triaged = apply(&documents(&texts), report());
        assert_eq!(!triaged.suppressed.is_empty(), is_suppressed, "{texts:?}");
        assert_eq!(triaged.annotated.is_empty(), is_suppressed, "{texts:?}");
    }
    let both = openvex(&[
        ("CVE-2024-1", LIBSSL, "affected", Some("2026-02-01")),
        ("CVE-2024-1", LIBSSL, "fixed", Some("2026-02-02")),
        (
            "CVE-2024-1",
            LIBSSL,
            "under_investigation",
            Some("2026-02-01"),
        ),
    ]);
    let triaged = apply(&documents(&[&both]), report());
    assert_eq!(
        suppressed(&triaged),
        ["libssl3 CVE-2024-1: 1.json, statement 2: fixed"]
    );
}

#[test]
fn a_rule_suppresses_what_a_document_says_to_be_affected_and_all_reasons_are_told() {
    let mut rules = documents(&[&openvex(&[
        ("CVE-2024-1", LIBSSL, "affected", None),
        ("CVE-2024-2", "pkg:oci/app", "fixed", None),
    ])]);
    let list = "# accepted\nCVE-2024-1\nCVE-2024-2 exp:2027-01-01\n";
    rules.add_file(IgnoreFile::parse(".trivyignore", list.as_bytes()).unwrap());
    rules.ignore_unfixed();
    let triaged = apply(&rules, report());
    let by: Vec<Vec<String>> = triaged
        .suppressed
        .iter()
        .map(|it| it.by.iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(
        by,
        [
            vec![".trivyignore:2: accepted", "no fix to install"],
            vec!["1.json, statement 2: fixed", ".trivyignore:3"],
        ]
    );
    assert_eq!(triaged.annotated, []);
}

#[test]
fn vulnerabilities_without_a_fix_are_suppressed_if_that_is_asked_for() {
    let mut rules = rules();
    assert!(rules.is_empty());
    rules.ignore_unfixed();
    assert!(!rules.is_empty());
    let triaged = apply(&rules, report());
    assert_eq!(names(&triaged), ["libssl3 CVE-2024-1"]);
    assert_eq!(left(&triaged.report), ["libcurl4 CVE-2024-2"]);
}

#[test]
fn what_another_package_has_too_stays_in_the_report() {
    let mut report = report();
    let id = *report.vulnerabilities.keys().next().unwrap();
    for ids in report.package_vulnerabilities.values_mut() {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let fact = |id| JsonText::of(&BTreeMap::from([(id, ["a fact"])])).unwrap();
    report
        .enrichments
        .insert("x".to_owned(), vec![fact(id), fact(Id(2))]);
    let rules = documents(&[&openvex(&[("CVE-2024-1", LIBSSL, "fixed", None)])]);
    let triaged = apply(&rules, report.clone());
    assert_eq!(
        left(&triaged.report),
        ["libcurl4 CVE-2024-2", "libcurl4 CVE-2024-1"]
    );
    assert_eq!(triaged.report.vulnerabilities.len(), 2);
    assert_eq!(triaged.report.enrichments, report.enrichments);
    let all = documents(&[&openvex(&[("CVE-2024-1", "pkg:oci/app", "fixed", None)])]);
    let triaged = apply(&all, report);
    assert_eq!(left(&triaged.report), ["libcurl4 CVE-2024-2"]);
    assert_eq!(triaged.report.vulnerabilities.len(), 1);
    let facts = &triaged.report.enrichments["x"];
    assert_eq!(facts[0].get(), "{}");
    assert_eq!(facts[1], fact(Id(2)));
}

#[test]
fn what_had_no_effect_on_any_report_is_told() {
    let mut rules = documents(&[
        &openvex(&[
            ("CVE-2024-1", LIBSSL, "affected", None),
            ("CVE-2024-9", LIBSSL, "fixed", None),
            ("CVE-2024-2", "pkg:oci/other", "fixed", None),
        ]),
        &openvex(&[]),
    ]);
    let text = "\
ignore:
  - {id: CVE-2024-2, reason: used}
  - {id: CVE-2024-7, package: 'lib*', reason: unused}
  - {id: CVE-2024-1, expires: 2026-06-01, reason: expired}
  - {id: CVE-2024-1, expires: 2026-06-02, reason: last day}
";
    rules.add_file(IgnoreFile::parse("a.yaml", text.as_bytes()).unwrap());
    let mut usage = Usage::default();
    let triaged = rules.apply(report(), &image(), &mut usage);
    assert_eq!(
        suppressed(&triaged),
        [
            "libssl3 CVE-2024-1: a.yaml:5: last day",
            "libcurl4 CVE-2024-2: a.yaml:2: used"
        ]
    );
    let (file, line) = ("a.yaml".to_owned(), 3);
    let statement = |statement, vulnerability: &str| Unused::Statement {
        file: "1.json".to_owned(),
        statement,
        vulnerability: vulnerability.to_owned(),
    };
    assert_eq!(
        rules.unused(&usage),
        [
            Unused::Rule {
                file: file.clone(),
                line,
                subject: "CVE-2024-7, package lib*".to_owned(),
            },
            Unused::Expired {
                file,
                line: 4,
                subject: "CVE-2024-1".to_owned(),
                since: "2026-06-01".parse().unwrap(),
            },
            statement(2, "CVE-2024-9"),
            statement(3, "CVE-2024-2"),
            Unused::Empty {
                file: "2.json".to_owned(),
            },
        ]
    );
    // Over several reports, what one of them needs is used.
    let mut other = image();
    other.names[0].repository = "ghcr.io/team/other".to_owned();
    rules.apply(report(), &other, &mut usage);
    let unused = rules.unused(&usage);
    assert!(!unused.contains(&statement(3, "CVE-2024-2")), "{unused:?}");
}

#[test]
fn directories_are_read_with_all_below_them() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "a/b/1.json",
        &openvex(&[("CVE-2024-1", LIBSSL, "fixed", None)]),
    );
    write("index.json", r#"{"packages": []}"#);
    write("notes.txt", "not JSON");
    write(".hidden.json", "not JSON");
    let mut all = rules();
    all.read_vex(dir.path()).unwrap();
    assert_eq!(names(&apply(&all, report())), ["libssl3 CVE-2024-1"]);
    let notes: Vec<_> = all.notes().collect();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].1.contains("index.json is no VEX document"),
        "{notes:?}"
    );
    // By itself, it is an error; so is one that is of a format and wrong.
    assert!(rules().read_vex(&dir.path().join("index.json")).is_err());
    assert!(rules().read_vex(&dir.path().join("missing.json")).is_err());
    write(
        "b.json",
        r#"{"@context": "https://openvex.dev/ns", "statements": 5}"#,
    );
    let error = rules().read_vex(dir.path()).unwrap_err().to_string();
    assert!(error.contains("b.json: OpenVEX: statements: "), "{error}");
    assert!(Document::parse("a", b"\xef\xbb\xbf{\"statements\": []}").is_ok());
}
