//! Manifests and reports.

use std::collections::BTreeMap;

use clair_model::{
    Digest, Distribution, Environment, FixState, Id, IndexReport, IndexState, PackageKind,
    ReportDistribution, ReportPackage, ReportRepository, ReportVulnerability, Severity,
    VulnerabilityReport,
};
use serde_json::{Value, json};

/// The digest of the manifest with this number.
pub(crate) fn digest(number: u8) -> Digest {
    format!("sha256:{}", format!("{number:02x}").repeat(32))
        .parse()
        .unwrap()
}

/// A manifest as a client submits it.
pub(crate) fn manifest(number: u8) -> Value {
    json!({"hash": digest(number).to_string(), "layers": [{
        "hash": digest(0xab).to_string(),
        "uri": "https://registry.example/v2/app/blobs/1",
        "headers": {"Accept": ["application/gzip"]},
    }]})
}

/// A report with one package.
pub(crate) fn index_report(manifest: &Digest) -> IndexReport {
    let (packages, distributions, environments) = content();
    IndexReport {
        manifest_hash: manifest.clone(),
        state: IndexState::IndexFinished,
        packages,
        distributions,
        repository: BTreeMap::new(),
        environments,
        success: true,
        err: String::new(),
        coverage: Vec::new(),
    }
}

/// A report with one vulnerability.
pub(crate) fn vulnerability_report(manifest: &Digest) -> VulnerabilityReport {
    let (packages, distributions, environments) = content();
    VulnerabilityReport {
        manifest_hash: manifest.clone(),
        packages,
        distributions,
        repository: BTreeMap::new(),
        environments,
        vulnerabilities: BTreeMap::from([(Id(1), vulnerability("1", Severity::High))]),
        package_vulnerabilities: BTreeMap::from([(Id(7), vec![Id(1)])]),
        enrichments: BTreeMap::new(),
        coverage: Vec::new(),
    }
}

pub(crate) fn vulnerability(id: &str, severity: Severity) -> ReportVulnerability {
    ReportVulnerability {
        id: id.to_owned(),
        updater: "debian/updater".to_owned(),
        name: format!("CVE-2024-000{id}"),
        description: "text <with> & without".to_owned(),
        issued: None,
        links: "https://example.org/1 https://example.org/2".to_owned(),
        severity: "important".to_owned(),
        normalized_severity: severity,
        package: ReportPackage {
            name: "openssl".to_owned(),
            kind: Some(PackageKind::Source),
            ..ReportPackage::default()
        },
        distribution: distribution(""),
        repository: ReportRepository::default(),
        fixed_in_version: "3.0.13-1".to_owned(),
        aliases: Vec::new(),
        fix_state: FixState::Fixed,
        note: None,
        cvss: Vec::new(),
        risk: None,
    }
}

pub(crate) fn distribution(id: &str) -> ReportDistribution {
    ReportDistribution {
        id: id.to_owned(),
        distribution: Distribution {
            did: "debian".to_owned(),
            version_id: "12".to_owned(),
            ..Distribution::default()
        },
    }
}

type Content = (
    BTreeMap<Id, ReportPackage>,
    BTreeMap<Id, ReportDistribution>,
    BTreeMap<Id, Vec<Environment>>,
);

fn content() -> Content {
    let package = ReportPackage {
        id: "7".to_owned(),
        name: "libssl3".to_owned(),
        version: "3.0.11-1".to_owned(),
        kind: Some(PackageKind::Binary),
        ..ReportPackage::default()
    };
    let environment = Environment {
        package_db: "var/lib/dpkg/status".to_owned(),
        introduced_in: digest(0xab),
        distribution_id: "1".to_owned(),
        repository_ids: None,
    };
    (
        BTreeMap::from([(Id(7), package)]),
        BTreeMap::from([(Id(1), distribution("1"))]),
        BTreeMap::from([(Id(7), vec![environment])]),
    )
}
