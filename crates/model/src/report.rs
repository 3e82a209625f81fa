//! The two reports, with the JSON of Clair's v4 HTTP API.
//!
//! Field names, nesting and order are Clair's. What Clair's documents do not have comes after its
//! own fields: `coverage` in both reports; `aliases`, `fix_state`, `note`, `cvss` and `risk`
//! in a vulnerability. Clients of the API ignore fields that they do not know.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Digest, Distribution, FixState, Gap, JsonText, Namespace, PackageKind, Repository, Severity,
};

/// A key inside one report. The JSON has it as a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// How far the indexing of a manifest has come. The names are Clair's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexState {
    /// Finding out what is known already.
    CheckManifest,
    /// Fetching layers.
    FetchLayers,
    /// Reading layers.
    ScanLayers,
    /// Merging what the layers have.
    Coalesce,
    /// Storing what was found.
    IndexManifest,
    /// It failed; `err` says why.
    IndexError,
    /// Done.
    IndexFinished,
}

/// What an image contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexReport {
    /// Identity of the manifest.
    pub manifest_hash: Digest,
    /// How far indexing has come.
    pub state: IndexState,
    /// The installed packages.
    pub packages: BTreeMap<Id, ReportPackage>,
    /// The distributions.
    pub distributions: BTreeMap<Id, ReportDistribution>,
    /// The package repositories. The key of the JSON is in the singular.
    pub repository: BTreeMap<Id, ReportRepository>,
    /// Where each package was found; every package has at least one.
    pub environments: BTreeMap<Id, Vec<Environment>>,
    /// Whether indexing succeeded.
    pub success: bool,
    /// Why it did not.
    pub err: String,
    /// What could not be looked at.
    #[serde(default)]
    pub coverage: Vec<Gap>,
}

/// What an image contains and which of it is vulnerable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VulnerabilityReport {
    /// Identity of the manifest.
    pub manifest_hash: Digest,
    /// All packages, not only the vulnerable ones.
    pub packages: BTreeMap<Id, ReportPackage>,
    /// The distributions.
    pub distributions: BTreeMap<Id, ReportDistribution>,
    /// The package repositories. The key of the JSON is in the singular.
    pub repository: BTreeMap<Id, ReportRepository>,
    /// Where each package was found.
    pub environments: BTreeMap<Id, Vec<Environment>>,
    /// The vulnerabilities that affect any package.
    pub vulnerabilities: BTreeMap<Id, ReportVulnerability>,
    /// Which package has which vulnerabilities, worst first.
    pub package_vulnerabilities: BTreeMap<Id, Vec<Id>>,
    /// Further facts about vulnerabilities, by the type of fact. Each element is an object from the ids
    /// of vulnerabilities to lists of facts about them, in the form of the type.
    pub enrichments: BTreeMap<String, Vec<JsonText>>,
    /// What could not be looked at.
    #[serde(default)]
    pub coverage: Vec<Gap>,
}

/// A package in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPackage {
    /// Key in this report; empty in the pattern of a vulnerability.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version as the package manager writes it.
    pub version: String,
    /// Binary or source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PackageKind>,
    /// The source it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Box<ReportPackage>>,
    /// The version as a kind and ten integers, where Clair's clients compare by it.
    pub normalized_version: String,
    /// The rpm module stream, `name:stream`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// Architecture.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arch: String,
    /// CPE 2.3 or empty.
    pub cpe: String,
    /// The analyzer that found it.
    pub detector: Option<String>,
}

/// A distribution in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDistribution {
    /// Key in this report.
    pub id: String,
    /// The distribution.
    #[serde(flatten)]
    pub distribution: Distribution,
}

/// A package repository in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRepository {
    /// Key in this report.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Kind of repository.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uri: String,
    /// CPE 2.3 or empty.
    pub cpe: String,
}

impl ReportRepository {
    /// What stands for a namespace that belongs to no distribution: a product, or an ecosystem.
    pub fn of_namespace(namespace: &Namespace) -> Self {
        match namespace.repository() {
            Some(repository) => Self::of(String::new(), repository),
            None => Self {
                name: namespace.to_string(),
                ..Self::default()
            },
        }
    }

    /// A repository under a key.
    pub fn of(id: String, repository: Repository) -> Self {
        let Repository {
            name,
            key,
            uri,
            cpe,
        } = repository;
        Self {
            id,
            name,
            key,
            uri,
            cpe,
        }
    }

    /// The repository without its key.
    pub fn repository(&self) -> Repository {
        Repository {
            name: self.name.clone(),
            key: self.key.clone(),
            uri: self.uri.clone(),
            cpe: self.cpe.clone(),
        }
    }
}

/// Where a package was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The file that lists the package.
    pub package_db: String,
    /// The first layer that has the package in the form in which the image ends with it.
    pub introduced_in: Digest,
    /// The distribution it belongs to; empty if none is known.
    pub distribution_id: String,
    /// The repositories it may come from.
    pub repository_ids: Option<Vec<String>>,
}

/// A vulnerability in a report: a statement about one package pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportVulnerability {
    /// Key in this report.
    pub id: String,
    /// The source of the statement.
    pub updater: String,
    /// The name of the vulnerability.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// When it became public; year one if the source does not say.
    #[serde(with = "zero_time")]
    pub issued: Option<Timestamp>,
    /// Addresses, separated by spaces.
    pub links: String,
    /// Severity in the source's own words.
    pub severity: String,
    /// That severity, mapped.
    pub normalized_severity: Severity,
    /// The package the statement is about.
    pub package: ReportPackage,
    /// The distribution the statement is about.
    pub distribution: ReportDistribution,
    /// The repository the statement is about.
    pub repository: ReportRepository,
    /// The version that has the fix; empty if there is none to install.
    pub fixed_in_version: String,
    /// Other names.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What the vendor does about it.
    pub fix_state: FixState,
    /// The vendor's reason or condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// CVSS vectors, as the source gives them.
    #[serde(default)]
    pub cvss: Vec<String>,
    /// How much it matters, 0 to 100. Only what was found in an image has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<u8>,
}

/// Go's zero time stands for "unknown" in Clair's JSON.
mod zero_time {
    use super::{Deserialize, Deserializer, Serializer, Timestamp, de};

    const ZERO: &str = "0001-01-01T00:00:00Z";

    #[allow(clippy::ref_option)] // the signature is serde's
    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_str(ZERO),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == ZERO {
            return Ok(None);
        }
        text.parse().map(Some).map_err(de::Error::custom)
    }
}
