//! Reports and images for the tests.

use clair_model::{
    Digest, Distribution, Environment, FixState, Id, PackageKind, ReportDistribution,
    ReportPackage, ReportRepository, ReportVulnerability, Severity, VulnerabilityReport,
};
use clair_triage::{Document, IgnoreFile, Image, ImageName, Rules, Triaged, Usage};

/// The digest of all images here.
pub(crate) const DIGEST: &str =
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub(crate) fn digest() -> Digest {
    DIGEST.parse().unwrap()
}

/// `ghcr.io/team/app:1.2`, for amd64.
pub(crate) fn image() -> Image {
    Image {
        names: vec![ImageName {
            repository: "ghcr.io/team/app".to_owned(),
            tag: Some("1.2".to_owned()),
        }],
        digests: vec![digest()],
        arch: Some("amd64".to_owned()),
        products: Vec::new(),
    }
}

pub(crate) fn debian() -> Distribution {
    Distribution {
        did: "debian".to_owned(),
        version: "12 (bookworm)".to_owned(),
        version_id: "12".to_owned(),
        version_code_name: "bookworm".to_owned(),
        ..Distribution::default()
    }
}

pub(crate) fn distribution(did: &str, version_id: &str) -> Distribution {
    Distribution {
        did: did.to_owned(),
        version_id: version_id.to_owned(),
        ..Distribution::default()
    }
}

/// A report in the making.
pub(crate) struct Builder {
    report: VulnerabilityReport,
}

impl Builder {
    pub(crate) fn new(distribution: Distribution) -> Self {
        let distribution = ReportDistribution {
            id: "1".to_owned(),
            distribution,
        };
        Self {
            report: VulnerabilityReport {
                manifest_hash: digest(),
                packages: [].into(),
                distributions: [(Id(1), distribution)].into(),
                repository: [].into(),
                environments: [].into(),
                vulnerabilities: [].into(),
                package_vulnerabilities: [].into(),
                enrichments: [].into(),
                coverage: Vec::new(),
            },
        }
    }

    /// Adds a package, found by an analyzer at some places.
    pub(crate) fn package(
        mut self,
        detector: &str,
        name: &str,
        version: &str,
        places: &[&str],
    ) -> Self {
        let id = Id(self.report.packages.len() as u64 + 1);
        let package = ReportPackage {
            id: id.to_string(),
            name: name.to_owned(),
            version: version.to_owned(),
            kind: Some(PackageKind::Binary),
            arch: if detector == "rpm" { "x86_64" } else { "amd64" }.to_owned(),
            detector: Some(detector.to_owned()),
            ..ReportPackage::default()
        };
        let environment = |place: &&str| Environment {
            package_db: (*place).to_owned(),
            introduced_in: digest(),
            distribution_id: "1".to_owned(),
            repository_ids: None,
        };
        self.report.packages.insert(id, package);
        let environments = places.iter().map(environment).collect();
        self.report.environments.insert(id, environments);
        self
    }

    /// Has the last package be built from a source.
    pub(crate) fn from(mut self, name: &str, version: &str) -> Self {
        let source = ReportPackage {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: Some(PackageKind::Source),
            ..ReportPackage::default()
        };
        let (_, package) = self.report.packages.iter_mut().next_back().unwrap();
        package.source = Some(Box::new(source));
        self
    }

    /// Has the last package be from a repository of this CPE.
    pub(crate) fn in_repository(mut self, cpe: &str) -> Self {
        let id = self.report.repository.len() as u64 + 1;
        let repository = ReportRepository {
            id: id.to_string(),
            cpe: cpe.to_owned(),
            ..ReportRepository::default()
        };
        self.report.repository.insert(Id(id), repository);
        let (_, places) = self.report.environments.iter_mut().next_back().unwrap();
        places[0].repository_ids = Some(vec![id.to_string()]);
        self
    }

    /// Has the last package be affected by a vulnerability.
    pub(crate) fn with(mut self, name: &str) -> Self {
        let id = Id(self.report.vulnerabilities.len() as u64 + 1);
        let found = ReportVulnerability {
            id: id.to_string(),
            updater: "debian".to_owned(),
            name: name.to_owned(),
            description: String::new(),
            issued: None,
            links: String::new(),
            severity: "high".to_owned(),
            normalized_severity: Severity::High,
            package: ReportPackage::default(),
            distribution: ReportDistribution::default(),
            repository: ReportRepository::default(),
            fixed_in_version: String::new(),
            aliases: Vec::new(),
            fix_state: FixState::Affected,
            note: None,
            cvss: Vec::new(),
            risk: None,
        };
        self.report.vulnerabilities.insert(id, found);
        let package = *self.report.packages.keys().next_back().unwrap();
        let ids = self.report.package_vulnerabilities.entry(package);
        ids.or_default().push(id);
        self
    }

    /// Changes the vulnerability that was added last.
    pub(crate) fn change(mut self, change: impl FnOnce(&mut ReportVulnerability)) -> Self {
        let (_, found) = self.report.vulnerabilities.iter_mut().next_back().unwrap();
        change(found);
        self
    }

    pub(crate) fn build(self) -> VulnerabilityReport {
        self.report
    }
}

/// `libssl3` and `libcurl4` of Debian, with a vulnerability each.
pub(crate) fn report() -> VulnerabilityReport {
    Builder::new(debian())
        .package("dpkg", "libssl3", "3.0.11-1", &["var/lib/dpkg/status"])
        .from("openssl", "3.0.11-1")
        .with("CVE-2024-1")
        .change(|found| found.aliases = vec!["GHSA-aaaa-bbbb-cccc".to_owned()])
        .package("dpkg", "libcurl4", "7.88.1-10", &["var/lib/dpkg/status"])
        .from("curl", "7.88.1-10")
        .with("CVE-2024-2")
        .change(|found| {
            found.fix_state = FixState::Fixed;
            found.fixed_in_version = "7.88.1-11".to_owned();
            found.normalized_severity = Severity::Low;
        })
        .build()
}

pub(crate) fn rules() -> Rules {
    Rules::new("2026-06-01".parse().unwrap())
}

/// Reads documents, which have to be understood.
#[track_caller]
pub(crate) fn documents(texts: &[&str]) -> Rules {
    let mut rules = rules();
    for (number, text) in texts.iter().enumerate() {
        let file = format!("{}.json", number + 1);
        rules.add_document(Document::parse(&file, text.as_bytes()).unwrap());
    }
    rules
}

/// Reads a file with rules, which has to be understood.
#[track_caller]
pub(crate) fn file(name: &str, text: &str) -> Rules {
    let mut rules = rules();
    rules.add_file(IgnoreFile::parse(name, text.as_bytes()).unwrap());
    rules
}

pub(crate) fn apply(rules: &Rules, report: VulnerabilityReport) -> Triaged {
    rules.apply(report, &image(), &mut Usage::default())
}

/// What is suppressed: package, vulnerability and the first reason.
pub(crate) fn suppressed(triaged: &Triaged) -> Vec<String> {
    triaged
        .suppressed
        .iter()
        .map(|it| format!("{} {}: {}", it.package, it.vulnerability.name, it.by[0]))
        .collect()
}

/// Package and vulnerability of what is suppressed.
pub(crate) fn names(triaged: &Triaged) -> Vec<String> {
    triaged
        .suppressed
        .iter()
        .map(|it| format!("{} {}", it.package, it.vulnerability.name))
        .collect()
}

/// What is left in a report: package and vulnerability.
pub(crate) fn left(report: &VulnerabilityReport) -> Vec<String> {
    let each = report.package_vulnerabilities.iter();
    each.flat_map(|(package, ids)| {
        ids.iter().map(|id| {
            let (package, found) = (&report.packages[package], &report.vulnerabilities[id]);
            format!("{} {}", package.name, found.name)
        })
    })
    .collect()
}
