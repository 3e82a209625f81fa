//! The matcher's part: vulnerability reports.

use std::collections::BTreeMap;

use clair_model::Digest;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Deserializer};

use crate::{Client, Document, Error};

/// What of a vulnerability report is read: which packages have which vulnerabilities.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    /// Which image it is about.
    pub manifest_hash: Digest,
    /// The packages, by their ids.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub packages: BTreeMap<String, ReportedPackage>,
    /// The vulnerabilities, by their ids.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub vulnerabilities: BTreeMap<String, ReportedVulnerability>,
    /// The ids of the vulnerabilities of each package.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub package_vulnerabilities: BTreeMap<String, Vec<String>>,
}

/// A package of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct ReportedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A vulnerability of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct ReportedVulnerability {
    /// Its name.
    pub name: String,
    /// The version that has it no more; empty if there is none.
    #[serde(default)]
    pub fixed_in_version: String,
}

impl Report {
    /// Each package with its vulnerabilities, by name and version. Those without any too.
    pub fn findings(&self) -> Vec<(&ReportedPackage, Vec<&ReportedVulnerability>)> {
        let mut findings: Vec<_> = self
            .packages
            .iter()
            .map(|(id, package)| {
                let ids = self.package_vulnerabilities.get(id).into_iter().flatten();
                let mut found: Vec<_> = ids.filter_map(|id| self.vulnerabilities.get(id)).collect();
                found.sort();
                (package, found)
            })
            .collect();
        findings.sort();
        findings
    }
}

impl Client {
    /// The vulnerability report of an image that is indexed. `None` as long as the server has no
    /// security data.
    pub async fn vulnerability_report(
        &self,
        manifest: &Digest,
    ) -> Result<Option<Document<Report>>, Error> {
        let digest = manifest.to_string();
        let path = ["matcher", "api", "v1", "vulnerability_report", &digest];
        let request = self.request(Method::GET, &path);
        let expected = [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED];
        match self.call(&request, &expected).await? {
            (StatusCode::ACCEPTED, _) => Ok(None),
            (_, json) => Document::read(&request.name(), json).map(Some),
        }
    }
}

/// Go writes `null` for a map that was never made.
pub(crate) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
