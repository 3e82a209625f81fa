//! VEX documents and ignore files. The first byte tells what the rest is; a document that is
//! understood is applied to a report.
#![no_main]

use std::sync::LazyLock;

use clair_model::VulnerabilityReport;
use clair_triage::{Document, IgnoreFile, Image, Rules, Usage};
use libfuzzer_sys::fuzz_target;

/// Two packages, with a vulnerability each.
static REPORT: LazyLock<VulnerabilityReport> = LazyLock::new(|| {
    let digest = format!("sha256:{}", "a".repeat(64));
    let found = |id: &str, name: &str| {
        serde_json::json!({
            "id": id, "updater": "", "name": name, "description": "",
            "issued": "0001-01-01T00:00:00Z", "links": "", "severity": "",
            "normalized_severity": "High", "fixed_in_version": "", "fix_state": "affected",
            "package": {"id": "", "name": "", "version": "", "normalized_version": "", "cpe": "", "detector": null},
            "distribution": {"id": "", "did": "", "name": "", "version": "", "version_code_name": "", "version_id": "", "arch": "", "cpe": "", "pretty_name": ""},
            "repository": {"cpe": ""},
        })
    };
    let package = |id: &str, name: &str, detector: &str| {
        serde_json::json!({
            "id": id, "name": name, "version": "1.0-1", "normalized_version": "", "arch": "amd64",
            "cpe": "", "detector": detector,
        })
    };
    let place = |path: &str| {
        serde_json::json!([{"package_db": path, "introduced_in": digest, "distribution_id": "1", "repository_ids": null}])
    };
    let report = serde_json::json!({
        "manifest_hash": digest,
        "packages": {"1": package("1", "a", "dpkg"), "2": package("2", "b", "golang")},
        "distributions": {"1": {
            "id": "1", "did": "debian", "name": "", "version": "12", "version_code_name": "bookworm",
            "version_id": "12", "arch": "", "cpe": "", "pretty_name": "",
        }},
        "repository": {},
        "environments": {"1": place("var/lib/dpkg/status"), "2": place("usr/bin/b")},
        "vulnerabilities": {"1": found("1", "CVE-1"), "2": found("2", "CVE-2")},
        "package_vulnerabilities": {"1": ["1"], "2": ["2"]},
        "enrichments": {},
    });
    serde_json::from_value(report).expect("a report")
});

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    let mut rules = Rules::new(jiff::civil::date(2026, 1, 1));
    let names = [".clairignore.yaml", ".trivyignore", ".trivyignore.yaml", ".grype.yaml"];
    match names.get(usize::from(*kind % 8)) {
        Some(name) => match IgnoreFile::parse(name, data) {
            Ok(file) => rules.add_file(file),
            Err(error) => assert!(error.to_string().len() < 10_000, "an error is short"),
        },
        None => match Document::parse("fuzz.json", data) {
            Ok(document) => rules.add_document(document),
            Err(error) => assert!(error.to_string().len() < 10_000, "an error is short"),
        },
    }
    let mut usage = Usage::default();
    let triaged = rules.apply(REPORT.clone(), &Image::default(), &mut usage);
    let left: usize = triaged.report.package_vulnerabilities.values().map(Vec::len).sum();
    assert_eq!(left + triaged.suppressed.len(), 2, "no finding gets lost");
    rules.unused(&usage);
});
