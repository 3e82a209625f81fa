use super::*;

/// Fields as the indexer reports them: `version`, `version_id`, code name, CPE.
fn distribution(did: &str, [version, version_id, codename, cpe]: [&str; 4]) -> Distribution {
    Distribution {
        did: did.into(),
        version: version.into(),
        version_id: version_id.into(),
        version_code_name: codename.into(),
        cpe: cpe.into(),
        ..Distribution::default()
    }
}

fn joined(namespaces: &[Namespace]) -> String {
    let names: Vec<&str> = namespaces.iter().map(Namespace::as_str).collect();
    names.join(" ")
}

#[test]
fn the_table_has_each_distribution_once_in_order() {
    assert!(TABLE.is_sorted_by(|a, b| a.did < b.did));
}

/// Distribution, manager, fields, and the namespaces that follow.
const LEVELS: &[(&str, PackageManager, [&str; 4], &str)] = &[
    (
        "almalinux",
        Rpm,
        ["10.0 (Purple Lion)", "10.0", "", ""],
        "almalinux:10",
    ),
    ("alpine", Apk, ["3.18", "", "", ""], "alpine:3.18"),
    ("alpine", Apk, ["edge", "", "", ""], "alpine:edge"),
    ("amzn", Rpm, ["2016.03", "2016.03", "", ""], "amzn:2018.03"),
    ("amzn", Rpm, ["2", "2", "", ""], "amzn:2"),
    ("amzn", Rpm, ["2023", "2023", "", ""], "amzn:2023"),
    ("arch", Pacman, ["", "", "", ""], "arch"),
    (
        "azurelinux",
        Rpm,
        ["3.0.20240727", "3.0", "", ""],
        "azurelinux:3.0",
    ),
    ("centos", Rpm, ["7 (Core)", "7", "", ""], "rhel:7"),
    ("centos", Rpm, ["6.10", "6.10", "", ""], "rhel:6"),
    ("chainguard", Apk, ["", "20230214", "", ""], "chainguard"),
    (
        "debian",
        Dpkg,
        ["12 (bookworm)", "12", "bookworm", ""],
        "debian:bookworm",
    ),
    ("debian", Dpkg, ["sid", "", "sid", ""], "debian:sid"),
    ("fedora", Rpm, ["42 (Forty Two)", "42", "", ""], "fedora:42"),
    ("gentoo", Portage, ["2.15", "2.15", "", ""], "gentoo"),
    (
        "mariner",
        Rpm,
        ["2.0.20220226", "2.0", "", ""],
        "mariner:2.0",
    ),
    ("ol", Rpm, ["9", "9", "", ""], "ol:9"),
    (
        "openeuler",
        Rpm,
        ["22.03 (LTS-SP2)", "22.03", "", ""],
        "openeuler:22.03-lts-sp2",
    ),
    (
        "openeuler",
        Rpm,
        ["22.03 LTS", "22.03", "", ""],
        "openeuler:22.03-lts",
    ),
    (
        "openeuler",
        Rpm,
        ["23.09", "23.09", "", ""],
        "openeuler:23.09",
    ),
    (
        "opensuse-leap",
        Rpm,
        ["15.5", "15.5", "", ""],
        "opensuse-leap:15.5",
    ),
    (
        "opensuse-tumbleweed",
        Rpm,
        ["", "20240101", "", ""],
        "opensuse-tumbleweed",
    ),
    ("photon", Rpm, ["4.0", "4.0", "", ""], "photon:4.0"),
    ("rhel", Rpm, ["9", "9", "", ""], "rhel:9"),
    (
        "rocky",
        Rpm,
        ["8.4 (Green Obsidian)", "8.4", "", ""],
        "rocky:8",
    ),
    ("sl-micro", Rpm, ["6.0", "6.0", "", ""], "sle-micro:6.0"),
    ("sle-micro", Rpm, ["5.5", "5.5", "", ""], "sle-micro:5.5"),
    ("sles", Rpm, ["15", "15.5", "", ""], "sles:15.5"),
    ("sles", Rpm, ["15", "15", "", ""], "sles:15"),
    (
        "ubuntu",
        Dpkg,
        ["22.04 (Jammy)", "22.04", "jammy", ""],
        "ubuntu:22.04 ubuntu:22.04:pro",
    ),
    ("wolfi", Apk, ["", "20230201", "", ""], "wolfi"),
    // A package of another manager is not the distribution's.
    ("debian", Apk, ["12 (bookworm)", "12", "bookworm", ""], ""),
    ("alpine", Rpm, ["3.18", "", "", ""], ""),
    // A rebuild of others, and a release that is not told.
    (
        "raspbian",
        Dpkg,
        ["12 (bookworm)", "12", "bookworm", ""],
        "",
    ),
    ("rocky", Rpm, ["", "", "", ""], ""),
    ("ubuntu", Dpkg, ["", "", "", ""], ""),
];

#[test]
fn a_package_is_looked_up_at_the_level_of_releases_at_which_its_vendor_speaks() {
    for &(did, manager, fields, expected) in LEVELS {
        let distribution = distribution(did, fields);
        let found = joined(&distribution.namespaces(manager, "1"));
        assert_eq!(found, expected, "{did} {fields:?} {manager}");
        let owned = !expected.is_empty() || fields.iter().all(|field| field.is_empty());
        assert_eq!(distribution.owns(manager), owned, "{did} {manager}");
        if !expected.is_empty() {
            let base = distribution.base_namespace().unwrap();
            assert!(expected.starts_with(base.as_str()), "{base}");
        }
    }
}

#[test]
fn a_backport_is_looked_up_in_the_release_that_it_comes_from() {
    let bookworm = distribution("debian", ["12 (bookworm)", "12", "bookworm", ""]);
    for (version, namespace) in [
        ("2.0-1~bpo12+1", "debian:trixie"),
        ("2.0-1~bpo11+1", "debian:bookworm"),
        ("1:2.0-1~bpo8+2+b1", "debian:stretch"),
        ("2.0-1~bpo99+1", "debian:bookworm"),
        ("2.0-1+deb12u1", "debian:bookworm"),
    ] {
        let found = bookworm.namespaces(Dpkg, version);
        assert_eq!(joined(&found), namespace, "{version}");
    }
    let ubuntu = distribution("ubuntu", ["22.04 (Jammy)", "22.04", "jammy", ""]);
    let found = joined(&ubuntu.namespaces(Dpkg, "2.0-1~bpo12+1"));
    assert_eq!(found, "ubuntu:22.04 ubuntu:22.04:pro");
}

#[test]
fn fips_pockets_are_asked_for_fips_builds_only() {
    let jammy = distribution("ubuntu", ["22.04 (Jammy)", "22.04", "jammy", ""]);
    let fips = jammy.namespaces(Dpkg, "3.0.2-0ubuntu1.10+Fips1");
    assert!(fips.contains(&Namespace::ubuntu_pocket("22.04", "pro:fips-updates")));
    let realtime = jammy.namespaces(Dpkg, "5.15.0-1032.35~realtime");
    assert!(realtime.contains(&Namespace::ubuntu_pocket("22.04", "pro:realtime")));
}

#[test]
fn special_builds_of_oracle_are_looked_up_in_their_pockets_too() {
    let oracle = distribution("ol", ["8.10", "8.10", "", ""]);
    for (version, namespaces) in [
        ("1:1.1.1k-12.el8_9", "ol:8"),
        ("2:1.1.1g-15.ksplice1.el8_3", "ol:8 ol:8:ksplice"),
        ("10:3.6.16-4.0.1.el8_fips", "ol:8 ol:8:fips"),
    ] {
        let found = oracle.namespaces(Rpm, version);
        assert_eq!(joined(&found), namespaces, "{version}");
    }
}

#[test]
fn branches_of_alt_are_told_by_name_by_product_and_by_number() {
    for (fields, branch) in [
        (["10.1", "10.1", "", "cpe:/o:alt:server:10.1"], "p10"),
        (["11 (Salvia)", "11", "", ""], "p11"),
        (["p10", "p10", "", "cpe:/o:alt:starterkit:p10"], "p10"),
        (["8.4", "8.4", "", "cpe:/o:alt:spserver:8.4"], "c9f2"),
        (["10", "10", "", "cpe:/o:alt:spworkstation:10"], "c10f1"),
        (["20260316", "20260316", "", ""], "sisyphus"),
        (["Sisyphus", "Sisyphus", "", ""], "sisyphus"),
    ] {
        let base = distribution("altlinux", fields).base_namespace();
        assert_eq!(base, Some(Namespace::release("altlinux", branch)));
    }
    let unknown = ["12", "12", "", "cpe:/o:alt:spserver:12"];
    assert_eq!(distribution("altlinux", unknown).base_namespace(), None);
}

#[test]
fn a_rebuild_has_an_end_of_life_of_its_own() {
    let centos = |name: &str, version_id: &str| Distribution {
        name: name.into(),
        ..distribution("centos", ["", version_id, "", ""])
    };
    for (distribution, last_day) in [
        (centos("CentOS Linux", "7"), "2024-06-30"),
        (centos("CentOS Linux", "8"), "2021-12-31"),
        (centos("CentOS Stream", "8"), "2024-05-31"),
        (distribution("rhel", ["8", "8", "", ""]), "2029-05-31"),
        (distribution("sles", ["15", "15.4", "", ""]), "2023-12-31"),
        (
            distribution("amzn", ["2017.09", "2017.09", "", ""]),
            "2023-12-31",
        ),
    ] {
        let found = distribution.end_of_life().unwrap().to_string();
        assert_eq!(found, last_day, "{distribution:?}");
    }
    assert_eq!(distribution("wolfi", [""; 4]).end_of_life(), None);
}

#[test]
fn a_distribution_made_of_a_namespace_is_in_that_namespace() {
    let mut families: Vec<&str> = Vec::new();
    for &(did, manager, fields, _) in LEVELS {
        let Some(base) = distribution(did, fields).base_namespace() else {
            continue;
        };
        families.push(TABLE.iter().find(|line| line.did == did).unwrap().family);
        let made = Distribution::of_namespace(&base).unwrap();
        assert_eq!(made.base_namespace(), Some(base.clone()), "{made:?}");
        assert!(!made.did.is_empty() && made.pretty_name == base.as_str());
        // One in a pocket of it is in the same.
        for namespace in distribution(did, fields).namespaces(manager, "1-ksplice-fips-realtime") {
            let made = Distribution::of_namespace(&namespace).unwrap();
            assert_eq!(made.base_namespace(), Some(base.clone()), "{namespace}");
        }
    }
    // Those of which the release is told in other ways.
    for name in [
        "altlinux:p10",
        "altlinux:c9f2",
        "altlinux:sisyphus",
        "echo",
        "hummingbird",
        "mageia:9",
        "minimos",
        "opensuse:13.2",
        "opensuse-leap-micro:5.3",
    ] {
        let Ok(namespace) = name.parse();
        let made = Distribution::of_namespace(&namespace).unwrap();
        assert_eq!(made.base_namespace(), Some(namespace));
        families.push(name.split(':').next().unwrap());
    }
    for line in TABLE {
        assert!(families.contains(&line.family), "{} is not tried", line.did);
    }
    assert_eq!(Distribution::of_namespace(&Namespace::bitnami()), None);
}
