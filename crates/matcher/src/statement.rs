//! Statements of advisories, as messages that are about no image.

use clair_model::{
    Advisory, Affected, Distribution, Namespace, ReportDistribution, ReportPackage,
    ReportRepository, ReportVulnerability,
};

/// The statements that an advisory of a source makes, each as a vulnerability.
pub(crate) fn vulnerabilities(source: &str, advisory: &Advisory) -> Vec<ReportVulnerability> {
    let statements = advisory.affected.iter();
    statements
        .map(|affected| vulnerability(source, advisory, affected))
        .collect()
}

fn vulnerability(source: &str, advisory: &Advisory, affected: &Affected) -> ReportVulnerability {
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
        distribution: ReportDistribution {
            id: String::new(),
            distribution: distribution(&affected.namespace),
        },
        repository: ReportRepository::default(),
        fixed_in_version: affected.fixed_version().unwrap_or_default().to_owned(),
        aliases: advisory.aliases.clone(),
        fix_state: affected.fix_state,
        note: affected.note.clone(),
        cvss: advisory.cvss.clone(),
    }
}

/// The distribution that a namespace is about, as far as its name tells: the release is a number
/// or a code name.
fn distribution(namespace: &Namespace) -> Distribution {
    let mut parts = namespace.as_str().split(':');
    let did = parts.next().unwrap_or_default().to_owned();
    let release = parts.next().unwrap_or_default().to_owned();
    let is_number = release.starts_with(|first: char| first.is_ascii_digit());
    let (version_id, version_code_name) = if is_number {
        (release.clone(), String::new())
    } else {
        (String::new(), release.clone())
    };
    Distribution {
        did,
        version: release,
        version_id,
        version_code_name,
        pretty_name: namespace.to_string(),
        ..Distribution::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_made_from_a_namespace_is_in_that_namespace() {
        for name in [
            "debian:bookworm",
            "ubuntu:22.04",
            "alpine:3.18",
            "alpine:edge",
        ] {
            let Ok(namespace) = name.parse();
            assert_eq!(distribution(&namespace).base_namespace(), Some(namespace));
        }
        let Ok(pocket) = "ubuntu:22.04:pro".parse();
        let Ok(base) = "ubuntu:22.04".parse();
        assert_eq!(distribution(&pocket).base_namespace(), Some(base));
    }
}
