use clair_model::Algorithm;
use clair_rpc::proto::model::v1::{Severity, Vulnerability};

use super::*;

fn image(number: u8) -> Digest {
    Digest::new(Algorithm::Sha256, &[number; 32]).unwrap()
}

fn part(
    change: Change,
    name: &str,
    severity: Severity,
    images: &[u8],
) -> AffectedByAdvisoriesResponse {
    let vulnerability = Vulnerability {
        name: name.into(),
        description: format!("{change:?}"),
        normalized_severity: severity.into(),
        ..Vulnerability::default()
    };
    AffectedByAdvisoriesResponse {
        change: change.into(),
        vulnerability: Some(vulnerability),
        manifest_digests: images
            .iter()
            .map(|&number| image(number).to_string())
            .collect(),
    }
}

/// What is told, as the reason, the name of the vulnerability and the image.
fn news(
    summarize: bool,
    parts: Vec<AffectedByAdvisoriesResponse>,
) -> Vec<(Reason, String, Digest)> {
    let mut changes = Changes::default();
    for part in parts {
        changes.add(part).unwrap();
    }
    let news = changes.into_news(summarize);
    let told: Vec<_> = news
        .iter()
        .map(|(image, reason, summary)| {
            let summary = summary::decode(summary).unwrap();
            (reason, summary.name, image.clone())
        })
        .collect();
    for reason in [Reason::Added, Reason::Removed] {
        let count = told.iter().filter(|told| told.0 == reason).count();
        assert_eq!(news.count(reason), count as u64);
    }
    assert_eq!(news.is_empty(), told.is_empty());
    told
}

fn told(reason: Reason, name: &str, number: u8) -> (Reason, String, Digest) {
    (reason, name.to_owned(), image(number))
}

#[test]
fn a_summary_has_the_worst_for_each_image_and_reason() {
    use Change::{Added, Removed};
    use Reason::{Added as Came, Removed as Went};
    let parts = vec![
        part(Added, "CVE-1", Severity::Low, &[1, 2, 3]),
        part(Added, "CVE-2", Severity::Critical, &[2]),
        part(Removed, "CVE-3", Severity::High, &[1]),
        part(Removed, "CVE-4", Severity::Medium, &[1, 2]),
        part(Added, "CVE-1", Severity::Low, &[4]),
    ];
    assert_eq!(
        news(true, parts.clone()),
        [
            told(Came, "CVE-2", 2),
            told(Went, "CVE-3", 1),
            told(Went, "CVE-4", 2),
            told(Came, "CVE-1", 1),
            told(Came, "CVE-1", 3),
            told(Came, "CVE-1", 4),
        ]
    );
    assert_eq!(
        news(false, parts).len(),
        8,
        "without a summary it is all told"
    );
}

#[test]
fn of_equally_bad_ones_the_first_by_name_is_told() {
    let parts = vec![
        part(Change::Added, "CVE-2", Severity::Low, &[1]),
        part(Change::Added, "CVE-1", Severity::Low, &[1]),
    ];
    assert_eq!(news(true, parts), [told(Reason::Added, "CVE-1", 1)]);
}

#[test]
fn a_statement_that_was_only_reworded_is_no_news() {
    let parts = vec![
        part(Change::Added, "CVE-1", Severity::Low, &[1, 2]),
        part(Change::Removed, "CVE-1", Severity::Low, &[2, 3]),
    ];
    for summarize in [true, false] {
        assert_eq!(
            news(summarize, parts.clone()),
            [
                told(Reason::Added, "CVE-1", 1),
                told(Reason::Removed, "CVE-1", 3)
            ]
        );
    }
    let reworded = vec![
        part(Change::Added, "CVE-1", Severity::Low, &[1]),
        part(Change::Removed, "CVE-1", Severity::Low, &[1]),
    ];
    assert_eq!(news(true, reworded), []);
}

#[test]
fn a_worse_severity_is_news() {
    let parts = vec![
        part(Change::Added, "CVE-1", Severity::High, &[1]),
        part(Change::Removed, "CVE-1", Severity::Low, &[1]),
    ];
    assert_eq!(
        news(true, parts),
        [
            told(Reason::Added, "CVE-1", 1),
            told(Reason::Removed, "CVE-1", 1)
        ]
    );
}

#[test]
fn an_answer_that_makes_no_sense_is_refused() {
    let sound = part(Change::Added, "CVE-1", Severity::High, &[1]);
    let nameless = AffectedByAdvisoriesResponse {
        vulnerability: None,
        ..sound.clone()
    };
    let unchanged = AffectedByAdvisoriesResponse {
        change: Change::Unspecified.into(),
        ..sound.clone()
    };
    let damaged = AffectedByAdvisoriesResponse {
        manifest_digests: vec!["sha256:12".into()],
        ..sound
    };
    for answer in [nameless, unchanged, damaged] {
        let error = Changes::default().add(answer).unwrap_err();
        assert!(matches!(error, Failure::Answer(_)), "{error:?}");
    }
}
