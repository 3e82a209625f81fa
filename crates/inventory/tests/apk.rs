//! What is installed according to the apk databases of real systems.

mod support;

use clair_inventory::{Findings, detect};
use clair_model::PackageManager;
use support::{analyze, assert_among, corpus, files_of_tar, names_in, read};

const INSTALLED: &str = "lib/apk/db/installed";

/// Database, number of packages, and some of them.
const DATABASES: &[(&str, usize, [&str; 3])] = &[
    (
        "minirootfs/v3.7-x86_64.installed",
        13,
        [
            "musl 1.1.18-r3 x86_64 < musl 1.1.18-r3",
            "libressl2.6-libcrypto 2.6.5-r0 x86_64 < libressl 2.6.5-r0",
            "zlib 1.2.11-r1 x86_64 < zlib 1.2.11-r1",
        ],
    ),
    (
        "minirootfs/v3.12-x86_64.installed",
        14,
        [
            "musl 1.1.24-r10 x86_64 < musl 1.1.24-r10",
            "libcrypto1.1 1.1.1n-r0 x86_64 < openssl 1.1.1n-r0",
            "ssl_client 1.31.1-r22 x86_64 < busybox 1.31.1-r22",
        ],
    ),
    (
        "minirootfs/v3.14-x86_64.installed",
        14,
        [
            "musl 1.2.2-r4 x86_64 < musl 1.2.2-r4",
            "libcrypto1.1 1.1.1t-r2 x86_64 < openssl 1.1.1t-r2",
            "ssl_client 1.33.1-r8 x86_64 < busybox 1.33.1-r8",
        ],
    ),
    (
        "minirootfs/v3.16-x86_64.installed",
        14,
        [
            "alpine-baselayout-data 3.2.0-r23 x86_64 < alpine-baselayout 3.2.0-r23",
            "alpine-keys 2.4-r1 x86_64 < alpine-keys 2.4-r1",
            "ssl_client 1.35.0-r17 x86_64 < busybox 1.35.0-r17",
        ],
    ),
    (
        "scancode-full.installed",
        14,
        [
            "musl 1.1.24-r8 x86_64 < musl 1.1.24-r8",
            "libcrypto1.1 1.1.1g-r0 x86_64 < openssl 1.1.1g-r0",
            "ssl_client 1.31.1-r16 x86_64 < busybox 1.31.1-r16",
        ],
    ),
    (
        "syft-multiple.installed",
        14,
        [
            "alpine-baselayout-data 3.2.0-r22 x86_64 < alpine-baselayout 3.2.0-r22",
            "alpine-keys 2.4-r1 x86_64 < alpine-keys 2.4-r1",
            "ssl_client 1.35.0-r17 x86_64 < busybox 1.35.0-r17",
        ],
    ),
];

/// Root file system, branch, number of packages, and some of them.
const ROOTS: &[(&str, &str, usize, [&str; 3])] = &[
    (
        "library-3.1-rootfs.tar.xz",
        "3.1",
        15,
        [
            "musl 1.1.5-r5 x86_64 < musl 1.1.5-r5",
            "zlib 1.2.8-r1 x86_64 < zlib 1.2.8-r1",
            "scanelf 0.8.1-r0 x86_64 < pax-utils 0.8.1-r0",
        ],
    ),
    (
        "alpine-minirootfs-3.9.6-x86_64.tar.gz",
        "3.9",
        14,
        [
            "musl 1.1.20-r5 x86_64 < musl 1.1.20-r5",
            "libcrypto1.1 1.1.1g-r0 x86_64 < openssl 1.1.1g-r0",
            "ssl_client 1.29.3-r10 x86_64 < busybox 1.29.3-r10",
        ],
    ),
    (
        "alpine-minirootfs-3.13.12-x86_64.tar.gz",
        "3.13",
        14,
        [
            "musl 1.2.2-r1 x86_64 < musl 1.2.2-r1",
            "libcrypto1.1 1.1.1q-r0 x86_64 < openssl 1.1.1q-r0",
            "ssl_client 1.32.1-r9 x86_64 < busybox 1.32.1-r9",
        ],
    ),
    (
        "alpine-minirootfs-3.18.9-x86_64.tar.gz",
        "3.18",
        15,
        [
            "alpine-baselayout 3.4.3-r1 x86_64 < alpine-baselayout 3.4.3-r1",
            "busybox-binsh 1.36.1-r7 x86_64 < busybox 1.36.1-r7",
            "musl 1.2.4-r2 x86_64 < musl 1.2.4-r2",
        ],
    ),
    (
        "alpine-minirootfs-3.20.3-x86_64.tar.gz",
        "3.20",
        14,
        [
            "alpine-baselayout 3.6.5-r0 x86_64 < alpine-baselayout 3.6.5-r0",
            "busybox 1.36.1-r29 x86_64 < busybox 1.36.1-r29",
            "libssl3 3.3.2-r0 x86_64 < openssl 3.3.2-r0",
        ],
    ),
];

#[test]
fn databases_have_the_packages_that_the_corpus_counts() {
    let Some(corpus) = corpus() else { return };
    for (name, count, examples) in DATABASES {
        let bytes = read(corpus.join("pkgdb/apk").join(name));
        check(name, &analyze(INSTALLED, &bytes).unwrap(), *count, examples);
    }
}

#[test]
fn root_file_systems_have_the_packages_and_the_branch_that_the_corpus_tells() {
    let Some(corpus) = corpus() else { return };
    for (name, branch, count, examples) in ROOTS {
        let root = files_of_tar(&read(corpus.join("rootfs/alpine").join(name)));
        let findings = analyze(INSTALLED, &root[INSTALLED]).unwrap();
        check(name, &findings, *count, examples);

        let text = |path: &str| std::str::from_utf8(&root[path]).unwrap();
        for files in [
            &["etc/os-release", "etc/alpine-release", "etc/issue"][..],
            &["etc/alpine-release"],
            &["etc/issue"],
        ] {
            let files = files.iter().map(|path| (*path, text(path))).collect();
            assert_eq!(detect(&files).unwrap().version, *branch, "{name}");
        }
    }
}

#[test]
fn packages_own_the_files_of_the_root_file_system() {
    let Some(corpus) = corpus() else { return };
    for (name, ..) in ROOTS {
        let root = files_of_tar(&read(corpus.join("rootfs/alpine").join(name)));
        let findings = analyze(INSTALLED, &root[INSTALLED]).unwrap();
        let owner = |path: &str| {
            let mut owners = findings.ownership.iter().filter(|owned| owned.owns(path));
            owners.next().map(|owned| owned.package.as_str())
        };
        assert_eq!(owner("bin/busybox"), Some("busybox"), "{name}");
        assert_eq!(owner("sbin/apk"), Some("apk-tools"), "{name}");
        assert_eq!(owner(INSTALLED), None, "{name}");
        let with_owner = root.keys().filter(|path| owner(path).is_some()).count();
        assert!(
            with_owner * 10 > root.len() * 7,
            "{name}: {with_owner} of {}",
            root.len()
        );
    }
}

#[test]
fn every_database_of_the_corpus_has_its_row() {
    let Some(corpus) = corpus() else { return };
    let mut names = names_in(&corpus.join("pkgdb/apk"));
    let made = names_in(&corpus.join("pkgdb/apk/minirootfs"));
    names.extend(made.iter().map(|name| format!("minirootfs/{name}")));
    names.retain(|name| name.ends_with(".installed"));
    names.sort();
    let mut rows: Vec<&str> = DATABASES.iter().map(|(name, ..)| *name).collect();
    rows.sort_unstable();
    assert_eq!(names, rows);

    let mut rows: Vec<&str> = ROOTS.iter().map(|(name, ..)| *name).collect();
    rows.sort_unstable();
    assert_eq!(names_in(&corpus.join("rootfs/alpine")), rows);
}

#[track_caller]
fn check(name: &str, findings: &Findings, count: usize, examples: &[&str]) {
    assert_eq!(findings.packages.len(), count, "{name}");
    assert_eq!(findings.ownership.len(), count, "{name}");
    assert_eq!(findings.problems, Vec::<String>::new(), "{name}");
    assert_among(findings, examples, name);
    for package in &findings.packages {
        assert_eq!(package.manager, PackageManager::Apk);
        assert_eq!((&package.module, &package.vendor), (&None, &None));
    }
}
