//! Statements of advisories, as messages that are about no image.

use clair_model::{
    Advisory, Affected, Distribution, ReportDistribution, ReportPackage, ReportRepository,
    ReportVulnerability,
};

/// The statements that an advisory of a source makes, each as a vulnerability.
pub(crate) fn vulnerabilities(source: &str, advisory: &Advisory) -> Vec<ReportVulnerability> {
    let statements = advisory.affected.iter();
    statements
        .map(|affected| vulnerability(source, advisory, affected))
        .collect()
}

fn vulnerability(source: &str, advisory: &Advisory, affected: &Affected) -> ReportVulnerability {
    let distribution = Distribution::of_namespace(&affected.namespace);
    let distribution = distribution.map(|distribution| ReportDistribution {
        id: String::new(),
        distribution,
    });
    let repository = match &distribution {
        Some(_) => ReportRepository::default(),
        None => ReportRepository::of_namespace(&affected.namespace),
    };
    ReportVulnerability {
        id: String::new(),
        updater: source.to_owned(),
        name: advisory.id.clone(),
        description: advisory.description.clone(),
        issued: advisory.issued,
        links: advisory.links.join(" "),
        severity: affected
            .severity
            .as_ref()
            .unwrap_or(&advisory.severity)
            .clone(),
        normalized_severity: affected
            .normalized_severity
            .unwrap_or(advisory.normalized_severity),
        package: ReportPackage {
            name: affected.package.clone(),
            kind: Some(affected.kind),
            module: affected.module.clone().unwrap_or_default(),
            arch: affected.arches.join("|"),
            ..ReportPackage::default()
        },
        distribution: distribution.unwrap_or_default(),
        repository,
        fixed_in_version: affected.fixed_version().unwrap_or_default().to_owned(),
        aliases: advisory.aliases.clone(),
        fix_state: affected.fix_state,
        note: affected.note.clone(),
        cvss: advisory.cvss.clone(),
        risk: None,
    }
}

#[cfg(test)]
mod tests {
    use clair_model::{FixState, Namespace, PackageKind, PackageManager, Vulnerable};

    use super::*;

    fn told_of(namespace: Namespace) -> ReportVulnerability {
        let statement = Affected::of(
            namespace,
            "a",
            PackageKind::Binary,
            Vulnerable::none(clair_version::Scheme::Dpkg),
            FixState::Affected,
        );
        let advisory = Advisory {
            affected: vec![statement],
            ..Advisory::new("CVE-1-0001")
        };
        vulnerabilities("source", &advisory).remove(0)
    }

    #[test]
    fn a_statement_about_a_distribution_names_it() {
        for name in ["debian:bookworm", "sles:15.5", "altlinux:p10", "wolfi"] {
            let Ok(namespace) = name.parse::<Namespace>();
            let told = told_of(namespace.clone());
            let base = told.distribution.distribution.base_namespace();
            assert_eq!(base, Some(namespace));
            assert_eq!(told.repository, ReportRepository::default());
        }
    }

    #[test]
    fn a_statement_about_an_ecosystem_names_it_as_a_repository() {
        for ecosystem in PackageManager::ALL.iter().filter_map(|one| one.ecosystem()) {
            let told = told_of(ecosystem.clone());
            assert_eq!(told.distribution, ReportDistribution::default());
            assert_eq!(told.repository.name, ecosystem.as_str());
        }
    }
}
