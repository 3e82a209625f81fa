//! Scores of the Common Vulnerability Scoring System.
//!
//! Several parties assess one vulnerability, by several versions of the system. Of them one score is
//! taken, [`best`], by these rules:
//!
//! 1. The newest version that anybody used: 4.0, then 3.1, 3.0, 2.0. Version 4.0 is the current
//!    standard of FIRST, which *supersedes* the ones before it
//!    (<https://www.first.org/cvss/v4-0/specification-document>); scores of different versions are
//!    made by different formulas, so they are never mixed.
//! 2. Within it, the vendor of the package, who knows how it was built; then NIST and CISA, who
//!    assess as third parties; then whoever else the databases pass on.
//! 3. The highest of what is left, which for several CVEs is the worst of them.
//!
//! Only base scores count: what vendors write as temporal metrics is of the day when they wrote it.

use std::fmt;

use polycvss::{Vector, Version as Of};

use crate::Facts;

/// A version of the system, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 2.0.
    V2,
    /// 3.0.
    V30,
    /// 3.1.
    V31,
    /// 4.0.
    V4,
}

impl Version {
    /// The version that a number names.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "2.0" => Self::V2,
            "3.0" => Self::V30,
            "3.1" => Self::V31,
            "4.0" => Self::V4,
            _ => return None,
        })
    }

    /// Its number.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V4 => "4.0",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A base score.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The version that it is of.
    pub version: Version,
    /// The score, 0 to 10.
    pub value: f64,
    /// Whose it is.
    pub source: String,
}

/// Whose a score is, in the order of rule 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Passed,
    Assessor,
    Vendor,
}

/// Computes the base score of a vector; `None` where it is none.
pub fn score(vector: &str) -> Option<(Version, f64)> {
    let vector: Vector = vector.parse().ok()?;
    let version = match Of::from(vector) {
        Of::V20 => Version::V2,
        Of::V30 => Version::V30,
        Of::V31 => Version::V31,
        Of::V40 => Version::V4,
    };
    Some((version, vector.base_score().into()))
}

/// The score that counts of a vulnerability, of which the vendor of a package gives `vectors`.
pub fn best<'v>(vectors: impl IntoIterator<Item = &'v str>, facts: &Facts) -> Option<Score> {
    let of_vendor = vectors.into_iter().filter_map(|vector| {
        let (version, value) = score(vector)?;
        Some((version, Rank::Vendor, value, "the vendor"))
    });
    let assessments = facts.cves.iter().flat_map(|facts| &facts.assessments);
    let of_others = assessments.filter_map(|assessment| {
        let rank = if assessment.primary {
            Rank::Assessor
        } else {
            Rank::Passed
        };
        let version = Version::of_name(&assessment.data.version)?;
        let value = assessment.data.base_score;
        Some((version, rank, value, assessment.source.as_str()))
    });
    let best = of_vendor.chain(of_others).max_by(|a, b| {
        (a.0, a.1)
            .cmp(&(b.0, b.1))
            .then_with(|| a.2.total_cmp(&b.2))
    });
    best.map(|(version, _, value, source)| Score {
        version,
        value,
        source: source.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use clair_model::facts::{Assessment, CvssData};

    use super::*;
    use crate::CveFacts;

    fn facts(of: &[(&str, bool, f64)]) -> Facts {
        let assessments = of.iter().map(|&(version, primary, base_score)| Assessment {
            source: if primary { "nvd@nist.gov" } else { "other" }.to_owned(),
            primary,
            data: CvssData {
                version: version.to_owned(),
                base_score,
                ..CvssData::default()
            },
        });
        Facts {
            cves: vec![CveFacts {
                assessments: assessments.collect(),
                ..CveFacts::default()
            }],
        }
    }

    #[test]
    fn the_newest_version_counts_then_the_vendor_then_who_assesses() {
        let v31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
        let v2 = "AV:N/AC:L/Au:N/C:C/I:C/A:C";
        for (vectors, others, expected) in [
            (&[v31][..], &[][..], Some((Version::V31, 9.8))),
            (&[v31], &[("4.0", false, 1.0)], Some((Version::V4, 1.0))),
            (&[v31], &[("3.1", true, 1.0)], Some((Version::V31, 9.8))),
            (&[v2], &[("3.0", false, 1.0)], Some((Version::V30, 1.0))),
            (&[v2], &[], Some((Version::V2, 10.0))),
            (
                &[],
                &[("3.1", true, 5.0), ("3.1", false, 9.0)],
                Some((Version::V31, 5.0)),
            ),
            (
                &[],
                &[("3.1", true, 5.0), ("3.1", true, 9.0)],
                Some((Version::V31, 9.0)),
            ),
            (&["nonsense"], &[("7", true, 5.0)], None),
        ] {
            let best = best(vectors.iter().copied(), &facts(others));
            assert_eq!(best.map(|best| (best.version, best.value)), expected);
        }
    }
}
