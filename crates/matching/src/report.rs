//! From an index report to a vulnerability report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use clair_model::{
    FixState, Gap, GapKind, Id, IndexReport, JsonText, PackageKind, ReportDistribution,
    ReportPackage, ReportRepository, ReportVulnerability, VulnerabilityReport,
};
use clair_risk::{Facts, Inputs, Risk};
use clair_vulndb::{AdvisoryKey, Candidate, Database, Error, TextReader};

use crate::coverage::{self, Freshness};
use crate::enrich::Lookup;
use crate::installed::{Installed, packages};
use crate::platform::Platforms;
use crate::repositories;
use crate::weigh::{Found, Hit, Outcome, weigh};
use crate::{Verdict, judge};

/// Matches all packages of an image with the database.
///
/// The same index report, the same database and the same `freshness` give the same report.
///
/// # Errors
///
/// When the database is damaged. A version that cannot be parsed is no error: it is noted in the
/// report's coverage.
pub fn report(
    database: &Database,
    index: &IndexReport,
    freshness: &Freshness,
) -> Result<VulnerabilityReport, Error> {
    let platforms = Platforms::of(database, index)?;
    let mut findings = Findings::default();
    for package in packages(&platforms, index) {
        findings.add(database, &package)?;
    }
    let mut gaps = findings.gaps;
    gaps.extend(index.coverage.iter().cloned());
    coverage::gaps(&platforms, index, freshness, &mut gaps);
    let (repository, environments) = repositories::resolved(&platforms, index);
    let mut vulnerabilities = describe(database, &findings.statements)?;
    let enrichments = enrich(database, &mut vulnerabilities)?;
    Ok(VulnerabilityReport {
        manifest_hash: index.manifest_hash.clone(),
        packages: index.packages.clone(),
        distributions: index.distributions.clone(),
        repository,
        environments,
        package_vulnerabilities: worst_first(findings.of_package, &vulnerabilities),
        vulnerabilities,
        enrichments,
        coverage: gaps.into_iter().collect(),
    })
}

/// The statements that affect something, each once however many packages it affects.
#[derive(Default)]
struct Findings<'a> {
    ids: HashMap<StatementKey<'a>, Id>,
    statements: Vec<Finding<'a>>,
    of_package: BTreeMap<Id, Vec<Id>>,
    gaps: BTreeSet<Gap>,
}

/// A statement, with the distribution in which it affects something.
type Finding<'a> = (Candidate<'a>, Option<&'a ReportDistribution>);

/// What makes a statement another one for those who read the report.
#[derive(PartialEq, Eq, Hash)]
struct StatementKey<'a> {
    advisory: AdvisoryKey,
    distribution: Option<&'a str>,
    namespace: &'a str,
    package: &'a str,
    kind: PackageKind,
    fix_state: FixState,
    fixed: Option<&'a str>,
}

impl<'a> Findings<'a> {
    fn add(&mut self, database: &'a Database, package: &Installed<'a>) -> Result<(), Error> {
        let mut hits = Vec::new();
        for question in package.questions() {
            let statements =
                database.candidates(&question.place.namespace, question.name, question.kind);
            for statement in statements {
                let statement = statement?;
                let verdict = judge(&statement, question.subject);
                match Found::of(&verdict) {
                    Some(found) => {
                        let hit = Hit {
                            statement,
                            question,
                            found,
                        };
                        if hit.matters() {
                            hits.push(hit);
                        }
                    }
                    None => self.note(package, &statement, verdict)?,
                }
            }
        }
        if !hits.iter().any(|hit| hit.found == Found::Affects) {
            return Ok(());
        }
        for (hit, outcome) in hits.iter().zip(weigh(&hits)?) {
            if outcome == Outcome::Affects {
                let distribution = hit.question.distribution.map(|it| it.id.as_str());
                let distribution = package
                    .distributions
                    .iter()
                    .copied()
                    .find(|known| Some(known.id.as_str()) == distribution);
                let id = self.statement(hit.statement, distribution);
                let ids = self.of_package.entry(package.id).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(())
    }

    /// Notes what could not be compared.
    fn note(
        &mut self,
        package: &Installed<'_>,
        statement: &Candidate<'_>,
        verdict: Verdict<'_>,
    ) -> Result<(), Error> {
        let gap = match verdict {
            Verdict::UnparsedVersion(error) => Gap::new(
                GapKind::UnparsedVersion,
                &package.entry.name,
                format!("it was compared with no advisory: {error}"),
            ),
            Verdict::UnparsedAdvisory(error) => Gap::new(
                GapKind::UnparsedAdvisory,
                format!(
                    "{} about {}",
                    statement.advisory()?.id(),
                    statement.package()
                ),
                format!("it was compared with no package: {error}"),
            ),
            _ => return Ok(()),
        };
        self.gaps.insert(gap);
        Ok(())
    }

    fn statement(
        &mut self,
        statement: Candidate<'a>,
        distribution: Option<&'a ReportDistribution>,
    ) -> Id {
        let key = StatementKey {
            advisory: statement.advisory_key(),
            distribution: distribution.map(|it| it.id.as_str()),
            namespace: statement.namespace().as_str(),
            package: statement.package(),
            kind: statement.kind(),
            fix_state: statement.fix_state(),
            fixed: statement.fixed_version(),
        };
        *self.ids.entry(key).or_insert_with(|| {
            self.statements.push((statement, distribution));
            Id(self.statements.len() as u64)
        })
    }
}

/// Writes the statements out. They were numbered from one on.
fn describe<'a>(
    database: &'a Database,
    statements: &[Finding<'a>],
) -> Result<BTreeMap<Id, ReportVulnerability>, Error> {
    let mut order: Vec<usize> = (0..statements.len()).collect();
    // Texts lie in the order of advisories, several in one compressed block.
    order.sort_by_key(|&index| statements[index].0.advisory_key());
    let mut texts = database.text_reader();
    let mut described = BTreeMap::new();
    for index in order {
        let (statement, distribution) = &statements[index];
        let id = Id(index as u64 + 1);
        described.insert(id, vulnerability(id, statement, *distribution, &mut texts)?);
    }
    Ok(described)
}

pub(crate) fn vulnerability<'a>(
    id: Id,
    statement: &Candidate<'a>,
    distribution: Option<&ReportDistribution>,
    texts: &mut TextReader<'a>,
) -> Result<ReportVulnerability, Error> {
    let advisory = statement.advisory()?;
    let text = texts.read(&advisory)?;
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    Ok(ReportVulnerability {
        id: id.to_string(),
        updater: statement.source().name.clone(),
        name: advisory.id().to_owned(),
        description: text.description,
        issued: advisory.issued(),
        links: text.links.join(" "),
        severity: statement
            .severity()
            .unwrap_or(advisory.severity())
            .to_owned(),
        normalized_severity: statement
            .normalized_severity()
            .unwrap_or(advisory.normalized_severity()),
        package: ReportPackage {
            name: statement.package().to_owned(),
            kind: Some(statement.kind()),
            module: statement.module().unwrap_or_default().to_owned(),
            arch: statement.arches().collect::<Vec<_>>().join("|"),
            ..ReportPackage::default()
        },
        distribution: distribution.cloned().unwrap_or_default(),
        repository: match distribution {
            Some(_) if statement.namespace().cpe().is_none() => ReportRepository::default(),
            _ => ReportRepository::of_namespace(statement.namespace()),
        },
        fixed_in_version: statement.fixed_version().unwrap_or_default().to_owned(),
        aliases: owned(advisory.aliases()),
        fix_state: statement.fix_state(),
        note: statement.note().map(str::to_owned),
        cvss: owned(advisory.cvss()),
        risk: None,
    })
}

/// Adds what other sources know of the vulnerabilities, and how much each matters.
fn enrich(
    database: &Database,
    vulnerabilities: &mut BTreeMap<Id, ReportVulnerability>,
) -> Result<BTreeMap<String, Vec<JsonText>>, Error> {
    let mut lookup = Lookup::new(database);
    let known = lookup.all(vulnerabilities.iter().map(|(id, found)| (*id, found)))?;
    let nothing = Facts::default();
    for (id, found) in vulnerabilities {
        let facts = known.get(id).unwrap_or(&nothing);
        let inputs = Inputs::of(found.normalized_severity, &found.cvss, facts);
        found.risk = Some(Risk::of(inputs).score);
    }
    let known: BTreeMap<Id, &Facts> = known.iter().map(|(id, facts)| (*id, facts)).collect();
    let written = clair_risk::write(known, &lookup.releases()?);
    // Facts are read from JSON, which has no numbers that it cannot have.
    Ok(written.unwrap_or_default())
}

fn worst_first(
    mut of_package: BTreeMap<Id, Vec<Id>>,
    vulnerabilities: &BTreeMap<Id, ReportVulnerability>,
) -> BTreeMap<Id, Vec<Id>> {
    for ids in of_package.values_mut() {
        ids.sort_by_key(|id| {
            let found = &vulnerabilities[id];
            (
                Reverse(found.risk),
                Reverse(found.normalized_severity),
                &found.name,
                *id,
            )
        });
    }
    of_package
}
