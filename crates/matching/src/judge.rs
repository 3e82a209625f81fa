//! One statement against one package.

use clair_model::{FixState, PackageKind, ReportPackage};
use clair_version::{ParseVersionError, RangeRef};
use clair_vulndb::Candidate;

use crate::headers;

/// What of a package a statement is held against.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The version that compares: that of the source for a statement about a source package.
    pub version: &'a str,
    /// Architecture; empty where it is not known, which no statement excludes.
    pub arch: &'a str,
    /// The module stream that the package comes from, `name:stream`; empty for none.
    pub module: &'a str,
    /// Whether it has headers of the kernel and nothing else.
    pub only_headers: bool,
}

impl<'a> Subject<'a> {
    /// A package of a report as a statement about its own name, or that of its source, takes it.
    pub fn of(package: &'a ReportPackage, kind: PackageKind) -> Self {
        let version = match (kind, package.source.as_deref()) {
            (PackageKind::Source, Some(source)) => &source.version,
            _ => &package.version,
        };
        Self {
            version,
            arch: &package.arch,
            module: &package.module,
            only_headers: headers::are_all(package),
        }
    }
}

/// What a statement means for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The version lies in this range.
    Affected(RangeRef<'a>),
    /// The version lies in none of the ranges.
    Outside,
    /// The vendor says that the package is not affected, in whatever version.
    NotAffected,
    /// The statement is about other architectures.
    OtherArchitecture,
    /// The statement is about another module stream, or about the package outside of modules.
    OtherModule,
    /// The statement is about the kernel's source, and the package has its headers only.
    OnlyHeaders,
    /// The installed version is none in the scheme of the statement.
    UnparsedVersion(ParseVersionError),
    /// A version in the statement is none in its own scheme.
    UnparsedAdvisory(ParseVersionError),
}

/// Judges a statement about a package of this name.
///
/// A range that contains the version decides even if another one is broken: what is known to be
/// vulnerable is told.
pub fn judge<'a>(statement: &Candidate<'a>, subject: Subject<'_>) -> Verdict<'a> {
    let mut arches = statement.arches();
    if arches.len() > 0 && !subject.arch.is_empty() && !arches.any(|arch| arch == subject.arch) {
        return Verdict::OtherArchitecture;
    }
    if statement.module().unwrap_or_default() != subject.module {
        return Verdict::OtherModule;
    }
    if subject.only_headers && statement.kind() == PackageKind::Source {
        return Verdict::OnlyHeaders;
    }
    if statement.fix_state() == FixState::NotAffected {
        return Verdict::NotAffected;
    }
    let mut broken = None;
    for range in statement.ranges() {
        match range.contains(statement.scheme(), subject.version) {
            Ok(true) => return Verdict::Affected(range),
            Ok(false) => {}
            Err(error) => broken = Some(error),
        }
    }
    match broken {
        None => Verdict::Outside,
        Some(error) if error.version == subject.version => Verdict::UnparsedVersion(error),
        Some(error) => Verdict::UnparsedAdvisory(error),
    }
}
