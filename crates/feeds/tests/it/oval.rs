//! Documents in OVAL as vendors of rpm packages write them: what criteria mean, oddities, and what
//! is left out.

use std::fmt::Write as _;

use clair_feeds::Limits;

use crate::support::{Collected, parse, parse_within, refused};

/// A document, written test by test.
#[derive(Default)]
pub(crate) struct Oval {
    tests: String,
    objects: String,
    states: String,
    definitions: String,
    count: usize,
}

impl Oval {
    /// A test of a package. Gives the criterion that refers to it.
    pub(crate) fn test(&mut self, package: &str, state: &str, comment: &str) -> String {
        self.checked("at least one", package, state, comment)
    }

    pub(crate) fn checked(
        &mut self,
        check: &str,
        package: &str,
        state: &str,
        comment: &str,
    ) -> String {
        self.count += 1;
        let id = self.count;
        let reference = if state.is_empty() {
            String::new()
        } else {
            write!(
                self.states,
                r#"<rpminfo_state id="ste:{id}">{state}</rpminfo_state>"#
            )
            .unwrap();
            format!(r#"<state state_ref="ste:{id}"/>"#)
        };
        write!(
            self.tests,
            r#"<rpminfo_test id="tst:{id}" check="{check}" comment="{comment}">
            <object object_ref="obj:{id}"/>{reference}</rpminfo_test>"#
        )
        .unwrap();
        write!(
            self.objects,
            r#"<rpminfo_object id="obj:{id}"><name>{package}</name></rpminfo_object>"#
        )
        .unwrap();
        format!(r#"<criterion test_ref="tst:{id}" comment="{comment}"/>"#)
    }

    /// A test of a version that is older than another.
    pub(crate) fn older(&mut self, package: &str, version: &str) -> String {
        let state = evr("less than", version);
        self.test(
            package,
            &state,
            &format!("{package} is earlier than {version}"),
        )
    }

    /// A definition with metadata and criteria.
    pub(crate) fn definition(&mut self, metadata: &str, criteria: &str) {
        let id = self.count;
        write!(
            self.definitions,
            r#"<definition id="def:{id}"><metadata>{metadata}</metadata>{criteria}</definition>"#
        )
        .unwrap();
    }

    pub(crate) fn text(&self) -> String {
        format!(
            r#"<?xml version="1.0"?><oval_definitions xmlns:oval="x">
            <generator><oval:timestamp>2024-05-06T07:08:09</oval:timestamp></generator>
            <definitions>{}</definitions><tests>{}</tests>
            <objects>{}</objects><states>{}</states></oval_definitions>"#,
            self.definitions, self.tests, self.objects, self.states
        )
    }

    pub(crate) fn parse(&self, source: &str) -> Collected {
        parse(source, self.text()).unwrap()
    }
}

pub(crate) fn evr(operation: &str, version: &str) -> String {
    format!(r#"<evr datatype="evr_string" operation="{operation}">{version}</evr>"#)
}

pub(crate) fn all(parts: &[&str]) -> String {
    format!(r#"<criteria operator="AND">{}</criteria>"#, parts.concat())
}

pub(crate) fn any(parts: &[&str]) -> String {
    format!(r#"<criteria operator="OR">{}</criteria>"#, parts.concat())
}

/// What a definition in the form of Photon says with these criteria.
fn photon(write: impl FnOnce(&mut Oval) -> String) -> Collected {
    let mut oval = Oval::default();
    let criteria = write(&mut oval);
    let release = release(&mut oval);
    oval.definition(
        "<title>PHSA-1</title><advisory><cve>CVE-2024-1000</cve></advisory>",
        &all(&[&release, &criteria]),
    );
    oval.parse("photon/3")
}

fn release(oval: &mut Oval) -> String {
    let state = r#"<version operation="pattern match">^3[^\d]</version>"#;
    oval.test("photon-release", state, "Photon OS 3 is installed")
}

const SUBJECT: &str = "CVE-2024-1000 photon:3.0";

#[test]
fn operations_are_bounds() {
    for (operation, expected) in [
        ("less than", "fixed < 1-2"),
        ("less than or equal", "affected <= 1-2"),
        ("greater than or equal", "affected >= 1-2"),
        ("equals", "affected >= 1-2, <= 1-2"),
    ] {
        let collected = photon(|oval| oval.test("a", &evr(operation, "0:1-2"), "a"));
        assert_eq!(
            collected.statements(),
            [format!("{SUBJECT} a: {expected}")],
            "{operation}"
        );
    }
    let collected = photon(|oval| oval.test("a", &evr("not equal", "1-2"), "a"));
    assert_eq!(collected.reasons(), ["conditional: PHSA-1 a"]);
    let collected = photon(|oval| oval.test("a", "", "a is installed"));
    assert_eq!(
        collected.statements(),
        [format!("{SUBJECT} a: affected any version")]
    );
}

#[test]
fn two_bounds_of_a_package_are_one_range() {
    let collected = photon(|oval| {
        let lower = oval.test("a", &evr("greater than", "0:1.0"), "a");
        let upper = oval.older("a", "0:2.0-1");
        all(&[&lower, &upper])
    });
    assert_eq!(
        collected.statements(),
        [format!("{SUBJECT} a: fixed >= 1.0, < 2.0-1")]
    );
}

#[test]
fn what_is_true_of_two_packages_together_is_left_out() {
    let collected = photon(|oval| {
        let kernel = oval.test("kernel", &evr("equals", "0:1-1"), "kernel");
        let patch = oval.checked(
            "none satisfy",
            "livepatch",
            &evr("greater than or equal", "0:2-1"),
            "no livepatch",
        );
        let other = oval.older("b", "2-1");
        let both = [oval.older("c", "1-1"), oval.older("d", "1-1")];
        any(&[
            &all(&[&kernel, &patch]),
            &other,
            &all(&[&both[0], &both[1]]),
        ])
    });
    assert_eq!(
        collected.statements(),
        [format!("{SUBJECT} b: fixed < 2-1")]
    );
    assert_eq!(
        collected.reasons(),
        ["conditional: PHSA-1 no livepatch", "conditional: PHSA-1 c"]
    );
}

#[test]
fn negated_criteria_are_left_out() {
    let collected = photon(|oval| {
        let plain = oval.older("a", "1-1");
        let negated = oval.older("b", "1-1").replace("/>", r#" negate="true"/>"#);
        any(&[&plain, &negated])
    });
    assert_eq!(collected.statements().len(), 1);
    assert_eq!(
        collected.reasons(),
        ["conditional: PHSA-1 b is earlier than 1-1"]
    );
}

#[test]
fn versions_and_references_that_lead_nowhere_are_told() {
    let collected = photon(|oval| {
        let bad = oval.older("a", "-1");
        let good = oval.older("b", "1-1");
        let lost = r#"<criterion test_ref="tst:99" comment="c is earlier than 1"/>"#;
        any(&[&bad, lost, &good])
    });
    assert_eq!(
        collected.reasons(),
        [
            "bad-version: PHSA-1 a is earlier than -1",
            "dangling: PHSA-1 c is earlier than 1"
        ]
    );
    assert_eq!(collected.statements().len(), 1);
}

#[test]
fn architectures_of_the_same_fix_are_joined_and_those_of_others_are_not() {
    let collected = photon(|oval| {
        let of = |arch: &str| format!("<arch>{arch}</arch>");
        let less = |version: &str| evr("less than", version);
        let a = oval.test("a", &(of("x86_64") + &less("1-1")), "a");
        let b = oval.test("a", &(of("(aarch64|x86_64)") + &less("1-1")), "a");
        let c = oval.test("a", &(of("s390x") + &less("1-2")), "a");
        let d = oval.test("a", &(of("s390*") + &less("1-2")), "a pattern");
        any(&[&a, &b, &c, &d])
    });
    let arches: Vec<String> = collected
        .one()
        .affected
        .iter()
        .map(|it| it.arches.join(" "))
        .collect();
    assert_eq!(arches, ["aarch64 x86_64", "s390x"]);
    assert_eq!(collected.reasons(), ["malformed: PHSA-1 a pattern"]);
}

#[test]
fn a_definition_is_an_advisory_for_each_of_its_vulnerabilities() {
    let mut oval = Oval::default();
    let package = oval.older("a", "1-1");
    let release = release(&mut oval);
    let criteria = all(&[&release, &package]);
    let metadata = r#"<title>PHSA-2024:1 a. (Important)</title>
        <reference ref_id="CVE-2024-1000" ref_url="https://a.example/1000" source="CVE"/>
        <reference ref_id="PHSA-1" ref_url="https://a.example/notice" source="PHSA"/>
        <description> Two
        lines. </description><advisory><severity>Important</severity>
        <issued date="2024-01-02"/><updated date="2024-01-03"/>
        <cve cvss3="7.5/CVSS:3.1/AV:N" href="javascript:x">CVE-2024-1000</cve>
        <cve cve="CWE-79 NVD-CWE-noinfo">CVE-2024-1001</cve>
        <bugzilla href="https://b.example/1"/></advisory>"#;
    oval.definition(metadata, &criteria);
    oval.definition("<title>PHSA-2024:2 b</title>", &criteria);
    let advisories = oval.parse("photon/3").advisories;
    let [first, second, third] = &advisories[..] else {
        panic!("{advisories:#?}")
    };
    assert_eq!(first.id, "CVE-2024-1000");
    assert_eq!(first.aliases, ["PHSA-2024:1"]);
    assert_eq!(first.cvss, ["CVSS:3.1/AV:N"]);
    assert_eq!(
        first.links,
        [
            "https://a.example/1000",
            "https://a.example/notice",
            "https://b.example/1"
        ]
    );
    assert_eq!(first.issued.unwrap().to_string(), "2024-01-02T00:00:00Z");
    assert_eq!(first.modified.unwrap().to_string(), "2024-01-03T00:00:00Z");
    assert_eq!(
        (second.id.as_str(), &second.cwes[..]),
        ("CVE-2024-1001", &["CWE-79".to_owned()][..])
    );
    assert_eq!(
        second.links,
        ["https://a.example/notice", "https://b.example/1"]
    );
    assert_eq!((third.id.as_str(), third.aliases.len()), ("PHSA-2024:2", 0));
}

#[test]
fn documents_without_definitions_and_of_other_forms_are_refused() {
    for (text, reason) in [
        ("<oval_definitions/>", "it has no definitions"),
        (
            "<updates/>",
            "its root is \"updates\", not \"oval_definitions\"",
        ),
        ("{}", "it is no XML document"),
        ("<oval_definitions><definitions>", "it ends early"),
    ] {
        let error = refused("photon/3", text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_definition_over_the_limit_ends_the_reading() {
    let mut oval = Oval::default();
    let package = oval.older("a", "1-1");
    let long = format!("<description>{}</description>", "x".repeat(1 << 20));
    oval.definition(&long, &all(&[&package]));
    let limits = Limits {
        record: 1 << 18,
        ..Limits::default()
    };
    let error = parse_within("photon/3", oval.text(), limits).unwrap_err();
    assert!(
        matches!(error, clair_feeds::FeedError::Limit { .. }),
        "{error:?}"
    );
}
