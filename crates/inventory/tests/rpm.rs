//! What is installed according to the rpm databases of real systems.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use clair_inventory::{File, Findings};
use clair_model::{Package, PackageManager};
use support::{
    analyze, analyzers_of, assert_among, corpus, files_of_tar, names_in, read, read_text,
};

struct Database {
    directory: &'static str,
    file: &'static str,
    /// Where such a system keeps it.
    path: &'static str,
    label: &'static str,
    supersedes: &'static [&'static str],
    packages: usize,
    vendors: &'static [&'static str],
    examples: &'static [&'static str],
}

const DATABASES: &[Database] = &[
    Database {
        directory: "cbl-mariner-2.0",
        file: "rpmdb.sqlite.zst",
        path: "var/lib/rpm/rpmdb.sqlite",
        label: "sqlite:var/lib/rpm",
        supersedes: &["var/lib/rpm/Packages", "var/lib/rpm/Packages.db"],
        packages: 129,
        vendors: &["Microsoft Corporation"],
        examples: &[
            "audit 3.0.6-1.cm2 x86_64 < audit 3.0.6-1.cm2",
            "libassuan 2.5.5-1.cm2 x86_64 < libassuan 2.5.5-1.cm2",
            "ca-certificates-base 1:2.0.0-1.cm2 noarch < ca-certificates 1:2.0.0-1.cm2",
        ],
    },
    Database {
        directory: "centos6-plain",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 129,
        vendors: &["CentOS"],
        examples: &[
            "MAKEDEV 3.24-6.el6 x86_64 < MAKEDEV 3.24-6.el6",
            "nss-util 3.36.0-1.el6 x86_64 < nss-util 3.36.0-1.el6",
            "bind-libs 32:9.8.2-0.68.rc1.el6_10.1 x86_64 < bind 32:9.8.2-0.68.rc1.el6_10.1",
        ],
    },
    Database {
        directory: "centos7-many",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 393,
        vendors: &["CentOS"],
        examples: &[
            "acl 2.2.51-14.el7 x86_64 < acl 2.2.51-14.el7",
            "perl 4:5.16.3-294.el7_6 x86_64 < perl 4:5.16.3-294.el7_6",
            "perl-ExtUtils-Embed 1.30-294.el7_6 noarch < perl 4:5.16.3-294.el7_6",
            "perl-Pod-Escapes 1:1.04-294.el7_6 noarch < perl 4:5.16.3-294.el7_6",
            "device-mapper 7:1.02.146-4.el7 x86_64 < lvm2 2.02.177-4.el7",
        ],
    },
    Database {
        directory: "centos7-python35",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 341,
        vendors: &["CentOS"],
        examples: &[
            "kmod-libs 20-23.el7 x86_64 < kmod 20-23.el7",
            "httpd24-httpd 2.4.34-7.el7 x86_64 < httpd24-httpd 2.4.34-7.el7",
            "httpd24-mod_ssl 1:2.4.34-7.el7 x86_64 < httpd24-httpd 2.4.34-7.el7",
            "mariadb-libs 1:5.5.60-1.el7_5 x86_64 < mariadb 1:5.5.60-1.el7_5",
        ],
    },
    Database {
        directory: "centos8-modularitylabel",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 517,
        vendors: &["CentOS"],
        examples: &[
            "NetworkManager 1:1.22.8-5.el8_2 x86_64 < NetworkManager 1:1.22.8-5.el8_2",
            "json-c 0.13.1-0.2.el8 x86_64 < json-c 0.13.1-0.2.el8",
            "npm 1:6.14.4-1.10.21.0.3.module_el8.2.0+391+8da3adc6 x86_64 < nodejs 1:10.21.0-3.module_el8.2.0+391+8da3adc6 [nodejs:10]",
            "podman 1.6.4-10.module_el8.2.0+305+5e198a41 x86_64 < podman 1.6.4-10.module_el8.2.0+305+5e198a41 [container-tools:rhel8]",
        ],
    },
    Database {
        directory: "libuuid",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 1,
        vendors: &["Red Hat, Inc."],
        examples: &["libuuid 2.32.1-42.el8_8 x86_64 < util-linux 2.32.1-42.el8_8"],
    },
    Database {
        directory: "sle15-bci",
        file: "Packages.db.zst",
        path: "usr/lib/sysimage/rpm/Packages.db",
        label: "ndb:usr/lib/sysimage/rpm",
        supersedes: &["usr/lib/sysimage/rpm/Packages"],
        packages: 35,
        vendors: &["SUSE LLC <https://www.suse.com/>"],
        examples: &[
            "bash 4.4-19.6.1 x86_64 < bash 4.4-19.6.1",
            "libdw1 0.168-4.5.3 x86_64 < elfutils 0.168-4.5.3",
            "libpcre1 8.45-20.10.1 x86_64 < pcre 8.45-20.10.1",
        ],
    },
    Database {
        directory: "sles12sp4",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 106,
        vendors: &["SUSE LLC <https://www.suse.com/>"],
        examples: &[
            "aaa_base 13.2+git20140911.61c1681-38.22.1 x86_64 < aaa_base 13.2+git20140911.61c1681-38.22.1",
            "libcrack2 2.9.0-8.5.1 x86_64 < cracklib 2.9.0-8.5.1",
            "libssh4 0.6.3-12.12.1 x86_64 < libssh 0.6.3-12.12.1",
        ],
    },
    Database {
        directory: "syft-small",
        file: "Packages.zst",
        path: "var/lib/rpm/Packages",
        label: "bdb:var/lib/rpm",
        supersedes: &[],
        packages: 1,
        vendors: &["(none)"],
        examples: &["dive 0.9.2-1 x86_64 < dive 0.9.2-1"],
    },
];

/// A row of `packages.tsv`, which rpm itself wrote.
struct Row<'a> {
    name: &'a str,
    evr: String,
    arch: &'a str,
    source_rpm: &'a str,
    module: &'a str,
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Self {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, epoch, version, release, arch, source_rpm, module] = columns[..] else {
            panic!("{line}");
        };
        let evr = match epoch {
            "-" | "0" => format!("{version}-{release}"),
            epoch => format!("{epoch}:{version}-{release}"),
        };
        Self {
            name,
            evr,
            arch,
            source_rpm,
            module,
        }
    }
}

#[test]
fn databases_have_the_packages_that_rpm_lists() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let findings = findings(database, &corpus);
        let directory = corpus.join("pkgdb/rpm").join(database.directory);
        let listed = read_text(directory.join("packages.tsv"));
        let rows = listed.lines().map(Row::parse);
        let expected: BTreeSet<String> = rows
            .filter(|row| row.name != "gpg-pubkey")
            .map(|row| {
                let Row {
                    name,
                    evr,
                    arch,
                    source_rpm,
                    module,
                } = row;
                let module: Vec<&str> = module.split(':').take(2).collect();
                format!("{name} {evr} {arch} < {source_rpm} [{}]", module.join(":"))
            })
            .collect();
        let found: BTreeSet<String> = findings.packages.iter().map(as_row).collect();
        assert_eq!(found, expected, "{}", database.directory);
        assert_eq!(
            findings.packages.len(),
            database.packages,
            "{}",
            database.directory
        );
    }
}

#[test]
fn packages_know_their_source_with_its_epoch_and_their_module() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        assert_among(
            &findings(database, &corpus),
            database.examples,
            database.directory,
        );
    }
}

/// The file name of a source package has no epoch. The package of its name has it.
#[test]
fn a_source_has_the_epoch_of_the_package_that_has_its_name() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let packages = findings(database, &corpus).packages;
        for package in &packages {
            let source = package.source.as_ref().unwrap();
            let is_main = package.name == source.name
                && without_epoch(&package.version) == without_epoch(&source.version);
            if is_main {
                assert_eq!(package.version, source.version, "{}", database.directory);
            }
        }
    }
}

#[test]
fn reports_name_the_format_and_the_directory_and_the_files_that_no_longer_count() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let findings = findings(database, &corpus);
        assert_eq!(
            findings.package_db, database.label,
            "{}",
            database.directory
        );
        assert_eq!(
            findings.supersedes, database.supersedes,
            "{}",
            database.directory
        );
    }
}

#[test]
fn packages_have_the_vendor_that_built_them() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let packages = findings(database, &corpus).packages;
        let vendors: BTreeSet<&str> = packages
            .iter()
            .map(|package| package.vendor.as_deref().unwrap_or("(none)"))
            .collect();
        assert_eq!(
            Vec::from_iter(vendors),
            database.vendors,
            "{}",
            database.directory
        );
    }
}

#[test]
fn packages_own_their_files_and_public_keys_are_no_packages() {
    let Some(corpus) = corpus() else { return };
    for database in DATABASES {
        let findings = findings(database, &corpus);
        let names: BTreeSet<&str> = findings.packages.iter().map(|p| p.name.as_str()).collect();
        let owners: BTreeSet<&str> = findings
            .ownership
            .iter()
            .map(|o| o.package.as_str())
            .collect();
        assert_eq!(names, owners, "{}", database.directory);
        assert!(!names.contains("gpg-pubkey"));
        if names.contains("bash") {
            let bash = findings
                .ownership
                .iter()
                .find(|owned| owned.package == "bash")
                .unwrap();
            let owns = ["bin/bash", "usr/bin/bash"].map(|path| bash.owns(path));
            assert!(owns.contains(&true), "{}", database.directory);
        }
    }
}

#[test]
fn a_database_is_read_in_every_place_where_it_can_be() {
    let Some(corpus) = corpus() else { return };
    let bytes = read(corpus.join("pkgdb/rpm/libuuid/Packages.zst"));
    for (path, label) in [
        ("var/lib/rpm/Packages", "bdb:var/lib/rpm"),
        ("usr/lib/sysimage/rpm/Packages", "bdb:usr/lib/sysimage/rpm"),
        ("usr/share/rpm/Packages", "bdb:usr/share/rpm"),
        ("srv/root/var/lib/rpm/Packages", "bdb:srv/root/var/lib/rpm"),
    ] {
        let findings = analyze(path, &bytes).unwrap();
        assert_eq!(findings.package_db, label);
        assert_eq!(findings.packages.len(), 1);
    }
}

/// The bytes decide on the format, not the name of the file.
#[test]
fn a_database_under_the_name_of_another_format_is_read_as_what_it_is() {
    let Some(corpus) = corpus() else { return };
    let bytes = read(corpus.join("pkgdb/rpm/libuuid/Packages.zst"));
    let findings = analyze("var/lib/rpm/rpmdb.sqlite", &bytes).unwrap();
    assert_eq!(findings.package_db, "bdb:var/lib/rpm");
    assert_eq!(findings.supersedes, Vec::<String>::new());
}

#[test]
fn an_empty_log_beside_a_database_changes_nothing() {
    let Some(corpus) = corpus() else { return };
    let path = "var/lib/rpm/rpmdb.sqlite";
    let bytes = read(corpus.join("pkgdb/rpm/cbl-mariner-2.0/rpmdb.sqlite.zst"));
    let database = File {
        path,
        bytes: &bytes,
    };
    let log = File {
        path: "var/lib/rpm/rpmdb.sqlite-wal",
        bytes: b"",
    };
    let [analyzer] = <[_; 1]>::try_from(analyzers_of(path)).ok().unwrap();
    assert_eq!(analyzer.companion_of(path), analyzer.companion_of(log.path));
    assert_eq!(
        analyzer.analyze(&database, &[log]),
        analyzer.analyze(&database, &[])
    );
    assert_eq!(analyzer.analyze(&log, &[database]), Ok(Findings::default()));
}

#[test]
fn a_database_of_a_nested_root_has_the_packages_that_rpm_described() {
    let Some(corpus) = corpus() else { return };
    let directory = corpus.join("pkgdb/rpm");
    let files = files_of_tar(&read(directory.join("scancode-var-lib-rpm.tar.xz")));
    let findings = analyze(
        "rootfs/var/lib/rpm/Packages",
        &files["rootfs/var/lib/rpm/Packages"],
    );
    let findings = findings.unwrap();
    assert_eq!(findings.package_db, "bdb:rootfs/var/lib/rpm");

    let described = files_of_tar(&read(
        directory.join("scancode-var-lib-rpm.expected.tar.xz"),
    ));
    let described = String::from_utf8_lossy(described.values().next().unwrap());
    let expected: BTreeSet<String> = described
        .split("<rpmHeader>")
        .skip(1)
        .map(|header| {
            ["Name", "Version", "Release"]
                .map(|tag| value_of(header, tag))
                .join("-")
        })
        .filter(|package| !package.starts_with("gpg-pubkey-"))
        .collect();
    let found: BTreeSet<String> = findings
        .packages
        .iter()
        .map(|package| format!("{}-{}", package.name, without_epoch(&package.version)))
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
}

#[test]
fn damaged_databases_give_an_error_or_say_what_is_missing() {
    let Some(corpus) = corpus() else { return };
    for (database, path, whole) in [
        (
            "made/rpmdb-cbl-mariner-2.0-flipped/rpmdb.sqlite.zst",
            "var/lib/rpm/rpmdb.sqlite",
            129,
        ),
        (
            "made/rpmdb-cbl-mariner-2.0-truncated/rpmdb.sqlite.zst",
            "var/lib/rpm/rpmdb.sqlite",
            129,
        ),
        (
            "made/rpmdb-sles12sp4-flipped/Packages.zst",
            "var/lib/rpm/Packages",
            106,
        ),
        (
            "made/rpmdb-sles12sp4-truncated/Packages.zst",
            "var/lib/rpm/Packages",
            106,
        ),
        (
            "claircore-no_packages.sqlite",
            "var/lib/rpm/rpmdb.sqlite",
            1,
        ),
    ] {
        if let Ok(findings) = analyze(path, &read(corpus.join("hostile").join(database))) {
            assert!(
                !findings.problems.is_empty(),
                "{database} is said to be whole"
            );
            assert!(findings.packages.len() < whole, "{database}");
        }
    }
}

#[test]
fn what_is_no_database_is_an_error() {
    for path in [
        "var/lib/rpm/Packages",
        "var/lib/rpm/Packages.db",
        "var/lib/rpm/rpmdb.sqlite",
    ] {
        for bytes in [&b""[..], b"SQLite format 3\0", b"RpmP", b"Package: apt\n"] {
            assert!(analyze(path, bytes).is_err(), "{path}");
        }
    }
}

#[test]
fn every_database_of_the_corpus_has_its_row() {
    let Some(corpus) = corpus() else { return };
    let root = corpus.join("pkgdb/rpm");
    let mut names = names_in(&root);
    names.retain(|name| root.join(name).join("packages.tsv").is_file());
    let mut rows: Vec<&str> = DATABASES
        .iter()
        .map(|database| database.directory)
        .collect();
    rows.sort_unstable();
    assert_eq!(names, rows);
}

fn findings(database: &Database, corpus: &Path) -> Findings {
    let directory = corpus.join("pkgdb/rpm").join(database.directory);
    let findings = analyze(database.path, &read(directory.join(database.file)));
    let findings = findings.unwrap_or_else(|error| panic!("{}: {error}", database.directory));
    assert_eq!(
        findings.problems,
        Vec::<String>::new(),
        "{}",
        database.directory
    );
    findings
}

/// The package as a row of `packages.tsv` describes it, its source by its file name.
fn as_row(package: &Package) -> String {
    assert_eq!(package.manager, PackageManager::Rpm);
    let Package {
        name,
        version,
        arch,
        ..
    } = package;
    let source = package.source.as_ref().unwrap();
    let (source, source_version) = (&source.name, without_epoch(&source.version));
    let module = package.module.as_deref().unwrap_or("-");
    format!("{name} {version} {arch} < {source}-{source_version}.src.rpm [{module}]")
}

fn without_epoch(version: &str) -> &str {
    version.split_once(':').map_or(version, |(_, rest)| rest)
}

/// The text of a tag in what `rpm --xml` writes.
fn value_of<'a>(header: &'a str, tag: &str) -> &'a str {
    let (_, rest) = header
        .split_once(&format!("<rpmTag name=\"{tag}\">"))
        .unwrap();
    let (_, rest) = rest.split_once("<string>").unwrap();
    rest.split_once("</string>").unwrap().0
}
