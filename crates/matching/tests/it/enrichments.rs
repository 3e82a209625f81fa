//! What other sources know of what is found.

use std::collections::BTreeMap;

use clair_model::{Advisory, Enrichment, Id, Namespace, Severity, VulnerabilityReport};
use clair_risk::{CVSS, EPSS, KEV, SSVC};
use clair_vulndb::{Database, Provenance, Store};
use serde_json::Value;

use crate::support::{about, advisory, bookworm, found, freshness, index, now, package};

const NVD_1: &str = r#"{"cvss":[{"source":"nvd@nist.gov","primary":true,"data":{"version":"3.1",
    "vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8}}]}"#;
const EPSS_1: &str = r#"{"epss":0.9,"percentile":0.99}"#;
const CISA_1: &str = r#"{"ssvc":{"exploitation":"active","automatable":true,"total_impact":true,
    "timestamp":"2024"}}"#;

/// Scans an image of bash with advisories and enrichments: feed, tag, value.
fn scan(advisories: &[Advisory], enrichments: &[(&str, &str, &str)]) -> VulnerabilityReport {
    let dir = tempfile::tempdir().unwrap();
    let mut update = Store::open(dir.path()).unwrap().lock().unwrap();
    let provenance = |feed: &str| Provenance {
        feed: feed.into(),
        url: "https://vendor.example/".into(),
        fetched: now(),
        upstream: None,
        fingerprint: String::new(),
        skipped: BTreeMap::new(),
        parser_version: 1,
    };
    let mut writer = update.writer("debian").unwrap();
    for advisory in advisories {
        writer.add(advisory).unwrap();
    }
    update.replace(writer.finish(provenance("debian")).unwrap());
    for feed in ["nvd", "epss", "kev", "vulnrichment"] {
        let mut writer = update.enrichment_writer(feed).unwrap();
        for (_, tag, value) in enrichments.iter().filter(|(of, ..)| *of == feed) {
            writer
                .add(&Enrichment::new(*tag, value.parse().unwrap()))
                .unwrap();
        }
        update.replace(writer.finish(provenance(feed)).unwrap());
    }
    update.commit().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let image = index(
        bookworm(),
        vec![package("dpkg", "bash 5.2-1", "bash 5.2-1")],
    );
    clair_matching::report(&database, &image, &freshness()).unwrap()
}

fn bash(id: &str, severity: Severity) -> Advisory {
    advisory(
        id,
        severity,
        vec![about(&Namespace::debian("bookworm"), "bash", None)],
    )
}

fn facts(report: &VulnerabilityReport, kind: &str, name: &str) -> Value {
    let (id, _) = report
        .vulnerabilities
        .iter()
        .find(|(_, it)| it.name == name)
        .unwrap();
    let Some(documents) = report.enrichments.get(kind) else {
        return Value::Null;
    };
    let document: Value = documents[0].read().unwrap();
    document[id.to_string()].clone()
}

#[test]
fn facts_about_what_is_found_are_in_the_report_under_the_types_of_clair() {
    let report = scan(
        &[
            bash("CVE-2024-1000", Severity::Low),
            bash("CVE-2024-1001", Severity::High),
        ],
        &[
            ("nvd", "CVE-2024-1000", NVD_1),
            ("epss", "CVE-2024-1000", EPSS_1),
            ("epss", "release", r#"{"version":"v1","date":"2025-01-01"}"#),
            ("vulnrichment", "CVE-2024-1000", CISA_1),
            ("nvd", "CVE-2024-7777", NVD_1),
        ],
    );
    assert_eq!(report.enrichments.keys().next().unwrap(), CVSS);
    assert_eq!(facts(&report, CVSS, "CVE-2024-1000")[0]["baseScore"], 9.8);
    assert_eq!(
        facts(&report, EPSS, "CVE-2024-1000")[0]["modelVersion"],
        "v1"
    );
    assert_eq!(
        facts(&report, SSVC, "CVE-2024-1000")[0]["decision"]["medium"],
        "act"
    );
    assert_eq!(facts(&report, CVSS, "CVE-2024-1001"), Value::Null);
    assert!(!report.enrichments.contains_key(KEV));
    // Exploited comes before severe.
    assert_eq!(found(&report, 1), ["CVE-2024-1000", "CVE-2024-1001"]);
    let risk = |place: usize| {
        let id: Id = report.package_vulnerabilities[&Id(1)][place];
        report.vulnerabilities[&id].risk.unwrap()
    };
    assert_eq!((risk(0), risk(1)), (58, 40));
}

#[test]
fn without_enrichments_the_report_has_none_and_severity_decides() {
    let report = scan(
        &[
            bash("CVE-2024-1000", Severity::Low),
            bash("CVE-2024-1001", Severity::High),
        ],
        &[],
    );
    assert!(report.enrichments.is_empty());
    assert_eq!(found(&report, 1), ["CVE-2024-1001", "CVE-2024-1000"]);
}

#[test]
fn a_vulnerability_is_joined_by_its_aliases_and_by_its_links_only_without_names_of_its_own() {
    let mut aliased = bash("DSA-1", Severity::Low);
    aliased.aliases = vec!["CVE-2024-1000".into()];
    let mut linked = bash("DSA-2", Severity::Low);
    linked.links = vec!["https://security.example/CVE-2024-1000".into()];
    let mut related = bash("CVE-2024-1001", Severity::Low);
    related.links = vec!["https://security.example/CVE-2024-1000".into()];
    let report = scan(
        &[aliased, linked, related],
        &[("epss", "CVE-2024-1000", EPSS_1)],
    );
    for (name, is_joined) in [("DSA-1", true), ("DSA-2", true), ("CVE-2024-1001", false)] {
        assert_eq!(facts(&report, EPSS, name).is_array(), is_joined, "{name}");
    }
}

#[test]
fn a_value_of_another_form_is_left_out() {
    let report = scan(
        &[bash("CVE-2024-1000", Severity::Low)],
        &[
            ("epss", "CVE-2024-1000", "[]"),
            ("nvd", "CVE-2024-1000", "7"),
        ],
    );
    assert!(report.enrichments.is_empty());
}
