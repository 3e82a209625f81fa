//! How long a report takes with and without enrichments: an image of 600 packages with three
//! vulnerabilities each, and a database that knows assessments and probabilities of 240 000 CVEs.
//!
//! `cargo run --release -p clair-matching --example bench_report`
#![allow(clippy::print_stdout, reason = "it prints what it measures")]
#![allow(
    clippy::unwrap_used,
    reason = "what cannot be set up cannot be measured"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clair_matching::Freshness;
use clair_model::{
    Advisory, Affected, Algorithm, Digest, Distribution, Enrichment, Environment, FixState, Id,
    IndexReport, IndexState, Namespace, PackageKind, ReportDistribution, ReportPackage, Severity,
    Vulnerable,
};
use clair_version::Scheme;
use clair_vulndb::{Database, Provenance, Store};
use jiff::Timestamp;

const PACKAGES: u64 = 600;
const FOUND: u64 = 3;
const YEARS: u64 = 20;
const OF_A_YEAR: u64 = 12_000;
const ROUNDS: usize = 21;

fn main() {
    let index = image();
    for is_enriched in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path(), is_enriched);
        let database = Database::open(directory.path()).unwrap();
        let freshness = Freshness::of_a_week();
        let mut times: Vec<Duration> = Vec::new();
        let mut size = 0;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let report = clair_matching::report(&database, &index, &freshness).unwrap();
            times.push(began.elapsed());
            size = serde_json::to_vec(&report).unwrap().len();
        }
        times.sort();
        println!(
            "enriched {is_enriched}: {:?} (median of {ROUNDS}), report of {size} bytes",
            times[ROUNDS / 2]
        );
    }
}

/// The CVE of a number, spread over all years.
fn cve(number: u64) -> String {
    let (year, number) = (2005 + number % YEARS, number / YEARS % OF_A_YEAR);
    format!("CVE-{year}-{:05}", 1000 + number)
}

fn provenance(feed: &str) -> Provenance {
    Provenance {
        feed: feed.to_owned(),
        url: String::new(),
        fetched: Timestamp::now(),
        upstream: None,
        fingerprint: String::new(),
        skipped: BTreeMap::new(),
        parser_version: 1,
    }
}

fn fill(directory: &Path, is_enriched: bool) {
    let mut update = Store::open(directory).unwrap().lock().unwrap();
    let mut writer = update.writer("debian").unwrap();
    for number in 0..PACKAGES * FOUND {
        let name = cve(number * 131);
        writer
            .add(&Advisory {
                normalized_severity: Severity::Medium,
                description: format!("A flaw of a package, {name}."),
                affected: vec![Affected {
                    namespace: Namespace::debian("bookworm"),
                    package: format!("package-{}", number % PACKAGES),
                    kind: PackageKind::Source,
                    arches: Vec::new(),
                    module: None,
                    vulnerable: Vulnerable::all(Scheme::Dpkg),
                    fix_state: FixState::Affected,
                    severity: None,
                    normalized_severity: None,
                    note: None,
                }],
                ..Advisory::new(name)
            })
            .unwrap();
    }
    update.replace(writer.finish(provenance("debian")).unwrap());
    if is_enriched {
        for year in 0..YEARS {
            let assessed = r#"{"cvss":[{"source":"nvd@nist.gov","primary":true,"data":{"version":
                "3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,
                "baseSeverity":"CRITICAL","attackVector":"NETWORK","attackComplexity":"LOW"}}]}"#;
            let of_year = |number: u64| cve(number * YEARS + year);
            add(
                &mut update,
                "nvd",
                &format!("nvd/{}", 2005 + year),
                assessed,
                &of_year,
            );
        }
        let scored = r#"{"epss":0.00042,"percentile":0.12345}"#;
        let mut writer = update.enrichment_writer("epss").unwrap();
        for number in 0..YEARS * OF_A_YEAR {
            let value = scored.parse().unwrap();
            writer.add(&Enrichment::new(cve(number), value)).unwrap();
        }
        update.replace(writer.finish(provenance("epss")).unwrap());
    }
    update.commit().unwrap();
}

fn add(
    update: &mut clair_vulndb::Update,
    feed: &str,
    source: &str,
    value: &str,
    tag: &dyn Fn(u64) -> String,
) {
    let mut writer = update.enrichment_writer(source).unwrap();
    for number in 0..OF_A_YEAR {
        let value = value.parse().unwrap();
        writer.add(&Enrichment::new(tag(number), value)).unwrap();
    }
    update.replace(writer.finish(provenance(feed)).unwrap());
}

fn image() -> IndexReport {
    let digest = Digest::new(Algorithm::Sha256, &[7; 32]).unwrap();
    let named = |number: u64, kind| ReportPackage {
        name: format!("package-{number}"),
        version: "1.0-1".to_owned(),
        kind: Some(kind),
        ..ReportPackage::default()
    };
    let packages: BTreeMap<Id, ReportPackage> = (0..PACKAGES)
        .map(|number| {
            let package = ReportPackage {
                source: Some(Box::new(named(number, PackageKind::Source))),
                arch: "amd64".to_owned(),
                detector: Some("dpkg".to_owned()),
                ..named(number, PackageKind::Binary)
            };
            (Id(number + 1), package)
        })
        .collect();
    let environment = Environment {
        package_db: "var/lib/dpkg/status".to_owned(),
        introduced_in: digest.clone(),
        distribution_id: "1".to_owned(),
        repository_ids: None,
    };
    let distribution = Distribution {
        did: "debian".to_owned(),
        version_code_name: "bookworm".to_owned(),
        version_id: "12".to_owned(),
        ..Distribution::default()
    };
    IndexReport {
        manifest_hash: digest,
        state: IndexState::IndexFinished,
        environments: packages
            .keys()
            .map(|&id| (id, vec![environment.clone()]))
            .collect(),
        packages,
        distributions: [(
            Id(1),
            ReportDistribution {
                id: "1".to_owned(),
                distribution,
            },
        )]
        .into(),
        repository: BTreeMap::new(),
        success: true,
        err: String::new(),
        coverage: Vec::new(),
    }
}
