//! `--fail-on`: a condition under which findings make a command fail.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clair_model::{FixState, Gap, Id, JsonText, Severity, VulnerabilityReport};
use clair_risk::{Facts, Finding, Policy};
use clap::Args;
use serde::{Deserialize, Deserializer};

/// Exit status when there are findings under the condition.
pub(crate) const FOUND: u8 = 2;

/// Exit status when there is a condition and an image could not be understood.
pub(crate) const BLIND: u8 = 3;

#[derive(Debug, Args)]
pub(crate) struct FailOn {
    /// Exit with status 2 if a finding meets this condition, and with 3 if an image could not be
    /// understood.
    ///
    /// A severity means that one or worse: high. Else an expression of comparisons (severity>=high,
    /// cvss>=7, epss>0.5, epss.percentile>=0.95, risk>=70, ssvc>=attend, ssvc.exploitation=poc,
    /// fix-state=fixed, package=openssl, vulnerability=CVE-2024-1234), of flags (kev,
    /// kev.ransomware, fixable, ssvc.automatable, ssvc.total-impact), and, or, not and parentheses:
    /// fixable and (kev or epss>0.1).
    #[arg(long, value_name = "EXPRESSION", value_parser = parse)]
    pub(crate) fail_on: Option<Policy>,
}

/// An error shows the expression and points at the column.
fn parse(text: &str) -> Result<Policy, String> {
    text.parse().map_err(|error: clair_risk::ParsePolicyError| {
        let is_one_line = text.chars().count() <= 200 && !text.contains(char::is_control);
        if is_one_line {
            let pointer = " ".repeat(error.column.saturating_sub(1));
            format!("{error}\n  {text}\n  {pointer}^")
        } else {
            error.to_string()
        }
    })
}

/// Whether any finding of a report meets the condition.
pub(crate) fn is_met(policy: &Policy, report: &VulnerabilityReport) -> anyhow::Result<bool> {
    let (facts, _) = clair_risk::read(&report.enrichments)?;
    let nothing = Facts::default();
    let findings = report.package_vulnerabilities.iter();
    Ok(findings
        .flat_map(|(package, found)| found.iter().map(move |id| (package, id)))
        .any(|(package, id)| {
            let package = report.packages.get(package);
            let package = package.map_or("", |package| package.name.as_str());
            let facts = facts.get(id).unwrap_or(&nothing);
            let found = report.vulnerabilities.get(id);
            found.is_some_and(|found| policy.holds(&Finding::of(package, found, facts)))
        }))
}

/// What a condition comes to for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No finding meets it.
    Unmet,
    /// A finding does.
    Met,
    /// No finding does, but the image could not be understood.
    Blind,
}

/// The same for a report in the JSON of a server, which may be another Clair with less to tell.
pub(crate) fn judge_json(policy: &Policy, json: &[u8]) -> anyhow::Result<Verdict> {
    let report: Served = serde_json::from_slice(json).context("cannot read the report")?;
    let (facts, _) = clair_risk::read(&report.enrichments)?;
    let nothing = Facts::default();
    for (package, found) in &report.package_vulnerabilities {
        let package = report.packages.get(package);
        let package = package.map_or("", |package| package.name.as_str());
        for id in found {
            let Some(found) = report.vulnerabilities.get(id) else {
                continue;
            };
            let known = id.parse().ok().and_then(|id| facts.get(&Id(id)));
            let finding = found.finding(package, known.unwrap_or(&nothing));
            if policy.holds(&finding) {
                return Ok(Verdict::Met);
            }
        }
    }
    Ok(if report.coverage.iter().any(|gap| gap.kind.is_blind()) {
        Verdict::Blind
    } else {
        Verdict::Unmet
    })
}

/// What a condition needs of a report.
#[derive(Debug, Deserialize)]
struct Served {
    #[serde(default, deserialize_with = "or_default")]
    packages: BTreeMap<String, ServedPackage>,
    #[serde(default, deserialize_with = "or_default")]
    vulnerabilities: BTreeMap<String, ServedVulnerability>,
    #[serde(default, deserialize_with = "or_default")]
    package_vulnerabilities: BTreeMap<String, Vec<String>>,
    #[serde(default, deserialize_with = "or_default")]
    enrichments: BTreeMap<String, Vec<JsonText>>,
    #[serde(default, deserialize_with = "or_default")]
    coverage: Vec<Gap>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServedPackage {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServedVulnerability {
    name: String,
    aliases: Vec<String>,
    normalized_severity: String,
    fixed_in_version: String,
    fix_state: Option<FixState>,
    cvss: Vec<String>,
    risk: Option<u8>,
}

/// Go writes `null` for an empty map.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl ServedVulnerability {
    fn finding<'a>(&'a self, package: &'a str, facts: &'a Facts) -> Finding<'a> {
        let is_fixed = !matches!(self.fixed_in_version.as_str(), "" | "0");
        let told = if is_fixed {
            FixState::Fixed
        } else {
            FixState::Affected
        };
        Finding {
            package,
            name: &self.name,
            aliases: &self.aliases,
            severity: self
                .normalized_severity
                .parse()
                .unwrap_or(Severity::Unknown),
            vectors: &self.cvss,
            fix_state: self.fix_state.unwrap_or(told),
            risk: self.risk,
            facts,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_points_at_its_column() {
        let error = parse("severity>=hi").unwrap_err();
        assert!(
            error.ends_with("\n  severity>=hi\n            ^"),
            "{error}"
        );
    }

    #[test]
    fn a_report_of_any_clair_is_judged() {
        let report = json!({
            "packages": {"1": {"name": "openssl"}},
            "vulnerabilities": {
                "7": {"name": "CVE-2024-1000", "normalized_severity": "High", "fixed_in_version": "2"},
                "8": {"name": "CVE-2024-1001", "normalized_severity": "Low", "fixed_in_version": "0"},
            },
            "package_vulnerabilities": {"1": ["7", "8"]},
            "enrichments": {
                clair_risk::CVSS: [{"7": [{"version": "3.1", "vectorString": "x", "baseScore": 8.1}]}],
            },
        });
        let json = serde_json::to_vec(&report).unwrap();
        for (expression, expected) in [
            ("high", true),
            ("critical", false),
            ("cvss>8", true),
            ("cvss>8.5", false),
            ("low and not fixable", true),
            ("high and not fixable", false),
            ("kev", false),
            ("package=openssl and vulnerability=cve-2024-1001", true),
        ] {
            let policy = parse(expression).unwrap();
            let is_met = judge_json(&policy, &json).unwrap() == Verdict::Met;
            assert_eq!(is_met, expected, "{expression}");
        }
        let empty = json!({"packages": null, "vulnerabilities": null, "enrichments": null});
        let json = serde_json::to_vec(&empty).unwrap();
        let verdict = judge_json(&parse("unknown").unwrap(), &json).unwrap();
        assert_eq!(verdict, Verdict::Unmet);
    }
}
