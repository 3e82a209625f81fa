//! Red Hat's VEX documents.

use std::collections::{BTreeMap, BTreeSet};

use clair_feeds::Skip;
use clair_model::{FixState, Namespace, PackageKind, Severity};

use crate::corpus::read;
use crate::support::{Collected, corpus, parse, refused};

const BASEOS: &str = "cpe:/o:redhat:enterprise_linux:9::baseos";

/// A document about packages, platforms and their status.
fn vex(status: &str, more: &str) -> String {
    format!(
        r#"{{"document":{{"tracking":{{"id":"CVE-2024-1000","current_release_date":"2024-02-03T00:00:00+00:00"}},
        "aggregate_severity":{{"text":"Important"}},
        "references":[{{"category":"self","url":"https://a.example/self"}}]}},
        "product_tree":{{"branches":[{{"branches":[
        {{"product":{{"product_id":"rhel9","product_identification_helper":{{"cpe":"cpe:/o:redhat:enterprise_linux:9::baseos"}}}}}},
        {{"product":{{"product_id":"eus","product_identification_helper":{{"cpe":"cpe:/o:redhat:rhel_eus:9.2::baseos"}}}}}},
        {{"product":{{"product_id":"new","product_identification_helper":{{"purl":"pkg:rpm/redhat/a@1-2.el9?arch=x86_64&epoch=1"}}}}}},
        {{"product":{{"product_id":"arm","product_identification_helper":{{"purl":"pkg:rpm/redhat/a@1-2.el9?arch=aarch64&epoch=1"}}}}}},
        {{"product":{{"product_id":"src","product_identification_helper":{{"purl":"pkg:rpm/redhat/a@1-2.el9?arch=src&epoch=1"}}}}}},
        {{"product":{{"product_id":"all","product_identification_helper":{{"purl":"pkg:rpm/redhat/b?arch=src&rpmmod=b:2"}}}}}},
        {{"product":{{"product_id":"bin","product_identification_helper":{{"purl":"pkg:rpm/redhat/b-libs"}}}}}},
        {{"product":{{"product_id":"oci","product_identification_helper":{{"purl":"pkg:oci/clair-rhel8@sha256:aa?arch=amd64&repository_url=registry.example/quay/clair-rhel8&tag=v3.5.7-8"}}}}}},
        {{"product":{{"product_id":"oci2","product_identification_helper":{{"purl":"pkg:oci/clair-rhel8@sha256:bb?arch=amd64&repository_url=registry.example/quay/clair-rhel8&tag=v3.6.1-2"}}}}}},
        {{"product":{{"product_id":"jar","product_identification_helper":{{"purl":"pkg:maven/a/b@1"}}}}}}
        ]}}],"relationships":[{}]}},
        "vulnerabilities":[{{"cve":"CVE-2024-1000","cwe":{{"id":"CWE-79"}},
        "notes":[{{"category":"description","text":"What it is."}}],
        "release_date":"2024-01-02T00:00:00+00:00",
        "scores":[{{"cvss_v3":{{"vectorString":"CVSS:3.1/AV:N"}}}}],
        "product_status":{{{status}}}{more}}}]}}"#,
        ["rhel9", "eus"]
            .iter()
            .flat_map(|platform| {
                ["new", "arm", "src", "all", "bin", "oci", "oci2", "jar"].map(|part| {
                    format!(
                        r#"{{"full_product_name":{{"product_id":"{platform}:{part}"}},
                        "product_reference":"{part}","relates_to_product_reference":"{platform}"}}"#
                    )
                })
            })
            .collect::<Vec<_>>()
            .join(",")
    )
}

#[test]
fn fixes_are_of_packages_and_the_rest_of_packages_or_of_their_sources() {
    let status = r#""fixed":["rhel9:new","rhel9:arm","rhel9:src","eus:new"],
        "known_affected":["rhel9:all","rhel9:bin"]"#;
    let collected = parse("rhel-vex", vex(status, "")).unwrap();
    let mut statements = collected.statements();
    statements.sort();
    assert_eq!(
        statements,
        [
            "CVE-2024-1000 cpe:/o:redhat:enterprise_linux:9::baseos a: fixed < 1:1-2.el9",
            "CVE-2024-1000 cpe:/o:redhat:enterprise_linux:9::baseos b-libs: affected any version",
            "CVE-2024-1000 cpe:/o:redhat:enterprise_linux:9::baseos b: affected any version",
            "CVE-2024-1000 cpe:/o:redhat:rhel_eus:9.2::baseos a: fixed < 1:1-2.el9",
        ]
    );
    let advisory = collected.one();
    let of = |package: &str| {
        let mut affected = advisory.affected.iter();
        affected.find(|it| it.package == package && it.namespace == Namespace::product(BASEOS))
    };
    let (fixed, open) = (of("a").unwrap(), of("b").unwrap());
    assert_eq!(fixed.arches, ["aarch64", "x86_64"]);
    assert_eq!(fixed.kind, PackageKind::Binary);
    assert_eq!(of("b-libs").unwrap().kind, PackageKind::Binary);
    assert_eq!(
        (open.kind, open.module.as_deref()),
        (PackageKind::Source, Some("b:2"))
    );
    assert_eq!(advisory.description, "What it is.");
    assert_eq!(advisory.normalized_severity, Severity::High);
    assert_eq!(advisory.cvss, ["CVSS:3.1/AV:N"]);
    assert_eq!(advisory.cwes, ["CWE-79"]);
    assert_eq!(advisory.links, ["https://a.example/self"]);
}

#[test]
fn remediations_tell_what_is_to_become_of_it_and_threats_how_bad_it_is() {
    for (details, state) in [
        ("Will not fix", FixState::WillNotFix),
        ("Fix deferred", FixState::Deferred),
        ("Out of support scope", FixState::EndOfLife),
        ("Affected", FixState::Affected),
    ] {
        let more = format!(
            r#","remediations":[{{"category":"no_fix_planned","details":"{details}","product_ids":["rhel9:all"]}}],
            "threats":[{{"category":"impact","details":"Low","product_ids":["rhel9:all"]}}]"#
        );
        let collected = parse("rhel-vex", vex(r#""known_affected":["rhel9:all"]"#, &more)).unwrap();
        let affected = &collected.one().affected[0];
        assert_eq!(affected.fix_state, state);
        assert_eq!(affected.normalized_severity, Some(Severity::Low));
    }
    let status = r#""under_investigation":["rhel9:all"]"#;
    let collected = parse("rhel-vex", vex(status, "")).unwrap();
    let affected = &collected.one().affected[0];
    assert_eq!(affected.fix_state, FixState::UnderInvestigation);
}

#[test]
fn that_other_builds_are_not_affected_takes_nothing_back() {
    let status = r#""fixed":["rhel9:new"],"known_not_affected":["rhel9:arm","rhel9:all"]"#;
    let collected = parse("rhel-vex", vex(status, "")).unwrap();
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 cpe:/o:redhat:enterprise_linux:9::baseos a: fixed < 1:1-2.el9",
            "CVE-2024-1000 cpe:/o:redhat:enterprise_linux:9::baseos b: not-affected no version",
        ]
    );
}

#[test]
fn what_is_left_out_is_told() {
    let status =
        r#""fixed":["rhel9:jar","jar","rhel9:lost","rhel9:bin"],"first_fixed":["rhel9:new"]"#;
    let collected = parse("rhel-vex", vex(status, "")).unwrap();
    assert_eq!(
        collected.reasons(),
        [
            "unknown-status: CVE-2024-1000 rhel9:new",
            "other-product: CVE-2024-1000 rhel9:jar",
            "dangling: CVE-2024-1000 rhel9:lost",
            "no-version: CVE-2024-1000 rhel9:bin",
        ]
    );
    let deleted = r#"{"document":{"tracking":{"id":"CVE-2024-1","status":"deleted"}}}"#;
    let collected = parse("rhel-vex", deleted).unwrap();
    assert_eq!(collected.reasons(), ["withdrawn: CVE-2024-1"]);
    let error = refused("rhel-vex", r#"{"document":1}"#);
    assert!(
        error.contains("it has no documents that can be read; the first that cannot is "),
        "{error}"
    );
}

/// Several minor versions are maintained at once. What was there before the first one that has the
/// fix is vulnerable, and what comes after it as far as its own fix.
#[test]
fn images_are_vulnerable_as_far_as_the_fix_of_their_minor_version() {
    let status = r#""fixed":["rhel9:oci","eus:oci2"],"known_affected":["eus:oci"]"#;
    let collected = parse("rhel-vex", vex(status, "")).unwrap();
    let mut statements = collected.statements();
    statements.sort();
    assert_eq!(
        statements,
        [
            "CVE-2024-1000 oci:cpe:/o:redhat:enterprise_linux:9::baseos quay/clair-rhel8: fixed < v3.5.7-8",
            "CVE-2024-1000 oci:cpe:/o:redhat:rhel_eus:9.2::baseos quay/clair-rhel8: affected any version",
            "CVE-2024-1000 oci:cpe:/o:redhat:rhel_eus:9.2::baseos quay/clair-rhel8: fixed >= 3.6, < v3.6.1-2",
        ]
    );
}

/// What is said, without architectures and severities.
fn facts(collected: &Collected) -> BTreeSet<(FixState, String)> {
    let of = collected.advisories.iter().flat_map(|advisory| {
        advisory.affected.iter().map(|it| {
            let fixed = it.fixed_version().unwrap_or_default();
            let module = it.module.as_deref().unwrap_or_default();
            let text = format!(
                "{} {} {} {fixed} {module}",
                advisory.id, it.namespace, it.package
            );
            (it.fix_state, text)
        })
    });
    of.collect()
}

#[test]
fn documents_as_they_were_published() {
    let Some(corpus) = corpus() else { return };
    let mut states: BTreeMap<FixState, usize> = BTreeMap::new();
    let mut statements = Vec::new();
    let mut skips: BTreeMap<Skip, usize> = BTreeMap::new();
    for archive in [
        "vex-claircore",
        "vex-acceptance-claircore",
        "csaf-vex-trustify",
    ] {
        let path = corpus.join(format!("feeds/redhat/{archive}.tar.zst"));
        let collected = read("rhel-vex", &path);
        for (state, _) in facts(&collected) {
            *states.entry(state).or_default() += 1;
        }
        for (reason, count) in collected.skips() {
            *skips.entry(reason).or_default() += count;
        }
        statements.extend(collected.statements());
    }
    // The counts are those of a second reading.
    assert_eq!(
        states,
        BTreeMap::from([
            (FixState::Affected, 21),
            (FixState::Fixed, 1490),
            (FixState::WillNotFix, 5),
            (FixState::Deferred, 229),
            (FixState::EndOfLife, 37),
            (FixState::NotAffected, 3664),
        ])
    );
    assert_eq!(skips[&Skip::Withdrawn], 2);
    assert_eq!(skips[&Skip::NoModule], 1346);
    for expected in [
        "CVE-2023-38545 cpe:/o:redhat:enterprise_linux:9::baseos curl: fixed < 7.76.1-26.el9_3.2",
        "CVE-2024-0727 cpe:/a:redhat:enterprise_linux:9::appstream openssl-libs: fixed < 1:3.0.7-27.el9",
        "CVE-2024-0727 cpe:/o:redhat:enterprise_linux:8 openssl: deferred any version",
        "CVE-2025-40907 cpe:/o:redhat:enterprise_linux:10.0 perl-FCGI: fixed < 1:0.82-13.1.el10_0",
        "CVE-2025-6176 cpe:/o:redhat:enterprise_linux:10.1 brotli: fixed < 1.1.0-7.el10_1",
        "CVE-2026-0968 cpe:/o:redhat:enterprise_linux:10 libssh: affected any version",
        "CVE-2026-2673 cpe:/o:redhat:enterprise_linux:10 openssl: deferred any version",
        "CVE-2023-24998 cpe:/a:redhat:enterprise_linux:8::appstream tomcat: fixed < 1:9.0.62-27.el8_9",
        "CVE-2024-28834 cpe:/o:redhat:enterprise_linux:8::baseos gnutls: fixed < 3.6.16-8.el8_9.3",
        "CVE-2024-28834 cpe:/o:redhat:enterprise_linux:7 gnutls: end-of-life any version",
        "CVE-2024-50602 cpe:/o:redhat:enterprise_linux:8::baseos expat: fixed < 2.2.5-16.el8_10",
    ] {
        assert!(
            statements.iter().any(|it| it.starts_with(expected)),
            "{expected}"
        );
    }
}
