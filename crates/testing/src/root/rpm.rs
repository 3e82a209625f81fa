//! Packages as rpm has them.

use super::Package;
use crate::rpmdb::{HeaderBuilder, bdb, ndb, sqlite};

/// The numbers of what a header tells, as rpm's `rpmtag.h` has them.
mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const VENDOR: u32 = 1011;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const SOURCERPM: u32 = 1044;
    pub(super) const MODULARITYLABEL: u32 = 5096;
}

/// The format of rpm's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpmFormat {
    /// A hash of `BerkeleyDB`: Red Hat's up to release 8, and its rebuilds.
    BerkeleyDb,
    /// rpm's own format: SUSE's.
    Ndb,
    /// Most others' today.
    Sqlite,
}

impl RpmFormat {
    /// Where the database is, with distributions that have this format.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::BerkeleyDb => "var/lib/rpm/Packages",
            Self::Ndb => "usr/lib/sysimage/rpm/Packages.db",
            Self::Sqlite => "var/lib/rpm/rpmdb.sqlite",
        }
    }

    /// A database of these packages.
    pub(super) fn database(self, packages: &[Package]) -> Vec<u8> {
        let records: Vec<(u32, Vec<u8>)> = (1..).zip(packages.iter().map(header)).collect();
        match self {
            Self::BerkeleyDb => {
                let layout = bdb::Layout {
                    big_endian: false,
                    page_size: 4096,
                };
                bdb::build(layout, &records)
            }
            Self::Ndb => ndb::build(&records),
            Self::Sqlite => sqlite::build(4096, "Packages", &records),
        }
    }
}

fn header(package: &Package) -> Vec<u8> {
    let (epoch, version, release) = parts(&package.version);
    let source = match &package.source_version {
        Some(source_version) => format!("{}-{source_version}.src.rpm", package.source_name()),
        None => format!("{}-{version}-{release}.src.rpm", package.source_name()),
    };
    let mut header = HeaderBuilder::default()
        .string(tag::NAME, &package.name)
        .string(tag::VERSION, version)
        .string(tag::RELEASE, release)
        .string(tag::ARCH, package.arch_or("x86_64"))
        .string(tag::SOURCERPM, &source);
    if let Some(epoch) = epoch {
        header = header.integers(tag::EPOCH, &[epoch]);
    }
    if let Some(vendor) = &package.vendor {
        header = header.string(tag::VENDOR, vendor);
    }
    if let Some(label) = &package.module {
        header = header.string(tag::MODULARITYLABEL, label);
    }
    header.build()
}

/// Epoch, version and release.
fn parts(version: &str) -> (Option<u32>, &str, &str) {
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().ok(), rest),
        None => (None, version),
    };
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version, release),
        None => panic!("{version} has no release"),
    }
}
