//! What the report says that it cannot speak of.

use clair_model::{Gap, GapKind, Namespace, Severity};
use jiff::SignedDuration;

use crate::support::{
    about, advisory, alpine, bookworm, database_of, freshness, index, now, package, scan,
};

fn kinds(gaps: &[Gap]) -> Vec<(GapKind, &str)> {
    gaps.iter()
        .map(|gap| (gap.kind, gap.subject.as_str()))
        .collect()
}

fn about_bookworm() -> clair_model::Advisory {
    let namespace = Namespace::debian("bookworm");
    advisory(
        "CVE-1-0001",
        Severity::Low,
        vec![about(&namespace, "other", None)],
    )
}

#[test]
fn a_distribution_without_data_is_named_with_the_number_of_its_packages() {
    let packages = vec![package("dpkg", "a 1", "a 1"), package("dpkg", "b 1", "b 1")];
    let report = scan(&index(bookworm(), packages), &[]);
    let [gap] = report.coverage.as_slice() else {
        panic!("{:?}", report.coverage);
    };
    assert_eq!(gap.kind, GapKind::NoFeed);
    assert!(gap.message.contains("2 of them"), "{}", gap.message);
}

#[test]
fn a_package_manager_that_is_not_the_distributions_own_is_named() {
    let packages = vec![package("dpkg", "a 1", "a 1"), package("apk", "b 1", "b 1")];
    let report = scan(&index(bookworm(), packages), &[about_bookworm()]);
    assert_eq!(
        kinds(&report.coverage),
        [(GapKind::NoFeed, "Debian GNU/Linux 12 (bookworm)")]
    );
    assert!(report.coverage[0].message.contains("apk"));
}

#[test]
fn a_covered_and_supported_distribution_has_no_gaps() {
    let image = index(bookworm(), vec![package("dpkg", "a 1", "a 1")]);
    assert!(scan(&image, &[about_bookworm()]).coverage.is_empty());
}

#[test]
fn the_end_of_life_of_a_release_is_told_from_the_next_day_on() {
    let image = index(alpine("3.18"), vec![package("apk", "a 1", "a 1")]);
    let namespace = Namespace::alpine("3.18");
    let data = [advisory(
        "CVE-1-0001",
        Severity::Low,
        vec![about(&namespace, "x", None)],
    )];
    for (day, is_told) in [("2025-05-09", false), ("2025-05-10", true)] {
        let mut freshness = freshness();
        freshness.now = format!("{day}T12:00:00Z").parse().unwrap();
        let (_dir, database) = database_of(freshness.now, &data);
        let report = clair_matching::report(&database, &image, &freshness).unwrap();
        let told = report
            .coverage
            .iter()
            .any(|gap| gap.kind == GapKind::EndOfLife);
        assert_eq!(told, is_told, "{day}");
    }
}

#[test]
fn only_old_sources_that_speak_of_the_distribution_are_named() {
    let image = index(bookworm(), vec![package("dpkg", "a 1", "a 1")]);
    let age = |days: i64| now() - SignedDuration::from_hours(24 * days);
    for (days, expected) in [(7, None), (8, Some("source"))] {
        let (_dir, database) = database_of(age(days), &[about_bookworm()]);
        let report = clair_matching::report(&database, &image, &freshness()).unwrap();
        let subjects: Vec<_> = kinds(&report.coverage);
        let expected: Vec<_> = expected
            .map(|name| (GapKind::StaleFeed, name))
            .into_iter()
            .collect();
        assert_eq!(subjects, expected, "{days} days");
    }
    let elsewhere = about(&Namespace::alpine("3.18"), "x", None);
    let data = [advisory("CVE-1-0001", Severity::Low, vec![elsewhere])];
    let (_dir, database) = database_of(age(100), &data);
    let report = clair_matching::report(&database, &image, &freshness()).unwrap();
    assert!(
        report
            .coverage
            .iter()
            .all(|gap| gap.kind != GapKind::StaleFeed)
    );
}

#[test]
fn what_the_index_report_could_not_speak_of_is_kept() {
    let mut image = index(bookworm(), vec![package("dpkg", "a 1", "a 1")]);
    let unread = Gap::new(GapKind::UnreadFile, "a file", "it was damaged");
    image.coverage.push(unread.clone());
    assert_eq!(scan(&image, &[about_bookworm()]).coverage, [unread]);
}

#[test]
fn an_ecosystem_without_data_is_named_and_one_with_data_is_no_gap() {
    let redis = || package("bitnami", "redis 7.4.0-0", "redis 7.4.0-0");
    let image = index(bookworm(), vec![redis(), package("dpkg", "a 1", "a 1")]);
    let report = scan(&image, &[about_bookworm()]);
    assert_eq!(kinds(&report.coverage), [(GapKind::NoFeed, "bitnami")]);
    assert!(report.coverage[0].message.contains("its packages: 1 of"));

    let bitnami = about(&Namespace::bitnami(), "mongodb", None);
    let data = [
        about_bookworm(),
        advisory("BIT-1", Severity::Low, vec![bitnami]),
    ];
    assert!(scan(&image, &data).coverage.is_empty());
}

/// Gentoo publishes advisories, but no feed reads them; OpenWrt has none that a program could read.
#[test]
fn distributions_that_no_feed_speaks_of_are_named() {
    for (did, manager) in [("gentoo", "portage"), ("openwrt", "opkg"), ("poky", "opkg")] {
        let distribution = clair_model::Distribution {
            did: did.into(),
            ..clair_model::Distribution::default()
        };
        let image = index(distribution, vec![package(manager, "a 1", "a 1")]);
        let report = scan(&image, &[about_bookworm()]);
        assert_eq!(kinds(&report.coverage), [(GapKind::NoFeed, did)]);
        assert!(report.coverage[0].message.contains(manager));
    }
}
