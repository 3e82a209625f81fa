//! Facts about CVEs: ours come back as they were, Clair's are understood, and Clair finds in our
//! files what its enrichers would have written.

use clair_interchange::{Packing, SourceWriter};
use clair_model::facts::{Epss, Kev, Nvd, RELEASE, Release};
use clair_model::{Enrichment, JsonText};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Received, now, read};

fn enrichment(tag: &str, value: &Value) -> Enrichment {
    Enrichment::new(tag, JsonText::of(value).unwrap())
}

/// The lines of a file, and the file read again.
fn carried(sources: &[(&str, &[Enrichment])]) -> (Vec<Value>, Received) {
    let spool = TempDir::new().unwrap();
    let written = sources.iter().map(|(source, enrichments)| {
        let mut writer = SourceWriter::new(spool.path(), source);
        for enrichment in *enrichments {
            writer.add_enrichment(enrichment).unwrap();
        }
        writer.finish().unwrap()
    });
    let mut file = Vec::new();
    clair_interchange::write(&mut file, Packing::None, now(), written.collect()).unwrap();
    let lines = std::str::from_utf8(&file).unwrap().lines();
    let lines = lines.map(|line| serde_json::from_str(line).unwrap());
    (lines.collect(), read(&file).unwrap())
}

/// What Clair finds under a name of an enricher: tags and fact of each line.
fn of_updater(lines: &[Value], updater: &str) -> Vec<Value> {
    let lines = lines.iter().filter(|line| line["Updater"] == updater);
    lines.map(|line| line["Enrichment"].clone()).collect()
}

/// A file of Clair's with one update.
fn file_of_clair(updater: &str, enrichments: &[Value]) -> String {
    let line = |enrichment| {
        let line = json!({
            "Updater": updater,
            "Fingerprint": "f",
            "Date": "2026-01-02T03:04:05.678901234Z",
            "Ref": "5a4a5c5b-9a1c-4a34-9f5d-0c6f7a3a8f01",
            "Enrichment": enrichment,
            "Kind": "enrichment",
        });
        format!("{line}\n")
    };
    enrichments.iter().map(line).collect()
}

fn assessment(version: &str, vector: &str, score: f64, primary: bool) -> Value {
    json!({
        "source": "nvd@nist.gov",
        "primary": primary,
        "data": {"version": version, "vectorString": vector, "baseScore": score},
    })
}

const V2: &str = "AV:N/AC:M/Au:N/C:N/I:P/A:N";
const V3: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N";

#[test]
fn ours_come_back_whole_and_clair_finds_its_own_form() {
    let old = [enrichment(
        "CVE-2009-0001",
        &json!({"cvss": [assessment("2.0", V2, 4.3, true)]}),
    )];
    let new = [enrichment(
        "CVE-2024-0001",
        &json!({"cvss": [assessment("2.0", V2, 4.3, true), assessment("3.1", V3, 6.1, true)]}),
    )];
    let scores = [
        enrichment("CVE-2024-0001", &json!({"epss": 0.5, "percentile": 0.75})),
        enrichment(RELEASE, &json!({"version": "v4", "date": "2026-05-31"})),
    ];
    let ssvc = [enrichment("CVE-2024-0001", &json!({"cwes": ["CWE-79"]}))];
    let (lines, received) = carried(&[
        ("nvd/2009", &old),
        ("nvd/2024", &new),
        ("epss", &scores),
        ("vulnrichment", &ssvc),
    ]);
    let sources: Vec<&str> = received.enrichments.keys().map(String::as_str).collect();
    assert_eq!(sources, ["epss", "nvd/2009", "nvd/2024", "vulnrichment"]);
    assert_eq!(received.enrichments["nvd/2009"], old);
    assert_eq!(received.enrichments["nvd/2024"], new);
    assert_eq!(received.enrichments["epss"], scores);
    assert_eq!(received.enrichments["vulnrichment"], ssvc);
    assert!(received.skipped.is_empty(), "{received:?}");

    assert_eq!(
        of_updater(&lines, "clair.cvss"),
        [json!({
            "Tags": ["CVE-2024-0001"],
            "Enrichment": {"version": "3.1", "vectorString": V3, "baseScore": 6.1},
        })]
    );
    assert_eq!(
        of_updater(&lines, "clair.epss"),
        [json!({
            "Tags": ["CVE-2024-0001"],
            "Enrichment": {
                "modelVersion": "v4",
                "date": "2026-05-31",
                "cve": "CVE-2024-0001",
                "epss": 0.5,
                "percentile": 0.75,
            },
        })]
    );
}

#[test]
fn assessments_of_clair_are_those_of_nist() {
    let file = file_of_clair(
        "clair.cvss",
        &[
            json!({
                "Tags": ["CVE-2024-0001"],
                "Enrichment": {
                    "version": "3.1",
                    "vectorString": V3,
                    "baseScore": 6.1,
                    "baseSeverity": "MEDIUM",
                    "attackVector": "NETWORK",
                },
            }),
            json!({"Tags": ["CVE-2024-0002"], "Enrichment": {"version": "3.1"}}),
        ],
    );
    let received = read(file).unwrap();
    let [found] = &received.enrichments["nvd/clair.cvss"][..] else {
        panic!("{received:?}");
    };
    assert_eq!(found.tags, ["CVE-2024-0001"]);
    let nvd: Nvd = found.value.read().unwrap();
    let [assessment] = &nvd.cvss[..] else {
        panic!("{nvd:?}");
    };
    assert!(assessment.primary);
    assert_eq!(assessment.source, "nvd@nist.gov");
    assert_eq!(assessment.data.vector_string, V3);
    assert_eq!(assessment.data.attack_vector, "NETWORK");
    assert_eq!(received.skipped.values().sum::<usize>(), 1);
}

#[test]
fn scores_and_the_catalogue_of_clair_have_their_release_once() {
    let score = |cve: &str, epss: f64| {
        json!({"Tags": [cve], "Enrichment": {
            "modelVersion": "v2025.03.14",
            "date": "2026-05-30T00:00:00+0000",
            "cve": cve,
            "epss": epss,
            "percentile": 0.9,
        }})
    };
    let scores = [score("CVE-2024-0001", 0.1), score("CVE-2024-0002", 0.2)];
    let received = read(file_of_clair("clair.epss", &scores)).unwrap();
    let [first, second, release] = &received.enrichments["epss"][..] else {
        panic!("{received:?}");
    };
    let epss = |found: &Enrichment| found.value.read::<Epss>().unwrap().epss;
    assert_eq!((epss(first), epss(second)), (0.1, 0.2));
    assert_eq!(release.tags, [RELEASE]);
    let release: Release = release.value.read().unwrap();
    assert_eq!(release.version, "v2025.03.14");

    let entry = json!({"Tags": ["CVE-2024-0001"], "Enrichment": {
        "cve": "CVE-2024-0001",
        "vulnerability_name": "A name",
        "catalog_version": "2026.05.30",
        "date_added": "2026-05-01",
        "short_description": "What it is.",
        "required_action": "Update.",
        "due_date": "2026-06-01",
        "known_ransomware_campaign_use": "Known",
    }});
    let received = read(file_of_clair("clair.kev", &[entry])).unwrap();
    let [entry, release] = &received.enrichments["kev"][..] else {
        panic!("{received:?}");
    };
    let entry: Kev = entry.value.read().unwrap();
    assert_eq!(entry.known_ransomware_campaign_use, "Known");
    let release: Release = release.value.read().unwrap();
    assert_eq!(release.version, "2026.05.30");
}

#[test]
fn facts_that_nobody_looks_for_are_left_out_and_told() {
    let file = file_of_clair(
        "house.scores",
        &[json!({"Tags": ["CVE-2024-0001"], "Enrichment": {"score": 1}})],
    );
    let received = read(file).unwrap();
    assert!(received.enrichments.is_empty());
    assert_eq!(received.skipped.values().sum::<usize>(), 1);
}
