//! How long a report takes of an image of 600 packages with three vulnerabilities each: alone, with
//! a database that knows assessments and probabilities of 240 000 CVEs, and where it is products
//! that statements are about, of which the database has 400 and the image four.
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
    IndexReport, IndexState, Namespace, PackageKind, ReportDistribution, ReportPackage,
    ReportRepository, Repository, Severity, Vulnerable,
};
use clair_version::Scheme;
use clair_vulndb::{Database, Provenance, Store};
use jiff::Timestamp;

const PACKAGES: u64 = 600;
const FOUND: u64 = 3;
const YEARS: u64 = 20;
const OF_A_YEAR: u64 = 12_000;
const ROUNDS: usize = 21;
const PRODUCTS: u64 = 400;

/// What the database has and what the image is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Plain,
    Enriched,
    Products,
}

fn main() {
    let mut plain = None;
    for case in [Case::Plain, Case::Enriched, Case::Products] {
        let index = image(case);
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path(), case);
        let database = Database::open(directory.path()).unwrap();
        let freshness = Freshness::of_a_week();
        let mut times: Vec<Duration> = Vec::new();
        let (mut found, mut size) = (0, 0);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let report = clair_matching::report(&database, &index, &freshness).unwrap();
            times.push(began.elapsed());
            found = report.package_vulnerabilities.values().map(Vec::len).sum();
            size = serde_json::to_vec(&report).unwrap().len();
        }
        times.sort();
        let median = times[ROUNDS / 2];
        let ratio = median.as_secs_f64() / plain.get_or_insert(median).as_secs_f64();
        println!("{case:?}: {median:.2?}, {ratio:.2} x plain; {found} findings, {size} bytes");
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

fn fill(directory: &Path, case: Case) {
    let mut update = Store::open(directory).unwrap().lock().unwrap();
    let feed = match case {
        Case::Plain | Case::Enriched => "debian",
        Case::Products => "rhel-vex",
    };
    let mut writer = update.writer(feed).unwrap();
    for number in 0..PACKAGES * FOUND {
        let name = cve(number * 131);
        writer
            .add(&Advisory {
                normalized_severity: Severity::Medium,
                description: format!("A flaw of a package, {name}."),
                affected: namespaces(case, number)
                    .map(|namespace| {
                        Affected::of(
                            namespace,
                            format!("package-{}", number % PACKAGES),
                            PackageKind::Source,
                            Vulnerable::all(scheme(case)),
                            FixState::Affected,
                        )
                    })
                    .collect(),
                ..Advisory::new(name)
            })
            .unwrap();
    }
    update.replace(writer.finish(provenance(feed)).unwrap());
    if case == Case::Enriched {
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

/// What an advisory is about: Debian, or two products of the image and eight others.
fn namespaces(case: Case, number: u64) -> Box<dyn Iterator<Item = Namespace>> {
    match case {
        Case::Plain | Case::Enriched => Box::new([Namespace::debian("bookworm")].into_iter()),
        Case::Products => Box::new(
            [0, 1]
                .into_iter()
                .chain((0..8).map(move |other| 4 + (number * 8 + other) % (PRODUCTS - 4)))
                .map(|product| product_cpe(product).parse().unwrap()),
        ),
    }
}

fn scheme(case: Case) -> Scheme {
    match case {
        Case::Plain | Case::Enriched => Scheme::Dpkg,
        Case::Products => Scheme::Rpm,
    }
}

/// The product of a number; the first four are those of the image.
fn product_cpe(number: u64) -> String {
    match number {
        0 => "cpe:/o:redhat:enterprise_linux:9::baseos".to_owned(),
        1 => "cpe:/a:redhat:enterprise_linux:9::appstream".to_owned(),
        2 => "cpe:/a:redhat:enterprise_linux:9::crb".to_owned(),
        3 => "cpe:/a:redhat:ansible_automation_platform:2.4::el9".to_owned(),
        _ => format!("cpe:/a:redhat:product_{}:{}::el9", number / 4, number % 4),
    }
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

fn image(case: Case) -> IndexReport {
    let is_rpm = case == Case::Products;
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
                arch: if is_rpm { "x86_64" } else { "amd64" }.to_owned(),
                detector: Some(if is_rpm { "rpm" } else { "dpkg" }.to_owned()),
                ..named(number, PackageKind::Binary)
            };
            (Id(number + 1), package)
        })
        .collect();
    let environment = Environment {
        package_db: "var/lib/dpkg/status".to_owned(),
        introduced_in: digest.clone(),
        distribution_id: "1".to_owned(),
        repository_ids: is_rpm.then(|| (1..=4).map(|id| id.to_string()).collect()),
    };
    let distribution = if is_rpm {
        Distribution {
            did: "rhel".to_owned(),
            version_id: "9.4".to_owned(),
            ..Distribution::default()
        }
    } else {
        Distribution {
            did: "debian".to_owned(),
            version_code_name: "bookworm".to_owned(),
            version_id: "12".to_owned(),
            ..Distribution::default()
        }
    };
    let repositories = (0..4).map(|number| {
        let repository = Repository::packages(&product_cpe(number));
        let id = number + 1;
        (Id(id), ReportRepository::of(id.to_string(), repository))
    });
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
        repository: if is_rpm {
            repositories.collect()
        } else {
            BTreeMap::new()
        },
        success: true,
        err: String::new(),
        coverage: Vec::new(),
    }
}
