//! Which versions an advisory means.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ParseVersionError, Scheme};

/// A range of versions, in the terms of the [OSV schema]: from `introduced` on, up to but not
/// including `fixed`, or up to and including `last_affected`. A bound that is absent is open.
///
/// [OSV schema]: https://ossf.github.io/osv-schema/#affectedrangesevents-fields
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    /// The first version inside. OSV's `"0"` is no version but the beginning, in every scheme.
    pub introduced: Option<String>,
    /// The first version outside again.
    pub fixed: Option<String>,
    /// The last version inside. Where `fixed` is present too, both bounds hold.
    pub last_affected: Option<String>,
}

/// A [`Range`] whose versions are borrowed, as a database holds them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RangeRef<'a> {
    /// The first version inside.
    pub introduced: Option<&'a str>,
    /// The first version outside again.
    pub fixed: Option<&'a str>,
    /// The last version inside.
    pub last_affected: Option<&'a str>,
}

/// OSV's word for the beginning of all versions.
const BEGINNING: &str = "0";

impl Range {
    /// Every version.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every version older than `fixed`.
    pub fn before(fixed: impl Into<String>) -> Self {
        Self {
            fixed: Some(fixed.into()),
            ..Self::default()
        }
    }

    /// The same range, borrowed.
    pub fn borrowed(&self) -> RangeRef<'_> {
        RangeRef {
            introduced: self.introduced.as_deref(),
            fixed: self.fixed.as_deref(),
            last_affected: self.last_affected.as_deref(),
        }
    }

    /// Whether `version` lies in the range: see [`RangeRef::contains`].
    ///
    /// # Errors
    ///
    /// When there is a bound and `version` or any bound is not a version in the scheme.
    pub fn contains(&self, scheme: Scheme, version: &str) -> Result<bool, ParseVersionError> {
        self.borrowed().contains(scheme, version)
    }
}

impl RangeRef<'_> {
    /// A copy that owns its text.
    pub fn to_range(self) -> Range {
        Range {
            introduced: self.introduced.map(str::to_owned),
            fixed: self.fixed.map(str::to_owned),
            last_affected: self.last_affected.map(str::to_owned),
        }
    }

    /// Whether `version` lies in the range, all of it taken as versions of `scheme` and compared
    /// by [`Scheme::compare`] only.
    ///
    /// A range without bounds contains every string, whether it is a version or not.
    ///
    /// # Errors
    ///
    /// When there is a bound and `version` or any bound is not a version in the scheme. That
    /// holds even if another bound already decides: a broken range is broken for every version.
    pub fn contains(self, scheme: Scheme, version: &str) -> Result<bool, ParseVersionError> {
        let compare = |version: &str, bound: Option<&str>| {
            bound
                .map(|bound| scheme.compare(version, bound))
                .transpose()
        };
        let introduced = compare(version, self.lower_bound())?;
        let fixed = compare(version, self.fixed)?;
        // Bitnami's records name the last version of an application without the revisions of its
        // builds, and mean all of them.
        let last = match self.last_affected {
            Some(bound) if scheme == Scheme::Bitnami && !bound.contains('-') => {
                version.split(['-', '+']).next().unwrap_or(version)
            }
            _ => version,
        };
        let last_affected = compare(last, self.last_affected)?;

        Ok(introduced.is_none_or(Ordering::is_ge)
            && fixed.is_none_or(Ordering::is_lt)
            && last_affected.is_none_or(Ordering::is_le))
    }

    fn lower_bound(&self) -> Option<&str> {
        self.introduced
            .filter(|&introduced| introduced != BEGINNING)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

impl fmt::Display for RangeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds = [
            (">=", self.lower_bound()),
            ("<", self.fixed),
            ("<=", self.last_affected),
        ];
        let mut separator = "";
        for (sign, bound) in bounds {
            if let Some(bound) = bound {
                write!(f, "{separator}{sign} {bound}")?;
                separator = ", ";
            }
        }
        if separator.is_empty() {
            f.write_str("any version")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(introduced: Option<&str>, fixed: Option<&str>, last_affected: Option<&str>) -> Range {
        let owned = |bound: Option<&str>| bound.map(str::to_owned);
        Range {
            introduced: owned(introduced),
            fixed: owned(fixed),
            last_affected: owned(last_affected),
        }
    }

    fn is_inside(range: &Range, version: &str) -> bool {
        range.contains(Scheme::Dpkg, version).unwrap()
    }

    #[test]
    fn the_lower_bound_is_inside_and_the_fix_is_not() {
        let range = range(Some("1.0"), Some("2.0"), None);
        for (version, inside) in [
            ("0.9", false),
            ("1.0~rc1", false),
            ("1.0", true),
            ("1.9", true),
            ("2.0", false),
        ] {
            assert_eq!(is_inside(&range, version), inside, "{version}");
        }
    }

    #[test]
    fn the_last_affected_version_is_inside() {
        let range = range(Some("1.0"), None, Some("2.0"));
        for (version, inside) in [
            ("1.0", true),
            ("2.0", true),
            ("2.0-0", true),
            ("2.0-1", false),
        ] {
            assert_eq!(is_inside(&range, version), inside, "{version}");
        }
    }

    #[test]
    fn both_upper_bounds_hold() {
        let range = range(None, Some("2.0"), Some("1.5"));
        assert!(is_inside(&range, "1.5"));
        assert!(!is_inside(&range, "1.6"));
    }

    #[test]
    fn introduced_zero_is_the_beginning_in_every_scheme() {
        for &scheme in Scheme::ALL {
            // Something before the number zero, where there is such a thing.
            let older = match scheme {
                Scheme::Bitnami => continue,
                Scheme::Gentoo => "0_alpha",
                Scheme::Pacman => "0a",
                _ => "0~~",
            };
            assert_eq!(scheme.order(older, "0"), Ordering::Less, "{scheme}");
            let from_beginning = range(Some("0"), Some("1"), None);
            assert!(from_beginning.contains(scheme, older).unwrap(), "{scheme}");
            let from_zero = range(Some("00"), Some("1"), None);
            assert!(!from_zero.contains(scheme, older).unwrap(), "{scheme}");
        }
    }

    #[test]
    fn a_range_without_bounds_contains_every_string() {
        for range in [Range::all(), range(Some("0"), None, None)] {
            assert!(is_inside(&range, "1.0"));
            assert!(is_inside(&range, ""));
        }
    }

    #[test]
    fn what_is_no_version_is_an_error_even_where_another_bound_decides() {
        assert!(Range::before("1").contains(Scheme::Dpkg, "").is_err());
        assert!(Range::before("a:1").contains(Scheme::Dpkg, "1").is_err());
        let range = range(Some("5"), Some("a:1"), None);
        let error = range.contains(Scheme::Dpkg, "1").unwrap_err();
        assert_eq!(error.version, "a:1");
    }

    #[test]
    fn ranges_are_written_for_people() {
        for (range, text) in [
            (Range::all(), "any version"),
            (range(Some("0"), None, None), "any version"),
            (Range::before("2.0"), "< 2.0"),
            (range(Some("0"), Some("2.0"), None), "< 2.0"),
            (range(Some("1.0"), None, None), ">= 1.0"),
            (range(Some("1.0"), Some("2.0"), None), ">= 1.0, < 2.0"),
            (range(Some("1.0"), None, Some("1.9")), ">= 1.0, <= 1.9"),
        ] {
            assert_eq!(range.to_string(), text);
        }
    }

    #[test]
    fn ranges_read_back_from_json_and_absent_bounds_are_open() {
        let range = range(Some("1"), Some("2"), None);
        let json = serde_json::to_string(&range).unwrap();
        assert_eq!(serde_json::from_str::<Range>(&json).unwrap(), range);
        let before = serde_json::from_str::<Range>(r#"{"fixed":"2"}"#).unwrap();
        assert_eq!(before, Range::before("2"));
    }
}
