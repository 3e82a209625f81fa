//! What the security tracker's statuses come to.

use clair_feeds::{Limits, Skip};
use clair_model::{FixState, PackageKind, Severity};

use crate::support::{chain, parse, parse_within, refused, words};

/// A document with one vulnerability, which has these releases.
fn document(releases: &str) -> String {
    format!(r#"{{"bash":{{"CVE-2024-1000":{{"scope":"local","releases":{{{releases}}}}}}}}}"#)
}

/// What is stated of bookworm, given its fields and those of sid.
#[track_caller]
fn bookworm(fields: &str, sid: &str) -> String {
    let document = document(&format!(r#""bookworm":{{{fields}}},"sid":{{{sid}}}"#));
    let collected = parse("debian", document).unwrap();
    let statement = collected
        .one()
        .affected
        .iter()
        .find(|it| it.namespace.as_str() == "debian:bookworm");
    words(statement.unwrap()).replace("debian:bookworm bash: ", "")
}

const OPEN: &str = r#""status":"open","repositories":{"bookworm":"5.2-1"},"urgency":"medium""#;
const FIXED_IN_SID: &str = r#""status":"resolved","fixed_version":"5.3-1","urgency":"medium""#;
const OPEN_IN_SID: &str = r#""status":"open","urgency":"medium""#;

#[test]
fn resolved_is_fixed_before_its_version() {
    let fields = r#""status":"resolved","repositories":{"bookworm":"5.2-3"},"fixed_version":"5.2-2+deb12u1","urgency":"medium""#;
    assert_eq!(bookworm(fields, FIXED_IN_SID), "fixed < 5.2-2+deb12u1");
    // A reason against an advisory may be left over from before the fix.
    let fields = format!(r#"{fields},"nodsa":"Minor issue","nodsa_reason":"ignored""#);
    assert_eq!(bookworm(&fields, FIXED_IN_SID), "fixed < 5.2-2+deb12u1");
}

#[test]
fn resolved_at_version_zero_is_not_affected() {
    let fields = r#""status":"resolved","fixed_version":"0","urgency":"unimportant""#;
    assert_eq!(
        bookworm(fields, FIXED_IN_SID),
        "not-affected no version [unimportant]"
    );
}

#[test]
fn open_ends_where_sid_has_the_fix_which_is_none_for_the_release() {
    assert_eq!(bookworm(OPEN, FIXED_IN_SID), "affected < 5.3-1");
    assert_eq!(bookworm(OPEN, OPEN_IN_SID), "affected any version");

    let document = document(&format!(
        r#""bookworm":{{{OPEN}}},"sid":{{{FIXED_IN_SID}}}"#
    ));
    let collected = parse("debian", document).unwrap();
    let [bookworm, sid] = &collected.one().affected[..] else {
        panic!()
    };
    assert_eq!(bookworm.fixed_version(), None);
    assert_eq!(sid.fixed_version(), Some("5.3-1"));
    assert_eq!(bookworm.kind, PackageKind::Source);
}

#[test]
fn open_is_not_bounded_by_a_sid_that_says_nothing_of_the_release() {
    // Only the older releases have the bug.
    let never_in_sid = r#""status":"resolved","fixed_version":"0","urgency":"medium""#;
    assert_eq!(bookworm(OPEN, never_in_sid), "affected any version");
    // It came back in a release that is ahead of the fix.
    let ahead = r#""status":"open","repositories":{"bookworm":"5.2-1","bookworm-security":"5.3-1+deb12u1"},"urgency":"medium""#;
    assert_eq!(bookworm(ahead, FIXED_IN_SID), "affected any version");
    // A version on an open entry is no fix.
    let odd = r#""status":"open","fixed_version":"5.3-1","urgency":"medium""#;
    assert_eq!(bookworm(OPEN, odd), "affected any version");
}

#[test]
fn reasons_against_an_advisory_say_what_is_to_come() {
    for (fields, expected) in [
        (
            r#""nodsa":"Minor issue","nodsa_reason":"""#,
            "affected < 5.3-1 (Minor issue)",
        ),
        (r#""nodsa":"Minor issue""#, "affected < 5.3-1 (Minor issue)"),
        (
            r#""nodsa":"Too intrusive","nodsa_reason":"ignored""#,
            "will-not-fix < 5.3-1 (Too intrusive)",
        ),
        (
            r#""nodsa":"Minor issue","nodsa_reason":"postponed""#,
            "deferred < 5.3-1 (Minor issue)",
        ),
        (
            r#""nodsa":"A new word","nodsa_reason":"later""#,
            "affected < 5.3-1 (A new word)",
        ),
        (r#""nodsa":null,"nodsa_reason":null"#, "affected < 5.3-1"),
        // The fix is waiting, whatever was said before.
        (
            r#""nodsa":"Minor issue","nodsa_reason":"ignored","next_point_update":true"#,
            "deferred < 5.3-1 (Minor issue)",
        ),
    ] {
        assert_eq!(
            bookworm(&format!("{OPEN},{fields}"), FIXED_IN_SID),
            expected,
            "{fields}"
        );
    }
}

#[test]
fn end_of_life_is_a_state_and_no_severity() {
    let fields =
        r#""status":"open","urgency":"end-of-life","nodsa":"EOL","nodsa_reason":"ignored""#;
    let document = document(&format!(
        r#""bookworm":{{{fields}}},"sid":{{{FIXED_IN_SID}}}"#
    ));
    let collected = parse("debian", document).unwrap();
    let statement = &collected.one().affected[0];
    assert_eq!(statement.fix_state, FixState::EndOfLife);
    assert_eq!(
        (&statement.severity, statement.normalized_severity),
        (&None, None)
    );
    assert_eq!(collected.one().severity, "medium");
}

#[test]
fn undetermined_is_under_investigation() {
    let fields = r#""status":"undetermined","urgency":"medium""#;
    assert_eq!(
        bookworm(fields, OPEN_IN_SID),
        "under-investigation any version"
    );
}

#[test]
fn urgencies_are_severities_per_release_where_they_differ_from_that_of_sid() {
    for (urgency, severity) in [
        ("unimportant", Severity::Negligible),
        ("low", Severity::Low),
        ("low*", Severity::Low),
        ("low**", Severity::Low),
        ("medium", Severity::Medium),
        ("medium**", Severity::Medium),
        ("high", Severity::High),
        ("high**", Severity::High),
        ("not yet assigned", Severity::Unknown),
        ("a new word", Severity::Unknown),
    ] {
        let document = document(&format!(
            r#""bookworm":{{"status":"open","urgency":"{urgency}"}},
               "buster":{{"status":"open","urgency":"low"}},
               "sid":{{"status":"open","urgency":"{urgency}"}}"#
        ));
        let collected = parse("debian", document).unwrap();
        let advisory = collected.one();
        assert_eq!(
            (advisory.severity.as_str(), advisory.normalized_severity),
            (urgency, severity)
        );
        assert_eq!(advisory.affected[0].severity, None);
        let own = (urgency != "low").then_some(Severity::Low);
        assert_eq!(advisory.affected[1].normalized_severity, own, "{urgency}");
    }
}

#[test]
fn a_record_without_sid_has_the_severity_of_its_first_release() {
    let collected = parse(
        "debian",
        document(r#""buster":{"status":"open","urgency":"high**"}"#),
    )
    .unwrap();
    assert_eq!(collected.one().severity, "high**");
}

#[test]
fn every_record_is_an_advisory_with_links_to_the_tracker_and_the_bug() {
    let collected = parse(
        "debian",
        r#"{"a":{"CVE-2024-1000":{"description":"A\tbug\u001b[1m.","debianbug":1060000,
                    "releases":{"sid":{"status":"open"}}},
                 "TEMP-0290435-0B57B5":{"releases":{"sid":{"status":"open"}}}},
            "b":{"CVE-2024-1000":{"debianbug":null,"description":null,
                    "releases":{"sid":{"status":"open"}}}}}"#,
    )
    .unwrap();
    let ids: Vec<&str> = collected
        .advisories
        .iter()
        .map(|it| it.id.as_str())
        .collect();
    assert_eq!(
        ids,
        ["CVE-2024-1000", "TEMP-0290435-0B57B5", "CVE-2024-1000"]
    );
    let first = &collected.advisories[0];
    assert_eq!(first.description, "A bug[1m.");
    assert_eq!(
        first.links,
        [
            "https://security-tracker.debian.org/tracker/CVE-2024-1000",
            "https://bugs.debian.org/1060000"
        ]
    );
    assert_eq!(collected.advisories[2].links.len(), 1);
    assert!(collected.skipped.is_empty());
}

#[test]
fn what_is_odd_about_a_record_costs_no_more_than_that() {
    let collected = parse(
        "debian",
        r#"{"bash":{
            "CVE-2024-1":{"releases":[]},
            "CVE-2024-2":{"releases":{}},
            "CVE-2024-3":{},
            "CVE-2024-4":{"releases":["sid"]},
            "CVE-2024-5":[1,2],
            "CVE-2024-6":{"releases":{"sid":{"status":7}}},
            "no id at all":{"releases":{"sid":{"status":"open"}}},
            "CVE-2024-7":{"releases":{
                "bookworm":{"status":"resolved"},
                "trixie":{"status":"resolved","fixed_version":"undetermined"},
                "forky":{"status":"resolved","fixed_version":"1:"},
                "No Name":{"status":"open"},
                "buster":{"status":"embargoed"},
                "sid":{"status":"open","new":{"field":[1]}}}}},
          "two words":{"CVE-2024-8":{"releases":{"sid":{"status":"open"}}}}}"#,
    )
    .unwrap();
    assert_eq!(
        collected.statements(),
        ["CVE-2024-7 debian:sid bash: affected any version"]
    );
    assert_eq!(
        collected.reasons(),
        [
            "no-version: bash CVE-2024-1",
            "no-version: bash CVE-2024-2",
            "no-version: bash CVE-2024-3",
            "malformed: bash CVE-2024-4",
            "malformed: bash CVE-2024-5",
            "malformed: bash CVE-2024-6",
            "bad-id: bash no id at all",
            "no-version: bash CVE-2024-7 bookworm",
            "no-version: bash CVE-2024-7 trixie",
            "bad-version: bash CVE-2024-7 forky",
            "unknown-release: bash CVE-2024-7 No Name",
            "unknown-status: bash CVE-2024-7 buster",
            "no-package: two words CVE-2024-8",
        ]
    );
}

#[test]
fn a_document_of_another_form_is_refused_whole() {
    for (document, reason) in [
        ("", "EOF while parsing"),
        ("[]", "source packages by name"),
        (r#"{"bash":[]}"#, "the vulnerabilities of bash by id"),
        (r#"{"bash":{"CVE-2024-1":"#, "EOF while parsing"),
        (
            r#"{"bash":{"CVE-2024-1":{"releases":{}}}"#,
            "EOF while parsing",
        ),
        (r#"{"bash":{}} trailing"#, "trailing characters"),
        ("{}", "it has no packages"),
        ("<html>", "expected value"),
    ] {
        let error = refused("debian", document);
        assert!(
            error.starts_with("test is not a document of debian"),
            "{error}"
        );
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn an_endless_record_and_endless_records_reach_a_limit() {
    let long = "x".repeat(300_000);
    let long = format!(r#"{{"bash":{{"CVE-2024-1":{{"description":"{long}"}}}}}}"#);
    let records: Vec<String> = (0..100)
        .map(|n| format!(r#""CVE-2024-{n}":{{}}"#))
        .collect();
    let many = format!(r#"{{"bash":{{{}}}}}"#, records.join(","));
    let limits = Limits {
        document: 900_000,
        record: 100_000,
        records: 50,
    };
    for (document, limits, message) in [
        (
            &long,
            limits,
            "test (debian) is over a limit: a record of more than 100000 bytes",
        ),
        (
            &many,
            limits,
            "test (debian) is over a limit: more than 50 records",
        ),
        (
            &many,
            Limits {
                document: 500,
                ..limits
            },
            "test (debian) is over a limit: more than 500 bytes decompressed",
        ),
    ] {
        let error = parse_within("debian", document.as_str(), limits).unwrap_err();
        assert_eq!(chain(&error), message);
    }
    let skipped = parse("debian", many).unwrap().skips();
    assert_eq!(
        skipped.into_iter().collect::<Vec<_>>(),
        [(Skip::NoVersion, 100)]
    );
}

#[test]
fn a_record_that_is_far_too_long_is_left_out() {
    let releases: Vec<String> = (0..100_000).map(|n| format!(r#""r{n}":{{}}"#)).collect();
    let document = format!(
        r#"{{"bash":{{"CVE-2024-1000":{{"releases":{{{}}}}},
            "CVE-2024-1001":{{"releases":{{"sid":{{"status":"open"}}}}}}}}}}"#,
        releases.join(",")
    );
    let collected = parse("debian", document).unwrap();
    assert_eq!(collected.one().id, "CVE-2024-1001");
    assert_eq!(collected.reasons(), ["too-large: bash CVE-2024-1000"]);
}
