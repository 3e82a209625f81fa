//! Advisories.

use clair_model::{Advisory, Affected, Vulnerable};
use clair_version::Range;

use super::{InvalidField, enumerated, list, specified, time, to_timestamp};
use crate::proto::model::v1;

impl From<Range> for v1::VersionRange {
    fn from(range: Range) -> Self {
        Self {
            introduced: range.introduced,
            fixed: range.fixed,
            last_affected: range.last_affected,
        }
    }
}

impl From<v1::VersionRange> for Range {
    fn from(message: v1::VersionRange) -> Self {
        Self {
            introduced: message.introduced,
            fixed: message.fixed,
            last_affected: message.last_affected,
        }
    }
}

impl From<Affected> for v1::Affected {
    fn from(affected: Affected) -> Self {
        Self {
            namespace: affected.namespace.to_string(),
            package: affected.package,
            kind: v1::PackageKind::from(affected.kind).into(),
            arches: affected.arches,
            module: affected.module,
            scheme: affected.vulnerable.scheme.name().to_owned(),
            ranges: affected
                .vulnerable
                .ranges
                .into_iter()
                .map(Into::into)
                .collect(),
            fix_state: v1::FixState::from(affected.fix_state).into(),
            severity: affected.severity,
            normalized_severity: affected
                .normalized_severity
                .map_or(v1::Severity::Unspecified, Into::into)
                .into(),
            note: affected.note,
        }
    }
}

impl TryFrom<v1::Affected> for Affected {
    type Error = InvalidField;

    fn try_from(message: v1::Affected) -> Result<Self, InvalidField> {
        let Ok(namespace) = message.namespace.parse();
        let scheme = message
            .scheme
            .parse()
            .map_err(|error| InvalidField::new("scheme", error))?;
        Ok(Self {
            namespace,
            package: message.package,
            kind: specified("kind", message.kind, v1::PackageKind::into)?,
            arches: message.arches,
            module: message.module,
            vulnerable: Vulnerable {
                scheme,
                ranges: message.ranges.into_iter().map(Into::into).collect(),
            },
            fix_state: specified("fix_state", message.fix_state, v1::FixState::into)?,
            severity: message.severity,
            normalized_severity: enumerated(
                "normalized_severity",
                message.normalized_severity,
                v1::Severity::into,
            )?,
            note: message.note,
        })
    }
}

impl From<Advisory> for v1::Advisory {
    fn from(advisory: Advisory) -> Self {
        Self {
            id: advisory.id,
            aliases: advisory.aliases,
            description: advisory.description,
            issued: advisory.issued.map(to_timestamp),
            modified: advisory.modified.map(to_timestamp),
            links: advisory.links,
            severity: advisory.severity,
            normalized_severity: v1::Severity::from(advisory.normalized_severity).into(),
            cvss: advisory.cvss,
            cwes: advisory.cwes,
            affected: advisory.affected.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::Advisory> for Advisory {
    type Error = InvalidField;

    fn try_from(message: v1::Advisory) -> Result<Self, InvalidField> {
        Ok(Self {
            id: message.id,
            aliases: message.aliases,
            description: message.description,
            issued: time::optional("issued", message.issued)?,
            modified: time::optional("modified", message.modified)?,
            links: message.links,
            severity: message.severity,
            normalized_severity: specified(
                "normalized_severity",
                message.normalized_severity,
                v1::Severity::into,
            )?,
            cvss: message.cvss,
            cwes: message.cwes,
            affected: list("affected", message.affected)?,
        })
    }
}
