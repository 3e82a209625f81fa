//! OpenVEX.

use clair_model::Id;
use clair_triage::{Document, Status, Usage};
use serde_json::json;

use crate::support::{
    Builder, DIGEST, apply, debian, documents, image, left, names, report, suppressed,
};

fn document(statements: serde_json::Value) -> String {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex/1",
        "author": "Example",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": statements,
    })
    .to_string()
}

/// A document with one statement about CVE-2024-1: these products are not affected.
fn about(products: serde_json::Value) -> String {
    document(json!([{
        "vulnerability": {"name": "CVE-2024-1"},
        "products": products,
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }]))
}

#[test]
fn what_is_not_affected_or_fixed_is_suppressed_with_its_trace() {
    let text = document(json!([
        {
            "vulnerability": {"name": "CVE-2024-1"},
            "products": [{
                "@id": format!("pkg:oci/app@{DIGEST}"),
                "subcomponents": [{"@id": "pkg:deb/debian/libssl3@3.0.11-1"}],
            }],
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "impact_statement": "We never\n  parse it.",
        },
        {
            "vulnerability": {"name": "CVE-2024-2"},
            "timestamp": "2026-02-01T00:00:00Z",
            "products": [{"@id": "pkg:deb/debian/libcurl4"}],
            "status": "fixed",
        },
    ]));
    let triaged = apply(&documents(&[&text]), report());
    assert_eq!(
        suppressed(&triaged),
        [
            "libssl3 CVE-2024-1: 1.json, statement 1: not_affected \
             (vulnerable_code_not_in_execute_path): We never parse it.",
            "libcurl4 CVE-2024-2: 1.json, statement 2: fixed",
        ]
    );
    assert!(triaged.report.vulnerabilities.is_empty());
    assert!(triaged.report.package_vulnerabilities.is_empty());
    assert_eq!(triaged.report.packages.len(), 2);
    let json = serde_json::to_value(&triaged.suppressed[0]).unwrap();
    assert_eq!(json["package_id"], "1");
    assert_eq!(json["vulnerability"]["name"], "CVE-2024-1");
    assert_eq!(
        json["by"][0],
        json!({
            "kind": "vex",
            "file": "1.json",
            "format": "openvex",
            "document": "https://example.com/vex/1",
            "author": "Example",
            "statement": 1,
            "product": format!("pkg:oci/app@{DIGEST}"),
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "timestamp": "2026-01-01T00:00:00Z",
            "reason": "We never parse it.",
        })
    );
}

#[test]
fn what_is_affected_or_not_known_yet_stays_and_is_annotated() {
    let text = document(json!([
        {
            "vulnerability": "CVE-2024-1",
            "products": ["pkg:deb/debian/libssl3"],
            "status": "affected",
            "action_statement": "Wait for the next build.",
        },
        {
            "vulnerability": "CVE-2024-2",
            "products": ["pkg:deb/debian/libcurl4"],
            "status": "under_investigation",
        },
    ]));
    let triaged = apply(&documents(&[&text]), report());
    assert_eq!(triaged.suppressed, []);
    assert_eq!(triaged.report, report());
    let annotated: Vec<_> = triaged
        .annotated
        .iter()
        .map(|it| (it.package_id, it.vulnerability_id, it.by.to_string()))
        .collect();
    assert_eq!(
        annotated,
        [
            (
                Id(1),
                Id(1),
                "1.json, statement 1: affected: Wait for the next build.".to_owned()
            ),
            (
                Id(2),
                Id(2),
                "1.json, statement 2: under_investigation".to_owned()
            ),
        ]
    );
}

#[test]
fn products_are_images_packages_or_packages_in_images() {
    for (products, is_meant) in [
        // The whole image.
        (
            json!([{"@id": "pkg:oci/app?repository_url=ghcr.io/team/app"}]),
            true,
        ),
        (
            json!([{"@id": "https://example.com/x", "identifiers": {"purl": "pkg:oci/app"}}]),
            true,
        ),
        (json!([{"@id": "ghcr.io/team/app:1.2"}]), true),
        (
            json!([{"@id": "x", "hashes": {"sha-256": DIGEST["sha256:".len()..]}}]),
            true,
        ),
        (json!([{"@id": "pkg:oci/other"}]), false),
        (json!([{"@id": "ghcr.io/team/app:1.3"}]), false),
        (json!([{"@id": "x", "hashes": {"sha-256": "bbbb"}}]), false),
        // A package, in any image.
        (
            json!([{"@id": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12"}]),
            true,
        ),
        (json!([{"@id": "pkg:deb/debian/openssl?arch=source"}]), true),
        (json!([{"@id": "pkg:deb/debian/libssl3@3.0.12-1"}]), false),
        (
            json!([{"@id": "pkg:deb/debian/libssl3?distro=trixie"}]),
            false,
        ),
        (json!([{"@id": "pkg:deb/debian/libcurl4"}]), false),
        // A package in an image.
        (
            json!([{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/libssl3"}]}]),
            true,
        ),
        (
            json!([{"@id": "pkg:oci/app", "subcomponents": ["pkg:deb/debian/a", "pkg:deb/debian/libssl3"]}]),
            true,
        ),
        (
            json!([{"@id": "pkg:oci/other", "subcomponents": [{"@id": "pkg:deb/debian/libssl3"}]}]),
            false,
        ),
        (
            json!([{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/libcurl4"}]}]),
            false,
        ),
        (
            json!([{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/"}]}]),
            false,
        ),
        (json!([{"@id": "pkg:oci/app", "subcomponents": []}]), true),
        // A package of a distribution is in no other.
        (
            json!([{"@id": "pkg:deb/debian/libcurl4", "subcomponents": [{"@id": "pkg:deb/debian/libssl3"}]}]),
            false,
        ),
        (json!([{"@id": "x"}, {"@id": "pkg:oci/app"}]), true),
        (json!([]), false),
    ] {
        let triaged = apply(&documents(&[&about(products.clone())]), report());
        let expected = if is_meant {
            vec!["libssl3 CVE-2024-1"]
        } else {
            vec![]
        };
        assert_eq!(names(&triaged), expected, "{products}");
    }
}

#[test]
fn a_library_is_in_the_program_whose_file_has_it() {
    let report = || {
        Builder::new(debian())
            .package("golang", "example.com/app", "v1.0.0", &["usr/bin/app"])
            .package("golang", "helm.sh/helm/v3", "v3.1.0", &["usr/bin/app"])
            .with("CVE-2024-1")
            .package(
                "golang",
                "example.com/lib",
                "v0.1.0",
                &["usr/bin/app", "usr/bin/other"],
            )
            .with("CVE-2024-1")
            .package("dpkg", "libssl3", "3", &["var/lib/dpkg/status"])
            .with("CVE-2024-1")
            .build()
    };
    let of = |parts: serde_json::Value| {
        about(json!([{"@id": "pkg:golang/example.com/app", "subcomponents": parts}]))
    };
    let text = of(json!(["pkg:golang/helm.sh/helm/v3@v3.1.0"]));
    let triaged = apply(&documents(&[&text]), report());
    assert_eq!(names(&triaged), ["helm.sh/helm/v3 CVE-2024-1"]);
    // This one is in another program too, of which nothing is said.
    let text = of(json!([
        "pkg:golang/example.com/lib",
        "pkg:deb/debian/libssl3"
    ]));
    assert!(names(&apply(&documents(&[&text]), report())).is_empty());
}

#[test]
fn a_vulnerability_is_known_by_each_of_its_names() {
    for (vulnerability, is_meant) in [
        (json!("CVE-2024-1"), true),
        (json!("cve-2024-1"), true),
        (json!({"name": "CVE-2024-1"}), true),
        (json!({"name": "ghsa-AAAA-bbbb-cccc"}), true),
        (json!({"name": "GO-1", "aliases": ["CVE-2024-1"]}), true),
        (
            json!({"@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-1"}),
            true,
        ),
        (json!({"name": "CVE-2024-10"}), false),
        (json!({"name": "GO-1", "aliases": []}), false),
    ] {
        let text = document(json!([{
            "vulnerability": vulnerability,
            "products": ["pkg:oci/app"],
            "status": "not_affected",
        }]));
        let triaged = apply(&documents(&[&text]), report());
        assert_eq!(!triaged.suppressed.is_empty(), is_meant, "{vulnerability}");
    }
}

#[test]
fn the_first_versions_had_texts_for_objects() {
    let text = json!({
        "@context": "https://openvex.dev/ns",
        "@id": "https://example.com/vex/0",
        "author": "Example",
        "timestamp": "2023-01-16T19:07:16.853479631-06:00",
        "version": "1",
        "statements": [{
            "vulnerability": "CVE-2024-1",
            "products": ["pkg:oci/other", "pkg:oci/app"],
            "subcomponents": ["pkg:deb/debian/libssl3"],
            "status": "not_affected",
            "justification": "component_not_present",
        }],
    });
    for context in [
        "https://openvex.dev/ns",
        "https://openvex.dev/ns/v0.0.1",
        "",
    ] {
        let mut text = text.clone();
        match context {
            "" => drop(text.as_object_mut().unwrap().remove("@context")),
            _ => text["@context"] = context.into(),
        }
        let triaged = apply(&documents(&[&text.to_string()]), report());
        assert_eq!(names(&triaged), ["libssl3 CVE-2024-1"], "{context}");
        assert_eq!(left(&triaged.report), ["libcurl4 CVE-2024-2"]);
    }
}

#[test]
fn what_cannot_be_understood_is_an_error_that_names_the_field() {
    let good = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": [{
            "vulnerability": {"name": "CVE-2024-1"},
            "products": [{"@id": "pkg:oci/app"}],
            "status": "fixed",
        }],
    });
    for (pointer, value, expected) in [
        (
            "/@context",
            json!("https://openvex.dev/ns/v1.0.0"),
            "@context: \"v1.0.0\" is no version",
        ),
        (
            "/timestamp",
            json!("yesterday"),
            "timestamp: \"yesterday\" is no time by RFC 3339",
        ),
        ("/statements", json!(null), "statements: invalid type: null"),
        (
            "/statements/0/status",
            json!("good"),
            "statements[0].status: unknown variant `good`",
        ),
        (
            "/statements/0/status",
            json!(null),
            "statements[0].status: ",
        ),
        (
            "/statements/0/vulnerability",
            json!({}),
            "statements[0].vulnerability: it has neither name",
        ),
        (
            "/statements/0/vulnerability",
            json!(5),
            "statements[0].vulnerability: invalid type",
        ),
        (
            "/statements/0/products/0",
            json!(5),
            "statements[0].products[0]: invalid type",
        ),
        (
            "/statements/0/products/0/@id",
            json!(5),
            "statements[0].products[0].@id: invalid type",
        ),
    ] {
        let mut text = good.clone();
        *text.pointer_mut(pointer).unwrap() = value;
        let error = Document::parse("a.json", text.to_string().as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with(&format!("a.json: OpenVEX: {expected}")),
            "{error}"
        );
    }
}

#[test]
fn what_nothing_can_be_recognised_by_is_noted() {
    let text = about(json!([
        {"@id": "pkg:oci/team/app"},
        {"@id": "pkg:oci/app", "subcomponents": ["pkg:"]},
    ]));
    let document = Document::parse("a.json", text.as_bytes()).unwrap();
    let notes = document.notes();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].starts_with("statements[0].products[0].@id: \"pkg:oci/team/app\" is no"));
    assert!(notes[1].starts_with("statements[0].products[0]: nothing is recognised by"));
    assert!(notes[2].starts_with("statements[0].products[1].subcomponents[0].@id: \"pkg:\""));
}

#[test]
fn what_its_user_says_that_it_is_an_image_is() {
    let mut image = image();
    image.products = vec!["pkg:generic/our-app@7".parse().unwrap()];
    let rules = documents(&[&about(json!([{"@id": "pkg:generic/our-app"}]))]);
    let triaged = rules.apply(report(), &image, &mut Usage::default());
    assert_eq!(names(&triaged), ["libssl3 CVE-2024-1"]);
    assert!(Status::NotAffected.suppresses() && !Status::Affected.suppresses());
}
