//! Whatever sources state is stated again after an export and an import.

use clair_interchange::Packing;
use clair_model::{Advisory, Affected, FixState, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{read, statements, write};

const NAMESPACES: [(&str, &str, Scheme); 24] = [
    ("debian", "debian:bookworm", Scheme::Dpkg),
    ("debian", "debian:sid", Scheme::Dpkg),
    ("ubuntu", "ubuntu:22.04", Scheme::Dpkg),
    ("ubuntu", "ubuntu:22.04:pro", Scheme::Dpkg),
    ("ubuntu", "ubuntu:24.04:pro:fips-updates", Scheme::Dpkg),
    ("alpine/v3.18/main", "alpine:3.18", Scheme::Apk),
    ("alpine/edge/main", "alpine:edge", Scheme::Apk),
    ("wolfi", "wolfi", Scheme::Apk),
    ("rhel-vex", "cpe:/o:redhat:enterprise_linux:9", Scheme::Rpm),
    (
        "rhel-vex",
        "cpe:/a:redhat:rhel_eus:9.2::appstream",
        Scheme::Rpm,
    ),
    ("aws/2", "amzn:2", Scheme::Rpm),
    ("aws/2/extras/docker", "amzn:2", Scheme::Rpm),
    ("aws/2018.03", "amzn:2018.03", Scheme::Rpm),
    ("oracle/2024", "ol:8", Scheme::Rpm),
    ("oracle/2024", "ol:8:ksplice", Scheme::Rpm),
    ("photon/4", "photon:4.0", Scheme::Rpm),
    (
        "suse/suse.linux.enterprise.server.15",
        "sles:15.5",
        Scheme::Rpm,
    ),
    (
        "suse/suse.linux.enterprise.server.15",
        "sles:15",
        Scheme::Rpm,
    ),
    (
        "suse/opensuse.tumbleweed",
        "opensuse-tumbleweed",
        Scheme::Rpm,
    ),
    ("rocky", "rocky:9", Scheme::Rpm),
    ("alt/p10", "altlinux:p10", Scheme::Rpm),
    ("openeuler", "openeuler:22.03-lts-sp2", Scheme::Rpm),
    ("arch", "arch", Scheme::Pacman),
    ("imported/house-rules", "debian:bookworm", Scheme::Dpkg),
];

fn version() -> impl Strategy<Value = String> {
    "(0|[1-9][0-9]{0,2}(\\.[0-9]{1,2}){0,2}(-r[0-9])?)"
}

fn range() -> impl Strategy<Value = Range> {
    (
        option::of(version()),
        option::of(version()),
        option::of(version()),
    )
        .prop_map(|(introduced, fixed, last_affected)| Range {
            introduced,
            fixed,
            last_affected,
        })
}

fn words() -> impl Strategy<Value = String> {
    "([A-Za-z<&\"\\\\é][a-z <&\"]{0,10}[a-z]|)"
}

prop_compose! {
    fn affected(namespace: &'static str, scheme: Scheme)(
        package in "[a-z][a-z0-9+.-]{0,8}",
        is_source in any::<bool>(),
        arches in select(vec![vec![], vec!["x86_64"], vec!["aarch64", "x86_64"], vec!["i.86", "x"]]),
        module in option::of(select(vec!["nodejs:18", "a:b"])),
        ranges in vec(range(), 0..3),
        fix_state in select(FixState::ALL.to_vec()),
        severity in option::of((words(), select(Severity::ALL.to_vec()))),
        note in option::of("[A-Z][a-z]{0,6}"),
    ) -> Affected {
        let (severity, normalized_severity) = severity.unzip();
        Affected {
            namespace: namespace.parse().unwrap(),
            package,
            kind: if is_source { PackageKind::Source } else { PackageKind::Binary },
            arches: arches.into_iter().map(str::to_owned).collect(),
            module: module.map(str::to_owned),
            vulnerable: Vulnerable { scheme, ranges },
            fix_state,
            severity,
            normalized_severity,
            note,
        }
    }
}

prop_compose! {
    fn advisory(namespace: &'static str, scheme: Scheme)(
        number in 0_u32..30,
        prefix in select(vec!["CVE-2024-", "RHSA-2024:", "GHSA-", "x"]),
        aliases in vec("CVE-2023-[1-9][0-9]{3}", 0..3),
        description in words(),
        issued in option::of(0_i64..2_000_000_000),
        modified in option::of(0_i64..2_000_000_000),
        links in vec("https://a\\.example/(CVE-2022-[1-9]{4}|[a-z]{1,4})", 0..3),
        severity in words(),
        normalized_severity in select(Severity::ALL.to_vec()),
        cvss in vec("CVSS:3\\.1/AV:[NL]", 0..2),
        cwes in vec("CWE-[1-9]{1,3}", 0..2),
        affected in vec(affected(namespace, scheme), 1..5),
    ) -> Advisory {
        fn distinct(mut list: Vec<String>) -> Vec<String> {
            list.sort();
            list.dedup();
            list
        }
        let time = |seconds: Option<i64>| {
            seconds.map(|seconds| jiff::Timestamp::from_second(seconds).unwrap())
        };
        Advisory {
            id: format!("{prefix}{number:04}"),
            aliases: distinct(aliases),
            description,
            issued: time(issued),
            modified: time(modified),
            links: distinct(links),
            severity,
            normalized_severity,
            cvss: distinct(cvss),
            cwes: distinct(cwes),
            affected,
        }
    }
}

fn source() -> impl Strategy<Value = (&'static str, Vec<Advisory>)> {
    select(NAMESPACES.to_vec()).prop_flat_map(|(source, namespace, scheme)| {
        vec(advisory(namespace, scheme), 1..6).prop_map(move |advisories| (source, advisories))
    })
}

proptest! {
    #[test]
    fn what_is_exported_is_imported(sources in vec(source(), 1..4)) {
        let (file, summary) = write(Packing::None, &sources);
        let received = read(file).unwrap();
        let expected = statements(sources.iter().flat_map(|(_, advisories)| advisories));
        prop_assert_eq!(summary.statements, expected.len() as u64);
        prop_assert!(received.skipped.is_empty(), "{:?}", received.skipped);
        let found = statements(received.advisories.values().flatten());
        prop_assert_eq!(found, expected);
        for (source, advisories) in &sources {
            if *source != "ubuntu" {
                prop_assert!(received.advisories.contains_key(*source), "{} {:?}", source, advisories);
            }
        }
    }
}
