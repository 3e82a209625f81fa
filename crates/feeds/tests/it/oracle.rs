//! Oracle Linux: releases, architectures, modules and special builds.

use clair_model::Severity;

use crate::corpus::read;
use crate::oval::{Oval, all, any, evr};
use crate::support::{Collected, corpus};

const METADATA: &str = r#"<title>ELSA-2024-1000: a security update (IMPORTANT)</title>
    <reference source="elsa" ref_id="ELSA-2024-1000" ref_url="https://linux.oracle.com/1"/>
    <advisory><severity>IMPORTANT</severity><cve>CVE-2024-1000</cve></advisory>"#;

/// Criteria for Oracle Linux 8.
fn release(oval: &mut Oval) -> String {
    let state = r#"<version operation="pattern match">^8</version>"#;
    oval.test("oraclelinux-release", state, "Oracle Linux 8 is installed")
}

fn arch(oval: &mut Oval, arch: &str) -> String {
    let state = format!(r#"<arch operation="pattern match">{arch}</arch>"#);
    let comment = format!("Oracle Linux arch is {arch}");
    oval.test("oraclelinux-release", &state, &comment)
}

fn signed(oval: &mut Oval) -> String {
    let state = "<signature_keyid>82562ea9ad986da3</signature_keyid>";
    oval.test("a", state, "a is signed with the Oracle Linux 8 key")
}

fn arches(collected: &Collected, package: &str) -> Vec<String> {
    let affected = collected.advisories.iter().flat_map(|it| &it.affected);
    affected
        .filter(|affected| affected.package == package)
        .map(|affected| affected.arches.join(" "))
        .collect()
}

#[test]
fn architectures_of_a_system_are_those_of_the_packages_on_it() {
    let mut oval = Oval::default();
    let (release, signed) = (release(&mut oval), signed(&mut oval));
    let (x86, arm) = (arch(&mut oval, "x86_64"), arch(&mut oval, "aarch64"));
    let [same, x86_only, arm_only] = [
        oval.older("a", "0:1-1.el8"),
        oval.older("b", "0:1-1.el8"),
        oval.older("b", "0:1-2.el8"),
    ];
    let branch = |arch: &str, package: &str| {
        all(&[
            arch,
            &any(&[&all(&[&same, &signed]), &all(&[package, &signed])]),
        ])
    };
    oval.definition(
        METADATA,
        &all(&[
            &release,
            &any(&[&branch(&x86, &x86_only), &branch(&arm, &arm_only)]),
        ]),
    );
    let collected = oval.parse("oracle/2024");
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 ol:8 a: fixed < 1-1.el8",
            "CVE-2024-1000 ol:8 b: fixed < 1-1.el8",
            "CVE-2024-1000 ol:8 b: fixed < 1-2.el8",
        ]
    );
    assert_eq!(arches(&collected, "a"), ["aarch64 i686 noarch x86_64"]);
    assert_eq!(
        arches(&collected, "b"),
        ["i686 noarch x86_64", "aarch64 noarch"]
    );
    let advisory = collected.one();
    assert_eq!(advisory.aliases, ["ELSA-2024-1000"]);
    assert_eq!(advisory.normalized_severity, Severity::High);
}

#[test]
fn a_vulnerability_has_a_severity_of_its_own_or_that_of_the_update() {
    let mut oval = Oval::default();
    let release = release(&mut oval);
    let package = oval.older("a", "0:1-1.el8");
    let metadata = r#"<title>ELSA-2024-1000: a security update (IMPORTANT)</title>
        <advisory><severity>IMPORTANT</severity><cve impact="LOW">CVE-2024-1000</cve>
        <cve impact="N/A">CVE-2024-1001</cve><cve>CVE-2024-1002</cve></advisory>"#;
    oval.definition(metadata, &all(&[&release, &package]));
    let advisories = oval.parse("oracle/2024").advisories;
    let severities = advisories.iter().map(|it| it.normalized_severity);
    assert_eq!(
        severities.collect::<Vec<_>>(),
        [Severity::Low, Severity::High, Severity::High]
    );
}

#[test]
fn packages_of_a_module_are_those_of_its_stream() {
    let mut oval = Oval::default();
    let release = release(&mut oval);
    let package = oval.older("nodejs", "1:18-1.module+el8");
    let module = r#"<criterion test_ref="tst:module" comment="Module nodejs:18 is enabled"/>"#;
    oval.definition(METADATA, &all(&[&release, module, &package]));
    let text = oval.text().replace(
        "<tests>",
        r#"<tests><textfilecontent54_test id="tst:module" comment="Module nodejs:18 is enabled"/>"#,
    );
    let collected = crate::support::parse("oracle/2024", text).unwrap();
    assert_eq!(
        collected.one().affected[0].module.as_deref(),
        Some("nodejs:18")
    );
}

#[test]
fn special_builds_have_pockets_of_their_own() {
    let mut oval = Oval::default();
    let release = release(&mut oval);
    let fips = oval.older("gnutls", "10:3.6.16-4.0.1.el8_fips");
    let marked = oval.test(
        "openssl",
        r#"<release operation="pattern match">ksplice</release>"#,
        "openssl is ksplice-based",
    );
    let ksplice = oval.older("openssl", "2:1.1.1g-15.ksplice1.el8_3");
    let plain = oval.older("curl", "0:1-1");
    let criteria = any(&[&fips, &all(&[&ksplice, &marked]), &plain]);
    oval.definition(METADATA, &all(&[&release, &criteria]));
    assert_eq!(
        oval.parse("oracle/2024").statements(),
        [
            "CVE-2024-1000 ol:8:fips gnutls: fixed < 10:3.6.16-4.0.1.el8_fips",
            "CVE-2024-1000 ol:8:ksplice openssl: fixed < 2:1.1.1g-15.ksplice1.el8_3",
            "CVE-2024-1000 ol:8 curl: fixed < 1-1",
        ]
    );
}

#[test]
fn conditions_that_are_not_known_keep_a_statement_from_being_made() {
    let mut oval = Oval::default();
    let release = release(&mut oval);
    let package = oval.older("a", "1-1");
    let odd = oval.test(
        "b",
        r#"<version operation="equals">3</version>"#,
        "b is version 3",
    );
    oval.definition(METADATA, &all(&[&release, &odd, &package]));
    oval.definition(METADATA, &all(&[&package]));
    oval.definition(METADATA, "");
    oval.definition(METADATA, &all(&[&release, &evr("", "")]));
    assert_eq!(
        oval.parse("oracle/2024").reasons(),
        [
            "conditional: ELSA-2024-1000 a",
            "unknown-release: ELSA-2024-1000 a",
            "no-package: ELSA-2024-1000 ELSA-2024-1000: a security update (IMPORTANT)",
            "no-package: ELSA-2024-1000 ELSA-2024-1000: a security update (IMPORTANT)",
        ]
    );
}

#[test]
fn errata_as_they_were_published() {
    let Some(corpus) = corpus() else { return };
    let oracle = corpus.join("feeds/oracle");
    let xerces = read("oracle/2015", &oracle.join("fetcher_oracle_test.1.xml"));
    assert!(xerces.skipped.is_empty());
    let advisory = xerces.one();
    assert_eq!(advisory.normalized_severity, Severity::Medium);
    assert_eq!(advisory.issued.unwrap().to_string(), "2015-06-29T00:00:00Z");
    assert_eq!(
        advisory.links,
        [
            "http://linux.oracle.com/errata/ELSA-2015-1193.html",
            "http://linux.oracle.com/cve/CVE-2015-0252.html",
        ]
    );
    assert_eq!(
        xerces.statements(),
        ["xerces-c", "xerces-c-doc", "xerces-c-devel"]
            .map(|name| format!("CVE-2015-0252 ol:7 {name}: fixed < 3.1.1-7.el7_1"))
    );

    let firefox = read("oracle/2015", &oracle.join("fetcher_oracle_test.2.xml"));
    assert!(firefox.skipped.is_empty());
    assert_eq!(firefox.advisories.len(), 17);
    let statements = firefox.statements();
    assert_eq!(statements.len(), 17 * 3);
    for (release, version) in [
        ("5", "38.1.0-1.0.1.el5_11"),
        ("6", "38.1.0-1.0.1.el6_6"),
        ("7", "38.1.0-1.0.1.el7_1"),
    ] {
        for cve in ["CVE-2015-2722", "CVE-2015-2743"] {
            let expected = format!("{cve} ol:{release} firefox: fixed < {version}");
            assert!(
                statements.contains(&expected),
                "{expected}: {statements:#?}"
            );
        }
    }

    let openssl = read("oracle/2021", &oracle.join("mock_ksplice_data.xml"));
    assert!(openssl.skipped.is_empty());
    let statements = openssl.statements();
    assert_eq!(statements.len(), 2 * 6);
    for name in ["openssl", "openssl-libs", "openssl-devel", "openssl-perl"] {
        let expected =
            format!("CVE-2021-3449 ol:8:ksplice {name}: fixed < 2:1.1.1g-15.ksplice1.el8_3");
        assert!(statements.contains(&expected), "{expected}");
    }
    assert_eq!(
        arches(&openssl, "openssl-static")[0],
        "aarch64 noarch",
        "the definition names it for one architecture only"
    );
}

#[test]
fn slices_that_lost_their_tests_say_so() {
    let Some(corpus) = corpus() else { return };
    for slice in ["mock_data.xml", "mock_per_arch_data.xml"] {
        let collected = read("oracle/2022", &corpus.join("feeds/oracle").join(slice));
        assert!(collected.advisories.is_empty(), "{slice}");
        assert!(!collected.skipped.is_empty(), "{slice}");
        let is_lost = |reason| reason == clair_feeds::Skip::Dangling;
        assert!(collected.skipped.iter().all(|(reason, _)| is_lost(*reason)));
    }
}
