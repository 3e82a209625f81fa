//! What the security database's entries come to.

use clair_feeds::Limits;
use clair_model::{PackageKind, Severity};

use crate::support::{chain, parse, parse_within, refused, words};

const MAIN: &str = "alpine/v3.18/main";

fn document(packages: &str) -> String {
    format!(r#"{{"distroversion":"v3.18","reponame":"main","packages":[{packages}]}}"#)
}

/// A document with one package that has these fixes.
fn fixes(fixes: &str) -> String {
    document(&format!(
        r#"{{"pkg":{{"name":"curl","secfixes":{{{fixes}}}}}}}"#
    ))
}

#[test]
fn an_entry_is_fixed_before_its_version() {
    let collected = parse(MAIN, fixes(r#""8.1.0-r0":["CVE-2023-28319"]"#)).unwrap();
    let advisory = collected.one();
    assert_eq!(advisory.id, "CVE-2023-28319");
    assert_eq!(
        advisory.links,
        ["https://security.alpinelinux.org/vuln/CVE-2023-28319"]
    );
    assert_eq!(advisory.normalized_severity, Severity::Unknown);
    assert_eq!(
        words(&advisory.affected[0]),
        "alpine:3.18 curl: fixed < 8.1.0-r0"
    );
    assert_eq!(advisory.affected[0].kind, PackageKind::Source);
}

#[test]
fn version_zero_is_not_affected() {
    let collected = parse(MAIN, fixes(r#""0":["CVE-2021-22926"]"#)).unwrap();
    assert_eq!(
        collected.statements(),
        ["CVE-2021-22926 alpine:3.18 curl: not-affected no version"]
    );
}

#[test]
fn of_several_fixes_the_newest_counts() {
    // In the order of versions, which is neither that of the text nor of the document.
    let collected = parse(
        MAIN,
        fixes(
            r#""0":["CVE-2024-1000"],"8.10.0-r0":["CVE-2024-1000"],"8.9.0-r0":["CVE-2024-1000"]"#,
        ),
    )
    .unwrap();
    assert_eq!(
        collected.statements(),
        ["CVE-2024-1000 alpine:3.18 curl: fixed < 8.10.0-r0"]
    );
}

#[test]
fn one_entry_may_name_several_vulnerabilities_and_other_names_of_them() {
    let collected = parse(
        MAIN,
        fixes(r#""4.9.1-r3":["CVE-2017-5753 CVE-2017-5715 XSA-254 XPTI","XSA-207","CVE-2018-14468 (FrameRelay)"]"#),
    )
    .unwrap();
    let named: Vec<(&str, String)> = collected
        .advisories
        .iter()
        .map(|advisory| (advisory.id.as_str(), advisory.aliases.join(" ")))
        .collect();
    assert_eq!(
        named,
        [
            ("CVE-2017-5715", "XSA-254".to_owned()),
            ("CVE-2017-5753", "XSA-254".to_owned()),
            ("CVE-2018-14468", String::new()),
            ("XSA-207", String::new()),
        ]
    );
    assert_eq!(
        collected.advisories[2].affected[0].note.as_deref(),
        Some("FrameRelay")
    );
    assert!(collected.advisories[3].links.is_empty());
}

#[test]
fn edge_is_a_branch_like_others() {
    let edge = r#"{"distroversion":"edge","packages":[
        {"pkg":{"name":"curl","secfixes":{"8.1.0-r0":["CVE-2023-28319"]}}}]}"#;
    let collected = parse("alpine/edge/main", edge).unwrap();
    assert_eq!(
        collected.one().affected[0].namespace.as_str(),
        "alpine:edge"
    );
}

#[test]
fn what_is_odd_about_an_entry_costs_no_more_than_that() {
    let collected = parse(
        MAIN,
        document(
            r#"{"pkg":{"name":"xen","secfixes":{
                    "r4.10.1":["CVE-2018-8897 XSA-260"],
                    "4.10.1-r3":["CVE-2018-3639 XSA-263","XPTI",""],
                    "4.11.0-r0":null,
                    "4.11.1-r0":[]}}},
               {"pkg":{"name":"none"}},
               {"pkg":{"name":"null","secfixes":null}},
               {"pkg":{"name":"two words","secfixes":{"1-r0":["CVE-2024-1000"]}}},
               {"pkg":{"name":"other","secfixes":["CVE-2024-1000"]}},
               {"name":"flat"},
               7"#,
        ),
    )
    .unwrap();
    assert_eq!(
        collected.statements(),
        ["CVE-2018-3639 alpine:3.18 xen: fixed < 4.10.1-r3"]
    );
    assert_eq!(
        collected.reasons(),
        [
            "bad-id: xen 4.10.1-r3 XPTI",
            "bad-id: xen 4.10.1-r3",
            "bad-version: xen r4.10.1 CVE-2018-8897 XSA-260",
            "no-package: two words",
            "malformed: a package",
            "malformed: a package",
            "malformed: a package",
        ]
    );
}

#[test]
fn a_branch_without_fixes_is_a_document_too() {
    for packages in ["[]", "null"] {
        let document = format!(r#"{{"packages":{packages},"distroversion":"v3.18"}}"#);
        assert!(parse(MAIN, document).unwrap().advisories.is_empty());
    }
}

#[test]
fn the_branch_is_that_of_the_place_or_else_that_of_the_document() {
    let packages = r#""packages":[{"pkg":{"name":"curl","secfixes":{"1-r0":["CVE-2023-28319"]}}}]"#;
    for (source, document, expected) in [
        (
            MAIN,
            format!(r#"{{{packages},"distroversion":"v3.18"}}"#),
            Ok("alpine:3.18"),
        ),
        (MAIN, format!("{{{packages}}}"), Ok("alpine:3.18")),
        (
            "alpine/main",
            format!(r#"{{"distroversion":"v3.9",{packages}}}"#),
            Ok("alpine:3.9"),
        ),
        (
            MAIN,
            format!(r#"{{"distroversion":"v3.9",{packages}}}"#),
            Err("it is of branch v3.9, not v3.18"),
        ),
        (
            MAIN,
            format!(r#"{{{packages},"distroversion":"v3.9"}}"#),
            Err("it is of branch v3.9, not v3.18"),
        ),
        (
            "alpine/main",
            format!("{{{packages}}}"),
            Err("packages before their branch"),
        ),
        (
            MAIN,
            format!(r#"{{"distroversion":"3.18",{packages}}}"#),
            Err(r#"its branch "3.18" is none"#),
        ),
    ] {
        match (parse(source, document.as_str()), expected) {
            (Ok(collected), Ok(namespace)) => {
                assert_eq!(collected.one().affected[0].namespace.as_str(), namespace);
            }
            (Err(error), Err(reason)) => assert!(chain(&error).contains(reason), "{error}"),
            (result, _) => panic!("{document}: {result:?}"),
        }
    }
}

#[test]
fn a_document_of_another_form_is_refused_whole() {
    for (document, reason) in [
        ("", "EOF while parsing"),
        ("[]", "a security database with a list of packages"),
        ("{}", "missing field `packages`"),
        (r#"{"packages":{}}"#, "a list of packages"),
        (r#"{"packages":[{"pkg":"#, "EOF while parsing"),
        (r#"{"packages":[]"#, "EOF while parsing"),
        ("<html>", "expected value"),
    ] {
        let error = refused(MAIN, document);
        assert!(
            error.starts_with("test is not a document of alpine/v3.18/main"),
            "{error}"
        );
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn an_endless_package_reaches_a_limit() {
    let long = fixes(&format!(r#""1-r0":["{}"]"#, "x".repeat(300_000)));
    let limits = Limits {
        document: 900_000,
        record: 100_000,
        records: 50,
    };
    let error = parse_within(MAIN, long, limits).unwrap_err();
    assert_eq!(
        chain(&error),
        format!("test ({MAIN}) is over a limit: a record of more than 100000 bytes")
    );
}

#[test]
fn a_package_that_is_far_too_long_is_left_out() {
    let ids: Vec<String> = (10_000..110_000)
        .map(|n| format!(r#""CVE-2024-{n}""#))
        .collect();
    let collected = parse(MAIN, fixes(&format!(r#""1-r0":[{}]"#, ids.join(",")))).unwrap();
    assert!(collected.advisories.is_empty());
    assert_eq!(collected.reasons(), ["too-large: a package"]);
}
