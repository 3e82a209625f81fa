//! Advisories: what a source of security data states, in one form for all sources.

use clair_version::{Range, Scheme};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Namespace, PackageKind, Severity};

/// What the vendor says about fixing a vulnerability in one package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixState {
    /// Affected, and no fixed version exists yet.
    Affected,
    /// A fixed version exists.
    Fixed,
    /// Affected, and the vendor has said that it will not be fixed in this release.
    WillNotFix,
    /// Affected, and a fix has been put off to a later point release.
    Deferred,
    /// Affected, and the vendor no longer maintains this release or package.
    EndOfLife,
    /// The vendor does not know yet.
    UnderInvestigation,
    /// The vendor has looked, and this package is not affected.
    NotAffected,
}

impl FixState {
    /// All states, in the order of their [`code`](Self::code).
    pub const ALL: [Self; 7] = [
        Self::Affected,
        Self::Fixed,
        Self::WillNotFix,
        Self::Deferred,
        Self::EndOfLife,
        Self::UnderInvestigation,
        Self::NotAffected,
    ];

    /// The name as reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::WillNotFix => "will-not-fix",
            Self::Deferred => "deferred",
            Self::EndOfLife => "end-of-life",
            Self::UnderInvestigation => "under-investigation",
            Self::NotAffected => "not-affected",
        }
    }

    /// A stable number for binary formats.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The state of a [`code`](Self::code).
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl std::fmt::Display for FixState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Which installed versions of a package a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vulnerable {
    /// How the versions compare.
    pub scheme: Scheme,
    /// The vulnerable ranges; a version in any of them is vulnerable. None means no version.
    pub ranges: Vec<Range>,
}

impl Vulnerable {
    /// Every version.
    pub fn all(scheme: Scheme) -> Self {
        Self {
            scheme,
            ranges: vec![Range::all()],
        }
    }

    /// Every version before `fixed`.
    pub fn before(scheme: Scheme, fixed: impl Into<String>) -> Self {
        Self {
            scheme,
            ranges: vec![Range::before(fixed)],
        }
    }

    /// No version at all.
    pub fn none(scheme: Scheme) -> Self {
        Self {
            scheme,
            ranges: Vec::new(),
        }
    }
}

/// A statement of an advisory about one package of one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Affected {
    /// Where the package name has its meaning.
    pub namespace: Namespace,
    /// The name of the package.
    pub package: String,
    /// Whether the name is that of a source or of a binary package.
    pub kind: PackageKind,
    /// Architectures the statement is limited to; empty means all.
    pub arches: Vec<String>,
    /// The rpm module stream the statement is limited to, `name:stream`.
    pub module: Option<String>,
    /// The versions it speaks of.
    ///
    /// The end of a range is not always a fix that users of this namespace can install: Debian
    /// knows that a version in sid has the fix while stable has none. `fix_state` tells.
    pub vulnerable: Vulnerable,
    /// What the vendor does about it.
    pub fix_state: FixState,
    /// Vendor severity in this namespace, where it differs from the advisory's.
    pub severity: Option<String>,
    /// That severity, mapped.
    pub normalized_severity: Option<Severity>,
    /// The vendor's reason or condition, in its own words ("Minor issue", "needs Ubuntu Pro").
    pub note: Option<String>,
}

impl Affected {
    /// A statement about all architectures and module streams, of which there is nothing more to say.
    pub fn of(
        namespace: Namespace,
        package: impl Into<String>,
        kind: PackageKind,
        vulnerable: Vulnerable,
        fix_state: FixState,
    ) -> Self {
        Self {
            namespace,
            package: package.into(),
            kind,
            arches: Vec::new(),
            module: None,
            vulnerable,
            fix_state,
            severity: None,
            normalized_severity: None,
            note: None,
        }
    }

    /// The version that users of this namespace can install to be rid of the vulnerability.
    pub fn fixed_version(&self) -> Option<&str> {
        if self.fix_state != FixState::Fixed {
            return None;
        }
        self.vulnerable
            .ranges
            .iter()
            .rev()
            .find_map(|range| range.fixed.as_deref())
    }
}

/// One vulnerability as one source tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// The name under which it is reported: a CVE where the source has one, else its own.
    pub id: String,
    /// Other names for the same vulnerability.
    pub aliases: Vec<String>,
    /// Description for people.
    pub description: String,
    /// When it became public.
    pub issued: Option<Timestamp>,
    /// When the source last changed it.
    pub modified: Option<Timestamp>,
    /// Addresses where one can read more.
    pub links: Vec<String>,
    /// Severity in the source's own words; empty when it has none.
    pub severity: String,
    /// That severity, mapped.
    pub normalized_severity: Severity,
    /// CVSS vectors, as given.
    pub cvss: Vec<String>,
    /// CWE ids, such as `CWE-79`.
    pub cwes: Vec<String>,
    /// The packages it speaks of.
    pub affected: Vec<Affected>,
}

impl Advisory {
    /// An advisory of which only the name is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            description: String::new(),
            issued: None,
            modified: None,
            links: Vec::new(),
            severity: String::new(),
            normalized_severity: Severity::Unknown,
            cvss: Vec::new(),
            cwes: Vec::new(),
            affected: Vec::new(),
        }
    }
}
