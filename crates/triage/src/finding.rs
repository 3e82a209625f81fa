//! A package of a report with all by which it can be recognised.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use clair_cpe::Cpe;
use clair_model::{Distribution, Environment, Id, ReportPackage, VulnerabilityReport};
use clair_purl::{PackageUrl, Subject};

use crate::vex::read_cpe;

/// What packages have in common: the report, with its parts by their ids.
pub(crate) struct Findings<'r> {
    report: &'r VulnerabilityReport,
    distributions: BTreeMap<&'r str, &'r Distribution>,
    repositories: BTreeMap<&'r str, Cpe>,
    systems: BTreeMap<&'r str, Cpe>,
}

/// A package of the report.
pub(crate) struct Package<'r> {
    pub(crate) id: Id,
    pub(crate) entry: &'r ReportPackage,
    pub(crate) environments: &'r [Environment],
    subject: Option<Subject<'r>>,
    findings: &'r Findings<'r>,
    /// Packages of languages in each file that this one is in.
    neighbours: OnceCell<Vec<Vec<Subject<'r>>>>,
}

impl<'r> Findings<'r> {
    pub(crate) fn new(report: &'r VulnerabilityReport) -> Self {
        let cpes = |id: &'r str, cpe: &str| Some((id, read_cpe(cpe)?));
        let distributions = report.distributions.values();
        let repositories = report.repository.iter();
        Self {
            report,
            systems: distributions
                .clone()
                .filter_map(|it| cpes(&it.id, &it.distribution.cpe))
                .collect(),
            distributions: distributions
                .map(|it| (it.id.as_str(), &it.distribution))
                .collect(),
            repositories: repositories
                .filter_map(|(_, it)| cpes(&it.id, &it.cpe))
                .collect(),
        }
    }

    pub(crate) fn package(&'r self, id: Id) -> Option<Package<'r>> {
        let entry = self.report.packages.get(&id)?;
        let environments = self.report.environments.get(&id);
        let environments = environments.map_or(&[][..], Vec::as_slice);
        let first = environments.first();
        Some(Package {
            id,
            entry,
            environments,
            subject: self.subject(entry, first),
            findings: self,
            neighbours: OnceCell::new(),
        })
    }

    fn subject(
        &self,
        entry: &'r ReportPackage,
        environment: Option<&'r Environment>,
    ) -> Option<Subject<'r>> {
        let place = environment.map(|it| it.package_db.as_str());
        let owner = environment.and_then(|it| self.distributions.get(it.distribution_id.as_str()));
        Subject::new(entry, place, owner.copied())
    }

    /// The packages of languages whose file is this one.
    fn within(&self, package_db: &str) -> Vec<Subject<'r>> {
        let of_language = |(id, environments): (&'r Id, &'r Vec<Environment>)| {
            let mut here = environments.iter();
            let here = here.find(|it| file_of(&it.package_db) == file_of(package_db))?;
            let subject = self.subject(self.report.packages.get(id)?, Some(here))?;
            (!subject.ecosystem().is_of_distribution()).then_some(subject)
        };
        self.report
            .environments
            .iter()
            .filter_map(of_language)
            .collect()
    }
}

/// The file that a place names: Clair writes `go:usr/bin/app`, and `jar:app.jar:lib.jar` for what is
/// in an archive of an archive.
fn file_of(package_db: &str) -> &str {
    let mut parts = package_db.split(':');
    let first = parts.next().unwrap_or_default();
    parts.next().unwrap_or(first).trim_start_matches('/')
}

impl Package<'_> {
    /// Whether a package URL means it.
    pub(crate) fn is(&self, purl: &PackageUrl<'_>) -> bool {
        self.subject
            .as_ref()
            .is_some_and(|subject| subject.is(purl))
    }

    /// Whether it is in what a package URL means: a program or archive that has it in itself.
    ///
    /// That is known of packages of languages, which are found in the same file. It holds if it does
    /// at each place where the package was found.
    pub(crate) fn is_within(&self, purl: &PackageUrl<'_>) -> bool {
        let is_of_language = self
            .subject
            .as_ref()
            .is_some_and(|subject| !subject.ecosystem().is_of_distribution());
        if !is_of_language || self.environments.is_empty() {
            return false;
        }
        let neighbours = self.neighbours.get_or_init(|| {
            let places = self.environments.iter();
            places
                .map(|it| self.findings.within(&it.package_db))
                .collect()
        });
        neighbours
            .iter()
            .all(|here| here.iter().any(|subject| subject.is(purl)))
    }

    /// Whether that is its version, by the rules of package URLs: without the epoch of an rpm, and
    /// the `v` of a module of Go.
    pub(crate) fn is_version(&self, version: &str) -> bool {
        let own = self.entry.version.as_str();
        let kind = self.subject.as_ref().map(|it| it.ecosystem().purl_type());
        match kind {
            Some("rpm") => {
                own == version || own.split_once(':').is_some_and(|(_, rest)| rest == version)
            }
            Some("golang") => own.trim_start_matches('v') == version.trim_start_matches('v'),
            _ => own == version,
        }
    }

    /// Whether a text is the name of an rpm, alone or with version and release.
    pub(crate) fn is_rpm(&self, text: &str) -> bool {
        let kind = self.subject.as_ref().map(|it| it.ecosystem().purl_type());
        kind == Some("rpm")
            && text
                .strip_prefix(self.entry.name.as_str())
                .is_some_and(|rest| {
                    rest.is_empty() || rest.strip_prefix('-').is_some_and(|it| self.is_version(it))
                })
    }

    /// The CPEs of what it belongs to: its repositories and its distribution.
    pub(crate) fn platforms(&self) -> impl Iterator<Item = &Cpe> {
        let findings = self.findings;
        self.environments.iter().flat_map(move |environment| {
            let repositories = environment.repository_ids.iter().flatten();
            repositories
                .filter_map(|id| findings.repositories.get(id.as_str()))
                .chain(findings.systems.get(environment.distribution_id.as_str()))
        })
    }

    /// The distribution that it belongs to.
    pub(crate) fn distribution(&self) -> Option<&Distribution> {
        let environment = self.environments.first()?;
        let id = environment.distribution_id.as_str();
        self.findings.distributions.get(id).copied()
    }

    /// What kind of package it is, as the type of package URLs.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        self.subject.as_ref().map(|it| it.ecosystem().purl_type())
    }
}
