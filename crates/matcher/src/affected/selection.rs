//! Which statements a question is about.

use std::collections::{BTreeSet, HashMap};

use clair_model::{Advisory, FixState, Namespace, PackageKind, ReportVulnerability};
use clair_vulndb::Database;

/// What names a statement in the database and in a report alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Statement {
    source: String,
    advisory: String,
    package: String,
    kind: PackageKind,
    fix_state: FixState,
    fixed: String,
}

/// Some statements.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// With the namespaces to which the question is limited; none for all.
    statements: HashMap<Statement, BTreeSet<Namespace>>,
}

impl Selection {
    /// Those of the advisories that have this id or alias; `None` if there are none.
    pub(crate) fn of_name(
        database: &Database,
        name: &str,
    ) -> Result<Option<Self>, clair_vulndb::Error> {
        let advisories = database.by_id(name)?;
        if advisories.is_empty() {
            return Ok(None);
        }
        let mut selection = Self::default();
        for advisory in advisories {
            for statement in advisory.statements()? {
                let statement = statement?;
                selection.insert(Statement {
                    source: statement.source().name.clone(),
                    advisory: advisory.id().to_owned(),
                    package: statement.package().to_owned(),
                    kind: statement.kind(),
                    fix_state: statement.fix_state(),
                    fixed: statement.fixed_version().unwrap_or_default().to_owned(),
                });
            }
        }
        Ok(Some(selection))
    }

    /// Those of some advisories of a source.
    pub(crate) fn of_advisories(source: &str, advisories: &[Advisory]) -> Self {
        let mut selection = Self::default();
        for advisory in advisories {
            for affected in &advisory.affected {
                selection.insert(Statement {
                    source: source.to_owned(),
                    advisory: advisory.id.clone(),
                    package: affected.package.clone(),
                    kind: affected.kind,
                    fix_state: affected.fix_state,
                    fixed: affected.fixed_version().unwrap_or_default().to_owned(),
                });
            }
        }
        selection
    }

    /// Those of an earlier answer, in the distributions that it was about.
    pub(crate) fn of_vulnerabilities(vulnerabilities: &[ReportVulnerability]) -> Self {
        let mut selection = Self::default();
        for vulnerability in vulnerabilities {
            let statement = Statement::of(vulnerability);
            if statement.fix_state == FixState::NotAffected {
                continue;
            }
            let namespaces = selection.statements.entry(statement).or_default();
            namespaces.extend(namespace_of(vulnerability));
        }
        selection
    }

    fn insert(&mut self, statement: Statement) {
        // A statement that something is not affected affects nothing.
        if statement.fix_state != FixState::NotAffected {
            self.statements.entry(statement).or_default();
        }
    }

    /// The packages they speak of.
    pub(crate) fn packages(&self) -> BTreeSet<(PackageKind, &str)> {
        let statements = self.statements.keys();
        statements
            .map(|statement| (statement.kind, statement.package.as_str()))
            .collect()
    }

    /// The ids of the advisories that make them.
    pub(crate) fn advisories(&self) -> BTreeSet<&str> {
        self.statements
            .keys()
            .map(|statement| statement.advisory.as_str())
            .collect()
    }

    /// Whether a vulnerability of a report is one of them.
    pub(crate) fn has(&self, vulnerability: &ReportVulnerability) -> bool {
        let Some(namespaces) = self.statements.get(&Statement::of(vulnerability)) else {
            return false;
        };
        let namespace = namespace_of(vulnerability);
        namespaces.is_empty() || namespace.is_some_and(|namespace| namespaces.contains(&namespace))
    }
}

/// The namespace of the distribution in which a vulnerability was found, or of the ecosystem.
fn namespace_of(vulnerability: &ReportVulnerability) -> Option<Namespace> {
    let repository = vulnerability.repository.name.as_str();
    let distribution = &vulnerability.distribution.distribution;
    distribution
        .base_namespace()
        .or_else(|| (!repository.is_empty()).then(|| Namespace::rolling(repository)))
}

impl Statement {
    fn of(vulnerability: &ReportVulnerability) -> Self {
        Self {
            source: vulnerability.updater.clone(),
            advisory: vulnerability.name.clone(),
            package: vulnerability.package.name.clone(),
            kind: vulnerability.package.kind.unwrap_or(PackageKind::Binary),
            fix_state: vulnerability.fix_state,
            fixed: vulnerability.fixed_in_version.clone(),
        }
    }
}
