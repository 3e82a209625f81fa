//! Documents and files that nobody wrote in good faith: an error, or nothing, in little time.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use clair_triage::{Document, IgnoreFile, Rules};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{apply, report, rules};

/// Longer than any of this takes on a slow machine, and shorter than what grows with a power.
const LONG: Duration = Duration::from_secs(20);

#[track_caller]
fn quickly<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    result
}

fn parse(text: &str) -> Result<Document, String> {
    Document::parse("a.json", text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn what_is_nested_deeply_is_an_error() {
    let many = 1_000_000;
    for (before, open, close) in [
        ("", "[", "]"),
        ("", "{\"a\":", "}"),
        (
            "{\"@context\": \"https://openvex.dev/ns\", \"statements\":",
            "[",
            "]",
        ),
        (
            "{\"@context\": \"https://openvex.dev/ns\", \"statements\": [{\"status\":\"fixed\",\"vulnerability\":\"a\",\"products\":",
            "[{\"subcomponents\":",
            "}]",
        ),
        (
            "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"components\":",
            "[{\"components\":",
            "}]",
        ),
        (
            "{\"document\": {}, \"product_tree\": {\"branches\":",
            "[{\"branches\":",
            "}]",
        ),
    ] {
        let text = format!("{before}{}{}", open.repeat(many), close.repeat(many));
        let error = quickly(|| parse(&text)).unwrap_err();
        assert!(error.len() < 2_000, "{} bytes", error.len());
    }
    let yaml = format!("ignore: {}", "[".repeat(many));
    quickly(|| IgnoreFile::parse("a.yaml", yaml.as_bytes())).unwrap_err();
    let yaml = format!("ignore: {}", "{a: ".repeat(100_000));
    quickly(|| IgnoreFile::parse("a.yaml", yaml.as_bytes())).unwrap_err();
}

#[test]
fn trees_as_deep_as_json_may_be_are_followed() {
    let deep = 50;
    let text = format!(
        "{{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"components\": {}{}, \"vulnerabilities\": []}}",
        "[{\"bom-ref\": \"a\", \"components\": ".repeat(deep),
        format_args!("[]{}", "}]".repeat(deep)),
    );
    assert!(parse(&text).is_ok());
}

#[test]
fn texts_may_be_long_and_errors_are_short() {
    let long = "x".repeat(10_000_000);
    let text = json!({
        "@context": "https://openvex.dev/ns",
        "statements": [{
            "vulnerability": {"name": long, "aliases": [long]},
            "products": [{"@id": format!("pkg:deb/debian/{long}")}, {"@id": format!("pkg:{long}")}],
            "status": "fixed",
        }],
    })
    .to_string();
    let document = quickly(|| parse(&text)).unwrap();
    assert!(document.notes().iter().all(|note| note.len() < 1_000));
    let mut rules = rules();
    rules.add_document(document);
    assert!(quickly(|| apply(&rules, report())).suppressed.is_empty());
    for text in [
        json!({"@context": format!("https://openvex.dev/ns/{long}"), "statements": []}),
        json!({"@context": "https://openvex.dev/ns", "timestamp": long, "statements": []}),
        json!({"bomFormat": "CycloneDX", "specVersion": long}),
    ] {
        let error = quickly(|| parse(&text.to_string())).unwrap_err();
        assert!(error.len() < 2_000, "{} bytes", error.len());
    }
    let yaml = format!("ignore:\n  - {{id: '{long}', severity: '{long}', reason: x}}\n");
    let error = quickly(|| IgnoreFile::parse("a.yaml", yaml.as_bytes())).unwrap_err();
    assert!(
        error.to_string().len() < 2_000,
        "{} bytes",
        error.to_string().len()
    );
}

#[test]
fn relationships_that_double_at_each_step_do_not_grow() {
    let steps = 64;
    let mut relationships = vec![];
    for step in 0..steps {
        let name = |step: usize| format!("P{step}");
        relationships.push(json!({
            "category": "default_component_of",
            "full_product_name": {"name": "p", "product_id": name(step + 1)},
            "product_reference": name(step),
            "relates_to_product_reference": name(step),
        }));
    }
    let text = json!({
        "document": {"csaf_version": "2.0", "tracking": {"id": "x"}},
        "product_tree": {
            "full_product_names": [{
                "name": "p", "product_id": "P0",
                "product_identification_helper": {"purl": "pkg:oci/app"},
            }],
            "relationships": relationships,
        },
        "vulnerabilities": [{"cve": "CVE-1", "product_status": {"fixed": ["P64"]}}],
    });
    let error = quickly(|| parse(&text.to_string())).unwrap_err();
    assert!(error.contains("is in itself or in too much"), "{error}");
}

#[test]
fn aliases_that_grow_are_an_error() {
    let mut yaml = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let list = format!("*a{}, ", level - 1).repeat(9);
        writeln!(yaml, "a{level}: &a{level} [{list}]").unwrap();
    }
    yaml.push_str("ignore: *a11\n");
    for name in ["a.yaml", ".trivyignore.yaml", ".grype.yaml"] {
        let error = quickly(|| IgnoreFile::parse(name, yaml.as_bytes())).unwrap_err();
        assert!(error.to_string().len() < 2_000);
    }
}

#[test]
fn expressions_take_no_time() {
    let yaml = "ignore:\n  - package: {name: '(a+)+$'}\n  - package: {name: '(.*)*(.*)*(.*)*x'}\n";
    let mut rules: Rules = rules();
    rules.add_file(IgnoreFile::parse(".grype.yaml", yaml.as_bytes()).unwrap());
    let mut report = report();
    for package in report.packages.values_mut() {
        package.name = "a".repeat(1_000_000);
    }
    quickly(|| apply(&rules, report));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::parse("a.json", &bytes);
        for name in ["a.yaml", ".grype.yaml", ".trivyignore.yaml", ".trivyignore"] {
            let _ = IgnoreFile::parse(name, &bytes);
        }
    }

    #[test]
    fn no_text_in_a_document_panics(id in ".*", product in ".*", purl in "pkg:[a-z]{1,8}/\\PC*", range in "vers:deb/\\PC*") {
        let openvex = json!({
            "@context": "https://openvex.dev/ns",
            "statements": [{
                "vulnerability": {"name": id, "@id": product},
                "products": [
                    {"@id": product, "identifiers": {"purl": purl, "cpe23": product}},
                    {"@id": "pkg:oci/app", "subcomponents": [purl, product]},
                ],
                "status": "fixed",
            }],
        });
        let cyclonedx = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{"bom-ref": product, "purl": purl, "cpe": product}],
            "vulnerabilities": [{
                "id": "CVE-2024-1", "analysis": {"state": "resolved"},
                "affects": [{"ref": product}, {"ref": purl, "versions": [{"range": range}]}],
            }],
        });
        for text in [openvex, cyclonedx] {
            if let Ok(document) = parse(&text.to_string()) {
                let mut rules = rules();
                rules.add_document(document);
                apply(&rules, report());
            }
        }
    }
}
