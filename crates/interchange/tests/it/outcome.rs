//! What is found in an image is the same by what was fetched and by what was imported.

use std::collections::BTreeMap;
use std::path::Path;

use clair_interchange::{Outcome, Packing, Taken};
use clair_matching::Freshness;
use clair_model::{
    Advisory, Affected, Algorithm, Digest, Distribution, Environment, FixState, Id, IndexReport,
    IndexState, PackageKind, ReportDistribution, ReportPackage, Vulnerable,
};
use clair_version::{Range, Scheme};
use clair_vulndb::{Database, Provenance, Store};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::support::{document, now, write};

fn ubuntu(release: &str) -> IndexReport {
    let digest = Digest::new(Algorithm::Sha256, &[7; 32]).unwrap();
    let package = |name: &str, version: &str, kind| ReportPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: Some(kind),
        ..ReportPackage::default()
    };
    let packages = [("bash", "5.1-2"), ("curl", "7.1-1"), ("zlib1g", "1:1.2-3")];
    let packages: BTreeMap<Id, ReportPackage> = (1..)
        .map(Id)
        .zip(packages)
        .map(|(id, (name, version))| {
            let source = package(name, version, PackageKind::Source);
            let package = ReportPackage {
                source: Some(Box::new(source)),
                arch: "amd64".to_owned(),
                detector: Some("dpkg".to_owned()),
                ..package(name, version, PackageKind::Binary)
            };
            (id, package)
        })
        .collect();
    let environment = Environment {
        package_db: "var/lib/dpkg/status".to_owned(),
        introduced_in: digest.clone(),
        distribution_id: "1".to_owned(),
        repository_ids: None,
    };
    let distribution = Distribution {
        did: "ubuntu".to_owned(),
        name: "Ubuntu".to_owned(),
        version_id: release.to_owned(),
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

/// `package: vulnerability fix (state)`, sorted.
fn findings(directory: &Path, release: &str) -> Vec<String> {
    let database = Database::open(directory).unwrap();
    let freshness = Freshness {
        now: now(),
        max_age: SignedDuration::from_hours(24),
    };
    let report = clair_matching::report(&database, &ubuntu(release), &freshness).unwrap();
    let mut findings = Vec::new();
    for (package, ids) in &report.package_vulnerabilities {
        for id in ids {
            let found = &report.vulnerabilities[id];
            findings.push(format!(
                "{}: {} {} ({}, {})",
                report.packages[package].name,
                found.name,
                found.fixed_in_version,
                found.fix_state,
                found.normalized_severity
            ));
        }
    }
    findings.sort();
    findings
}

fn about(id: &str, statements: &[(&str, &str, Vulnerable, FixState)]) -> Advisory {
    let affected = statements
        .iter()
        .map(|(namespace, package, vulnerable, state)| {
            Affected::of(
                namespace.parse().unwrap(),
                *package,
                PackageKind::Source,
                vulnerable.clone(),
                *state,
            )
        });
    Advisory {
        affected: affected.collect(),
        ..Advisory::new(id)
    }
}

fn advisories() -> Vec<Advisory> {
    let before = |fixed: &str| Vulnerable::before(Scheme::Dpkg, fixed);
    let from = |introduced: &str| Vulnerable {
        scheme: Scheme::Dpkg,
        ranges: vec![Range {
            introduced: Some(introduced.to_owned()),
            ..Range::default()
        }],
    };
    vec![
        about(
            "CVE-2024-0001",
            &[
                ("ubuntu:22.04", "bash", before("5.1-3"), FixState::Fixed),
                ("ubuntu:24.04", "bash", before("5.1-1"), FixState::Fixed),
            ],
        ),
        // Vulnerable from a version on that one of them has not: Clair would say of both that
        // they are.
        about(
            "CVE-2024-0002",
            &[("ubuntu:22.04", "bash", from("6"), FixState::Affected)],
        ),
        about(
            "CVE-2024-0003",
            &[("ubuntu:22.04", "curl", from("7"), FixState::WillNotFix)],
        ),
        about(
            "CVE-2024-0004",
            &[
                (
                    "ubuntu:22.04",
                    "zlib1g",
                    Vulnerable::all(Scheme::Dpkg),
                    FixState::Affected,
                ),
                ("ubuntu:24.04", "zlib1g", before("1:1.3"), FixState::Fixed),
            ],
        ),
        about(
            "CVE-2024-0004",
            &[(
                "ubuntu:22.04",
                "zlib1g",
                Vulnerable::none(Scheme::Dpkg),
                FixState::NotAffected,
            )],
        ),
        about(
            "CVE-2024-0005",
            &[(
                "ubuntu:22.04:pro",
                "curl",
                before("7.1-1+esm1"),
                FixState::Fixed,
            )],
        ),
        about(
            "CVE-2024-0006",
            &[(
                "ubuntu:22.04:pro:fips",
                "curl",
                before("9"),
                FixState::Fixed,
            )],
        ),
    ]
}

fn fetched(directory: &Path) {
    let mut update = Store::open(directory).unwrap().lock().unwrap();
    let mut writer = update.writer("ubuntu").unwrap();
    for advisory in advisories() {
        writer.add(&advisory).unwrap();
    }
    let segment = writer.finish(Provenance {
        feed: "ubuntu".to_owned(),
        url: String::new(),
        fetched: now(),
        upstream: None,
        fingerprint: "of the feed".to_owned(),
        skipped: BTreeMap::new(),
        parser_version: 1,
    });
    update.replace(segment.unwrap());
    update.commit().unwrap();
}

fn import(directory: &Path, file: &[u8]) -> Vec<Outcome> {
    let mut update = Store::open(directory).unwrap().lock().unwrap();
    let before = Database::open(directory).ok();
    let mut is_known = |source: &str, fingerprint: &str| {
        let mut known = before.iter().flat_map(Database::sources);
        known.any(|known| known.name == source && known.fingerprint == fingerprint)
    };
    let imported =
        clair_interchange::import(&mut update, &mut document(file), &mut is_known).unwrap();
    if let Some(before) = &before {
        let taken = Taken::by(imported.iter().map(|imported| &*imported.source));
        clair_interchange::withdraw(before, &mut update, &taken).unwrap();
    }
    update.commit().unwrap();
    imported
        .into_iter()
        .map(|imported| imported.outcome)
        .collect()
}

fn names(directory: &Path) -> Vec<String> {
    let database = Database::open(directory).unwrap();
    database
        .sources()
        .iter()
        .map(|source| source.name.clone())
        .collect()
}

#[test]
fn what_was_imported_finds_what_the_feed_does() {
    let (direct, carried) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fetched(direct.path());
    let (file, _) = write(Packing::Zstd, &[("ubuntu", advisories())]);
    import(carried.path(), &file);
    let expected = findings(direct.path(), "22.04");
    assert_eq!(
        expected,
        [
            "bash: CVE-2024-0001 5.1-3 (fixed, Unknown)",
            "curl: CVE-2024-0003  (will-not-fix, Unknown)",
            "curl: CVE-2024-0005 7.1-1+esm1 (fixed, Unknown)",
        ]
    );
    assert_eq!(findings(carried.path(), "22.04"), expected);
    let expected = findings(direct.path(), "24.04");
    assert_eq!(expected, ["zlib1g: CVE-2024-0004 1:1.3 (fixed, Unknown)"]);
    assert_eq!(findings(carried.path(), "24.04"), expected);
}

#[test]
fn what_was_imported_takes_the_place_of_what_was_fetched_release_by_release() {
    let directory = TempDir::new().unwrap();
    fetched(directory.path());
    let expected = [
        findings(directory.path(), "22.04"),
        findings(directory.path(), "24.04"),
    ];
    // A file that has one release only.
    let mut advisories = advisories();
    for advisory in &mut advisories {
        let of_jammy =
            |affected: &Affected| affected.namespace.as_str().starts_with("ubuntu:22.04");
        advisory.affected.retain(of_jammy);
    }
    let (file, _) = write(Packing::None, &[("ubuntu", advisories)]);
    import(directory.path(), &file);
    assert_eq!(names(directory.path()), ["ubuntu", "ubuntu/jammy"]);
    let found = [
        findings(directory.path(), "22.04"),
        findings(directory.path(), "24.04"),
    ];
    assert_eq!(found, expected);
    let database = Database::open(directory.path()).unwrap();
    assert_eq!(database.sources()[0].advisories, 2);
    assert_eq!(database.sources()[0].fingerprint, "");
}

#[test]
fn what_was_imported_before_is_passed_over() {
    let directory = TempDir::new().unwrap();
    let (file, _) = write(Packing::None, &[("ubuntu", advisories())]);
    let first = import(directory.path(), &file);
    assert_eq!(first.len(), 2);
    assert!(
        first
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Stored { .. }))
    );
    let (again, _) = write(Packing::Gzip, &[("ubuntu", advisories())]);
    assert_eq!(
        import(directory.path(), &again),
        [Outcome::Known, Outcome::Known]
    );
    assert_eq!(names(directory.path()), ["ubuntu/jammy", "ubuntu/noble"]);
}

#[test]
fn an_update_of_which_nothing_is_of_use_leaves_what_was_there() {
    let directory = TempDir::new().unwrap();
    let (file, _) = write(Packing::None, &[("ubuntu", advisories())]);
    import(directory.path(), &file);
    let useless = crate::support::line(
        "ubuntu/updater/jammy",
        r#"{"name":"CVE-2024-0001","package":{"name":"a","kind":"binary"},"distribution":{"did":"plan9"}}"#,
    );
    assert_eq!(
        import(directory.path(), useless.as_bytes()),
        [Outcome::Nothing]
    );
    assert_eq!(names(directory.path()), ["ubuntu/jammy", "ubuntu/noble"]);
}
