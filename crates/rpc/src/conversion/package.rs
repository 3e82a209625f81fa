//! Packages, and where they come from.

use clair_model::{
    Distribution, Environment, PackageKind, ReportDistribution, ReportPackage, ReportRepository,
};

use super::{InvalidField, digest, enumerated, list};
use crate::proto::model::v1;

impl From<PackageKind> for v1::PackageKind {
    fn from(kind: PackageKind) -> Self {
        match kind {
            PackageKind::Binary => Self::Binary,
            PackageKind::Source => Self::Source,
        }
    }
}

impl From<v1::PackageKind> for Option<PackageKind> {
    fn from(kind: v1::PackageKind) -> Self {
        match kind {
            v1::PackageKind::Unspecified => None,
            v1::PackageKind::Binary => Some(PackageKind::Binary),
            v1::PackageKind::Source => Some(PackageKind::Source),
        }
    }
}

impl From<ReportPackage> for v1::Package {
    fn from(package: ReportPackage) -> Self {
        Self {
            id: package.id,
            name: package.name,
            version: package.version,
            kind: package
                .kind
                .map_or(v1::PackageKind::Unspecified, Into::into)
                .into(),
            source: package.source.map(|source| Box::new((*source).into())),
            normalized_version: package.normalized_version,
            module: package.module,
            arch: package.arch,
            cpe: package.cpe,
            detector: package.detector,
        }
    }
}

impl TryFrom<v1::Package> for ReportPackage {
    type Error = InvalidField;

    fn try_from(message: v1::Package) -> Result<Self, InvalidField> {
        let source = message.source.map(|source| Self::try_from(*source));
        Ok(Self {
            id: message.id,
            name: message.name,
            version: message.version,
            kind: enumerated("kind", message.kind, v1::PackageKind::into)?,
            source: source
                .transpose()
                .map_err(|error| error.within("source"))?
                .map(Box::new),
            normalized_version: message.normalized_version,
            module: message.module,
            arch: message.arch,
            cpe: message.cpe,
            detector: message.detector,
        })
    }
}

impl From<ReportDistribution> for v1::Distribution {
    fn from(entry: ReportDistribution) -> Self {
        let distribution = entry.distribution;
        Self {
            id: entry.id,
            did: distribution.did,
            name: distribution.name,
            version: distribution.version,
            version_code_name: distribution.version_code_name,
            version_id: distribution.version_id,
            arch: distribution.arch,
            cpe: distribution.cpe,
            pretty_name: distribution.pretty_name,
        }
    }
}

impl From<v1::Distribution> for ReportDistribution {
    fn from(message: v1::Distribution) -> Self {
        Self {
            id: message.id,
            distribution: Distribution {
                did: message.did,
                name: message.name,
                version: message.version,
                version_code_name: message.version_code_name,
                version_id: message.version_id,
                arch: message.arch,
                cpe: message.cpe,
                pretty_name: message.pretty_name,
            },
        }
    }
}

impl From<ReportRepository> for v1::Repository {
    fn from(repository: ReportRepository) -> Self {
        Self {
            id: repository.id,
            name: repository.name,
            key: repository.key,
            uri: repository.uri,
            cpe: repository.cpe,
        }
    }
}

impl From<v1::Repository> for ReportRepository {
    fn from(message: v1::Repository) -> Self {
        Self {
            id: message.id,
            name: message.name,
            key: message.key,
            uri: message.uri,
            cpe: message.cpe,
        }
    }
}

impl From<Environment> for v1::Environment {
    fn from(environment: Environment) -> Self {
        Self {
            package_db: environment.package_db,
            introduced_in: environment.introduced_in.to_string(),
            distribution_id: environment.distribution_id,
            repository_ids: environment
                .repository_ids
                .map(|ids| v1::RepositoryIds { ids }),
        }
    }
}

impl TryFrom<v1::Environment> for Environment {
    type Error = InvalidField;

    fn try_from(message: v1::Environment) -> Result<Self, InvalidField> {
        Ok(Self {
            package_db: message.package_db,
            introduced_in: digest("introduced_in", &message.introduced_in)?,
            distribution_id: message.distribution_id,
            repository_ids: message.repository_ids.map(|wrapper| wrapper.ids),
        })
    }
}

impl From<Vec<Environment>> for v1::Environments {
    fn from(environments: Vec<Environment>) -> Self {
        Self {
            environments: environments.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::Environments> for Vec<Environment> {
    type Error = InvalidField;

    fn try_from(message: v1::Environments) -> Result<Self, InvalidField> {
        list("environments", message.environments)
    }
}
