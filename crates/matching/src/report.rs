//! From an index report to a vulnerability report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use clair_model::{
    FixState, Gap, GapKind, Id, IndexReport, PackageKind, ReportDistribution, ReportPackage,
    ReportRepository, ReportVulnerability, VulnerabilityReport,
};
use clair_vulndb::{AdvisoryKey, Candidate, Database, Error, TextReader};

use crate::coverage::{self, Freshness};
use crate::installed::{Installed, packages};
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
    let mut findings = Findings::default();
    for package in packages(index) {
        findings.add(database, &package)?;
    }
    let mut gaps = findings.gaps;
    gaps.extend(index.coverage.iter().cloned());
    coverage::gaps(database, index, freshness, &mut gaps);
    let vulnerabilities = describe(database, &findings.statements)?;
    Ok(VulnerabilityReport {
        manifest_hash: index.manifest_hash.clone(),
        packages: index.packages.clone(),
        distributions: index.distributions.clone(),
        repository: index.repository.clone(),
        environments: index.environments.clone(),
        package_vulnerabilities: worst_first(findings.of_package, &vulnerabilities),
        vulnerabilities,
        enrichments: BTreeMap::new(),
        coverage: gaps.into_iter().collect(),
    })
}

/// The distribution in which a statement affects something; none for one about an ecosystem.
type Place<'a> = Option<&'a ReportDistribution>;

/// The statements that affect something, each once however many packages it affects.
#[derive(Default)]
struct Findings<'a> {
    ids: HashMap<StatementKey<'a>, Id>,
    statements: Vec<(Candidate<'a>, Place<'a>)>,
    of_package: BTreeMap<Id, Vec<Id>>,
    gaps: BTreeSet<Gap>,
}

/// What makes a statement another one for those who read the report.
#[derive(PartialEq, Eq, Hash)]
struct StatementKey<'a> {
    advisory: AdvisoryKey,
    distribution: &'a str,
    namespace: &'a str,
    package: &'a str,
    kind: PackageKind,
    fix_state: FixState,
    fixed: Option<&'a str>,
}

impl<'a> Findings<'a> {
    fn add(&mut self, database: &'a Database, package: &Installed<'a>) -> Result<(), Error> {
        let mut affecting = Vec::new();
        // What the vendor has cleared this package of, by namespace and vulnerability. Alpine,
        // for one, lists a vulnerability both as fixed in some version and as never present
        // after it found out.
        let mut cleared: Vec<(&str, &str)> = Vec::new();
        for question in package.questions() {
            let statements = database.candidates(&question.namespace, question.name, question.kind);
            for statement in statements {
                let statement = statement?;
                match judge(&statement, question.subject) {
                    Verdict::Affected(_) if is_told(&affecting, &statement) => {}
                    Verdict::Affected(_) => affecting.push((statement, question.distribution)),
                    Verdict::NotAffected => {
                        cleared.push((statement.namespace().as_str(), statement.advisory()?.id()));
                    }
                    Verdict::UnparsedVersion(error) => {
                        let name = &package.entry.name;
                        let message = format!("it was compared with no advisory: {error}");
                        let gap = Gap::new(GapKind::UnparsedVersion, name, message);
                        self.gaps.insert(gap);
                    }
                    Verdict::UnparsedAdvisory(error) => {
                        let advisory = statement.advisory()?;
                        let subject = format!("{} about {}", advisory.id(), statement.package());
                        let message = format!("it was compared with no package: {error}");
                        let gap = Gap::new(GapKind::UnparsedAdvisory, subject, message);
                        self.gaps.insert(gap);
                    }
                    Verdict::Outside
                    | Verdict::OtherArchitecture
                    | Verdict::OtherModule
                    | Verdict::OnlyHeaders => {}
                }
            }
        }
        for (statement, distribution) in affecting {
            let is_cleared = !cleared.is_empty() && {
                let id = statement.advisory()?.id();
                cleared.contains(&(statement.namespace().as_str(), id))
            };
            if !is_cleared {
                let id = self.statement(statement, distribution);
                let ids = self.of_package.entry(package.id).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(())
    }

    fn statement(&mut self, statement: Candidate<'a>, distribution: Place<'a>) -> Id {
        let key = StatementKey {
            advisory: statement.advisory_key(),
            distribution: distribution.map_or("", |distribution| &distribution.id),
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

/// Whether a statement about a source has been found as one about the package already. Some vendors
/// do not tell whether a name is that of a build or of a package from it, and mean both.
fn is_told(affecting: &[(Candidate<'_>, Place<'_>)], statement: &Candidate<'_>) -> bool {
    statement.kind() == PackageKind::Source
        && affecting.iter().any(|(other, _)| {
            other.kind() == PackageKind::Binary
                && other.advisory_key() == statement.advisory_key()
                && other.namespace() == statement.namespace()
                && other.package() == statement.package()
                && other.fix_state() == statement.fix_state()
                && other.fixed_version() == statement.fixed_version()
        })
}

/// Writes the statements out. They were numbered from one on.
fn describe<'a>(
    database: &'a Database,
    statements: &[(Candidate<'a>, Place<'a>)],
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

fn vulnerability<'a>(
    id: Id,
    statement: &Candidate<'a>,
    distribution: Place<'a>,
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
            Some(_) => ReportRepository::default(),
            None => ReportRepository::of_namespace(statement.namespace()),
        },
        fixed_in_version: statement.fixed_version().unwrap_or_default().to_owned(),
        aliases: owned(advisory.aliases()),
        fix_state: statement.fix_state(),
        note: statement.note().map(str::to_owned),
        cvss: owned(advisory.cvss()),
    })
}

fn worst_first(
    mut of_package: BTreeMap<Id, Vec<Id>>,
    vulnerabilities: &BTreeMap<Id, ReportVulnerability>,
) -> BTreeMap<Id, Vec<Id>> {
    for ids in of_package.values_mut() {
        ids.sort_by_key(|id| {
            let found = &vulnerabilities[id];
            (Reverse(found.normalized_severity), &found.name, *id)
        });
    }
    of_package
}
