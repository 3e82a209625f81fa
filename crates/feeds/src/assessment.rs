//! Assessments by CVSS, as databases in JSON write them in the words of FIRST's schemas.

use clair_model::facts::{Assessment, CvssData};
use serde::Deserialize;

use crate::{cvss, text};

/// Reads an assessment that somebody published as their own; `None` where it is none.
pub fn assessment(json: &str, source: &str) -> Option<Assessment> {
    let written: Written = serde_json::from_str(json).ok()?;
    written.keep(source, true, "")
}

/// An assessment, with all that it may have beside what we keep.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written {
    #[serde(default)]
    version: String,
    vector_string: String,
    base_score: f64,
    #[serde(default)]
    base_severity: String,
    #[serde(default)]
    attack_vector: String,
    #[serde(default)]
    attack_complexity: String,
    #[serde(default)]
    privileges_required: String,
    #[serde(default)]
    user_interaction: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    confidentiality_impact: String,
    #[serde(default)]
    integrity_impact: String,
    #[serde(default)]
    availability_impact: String,
}

impl Written {
    /// What we keep of it; `None` where it is none. `severity` is that of version 2, whose schema has
    /// none.
    pub(crate) fn keep(self, source: &str, primary: bool, severity: &str) -> Option<Assessment> {
        let vector = cvss::vector(&self.vector_string)?;
        let version = version(&vector)?;
        if !(0.0..=10.0).contains(&self.base_score) || (self.version.trim() != version) {
            return None;
        }
        let base_severity = if self.base_severity.is_empty() {
            severity
        } else {
            &self.base_severity
        };
        let mut data = CvssData {
            version: version.to_owned(),
            vector_string: defined(&vector),
            base_score: self.base_score,
            base_severity: word(base_severity),
            ..CvssData::default()
        };
        // Of the others the vector says all.
        if version.starts_with('3') {
            data = CvssData {
                attack_vector: word(&self.attack_vector),
                attack_complexity: word(&self.attack_complexity),
                privileges_required: word(&self.privileges_required),
                user_interaction: word(&self.user_interaction),
                scope: word(&self.scope),
                confidentiality_impact: word(&self.confidentiality_impact),
                integrity_impact: word(&self.integrity_impact),
                availability_impact: word(&self.availability_impact),
                ..data
            };
        }
        Some(Assessment {
            source: text::line(source),
            primary,
            data,
        })
    }
}

/// The version of CVSS that a vector is of.
fn version(vector: &str) -> Option<&'static str> {
    ["3.0", "3.1", "4.0"]
        .into_iter()
        .find(|version| {
            let rest = vector.strip_prefix("CVSS:");
            rest.and_then(|rest| rest.strip_prefix(version))
                .is_some_and(|rest| rest.starts_with('/'))
        })
        .or_else(|| vector.starts_with("AV:").then_some("2.0"))
}

/// A vector without the metrics that it says to be undefined, of which some databases write all of
/// version 4.
fn defined(vector: &str) -> String {
    let metrics = vector.split('/').filter(|metric| !metric.ends_with(":X"));
    metrics.collect::<Vec<_>>().join("/")
}

fn word(word: &str) -> String {
    let is_word = word.len() <= 32 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if is_word {
        word.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(json: &str) -> Option<CvssData> {
        let written: Written = serde_json::from_str(json).unwrap();
        Some(written.keep("nvd@nist.gov", true, "MEDIUM")?.data)
    }

    #[test]
    fn assessments_of_all_versions_are_kept() {
        let v2 = r#"{"version":"2.0","vectorString":"AV:N/AC:M/Au:N/C:N/I:P/A:N","baseScore":4.3}"#;
        assert_eq!(keep(v2).unwrap().base_severity, "MEDIUM");
        let v3 = r#"{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
            "baseScore":6.1,"baseSeverity":"MEDIUM","attackVector":"NETWORK","scope":"CHANGED"}"#;
        let v3 = keep(v3).unwrap();
        assert_eq!(
            (v3.attack_vector.as_str(), v3.scope.as_str()),
            ("NETWORK", "CHANGED")
        );
        let v4 = r#"{"version":"4.0","baseScore":9,"baseSeverity":"CRITICAL","attackVector":"NETWORK",
            "vectorString":"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:N/SC:H/SI:L/SA:N/E:X/CR:X"}"#;
        let v4 = keep(v4).unwrap();
        assert_eq!(
            v4.vector_string,
            "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:N/SC:H/SI:L/SA:N"
        );
        assert_eq!(v4.attack_vector, "");
    }

    #[test]
    fn what_contradicts_itself_is_no_assessment() {
        for json in [
            r#"{"version":"3.0","vectorString":"CVSS:3.1/AV:N","baseScore":1}"#,
            r#"{"version":"3.1","vectorString":"CVSS:3.1/AV:N","baseScore":11}"#,
            r#"{"version":"3.1","vectorString":"CVSS:3.1/AV:N","baseScore":-1}"#,
            r#"{"version":"5.0","vectorString":"CVSS:5.0/AV:N","baseScore":1}"#,
            r#"{"version":"3.1","vectorString":"","baseScore":1}"#,
        ] {
            assert_eq!(keep(json), None, "{json}");
        }
    }
}
