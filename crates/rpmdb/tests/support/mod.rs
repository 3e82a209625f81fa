//! Small writers of headers and of the three database formats, for tests to damage.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

pub(crate) mod bdb;
pub(crate) mod ndb;
pub(crate) mod sqlite;

use clair_rpmdb::header::tag;

/// Writes a header blob.
#[derive(Default)]
pub(crate) struct HeaderBuilder {
    index: Vec<u8>,
    store: Vec<u8>,
}

impl HeaderBuilder {
    /// Adds an entry of any type: what the index says, and what is put into the store.
    pub(crate) fn raw(mut self, tag: u32, kind: u32, count: usize, value: &[u8]) -> Self {
        for number in [tag, kind, int(self.store.len()), int(count)] {
            self.index.extend(number.to_be_bytes());
        }
        self.store.extend(value);
        self
    }

    pub(crate) fn string(self, tag: u32, value: &str) -> Self {
        self.raw(tag, 6, 1, format!("{value}\0").as_bytes())
    }

    pub(crate) fn strings(self, tag: u32, values: &[&str]) -> Self {
        let store: Vec<u8> = values
            .iter()
            .flat_map(|value| [value.as_bytes(), &[0]].concat())
            .collect();
        self.raw(tag, 8, values.len(), &store)
    }

    pub(crate) fn integers(self, tag: u32, values: &[u32]) -> Self {
        let store: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_be_bytes())
            .collect();
        self.raw(tag, 4, values.len(), &store)
    }

    pub(crate) fn binary(self, tag: u32, value: &[u8]) -> Self {
        self.raw(tag, 7, value.len(), value)
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let counts = [int(self.index.len() / 16), int(self.store.len())];
        let counts: Vec<u8> = counts
            .iter()
            .flat_map(|count| count.to_be_bytes())
            .collect();
        [counts, self.index, self.store].concat()
    }
}

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

pub(crate) fn int(number: usize) -> u32 {
    u32::try_from(number).unwrap()
}
