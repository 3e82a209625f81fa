//! CSAF.

use clair_triage::{Document, Rules, Usage};
use serde_json::{Value, json};

use crate::support::{
    Builder, DIGEST, apply, distribution, documents, image, names, report, suppressed,
};

/// A document about images and packages in them.
fn document() -> Value {
    json!({
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "publisher": {"category": "vendor", "name": "Example", "namespace": "https://example.com"},
            "title": "VEX",
            "tracking": {
                "id": "EX-2026-1", "status": "final", "version": "1",
                "initial_release_date": "2026-01-01T00:00:00Z",
                "current_release_date": "2026-01-02T00:00:00Z",
                "revision_history": [],
            },
        },
        "product_tree": {
            "branches": [{
                "category": "vendor", "name": "Example", "branches": [{
                    "category": "product_name", "name": "app", "product": {
                        "name": "app", "product_id": "APP",
                        "product_identification_helper": {"purl": format!("pkg:oci/app@{DIGEST}")},
                    },
                }, {
                    "category": "product_version", "name": "libssl3", "product": {
                        "name": "libssl3", "product_id": "LIBSSL",
                        "product_identification_helper": {"purl": "pkg:deb/debian/libssl3@3.0.11-1"},
                    },
                }],
            }],
            "full_product_names": [{
                "name": "libcurl4", "product_id": "LIBCURL",
                "product_identification_helper": {"purl": "pkg:deb/debian/libcurl4"},
            }, {
                "name": "nothing", "product_id": "NOTHING",
            }, {
                "name": "other", "product_id": "OTHER",
                "product_identification_helper": {"purl": "pkg:oci/other"},
            }],
            "product_groups": [{"group_id": "G", "product_ids": ["APP:LIBSSL", "APP:LIBCURL"]}],
            "relationships": [
                relationship("APP:LIBSSL", "LIBSSL", "APP"),
                relationship("APP:LIBCURL", "LIBCURL", "APP"),
                relationship("OTHER:LIBSSL", "LIBSSL", "OTHER"),
                relationship("OTHER:APP:LIBSSL", "APP:LIBSSL", "OTHER"),
            ],
        },
        "vulnerabilities": [{
            "cve": "CVE-2024-1",
            "product_status": {"known_not_affected": ["APP:LIBSSL"]},
            "flags": [{"label": "vulnerable_code_not_in_execute_path", "group_ids": ["G"]}],
            "threats": [
                {"category": "exploit_status", "details": "none", "product_ids": ["APP:LIBSSL"]},
                {"category": "impact", "details": "We never parse it.", "product_ids": ["APP:LIBSSL"]},
            ],
        }, {
            "ids": [{"system_name": "Example", "text": "EX-1"}, {"system_name": "CVE", "text": "CVE-2024-2"}],
            "product_status": {"fixed": ["LIBCURL"]},
        }],
    })
}

fn relationship(id: &str, part: &str, whole: &str) -> Value {
    json!({
        "category": "default_component_of",
        "full_product_name": {"name": id, "product_id": id},
        "product_reference": part,
        "relates_to_product_reference": whole,
    })
}

fn parse(document: &Value) -> Rules {
    documents(&[&document.to_string()])
}

#[test]
fn what_is_not_affected_or_fixed_is_suppressed_with_its_trace() {
    let triaged = apply(&parse(&document()), report());
    assert_eq!(
        suppressed(&triaged),
        [
            "libssl3 CVE-2024-1: 1.json, statement 1: not_affected \
             (vulnerable_code_not_in_execute_path): We never parse it.",
            "libcurl4 CVE-2024-2: 1.json, statement 2: fixed",
        ]
    );
    let json = serde_json::to_value(&triaged.suppressed[0].by[0]).unwrap();
    assert_eq!(json["document"], "EX-2026-1");
    assert_eq!(json["author"], "Example");
    assert_eq!(json["product"], "APP:LIBSSL");
    assert_eq!(json["timestamp"], "2026-01-02T00:00:00Z");
}

#[test]
fn each_list_of_products_has_its_status() {
    for (list, product, is_suppressed, is_annotated) in [
        ("known_not_affected", "APP", true, false),
        ("known_not_affected", "LIBSSL", true, false),
        ("first_fixed", "LIBSSL", true, false),
        ("known not affected", "LIBSSL", true, false),
        ("known_affected", "APP:LIBSSL", false, true),
        ("last_affected", "LIBSSL", false, true),
        ("under_investigation", "LIBSSL", false, true),
        ("recommended", "LIBSSL", false, false),
        // Others.
        ("known_not_affected", "LIBCURL", false, false),
        ("known_not_affected", "OTHER:LIBSSL", false, false),
        ("known_not_affected", "OTHER:APP:LIBSSL", false, false),
        ("known_not_affected", "NOTHING", false, false),
        ("known_not_affected", "MISSING", false, false),
    ] {
        let mut document = document();
        document["vulnerabilities"] = json!([{
            "cve": "CVE-2024-1",
            "product_status": {list: [product]},
            "remediations": [{"category": "workaround", "details": "Wait.", "product_ids": [product]}],
        }]);
        let triaged = apply(&parse(&document), report());
        assert_eq!(
            !triaged.suppressed.is_empty(),
            is_suppressed,
            "{list} {product}"
        );
        assert_eq!(
            !triaged.annotated.is_empty(),
            is_annotated,
            "{list} {product}"
        );
        if list == "known_affected" {
            assert_eq!(
                triaged.annotated[0].by.to_string(),
                "1.json, statement 1: affected: Wait."
            );
        }
    }
}

#[test]
fn what_nothing_can_be_recognised_by_is_noted() {
    let mut document = document();
    document["vulnerabilities"][0]["product_status"] =
        json!({"fixed": ["NOTHING", "MISSING", "LIBSSL"]});
    let parsed = Document::parse("a.json", document.to_string().as_bytes()).unwrap();
    let notes = parsed.notes();
    assert_eq!(notes.len(), 2, "{notes:?}");
    let field = "vulnerabilities[0].product_status.fixed";
    assert!(notes[0].starts_with(&format!("{field}[0]: nothing is recognised by \"NOTHING\"")));
    assert_eq!(
        notes[1],
        format!("{field}[1]: there is no product \"MISSING\"")
    );
}

#[test]
fn relationships_in_circles_are_an_error() {
    let mut document = document();
    let list = document["product_tree"]["relationships"]
        .as_array_mut()
        .unwrap();
    list.push(relationship("A", "LIBSSL", "B"));
    list.push(relationship("B", "A", "APP"));
    document["vulnerabilities"][0]["product_status"] = json!({"fixed": ["A"]});
    let error = Document::parse("a.json", document.to_string().as_bytes()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with(
            "a.json: CSAF: vulnerabilities[0].product_status.fixed[0]: by the relationships of \
             the product tree, \"A\" is in itself"
        ),
        "{error}"
    );
    // Nobody looks at those that no statement needs.
    document["vulnerabilities"][0]["product_status"] = json!({"fixed": ["APP:LIBSSL"]});
    assert_eq!(names(&apply(&parse(&document), report())).len(), 2);
}

#[test]
fn what_cannot_be_understood_is_an_error_that_names_the_field() {
    for (pointer, value, expected) in [
        (
            "/document/csaf_version",
            json!("1.0"),
            "document.csaf_version: \"1.0\" is no version",
        ),
        (
            "/document/tracking/id",
            json!(5),
            "document.tracking.id: invalid type",
        ),
        (
            "/document/tracking/current_release_date",
            json!("1 May"),
            "document.tracking.current_release_date: \"1 May\" is no time",
        ),
        (
            "/product_tree/relationships/0/product_reference",
            json!(null),
            "product_tree.relationships[0].product_reference: ",
        ),
        (
            "/vulnerabilities/1/product_status/fixed",
            json!("LIBCURL"),
            "vulnerabilities[1].product_status.fixed: ",
        ),
    ] {
        let mut text = document();
        *text.pointer_mut(pointer).unwrap() = value;
        let error = Document::parse("a.json", text.to_string().as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with(&format!("a.json: CSAF: {expected}")),
            "{error}"
        );
    }
}

/// A document as Red Hat writes them: packages as components of platforms, which have CPEs.
fn redhat(status: &str, purl: &str, cpe: &str) -> Value {
    let mut document = document();
    let named = |id: &str, helper: Value| {
        json!({"category": "x", "name": id, "product": {
            "name": id, "product_id": id, "product_identification_helper": helper,
        }})
    };
    document["product_tree"] = json!({
        "branches": [{"category": "vendor", "name": "Red Hat", "branches": [
            named("platform", json!({"cpe": cpe})),
            named("package", json!({"purl": purl})),
        ]}],
        "relationships": [relationship("platform:package", "package", "platform")],
    });
    document["vulnerabilities"] = json!([{
        "cve": "CVE-2024-1",
        "product_status": {status: ["platform:package"]},
    }]);
    document
}

#[test]
fn packages_of_red_hat_are_in_the_release_or_in_the_repository() {
    let report = |did: &str, version: &str, repository: &str| {
        Builder::new(distribution(did, version))
            .package("rpm", "openssl-libs", "1:3.0.7-27.el9", &["var/lib/rpm"])
            .from("openssl", "1:3.0.7-27.el9")
            .in_repository(repository)
            .with("CVE-2024-1")
            .build()
    };
    let source = "pkg:rpm/redhat/openssl?arch=src";
    let binary = "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1";
    let system = "cpe:/o:redhat:enterprise_linux:9";
    for (purl, cpe, is_meant) in [
        (source, system, true),
        ("pkg:rpm/redhat/openssl", system, true),
        (binary, "cpe:/a:redhat:enterprise_linux:9::appstream", true),
        (
            "pkg:rpm/redhat/openssl-libs@3.0.7-28.el9?arch=x86_64&epoch=1",
            system,
            false,
        ),
        (source, "cpe:/o:redhat:enterprise_linux:8", false),
        (source, "cpe:/a:redhat:openshift:4.14::el9", false),
        ("pkg:rpm/redhat/curl?arch=src", system, false),
    ] {
        for status in ["known_not_affected", "fixed"] {
            let rules = parse(&redhat(status, purl, cpe));
            let triaged = apply(&rules, report("rhel", "9.4", ""));
            assert_eq!(!triaged.suppressed.is_empty(), is_meant, "{purl} {cpe}");
        }
    }
    // Products apart from the system are known by the repositories of their packages.
    let openshift = "cpe:/a:redhat:openshift:4.14::el9";
    let rules = parse(&redhat("known_not_affected", source, openshift));
    let triaged = apply(&rules, report("rhel", "9.4", openshift));
    assert_eq!(names(&triaged), ["openssl-libs CVE-2024-1"]);
    // A rebuild is not what Red Hat speaks of.
    let rules = parse(&redhat("known_not_affected", source, system));
    assert!(names(&apply(&rules, report("rocky", "9.4", ""))).is_empty());
}

#[test]
fn packages_of_suse_are_known_by_their_names_alone() {
    let report = |did: &str, version: &str| {
        Builder::new(distribution(did, version))
            .package(
                "rpm",
                "samba-libs",
                "1:4.17.9-150400.3",
                &["usr/lib/sysimage/rpm"],
            )
            .with("CVE-2024-1")
            .build()
    };
    for (name, cpe, did, version, is_meant) in [
        (
            "samba-libs",
            "cpe:/o:suse:sle-module-basesystem:15:sp4",
            "sles",
            "15.4",
            true,
        ),
        (
            "samba-libs",
            "cpe:/o:suse:sles:15:sp4",
            "sles",
            "15.4",
            true,
        ),
        (
            "samba-libs-4.17.9-150400.3",
            "cpe:/o:suse:sles:15:sp4",
            "sles",
            "15.4",
            true,
        ),
        (
            "samba-libs",
            "cpe:/o:opensuse:tumbleweed",
            "opensuse-tumbleweed",
            "20240101",
            true,
        ),
        (
            "samba-libs",
            "cpe:/o:opensuse:leap:15.5",
            "opensuse-leap",
            "15.5",
            true,
        ),
        (
            "samba-libs-4.17.9-150400.2",
            "cpe:/o:suse:sles:15:sp4",
            "sles",
            "15.4",
            false,
        ),
        ("samba", "cpe:/o:suse:sles:15:sp4", "sles", "15.4", false),
        (
            "samba-libs",
            "cpe:/o:suse:sles:15:sp5",
            "sles",
            "15.4",
            false,
        ),
        (
            "samba-libs",
            "cpe:/o:suse:sles-ltss:15:sp4",
            "sles",
            "15.4",
            false,
        ),
        (
            "samba-libs",
            "cpe:/o:suse:sles:15:sp4",
            "opensuse-leap",
            "15.4",
            false,
        ),
    ] {
        let mut document = redhat("known_not_affected", "", cpe);
        let package = &mut document["product_tree"]["branches"][0]["branches"][1]["product"];
        *package = json!({"name": name, "product_id": "package"});
        let triaged = apply(&parse(&document), report(did, version));
        assert_eq!(
            !triaged.suppressed.is_empty(),
            is_meant,
            "{name} {cpe} {did}"
        );
    }
}

#[test]
fn an_image_for_a_platform_is_known_by_itself() {
    let openshift = "cpe:/a:redhat:openshift:4.14::el9";
    for (purl, is_meant) in [
        (
            format!("pkg:oci/app@{DIGEST}?repository_url=registry.redhat.io/a/app"),
            true,
        ),
        (
            "pkg:oci/app?repository_url=ghcr.io/team/app".to_owned(),
            true,
        ),
        (
            "pkg:oci/app?repository_url=registry.redhat.io/a/app".to_owned(),
            false,
        ),
    ] {
        let triaged = apply(&parse(&redhat("fixed", &purl, openshift)), report());
        assert_eq!(!triaged.suppressed.is_empty(), is_meant, "{purl}");
    }
}

#[test]
fn a_platform_by_itself_is_all_of_its_packages() {
    let mut document = redhat("known_not_affected", "", "cpe:/o:redhat:enterprise_linux:9");
    document["vulnerabilities"][0]["product_status"] = json!({"known_not_affected": ["platform"]});
    let report = Builder::new(distribution("rhel", "9.4"))
        .package("rpm", "bash", "5.1-1", &["var/lib/rpm"])
        .with("CVE-2024-1")
        .build();
    let rules = parse(&document);
    let triaged = rules.apply(report, &image(), &mut Usage::default());
    assert_eq!(names(&triaged), ["bash CVE-2024-1"]);
}
