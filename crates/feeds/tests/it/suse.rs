//! SUSE and openSUSE: products, and what is affected, fixed and not affected.

use std::collections::{BTreeMap, BTreeSet};

use clair_feeds::Skip;
use clair_model::{FixState, Severity};

use crate::corpus::{read, states};
use crate::oval::{Oval, all, any, evr};
use crate::support::corpus;

const METADATA: &str = r#"<title>CVE-2024-1000</title>
    <reference ref_id="SUSE CVE-2024-1000" ref_url="https://www.suse.com/1" source="SUSE CVE"/>
    <reference ref_id="SUSE-CU-2024:1-1" ref_url="https://lists.suse.com/2" source="SUSE-SU"/>
    <reference ref_id="SUSE-SU-2024:1-1" ref_url="https://lists.suse.com/3" source="SUSE-SU"/>
    <advisory><severity>Moderate</severity>
    <cve cvss3="6.1/CVSS:3.1/AV:N" impact="moderate">CVE-2024-1000 at SUSE</cve>
    <cve cvss3="9.8/CVSS:3.1/AV:L">CVE-2024-1000 at NVD</cve></advisory>"#;

fn product(oval: &mut Oval, name: &str) -> String {
    let state = r#"<version operation="equals">15.5</version>"#;
    oval.test("sles-release", state, &format!("{name} is installed"))
}

#[test]
fn a_package_is_fixed_affected_or_not_affected() {
    let mut oval = Oval::default();
    let sles = product(&mut oval, "SUSE Linux Enterprise Server 15 SP5");
    let packages = [
        oval.test("a", &evr("less than", "0:1-1.2"), "a-1-1.2 is installed"),
        oval.test("b", &evr("greater than", "0:0-0"), "b is affected"),
        oval.test(
            "c",
            "<version operation=\"equals\">0</version>",
            "c is not affected",
        ),
    ];
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    oval.definition(METADATA, &all(&[&sles, &any(&packages)]));
    let collected = oval.parse("suse/suse.linux.enterprise.server.15");
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 sles:15.5 a: fixed < 1-1.2",
            "CVE-2024-1000 sles:15.5 b: affected any version",
            "CVE-2024-1000 sles:15.5 c: not-affected no version",
        ]
    );
    let advisory = collected.one();
    assert_eq!(advisory.normalized_severity, Severity::Medium);
    assert_eq!(advisory.cvss, ["CVSS:3.1/AV:N", "CVSS:3.1/AV:L"]);
    assert_eq!(
        advisory.links,
        ["https://www.suse.com/1", "https://lists.suse.com/3"]
    );
}

#[test]
fn any_of_several_products_will_do_and_additions_are_noted() {
    let mut oval = Oval::default();
    let products = [
        "SUSE Linux Enterprise Server 15 SP5",
        "SUSE Linux Enterprise Server 15 SP4-LTSS",
        "SUSE Linux Enterprise High Performance Computing 15 SP5",
    ]
    .map(|name| product(&mut oval, name));
    let products: Vec<&str> = products.iter().map(String::as_str).collect();
    let package = oval.older("a", "0:1-1");
    oval.definition(METADATA, &all(&[&any(&products), &package]));
    oval.definition(METADATA, &all(&[products[2], &package]));
    let collected = oval.parse("suse/suse.linux.enterprise.server.15");
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 sles:15.5 a: fixed < 1-1",
            "CVE-2024-1000 sles:15.4 a: fixed < 1-1 (SUSE Linux Enterprise Server 15 SP4-LTSS)",
        ]
    );
    assert_eq!(collected.skipped.len(), 1);
    assert_eq!(collected.skipped[0].0, Skip::OtherProduct);
}

#[test]
fn leap_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/suse/oval/opensuse.leap.15.3.xml.gz");
    let collected = read("suse/opensuse.leap.15.3", &path);
    // Of 9138 definitions two have no criteria.
    assert_eq!(collected.advisories.len(), 9136);
    assert_eq!(collected.skips(), BTreeMap::from([(Skip::NoPackage, 2)]));
    let statements = collected.statements();
    assert_eq!(
        states(&collected),
        BTreeMap::from([(FixState::Fixed, statements.len())])
    );
    let namespaces: BTreeSet<&str> = collected
        .advisories
        .iter()
        .flat_map(|advisory| &advisory.affected)
        .map(|affected| affected.namespace.as_str())
        .collect();
    assert_eq!(namespaces, BTreeSet::from(["opensuse-leap:15.3"]));
    for expected in [
        "CVE-2021-30506 opensuse-leap:15.3 chromium: fixed < 90.0.4430.212-bp153.1.1",
        "CVE-2021-30506 opensuse-leap:15.3 opera: fixed < 76.0.4017.154-lp153.2.3.1 \
         (openSUSE Leap 15.3 NonFree)",
    ] {
        assert!(statements.iter().any(|it| it == expected), "{expected}");
    }
}

#[test]
fn leap_micro_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/suse/oval/opensuse.leap.micro.5.3.xml.gz");
    let collected = read("suse/opensuse.leap.micro.5.3", &path);
    assert_eq!(collected.advisories.len(), 103);
    let statements = collected.statements();
    assert_eq!(statements.len(), 228);
    assert_eq!(collected.skips(), BTreeMap::from([(Skip::NoPackage, 1)]));
    for (cve, package, version) in [
        (
            "CVE-2019-18348",
            "libpython3_6m1_0",
            "3.6.15-150300.10.37.2",
        ),
        ("CVE-2019-18348", "python3", "3.6.15-150300.10.37.2"),
        ("CVE-2019-18348", "python3-base", "3.6.15-150300.10.37.2"),
    ] {
        let expected = format!("{cve} opensuse-leap-micro:5.3 {package}: fixed < {version}");
        assert!(statements.contains(&expected), "{expected}");
    }
    let python = &collected.advisories[0];
    assert_eq!(python.id, "CVE-2019-18348");
    assert_eq!(
        python.cvss,
        ["CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"]
    );
    assert_eq!(python.modified.unwrap().to_string(), "2022-12-21T00:00:00Z");
}

#[test]
fn documents_of_products_before_the_present_ones_are_of_other_products() {
    let Some(corpus) = corpus() else { return };
    for name in [
        "org.opensuse.CVE-2008-5679.xml",
        "org.opensuse.CVE-2008-5679-modified-versions.xml",
    ] {
        let path = corpus.join("feeds/suse/oval-small").join(name);
        let collected = read("suse/opensuse.11.1", &path);
        assert!(collected.advisories.is_empty());
        assert_eq!(collected.skips(), BTreeMap::from([(Skip::OtherProduct, 2)]));
    }
    let path = corpus.join("feeds/suse/oval-small/mock-definitions-only.xml");
    let collected = read("suse/opensuse.11.1", &path);
    assert!(collected.advisories.is_empty());
    assert!(!collected.skipped.is_empty());
}
