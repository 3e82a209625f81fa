//! Which indexed images vulnerabilities affect.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_model::{FixState, ReportVulnerability, Severity};
use clair_rpc::proto::matcher::v1::affected_by_advisories_request::Selection;
use clair_rpc::proto::matcher::v1::{
    AffectedByAdvisoriesRequest, ListAffectedManifestsRequest, ListAffectedManifestsResponse,
    Vulnerabilities,
};
use clair_rpc::proto::model::v1;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json;
use super::page::{self, Page, Wanted};
use crate::app::App;
use crate::document::{Document, decode};
use crate::failure::Failure;
use crate::negotiation::{JSON, negotiate};
use crate::parameters::{InPath, InQuery};

const MEDIA_TYPE: &str = "application/vnd.clair.affected_manifests.v1+json";

/// Elements of a page, as the matcher has them.
const USUAL_PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1000;

/// The question of a notifier: statements as the matcher told them once.
#[derive(Debug, Deserialize)]
struct Question {
    vulnerabilities: Vec<Map<String, Value>>,
}

/// Which images they affect.
#[derive(Debug, Default, Serialize)]
struct AffectedManifests {
    vulnerabilities: BTreeMap<String, ReportVulnerability>,
    vulnerable_manifests: BTreeMap<String, Vec<String>>,
}

/// Gives the images that some vulnerabilities affect.
pub(crate) async fn of_vulnerabilities(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Document(body): Document,
) -> Result<Response, Failure> {
    let form = negotiate(&headers, &[MEDIA_TYPE, JSON])?;
    let question: Question = decode(body).await.map_err(|error| {
        Failure::bad_request(format!("failed to deserialize vulnerabilities: {error}"))
    })?;
    let vulnerabilities = question.vulnerabilities.into_iter().enumerate();
    let vulnerabilities = vulnerabilities
        .map(|(index, given)| {
            let vulnerability = complete(given);
            vulnerability
                .map(v1::Vulnerability::from)
                .map_err(|error| Failure::bad_request(format!("vulnerabilities[{index}]: {error}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let request = AffectedByAdvisoriesRequest {
        selection: Some(Selection::Vulnerabilities(Vulnerabilities {
            vulnerabilities,
        })),
    };
    let mut answers = app
        .matcher()
        .affected_by_advisories(request)
        .await?
        .into_inner();
    let mut affected = AffectedManifests::default();
    while let Some(answer) = answers.message().await? {
        let Some(message) = answer.vulnerability else {
            continue;
        };
        let vulnerability = vulnerability(message)?;
        for manifest in answer.manifest_digests {
            let ids = affected.vulnerable_manifests.entry(manifest).or_default();
            ids.push(vulnerability.id.clone());
        }
        let id = vulnerability.id.clone();
        affected.vulnerabilities.insert(id, vulnerability);
    }
    affected.sort();
    json(form, &affected)
}

impl AffectedManifests {
    /// Brings the worst vulnerability of each manifest to the front.
    fn sort(&mut self) {
        let known = &self.vulnerabilities;
        let severity = |id: &String| {
            known
                .get(id)
                .map_or(Severity::Unknown, |one| one.normalized_severity)
        };
        for ids in self.vulnerable_manifests.values_mut() {
            ids.sort_by(|one, other| severity(other).cmp(&severity(one)).then(one.cmp(other)));
            ids.dedup();
        }
    }
}

/// A vulnerability as a client gave it. Clients of Clair leave out what is empty, and do not know
/// what Clair does not have.
fn complete(given: Map<String, Value>) -> Result<ReportVulnerability, serde_json::Error> {
    let is_fixed = given
        .get("fixed_in_version")
        .and_then(Value::as_str)
        .is_some_and(|version| !version.is_empty());
    let fix_state = if is_fixed {
        FixState::Fixed
    } else {
        FixState::Affected
    };
    let none = ReportVulnerability {
        id: String::new(),
        updater: String::new(),
        name: String::new(),
        description: String::new(),
        issued: None,
        links: String::new(),
        severity: String::new(),
        normalized_severity: Severity::Unknown,
        package: clair_model::ReportPackage::default(),
        distribution: clair_model::ReportDistribution::default(),
        repository: clair_model::ReportRepository::default(),
        fixed_in_version: String::new(),
        aliases: Vec::new(),
        fix_state,
        note: None,
        cvss: Vec::new(),
        risk: None,
    };
    let mut whole = serde_json::to_value(none)?;
    fill(&mut whole, Value::Object(given));
    serde_json::from_value(whole)
}

/// Lays what was given over what there is; `null` is nothing given.
fn fill(whole: &mut Value, given: Value) {
    match (whole, given) {
        (_, Value::Null) => {}
        (Value::Object(whole), Value::Object(given)) => {
            for (name, value) in given {
                fill(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, given) => *whole = given,
    }
}

/// A page of the images that a vulnerability affects.
#[derive(Debug, Serialize)]
struct AffectedPage {
    page: Page,
    vulnerabilities: BTreeMap<String, ReportVulnerability>,
    manifests: Vec<AffectedManifest>,
}

#[derive(Debug, Serialize)]
struct AffectedManifest {
    manifest_hash: String,
    packages: Vec<AffectedPackage>,
}

#[derive(Debug, Serialize)]
struct AffectedPackage {
    name: String,
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    arch: String,
    vulnerabilities: Vec<String>,
}

/// Gives the images that a vulnerability affects, by any of its names.
pub(crate) async fn of_name(
    State(app): State<Arc<App>>,
    InPath(name): InPath<String>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Response, Failure> {
    let request = ListAffectedManifestsRequest {
        vulnerability: name,
        page_size: wanted.page_size,
        page_token: wanted.next.clone(),
    };
    let answer = app.matcher().list_affected_manifests(request).await;
    let ListAffectedManifestsResponse {
        manifests,
        vulnerabilities,
        next_page_token,
    } = answer.map_err(page::failed)?.into_inner();
    let vulnerabilities = vulnerabilities
        .into_iter()
        .map(|(id, message)| Ok((id.to_string(), vulnerability(message)?)))
        .collect::<Result<_, Failure>>()?;
    let manifests = manifests.into_iter().map(|manifest| AffectedManifest {
        manifest_hash: manifest.manifest_digest,
        packages: manifest
            .packages
            .into_iter()
            .map(AffectedPackage::from)
            .collect(),
    });
    let page = AffectedPage {
        page: wanted.page(USUAL_PAGE, LARGEST_PAGE, next_page_token),
        vulnerabilities,
        manifests: manifests.collect(),
    };
    json(JSON, &page)
}

impl From<clair_rpc::proto::matcher::v1::AffectedPackage> for AffectedPackage {
    fn from(package: clair_rpc::proto::matcher::v1::AffectedPackage) -> Self {
        let ids = package.vulnerability_ids.into_iter();
        Self {
            name: package.name,
            version: package.version,
            arch: package.arch,
            vulnerabilities: ids.map(|id| id.to_string()).collect(),
        }
    }
}

fn vulnerability(message: v1::Vulnerability) -> Result<ReportVulnerability, Failure> {
    ReportVulnerability::try_from(message).map_err(|error| Failure::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_of_clair_leave_out_is_nothing() {
        let given = serde_json::json!({
            "id": "991", "updater": "debian/updater", "name": "CVE-2024-0001",
            "issued": "0001-01-01T00:00:00Z", "normalized_severity": "High",
            "package": {"id": "", "name": "openssl", "kind": "source", "detector": null},
            "distribution": null, "repository": {"cpe": ""},
            "fixed_in_version": "3.0.13-1", "Self": {"Space": {}, "Name": ""}, "Aliases": null,
        });
        let Value::Object(given) = given else {
            panic!()
        };
        let vulnerability = complete(given).unwrap();
        assert_eq!(vulnerability.package.name, "openssl");
        assert_eq!(vulnerability.fix_state, FixState::Fixed);
        assert_eq!(vulnerability.normalized_severity, Severity::High);
    }

    #[test]
    fn what_is_of_another_kind_is_refused() {
        let Value::Object(given) = serde_json::json!({"name": 7}) else {
            panic!()
        };
        assert!(complete(given).is_err());
    }
}
