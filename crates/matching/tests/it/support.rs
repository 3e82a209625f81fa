//! Builds index reports and databases out of a few words.

use std::collections::BTreeMap;

use clair_matching::Freshness;
use clair_model::{
    Advisory, Affected, Algorithm, Digest, Distribution, Enrichment, Environment, FixState, Id,
    IndexReport, IndexState, Namespace, PackageKind, ReportDistribution, ReportPackage, Severity,
    VulnerabilityReport, Vulnerable,
};
use clair_version::Scheme;
use clair_vulndb::{Database, Provenance, Store};
use jiff::{SignedDuration, Timestamp};

/// When everything happens.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn freshness() -> Freshness {
    Freshness {
        now: now(),
        max_age: SignedDuration::from_hours(24 * 7),
    }
}

pub(crate) fn bookworm() -> Distribution {
    Distribution {
        did: "debian".into(),
        name: "Debian GNU/Linux".into(),
        version: "12 (bookworm)".into(),
        version_code_name: "bookworm".into(),
        version_id: "12".into(),
        pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
        ..Distribution::default()
    }
}

pub(crate) fn alpine(branch: &str) -> Distribution {
    Distribution {
        did: "alpine".into(),
        name: "Alpine Linux".into(),
        version: branch.into(),
        pretty_name: format!("Alpine Linux v{branch}"),
        ..Distribution::default()
    }
}

/// A package of the manager, `name version`, built from the source `name version`.
pub(crate) fn package(manager: &str, binary: &str, source: &str) -> ReportPackage {
    let named = |text: &str, kind| {
        let (name, version) = text.split_once(' ').unwrap();
        ReportPackage {
            name: name.into(),
            version: version.into(),
            kind: Some(kind),
            ..ReportPackage::default()
        }
    };
    ReportPackage {
        source: Some(Box::new(named(source, PackageKind::Source))),
        arch: "amd64".into(),
        detector: Some(manager.into()),
        ..named(binary, PackageKind::Binary)
    }
}

/// The report of an image with one distribution, all of whose packages are these.
pub(crate) fn index(distribution: Distribution, packages: Vec<ReportPackage>) -> IndexReport {
    let digest = Digest::new(Algorithm::Sha256, &[7; 32]).unwrap();
    let environment = Environment {
        package_db: "var/lib/dpkg/status".into(),
        introduced_in: digest.clone(),
        distribution_id: "1".into(),
        repository_ids: None,
    };
    let ids = (1..).map(Id);
    let packages: BTreeMap<Id, ReportPackage> = ids.zip(packages).collect();
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
                id: "1".into(),
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

/// A statement about a source package: fixed in a version, or affected in all.
pub(crate) fn about(namespace: &Namespace, package: &str, fixed: Option<&str>) -> Affected {
    let scheme = match namespace.family() {
        "alpine" => Scheme::Apk,
        "arch" => Scheme::Pacman,
        "bitnami" => Scheme::Bitnami,
        "debian" | "ubuntu" => Scheme::Dpkg,
        _ => Scheme::Rpm,
    };
    Affected::of(
        namespace.clone(),
        package,
        PackageKind::Source,
        fixed.map_or_else(
            || Vulnerable::all(scheme),
            |fixed| Vulnerable::before(scheme, fixed),
        ),
        if fixed.is_some() {
            FixState::Fixed
        } else {
            FixState::Affected
        },
    )
}

/// An advisory of this severity with these statements.
pub(crate) fn advisory(id: &str, severity: Severity, affected: Vec<Affected>) -> Advisory {
    Advisory {
        normalized_severity: severity,
        severity: severity.name().to_lowercase(),
        description: format!("About {id}."),
        links: vec![format!("https://vendor.example/{id}")],
        affected,
        ..Advisory::new(id)
    }
}

/// A database with one source, fetched at that time.
pub(crate) fn database_of(
    fetched: Timestamp,
    advisories: &[Advisory],
) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let mut update = Store::open(dir.path()).unwrap().lock().unwrap();
    let mut writer = update.writer("source").unwrap();
    for advisory in advisories {
        writer.add(advisory).unwrap();
    }
    let segment = writer
        .finish(Provenance {
            feed: "feed".into(),
            url: "https://vendor.example/".into(),
            fetched,
            upstream: None,
            fingerprint: String::new(),
            skipped: BTreeMap::new(),
            parser_version: 1,
        })
        .unwrap();
    update.replace(segment);
    update.commit().unwrap();
    let database = Database::open(dir.path()).unwrap();
    (dir, database)
}

/// Adds what a feed states, by tags, to a database.
pub(crate) fn add_facts(dir: &std::path::Path, feed: &str, facts: &[(&str, &str)]) -> Database {
    let mut update = Store::open(dir).unwrap().lock().unwrap();
    let mut writer = update.enrichment_writer(feed).unwrap();
    for (tag, value) in facts {
        let fact = Enrichment::new(*tag, value.parse().unwrap());
        writer.add(&fact).unwrap();
    }
    let segment = writer
        .finish(Provenance {
            feed: feed.into(),
            url: "https://vendor.example/".into(),
            fetched: now(),
            upstream: None,
            fingerprint: String::new(),
            skipped: BTreeMap::new(),
            parser_version: 1,
        })
        .unwrap();
    update.replace(segment);
    update.commit().unwrap();
    Database::open(dir).unwrap()
}

/// Matches with a database that has just been fetched.
pub(crate) fn scan(index: &IndexReport, advisories: &[Advisory]) -> VulnerabilityReport {
    let (_dir, database) = database_of(now(), advisories);
    clair_matching::report(&database, index, &freshness()).unwrap()
}

/// The names of what affects a package, worst first.
pub(crate) fn found(report: &VulnerabilityReport, package: u64) -> Vec<&str> {
    let ids = report.package_vulnerabilities.get(&Id(package));
    ids.into_iter()
        .flatten()
        .map(|id| report.vulnerabilities[id].name.as_str())
        .collect()
}
