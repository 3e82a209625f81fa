//! Index reports.

use clair_model::{
    Digest, Distribution, Environment, Id, IndexReport, IndexState, PackageKind,
    ReportDistribution, ReportPackage,
};

pub(crate) const ANALYZERS: &str = "dpkg:1";

/// A digest that begins with this number.
pub(crate) fn digest(number: u32) -> Digest {
    format!("sha256:{number:08x}{}", "0".repeat(56))
        .parse()
        .unwrap()
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

pub(crate) fn trixie() -> Distribution {
    Distribution {
        version: "13 (trixie)".into(),
        version_code_name: "trixie".into(),
        version_id: "13".into(),
        ..bookworm()
    }
}

/// A package of a source with the same version.
pub(crate) fn package(name: &str, source: &str, version: &str) -> ReportPackage {
    ReportPackage {
        name: name.into(),
        version: version.into(),
        kind: Some(PackageKind::Binary),
        arch: "amd64".into(),
        detector: Some("dpkg".into()),
        source: Some(Box::new(ReportPackage {
            name: source.into(),
            version: version.into(),
            kind: Some(PackageKind::Source),
            ..ReportPackage::default()
        })),
        ..ReportPackage::default()
    }
}

/// The report of an image with packages of one distribution.
pub(crate) fn report(
    manifest: &Digest,
    distribution: &Distribution,
    packages: &[ReportPackage],
) -> IndexReport {
    let environment = Environment {
        package_db: "var/lib/dpkg/status".into(),
        introduced_in: digest(0xfeed),
        distribution_id: "1".into(),
        repository_ids: None,
    };
    let numbered = (1..).map(Id).zip(packages);
    IndexReport {
        manifest_hash: manifest.clone(),
        state: IndexState::IndexFinished,
        packages: numbered
            .clone()
            .map(|(id, package)| {
                (
                    id,
                    ReportPackage {
                        id: id.to_string(),
                        ..package.clone()
                    },
                )
            })
            .collect(),
        distributions: [(
            Id(1),
            ReportDistribution {
                id: "1".into(),
                distribution: distribution.clone(),
            },
        )]
        .into(),
        repository: [].into(),
        environments: numbered
            .map(|(id, _)| (id, vec![environment.clone()]))
            .collect(),
        success: true,
        err: String::new(),
        coverage: Vec::new(),
    }
}
