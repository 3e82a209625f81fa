//! What a vulnerability report cannot speak of, beyond what the index report knows already.

use std::collections::{BTreeMap, BTreeSet};

use clair_model::{Gap, GapKind, IndexReport, Namespace, PackageManager, ReportDistribution};
use clair_vulndb::Database;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::installed::packages;

/// From when on security data and releases count as old.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// The time that ages are counted to.
    pub now: Timestamp,
    /// How long ago a source may have answered last before the report says so.
    pub max_age: SignedDuration,
}

impl Freshness {
    /// A week, counted to now.
    pub fn of_a_week() -> Self {
        Self {
            now: Timestamp::now(),
            max_age: SignedDuration::from_hours(7 * 24),
        }
    }
}

/// Adds the gaps of matching: distributions without data, without support, or with old data.
pub(crate) fn gaps(
    database: &Database,
    index: &IndexReport,
    freshness: &Freshness,
    gaps: &mut BTreeSet<Gap>,
) {
    for (ecosystem, count) in ecosystems(index) {
        if database.covers(&ecosystem) {
            gaps.extend(stale(database, &ecosystem, freshness));
        } else {
            gaps.insert(no_feed(ecosystem.as_str(), "", count));
        }
    }
    for (distribution, managers) in distributions(index) {
        for (manager, count) in managers {
            let covered = covered_by(database, distribution, manager);
            let Some(namespace) = covered else {
                let manager = manager.map_or("other", PackageManager::name);
                gaps.insert(no_feed(name(distribution), manager, count));
                continue;
            };
            gaps.extend(unsupported(distribution, freshness));
            gaps.extend(stale(database, &namespace, freshness));
        }
    }
}

/// The ecosystems that packages belong to, with how many.
fn ecosystems(index: &IndexReport) -> BTreeMap<Namespace, usize> {
    let mut found = BTreeMap::new();
    let named = packages(index).filter_map(|package| package.manager?.ecosystem());
    for ecosystem in named {
        *found.entry(ecosystem).or_default() += 1;
    }
    found
}

/// The distributions that packages belong to, with how many packages of each manager.
fn distributions(
    index: &IndexReport,
) -> Vec<(&ReportDistribution, BTreeMap<Option<PackageManager>, usize>)> {
    let mut found: BTreeMap<&str, (&ReportDistribution, BTreeMap<_, usize>)> = BTreeMap::new();
    let of_an_ecosystem = |manager: PackageManager| manager.ecosystem().is_some();
    for package in packages(index).filter(|one| !one.manager.is_some_and(of_an_ecosystem)) {
        for &distribution in &package.distributions {
            let (_, managers) = found
                .entry(&distribution.id)
                .or_insert_with(|| (distribution, BTreeMap::new()));
            *managers.entry(package.manager).or_default() += 1;
        }
    }
    found.into_values().collect()
}

/// The namespace that speaks of such packages of a distribution, if the database has it.
fn covered_by(
    database: &Database,
    distribution: &ReportDistribution,
    manager: Option<PackageManager>,
) -> Option<Namespace> {
    let distribution = &distribution.distribution;
    manager.filter(|&manager| distribution.owns(manager))?;
    distribution
        .base_namespace()
        .filter(|namespace| database.covers(namespace))
}

fn no_feed(subject: &str, manager: &str, count: usize) -> Gap {
    let space = if manager.is_empty() { "" } else { " " };
    Gap::new(
        GapKind::NoFeed,
        subject,
        format!(
            "the database has no advisories for its {manager}{space}packages: {count} of them were \
             compared with nothing"
        ),
    )
}

fn unsupported(distribution: &ReportDistribution, freshness: &Freshness) -> Option<Gap> {
    let last_day = distribution.distribution.end_of_life()?;
    let today = freshness.now.to_zoned(TimeZone::UTC).date();
    (last_day < today).then(|| {
        Gap::new(
            GapKind::EndOfLife,
            name(distribution),
            format!("security support ended on {last_day}: later vulnerabilities may be missing"),
        )
    })
}

fn stale<'a>(
    database: &'a Database,
    namespace: &'a Namespace,
    freshness: &'a Freshness,
) -> impl Iterator<Item = Gap> + 'a {
    database
        .sources()
        .iter()
        .filter(|source| source.namespaces.binary_search(namespace).is_ok())
        .filter_map(|source| {
            let age = freshness.now.duration_since(source.fetched);
            (age > freshness.max_age).then(|| {
                let days = age.as_hours() / 24;
                Gap::new(
                    GapKind::StaleFeed,
                    &source.name,
                    format!("last fetched {days} days ago: newer vulnerabilities are missing"),
                )
            })
        })
}

fn name(distribution: &ReportDistribution) -> &str {
    let distribution = &distribution.distribution;
    if distribution.pretty_name.is_empty() {
        &distribution.did
    } else {
        &distribution.pretty_name
    }
}
