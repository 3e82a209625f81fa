//! The packages of an index report, and what each of them asks the database.

use std::collections::BTreeMap;

use clair_model::{
    Id, IndexReport, Namespace, PackageKind, PackageManager, ReportDistribution, ReportPackage,
};

use crate::Subject;

/// An installed package with the distributions it belongs to.
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
}

/// What is said about this name in this namespace, for this version?
#[derive(Debug)]
pub(crate) struct Question<'r> {
    /// The distribution that the package is looked up in, unless it is of an ecosystem.
    pub(crate) distribution: Option<&'r ReportDistribution>,
    pub(crate) namespace: Namespace,
    pub(crate) name: &'r str,
    pub(crate) kind: PackageKind,
    pub(crate) subject: Subject<'r>,
}

/// The packages of a report, in the order of their keys.
pub(crate) fn packages(report: &IndexReport) -> impl Iterator<Item = Installed<'_>> {
    let distributions: BTreeMap<&str, &ReportDistribution> = report
        .distributions
        .values()
        .map(|distribution| (distribution.id.as_str(), distribution))
        .collect();
    report.packages.iter().map(move |(&id, entry)| {
        let mut own: Vec<&ReportDistribution> = Vec::new();
        for environment in report.environments.get(&id).into_iter().flatten() {
            let known = distributions.get(environment.distribution_id.as_str());
            own.extend(known.filter(|known| !own.iter().any(|seen| seen.id == known.id)));
        }
        Installed {
            id,
            entry,
            manager: entry.detector.as_deref().and_then(|name| name.parse().ok()),
            distributions: own,
        }
    })
}

impl<'r> Installed<'r> {
    /// All that the package asks: under its own name, and under that of its source with the
    /// version of the source, which is not always its own.
    pub(crate) fn questions(&self) -> impl Iterator<Item = Question<'r>> {
        let entry = self.entry;
        let named = std::iter::once((PackageKind::Binary, entry)).chain(
            entry
                .source
                .as_deref()
                .map(|source| (PackageKind::Source, source)),
        );
        self.places()
            .into_iter()
            .flat_map(move |(distribution, namespace)| {
                named.clone().map(move |(kind, named)| Question {
                    distribution,
                    namespace: namespace.clone(),
                    name: &named.name,
                    kind,
                    subject: Subject::of(entry, kind),
                })
            })
    }

    /// The namespaces in which its names have a meaning: its ecosystem, or those of each
    /// distribution it belongs to.
    fn places(&self) -> Vec<(Option<&'r ReportDistribution>, Namespace)> {
        let Some(manager) = self.manager else {
            return Vec::new();
        };
        if let Some(ecosystem) = manager.ecosystem() {
            return vec![(None, ecosystem)];
        }
        let version = &self.entry.version;
        let of_each = self.distributions.iter().flat_map(|&place| {
            let namespaces = place.distribution.namespaces(manager, version);
            namespaces
                .into_iter()
                .map(move |namespace| (Some(place), namespace))
        });
        of_each.collect()
    }
}
