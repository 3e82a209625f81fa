//! What Red Hat's images tell of themselves: content manifests, histories, labels, recipes.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clair_inventory::{AnalyzeError, Analyzer, File, FileInfo, Findings, Provenance};
use clair_model::{PackageManager, Repository};
use clair_testing::corpus;

/// The analyzer that wants a path.
fn analyzer(path: &str) -> Option<Box<dyn Analyzer>> {
    let info = FileInfo {
        path,
        size: 1,
        mode: 0o644,
    };
    let mut wanting = clair_inventory::all();
    wanting.retain(|analyzer| analyzer.wants(&info));
    assert!(wanting.len() <= 1, "{path}");
    wanting.pop()
}

fn analyze(path: &str, bytes: &[u8]) -> Result<Findings, AnalyzeError> {
    analyzer(path).unwrap().analyze(&File { path, bytes }, &[])
}

/// What the files of a layer tell, by path.
fn layer(path: &Path) -> BTreeMap<String, Result<Findings, AnalyzeError>> {
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        if !entry.header().entry_type().is_file() || analyzer(&name).is_none() {
            continue;
        }
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        found.insert(name.clone(), analyze(&name, &bytes));
    }
    found
}

fn content_sets(findings: &Findings) -> Vec<String> {
    match &findings.provenance {
        Some(Provenance::Manifest { repositories, .. }) => repositories.clone(),
        other => panic!("no manifest: {other:?}"),
    }
}

const HISTORY: &str = "var/lib/dnf/history.sqlite";

fn origins(database: &[u8]) -> Vec<String> {
    let findings = analyze(HISTORY, database).unwrap();
    let Some(Provenance::History(history)) = findings.provenance else {
        panic!("no history");
    };
    let origins = history.origins.iter().map(|origin| {
        let place = usize::try_from(origin.repository).unwrap();
        let repository = &history.repositories[place];
        format!(
            "{} {} {} from {repository}",
            origin.name, origin.version, origin.arch
        )
    });
    origins.collect()
}

#[test]
fn layers_with_content_manifests_name_their_repositories() {
    let Some(corpus) = corpus() else { return };
    let read = |name: &str| layer(&corpus.join("pkgdb/rhel").join(name));
    for (name, paths) in [
        (
            "layer-with-embedded-cs.tar",
            &["root/buildinfo/content_manifests/foo-1.1-2.json"][..],
        ),
        (
            "rhcos-layer-with-embedded-cs.tar",
            &["usr/share/buildinfo/foo-1.1-2.json"],
        ),
        (
            "rhcos-layer-with-conflicting-files.tar",
            &[
                "root/buildinfo/content_manifests/foo-1.1-2.json",
                "usr/share/buildinfo/foo-1.1-2.json",
            ],
        ),
    ] {
        let found = read(name);
        assert_eq!(
            found.keys().map(String::as_str).collect::<Vec<_>>(),
            paths,
            "{name}"
        );
        for findings in found.values() {
            let findings = findings.as_ref().unwrap();
            assert_eq!(content_sets(findings), ["content-set-1", "content-set-2"]);
        }
    }
    let broken = read("layer-with-invalid-content-manifests-json.tar");
    let path = "root/buildinfo/content_manifests/ubi8-container-8.7-1112.json";
    assert!(broken[path].is_err());
    assert!(read("layer-with-no-cpe-info.tar").is_empty());
    // Its Dockerfile has no name.
    let unnamed = read("layer-with-cpe.tar");
    assert_eq!(unnamed.len(), 1);
    assert_eq!(
        unnamed.values().next().unwrap().as_ref().unwrap(),
        &Findings::default()
    );
}

#[test]
fn histories_of_dnf_tell_where_each_package_was_installed_from() {
    let Some(corpus) = corpus() else { return };
    let read = |name: &str| fs::read(corpus.join("pkgdb/rhel").join(name)).unwrap();
    assert_eq!(
        origins(&read("matching-dnf-history.sqlite")),
        [
            "crypto-policies 20210819-1.gitd0fdcfb.fc35 noarch from fedora-appstream-35",
            "libgcc 11.2.1-9.fc35 x86_64 from fedora-baseos-35",
            "pcre2-syntax 10.39-1.fc35 noarch from fedora-appstream-35",
            "tzdata 2021e-1.fc35 noarch from fedora-baseos-35",
        ]
    );
    let custom = origins(&read("custom-dnf-history.sqlite"));
    assert_eq!(custom.len(), 5);
    assert!(custom.contains(&"bash 5.1.8-6.el9 x86_64 from test-repo-appstream".to_owned()));
}

#[test]
fn damaged_histories_are_errors_and_nothing_else() {
    let Some(corpus) = corpus() else { return };
    let whole = fs::read(corpus.join("pkgdb/rhel/matching-dnf-history.sqlite")).unwrap();
    for length in (0..whole.len()).step_by(997) {
        let _ = analyze(HISTORY, &whole[..length]);
    }
    for place in (0..whole.len()).step_by(61) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xff;
        let _ = analyze(HISTORY, &damaged);
    }
    let other = fs::read(corpus.join("hostile/claircore-no_packages.sqlite")).unwrap();
    assert!(analyze(HISTORY, &other).is_err());
}

/// The labels of every Dockerfile that claircore has, read the same but for the names of files.
#[test]
fn recipes_and_labels_tell_which_image_it_is() {
    let Some(corpus) = corpus() else { return };
    let rhcc = corpus.join("pkgdb/rhcc");
    let image = |name: &str, path: &str| {
        let findings = analyze(path, &fs::read(rhcc.join(name)).unwrap()).unwrap();
        let [package] = &findings.packages[..] else {
            panic!("{name}: {findings:?}")
        };
        assert_eq!(package.manager, PackageManager::Rhcc);
        let source = package.source.as_ref().map_or("", |source| &source.name);
        let shown = format!(
            "{} {} {} {source}",
            package.name, package.version, package.arch
        );
        (shown, findings.repositories)
    };
    for (name, expected) in [
        (
            "Dockerfile-quay-clair-rhel8-v3.5.5-4",
            "quay/clair-rhel8 v3.5.5-4 x86_64 quay-clair-container",
        ),
        (
            "Dockerfile-quay-quay-rhel8-v3.5.6-4",
            "quay/quay-rhel8 v3.5.6-4 x86_64 quay-registry-container",
        ),
        (
            "Dockerfile-rhdh-rhdh-hub-rhel9-1.3-100",
            "rhdh/rhdh-hub-rhel9 1.3-100 x86_64 rhdh-hub-container",
        ),
        (
            "Dockerfile-openshift-ose-logging-elasticsearch6-v4.6.0-202112132021.p0.g2a13a81.assembly.stream",
            "openshift/ose-logging-elasticsearch6 v4.6.0-202112132021.p0.g2a13a81.assembly.stream x86_64 logging-elasticsearch6-container",
        ),
    ] {
        let (shown, repositories) = image(name, &format!("root/buildinfo/{name}"));
        assert_eq!(shown, expected);
        assert_eq!(repositories, [Repository::container_catalog()]);
    }
    for name in ["simple_labels.json", "quoted_labels.json"] {
        let (shown, repositories) = image(name, "root/buildinfo/labels.json");
        assert_eq!(
            shown,
            "openshift-gitops-1/gitops-rhel8-operator 1744596866 x86_64 "
        );
        assert_eq!(
            repositories,
            [Repository::containers(
                "cpe:2.3:a:redhat:openshift_gitops:1.16:*:el8:*:*:*:*:*"
            )]
        );
    }
}

#[test]
fn odd_labels_are_errors_or_nothing() {
    let labels = |json: &str| analyze("usr/share/buildinfo/labels.json", json.as_bytes());
    assert_eq!(labels("{}").unwrap(), Findings::default());
    assert_eq!(labels(r#"{"name":"a"}"#).unwrap(), Findings::default());
    for json in [
        "",
        r#"{"name":1}"#,
        r#"{"name":"a","org.opencontainers.image.created":"yesterday"}"#,
        r#"{"name":"a b","org.opencontainers.image.created":"2025-04-14T02:14:26Z"}"#,
        &format!("{}{}", "{\"a\":".repeat(10_000), "1"),
    ] {
        assert!(labels(json).is_err(), "{json:.50}");
    }
    let odd =
        r#"{"name":"a","org.opencontainers.image.created":"2025-04-14T02:14:26Z","cpe":"cpe:/x:"}"#;
    let found = labels(odd).unwrap();
    assert_eq!(found.repositories, []);
    assert_eq!(
        found.problems,
        ["its cpe: the kind of product is none of a, o and h"]
    );
    // The labels in the other place, which are the same, do not count beside them.
    let found = analyze("root/buildinfo/labels.json", odd.as_bytes()).unwrap();
    assert_eq!(found.supersedes, ["usr/share/buildinfo/labels.json"]);
}
