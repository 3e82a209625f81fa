//! CycloneDX.

use clair_triage::{Document, Usage};
use serde_json::{Value, json};

use crate::support::{apply, documents, image, names, report, suppressed};

const SERIAL: &str = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79";

/// The bill of materials of the image, with VEX in it.
fn document(vulnerabilities: Value) -> String {
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": SERIAL,
        "version": 1,
        "metadata": {
            "timestamp": "2026-01-01T00:00:00Z",
            "supplier": {"name": "Example"},
            "component": {
                "bom-ref": "root", "type": "container", "name": "app",
                "purl": "pkg:oci/app@sha256:00?repository_url=ghcr.io/team/app",
            },
        },
        "components": [
            {"bom-ref": "ssl", "type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64"},
            {"bom-ref": "group", "type": "application", "name": "g", "components": [
                {"bom-ref": "curl", "type": "library", "name": "libcurl4", "purl": "pkg:deb/debian/libcurl4"},
            ]},
            {"bom-ref": "file", "type": "file", "name": "x"},
            {"bom-ref": "bad", "type": "library", "name": "x", "purl": "libssl3"},
        ],
        "vulnerabilities": vulnerabilities,
    })
    .to_string()
}

fn about(state: &str, affects: Value) -> String {
    document(json!([{
        "id": "CVE-2024-1",
        "analysis": {"state": state},
        "affects": affects,
    }]))
}

#[test]
fn what_is_not_affected_or_resolved_is_suppressed_with_its_trace() {
    let text = document(json!([
        {
            "id": "EX-1",
            "references": [{"id": "CVE-2024-1", "source": {"name": "NVD"}}],
            "analysis": {
                "state": "not_affected",
                "justification": "code_not_reachable",
                "response": ["will_not_fix"],
                "detail": "We never parse it.",
                "lastUpdated": "2026-03-01T00:00:00Z",
            },
            "affects": [{"ref": "ssl"}],
        },
        {"id": "CVE-2024-2", "affects": [{"ref": "curl"}]},
        {"id": "CVE-2024-2", "analysis": {"state": "resolved"}, "affects": [{"ref": "curl"}]},
    ]));
    let triaged = apply(&documents(&[&text]), report());
    assert_eq!(
        suppressed(&triaged),
        [
            "libssl3 CVE-2024-1: 1.json, statement 1: not_affected (code_not_reachable): \
             We never parse it.",
            "libcurl4 CVE-2024-2: 1.json, statement 3: fixed",
        ]
    );
    let json = serde_json::to_value(&triaged.suppressed[0].by[0]).unwrap();
    assert_eq!(json["document"], SERIAL);
    assert_eq!(json["author"], "Example");
    assert_eq!(json["product"], "ssl");
    assert_eq!(json["timestamp"], "2026-03-01T00:00:00Z");
}

#[test]
fn states_are_statuses() {
    for (state, is_suppressed) in [
        ("not_affected", true),
        ("false_positive", true),
        ("resolved", true),
        ("resolved_with_pedigree", true),
        ("exploitable", false),
        ("in_triage", false),
    ] {
        let rules = documents(&[&about(state, json!([{"ref": "ssl"}]))]);
        let triaged = apply(&rules, report());
        assert_eq!(!triaged.suppressed.is_empty(), is_suppressed, "{state}");
        assert_eq!(triaged.annotated.is_empty(), is_suppressed, "{state}");
    }
}

#[test]
fn references_are_to_components_of_the_document_or_package_urls() {
    let own = SERIAL.trim_start_matches("urn:uuid:");
    for (reference, is_meant) in [
        ("ssl".to_owned(), true),
        ("root".to_owned(), true),
        (format!("urn:cdx:{own}/1#ssl"), true),
        ("pkg:deb/debian/libssl3".to_owned(), true),
        (
            "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&package-id=0123".to_owned(),
            true,
        ),
        ("urn:cdx:00/1#pkg%3Adeb%2Fdebian%2Flibssl3".to_owned(), true),
        ("urn:cdx:00/1#pkg:deb/debian/libssl3".to_owned(), true),
        ("urn:cdx:00/1#ssl".to_owned(), false),
        ("urn:cdx:00/1".to_owned(), false),
        ("curl".to_owned(), false),
        ("file".to_owned(), false),
        ("bad".to_owned(), false),
        ("missing".to_owned(), false),
        ("pkg:deb/debian/libssl3@9".to_owned(), false),
    ] {
        let rules = documents(&[&about("not_affected", json!([{"ref": reference}]))]);
        // The document is about another build of the image, so that `root` is not this one.
        let expected = is_meant && reference != "root";
        let triaged = apply(&rules, report());
        assert_eq!(!triaged.suppressed.is_empty(), expected, "{reference}");
    }
}

#[test]
fn components_are_those_of_the_image_that_the_document_is_about() {
    let rules = documents(&[&about("not_affected", json!([{"ref": "ssl"}]))]);
    let mut other = image();
    other.names[0].repository = "ghcr.io/team/other".to_owned();
    let triaged = rules.apply(report(), &other, &mut Usage::default());
    assert!(names(&triaged).is_empty());
    // An image that has no name may be it.
    other.names.clear();
    let triaged = rules.apply(report(), &other, &mut Usage::default());
    assert_eq!(names(&triaged), ["libssl3 CVE-2024-1"]);
}

#[test]
fn versions_are_single_ones_or_ranges_each_with_a_status() {
    for (versions, expected) in [
        (json!([{"version": "3.0.11-1"}]), Some(true)),
        (json!([{"version": "3.0.12-1"}]), None),
        (json!([{"range": "vers:deb/>=3.0|<3.0.12"}]), Some(true)),
        (
            json!([{"range": "vers:deb/<3.0.11"}, {"version": "3.0.11-1", "status": "affected"}]),
            Some(true),
        ),
        (json!([{"range": "vers:unknown/>=3.0|<3.0.12"}]), None),
        (
            json!([{"version": "3.0.11-1", "status": "unknown"}]),
            Some(false),
        ),
        (
            json!([{"version": "3.0.11-1", "status": "unaffected"}]),
            Some(true),
        ),
    ] {
        let affects = json!([{"ref": "pkg:deb/debian/libssl3", "versions": versions}]);
        let triaged = apply(&documents(&[&about("not_affected", affects)]), report());
        let found = match (triaged.suppressed.len(), triaged.annotated.len()) {
            (0, 0) => None,
            (suppressed, _) => Some(suppressed > 0),
        };
        assert_eq!(found, expected, "{versions}");
    }
    // Of what is exploitable, a version may not be.
    let affects = json!([{"ref": "pkg:deb/debian/libssl3", "versions": [
        {"range": "vers:deb/<3.0.11"},
        {"version": "3.0.11-1", "status": "unaffected"},
    ]}]);
    let triaged = apply(&documents(&[&about("exploitable", affects)]), report());
    assert_eq!(
        suppressed(&triaged),
        ["libssl3 CVE-2024-1: 1.json, statement 1: not_affected"]
    );
}

#[test]
fn what_cannot_be_understood_is_an_error_that_names_the_field() {
    let good: Value = serde_json::from_str(&about(
        "resolved",
        json!([{"ref": "ssl", "versions": [{"version": "1"}]}]),
    ))
    .unwrap();
    for (pointer, value, expected) in [
        (
            "/specVersion",
            json!("1.3"),
            "specVersion: \"1.3\" is no version",
        ),
        ("/specVersion", json!(1.5), "specVersion: invalid type"),
        (
            "/metadata/timestamp",
            json!("x"),
            "metadata.timestamp: \"x\" is no time",
        ),
        (
            "/components/0/purl",
            json!({}),
            "components[0].purl: invalid type",
        ),
        (
            "/vulnerabilities/0/id",
            json!(null),
            "vulnerabilities[0].id: it is missing",
        ),
        (
            "/vulnerabilities/0/analysis/state",
            json!("good"),
            "vulnerabilities[0].analysis.state: unknown variant",
        ),
        (
            "/vulnerabilities/0/affects/0",
            json!({}),
            "vulnerabilities[0].affects[0]: missing field `ref`",
        ),
        (
            "/vulnerabilities/0/affects/0/versions/0",
            json!({"range": ">=1"}),
            "vulnerabilities[0].affects[0].versions[0].range: \">=1\" is no range: it does not begin",
        ),
        (
            "/vulnerabilities/0/affects/0/versions/0",
            json!({}),
            "vulnerabilities[0].affects[0].versions[0].version: there is neither",
        ),
    ] {
        let mut text = good.clone();
        *text.pointer_mut(pointer).unwrap() = value;
        let error = Document::parse("a.json", text.to_string().as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with(&format!("a.json: CycloneDX: {expected}")),
            "{error}"
        );
    }
}

#[test]
fn every_version_since_there_is_an_analysis_is_read() {
    for version in ["1.4", "1.5", "1.6", "1.7"] {
        let text = about("not_affected", json!([{"ref": "ssl"}]));
        let text = text.replace(
            "\"specVersion\":\"1.5\"",
            &format!("\"specVersion\":{version:?}"),
        );
        assert_eq!(names(&apply(&documents(&[&text]), report())).len(), 1);
    }
}
