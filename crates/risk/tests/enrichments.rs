//! Facts in reports: what is written is read, and stands where clients look for it.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

use std::collections::BTreeMap;

use clair_model::facts::{Assessment, CvssData, Epss, Exploitation, Kev, Release, Ssvc};
use clair_model::{Id, JsonText};
use clair_risk::{CVSS, CveFacts, Facts, Releases, read, write};
use serde_json::{Value, json};

fn assessment(version: &str, primary: bool, base_score: f64) -> Assessment {
    Assessment {
        source: if primary {
            "nvd@nist.gov"
        } else {
            "cna@example.org"
        }
        .to_owned(),
        primary,
        data: CvssData {
            version: version.to_owned(),
            vector_string: format!("CVSS:{version}/AV:N"),
            base_score,
            base_severity: "HIGH".to_owned(),
            ..CvssData::default()
        },
    }
}

fn facts() -> Facts {
    Facts {
        cves: vec![CveFacts {
            cve: "CVE-2024-1000".to_owned(),
            assessments: vec![
                assessment("4.0", false, 9.3),
                assessment("3.0", true, 7.0),
                assessment("3.1", true, 10.0),
                assessment("3.1", false, 1.0),
            ],
            epss: Some(Epss {
                epss: 0.00042,
                percentile: 0.5,
            }),
            kev: Some(Kev {
                vulnerability_name: "A flaw".to_owned(),
                ..Kev::default()
            }),
            ssvc: Some(Ssvc {
                exploitation: Exploitation::Poc,
                automatable: true,
                total_impact: true,
                timestamp: "2024".to_owned(),
            }),
        }],
    }
}

fn releases() -> Releases {
    let release = |version: &str, date: &str| Release {
        version: version.to_owned(),
        date: date.to_owned(),
    };
    Releases {
        epss: release("v2025", "2025-09-03"),
        kev: release("2025.08.25", ""),
    }
}

fn json(enrichments: &BTreeMap<String, Vec<JsonText>>, of: &str) -> Value {
    let key = enrichments.keys().find(|key| key.contains(of)).unwrap();
    enrichments[key][0].read().unwrap()
}

#[test]
fn what_is_written_is_read() {
    let written = write([(Id(7), &facts())], &releases()).unwrap();
    let (read, of) = read(&written).unwrap();
    assert_eq!(read, [(Id(7), facts())].into());
    assert_eq!(of, releases());
}

#[test]
fn the_fields_are_those_of_clair() {
    let written = write([(Id(7), &facts())], &releases()).unwrap();
    assert_eq!(
        json(&written, "clair.cvss"),
        json!({"7": [{"version": "3.1", "vectorString": "CVSS:3.1/AV:N", "baseScore": 10.0,
            "baseSeverity": "HIGH"}]})
    );
    assert_eq!(
        json(&written, "clair.epss"),
        json!({"7": [{"modelVersion": "v2025", "date": "2025-09-03", "cve": "CVE-2024-1000",
            "epss": 0.00042, "percentile": 0.5}]})
    );
    let entry = &json(&written, "clair.kev")["7"][0];
    assert_eq!(entry["catalog_version"], "2025.08.25");
    assert_eq!(entry["vulnerability_name"], "A flaw");
    let advice = &json(&written, "clair.ssvc")["7"][0];
    assert_eq!(advice["exploitation"], "poc");
    assert_eq!(
        advice["decision"],
        json!({"low": "track", "medium": "track*", "high": "attend"})
    );
    assert_eq!(
        json(&written, "clair.scores")["7"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[test]
fn assessments_by_cvss_come_first_and_whenever_there_is_anything() {
    let written = write([(Id(7), &facts())], &releases()).unwrap();
    assert_eq!(written.keys().next().unwrap(), CVSS);
    assert_eq!(written.len(), 5);

    let mut without = facts();
    without.cves[0].assessments.clear();
    let written = write([(Id(7), &without)], &releases()).unwrap();
    assert_eq!(written.keys().next().unwrap(), CVSS);
    assert_eq!(json(&written, "clair.cvss"), json!({}));

    assert!(
        write([(Id(7), &Facts::default())], &releases())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_enrichment_of_another_form_is_an_error_that_names_it() {
    let enrichments = [(CVSS.to_owned(), vec!["[1]".parse().unwrap()])].into();
    let error = read(&enrichments).unwrap_err().to_string();
    assert!(error.contains("clair.cvss"), "{error}");
    let unknown = [("x".to_owned(), vec!["[1]".parse().unwrap()])].into();
    assert!(read(&unknown).unwrap().0.is_empty());
}
