//! Images and advisories, out of a few words.

use std::collections::BTreeMap;

use clair_model::{
    Advisory, Affected, Algorithm, Digest, Distribution, Environment, FixState, Id, IndexReport,
    IndexState, Namespace, PackageKind, ReportDistribution, ReportPackage, VulnerabilityReport,
    Vulnerable,
};
use clair_version::Scheme;

pub(crate) fn digest(number: u64) -> Digest {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Digest::new(Algorithm::Sha256, &bytes).unwrap()
}

pub(crate) fn bookworm() -> Distribution {
    debian("12", "bookworm")
}

pub(crate) fn debian(version: &str, name: &str) -> Distribution {
    Distribution {
        did: "debian".into(),
        name: "Debian GNU/Linux".into(),
        version: format!("{version} ({name})"),
        version_code_name: name.into(),
        version_id: version.into(),
        pretty_name: format!("Debian GNU/Linux {version} ({name})"),
        ..Distribution::default()
    }
}

/// A package that was built from a source of another name, and the same version.
pub(crate) fn package(name: &str, source: &str, version: &str) -> ReportPackage {
    let named = |name: &str, kind| ReportPackage {
        name: name.into(),
        version: version.into(),
        kind: Some(kind),
        ..ReportPackage::default()
    };
    ReportPackage {
        source: Some(Box::new(named(source, PackageKind::Source))),
        arch: "amd64".into(),
        detector: Some("dpkg".into()),
        ..named(name, PackageKind::Binary)
    }
}

/// The index report of an image with one distribution.
pub(crate) fn image(
    number: u64,
    distribution: Distribution,
    packages: Vec<ReportPackage>,
) -> IndexReport {
    let environment = Environment {
        package_db: "var/lib/dpkg/status".into(),
        introduced_in: digest(0),
        distribution_id: "1".into(),
        repository_ids: None,
    };
    let packages: BTreeMap<_, _> = (1..).map(Id).zip(packages).collect();
    IndexReport {
        manifest_hash: digest(number),
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
        repository: [].into(),
        success: true,
        err: String::new(),
        coverage: Vec::new(),
    }
}

/// A statement about a source package of a Debian release: fixed in a version, or not at all.
pub(crate) fn about(release: &str, package: &str, fixed: Option<&str>) -> Affected {
    Affected::of(
        Namespace::debian(release),
        package,
        PackageKind::Source,
        fixed.map_or_else(
            || Vulnerable::all(Scheme::Dpkg),
            |fixed| Vulnerable::before(Scheme::Dpkg, fixed),
        ),
        if fixed.is_some() {
            FixState::Fixed
        } else {
            FixState::Affected
        },
    )
}

pub(crate) fn advisory(id: &str, affected: Vec<Affected>) -> Advisory {
    Advisory {
        description: format!("About {id}."),
        affected,
        ..Advisory::new(id)
    }
}

/// The names of all vulnerabilities of a report, sorted.
pub(crate) fn names(report: &VulnerabilityReport) -> Vec<String> {
    let found = report.vulnerabilities.values();
    let mut names: Vec<String> = found.map(|found| found.name.clone()).collect();
    names.sort();
    names
}
