//! The version tables of the corpus: who compares two versions must come to their result.
//!
//! The corpus is no part of the repository. It is looked for in `$CLAIR_CORPUS`, else beside the
//! repository; where there is none these tests say so and pass, except in CI.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of #[test]"
)]

use std::cmp::Ordering;
use std::fs;
use std::path::PathBuf;

use clair_version::Scheme;

#[test]
fn dpkg_tables() {
    check_tables(Scheme::Dpkg, &["debian-osv.tsv", "debian-generated-1.tsv"]);
}

#[test]
fn rpm_tables() {
    check_tables(Scheme::Rpm, &["redhat-osv.tsv"]);
}

#[test]
fn apk_tables() {
    check_tables(
        Scheme::Apk,
        &["apk-tools.tsv", "alpine-osv.tsv", "alpine-generated-1.tsv"],
    );
}

#[test]
fn rpmvercmp_table() {
    check("claircore-rpmver/rpmvercmp", |text| {
        rows_with_operator(text)
            .map(|(a, b, expected)| Case::new(Scheme::Rpm, a, b, expected))
            .collect()
    });
}

/// This table compares packages by name, version and architecture; ours are versions only.
#[test]
fn rpm_packages_of_one_name_and_architecture_compare_by_version() {
    check("claircore-rpmver/compare", |text| {
        rows_with_operator(text)
            .map(|(a, b, expected)| (Package::split(a), Package::split(b), expected))
            .filter(|(a, b, _)| a.name == b.name && a.arch == b.arch)
            .map(|(a, b, expected)| Case::new(Scheme::Rpm, a.evr, b.evr, expected))
            .collect()
    });
}

#[test]
fn rpm_versions_are_split_like_the_parse_table() {
    check("claircore-rpmver/parse", |text| {
        let case = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [whole, _, epoch, version, release, _] = fields[..] else {
                panic!("not a row of six fields: {line}");
            };
            let epoch = if epoch == "''" { "0" } else { epoch };
            let joined = format!("{epoch}:{version}-{release}");
            Case::new(
                Scheme::Rpm,
                Package::split(whole).evr,
                &joined,
                Ordering::Equal,
            )
        };
        lines(text).map(case).collect()
    });
}

/// What one row of a table says.
struct Case {
    scheme: Scheme,
    a: String,
    b: String,
    expected: Ordering,
}

impl Case {
    fn new(scheme: Scheme, a: &str, b: &str, expected: Ordering) -> Self {
        Self {
            scheme,
            a: a.to_owned(),
            b: b.to_owned(),
            expected,
        }
    }

    /// The row holds in both directions, and for `compare` as well where both are versions.
    fn holds(&self) -> bool {
        let Self {
            scheme,
            a,
            b,
            expected,
        } = self;
        scheme.order(a, b) == *expected
            && scheme.order(b, a) == expected.reverse()
            && scheme
                .compare(a, b)
                .map_or(!self.are_versions(), |result| result == *expected)
    }

    fn are_versions(&self) -> bool {
        [&self.a, &self.b]
            .iter()
            .all(|version| self.scheme.validate(version).is_ok())
    }
}

/// Checks tables of lines `a`, `b`, `-1`, `0` or `1`, separated by tabs.
fn check_tables(scheme: Scheme, names: &[&str]) {
    let case = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [a, b, expected] = fields[..] else {
            panic!("not a row of three fields: {line}")
        };
        let expected: i32 = expected.parse().unwrap();
        Case::new(scheme, a, b, expected.cmp(&0))
    };
    for name in names {
        check(name, |text| text.lines().map(case).collect());
    }
}

/// Reads a table, checks every row of it and fails with all rows that do not hold.
fn check(name: &str, read: impl FnOnce(&str) -> Vec<Case>) {
    let Some(path) = table(name) else { return };
    let cases = read(&fs::read_to_string(path).unwrap());
    assert!(!cases.is_empty(), "{name} has no rows");

    let wrong: Vec<String> = cases
        .iter()
        .filter(|case| !case.holds())
        .map(
            |Case {
                 scheme,
                 a,
                 b,
                 expected,
             }| {
                format!(
                    "{a:?} {b:?}: {expected:?}, but here {:?}",
                    scheme.order(a, b)
                )
            },
        )
        .collect();
    let not_versions = cases.iter().filter(|case| !case.are_versions()).count();
    println!(
        "{name}: {} rows, {not_versions} of them with what is no version",
        cases.len()
    );
    assert!(
        wrong.is_empty(),
        "{name}: {} rows do not hold:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The file of a table, if there is a corpus here.
fn table(name: &str) -> Option<PathBuf> {
    clair_testing::corpus().map(|corpus| corpus.join("versions").join(name))
}

/// The lines of a table in claircore's form, which may be empty or comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The lines `a op b` of a table in claircore's form.
fn rows_with_operator(text: &str) -> impl Iterator<Item = (&str, &str, Ordering)> {
    lines(text).map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [a, operator, b] = fields[..] else {
            panic!("not a row of three fields: {line}")
        };
        let expected = match operator {
            "<" => Ordering::Less,
            "==" => Ordering::Equal,
            ">" => Ordering::Greater,
            _ => panic!("not an operator: {line}"),
        };
        (a, b, expected)
    })
}

/// An rpm package in the form `[name-][epoch:]version-release[.arch]`.
struct Package<'t> {
    name: &'t str,
    evr: &'t str,
    arch: &'t str,
}

impl<'t> Package<'t> {
    fn split(whole: &'t str) -> Self {
        let (rest, arch) = whole
            .rsplit_once('.')
            .filter(|(_, arch)| matches!(*arch, "noarch" | "aarch64" | "riscv"))
            .unwrap_or((whole, ""));
        // The release is after the last hyphen, the name before the one before that.
        let release = rest.rfind('-').unwrap();
        let (name, evr) = match rest[..release].rfind('-') {
            Some(hyphen) => (&rest[..hyphen], &rest[hyphen + 1..]),
            None => ("", rest),
        };
        Self { name, evr, arch }
    }
}
