//! What a vulnerability report cannot speak of, beyond what the index report knows already.

use std::collections::{BTreeMap, BTreeSet};

use clair_model::{Gap, GapKind, IndexReport, Namespace, PackageManager, ReportDistribution};
use clair_vulndb::Database;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::installed::packages;
use crate::platform::Platforms;

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
    platforms: &Platforms<'_>,
    index: &IndexReport,
    freshness: &Freshness,
    gaps: &mut BTreeSet<Gap>,
) {
    let database = platforms.database();
    for (ecosystem, count) in ecosystems(platforms, index) {
        if database.covers(&ecosystem) {
            let ecosystem = std::slice::from_ref(&ecosystem);
            gaps.extend(stale(database, ecosystem, freshness));
        } else {
            gaps.insert(no_feed(ecosystem.as_str(), "", count));
        }
    }
    for (distribution, managers) in distributions(platforms, index) {
        for (manager, count) in managers {
            let covered = covered_by(platforms, distribution, manager);
            if covered.is_empty() {
                let manager = manager.map_or("other", PackageManager::name);
                gaps.insert(no_feed(name(distribution), manager, count));
                continue;
            }
            gaps.extend(unsupported(distribution, freshness));
            gaps.extend(stale(database, &covered, freshness));
        }
    }
}

/// The ecosystems that packages belong to, with how many.
fn ecosystems(platforms: &Platforms<'_>, index: &IndexReport) -> BTreeMap<Namespace, usize> {
    let mut found = BTreeMap::new();
    let named = packages(platforms, index).filter_map(|package| package.manager?.ecosystem());
    for ecosystem in named {
        *found.entry(ecosystem).or_default() += 1;
    }
    found
}

/// The distributions that packages belong to, with how many packages of each manager.
fn distributions<'r>(
    platforms: &Platforms<'_>,
    index: &'r IndexReport,
) -> Vec<(
    &'r ReportDistribution,
    BTreeMap<Option<PackageManager>, usize>,
)> {
    let mut found: BTreeMap<&str, (&ReportDistribution, BTreeMap<_, usize>)> = BTreeMap::new();
    let of_an_ecosystem = |manager: PackageManager| manager.ecosystem().is_some();
    for package in
        packages(platforms, index).filter(|one| !one.manager.is_some_and(of_an_ecosystem))
    {
        for &distribution in &package.distributions {
            let (_, managers) = found
                .entry(&distribution.id)
                .or_insert_with(|| (distribution, BTreeMap::new()));
            *managers.entry(package.manager).or_default() += 1;
        }
    }
    found.into_values().collect()
}

/// The namespaces of the database that speak of such packages of a distribution.
fn covered_by(
    platforms: &Platforms<'_>,
    distribution: &ReportDistribution,
    manager: Option<PackageManager>,
) -> Vec<Namespace> {
    let distribution = &distribution.distribution;
    if !manager.is_some_and(|manager| distribution.owns(manager)) {
        return Vec::new();
    }
    let base = distribution.base_namespace();
    let base = base.filter(|namespace| platforms.database().covers(namespace));
    let products = platforms.of_packages(Some(distribution), &[]);
    let products = products.iter().map(|place| place.namespace.clone());
    base.into_iter().chain(products).collect()
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
    namespaces: &'a [Namespace],
    freshness: &'a Freshness,
) -> impl Iterator<Item = Gap> + 'a {
    database
        .sources()
        .iter()
        .filter(|source| {
            let speaks_of = |namespace| source.namespaces.binary_search(namespace).is_ok();
            namespaces.iter().any(speaks_of)
        })
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
