//! Conditions on findings, as expressions.
//!
//! ```text
//! expression = any
//! any        = all { ("or" | "||") all }
//! all        = not { ("and" | "&&") not }
//! not        = ("not" | "!") not | "(" any ")" | test
//! test       = severity | flag | field operator value
//! operator   = ">=" | ">" | "<=" | "<" | "=" | "==" | "!="
//! ```
//!
//! | field | values | what it is |
//! |---|---|---|
//! | `severity` | `unknown` < `negligible` < `low` < `medium` < `high` < `critical` | the vendor's severity; a bare word means that severity or worse |
//! | `cvss` | 0 to 10 | the base score that counts, see [`cvss`](crate::cvss) |
//! | `epss`, `epss.percentile` | 0 to 1 | the probability of exploitation |
//! | `risk` | 0 to 100 | see [`Risk`] |
//! | `ssvc` | `track` < `track*` < `attend` < `act` | what CISA advises for a medium impact on the mission |
//! | `ssvc.exploitation` | `none` < `poc` < `active` | CISA's answer |
//! | `fix-state` | `fixed`, `affected`, `will-not-fix` … (`=`, `!=`) | what the vendor does about it |
//! | `package`, `vulnerability` | a name (`=`, `!=`) | what is affected, by what |
//! | `kev`, `kev.ransomware`, `fixable`, `ssvc.automatable`, `ssvc.total-impact` | flags | |
//!
//! Of what is not known no comparison is true, not even `!=`; `not` turns it around.

mod parse;
mod token;

use std::fmt;
use std::str::FromStr;

use clair_model::facts::Exploitation;
use clair_model::{FixState, ReportVulnerability, Severity};

use crate::{Decision, Facts, Inputs, MissionImpact, Risk, decide};

/// A condition on findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy(Condition);

/// A vulnerability of a package, with what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// The name of the package that has it.
    pub package: &'a str,
    /// The name of the vulnerability.
    pub name: &'a str,
    /// Its other names.
    pub aliases: &'a [String],
    /// The vendor's severity.
    pub severity: Severity,
    /// The vendor's CVSS vectors.
    pub vectors: &'a [String],
    /// What the vendor does about it.
    pub fix_state: FixState,
    /// Its risk, where the report has it; else it is computed.
    pub risk: Option<u8>,
    /// What is known of it.
    pub facts: &'a Facts,
}

impl<'a> Finding<'a> {
    /// A vulnerability of a report, with what is known of it.
    pub fn of(package: &'a str, found: &'a ReportVulnerability, facts: &'a Facts) -> Self {
        Self {
            package,
            name: &found.name,
            aliases: &found.aliases,
            severity: found.normalized_severity,
            vectors: &found.cvss,
            fix_state: found.fix_state,
            risk: found.risk,
            facts,
        }
    }

    fn inputs(&self) -> Inputs {
        Inputs::of(self.severity, self.vectors, self.facts)
    }
}

/// An expression that is no condition, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePolicyError {
    /// The character at which it goes wrong, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for ParsePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at column {}: {}", self.column, self.reason)
    }
}

impl std::error::Error for ParsePolicyError {}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Flag(Flag),
    Number(Number, Operator, f64),
    Severity(Operator, Severity),
    Ssvc(Operator, Decision),
    Exploitation(Operator, Exploitation),
    FixState(bool, FixState),
    Text(Text, bool, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Kev,
    Ransomware,
    Fixable,
    Automatable,
    TotalImpact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Cvss,
    Epss,
    Percentile,
    Risk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Package,
    Vulnerability,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    More,
}

impl Operator {
    fn holds<T: PartialOrd + Copy>(self, found: T, asked: T) -> bool {
        match self {
            Self::Less => found < asked,
            Self::AtMost => found <= asked,
            Self::Equal => found == asked,
            Self::Unequal => found != asked,
            Self::AtLeast => found >= asked,
            Self::More => found > asked,
        }
    }
}

impl FromStr for Policy {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, ParsePolicyError> {
        parse::parse(text).map(Self)
    }
}

impl Policy {
    /// Whether the condition holds for a finding.
    pub fn holds(&self, finding: &Finding<'_>) -> bool {
        self.0.holds(finding)
    }
}

impl Condition {
    fn holds(&self, finding: &Finding<'_>) -> bool {
        match self {
            Self::Any(all) => all.iter().any(|condition| condition.holds(finding)),
            Self::All(all) => all.iter().all(|condition| condition.holds(finding)),
            Self::Not(condition) => !condition.holds(finding),
            Self::Flag(flag) => flag.of(finding),
            Self::Number(number, operator, asked) => {
                let found = number.of(finding);
                found.is_some_and(|found| operator.holds(found, *asked))
            }
            Self::Severity(operator, asked) => operator.holds(finding.severity, *asked),
            Self::Ssvc(operator, asked) => finding
                .facts
                .ssvc()
                .is_some_and(|ssvc| operator.holds(decide(&ssvc, MissionImpact::Medium), *asked)),
            Self::Exploitation(operator, asked) => finding
                .facts
                .ssvc()
                .is_some_and(|ssvc| operator.holds(ssvc.exploitation, *asked)),
            Self::FixState(is_equal, asked) => (finding.fix_state == *asked) == *is_equal,
            Self::Text(text, is_equal, asked) => text.is(finding, asked) == *is_equal,
        }
    }
}

impl Flag {
    fn of(self, finding: &Finding<'_>) -> bool {
        let facts = finding.facts;
        let ssvc = || facts.ssvc();
        match self {
            Self::Kev => facts.kev().next().is_some(),
            Self::Ransomware => facts.has_ransomware(),
            Self::Fixable => finding.fix_state == FixState::Fixed,
            Self::Automatable => ssvc().is_some_and(|ssvc| ssvc.automatable),
            Self::TotalImpact => ssvc().is_some_and(|ssvc| ssvc.total_impact),
        }
    }
}

impl Number {
    fn of(self, finding: &Finding<'_>) -> Option<f64> {
        let facts = finding.facts;
        match self {
            Self::Cvss => finding.inputs().cvss.map(|score| score.value),
            Self::Epss => facts.epss().map(|epss| epss.epss),
            Self::Percentile => facts.epss().map(|epss| epss.percentile),
            Self::Risk => {
                let made = || Risk::of(finding.inputs()).score;
                Some(finding.risk.unwrap_or_else(made).into())
            }
        }
    }
}

impl Text {
    fn is(self, finding: &Finding<'_>, asked: &str) -> bool {
        match self {
            Self::Package => finding.package == asked,
            Self::Vulnerability => {
                let mut aliases = finding.aliases.iter();
                finding.name.eq_ignore_ascii_case(asked)
                    || aliases.any(|name| name.eq_ignore_ascii_case(asked))
            }
        }
    }
}
