//! The score: no worse input makes it smaller. Base scores: those of the calculators of FIRST.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

use clair_model::Severity;
use clair_model::facts::Exploitation;
use clair_risk::cvss::{Score, Version, score};
use clair_risk::{Inputs, Risk};
use proptest::prelude::*;

fn inputs(severity: Severity, cvss: Option<f64>) -> Inputs {
    Inputs {
        severity,
        cvss: cvss.map(|value| Score {
            version: Version::V31,
            value,
            source: "nvd@nist.gov".to_owned(),
        }),
        ..Inputs::default()
    }
}

fn severity() -> impl Strategy<Value = Severity> {
    // Of one that nobody tells nothing is worse or better.
    prop::sample::select(Severity::ALL.to_vec())
        .prop_filter("told", |severity| *severity != Severity::Unknown)
}

prop_compose! {
    fn any_inputs()(
        severity in severity(),
        cvss in prop::option::of(0.0..=10.0_f64),
        epss in prop::option::of(0.0..=1.0_f64),
        flags in any::<[bool; 3]>(),
        exploitation in prop::option::of(prop::sample::select(vec![
            Exploitation::None, Exploitation::Poc, Exploitation::Active,
        ])),
    ) -> Inputs {
        Inputs {
            epss,
            kev: flags[0],
            ransomware: flags[0] && flags[1],
            automatable: flags[2],
            exploitation,
            ..inputs(severity, cvss)
        }
    }
}

proptest! {
    #[test]
    fn no_worse_input_makes_it_smaller(
        base in any_inputs(),
        worse in severity(),
        cvss in 0.0..=10.0_f64,
        epss in 0.0..=1.0_f64,
    ) {
        let of = |inputs: &Inputs| Risk::of(inputs.clone()).score;
        let score = of(&base);
        prop_assert!(score <= 100);
        let mut more = Vec::new();
        if worse >= base.severity {
            more.push(Inputs { severity: worse, ..base.clone() });
        }
        if let Some(known) = &base.cvss && cvss >= known.value {
            let cvss = Some(Score { value: cvss, ..known.clone() });
            more.push(Inputs { cvss, ..base.clone() });
        }
        if base.epss.is_none_or(|known| epss >= known) {
            more.push(Inputs { epss: Some(epss), ..base.clone() });
        }
        more.push(Inputs { kev: true, ..base.clone() });
        more.push(Inputs { kev: true, ransomware: true, ..base.clone() });
        more.push(Inputs { automatable: true, ..base.clone() });
        for exploitation in [Exploitation::None, Exploitation::Poc, Exploitation::Active] {
            if base.exploitation.is_none_or(|known| exploitation >= known) {
                more.push(Inputs { exploitation: Some(exploitation), ..base.clone() });
            }
        }
        for more in more {
            prop_assert!(of(&more) >= score, "{:?} {:?}", base, more);
        }
    }
}

#[test]
fn the_number_and_its_reasons_are_those_of_the_formula() {
    let exploited = Risk::of(Inputs {
        epss: Some(0.9),
        kev: true,
        ..inputs(Severity::High, Some(9.8))
    });
    assert_eq!(
        exploited.to_string(),
        "risk 87: impact 0.89 (severity High, CVSS 3.1 9.8 by nvd@nist.gov), threat 0.95 (in \
         CISA's catalogue of exploited vulnerabilities, EPSS 0.90000)"
    );
    for (severity, score) in [
        (Severity::Critical, 48),
        (Severity::High, 40),
        (Severity::Medium, 27),
        (Severity::Low, 10),
        (Severity::Negligible, 3),
        (Severity::Unknown, 20),
    ] {
        assert_eq!(
            Risk::of(inputs(severity, None)).score,
            score,
            "{severity:?}"
        );
    }
}

/// Vectors with their scores, comments behind `#`.
fn scores(list: &str) -> Option<Vec<(String, f64)>> {
    let list = clair_testing::corpus()?.join("cvss").join(list);
    let text = std::fs::read_to_string(list).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap().trim());
    let lines = lines.filter(|line| !line.is_empty());
    Some(
        lines
            .map(|line| {
                let (vector, score) = line.split_once(char::is_whitespace).unwrap();
                (vector.to_owned(), score.trim().parse().unwrap())
            })
            .collect(),
    )
}

#[test]
fn base_scores_are_those_of_the_standard() {
    for list in [
        "v2_score.list",
        "v30_score.list",
        "v31_score.list",
        "v4_score.list",
    ] {
        let Some(scores) = scores(list) else { return };
        assert!(!scores.is_empty());
        for (vector, expected) in scores {
            // These tables have temporal and environmental scores too, of which we know nothing.
            let metrics = vector.trim_start_matches("CVSS:").split('/').count();
            let is_base = match list {
                "v2_score.list" => metrics == 6,
                "v4_score.list" => true,
                _ => metrics == 9,
            };
            if is_base {
                let (_, value) = score(&vector).unwrap();
                assert!(
                    (value - expected).abs() < 1e-9,
                    "{vector}: {value}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn what_is_no_vector_has_no_score() {
    for text in [
        "",
        "CVSS:3.1",
        "CVSS:3.1/AV:N",
        "CVSS:9.0/AV:N",
        "AV:N",
        "nonsense",
        "é",
    ] {
        assert_eq!(score(text), None, "{text}");
    }
}
