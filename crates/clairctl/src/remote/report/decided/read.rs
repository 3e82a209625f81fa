//! What rules need of a report: leniently, since Clair leaves much of it out.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clair_model::{
    Digest, Distribution, Environment, FixState, Id, PackageKind, ReportDistribution,
    ReportPackage, ReportRepository, ReportVulnerability, VulnerabilityReport,
};
use serde::{Deserialize, Deserializer};

type Map<T> = BTreeMap<String, T>;

#[derive(Deserialize)]
struct Report {
    manifest_hash: Digest,
    #[serde(default, deserialize_with = "null_is_empty")]
    packages: Map<Package>,
    #[serde(default, deserialize_with = "null_is_empty")]
    distributions: Map<System>,
    #[serde(default, deserialize_with = "null_is_empty")]
    repository: Map<Repository>,
    #[serde(default, deserialize_with = "null_is_empty")]
    environments: Map<Option<Vec<Place>>>,
    #[serde(default, deserialize_with = "null_is_empty")]
    vulnerabilities: Map<Vulnerability>,
    #[serde(default, deserialize_with = "null_is_empty")]
    package_vulnerabilities: Map<Option<Vec<String>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Package {
    name: String,
    version: String,
    source: Option<Box<Self>>,
    module: String,
    arch: String,
    cpe: String,
    detector: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct System {
    did: String,
    name: String,
    version: String,
    version_code_name: String,
    version_id: String,
    arch: String,
    cpe: String,
    pretty_name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Repository {
    name: String,
    key: String,
    uri: String,
    cpe: String,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    package_db: String,
    introduced_in: Digest,
    #[serde(default)]
    distribution_id: String,
    #[serde(default)]
    repository_ids: Option<Vec<String>>,
}

#[derive(Deserialize, Clone, Default)]
#[serde(default)]
pub(super) struct Vulnerability {
    updater: String,
    name: String,
    description: String,
    links: String,
    severity: String,
    normalized_severity: Option<String>,
    fixed_in_version: String,
    /// Clair has some with names in namespaces, which are no texts.
    aliases: Option<Vec<serde_json::Value>>,
    fix_state: Option<FixState>,
}

/// Reads a report.
pub(super) fn report(json: &[u8]) -> anyhow::Result<VulnerabilityReport> {
    let report: Report = serde_json::from_slice(json)?;
    Ok(VulnerabilityReport {
        manifest_hash: report.manifest_hash,
        packages: each(report.packages, |id, it| Ok(it.model(id)))?,
        distributions: each(report.distributions, |id, it| Ok(it.model(id)))?,
        repository: each(report.repository, |id, it| Ok(it.model(id)))?,
        environments: each(report.environments, |_, places| {
            let places = places.unwrap_or_default().into_iter();
            Ok(places.map(Place::model).collect())
        })?,
        vulnerabilities: each(report.vulnerabilities, |id, it| it.model(id))?,
        package_vulnerabilities: each(report.package_vulnerabilities, |_, ids| {
            ids.unwrap_or_default()
                .iter()
                .map(|id| number(id))
                .collect()
        })?,
        enrichments: BTreeMap::new(),
        coverage: Vec::new(),
    })
}

fn each<T, M>(
    map: Map<T>,
    model: impl Fn(&str, T) -> anyhow::Result<M>,
) -> anyhow::Result<BTreeMap<Id, M>> {
    map.into_iter()
        .map(|(id, value)| Ok((number(&id)?, model(&id, value)?)))
        .collect()
}

fn number(id: &str) -> anyhow::Result<Id> {
    let number = id.parse();
    number
        .map(Id)
        .with_context(|| format!("{id:?} is no key as Clair writes them"))
}

impl Package {
    fn model(self, id: &str) -> ReportPackage {
        ReportPackage {
            id: id.to_owned(),
            name: self.name,
            version: self.version,
            kind: Some(PackageKind::Binary),
            source: self.source.map(|source| Box::new(source.model(""))),
            normalized_version: String::new(),
            module: self.module,
            arch: self.arch,
            cpe: self.cpe,
            detector: self.detector,
        }
    }
}

impl System {
    fn model(self, id: &str) -> ReportDistribution {
        ReportDistribution {
            id: id.to_owned(),
            distribution: Distribution {
                did: self.did,
                name: self.name,
                version: self.version,
                version_code_name: self.version_code_name,
                version_id: self.version_id,
                arch: self.arch,
                cpe: self.cpe,
                pretty_name: self.pretty_name,
            },
        }
    }
}

impl Repository {
    fn model(self, id: &str) -> ReportRepository {
        ReportRepository {
            id: id.to_owned(),
            name: self.name,
            key: self.key,
            uri: self.uri,
            cpe: self.cpe,
        }
    }
}

impl Place {
    fn model(self) -> Environment {
        Environment {
            package_db: self.package_db,
            introduced_in: self.introduced_in,
            distribution_id: self.distribution_id,
            repository_ids: self.repository_ids,
        }
    }
}

impl Vulnerability {
    pub(super) fn model(self, id: &str) -> anyhow::Result<ReportVulnerability> {
        let severity = self.normalized_severity.unwrap_or_default();
        let alias = |alias: &serde_json::Value| {
            let text = alias.as_str().or_else(|| alias.get("name")?.as_str());
            text.map(str::to_owned)
        };
        Ok(ReportVulnerability {
            id: id.to_owned(),
            updater: self.updater,
            name: self.name,
            description: self.description,
            issued: None,
            links: self.links,
            severity: self.severity,
            normalized_severity: match severity.as_str() {
                "" => clair_model::Severity::Unknown,
                name => name.parse()?,
            },
            package: ReportPackage::default(),
            distribution: ReportDistribution::default(),
            repository: ReportRepository::default(),
            // Without a state, the version tells whether there is a fix.
            fix_state: self
                .fix_state
                .unwrap_or(match self.fixed_in_version.as_str() {
                    "" => FixState::Affected,
                    _ => FixState::Fixed,
                }),
            fixed_in_version: self.fixed_in_version,
            aliases: self.aliases.iter().flatten().filter_map(alias).collect(),
            note: None,
            cvss: Vec::new(),
            risk: None,
        })
    }
}

/// Go writes `null` for a map that was never made.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
