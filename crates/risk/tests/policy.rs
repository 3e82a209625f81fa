//! Conditions: what they mean, and what is none.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

use clair_model::facts::{Epss, Exploitation, Kev, Ssvc};
use clair_model::{FixState, Severity};
use clair_risk::{CveFacts, Facts, Finding, Policy};
use proptest::prelude::*;

fn known() -> Facts {
    Facts {
        cves: vec![CveFacts {
            cve: "CVE-2024-1000".to_owned(),
            assessments: Vec::new(),
            epss: Some(Epss {
                epss: 0.25,
                percentile: 0.96,
            }),
            kev: Some(Kev {
                known_ransomware_campaign_use: "Known".to_owned(),
                ..Kev::default()
            }),
            ssvc: Some(Ssvc {
                exploitation: Exploitation::Active,
                automatable: true,
                total_impact: false,
                timestamp: String::new(),
            }),
        }],
    }
}

fn holds(expression: &str, facts: &Facts) -> bool {
    let policy: Policy = expression.parse().unwrap();
    policy.holds(&Finding {
        package: "openssl",
        name: "CVE-2024-1000",
        aliases: &["DSA-1-1".to_owned()],
        severity: Severity::High,
        vectors: &["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()],
        fix_state: FixState::WillNotFix,
        risk: None,
        facts,
    })
}

#[test]
fn comparisons_flags_and_words_mean_what_they_say() {
    for (expression, expected) in [
        ("high", true),
        ("Medium", true),
        ("critical", false),
        ("severity>=high", true),
        ("severity = high", true),
        ("severity != high", false),
        ("severity < critical", true),
        ("cvss>=9.8", true),
        ("cvss > 9.8", false),
        ("epss>0.2", true),
        ("epss>0.25", false),
        ("epss.percentile>=0.95", true),
        ("risk>=80", true),
        ("risk>=95", false),
        ("kev", true),
        ("KEV.ransomware", true),
        ("fixable", false),
        ("not fixable", true),
        ("ssvc=attend", true),
        ("ssvc>=act", false),
        ("ssvc>track*", true),
        ("ssvc.exploitation>=poc", true),
        ("ssvc.automatable", true),
        ("ssvc.total-impact", false),
        ("fix-state=will-not-fix", true),
        ("fix-state!=fixed", true),
        ("package=openssl", true),
        ("package!=openssl", false),
        ("vulnerability=cve-2024-1000", true),
        ("vulnerability=DSA-1-1", true),
    ] {
        assert_eq!(holds(expression, &known()), expected, "{expression}");
    }
}

#[test]
fn and_binds_tighter_than_or_and_not_tighter_than_both() {
    for (expression, expected) in [
        ("high or high and critical", true),
        ("(high or high) and critical", false),
        ("not critical and high", true),
        ("not (critical and high)", true),
        ("not high or critical", false),
        ("not not high", true),
        ("!critical&&high||critical", true),
        ("NOT critical AND high", true),
        ("((high))", true),
    ] {
        assert_eq!(holds(expression, &known()), expected, "{expression}");
    }
}

#[test]
fn what_is_not_known_meets_no_comparison() {
    let nothing = Facts::default();
    for expression in [
        "epss>=0",
        "epss<1",
        "epss!=0.5",
        "epss.percentile<=1",
        "kev",
        "kev.ransomware",
        "ssvc>=track",
        "ssvc!=act",
        "ssvc.exploitation=none",
    ] {
        assert!(!holds(expression, &nothing), "{expression}");
        assert!(
            holds(&format!("not {expression}"), &nothing),
            "{expression}"
        );
    }
}

#[test]
fn errors_tell_the_column_and_what_was_expected() {
    for (expression, column, reason) in [
        ("", 1, "expected a condition, found the end"),
        (
            "severity>=hi",
            11,
            "expected unknown, negligible, low, medium, high or critical",
        ),
        ("high and", 9, "expected a condition, found the end"),
        ("high critical", 6, "expected \"and\", \"or\" or the end"),
        (
            "cvss>=11",
            7,
            "expected a number from 0 to 10, found \"11\"",
        ),
        ("epss>50", 6, "expected a number from 0 to 1"),
        ("epss>nan", 6, "expected a number from 0 to 1"),
        ("risk>=-1", 7, "expected a number from 0 to 100"),
        ("epss", 5, "expected a comparison of epss, found the end"),
        ("epss>=", 7, "expected a value for epss, found the end"),
        ("epss>=)", 7, "expected a value for epss, found \")\""),
        (
            "cvss high",
            6,
            "expected a comparison of cvss, found \"high\"",
        ),
        ("kev>=1", 4, "kev holds or does not"),
        ("high>=low", 5, "write \"severity\" in front"),
        ("bad", 1, "neither a severity nor a field"),
        ("(high", 6, "expected \")\" for the \"(\" at column 1"),
        ("(high low", 7, "expected \")\", found \"low\""),
        (
            "high)",
            5,
            "expected \"and\", \"or\" or the end, found \")\"",
        ),
        ("and high", 1, "expected a condition, found \"and\""),
        ("package>a", 8, "compared by = and != only"),
        ("fix-state=x", 11, "expected one of affected, fixed"),
        ("ssvc=wait", 6, "expected track, track*, attend or act"),
        ("é≥x", 2, "is not part of any word"),
        ("high & low", 6, "is not part of any word"),
    ] {
        let error = expression.parse::<Policy>().unwrap_err();
        assert_eq!(error.column, column, "{expression}: {error}");
        assert!(error.reason.contains(reason), "{expression}: {error}");
    }
    assert!(
        "(".repeat(5000)
            .parse::<Policy>()
            .unwrap_err()
            .reason
            .contains("longer")
    );
    let deep = format!("{}high", "not ".repeat(900));
    assert!(
        deep.parse::<Policy>()
            .unwrap_err()
            .reason
            .contains("levels deep")
    );
}

proptest! {
    #[test]
    fn any_text_is_a_condition_or_an_error_within_it(
        text in "(severity|high|cvss|epss|kev|and|or|not|ssvc|act|>=|<|=|!|\\(|\\)|0\\.5| |\\PC){0,20}"
    ) {
        match text.parse::<Policy>() {
            Ok(policy) => {
                let _ = policy;
            }
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column)),
        }
    }
}
