//! The two reports.

use std::collections::BTreeMap;

use clair_model::{
    Gap, Id, IndexReport, IndexState, JsonText, ReportDistribution, ReportRepository,
    VulnerabilityReport,
};

use super::{InvalidField, digest, list, map, named, specified};
use crate::proto::model::v1;

impl From<IndexState> for v1::IndexState {
    fn from(state: IndexState) -> Self {
        match state {
            IndexState::CheckManifest => Self::CheckManifest,
            IndexState::FetchLayers => Self::FetchLayers,
            IndexState::ScanLayers => Self::ScanLayers,
            IndexState::Coalesce => Self::Coalesce,
            IndexState::IndexManifest => Self::IndexManifest,
            IndexState::IndexError => Self::IndexError,
            IndexState::IndexFinished => Self::IndexFinished,
        }
    }
}

impl From<v1::IndexState> for Option<IndexState> {
    fn from(state: v1::IndexState) -> Self {
        match state {
            v1::IndexState::Unspecified => None,
            v1::IndexState::CheckManifest => Some(IndexState::CheckManifest),
            v1::IndexState::FetchLayers => Some(IndexState::FetchLayers),
            v1::IndexState::ScanLayers => Some(IndexState::ScanLayers),
            v1::IndexState::Coalesce => Some(IndexState::Coalesce),
            v1::IndexState::IndexManifest => Some(IndexState::IndexManifest),
            v1::IndexState::IndexError => Some(IndexState::IndexError),
            v1::IndexState::IndexFinished => Some(IndexState::IndexFinished),
        }
    }
}

impl From<Gap> for v1::Gap {
    fn from(gap: Gap) -> Self {
        Self {
            kind: gap.kind.name().to_owned(),
            subject: gap.subject,
            message: gap.message,
        }
    }
}

impl TryFrom<v1::Gap> for Gap {
    type Error = InvalidField;

    fn try_from(message: v1::Gap) -> Result<Self, InvalidField> {
        Ok(Self {
            kind: named("kind", &message.kind)?,
            subject: message.subject,
            message: message.message,
        })
    }
}

impl From<IndexReport> for v1::IndexReport {
    fn from(report: IndexReport) -> Self {
        Self {
            manifest_digest: report.manifest_hash.to_string(),
            state: v1::IndexState::from(report.state).into(),
            packages: messages(report.packages),
            distributions: messages(report.distributions),
            repositories: messages(report.repository),
            environments: messages(report.environments),
            success: report.success,
            error: report.err,
            coverage: report.coverage.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::IndexReport> for IndexReport {
    type Error = InvalidField;

    fn try_from(message: v1::IndexReport) -> Result<Self, InvalidField> {
        Ok(Self {
            manifest_hash: digest("manifest_digest", &message.manifest_digest)?,
            state: specified("state", message.state, v1::IndexState::into)?,
            packages: map("packages", message.packages, Id)?,
            distributions: distributions(message.distributions),
            repository: repositories(message.repositories),
            environments: map("environments", message.environments, Id)?,
            success: message.success,
            err: message.error,
            coverage: list("coverage", message.coverage)?,
        })
    }
}

impl From<VulnerabilityReport> for v1::VulnerabilityReport {
    fn from(report: VulnerabilityReport) -> Self {
        Self {
            manifest_digest: report.manifest_hash.to_string(),
            packages: messages(report.packages),
            distributions: messages(report.distributions),
            repositories: messages(report.repository),
            environments: messages(report.environments),
            vulnerabilities: messages(report.vulnerabilities),
            package_vulnerabilities: messages(report.package_vulnerabilities),
            enrichments: report
                .enrichments
                .into_iter()
                .map(|(kind, values)| (kind, v1::Enrichments::from(values)))
                .collect(),
            coverage: report.coverage.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::VulnerabilityReport> for VulnerabilityReport {
    type Error = InvalidField;

    fn try_from(message: v1::VulnerabilityReport) -> Result<Self, InvalidField> {
        let package_vulnerabilities = message.package_vulnerabilities.into_iter();
        let enrichments = message.enrichments.into_iter();
        Ok(Self {
            manifest_hash: digest("manifest_digest", &message.manifest_digest)?,
            packages: map("packages", message.packages, Id)?,
            distributions: distributions(message.distributions),
            repository: repositories(message.repositories),
            environments: map("environments", message.environments, Id)?,
            vulnerabilities: map("vulnerabilities", message.vulnerabilities, Id)?,
            package_vulnerabilities: package_vulnerabilities
                .map(|(id, vulnerabilities)| (Id(id), vulnerabilities.into()))
                .collect(),
            enrichments: enrichments
                .map(|(kind, values)| match values.try_into() {
                    Ok(values) => Ok((kind, values)),
                    Err(error) => {
                        let error: InvalidField = error;
                        Err(error.within(format_args!("enrichments[{kind:?}]")))
                    }
                })
                .collect::<Result<_, InvalidField>>()?,
            coverage: list("coverage", message.coverage)?,
        })
    }
}

impl From<Vec<Id>> for v1::VulnerabilityIds {
    fn from(ids: Vec<Id>) -> Self {
        Self {
            ids: ids.into_iter().map(|id| id.0).collect(),
        }
    }
}

impl From<v1::VulnerabilityIds> for Vec<Id> {
    fn from(message: v1::VulnerabilityIds) -> Self {
        message.ids.into_iter().map(Id).collect()
    }
}

impl From<Vec<JsonText>> for v1::Enrichments {
    fn from(values: Vec<JsonText>) -> Self {
        Self {
            documents: values.iter().map(|value| value.get().to_owned()).collect(),
        }
    }
}

impl TryFrom<v1::Enrichments> for Vec<JsonText> {
    type Error = InvalidField;

    fn try_from(message: v1::Enrichments) -> Result<Self, InvalidField> {
        let documents = message.documents.iter().enumerate();
        documents
            .map(|(index, document)| {
                document
                    .parse()
                    .map_err(|error| InvalidField::new(&format!("documents[{index}]"), error))
            })
            .collect()
    }
}

fn messages<M, P: From<M>>(entries: BTreeMap<Id, M>) -> BTreeMap<u64, P> {
    let entries = entries.into_iter();
    entries.map(|(id, value)| (id.0, value.into())).collect()
}

fn distributions(messages: BTreeMap<u64, v1::Distribution>) -> BTreeMap<Id, ReportDistribution> {
    let entries = messages.into_iter();
    entries.map(|(id, entry)| (Id(id), entry.into())).collect()
}

fn repositories(messages: BTreeMap<u64, v1::Repository>) -> BTreeMap<Id, ReportRepository> {
    let entries = messages.into_iter();
    entries.map(|(id, entry)| (Id(id), entry.into())).collect()
}
