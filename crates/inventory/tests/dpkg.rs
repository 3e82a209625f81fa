//! What is installed according to the dpkg databases of real systems.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod support;

use std::path::Path;

use clair_inventory::{Findings, detect};
use clair_model::PackageManager;
use support::{
    all_described, analyze, analyzers_of, assert_among, borrowed, corpus, files_of_tar, names_in,
    read, release_files,
};

const STATUS: &str = "var/lib/dpkg/status";

#[test]
fn a_debian_system_has_the_packages_that_dpkg_query_lists() {
    let Some(corpus) = corpus() else { return };
    let system = corpus.join("pkgdb/dpkg/debian-bookworm-minbase");
    let layer = files_of_tar(&read(system.join("layer.tar.zst")));
    let findings = analyze(STATUS, &layer[STATUS]).unwrap();

    let listed = String::from_utf8(read(system.join("packages.tsv"))).unwrap();
    let mut expected: Vec<String> = listed
        .lines()
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, version, arch, source, source_version, "installed"] = columns[..] else {
                panic!("{line}");
            };
            format!("{name} {version} {arch} < {source} {source_version}")
        })
        .collect();
    expected.sort();
    let mut found = all_described(&findings);
    found.sort();
    assert_eq!(found.len(), 88);
    assert_eq!(found, expected);
    assert_eq!(findings.problems, Vec::<String>::new());
    for package in &findings.packages {
        assert_eq!(package.manager, PackageManager::Dpkg);
        assert_eq!((&package.module, &package.vendor), (&None, &None));
    }
}

#[test]
fn every_package_of_a_debian_system_owns_the_files_that_its_list_names() {
    let Some(corpus) = corpus() else { return };
    let layer = corpus.join("pkgdb/dpkg/debian-bookworm-minbase/layer.tar.zst");
    let layer = files_of_tar(&read(layer));
    let installed = analyze(STATUS, &layer[STATUS]).unwrap().packages;
    let names: Vec<&str> = installed.iter().map(|found| found.name.as_str()).collect();
    let mut lists = 0;
    for (path, bytes) in &layer {
        let name = path.strip_prefix("var/lib/dpkg/info/");
        if name.and_then(|name| name.strip_suffix(".list")).is_none() {
            continue;
        }
        let findings = analyze(path, bytes).unwrap();
        assert_eq!(findings.packages, []);
        let [owned] = findings.ownership.as_slice() else {
            panic!("{path}: {findings:?}");
        };
        let name = owned.package.split(':').next().unwrap();
        assert!(names.contains(&name), "{path} is of {name}");
        for line in String::from_utf8(bytes.clone()).unwrap().lines() {
            let is_root = line == "/.";
            assert_eq!(
                owned.owns(line.trim_start_matches('/')),
                !is_root,
                "{path}: {line}"
            );
        }
        lists += 1;
    }
    assert_eq!(lists, 88);
}

#[test]
fn status_files_have_the_packages_that_the_corpus_counts() {
    let Some(corpus) = corpus() else { return };
    for (name, count, examples) in [
        (
            "clair-valid.status",
            89,
            &[
                "fdisk 2.31.1-0.4ubuntu3.1 amd64 < util-linux 2.31.1-0.4ubuntu3.1",
                "gzip 1.6-5ubuntu1 amd64 < gzip 1.6-5ubuntu1",
                "libc-bin 2.27-3ubuntu1 amd64 < glibc 2.27-3ubuntu1",
            ][..],
        ),
        (
            "claircore/debian-only.status",
            1,
            &["debian-archive-keyring 2019.1 all < debian-archive-keyring 2019.1"],
        ),
        (
            "claircore/postgresql.status",
            3,
            &[
                "postgresql-client 11+200+deb10u5 all < postgresql-common 200+deb10u5",
                "postgresql-client-11 11.22-0+deb10u2 amd64 < postgresql-11 11.22-0+deb10u2",
                "postgresql-client-common 200+deb10u5 all < postgresql-common 200+deb10u5",
            ],
        ),
        (
            "claircore/texlive.status",
            357,
            &[
                "libquadmath0 8.4.0-1ubuntu1~18.04 amd64 < gcc-8 8.4.0-1ubuntu1~18.04",
                "gpgv 2.2.4-1ubuntu1.2 amd64 < gnupg2 2.2.4-1ubuntu1.2",
                "libssl1.1 1.1.1-1ubuntu2.1~18.04.5 amd64 < openssl 1.1.1-1ubuntu2.1~18.04.5",
            ],
        ),
    ] {
        let findings = analyze(STATUS, &read(corpus.join("pkgdb/dpkg").join(name))).unwrap();
        assert_eq!(findings.packages.len(), count, "{name}");
        assert_eq!(findings.problems, Vec::<String>::new(), "{name}");
        assert_among(&findings, examples, name);
    }
}

#[test]
fn the_list_of_vcpkg_is_rejected() {
    let Some(corpus) = corpus() else { return };
    let list = read(corpus.join("pkgdb/dpkg/claircore/vcpkg.status"));
    let error = analyze(STATUS, &list).unwrap_err();
    assert!(error.to_string().contains("vcpkg"), "{error}");
}

/// dpkg itself gives up on a file with a stanza that it cannot read. Here the others count, and
/// what was passed over is told.
#[test]
fn stanzas_of_distroless_files_count_if_they_name_a_package_and_its_version() {
    let Some(corpus) = corpus() else { return };
    let apt = "apt 1.8.2 amd64 < apt-dev 1.8.2";
    let cases = [
        ("single", vec![apt], 0),
        // The size is text in this one, which does not matter.
        ("installed-size-4KB", vec![apt], 0),
        // The second stanza is removed but for its configuration.
        (
            "deinstall",
            vec![
                "linux-image-6.14.0-1012-aws 6.14.0-1012.12~24.04.1 amd64 \
                 < linux-aws-6.14 6.14.0-1012.12~24.04.1",
            ],
            0,
        ),
        // One without name and one without version are in front.
        (
            "multiple",
            vec![
                "tzdata 2020a-0+deb10u1 all < tzdata-dev 2020a-0+deb10u1",
                "util-linux 2.33.1-0.1 amd64 < util-linux 2.33.1-0.1",
            ],
            2,
        ),
        // Five names that others depend on stand below, without version.
        (
            "libpam-runtime",
            vec!["libpam-runtime 1.5.2-6+deb12u1 all < pam 1.5.2-6+deb12u1"],
            5,
        ),
        (
            "coreutils-relationships",
            vec![
                "coreutils 9.1-1 arm64 < coreutils 9.1-1",
                "gcc-12-base 12.2.0-14 arm64 < gcc-12 12.2.0-14",
                "libacl1 2.3.1-3 arm64 < acl 2.3.1-3",
                "libattr1 1:2.5.1-4 arm64 < attr 1:2.5.1-4",
                "libc6 2.36-9+deb12u1 arm64 < glibc 2.36-9+deb12u1",
                "libgcc-s1 12.2.0-14 arm64 < gcc-12 12.2.0-14",
                "libgmp10 2:6.2.1+dfsg1-1.1 arm64 < gmp 2:6.2.1+dfsg1-1.1",
                "libpcre2-8-0 10.42-1 arm64 < pcre2 10.42-1",
                "libselinux1 3.4-1+b6 arm64 < libselinux 3.4-1",
            ],
            0,
        ),
        // Examples of the manual, of no architecture; those without version are virtual.
        (
            "doc-examples",
            vec![
                "made-up-package-1 1.0.0  < glibc 1.0.0",
                "made-up-package-2 2.0.0  < made-up-package-2 2.0.0",
                "made-up-package-3 3.0.0  < made-up-package-3 3.0.0",
                "made-up-package-4 3.0.0  < made-up-package-4 3.0.0",
                "mutt 1.3.17-1  < mutt 1.3.17-1",
            ],
            11,
        ),
    ];
    let root = corpus.join("pkgdb/dpkg/syft");
    let mut seen: Vec<&str> = vec!["corrupt", "empty"];
    for (name, packages, problems) in cases {
        let path = format!("var/lib/dpkg/status.d/{name}");
        let findings = analyze(&path, &read(root.join(&path))).unwrap();
        assert_eq!(all_described(&findings), packages, "{name}");
        assert_eq!(findings.problems.len(), problems, "{name}: {findings:?}");
        seen.push(name);
    }
    seen.sort_unstable();
    assert_eq!(names_in(&root.join("var/lib/dpkg/status.d")), seen);
}

#[test]
fn a_distroless_file_of_which_no_stanza_is_a_package_is_an_error() {
    let Some(corpus) = corpus() else { return };
    for name in ["corrupt", "empty"] {
        let path = format!("var/lib/dpkg/status.d/{name}");
        let bytes = read(corpus.join("pkgdb/dpkg/syft").join(&path));
        let error = analyze(&path, &bytes).unwrap_err();
        assert_eq!(error.to_string(), "none of its stanzas describes a package");
    }
}

#[test]
fn in_a_status_file_a_stanza_without_status_is_not_installed() {
    let Some(corpus) = corpus() else { return };
    let directory = corpus.join("pkgdb/dpkg/syft/var/lib/dpkg/status.d");
    let findings = analyze(STATUS, &read(directory.join("multiple"))).unwrap();
    assert_eq!(findings.packages.len(), 2);
    assert!(analyze(STATUS, &read(directory.join("doc-examples"))).is_err());
}

#[test]
fn a_distroless_image_has_packages_and_the_files_they_own() {
    let Some(corpus) = corpus() else { return };
    let root = corpus.join("pkgdb/dpkg/syft/image-distroless-deb");
    let stanza = "var/lib/dpkg/status.d/libsqlite3-0";
    let findings = analyze(stanza, &read(root.join(stanza))).unwrap();
    assert_eq!(
        all_described(&findings),
        ["libsqlite3-0 3.34.1-3 arm64 < sqlite3 3.34.1-3"]
    );

    let sums = "var/lib/dpkg/status.d/libsqlite3-0.md5sums";
    let owned = the_one_ownership(analyze(sums, &read(root.join(sums))).unwrap());
    assert_eq!(
        (owned.package.as_str(), owned.paths.len()),
        ("libsqlite3-0", 6)
    );
    assert!(owned.owns("usr/lib/aarch64-linux-gnu/libsqlite3.so.0.8.6"));
    assert!(
        owned.owns("usr/share/doc/libsqlite3-0/copyright"),
        "the last, without line end"
    );

    assert!(analyzers_of("var/lib/dpkg/status.d/libsqlite3-0.preinst").is_empty());
}

#[test]
fn a_status_file_may_begin_with_half_a_stanza_and_end_without_line_end() {
    let Some(corpus) = corpus() else { return };
    let root = corpus.join("pkgdb/dpkg/syft/image-dpkg");
    let findings = analyze(STATUS, &read(root.join(STATUS))).unwrap();
    assert_eq!(
        all_described(&findings),
        ["libpam-runtime 1.1.8-3.6 all < pam 1.1.8-3.6"]
    );
    assert_eq!(findings.problems.len(), 1);
    let files = release_files(&root);
    assert_eq!(
        detect(&borrowed(&files)).unwrap().version_code_name,
        "bookworm"
    );
}

/// A file list has every path of the package, its checksums only those of regular files that are
/// not configuration.
#[test]
fn where_there_is_dpkg_its_file_lists_are_read_and_nothing_else_of_info() {
    let Some(corpus) = corpus() else { return };
    assert_eq!(
        analyzers_of("var/lib/dpkg/info/libpam-runtime.list").len(),
        1
    );
    for info in [
        "pkgdb/dpkg/syft/image-dpkg/var/lib/dpkg/info",
        "pkgdb/dpkg/syft/info",
    ] {
        for name in names_in(&corpus.join(info)) {
            let path = format!("var/lib/dpkg/info/{name}");
            assert!(analyzers_of(&path).is_empty(), "{path}");
        }
    }
}

#[test]
fn the_list_of_opkg_is_not_dpkgs() {
    for path in ["var/lib/opkg/status", "usr/lib/opkg/status"] {
        let names: Vec<_> = analyzers_of(path).iter().map(|one| one.id().name).collect();
        assert_eq!(names, ["opkg"]);
    }
}

#[test]
fn layers_before_and_after_an_upgrade_of_the_distribution_each_tell_their_own() {
    let Some(corpus) = corpus() else { return };
    for (layer, count, code_name, example) in [
        (
            "wheezy",
            80,
            "wheezy",
            "bash 4.2+dfsg-0.1+deb7u3 amd64 < bash 4.2+dfsg-0.1+deb7u3",
        ),
        (
            "jessie",
            117,
            "jessie",
            "bash 4.3-11+b1 amd64 < bash 4.3-11",
        ),
    ] {
        let archive = corpus.join(format!("pkgdb/DistUpgrade/{layer}.tar.gz"));
        let files = files_of_tar(&read(archive));
        let findings = analyze(STATUS, &files[STATUS]).unwrap();
        assert_eq!(findings.packages.len(), count, "{layer}");
        assert_eq!(findings.problems, Vec::<String>::new(), "{layer}");
        assert_among(&findings, &[example], layer);
        let release = String::from_utf8(files["etc/os-release"].clone()).unwrap();
        let found = detect(&[("etc/os-release", release.as_str())].into()).unwrap();
        assert_eq!(found.version_code_name, code_name);
    }
}

#[test]
fn every_status_file_of_the_corpus_has_its_test() {
    let Some(corpus) = corpus() else { return };
    let names = |folder: &str| names_in(&corpus.join(Path::new("pkgdb/dpkg").join(folder)));
    assert_eq!(
        names("."),
        [
            "clair-valid.status",
            "claircore",
            "debian-bookworm-minbase",
            "syft"
        ]
    );
    assert_eq!(
        names("claircore"),
        [
            "debian-only.status",
            "postgresql.status",
            "texlive.status",
            "vcpkg.status"
        ]
    );
}

fn the_one_ownership(findings: Findings) -> clair_inventory::Ownership {
    let [owned] = <[_; 1]>::try_from(findings.ownership).unwrap();
    owned
}
