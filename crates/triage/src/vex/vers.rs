//! Version ranges, <https://github.com/package-url/vers-spec>: `vers:deb/>=1.0|<1.2`.
//!
//! Ranges are understood for the types whose order of versions is known here: `deb`, `rpm`, `apk`
//! or `alpine`, `alpm`, and those that are called as in [`Scheme`]. Of a range of any other type only
//! what needs no order is understood: `*`, single versions, and versions that are excepted. Where
//! that leaves open whether a version is inside, it is not.

use std::cmp::Ordering;

use clair_version::Scheme;
use percent_encoding::percent_decode_str;

use crate::finding::Package;

/// Versions of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Versions {
    /// One.
    One(String),
    /// A range.
    Range(Range),
}

/// A range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    scheme: Option<Scheme>,
    /// In the order of their versions. None at all stands for every version.
    constraints: Vec<(Comparator, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Constraints that a range may have. They are sorted, and looked at for each package.
const MOST: usize = 10_000;

impl Versions {
    /// Whether the version of a package is one of them.
    pub(crate) fn contain(&self, package: &Package<'_>) -> bool {
        let version = package.entry.version.as_str();
        match self {
            Self::One(one) => package.is_version(one),
            Self::Range(range) => range.contains(version),
        }
    }
}

impl Range {
    /// Reads a range.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("vers:")
            .ok_or("it does not begin with vers:")?;
        let (kind, list) = rest.split_once('/').ok_or("it has no type before a /")?;
        let scheme = match kind.to_ascii_lowercase().as_str() {
            "deb" => Some(Scheme::Dpkg),
            "alpine" => Some(Scheme::Apk),
            "alpm" | "arch" => Some(Scheme::Pacman),
            other => other.parse().ok(),
        };
        if list == "*" {
            return Ok(Self {
                scheme,
                constraints: Vec::new(),
            });
        }
        if list.split('|').count() > MOST {
            return Err(format!("it has more than {MOST} constraints"));
        }
        let constraints = list.split('|').map(constraint);
        let mut constraints = constraints.collect::<Result<Vec<_>, _>>()?;
        if let Some(scheme) = scheme {
            constraints.sort_by(|(_, a), (_, b)| scheme.order(a, b));
        }
        Ok(Self {
            scheme,
            constraints,
        })
    }

    /// Whether a version is in the range, by the algorithm of the specification.
    pub(crate) fn contains(&self, version: &str) -> bool {
        use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};

        let is = |other: &str| match self.scheme {
            Some(scheme) => scheme.compare(version, other) == Ok(Ordering::Equal),
            None => version == other,
        };
        let of_kind = |kind: Comparator| {
            let mut list = self.constraints.iter();
            list.any(|(own, other)| *own == kind && is(other))
        };
        if self.constraints.is_empty() || of_kind(Equal) {
            return true;
        }
        if of_kind(NotEqual) {
            return false;
        }
        let bounds = self
            .constraints
            .iter()
            .filter(|(kind, _)| !matches!(kind, Equal | NotEqual));
        let bounds: Vec<_> = bounds.collect();
        if bounds.is_empty() {
            // All but what was excepted.
            return self.constraints.iter().all(|(kind, _)| *kind == NotEqual);
        }
        let Some(scheme) = self.scheme else {
            return false;
        };
        let holds = |(kind, other): &(Comparator, String)| {
            scheme
                .compare(version, other)
                .is_ok_and(|order| match kind {
                    Less => order.is_lt(),
                    LessOrEqual => order.is_le(),
                    Greater => order.is_gt(),
                    GreaterOrEqual => order.is_ge(),
                    Equal | NotEqual => false,
                })
        };
        let is_upper = |bound: &(Comparator, String)| matches!(bound.0, Less | LessOrEqual);
        let is_first = bounds.first().is_some_and(|it| is_upper(it) && holds(it));
        let is_last = bounds.last().is_some_and(|it| !is_upper(it) && holds(it));
        let is_between = bounds.windows(2).any(|pair| {
            !is_upper(pair[0]) && is_upper(pair[1]) && holds(pair[0]) && holds(pair[1])
        });
        is_first || is_last || is_between
    }
}

fn constraint(text: &str) -> Result<(Comparator, String), String> {
    use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};

    let signs = [
        (">=", GreaterOrEqual),
        ("<=", LessOrEqual),
        ("!=", NotEqual),
        (">", Greater),
        ("<", Less),
        ("=", Equal),
    ];
    let text = text.trim();
    let found = signs
        .into_iter()
        .find_map(|(sign, kind)| Some((kind, text.strip_prefix(sign)?)));
    let (kind, version) = found.unwrap_or((Equal, text));
    let version = percent_decode_str(version.trim()).decode_utf8();
    let version = version.map_err(|_| "a version in it is not UTF-8")?;
    if version.is_empty() || version == "*" {
        return Err("it has a constraint without a version".to_owned());
    }
    Ok((kind, version.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_what_the_specification_says() {
        for (range, inside, outside) in [
            ("vers:deb/*", &["1", "x"][..], &[][..]),
            ("vers:deb/1.0-1", &["1.0-1"], &["1.0-2", ""]),
            (
                "vers:deb/>=1.0|<1.2",
                &["1.0", "1.1~rc1", "1.2~rc1"],
                &["1.2", "1.0~rc1", "2"],
            ),
            ("vers:deb/<1.2|>=1.0", &["1.1"], &["1.2", "0.9"]),
            (
                "vers:rpm/<=1:2.0-1.el9",
                &["9-1", "1:2.0-1.el9"],
                &["1:2.0-2.el9"],
            ),
            (
                "vers:apk/>3.1.4-r1",
                &["3.1.4-r2"],
                &["3.1.4-r1", "3.1.4-r0"],
            ),
            (
                "vers:deb/<1|>=2|<3|!=2.5|>5|=4",
                &["0", "2", "2.9", "4", "6"],
                &["1", "2.5", "3", "4.5", "5"],
            ),
            ("vers:deb/!=1.0", &["1.1"], &["1.0"]),
            ("vers:deb/>=1%3A1.0", &["1:1.0"], &["2.0"]),
            // Of types without a known order.
            ("vers:intdot/1.0|2.0", &["1.0"], &["1.1"]),
            ("vers:intdot/>=1.0|<2.0|=3", &["3"], &["1.5"]),
            ("vers:intdot/*", &["1"], &[]),
        ] {
            let range = Range::parse(range).unwrap();
            for version in inside {
                assert!(range.contains(version), "{range:?} has {version}");
            }
            for version in outside {
                assert!(!range.contains(version), "{range:?} has not {version}");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_told() {
        for text in [
            "",
            "1.0",
            "vers:",
            "vers:deb",
            "vers:deb/",
            "vers:deb/>=",
            "vers:deb/1||2",
            "vers:deb/>*",
            "vers:deb/%ff",
        ] {
            assert!(Range::parse(text).is_err(), "{text}");
        }
        let long = format!("vers:deb/{}", "1|".repeat(MOST));
        assert!(Range::parse(&long).is_err());
    }
}
