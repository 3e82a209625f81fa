//! What Clair's own tests expect of Red Hat's documents, held against reports that Clair wrote. Where
//! more or less is found here on purpose, `docs/compatibility.md` has the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use clair_feeds::{Document, Limits, Sink, Skip, Source, by_name};
use clair_model::{
    Advisory, Distribution, Enrichment, IndexReport, ReportPackage, VulnerabilityReport,
};
use clair_testing::corpus;
use clair_vulndb::Database;
use serde_json::{Value, json};

use crate::support::{database_of, freshness, index, now, package};

/// What documents say.
#[derive(Default)]
struct Read {
    advisories: Vec<Advisory>,
    skipped: BTreeSet<(Skip, String)>,
}

impl Sink for Read {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.advisories.push(advisory);
        Ok(())
    }

    fn enrichment(&mut self, _: Enrichment) -> io::Result<()> {
        unreachable!("it is a feed of advisories")
    }

    fn skipped(&mut self, reason: Skip, subject: &str) {
        self.skipped.insert((reason, subject.to_owned()));
    }
}

/// Reads an archive of the corpus, or a directory, as Red Hat's feed does.
fn read(path: &Path) -> Read {
    let mut document = if path.is_dir() {
        Document::from_directory(path, Limits::default())
    } else {
        let name = path.display().to_string();
        let file = fs::File::open(path).unwrap();
        Document::from_reader(&name, file, Limits::default()).unwrap()
    };
    let source = Source {
        name: "rhel-vex".to_owned(),
        locations: Vec::new(),
        date: None,
    };
    let mut read = Read::default();
    let feed = by_name("rhel-vex").unwrap();
    feed.parse(&source, &mut document, &mut read).unwrap();
    read
}

/// The files of a bundle, `-- name --` before each, below a directory.
fn unbundle(bundle: &Path, directory: &Path) {
    let text = fs::read_to_string(bundle).unwrap();
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for line in text.lines() {
        let heading = line
            .strip_prefix("-- ")
            .and_then(|it| it.strip_suffix(" --"));
        match heading.and_then(|heading| heading.split_whitespace().next()) {
            Some(name) => {
                files.push((directory.join(name.trim_start_matches('/')), String::new()));
            }
            None => {
                if let Some((_, content)) = files.last_mut() {
                    content.push_str(line);
                    content.push('\n');
                }
            }
        }
    }
    for (path, content) in files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// A report that Clair wrote. It says where a package was found, and not by which analyzer; what it
/// has nothing of it leaves out.
fn clairs(path: &Path) -> IndexReport {
    let mut report: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let report = report.as_object_mut().unwrap();
    report.entry("distributions").or_insert_with(|| json!({}));
    let environments = report["environments"].clone();
    for (id, package) in report["packages"].as_object_mut().unwrap() {
        let place = environments[id][0]["package_db"].as_str().unwrap();
        let detector = match place.split_once(':') {
            Some(("bdb" | "sqlite", _)) => Some("rpm"),
            None if package["kind"] == "binary" => Some("rhcc"),
            _ => None,
        };
        let package = package.as_object_mut().unwrap();
        package.insert("detector".to_owned(), json!(detector));
        complete(package);
    }
    for environment in report["environments"].as_object_mut().unwrap().values_mut() {
        for environment in environment.as_array_mut().unwrap() {
            let environment = environment.as_object_mut().unwrap();
            environment
                .entry("distribution_id")
                .or_insert_with(|| json!(""));
        }
    }
    for (id, repository) in report["repository"].as_object_mut().unwrap() {
        let repository = repository.as_object_mut().unwrap();
        for (field, value) in [("id", id.as_str()), ("key", ""), ("uri", ""), ("cpe", "")] {
            repository.entry(field).or_insert_with(|| json!(value));
        }
    }
    serde_json::from_value(Value::Object(report.clone())).unwrap()
}

/// Adds the fields of a package that Clair leaves out where they are empty.
fn complete(package: &mut serde_json::Map<String, Value>) {
    for field in ["normalized_version", "cpe"] {
        package.entry(field).or_insert_with(|| json!(""));
    }
    let Some(source) = package.get_mut("source").and_then(Value::as_object_mut) else {
        return;
    };
    source.remove("source");
    complete(source);
    if source["name"] == "" {
        package.remove("source");
    }
}

/// `vulnerability package: state, fixed version`.
fn findings(report: &VulnerabilityReport) -> BTreeSet<String> {
    let of_packages = report.package_vulnerabilities.iter();
    of_packages
        .flat_map(|(package, ids)| {
            let name = &report.packages[package].name;
            ids.iter().map(move |id| {
                let found = &report.vulnerabilities[id];
                let (state, fixed) = (found.fix_state, &found.fixed_in_version);
                format!("{} {name}: {state} {fixed}", found.name)
            })
        })
        .collect()
}

fn matched(database: &Database, index: &IndexReport) -> BTreeSet<String> {
    findings(&clair_matching::report(database, index, &freshness()).unwrap())
}

#[test]
fn images_of_the_catalog_have_the_vulnerabilities_that_clair_finds() {
    let Some(corpus) = corpus() else { return };
    let corpus = corpus.join("api/claircore-integration");
    let documents = tempfile::tempdir().unwrap();
    unbundle(&corpus.join("rhel-server.txtar"), documents.path());
    let (_dir, database) = database_of(now(), &read(documents.path()).advisories);
    for (name, expected) in [
        (
            "clair-rhel8-v3.5.5-4",
            &["CVE-2021-3762 quay/clair-rhel8: fixed v3.5.7-8"][..],
        ),
        // It names its product.
        (
            "clair-rhel8-v3.5.5-4-labels",
            &["CVE-2021-3762 quay/clair-rhel8: fixed v3.5.7-8"],
        ),
        (
            "rook-ceph-operator-container-4.6-115.d1788e1.release_4.6",
            &["CVE-2020-8565 ocs4/rook-ceph-rhel8-operator: fixed 4.7-140.49a6fcf.release_4.7"],
        ),
        // Newer than the fix of its minor version, and older than that of the next one.
        (
            "rook-ceph-operator-container-4.7-159.76b9b11.release_4.7",
            &[],
        ),
    ] {
        let path = corpus.join(format!("rhel/testdata/{name}-indexreport.json"));
        let found = matched(&database, &clairs(&path));
        let expected: BTreeSet<String> = expected.iter().map(|&it| it.to_owned()).collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// The acceptance tests of Clair scan an image of RHEL 8 with these documents: `rhel-libssh` and
/// `rhel-gobin-fixed`. This is the report of another one with the same packages.
#[test]
fn an_image_of_release_8_has_what_the_acceptance_tests_expect() {
    let Some(corpus) = corpus() else { return };
    let redhat = corpus.join("feeds/redhat");
    let mut advisories = read(&redhat.join("vex-acceptance-claircore.tar.zst")).advisories;
    advisories.extend(read(&redhat.join("csaf-vex-trustify.tar.zst")).advisories);
    let (_dir, database) = database_of(now(), &advisories);
    let report = corpus.join("api/claircore-index-reports/rhacs-main-rhel8.index.json");
    let found = matched(&database, &clairs(&report));
    let expected = [
        "CVE-2024-0727 openssl-libs: deferred ",
        "CVE-2025-6176 brotli: fixed 1.0.6-4.el8_10",
        "CVE-2026-0968 libssh: deferred ",
        "CVE-2026-0968 libssh-config: deferred ",
        "CVE-2026-2673 openssl-libs: deferred ",
    ];
    let expected: BTreeSet<String> = expected.map(str::to_owned).into();
    assert_eq!(found, expected);
}

/// `vulnerability,product,status`, of which a product names the package, its version and the stream
/// of its module: `AppStream-8.10.0.Z.MAIN.EUS:name-1:2-3.aarch64::name:2`.
fn expectations(path: &Path) -> Vec<[String; 3]> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            fields.try_into().unwrap()
        })
        .collect()
}

/// A package of release 8 that is older than what a product names.
fn older(product: &str) -> ReportPackage {
    let (component, module) = product.split_once("::").unwrap();
    let (_, component) = component.split_once(':').unwrap();
    let (name, version) = component.split_at(component.find("-1:").unwrap());
    let version = version[1..].trim_end_matches(".aarch64");
    let older = version.replace("-12.module", "-11.module");
    assert_ne!(older, version);
    let both = format!("{name} {older}");
    ReportPackage {
        arch: "aarch64".into(),
        module: module.into(),
        ..package("rpm", &both, &both)
    }
}

#[test]
fn a_package_of_a_module_has_what_the_acceptance_tests_expect() {
    let Some(corpus) = corpus() else { return };
    let redhat = corpus.join("feeds/redhat");
    let read = read(&redhat.join("vex-acceptance-claircore.tar.zst"));
    let (_dir, database) = database_of(now(), &read.advisories);
    let rows = expectations(&redhat.join("vex-acceptance/cve-2025-40907.csv"));
    assert_eq!(rows.len(), 1);
    for [vulnerability, product, status] in rows {
        let package = older(&product);
        let release = Distribution {
            did: "rhel".into(),
            version_id: "8.10".into(),
            ..Distribution::default()
        };
        let found = matched(&database, &index(release, vec![package]));
        assert_eq!(status, "affected");
        // Clair finds it once for each context in which the module was built.
        assert_eq!(
            found,
            [format!(
                "{vulnerability} perl-FCGI: fixed 1:0.78-12.module+el8.10.0+23147+df114ff4"
            )]
            .into()
        );
    }
    // Packages of languages are compared with nothing, and are left out by design.
    let rows = expectations(&redhat.join("vex-acceptance/cve-2026-123.csv"));
    let products: BTreeMap<_, _> = rows.iter().map(|[id, product, _]| (id, product)).collect();
    assert_eq!(products.len(), 2);
    for (id, product) in products {
        assert!(!read.advisories.iter().any(|advisory| advisory.id == *id));
        let left_out = (Skip::OtherProduct, format!("{id} {product}"));
        // Of the other one there is no document.
        assert_eq!(read.skipped.contains(&left_out), id == "CVE-2026-123");
    }
}
