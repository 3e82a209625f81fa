//! Which of all indexed packages some statements affect.
//!
//! The database finds the packages by their names, each once however many images have it. A quick
//! look at the statements leaves those that any of them affects. What is left is made into an
//! image, and the report of that image decides: so the answer cannot contradict the reports of the
//! images that have the package.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use clair_matching::{Freshness, Subject, Verdict, judge, report};
use clair_model::{
    Algorithm, Digest, Distribution, Environment, Id, IndexReport, IndexState, PackageKind,
    ReportDistribution, ReportPackage, ReportRepository, ReportVulnerability, Repository,
};
use clair_rpc::Error;
use clair_store::{IndexedPackage, PackageKey, Store};
use clair_vulndb::{Candidate, Database};
use futures::StreamExt as _;

use super::selection::Selection;
use crate::database;
use crate::limit::Limiter;

/// Packages that are looked at together.
const CHUNK: usize = 2_000;

/// Packages that statements affect.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The statements that affect any, each with the distribution in which it does.
    pub(crate) vulnerabilities: Vec<ReportVulnerability>,
    /// The packages, in the order of their keys.
    pub(crate) packages: Vec<FoundPackage>,
    /// Places in `vulnerabilities`, by advisory and package.
    known: HashMap<(String, String), Vec<usize>>,
}

/// A package that statements affect.
#[derive(Debug)]
pub(crate) struct FoundPackage {
    pub(crate) key: PackageKey,
    pub(crate) package: ReportPackage,
    /// Places in the list of vulnerabilities.
    pub(crate) vulnerabilities: Vec<usize>,
}

type Judged = (IndexedPackage, Vec<ReportVulnerability>);

/// Looks at all indexed packages.
pub(crate) async fn search(
    store: &Store,
    limiter: &Limiter,
    database: Arc<Database>,
    selection: Arc<Selection>,
) -> Result<Found, Error> {
    let mut found = Found::default();
    let names: Vec<_> = selection.packages().into_iter().collect();
    if names.is_empty() {
        return Ok(found);
    }
    let mut chunks = store.find_packages(&names).chunks(CHUNK);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>();
        let chunk = chunk.map_err(|error| database::error(&error))?;
        let (database, selection) = (Arc::clone(&database), Arc::clone(&selection));
        let look = move || {
            let judged = look(&database, &selection, chunk);
            judged.map_err(|error| Error::internal(&error))
        };
        for (package, vulnerabilities) in limiter.run(look).await? {
            found.add(package, vulnerabilities);
        }
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, package: IndexedPackage, vulnerabilities: Vec<ReportVulnerability>) {
        let places = vulnerabilities
            .into_iter()
            .map(|found| self.place(found))
            .collect();
        self.packages.push(FoundPackage {
            key: package.key,
            package: package.package,
            vulnerabilities: places,
        });
    }

    fn place(&mut self, vulnerability: ReportVulnerability) -> usize {
        let name = (
            vulnerability.name.clone(),
            vulnerability.package.name.clone(),
        );
        let places = self.known.entry(name).or_default();
        let all = &mut self.vulnerabilities;
        let known = places
            .iter()
            .copied()
            .find(|&place| all[place] == vulnerability);
        known.unwrap_or_else(|| {
            all.push(vulnerability);
            places.push(all.len() - 1);
            all.len() - 1
        })
    }
}

fn look(
    database: &Database,
    selection: &Selection,
    packages: Vec<IndexedPackage>,
) -> Result<Vec<Judged>, clair_vulndb::Error> {
    let packages = in_question(database, selection, packages)?;
    let reported = report(database, &image(&packages), &Freshness::of_a_week())?;
    let mut judged = Vec::new();
    for (number, package) in (1..).zip(packages) {
        let ids = reported
            .package_vulnerabilities
            .get(&Id(number))
            .into_iter()
            .flatten();
        let vulnerabilities: Vec<_> = ids
            .filter_map(|id| reported.vulnerabilities.get(id))
            .filter(|vulnerability| selection.has(vulnerability))
            .map(nameless)
            .collect();
        if !vulnerabilities.is_empty() {
            judged.push((package, vulnerabilities));
        }
    }
    Ok(judged)
}

/// The packages that any of the advisories affects, whatever else is said of them.
fn in_question(
    database: &Database,
    selection: &Selection,
    packages: Vec<IndexedPackage>,
) -> Result<Vec<IndexedPackage>, clair_vulndb::Error> {
    let mut by_name: HashMap<(PackageKind, &str), Vec<usize>> = HashMap::new();
    for (index, IndexedPackage { package, .. }) in packages.iter().enumerate() {
        by_name
            .entry((PackageKind::Binary, &package.name))
            .or_default()
            .push(index);
        if let Some(source) = package.source.as_deref() {
            by_name
                .entry((PackageKind::Source, &source.name))
                .or_default()
                .push(index);
        }
    }
    let mut is_in_question = vec![false; packages.len()];
    for id in selection.advisories() {
        for advisory in database.by_id(id)? {
            for statement in advisory.statements()? {
                let statement = statement?;
                let named = by_name.get(&(statement.kind(), statement.package()));
                for &index in named.into_iter().flatten() {
                    is_in_question[index] |= affects(&statement, &packages[index].package);
                }
            }
        }
    }
    let mut is_in_question = is_in_question.into_iter();
    let left = packages
        .into_iter()
        .filter(|_| is_in_question.next().unwrap_or(false));
    Ok(left.collect())
}

fn affects(statement: &Candidate<'_>, package: &ReportPackage) -> bool {
    let subject = Subject::of(package, statement.kind());
    matches!(judge(statement, subject), Verdict::Affected(_))
}

/// An image that has these packages, numbered from one on, each in its distribution and from its
/// repositories.
fn image(packages: &[IndexedPackage]) -> IndexReport {
    let mut numbers: BTreeMap<&Distribution, u64> = BTreeMap::new();
    for distribution in packages
        .iter()
        .filter_map(|package| package.distribution.as_ref())
    {
        let next = numbers.len() as u64 + 1;
        numbers.entry(distribution).or_insert(next);
    }
    let mut origins: BTreeMap<&Repository, u64> = BTreeMap::new();
    for repository in packages.iter().flat_map(|package| &package.repositories) {
        let next = origins.len() as u64 + 1;
        origins.entry(repository).or_insert(next);
    }
    let nowhere = nowhere();
    let environment = |package: &IndexedPackage| Environment {
        package_db: String::new(),
        introduced_in: nowhere.clone(),
        distribution_id: package
            .distribution
            .as_ref()
            .map(|distribution| numbers[distribution].to_string())
            .unwrap_or_default(),
        repository_ids: (!package.repositories.is_empty()).then(|| {
            let own = package.repositories.iter();
            own.map(|repository| origins[repository].to_string())
                .collect()
        }),
    };
    let numbered = || (1..).map(Id).zip(packages);
    IndexReport {
        manifest_hash: nowhere.clone(),
        state: IndexState::IndexFinished,
        packages: numbered()
            .map(|(id, package)| (id, package.package.clone()))
            .collect(),
        environments: numbered()
            .map(|(id, package)| (id, vec![environment(package)]))
            .collect(),
        distributions: numbers
            .iter()
            .map(|(&distribution, &number)| {
                let distribution = distribution.clone();
                (
                    Id(number),
                    ReportDistribution {
                        id: number.to_string(),
                        distribution,
                    },
                )
            })
            .collect(),
        repository: origins
            .iter()
            .map(|(&repository, &number)| {
                let entry = ReportRepository::of(number.to_string(), repository.clone());
                (Id(number), entry)
            })
            .collect(),
        success: true,
        err: String::new(),
        coverage: Vec::new(),
    }
}

/// The digest of a manifest and a layer that do not exist.
#[allow(clippy::expect_used, reason = "the length is that of the algorithm")]
fn nowhere() -> Digest {
    Digest::new(Algorithm::Sha256, &[0; 32]).expect("32 bytes")
}

/// A vulnerability without the keys of one report.
fn nameless(vulnerability: &ReportVulnerability) -> ReportVulnerability {
    let mut vulnerability = vulnerability.clone();
    vulnerability.id.clear();
    vulnerability.distribution.id.clear();
    vulnerability.risk = None;
    vulnerability
}
