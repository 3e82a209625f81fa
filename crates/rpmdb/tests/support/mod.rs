//! Records to damage, and what a database of them has.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

pub(crate) use clair_testing::rpmdb::{HeaderBuilder, bdb, ndb, sqlite};

use clair_rpmdb::header::tag;

/// The header of a package with this name, 1.0-1, and one file.
pub(crate) fn header(name: &str) -> HeaderBuilder {
    HeaderBuilder::default()
        .string(tag::NAME, name)
        .string(tag::VERSION, "1.0")
        .string(tag::RELEASE, "1")
        .string(tag::ARCH, "noarch")
        .string(tag::SOURCERPM, &format!("{name}-1.0-1.src.rpm"))
        .integers(tag::DIRINDEXES, &[0])
        .strings(tag::BASENAMES, &[name])
        .strings(tag::DIRNAMES, &["/usr/bin/"])
}

/// The same, made long by a tag nobody reads.
pub(crate) fn long_header(name: &str, bytes: usize) -> Vec<u8> {
    header(name).binary(9999, &vec![0x5a; bytes]).build()
}

/// Records as all formats hold them, short ones and long ones mixed.
pub(crate) fn records() -> Vec<(u32, Vec<u8>)> {
    let blob = |number: u32| match number % 3 {
        0 => long_header(&format!("long{number}"), 1000 * number as usize),
        _ => header(&format!("short{number}")).build(),
    };
    (1..=12).map(|number| (number, blob(number))).collect()
}

/// The names of all packages, sorted.
pub(crate) fn names(contents: &clair_rpmdb::Contents) -> Vec<&str> {
    let mut names: Vec<_> = contents.packages.iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// The names of the packages in [`records`], sorted.
pub(crate) fn all_names() -> Vec<String> {
    let name = |n| {
        if n % 3 == 0 {
            format!("long{n}")
        } else {
            format!("short{n}")
        }
    };
    let mut names: Vec<_> = (1..=12).map(name).collect();
    names.sort_unstable();
    names
}
