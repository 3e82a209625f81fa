//! From CVSS vectors to severities, by the qualitative rating scale of the specification.
//!
//! Base scores of versions 2.0, 3.0 and 3.1, <https://www.first.org/cvss/v3.1/specification-document>
//! (chapters 5, 7.1 and 7.4) and <https://www.first.org/cvss/v2/guide> (chapter 3.2.1). Version 4.0
//! scores by a table of equivalence classes and is left to those who show scores.

use clair_model::Severity;

/// The severity of the first vector that can be scored, the newest version of CVSS first.
pub(super) fn severity(vectors: &[String]) -> Severity {
    let of_version = |prefix: &str| {
        let mut of_it = vectors.iter().filter(|vector| vector.starts_with(prefix));
        of_it.find_map(|vector| base_score(vector))
    };
    let score = ["CVSS:3.1/", "CVSS:3.0/"].into_iter().find_map(of_version);
    match score.or_else(|| of_version("AV:")) {
        None => Severity::Unknown,
        Some(score) if score >= 9.0 => Severity::Critical,
        Some(score) if score >= 7.0 => Severity::High,
        Some(score) if score >= 4.0 => Severity::Medium,
        Some(score) if score > 0.0 => Severity::Low,
        Some(_) => Severity::Negligible,
    }
}

/// The base score of a vector; none if a metric of it is missing or unknown.
fn base_score(vector: &str) -> Option<f64> {
    let value = |metric: &str| {
        let mut pairs = vector.split('/').filter_map(|pair| pair.split_once(':'));
        pairs
            .find(|(name, _)| *name == metric)
            .map(|(_, value)| value)
    };
    if vector.starts_with("CVSS:3") {
        version_3(&value)
    } else {
        version_2(&value)
    }
}

fn version_3<'v>(value: &impl Fn(&str) -> Option<&'v str>) -> Option<f64> {
    let is_changed = match value("S")? {
        "C" => true,
        "U" => false,
        _ => return None,
    };
    let vector = weight(
        value("AV")?,
        &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)],
    )?;
    let complexity = weight(value("AC")?, &[("L", 0.77), ("H", 0.44)])?;
    let privileges = match (value("PR")?, is_changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    };
    let interaction = weight(value("UI")?, &[("N", 0.85), ("R", 0.62)])?;
    let mut unharmed = 1.0;
    for metric in ["C", "I", "A"] {
        unharmed *= 1.0 - weight(value(metric)?, &[("H", 0.56), ("L", 0.22), ("N", 0.0)])?;
    }
    let base = 1.0 - unharmed;
    let impact = if is_changed {
        7.52 * (base - 0.029) - 3.25 * (base - 0.02_f64).powi(15)
    } else {
        6.42 * base
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let exploitability = 8.22 * vector * complexity * privileges * interaction;
    let factor = if is_changed { 1.08 } else { 1.0 };
    Some(round_up((factor * (impact + exploitability)).min(10.0)))
}

fn version_2<'v>(value: &impl Fn(&str) -> Option<&'v str>) -> Option<f64> {
    let vector = weight(value("AV")?, &[("N", 1.0), ("A", 0.646), ("L", 0.395)])?;
    let complexity = weight(value("AC")?, &[("L", 0.71), ("M", 0.61), ("H", 0.35)])?;
    let authentication = weight(value("Au")?, &[("N", 0.704), ("S", 0.56), ("M", 0.45)])?;
    let mut unharmed = 1.0;
    for metric in ["C", "I", "A"] {
        unharmed *= 1.0 - weight(value(metric)?, &[("C", 0.660), ("P", 0.275), ("N", 0.0)])?;
    }
    let impact = 10.41 * (1.0 - unharmed);
    let exploitability = 20.0 * vector * complexity * authentication;
    let factor = if impact > 0.0 { 1.176 } else { 0.0 };
    let score = (0.6 * impact + 0.4 * exploitability - 1.5) * factor;
    Some((score * 10.0).round() / 10.0)
}

fn weight(value: &str, weights: &[(&str, f64)]) -> Option<f64> {
    weights
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, weight)| *weight)
}

/// The smallest number with one decimal that is not below, without what floating point adds.
fn round_up(score: f64) -> f64 {
    let hundred_thousandths = (score * 100_000.0).round();
    (hundred_thousandths / 10_000.0).ceil() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_specifications_examples() {
        for (vector, score) in [
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
            ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
            ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
        ] {
            let found = base_score(vector).unwrap();
            assert!((found - score).abs() < 1e-9, "{vector}: {found}");
        }
        for vector in [
            "",
            "CVSS:3.1/AV:N",
            "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        ] {
            assert_eq!(base_score(vector), None, "{vector}");
        }
    }

    #[test]
    fn the_newest_version_that_can_be_scored_counts() {
        let vectors = [
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "AV:N/AC:L/Au:N/C:N/I:N/A:C",
            "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
        ];
        let vectors = vectors.map(str::to_owned);
        assert_eq!(severity(&vectors), Severity::Medium);
        assert_eq!(severity(&vectors[..2]), Severity::High);
        assert_eq!(severity(&vectors[..1]), Severity::Unknown);
    }
}
