//! Packages of rpm: epochs, sources, architectures and module streams.

use clair_model::{
    Affected, Distribution, GapKind, Namespace, PackageKind, ReportPackage, Severity,
};

use crate::support::{about, advisory, found, index, package, scan};

fn rocky() -> Distribution {
    Distribution {
        did: "rocky".into(),
        name: "Rocky Linux".into(),
        version: "9.3 (Blue Onyx)".into(),
        version_id: "9.3".into(),
        pretty_name: "Rocky Linux 9.3 (Blue Onyx)".into(),
        ..Distribution::default()
    }
}

/// A package of this architecture and module stream.
fn installed(binary: &str, source: &str, arch: &str, module: &str) -> ReportPackage {
    ReportPackage {
        arch: arch.into(),
        module: module.into(),
        ..package("rpm", binary, source)
    }
}

/// A statement about binary packages: fixed in a version, on some architectures, in a module.
fn fixed(name: &str, version: &str, arches: &[&str], module: Option<&str>) -> Affected {
    Affected {
        kind: PackageKind::Binary,
        arches: arches.iter().map(|&arch| arch.to_owned()).collect(),
        module: module.map(str::to_owned),
        ..about(&Namespace::release("rocky", "9"), name, Some(version))
    }
}

/// What of these statements is found for the packages, each under the number of its place.
fn scan_for(packages: Vec<ReportPackage>, statements: Vec<Affected>) -> Vec<String> {
    let count = packages.len() as u64;
    let numbered = statements.into_iter().enumerate();
    let advisories: Vec<_> = numbered
        .map(|(number, statement)| advisory(&number.to_string(), Severity::High, vec![statement]))
        .collect();
    let report = scan(&index(rocky(), packages), &advisories);
    let gaps: Vec<GapKind> = report.coverage.iter().map(|gap| gap.kind).collect();
    assert!(gaps.is_empty(), "{gaps:?}");
    (1..=count).map(|id| found(&report, id).join(" ")).collect()
}

#[test]
fn an_epoch_counts_before_the_version_and_is_zero_where_it_is_not_written() {
    let packages = vec![
        installed(
            "openssl-libs 1:3.0.7-24.el9",
            "openssl 1:3.0.7-24.el9",
            "x86_64",
            "",
        ),
        installed("bash 5.1.8-6.el9", "bash 5.1.8-6.el9", "x86_64", ""),
    ];
    let statements = vec![
        fixed("openssl-libs", "1:3.0.7-25.el9", &[], None),
        fixed("openssl-libs", "9.0.0-1.el9", &[], None),
        fixed("bash", "0:5.1.8-7.el9", &[], None),
        fixed("bash", "0:5.1.8-6.el9", &[], None),
    ];
    assert_eq!(scan_for(packages, statements), ["0", "2"]);
}

#[test]
fn a_statement_about_a_source_is_compared_with_the_epoch_and_version_of_the_source() {
    let packages = vec![
        installed(
            "perl-Errno 1.30-480.el9",
            "perl 4:5.32.1-480.el9",
            "x86_64",
            "",
        ),
        installed(
            "perl-libs 4:5.32.1-480.el9",
            "perl 4:5.32.1-480.el9",
            "x86_64",
            "",
        ),
    ];
    let of_source = |version: &str| Affected {
        kind: PackageKind::Source,
        ..fixed("perl", version, &[], None)
    };
    let statements = vec![
        of_source("4:5.32.1-481.el9"),
        of_source("4:5.32.1-480.el9"),
        // About the package of that name, which is not installed.
        fixed("perl", "4:5.32.1-481.el9", &[], None),
    ];
    assert_eq!(scan_for(packages, statements), ["0", "0"]);
}

#[test]
fn an_architecture_is_that_of_the_package_and_noarch_is_one() {
    let packages = vec![
        installed("tzdata 2023c-1.el9", "tzdata 2023c-1.el9", "noarch", ""),
        installed("zlib 1.2.11-40.el9", "zlib 1.2.11-40.el9", "aarch64", ""),
    ];
    let statements = vec![
        fixed("tzdata", "2024a-1.el9", &["noarch"], None),
        fixed("tzdata", "2024a-1.el9", &["x86_64"], None),
        fixed("zlib", "1.2.11-41.el9", &["x86_64", "aarch64"], None),
        fixed("zlib", "1.2.11-41.el9", &["x86_64"], None),
    ];
    assert_eq!(scan_for(packages, statements), ["0", "2"]);
}

#[test]
fn a_stream_of_a_module_is_compared_with_its_own_fixes_alone() {
    let nodejs = |version: &str, stream: &str| {
        installed(
            &format!("nodejs {version}"),
            &format!("nodejs {version}"),
            "x86_64",
            stream,
        )
    };
    let packages = vec![
        nodejs("1:16.20.2-8.module+el9.4.0+21731+46b5b8a7", "nodejs:16"),
        nodejs("1:18.20.2-1.module+el9.4.0+21731+46b5b8a7", "nodejs:18"),
        nodejs("1:16.20.2-8.el9_4", ""),
    ];
    let statements = vec![
        fixed(
            "nodejs",
            "1:18.20.4-1.module+el9.4.0+22195+c221878e",
            &[],
            Some("nodejs:18"),
        ),
        fixed(
            "nodejs",
            "1:20.16.0-1.module+el9.4.0+22197+9e60f127",
            &[],
            Some("nodejs:20"),
        ),
        fixed("nodejs", "1:16.20.4-1.el9_4", &[], None),
    ];
    assert_eq!(scan_for(packages, statements), ["", "0", "2"]);
}

#[test]
fn a_release_at_which_no_data_is_kept_is_a_gap() {
    let image = index(
        Distribution {
            did: "raspbian".into(),
            ..rocky()
        },
        vec![installed("a 1-1", "a 1-1", "x86_64", "")],
    );
    let statement = fixed("a", "2-1", &[], None);
    let report = scan(&image, &[advisory("0", Severity::High, vec![statement])]);
    assert!(report.vulnerabilities.is_empty());
    assert_eq!(report.coverage[0].kind, GapKind::NoFeed);
}
