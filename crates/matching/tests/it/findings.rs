//! What is found, and what is not.

use clair_model::{
    Affected, FixState, Id, Namespace, PackageKind, ReportDistribution, Severity, Vulnerable,
};
use clair_version::{Range, Scheme};

use crate::support::{about, advisory, alpine, bookworm, found, index, package, scan};

fn debian() -> Namespace {
    Namespace::debian("bookworm")
}

#[test]
fn a_statement_about_a_source_is_compared_with_the_version_of_the_source() {
    // A rebuild and an epoch of its own make the version of the binary another one.
    let image = index(
        bookworm(),
        vec![
            package("dpkg", "libacl1 2.3.1-3+b1", "acl 2.3.1-3"),
            package("dpkg", "libfoo 1:9.0-1", "foo 2.0-1"),
        ],
    );
    let report = scan(
        &image,
        &[
            // The rebuild sorts behind the fix, the source does not.
            advisory(
                "CVE-1-0001",
                Severity::High,
                vec![about(&debian(), "acl", Some("2.3.1-3+a1"))],
            ),
            advisory(
                "CVE-1-0002",
                Severity::High,
                vec![about(&debian(), "foo", Some("3.0-1"))],
            ),
            advisory(
                "CVE-1-0003",
                Severity::High,
                vec![about(&debian(), "foo", Some("1.0-1"))],
            ),
        ],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    assert_eq!(found(&report, 2), ["CVE-1-0002"]);
}

#[test]
fn a_statement_about_a_binary_does_not_speak_of_a_source_of_that_name() {
    let image = index(bookworm(), vec![package("dpkg", "a-tools 1", "a 1")]);
    let binary = Affected {
        kind: PackageKind::Binary,
        ..about(&debian(), "a", Some("2"))
    };
    let report = scan(
        &image,
        &[advisory("CVE-1-0001", Severity::Low, vec![binary])],
    );
    assert!(report.vulnerabilities.is_empty());
}

#[test]
fn what_is_said_of_a_source_and_of_the_package_of_its_name_is_told_once() {
    let image = index(
        bookworm(),
        vec![
            package("dpkg", "a 1", "a 1"),
            package("dpkg", "a-tools 1", "a 1"),
        ],
    );
    let source = about(&debian(), "a", Some("2"));
    let binary = Affected {
        kind: PackageKind::Binary,
        ..source.clone()
    };
    let report = scan(
        &image,
        &[advisory("CVE-1-0001", Severity::Low, vec![source, binary])],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    assert_eq!(found(&report, 2), ["CVE-1-0001"]);
}

#[test]
fn one_statement_about_a_source_is_told_once_for_all_its_packages() {
    let packages = ["libssl3", "openssl", "libssl-dev"];
    let packages =
        packages.map(|name| package("dpkg", &format!("{name} 3.0.9-1"), "openssl 3.0.9-1"));
    let image = index(bookworm(), packages.into());
    let report = scan(
        &image,
        &[advisory(
            "CVE-1-0001",
            Severity::High,
            vec![about(&debian(), "openssl", Some("3.0.10-1"))],
        )],
    );
    assert_eq!(report.vulnerabilities.len(), 1);
    assert_eq!(report.package_vulnerabilities.len(), 3);
    let vulnerability = &report.vulnerabilities[&Id(1)];
    assert_eq!(vulnerability.fixed_in_version, "3.0.10-1");
    assert_eq!(vulnerability.package.name, "openssl");
    assert_eq!(vulnerability.package.kind, Some(PackageKind::Source));
    assert_eq!(vulnerability.distribution.distribution, bookworm());
    assert_eq!(vulnerability.description, "About CVE-1-0001.");
    assert_eq!(vulnerability.links, "https://vendor.example/CVE-1-0001");
    assert_eq!(vulnerability.updater, "source");
}

#[test]
fn other_releases_of_the_distribution_do_not_count() {
    let image = index(bookworm(), vec![package("dpkg", "a 1", "a 1")]);
    let report = scan(
        &image,
        &[advisory(
            "CVE-1-0001",
            Severity::High,
            vec![about(&Namespace::debian("bullseye"), "a", Some("2"))],
        )],
    );
    assert!(report.vulnerabilities.is_empty());
}

#[test]
fn a_version_that_cannot_be_parsed_costs_only_its_own_comparison() {
    let image = index(
        bookworm(),
        vec![
            package("dpkg", "a x:1", "a x:1"),
            package("dpkg", "b 1", "b 1"),
        ],
    );
    let report = scan(
        &image,
        &[
            advisory(
                "CVE-1-0001",
                Severity::High,
                vec![about(&debian(), "a", Some("2"))],
            ),
            advisory(
                "CVE-1-0002",
                Severity::High,
                vec![about(&debian(), "b", Some("2"))],
            ),
            // What affects every version affects this one too, whatever it means.
            advisory(
                "CVE-1-0003",
                Severity::High,
                vec![about(&debian(), "a", None)],
            ),
            advisory(
                "CVE-1-0004",
                Severity::High,
                vec![about(&debian(), "b", Some("y:2"))],
            ),
        ],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0003"]);
    assert_eq!(found(&report, 2), ["CVE-1-0002"]);
    let gaps: Vec<_> = report
        .coverage
        .iter()
        .map(|gap| (gap.kind.name(), gap.subject.as_str()))
        .collect();
    assert_eq!(
        gaps,
        [
            ("unparsed-version", "a"),
            ("unparsed-advisory", "CVE-1-0004 about b")
        ]
    );
}

#[test]
fn a_range_that_contains_the_version_decides_beside_one_that_is_broken() {
    let image = index(bookworm(), vec![package("dpkg", "a 5", "a 5")]);
    let vulnerable = Vulnerable {
        scheme: Scheme::Dpkg,
        ranges: vec![Range::before("y:2"), Range::before("6")],
    };
    let statement = Affected {
        vulnerable,
        ..about(&debian(), "a", Some("6"))
    };
    let report = scan(
        &image,
        &[advisory("CVE-1-0001", Severity::Low, vec![statement])],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    assert!(report.coverage.is_empty());
}

#[test]
fn what_the_vendor_clears_a_package_of_is_not_found() {
    let namespace = Namespace::alpine("3.18");
    let never = Affected {
        vulnerable: Vulnerable::none(Scheme::Apk),
        fix_state: FixState::NotAffected,
        ..about(&namespace, "zlib", None)
    };
    let image = index(
        alpine("3.18"),
        vec![package("apk", "zlib 1.2.11-r0", "zlib 1.2.11-r0")],
    );
    // Listed as fixed first, and as never present later.
    let report = scan(
        &image,
        &[
            advisory("CVE-1-0001", Severity::High, vec![never.clone()]),
            advisory(
                "CVE-1-0002",
                Severity::High,
                vec![about(&namespace, "zlib", Some("1.2.12-r0")), never],
            ),
            advisory(
                "CVE-1-0003",
                Severity::High,
                vec![about(&namespace, "zlib", Some("1.2.12-r2"))],
            ),
        ],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0003"]);
}

#[test]
fn a_statement_about_other_architectures_or_modules_does_not_count() {
    let limited = |arches: &[&str], module: Option<&str>| Affected {
        arches: arches.iter().map(|&arch| arch.to_owned()).collect(),
        module: module.map(str::to_owned),
        ..about(&debian(), "a", Some("2"))
    };
    let mut unknown = package("dpkg", "a 1", "a 1");
    unknown.arch = String::new();
    let mut modular = package("dpkg", "a 1", "a 1");
    modular.module = "m:1".into();
    let image = index(
        bookworm(),
        vec![package("dpkg", "a 1", "a 1"), unknown, modular],
    );
    let report = scan(
        &image,
        &[
            advisory(
                "CVE-1-0001",
                Severity::Low,
                vec![limited(&["arm64", "amd64"], None)],
            ),
            advisory("CVE-1-0002", Severity::Low, vec![limited(&["arm64"], None)]),
            advisory("CVE-1-0003", Severity::Low, vec![limited(&[], Some("m:1"))]),
            advisory("CVE-1-0004", Severity::Low, vec![limited(&[], Some("m:2"))]),
        ],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    assert_eq!(found(&report, 2), ["CVE-1-0001", "CVE-1-0002"]);
    assert_eq!(found(&report, 3), ["CVE-1-0003"]);
}

#[test]
fn the_worst_comes_first_and_severity_is_that_of_the_release() {
    let image = index(bookworm(), vec![package("dpkg", "a 1", "a 1")]);
    let worse_here = Affected {
        severity: Some("urgent".into()),
        normalized_severity: Some(Severity::Critical),
        ..about(&debian(), "a", None)
    };
    let report = scan(
        &image,
        &[
            advisory(
                "CVE-1-0001",
                Severity::Medium,
                vec![about(&debian(), "a", None)],
            ),
            advisory("CVE-1-0002", Severity::Low, vec![worse_here]),
            advisory(
                "CVE-1-0003",
                Severity::High,
                vec![about(&debian(), "a", None)],
            ),
            advisory(
                "CVE-1-0000",
                Severity::High,
                vec![about(&debian(), "a", None)],
            ),
        ],
    );
    assert_eq!(
        found(&report, 1),
        ["CVE-1-0002", "CVE-1-0000", "CVE-1-0003", "CVE-1-0001"]
    );
    let worst = &report.vulnerabilities[&report.package_vulnerabilities[&Id(1)][0]];
    assert_eq!(
        (worst.severity.as_str(), worst.normalized_severity),
        ("urgent", Severity::Critical)
    );
}

#[test]
fn a_fix_that_the_release_does_not_have_is_no_fixed_version() {
    let image = index(bookworm(), vec![package("dpkg", "a 1", "a 1")]);
    let open = Affected {
        fix_state: FixState::WillNotFix,
        note: Some("Minor issue".into()),
        ..about(&debian(), "a", Some("2"))
    };
    let report = scan(&image, &[advisory("CVE-1-0001", Severity::Low, vec![open])]);
    let vulnerability = &report.vulnerabilities[&Id(1)];
    assert_eq!(vulnerability.fixed_in_version, "");
    assert_eq!(vulnerability.fix_state, FixState::WillNotFix);
    assert_eq!(vulnerability.note.as_deref(), Some("Minor issue"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let packages: Vec<_> = (0..50)
        .map(|number| {
            package(
                "dpkg",
                &format!("p{number} 1"),
                &format!("s{} 1", number % 7),
            )
        })
        .collect();
    let advisories: Vec<_> = (0..200)
        .map(|number| {
            let statement = about(&debian(), &format!("s{}", number % 9), Some("2"));
            advisory(
                &format!("CVE-2-{number:04}"),
                Severity::Medium,
                vec![statement],
            )
        })
        .collect();
    let image = index(bookworm(), packages);
    let json = || serde_json::to_string(&scan(&image, &advisories)).unwrap();
    assert_eq!(json(), json());
}

#[test]
fn components_of_bitnami_are_looked_up_in_its_data_and_in_no_other() {
    let bitnami = |version: &str| {
        let named = format!("redis {version}");
        let mut component = package("bitnami", &named, &named);
        component.source = None;
        component
    };
    let image = index(
        bookworm(),
        vec![
            bitnami("7.2.4-12"),
            bitnami("7.4.0-0"),
            package("dpkg", "redis 5:7.0.15-1", "redis 5:7.0.15-1"),
        ],
    );
    let component = Affected {
        kind: PackageKind::Binary,
        ..about(&Namespace::bitnami(), "redis", Some("7.2.5"))
    };
    let report = scan(
        &image,
        &[
            advisory("CVE-1-0001", Severity::High, vec![component]),
            advisory(
                "CVE-1-0002",
                Severity::High,
                vec![about(&debian(), "redis", Some("5:7.0.15-2"))],
            ),
        ],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    assert_eq!(found(&report, 2), [""; 0]);
    assert_eq!(found(&report, 3), ["CVE-1-0002"]);
    let vulnerability = &report.vulnerabilities[&Id(1)];
    assert_eq!(vulnerability.distribution, ReportDistribution::default());
    assert_eq!(vulnerability.repository.name, "bitnami");
}
