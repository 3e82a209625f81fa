//! Documents that vendors have published, whole. They are read where the corpus is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use clair_model::Distribution;
use clair_testing::corpus;
use clair_triage::{Document, Format};

use crate::support::{Builder, apply, distribution, names, rules, suppressed};

/// The files of an archive, by their paths in it.
fn archive(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = zstd::Decoder::new(File::open(path).unwrap()).unwrap();
    let mut archive = tar::Archive::new(file);
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if Path::new(&name).extension().is_some_and(|it| it == "json") {
            files.insert(name, content);
        }
    }
    files
}

#[track_caller]
fn parse(name: &str, content: &[u8]) -> Document {
    Document::parse(name, content).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn all_documents_of_a_hub_are_understood() {
    let Some(corpus) = corpus() else {
        return;
    };
    let files = archive(&corpus.join("feeds/openvex/aquasecurity-vexhub.tar.zst"));
    let vex: Vec<Document> = files
        .iter()
        .filter(|(name, _)| name.starts_with("pkg/") && !name.ends_with("manifest.json"))
        .map(|(name, content)| parse(name, content))
        .collect();
    let statements: usize = vex.iter().map(Document::len).sum();
    println!("{} documents, {statements} statements", vex.len());
    // Counted by a second reading that knows nothing but JSON.
    assert_eq!((vex.len(), statements), (59, 15_304));
    assert!(
        vex.iter()
            .all(|it| it.notes().is_empty() && it.format() == Format::OpenVex)
    );
    let mut all = rules();
    for document in vex {
        all.add_document(document);
    }
    let report = Builder::new(Distribution::default())
        .package(
            "golang",
            "github.com/aquasecurity/trivy",
            "v0.50.0",
            &["usr/bin/trivy"],
        )
        .package("golang", "helm.sh/helm/v3", "v3.14.0", &["usr/bin/trivy"])
        .with("CVE-2024-26147")
        .package("golang", "helm.sh/helm/v3", "v3.14.0", &["usr/bin/other"])
        .with("CVE-2024-26147")
        .build();
    let triaged = apply(&all, report);
    assert_eq!(names(&triaged), ["helm.sh/helm/v3 CVE-2024-26147"]);
    assert_eq!(triaged.report.package_vulnerabilities.len(), 1);
}

#[test]
fn documents_of_canonical_are_understood() {
    let Some(corpus) = corpus() else {
        return;
    };
    let path = corpus.join("feeds/ubuntu/vex/cve/2023/CVE-2023-38545.json");
    let mut all = rules();
    all.read_vex(&path).unwrap();
    assert_eq!(all.notes().count(), 0);
    let report = |codename: &str, name: &str, version: &str| {
        let jammy = Distribution {
            version_code_name: codename.to_owned(),
            ..distribution("ubuntu", "")
        };
        Builder::new(jammy)
            .package("dpkg", name, version, &["var/lib/dpkg/status"])
            .with("CVE-2023-38545")
            .build()
    };
    for (codename, name, version, is_suppressed, is_annotated) in [
        ("jammy", "libcurl4", "7.81.0-1ubuntu1.24", true, false),
        ("jammy", "libcurl4", "7.81.0-1ubuntu1.13", false, false),
        ("xenial", "libcurl4-doc", "7.47.0-1ubuntu2.19", false, true),
        (
            "trusty",
            "libcurl4-doc",
            "7.35.0-1ubuntu2.20+esm19",
            true,
            false,
        ),
        (
            "focal",
            "libcurl4-doc",
            "7.35.0-1ubuntu2.20+esm19",
            false,
            false,
        ),
    ] {
        let triaged = apply(&all, report(codename, name, version));
        let found = (
            !triaged.suppressed.is_empty(),
            !triaged.annotated.is_empty(),
        );
        assert_eq!(
            found,
            (is_suppressed, is_annotated),
            "{codename} {name} {version}"
        );
    }
}

#[test]
fn documents_of_red_hat_are_understood() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut count = 0;
    for name in [
        "csaf-vex-trustify",
        "vex-claircore",
        "vex-acceptance-claircore",
    ] {
        for (file, content) in archive(&corpus.join(format!("feeds/redhat/{name}.tar.zst"))) {
            // These say no more than that a document is gone, and have not even a version.
            if file.contains("delete_") {
                continue;
            }
            let document = parse(&file, &content);
            let notes = document.notes();
            println!(
                "{file}: {} statements, {} notes {:?}",
                document.len(),
                notes.len(),
                notes.first()
            );
            count += 1;
        }
    }
    assert_eq!(count, 47);
    let files = archive(&corpus.join("feeds/redhat/vex-claircore.tar.zst"));
    let (name, content) = files
        .iter()
        .find(|(name, _)| name.ends_with("cve-2023-38545.json"))
        .unwrap();
    let mut all = rules();
    all.add_document(parse(name, content));
    let report = |release: &str, version: &str, repository: &str| {
        Builder::new(distribution("rhel", release))
            .package("rpm", "libcurl", version, &["var/lib/rpm"])
            .from("curl", version)
            .in_repository(repository)
            .with("CVE-2023-38545")
            .build()
    };
    for (release, version, repository, expected) in [
        (
            "8.9",
            "7.61.1-33.el8",
            "",
            "not_affected (vulnerable_code_not_present)",
        ),
        (
            "9.0",
            "7.76.1-14.el9_0.9",
            "cpe:/a:redhat:rhel_eus:9.0::appstream",
            "fixed",
        ),
        (
            "9.0",
            "7.76.1-14.el9_0.8",
            "cpe:/a:redhat:rhel_eus:9.0::appstream",
            "",
        ),
        ("9.0", "7.76.1-14.el9_0.9", "", ""),
        ("10.0", "8.9.1-5.el10", "", ""),
    ] {
        let triaged = apply(&all, report(release, version, repository));
        let found = suppressed(&triaged);
        let found = found
            .first()
            .map_or("", |text| text.rsplit(": ").next().unwrap());
        assert_eq!(found, expected, "{release} {version}");
    }
}

#[test]
fn documents_of_suse_are_understood() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut all = rules();
    all.read_vex(&corpus.join("feeds/suse/cve-2023-5568.json"))
        .unwrap();
    assert_eq!(all.notes().collect::<Vec<_>>(), []);
    let report = Builder::new(distribution("sles", "15.4"))
        .package("rpm", "samba-libs", "4.15.13-1", &["usr/lib/sysimage/rpm"])
        .with("CVE-2023-5568")
        .build();
    assert_eq!(names(&apply(&all, report)), ["samba-libs CVE-2023-5568"]);
}

#[test]
fn examples_and_tests_of_the_standard_are_understood_or_refused() {
    let Some(corpus) = corpus() else {
        return;
    };
    let files = archive(&corpus.join("feeds/csaf-spec/oasis-csaf-2.0-tests.tar.zst"));
    let (mut good, mut refused) = (0, Vec::new());
    for (name, content) in &files {
        match Document::parse(name, content) {
            Ok(_) => good += 1,
            Err(error) if name.contains("/examples/csaf/") => panic!("{error}"),
            Err(error) => refused.push(error.to_string()),
        }
    }
    println!("{good} read, {} refused: {refused:#?}", refused.len());
    assert!(good > 200, "{good}");
    // The circular definition of a product (6.1.3) is seen where a statement needs it.
    for claircore in fs::read_dir(corpus.join("feeds/csaf-spec/claircore")).unwrap() {
        let path = claircore.unwrap().path();
        if path.display().to_string().contains("deleted") {
            continue;
        }
        parse(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}
