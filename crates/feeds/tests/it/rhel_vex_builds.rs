//! Builds in Red Hat's VEX documents: of modules, of sources, of several contexts.

use clair_feeds::Skip;
use clair_model::PackageKind;
use serde_json::{Value, json};

use crate::support::{Collected, parse};

const APPSTREAM: &str = "cpe:/a:redhat:enterprise_linux:8::appstream";

/// A document about components of RHEL 8: their package URLs, the relationships of products, each
/// of which is named `whole:part`, and who has which status.
fn read(purls: &[&str], related: &[(&str, &str)], status: &Value) -> Collected {
    let vulnerability = json!({"cve": "CVE-2025-1", "product_status": status});
    read_as(purls, related, &vulnerability)
}

/// The same, with whatever is said of the vulnerability.
fn read_as(purls: &[&str], related: &[(&str, &str)], vulnerability: &Value) -> Collected {
    let product = |id: &str, helper: Value| json!({"product": {"product_id": id, "product_identification_helper": helper}});
    let mut branches = vec![product("el8", json!({"cpe": APPSTREAM}))];
    branches.extend(
        purls
            .iter()
            .map(|purl| product(purl, json!({"purl": format!("pkg:{purl}")}))),
    );
    let relationships: Vec<Value> = related
        .iter()
        .map(|(whole, part)| {
            json!({
                "category": "default_component_of",
                "full_product_name": {"product_id": format!("{whole}:{part}")},
                "product_reference": part,
                "relates_to_product_reference": whole,
            })
        })
        .collect();
    let document = json!({
        "document": {"tracking": {"id": "CVE-2025-1"}},
        "product_tree": {"branches": branches, "relationships": relationships},
        "vulnerabilities": [vulnerability],
    });
    parse("rhel-vex", document.to_string()).unwrap()
}

/// `package module: versions`, of what is affected.
fn said(collected: &Collected) -> Vec<String> {
    let mut said: Vec<String> = collected
        .one()
        .affected
        .iter()
        .map(|it| {
            let kind = match it.kind {
                PackageKind::Source => "source",
                PackageKind::Binary => "package",
            };
            let module = it.module.as_deref().unwrap_or("-");
            let arches = it.arches.join(",");
            let ranges = it.vulnerable.ranges.iter();
            let ranges: Vec<String> = ranges.map(ToString::to_string).collect();
            format!(
                "{kind} {} [{module}] {} {arches}",
                it.package,
                ranges.join(" or ")
            )
        })
        .collect();
    said.sort();
    said
}

/// As documents were until the summer of 2025.
#[test]
fn a_package_is_of_the_module_that_it_is_a_component_of() {
    let module = "rpmmod/redhat/gimp@2.8:8080020250623120629:0621e4ee";
    let gimp =
        "rpm/redhat/gimp@2.8.22-26.module%2Bel8.8.0%2B23318%2Bcec921ba.1?arch=x86_64&epoch=2";
    let in_module = format!("el8:{module}");
    let collected = read(
        &[module, gimp],
        &[("el8", module), (&in_module, gimp)],
        &json!({"fixed": [format!("{in_module}:{gimp}"), in_module]}),
    );
    assert_eq!(
        said(&collected),
        ["package gimp [gimp:2.8] < 2:2.8.22-26.module+el8.8.0+23318+cec921ba.1 x86_64"]
    );
    assert_eq!(
        collected.reasons(),
        [format!("{}: CVE-2025-1 {in_module}", Skip::Notice)],
        "its packages say the same"
    );
}

#[test]
fn what_is_not_fixed_of_a_module_is_its_source() {
    let collected = read(
        &["rpmmod/redhat/postgresql:15/postgresql"],
        &[("el8", "rpmmod/redhat/postgresql:15/postgresql")],
        &json!({"known_affected": ["el8:rpmmod/redhat/postgresql:15/postgresql"]}),
    );
    assert_eq!(
        said(&collected),
        ["source postgresql [postgresql:15] any version "]
    );
}

/// As documents were until the end of 2023. Taken for ordinary packages, they would be newer than
/// what the release has outside of modules.
#[test]
fn a_build_of_a_module_that_is_not_named_is_left_out() {
    let purl = "rpm/redhat/postgresql@15.3-1.module%2Bel8.8.0%2B19565%2B1b0ddae0?arch=x86_64";
    let other = "rpm/redhat/postgresql@13.11-1.el8?arch=x86_64";
    let collected = read(
        &[purl, other],
        &[("el8", purl), ("el8", other)],
        &json!({"fixed": [format!("el8:{purl}"), format!("el8:{other}")]}),
    );
    assert_eq!(
        said(&collected),
        ["package postgresql [-] < 13.11-1.el8 x86_64"]
    );
    assert_eq!(collected.skips()[&Skip::NoModule], 1);
}

/// The order of hashes means nothing.
#[test]
fn the_builds_of_a_fix_in_all_contexts_are_one() {
    let build = |id: &str, arch: &str| {
        format!(
            "rpm/redhat/perl-FCGI@0.78-{id}?arch={arch}&epoch=1&rpmmod=perl-FCGI:0.78:8100020250529111022:69ef70f8"
        )
    };
    let purls = [
        build("12.module%2Bel8.10.0%2B23147%2B95b68fad", "x86_64"),
        build("12.module%2Bel8.10.0%2B23147%2Bdf114ff4", "x86_64"),
        build("12.module%2Bel8.10.0%2B23147%2B20b7d289", "s390x"),
        build("11.module%2Bel8.6.0%2B23193%2B53aa8c2a.1", "x86_64"),
    ];
    let purls: Vec<&str> = purls.iter().map(String::as_str).collect();
    let related: Vec<(&str, &str)> = purls.iter().map(|purl| ("el8", *purl)).collect();
    let ids: Vec<String> = purls.iter().map(|purl| format!("el8:{purl}")).collect();
    let collected = read(&purls, &related, &json!({"fixed": ids}));
    assert_eq!(
        said(&collected),
        [
            "package perl-FCGI [perl-FCGI:0.78] < 1:0.78-11.module+el8.6.0+23193+53aa8c2a.1 x86_64",
            "package perl-FCGI [perl-FCGI:0.78] < 1:0.78-12.module+el8.10.0+23147+df114ff4 s390x,x86_64",
        ]
    );
}

/// The newer form of the documents names few packages beside their sources, and none with an
/// architecture: <https://redhatproductsecurity.github.io/security-data-guidelines/vex-ga-details/>.
#[test]
fn a_source_that_is_fixed_counts_where_no_package_of_it_is_named() {
    let purls = [
        "rpm/redhat/glibc@2.34-231.el9_7.10?arch=src&epoch=0",
        "rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1",
        "rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=1",
    ];
    let related = purls.map(|purl| ("el8", purl));
    let fixed = purls.map(|purl| format!("el8:{purl}"));
    let collected = read(&purls, &related, &json!({"fixed": fixed}));
    assert_eq!(
        said(&collected),
        [
            "package openssl-libs [-] < 1:3.0.7-27.el9 ",
            "source glibc [-] < 2.34-231.el9_7.10 ",
        ]
    );
}

#[test]
fn the_day_of_discovery_stands_for_the_day_of_release() {
    let purl = "rpm/redhat/glibc?arch=src";
    let vulnerability = json!({
        "cve": "CVE-2025-1",
        "discovery_date": "2025-01-14T00:00:00+00:00",
        "product_status": {"known_affected": [format!("el8:{purl}")]},
    });
    let collected = read_as(&[purl], &[("el8", purl)], &vulnerability);
    let issued = collected.one().issued.unwrap();
    assert_eq!(issued.to_string(), "2025-01-14T00:00:00Z");
}
