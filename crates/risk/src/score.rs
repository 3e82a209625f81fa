//! One number for how much a finding matters.
//!
//! `risk = 100 · impact · (0.5 + 0.5 · threat)`, rounded, both of 0 to 1.
//!
//! *Impact* is how bad it is: the mean of the severity that the vendor gives it and of its CVSS
//! score, or whichever there is. Severities count as the middle of the range of scores that FIRST
//! gives the word (<https://www.first.org/cvss/v3.1/specification-document>, section 5): critical
//! 9.5, high 7.95, medium 5.45, low 2.0, negligible 0.5. One that nobody tells counts as 4.0: not
//! known is not harmless.
//!
//! *Threat* is how likely it is used:
//!
//! - 1.0 if it is exploited and used by ransomware, 0.95 if it is exploited: in CISA's catalogue, or
//!   by CISA's answer to SSVC.
//! - Else the root of its probability by EPSS, since most of those are small and differ by factors;
//!   at least 0.4 if there is a public proof of concept. To that comes 0.1 if an attack can be
//!   automated. Together it is at most 0.9.
//! - Else 0. So what nobody attacks has half of the number of what everybody does.
//!
//! No input that is worse makes the number smaller.

use std::fmt;

use clair_model::Severity;
use clair_model::facts::Exploitation;

use crate::cvss::{self, Score};
use crate::facts::Facts;

/// What the risk of a finding is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    /// The severity, as the vendor of the package gives it.
    pub severity: Severity,
    /// The CVSS score that counts.
    pub cvss: Option<Score>,
    /// The probability of exploitation, 0 to 1.
    pub epss: Option<f64>,
    /// Whether it is in CISA's catalogue.
    pub kev: bool,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
    /// What is known of exploitation, by SSVC.
    pub exploitation: Option<Exploitation>,
    /// Whether an attack can be automated, by SSVC.
    pub automatable: bool,
}

impl Inputs {
    /// Those of a vulnerability to which the vendor gives a severity and CVSS vectors, and of what is
    /// known of it.
    pub fn of(severity: Severity, vectors: &[String], facts: &Facts) -> Self {
        let vectors = vectors.iter().map(String::as_str);
        let ssvc = facts.ssvc();
        Self {
            severity,
            cvss: cvss::best(vectors, facts),
            epss: facts.epss().map(|epss| epss.epss),
            kev: facts.kev().next().is_some(),
            ransomware: facts.has_ransomware(),
            exploitation: ssvc.as_ref().map(|ssvc| ssvc.exploitation),
            automatable: ssvc.is_some_and(|ssvc| ssvc.automatable),
        }
    }
}

/// How much a finding matters, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// 0 to 100.
    pub score: u8,
    /// How bad it is, 0 to 1.
    pub impact: f64,
    /// How likely it is used, 0 to 1.
    pub threat: f64,
    /// What both are made of.
    pub inputs: Inputs,
}

impl Risk {
    /// The risk of these inputs.
    pub fn of(inputs: Inputs) -> Self {
        let impact = impact(&inputs);
        let threat = threat(&inputs);
        let score = (100.0 * impact * (0.5 + 0.5 * threat)).round();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100"
        )]
        let score = score.clamp(0.0, 100.0) as u8;
        Self {
            score,
            impact,
            threat,
            inputs,
        }
    }
}

/// The middle of the range of scores that a severity is of.
fn middle(severity: Severity) -> Option<f64> {
    Some(match severity {
        Severity::Critical => 9.5,
        Severity::High => 7.95,
        Severity::Medium => 5.45,
        Severity::Low => 2.0,
        Severity::Negligible => 0.5,
        Severity::Unknown => return None,
    })
}

fn impact(inputs: &Inputs) -> f64 {
    let severity = middle(inputs.severity);
    let score = inputs.cvss.as_ref().map(|score| score.value);
    let of_ten = match (severity, score) {
        (Some(severity), Some(score)) => f64::midpoint(severity, score),
        (Some(either), None) | (None, Some(either)) => either,
        (None, None) => 4.0,
    };
    (of_ten / 10.0).clamp(0.0, 1.0)
}

fn threat(inputs: &Inputs) -> f64 {
    if inputs.kev || inputs.exploitation == Some(Exploitation::Active) {
        return if inputs.ransomware { 1.0 } else { 0.95 };
    }
    let likely = inputs.epss.unwrap_or_default().clamp(0.0, 1.0).sqrt();
    let shown = match inputs.exploitation {
        Some(Exploitation::Poc) => 0.4,
        _ => 0.0,
    };
    let eased = if inputs.automatable { 0.1 } else { 0.0 };
    (f64::max(likely, shown) + eased).min(0.9)
}

/// `risk 93: impact 0.97 (severity Critical, CVSS 3.1 9.8 by nvd@nist.gov), threat 0.95 (…)`.
impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inputs {
            severity,
            cvss,
            epss,
            kev,
            ransomware,
            exploitation,
            automatable,
        } = &self.inputs;
        write!(
            f,
            "risk {}: impact {:.2} (severity {}",
            self.score,
            self.impact,
            severity.name()
        )?;
        if let Some(score) = cvss {
            let Score {
                version,
                value,
                source,
            } = score;
            write!(f, ", CVSS {version} {value:.1} by {source}")?;
        }
        write!(f, "), threat {:.2} (", self.threat)?;
        let mut reasons = Vec::new();
        if *kev {
            reasons.push("in CISA's catalogue of exploited vulnerabilities".to_owned());
        }
        if *ransomware {
            reasons.push("used by ransomware".to_owned());
        }
        if let Some(epss) = epss {
            reasons.push(format!("EPSS {epss:.5}"));
        }
        if let Some(exploitation) = exploitation {
            reasons.push(format!("SSVC exploitation {}", exploitation.name()));
        }
        if *automatable {
            reasons.push("automatable".to_owned());
        }
        if reasons.is_empty() {
            reasons.push("nothing is known".to_owned());
        }
        write!(f, "{})", reasons.join(", "))
    }
}
