//! Statements of Red Hat, which hold for products that the repositories of an image tell:
//! <https://redhatproductsecurity.github.io/security-data-guidelines/scanning-vendors/>.

use clair_matching::explain;
use clair_model::{
    Advisory, Affected, Distribution, FixState, Id, IndexReport, Namespace, PackageKind,
    ReportRepository, Repository, Severity, VulnerabilityReport, Vulnerable,
};
use clair_version::Scheme;

use crate::support::{
    about, add_facts, advisory, database_of, found, freshness, index, now, package, scan,
};

const MAIN: &str = "cpe:/o:redhat:enterprise_linux:9";
const BASEOS: &str = "cpe:/o:redhat:enterprise_linux:9::baseos";
const APPSTREAM: &str = "cpe:/a:redhat:enterprise_linux:9::appstream";
const EUS: &str = "cpe:/o:redhat:rhel_eus:9.2::baseos";

fn rhel() -> Distribution {
    Distribution {
        did: "rhel".into(),
        name: "Red Hat Enterprise Linux Server".into(),
        version: "9".into(),
        version_id: "9".into(),
        pretty_name: "Red Hat Enterprise Linux Server 9".into(),
        ..Distribution::default()
    }
}

/// An image whose packages, `openssl-libs` of `openssl` in one version, come from repositories of
/// these products.
fn image(version: &str, products: &[&str]) -> IndexReport {
    let openssl = package(
        "rpm",
        &format!("openssl-libs {version}"),
        &format!("openssl {version}"),
    );
    from(index(rhel(), vec![openssl]), products)
}

fn from(mut image: IndexReport, products: &[&str]) -> IndexReport {
    let ids: Vec<String> = (1..=products.len()).map(|id| id.to_string()).collect();
    for environments in image.environments.values_mut() {
        environments[0].repository_ids = Some(ids.clone());
    }
    image.repository = (1..)
        .zip(products)
        .map(|(id, cpe)| {
            let repository = Repository::rpm(&format!("repository-{id}")).of_product(cpe);
            (Id(id), ReportRepository::of(id.to_string(), repository))
        })
        .collect();
    image
}

fn fixed(cpe: &str, version: &str) -> Affected {
    Affected {
        kind: PackageKind::Binary,
        ..about(&Namespace::product(cpe), "openssl-libs", Some(version))
    }
}

fn unfixed(cpe: &str) -> Affected {
    about(&Namespace::product(cpe), "openssl", None)
}

fn not_affected(cpe: &str) -> Affected {
    Affected {
        kind: PackageKind::Binary,
        vulnerable: Vulnerable::none(Scheme::Rpm),
        fix_state: FixState::NotAffected,
        ..about(&Namespace::product(cpe), "openssl-libs", None)
    }
}

fn cve(affected: Vec<Affected>) -> Advisory {
    advisory("CVE-1-0001", Severity::High, affected)
}

fn fixes(report: &VulnerabilityReport) -> Vec<&str> {
    let found = report.vulnerabilities.values();
    found.map(|it| it.fixed_in_version.as_str()).collect()
}

#[test]
fn the_main_stream_counts_where_nothing_is_known_of_repositories() {
    let said = [cve(vec![
        fixed(BASEOS, "1:3.0.7-27.el9"),
        fixed(EUS, "1:3.0.7-18.el9_2"),
    ])];
    let old = image("1:3.0.7-16.el9_2", &[]);
    assert_eq!(fixes(&scan(&old, &said)), ["1:3.0.7-27.el9"]);
    assert!(
        scan(&image("1:3.0.7-27.el9", &[]), &said)
            .vulnerabilities
            .is_empty()
    );
    let report = scan(&old, &[cve(vec![unfixed(MAIN)])]);
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    let report = scan(&old, &[cve(vec![fixed(EUS, "1:3.0.7-18.el9_2")])]);
    assert!(
        report.vulnerabilities.is_empty(),
        "that stream is none of it"
    );
}

#[test]
fn what_is_not_fixed_is_said_of_the_system_and_holds_for_its_channels() {
    for product in [BASEOS, APPSTREAM, EUS] {
        let report = scan(&image("1-1.el9", &[product]), &[cve(vec![unfixed(MAIN)])]);
        assert_eq!(found(&report, 1), ["CVE-1-0001"], "{product}");
    }
    let other = "cpe:/a:redhat:openshift:4.16::el9";
    let report = scan(&image("1-1.el9", &[other]), &[cve(vec![unfixed(MAIN)])]);
    assert!(report.vulnerabilities.is_empty());
    let report = scan(
        &image("1-1.el9", &[other]),
        &[cve(vec![unfixed("cpe:/a:redhat:openshift:4")])],
    );
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
}

#[test]
fn an_extended_stream_is_compared_with_its_own_fix() {
    let said = [cve(vec![
        fixed(BASEOS, "1:3.0.7-27.el9"),
        fixed(EUS, "1:3.0.7-18.el9_2"),
    ])];
    let eus = |version| scan(&image(version, &[EUS]), &said);
    assert!(eus("1:3.0.7-18.el9_2").vulnerabilities.is_empty());
    assert_eq!(fixes(&eus("1:3.0.7-16.el9_2")), ["1:3.0.7-18.el9_2"]);
}

#[test]
fn what_an_extended_stream_has_not_fixed_is_as_in_the_main_stream() {
    let report = scan(
        &image("1:3.0.7-16.el9_2", &[EUS]),
        &[cve(vec![fixed(BASEOS, "1:3.0.7-27.el9")])],
    );
    assert_eq!(fixes(&report), ["1:3.0.7-27.el9"]);
    let report = scan(
        &image("1:3.0.7-16.el9_2", &[EUS]),
        &[cve(vec![
            fixed(BASEOS, "1:3.0.7-27.el9"),
            not_affected(EUS),
        ])],
    );
    assert!(report.vulnerabilities.is_empty());
    // The newer form of the documents says so of each stream, without its channels.
    let stream = "cpe:/a:redhat:rhel_eus:9.2";
    let states = |state| {
        let open = Affected {
            fix_state: state,
            ..unfixed(stream)
        };
        let said = [cve(vec![fixed(BASEOS, "1:3.0.7-27.el9"), open])];
        let report = scan(&image("1:3.0.7-16.el9_2", &[EUS]), &said);
        let states = report.vulnerabilities.values().map(|it| it.fix_state);
        states.collect::<Vec<_>>()
    };
    assert_eq!(states(FixState::Affected), [FixState::Affected]);
    let mut unknown = states(FixState::UnderInvestigation);
    unknown.sort();
    assert_eq!(unknown, [FixState::Fixed, FixState::UnderInvestigation]);
}

/// By Red Hat's rule a fix counts where the product matches, and an older build is vulnerable.
#[test]
fn a_build_of_an_extended_stream_in_an_image_of_the_main_stream_is_older_than_its_fix() {
    let said = [cve(vec![
        fixed(BASEOS, "1:3.0.7-27.el9"),
        fixed(EUS, "1:3.0.7-18.el9_2"),
    ])];
    let main = scan(&image("1:3.0.7-18.el9_2", &[BASEOS]), &said);
    assert_eq!(fixes(&main), ["1:3.0.7-27.el9"]);
}

#[test]
fn a_build_is_compared_with_the_fix_of_its_own_minor_release() {
    let said = [cve(vec![
        fixed(BASEOS, "5.14.0-284.11.1.el9_2"),
        fixed(BASEOS, "5.14.0-362.8.1.el9_3"),
    ])];
    let main = |version| {
        let report = scan(&image(version, &[BASEOS]), &said);
        fixes(&report)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(main("5.14.0-284.30.1.el9_2"), [""; 0]);
    assert_eq!(main("5.14.0-284.10.1.el9_2"), ["5.14.0-284.11.1.el9_2"]);
    assert_eq!(main("5.14.0-362.1.1.el9_3"), ["5.14.0-362.8.1.el9_3"]);
    assert_eq!(main("5.14.0-400.1.1.el9_4"), [""; 0]);
    // What is older than all of them is found once, with the first build that has the fix.
    assert_eq!(main("5.14.0-70.1.1.el9_0"), ["5.14.0-284.11.1.el9_2"]);
    assert_eq!(main("5.14.0-70.el9"), ["5.14.0-284.11.1.el9_2"]);
}

#[test]
fn what_each_channel_says_is_told_once() {
    let said = [cve(vec![
        fixed(BASEOS, "2-1.el9"),
        fixed(APPSTREAM, "2-1.el9"),
        unfixed(MAIN),
        Affected {
            kind: PackageKind::Binary,
            ..about(&Namespace::product(MAIN), "openssl-libs", None)
        },
    ])];
    let report = scan(&image("1-1.el9", &[BASEOS, APPSTREAM]), &said);
    let mut states: Vec<_> = report
        .vulnerabilities
        .values()
        .map(|it| it.fix_state)
        .collect();
    states.sort();
    assert_eq!(states, [FixState::Affected, FixState::Fixed]);
}

#[test]
fn a_package_that_is_not_affected_is_cleared_of_what_is_said_of_its_source() {
    let said = [cve(vec![unfixed(MAIN), not_affected(MAIN)])];
    let report = scan(&image("1-1.el9", &[BASEOS]), &said);
    assert!(report.vulnerabilities.is_empty());
    let source = Affected {
        kind: PackageKind::Source,
        package: "openssl".into(),
        ..not_affected(MAIN)
    };
    let named = Affected {
        kind: PackageKind::Binary,
        ..about(&Namespace::product(MAIN), "openssl-libs", None)
    };
    let report = scan(&image("1-1.el9", &[BASEOS]), &[cve(vec![source, named])]);
    assert_eq!(found(&report, 1), ["CVE-1-0001"], "it is named by itself");
}

#[test]
fn a_kernel_that_is_not_fixed_affects_what_is_built_from_it_unless_red_hat_clears_it() {
    let core = package("rpm", "kernel-core 5.14.0-1.el9", "kernel 5.14.0-1.el9");
    let image = from(index(rhel(), vec![core]), &[APPSTREAM]);
    let kernel = about(&Namespace::product(MAIN), "kernel", None);
    let report = scan(&image, &[cve(vec![kernel.clone()])]);
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
    let cleared = Affected {
        package: "kernel-core".into(),
        ..not_affected(MAIN)
    };
    let report = scan(&image, &[cve(vec![kernel, cleared])]);
    assert!(report.vulnerabilities.is_empty());
}

#[test]
fn a_finding_names_the_product_it_is_about() {
    let report = scan(
        &image("1-1.el9", &[BASEOS]),
        &[cve(vec![fixed(BASEOS, "2-1.el9")])],
    );
    let vulnerability = &report.vulnerabilities[&Id(1)];
    assert_eq!(
        vulnerability.repository.cpe,
        "cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*"
    );
    assert_eq!(vulnerability.repository.key, "rhel-cpe-repository");
}

#[test]
fn an_explanation_says_which_stream_decides() {
    let said = [cve(vec![
        fixed(BASEOS, "1:3.0.7-27.el9"),
        fixed(EUS, "1:3.0.7-18.el9_2"),
    ])];
    let (_dir, database) = database_of(now(), &said);
    let told = explain(&database, &image("1:3.0.7-18.el9_2", &[EUS]), "CVE-1-0001").unwrap();
    assert!(!told.affected);
    assert!(
        told.to_string()
            .contains("another statement is about the stream that it comes from"),
        "{told}"
    );
}

fn container(version: &str, repository: Repository) -> IndexReport {
    let mut clair = package(
        "rhcc",
        &format!("quay/clair-rhel8 {version}"),
        "quay-clair-container 1",
    );
    clair.arch = "x86_64".into();
    let mut image = index(rhel(), vec![clair]);
    for environments in image.environments.values_mut() {
        environments[0].repository_ids = Some(vec!["1".into()]);
    }
    image.repository = [(Id(1), ReportRepository::of("1".into(), repository))].into();
    image
}

#[test]
fn images_are_found_by_their_product_or_in_the_whole_catalog() {
    let fixed = |cpe| Affected {
        vulnerable: Vulnerable::before(Scheme::RhcTag, "v3.5.7-8"),
        kind: PackageKind::Binary,
        ..about(&Namespace::images_of(cpe), "quay/clair-rhel8", Some(""))
    };
    let said = [cve(vec![fixed("cpe:/a:redhat:quay:3::el8")])];
    let quay = Repository::containers("cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*");
    let report = scan(&container("v3.5.5-4", quay.clone()), &said);
    assert_eq!(fixes(&report), ["v3.5.7-8"]);
    assert_eq!(
        report.vulnerabilities[&Id(1)].repository.key,
        "rhcc-container-repository"
    );
    assert!(
        scan(&container("v3.5.7-8", quay), &said)
            .vulnerabilities
            .is_empty()
    );
    let catalog = Repository::container_catalog();
    assert_eq!(
        fixes(&scan(&container("v3.5.5-4", catalog), &said)),
        ["v3.5.7-8"]
    );
    let other = Repository::containers("cpe:/a:redhat:quay:2::el8");
    assert!(
        scan(&container("v3.5.5-4", other), &said)
            .vulnerabilities
            .is_empty()
    );
}

#[test]
fn an_image_that_another_one_was_built_on_is_compared_with_nothing() {
    let unfixed = Affected {
        kind: PackageKind::Binary,
        vulnerable: Vulnerable::all(Scheme::RhcTag),
        ..about(
            &Namespace::images_of("cpe:/a:redhat:quay:3"),
            "quay/clair-rhel8",
            None,
        )
    };
    let mut image = container("v3.5.5-4", Repository::container_catalog());
    assert_eq!(
        found(&scan(&image, &[cve(vec![unfixed.clone()])]), 1),
        ["CVE-1-0001"]
    );
    for package in image.packages.values_mut() {
        package.normalized_version = "unmatchable:0.0.0.0.0.0.0.0.0.0".into();
    }
    assert!(
        scan(&image, &[cve(vec![unfixed])])
            .vulnerabilities
            .is_empty()
    );
}

/// An image that names its repositories by their ids, as the indexer writes it.
fn named(version: &str, ids: &[&str]) -> IndexReport {
    let mut image = image(version, &vec![""; ids.len()]);
    for (entry, id) in image.repository.values_mut().zip(ids) {
        *entry = ReportRepository::of(entry.id.clone(), Repository::rpm(id));
    }
    image
}

const MAPPING: [(&str, &str); 3] = [
    (
        "rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2",
        r#"{"products":["cpe:/o:redhat:rhel_eus:9.2::baseos"]}"#,
    ),
    (
        "rhel-9-for-x86_64-baseos-rpms",
        r#"{"products":["cpe:/o:redhat:enterprise_linux:9::baseos","cpe:/o:redhat:rhel:9.3::baseos"]}"#,
    ),
    (
        "clair-rhel8",
        r#"{"images":["quay/clair-rhel8","quay/clair-rhel9"]}"#,
    ),
];

#[test]
fn the_mapping_in_the_database_tells_the_products_of_repositories() {
    let said = [cve(vec![
        fixed(BASEOS, "1:3.0.7-27.el9"),
        fixed(EUS, "1:3.0.7-18.el9_2"),
    ])];
    let (dir, _) = database_of(now(), &said);
    let database = add_facts(dir.path(), "rhel-mappings", &MAPPING);
    let scan =
        |image: &IndexReport| clair_matching::report(&database, image, &freshness()).unwrap();
    let eus = named(
        "1:3.0.7-18.el9_2",
        &["rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2"],
    );
    assert!(scan(&eus).vulnerabilities.is_empty());
    // Of a repository that the mapping does not know nothing follows.
    let unknown = named("1:3.0.7-18.el9_2", &["internal-mirror"]);
    assert_eq!(fixes(&scan(&unknown)), ["1:3.0.7-27.el9"]);
    let both = named(
        "1:3.0.7-16.el9_2",
        &[
            "internal-mirror",
            "rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2",
        ],
    );
    assert_eq!(fixes(&scan(&both)), ["1:3.0.7-18.el9_2"]);
}

#[test]
fn a_report_has_a_repository_once_for_each_of_its_products() {
    let (dir, _) = database_of(now(), &[cve(vec![fixed(BASEOS, "2-1.el9")])]);
    let database = add_facts(dir.path(), "rhel-mappings", &MAPPING);
    let image = named(
        "1-1.el9",
        &["internal-mirror", "rhel-9-for-x86_64-baseos-rpms"],
    );
    let report = clair_matching::report(&database, &image, &freshness()).unwrap();
    let shown: Vec<_> = report
        .repository
        .values()
        .map(|it| format!("{} {} {}", it.id, it.uri, it.cpe))
        .collect();
    assert_eq!(
        shown,
        [
            "1 repoid=internal-mirror ",
            "2 repoid=rhel-9-for-x86_64-baseos-rpms cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*",
            "3 repoid=rhel-9-for-x86_64-baseos-rpms cpe:2.3:o:redhat:rhel:9.3:*:baseos:*:*:*:*:*",
        ]
    );
    let ids = report.environments[&Id(1)][0]
        .repository_ids
        .as_ref()
        .unwrap();
    assert_eq!(ids, &["1", "2", "3"]);
}

#[test]
fn an_image_is_looked_up_by_the_names_under_which_it_is_offered() {
    let unfixed = Affected {
        kind: PackageKind::Binary,
        vulnerable: Vulnerable::all(Scheme::RhcTag),
        ..about(
            &Namespace::images_of("cpe:/a:redhat:quay:3"),
            "quay/clair-rhel9",
            None,
        )
    };
    let (dir, _) = database_of(now(), &[cve(vec![unfixed])]);
    let database = add_facts(dir.path(), "rhel-mappings", &MAPPING);
    let mut image = container("v3.5.5-4", Repository::container_catalog());
    for package in image.packages.values_mut() {
        package.name = "clair-rhel8".into();
    }
    let report = clair_matching::report(&database, &image, &freshness()).unwrap();
    assert_eq!(found(&report, 1), ["CVE-1-0001"]);
}
