//! The packages of an index report, and what each of them asks the database.

use std::collections::BTreeMap;
use std::rc::Rc;

use clair_model::{
    Id, IndexReport, PackageKind, PackageManager, ReportDistribution, ReportPackage,
    ReportRepository,
};

use crate::Subject;
use crate::platform::{Place, Platforms};

/// An installed package with the places it was found in.
#[derive(Debug)]
pub(crate) struct Installed<'r> {
    /// Its key in the report.
    pub(crate) id: Id,
    /// What the report says of it.
    pub(crate) entry: &'r ReportPackage,
    /// What installed it. `None` where the report comes from a program that knows more.
    pub(crate) manager: Option<PackageManager>,
    /// Each once. A package that was found in several root file systems can have several.
    pub(crate) distributions: Vec<&'r ReportDistribution>,
    /// The names that it is known by, if it is not its own.
    names: Vec<String>,
    /// What each environment asks.
    asked: Vec<Asked<'r>>,
}

#[derive(Debug)]
struct Asked<'r> {
    distribution: Option<&'r ReportDistribution>,
    places: Rc<[Place]>,
}

/// What is said about this name in this place, for this version?
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'q> {
    /// The distribution that the package is looked up in, unless it is of an ecosystem.
    pub(crate) distribution: Option<&'q ReportDistribution>,
    pub(crate) place: &'q Place,
    pub(crate) name: &'q str,
    pub(crate) kind: PackageKind,
    pub(crate) subject: Subject<'q>,
}

/// What the normalized version of an image begins with that the one in question was built on.
const UNMATCHABLE: &str = "unmatchable:";

/// The packages of a report, in the order of their keys.
pub(crate) fn packages<'r>(
    platforms: &Platforms<'_>,
    report: &'r IndexReport,
) -> impl Iterator<Item = Installed<'r>> {
    let distributions: BTreeMap<&str, &ReportDistribution> = report
        .distributions
        .values()
        .map(|distribution| (distribution.id.as_str(), distribution))
        .collect();
    let repositories: BTreeMap<&str, &ReportRepository> = report
        .repository
        .values()
        .map(|entry| (entry.id.as_str(), entry))
        .collect();
    report.packages.iter().map(move |(&id, entry)| {
        let manager = entry.detector.as_deref().and_then(|name| name.parse().ok());
        let mut installed = Installed {
            id,
            entry,
            manager,
            distributions: Vec::new(),
            names: Vec::new(),
            asked: Vec::new(),
        };
        if manager == Some(PackageManager::Rhcc) {
            installed.names = platforms.names_of(&entry.name).to_vec();
        }
        for environment in report.environments.get(&id).into_iter().flatten() {
            let distribution = distributions
                .get(environment.distribution_id.as_str())
                .copied();
            let own = environment.repository_ids.iter().flatten();
            let own: Vec<&ReportRepository> = own
                .filter_map(|id| repositories.get(id.as_str()).copied())
                .collect();
            installed.add(platforms, distribution, &own);
        }
        installed
    })
}

impl<'r> Installed<'r> {
    fn add(
        &mut self,
        platforms: &Platforms<'_>,
        distribution: Option<&'r ReportDistribution>,
        repositories: &[&ReportRepository],
    ) {
        let is_known =
            |it: &ReportDistribution| self.distributions.iter().any(|own| own.id == it.id);
        if let Some(new) = distribution.filter(|it| !is_known(it)) {
            self.distributions.push(new);
        }
        let places = match self.manager {
            None => Rc::default(),
            Some(PackageManager::Rhcc) => {
                if self.entry.normalized_version.starts_with(UNMATCHABLE) {
                    return;
                }
                platforms.of_images(repositories)
            }
            Some(manager) if manager.ecosystem().is_some() => {
                let places: Vec<Place> = manager.ecosystem().map(Place::of).into_iter().collect();
                self.ask(None, places.into());
                return;
            }
            Some(manager) => {
                let named = distribution.map(|it| &it.distribution);
                let mut places: Vec<Place> = named
                    .map(|it| it.namespaces(manager, &self.entry.version))
                    .unwrap_or_default()
                    .into_iter()
                    .map(Place::of)
                    .collect();
                if manager == PackageManager::Rpm {
                    let products = platforms.of_packages(named, repositories);
                    if places.is_empty() {
                        self.ask(distribution, products);
                        return;
                    }
                    places.extend(products.iter().cloned());
                }
                places.into()
            }
        };
        self.ask(distribution, places);
    }

    /// The same question is asked once, in however many places the package was found.
    fn ask(&mut self, distribution: Option<&'r ReportDistribution>, places: Rc<[Place]>) {
        let id = |distribution: Option<&ReportDistribution>| distribution.map(|it| it.id.clone());
        let is_same = |asked: &Asked<'_>| {
            id(asked.distribution) == id(distribution)
                && asked.places.len() == places.len()
                && (asked.places.iter().zip(places.iter()))
                    .all(|(one, other)| one.namespace == other.namespace)
        };
        if !places.is_empty() && !self.asked.iter().any(is_same) {
            self.asked.push(Asked {
                distribution,
                places,
            });
        }
    }

    /// All that the package asks: under its own name, and under that of its source with the
    /// version of the source, which is not always its own. Places that count only where others are
    /// silent come last.
    pub(crate) fn questions(&self) -> impl Iterator<Item = Question<'_>> {
        let entry = self.entry;
        let source = entry.source.as_deref();
        self.asked.iter().flat_map(move |asked| {
            asked.places.iter().flat_map(move |place| {
                let own = Some(entry.name.as_str()).filter(|_| self.names.is_empty());
                let known = self.names.iter().map(String::as_str).chain(own);
                let names = known
                    .map(|name| (PackageKind::Binary, name))
                    .chain(source.map(|source| (PackageKind::Source, source.name.as_str())));
                names.map(move |(kind, name)| Question {
                    distribution: asked.distribution,
                    place,
                    name,
                    kind,
                    subject: Subject::of(entry, kind),
                })
            })
        })
    }
}
