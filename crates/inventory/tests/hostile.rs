//! Whatever the bytes are, the analyzers come to an end, and what they give stays in proportion
//! to what they were given.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use clair_inventory::{AnalyzeError, File, Findings, OsRelease, RELEASE_FILES, detect};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use support::{analyze, analyzers_of, corpus, read};

/// A number between two texts, and the next one.
fn numbered(count: usize, before: &str, after: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..count {
        write!(text, "{before}{number}{after}").unwrap();
    }
    text
}

/// A few kilobytes inflate to a gigabyte of the shortest records; what is kept of them is bounded.
#[test]
fn packages_and_paths_without_end_are_kept_up_to_a_limit() {
    const PACKAGES: usize = 1_000_000;
    const PATHS: usize = 4_000_000;
    let stanza = "Package: a\nStatus: i o i\nVersion: ";
    let status = numbered(PACKAGES + 1, stanza, "\n\n");
    let records = numbered(PACKAGES + 1, "P:a\nV:", "\n\n");
    for (path, database) in [
        ("var/lib/dpkg/status", status),
        ("lib/apk/db/installed", records),
    ] {
        let findings = analyze(path, database.as_bytes()).unwrap();
        assert_eq!(findings.packages.len(), PACKAGES, "{path}");
        assert_eq!(
            findings.problems,
            ["only its first 1000000 packages were read"],
            "{path}"
        );
    }
    let list = numbered(PATHS + 1, "/", "\n");
    let files = numbered(PATHS + 1, "R:", "\n");
    let installed = format!("P:a\nV:1\n{files}\nP:b\nV:1\nR:x\n");
    for (path, database) in [
        ("var/lib/dpkg/info/a.list", list),
        ("lib/apk/db/installed", installed),
    ] {
        let findings = analyze(path, database.as_bytes()).unwrap();
        let paths: usize = findings
            .ownership
            .iter()
            .map(|owned| owned.paths.len())
            .sum();
        assert_eq!(paths, PATHS, "{path}");
        assert!(!findings.problems.is_empty(), "{path}");
    }
}

/// Every path that an analyzer wants, and what a file of it looks like.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    const OS_RELEASE: &str = "NAME='Debian GNU/Linux'\nID=debian\nVERSION=\"12 (bookworm)\"\n";
    const STANZAS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n\
        Source: glibc (2.36-9)\nVersion: 2.36-9+b1\nDescription: x\n more\n\n\
        Package: a\nStatus: deinstall ok config-files\nVersion: 1\n";
    const RECORDS: &str = "C:Q1=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nF:lib\nR:ld-musl.so\n\
        a:0:0:755\n\nP:ssl_client\nV:1.36.1-r29\no:busybox\nF:usr/bin\nR:ssl_client\n";
    let mut samples: Vec<(&str, Vec<u8>)> = RELEASE_FILES
        .iter()
        .map(|path| (*path, OS_RELEASE.into()))
        .collect();
    samples.extend([
        ("etc/issue", b"Welcome to Alpine Linux 3.18\n".to_vec()),
        (
            "etc/redhat-release",
            b"CentOS release 6.10 (Final)\n".to_vec(),
        ),
        (
            "etc/apt/sources.list",
            b"deb http://deb.debian.org/debian sid main\n".to_vec(),
        ),
        ("var/lib/dpkg/status", STANZAS.into()),
        ("var/lib/dpkg/status.d/libc6", STANZAS.into()),
        (
            "var/lib/dpkg/status.d/libc6.md5sums",
            b"0123  usr/lib/libc.so\n".to_vec(),
        ),
        (
            "var/lib/dpkg/info/libc6:amd64.list",
            b"/.\n/usr\n/usr/lib/libc.so\n".to_vec(),
        ),
        ("lib/apk/db/installed", RECORDS.into()),
        ("usr/lib/apk/db/installed", RECORDS.into()),
        (
            "var/lib/rpm/Packages",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\x61\x15\x06\0\x09\0\0\0".to_vec(),
        ),
        (
            "usr/lib/sysimage/rpm/Packages.db",
            b"RpmP\0\0\0\0\x01\0\0\0".to_vec(),
        ),
        (
            "usr/share/rpm/rpmdb.sqlite",
            b"SQLite format 3\0\x10\0".to_vec(),
        ),
        ("var/lib/rpm/rpmdb.sqlite-wal", b"\x37\x7f\x06\x83".to_vec()),
        (
            "var/lib/rpmmanifest/container-manifest-1",
            b"glibc-2.38-8.azl3.x86_64\nmusl-1-r0.noarch\n".to_vec(),
        ),
        (
            "var/lib/rpmmanifest/container-manifest-2",
            b"a\t1-2\t1\t1\tV\t(none)\t1\tx86_64\t3\ta-1-2.src.rpm\n".to_vec(),
        ),
        (
            "var/lib/pacman/local/gcc-libs-14.1.1-1/desc",
            b"%NAME%\ngcc-libs\n\n%VERSION%\n14.1.1-1\n\n%BASE%\ngcc\n".to_vec(),
        ),
        (
            "var/lib/pacman/local/gcc-libs-14.1.1-1/files",
            b"%FILES%\nusr/\nusr/lib/libgcc_s.so.1\n".to_vec(),
        ),
        ("usr/lib/opkg/status", STANZAS.into()),
        ("usr/lib/opkg/info/libc6.control", STANZAS.into()),
        (
            "usr/lib/opkg/info/libc6.list",
            b"/lib/libc.so.6\t0100755\n".to_vec(),
        ),
        (
            "var/db/pkg/dev-libs/openssl-3.0.13-r2/CONTENTS",
            b"obj /usr/lib/libssl.so 0123 1\nsym /a -> b 1\ndir /usr\n".to_vec(),
        ),
        (
            "var/db/pkg/dev-libs/openssl-3.0.13-r2/PF",
            b"openssl-3.0.13-r2\n".to_vec(),
        ),
        (
            "opt/bitnami/.bitnami_components.json",
            br#"{"redis": {"arch": "amd64", "version": "7.4.0-0"}}"#.to_vec(),
        ),
        (
            "opt/bitnami/redis/.spdx-redis.spdx",
            br#"{"packages": [{"externalRefs": [{"referenceType": "purl",
                "referenceLocator": "pkg:bitnami/redis@7.4.0-0"}]}]}"#
                .to_vec(),
        ),
    ]);
    samples
}

/// The samples, and small databases of the corpus where there is one.
static SAMPLES: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let mut samples = samples();
    if let Some(corpus) = corpus() {
        for (path, file) in [
            ("var/lib/rpm/Packages", "pkgdb/rpm/syft-small/Packages.zst"),
            ("var/lib/rpm/Packages", "pkgdb/rpm/libuuid/Packages.zst"),
            (
                "var/lib/rpm/rpmdb.sqlite",
                "hostile/claircore-no_packages.sqlite",
            ),
            (
                "var/lib/dpkg/status",
                "pkgdb/dpkg/claircore/postgresql.status",
            ),
            (
                "var/lib/dpkg/status",
                "pkgdb/dpkg/syft/var/lib/dpkg/status.d/multiple",
            ),
            ("var/lib/dpkg/status", "pkgdb/dpkg/claircore/vcpkg.status"),
            (
                "lib/apk/db/installed",
                "pkgdb/apk/minirootfs/v3.7-x86_64.installed",
            ),
            ("etc/os-release", "hostile/made/crlf.os-release"),
        ] {
            samples.push((path, read(corpus.join(file))));
        }
    }
    samples
});

proptest! {
    #[test]
    fn arbitrary_bytes_are_survived(
        (path, _) in select(samples()),
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        second in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = check(path, &bytes);
        check_with_companion(path, &bytes, &second);
    }

    #[test]
    fn lines_of_the_right_characters_are_survived(
        (path, _) in select(samples()),
        text in "([PVAoFRC]:|Package|Status|Version|Source|ok installed|ID=|[:= \t\r\n'\"\\\\()/.]|[a-z0-9é]){0,300}",
    ) {
        let _ = check(path, text.as_bytes());
    }

    #[test]
    fn damaged_files_are_survived(
        sample in any::<Index>(),
        damage in prop::collection::vec(damage(), 1..6),
    ) {
        let (path, bytes) = sample.get(&SAMPLES);
        let mut bytes = bytes.clone();
        for damage in damage {
            damage.apply(&mut bytes);
        }
        let _ = check(path, &bytes);
        check_with_companion(path, &bytes, &bytes);
    }

    #[test]
    fn any_release_files_are_survived(
        files in prop::collection::btree_map(
            select(RELEASE_FILES),
            "((ID|NAME|VERSION|VERSION_ID|PRETTY_NAME|DISTRIB_ID|DISTRIB_RELEASE)=|debian|ubuntu|alpine|rhel|ol|sles|\
              opensuse|CentOS| release |Alpine Linux |Welcome to |/sid|_alpha|deb |Suites:|[0-9.(),'\"\\\\ \n-]|\\PC){0,40}",
            0..5,
        ),
    ) {
        let files: BTreeMap<&str, &str> =
            files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        if let Some(found) = detect(&files) {
            let given: usize = files.values().map(|text| text.len()).sum();
            let told = [&found.version, &found.version_id, &found.version_code_name, &found.did];
            prop_assert!(told.iter().all(|text| text.len() <= 2 * given + 100));
        }
    }
}

#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index),
    Cut(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        2 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Remove(from, to)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        1 => any::<Index>().prop_map(Damage::Cut),
    ]
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>) {
        let end = bytes.len() + 1;
        let range = |from: Index, to: Index| {
            let (from, to) = (from.index(end), to.index(end));
            from.min(to)..from.max(to)
        };
        match self {
            Self::Set(at, byte) => {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            Self::Insert(at, new) => {
                let at = at.index(end);
                bytes.splice(at..at, new);
            }
            Self::Remove(from, to) => {
                bytes.drain(range(from, to));
            }
            Self::Repeat(from, to) => bytes.extend_from_within(range(from, to)),
            Self::Cut(at) => bytes.truncate(at.index(end)),
        }
    }
}

#[test]
fn a_status_file_of_two_hundred_thousand_stanzas_is_read() {
    let stanza = |number: u32| {
        let fields = "Status: install ok installed\nArchitecture: all";
        format!("Package: p{number}\n{fields}\nVersion: {number}\n\n")
    };
    let status = (0..200_000).map(stanza).collect::<Vec<_>>().concat();
    let findings = check("var/lib/dpkg/status", status.as_bytes()).unwrap();
    assert_eq!(findings.packages.len(), 200_000);
    assert_eq!(findings.problems, Vec::<String>::new());
}

#[test]
fn an_apk_database_of_two_hundred_thousand_records_is_read() {
    let record = |number: u32| format!("P:p{number}\nV:{number}-r0\nF:usr/bin\nR:p{number}\n\n");
    let records = (0..200_000).map(record).collect::<Vec<_>>().concat();
    let findings = check("lib/apk/db/installed", records.as_bytes()).unwrap();
    assert_eq!(findings.packages.len(), 200_000);
    assert_eq!(findings.problems, Vec::<String>::new());
}

#[test]
fn a_file_of_nothing_but_faults_does_not_tell_every_one() {
    for (path, fault, whole) in [
        (
            "var/lib/dpkg/status",
            "Package: a\n\n",
            "Package: a\nStatus: install ok installed\nVersion: 1\n",
        ),
        ("lib/apk/db/installed", "P:a\n\n", "P:a\nV:1\n"),
    ] {
        let bytes = fault.repeat(200_000) + whole;
        let findings = check(path, bytes.as_bytes()).unwrap();
        assert_eq!(findings.packages.len(), 1, "{path}");
        assert_eq!(findings.problems.len(), 101, "{path}");
        assert!(findings.problems[100].contains("199900"), "{path}");
    }
}

#[test]
fn a_line_of_fifty_megabytes_is_read_whatever_field_it_is() {
    let long = "x".repeat(50_000_000);
    for (path, before) in [
        (
            "var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: ",
        ),
        (
            "var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nVersion: ",
        ),
        ("var/lib/dpkg/status", "Package: a\nVersion: 1\nStatus: "),
        (
            "var/lib/dpkg/status.d/a",
            "Package: a\nVersion: 1\nSource: (",
        ),
        ("var/lib/dpkg/status.d/a.md5sums", "0123  "),
        ("var/lib/dpkg/info/a.list", "/"),
        ("lib/apk/db/installed", "P:a\nV:1\nF:"),
        ("lib/apk/db/installed", "P:a\nV:1\nR:"),
        ("lib/apk/db/installed", "V:1\nP:"),
        ("etc/os-release", "ID="),
        ("var/lib/rpm/Packages", ""),
    ] {
        let bytes = [before, &long].concat();
        // Not all of these are of use; that they end is what counts.
        let _ = check(path, bytes.as_bytes());
    }
}

#[test]
fn a_long_directory_is_not_repeated_for_each_of_its_files() {
    let mut records = format!("P:a\nV:1\nF:{}\n", "d/".repeat(500_000));
    records += &"R:file\n".repeat(500_000);
    let findings = check("lib/apk/db/installed", records.as_bytes()).unwrap();
    assert_eq!(findings.ownership[0].paths.len(), 0);
}

#[test]
fn release_files_are_read_up_to_a_size_that_none_has() {
    let text = "ID=alpine\nVERSION_ID=3.18.4\n".to_owned() + &"#\n".repeat(1_000_000);
    let findings = check("etc/os-release", text.as_bytes()).unwrap();
    assert_eq!(findings.problems.len(), 1);
    let release = findings.release.unwrap();
    assert_eq!(release.len(), 64 * 1024);
    let found = detect(&[("etc/os-release", release.as_str())].into()).unwrap();
    assert_eq!(found.version, "3.18");
}

#[test]
fn an_assignment_of_fifty_megabytes_is_parsed() {
    let quotes = "'\"\\".repeat(17_000_000);
    let release = OsRelease::parse(&format!("ID=debian\nNAME={quotes}"));
    assert_eq!(release.get("ID"), "debian");
}

/// Analyzes the file and holds the result against its size.
fn check(path: &str, bytes: &[u8]) -> Result<Findings, AnalyzeError> {
    let result = analyze(path, bytes);
    assert_in_proportion(&result, bytes.len());
    result
}

fn check_with_companion(path: &str, bytes: &[u8], companion: &[u8]) {
    let wal = format!("{path}-wal");
    let companion = File {
        path: &wal,
        bytes: companion,
    };
    for analyzer in analyzers_of(path) {
        let result = analyzer.analyze(&File { path, bytes }, &[companion]);
        assert_in_proportion(&result, bytes.len() + companion.bytes.len());
    }
}

/// Bytes that are no UTF-8 grow threefold, names and versions are given twice; problems do not
/// grow with the file for long.
fn assert_in_proportion(result: &Result<Findings, AnalyzeError>, given: usize) {
    let Ok(findings) = result else { return };
    let packages: usize = findings
        .packages
        .iter()
        .map(|package| {
            let source = package.source.as_ref();
            package.name.len()
                + package.version.len()
                + package.arch.len()
                + source.map_or(0, |source| source.name.len() + source.version.len())
        })
        .sum();
    let release = findings.release.as_ref().map_or(0, String::len);
    let owned: usize = findings
        .ownership
        .iter()
        .map(|owned| owned.paths.len())
        .sum();
    let problems: usize = findings.problems.iter().map(String::len).sum();
    assert!(packages + release <= 6 * given + 1000);
    assert!(findings.packages.len() <= given && owned <= given);
    assert!(problems < 100_000);
}
