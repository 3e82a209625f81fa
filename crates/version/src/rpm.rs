//! Versions of RPM packages: `[epoch:]version[-release]`, in rpm's words an EVR.
//!
//! The rules are those of rpm-version(7) and of rpm's own functions: its EVR parser, its
//! `rpmvercmp` for each part, and for the whole the comparison behind `rpm.vercmp` in its Lua
//! interface, against which this module was checked (rpm 4.18).
//!
//! A release that is missing sorts before any release, even an empty one: `1.0` is older than
//! `1.0-1`. That is how rpm itself orders two EVRs. The other rule rpm has, that a dependency
//! without a release fits every release, is a rule for matching dependencies and is no order
//! (`1-1` = `1` = `1-2`), so it is not used here: a range that means every release of a version
//! has to say so by its bounds.

use std::cmp::Ordering;

use crate::digits::{Number, split_digits, split_while};
use crate::evr;
pub(crate) use crate::evr::{Evr, parse};

/// Epoch by value, then version, then release.
pub(crate) fn compare(a: &Evr<'_>, b: &Evr<'_>) -> Ordering {
    a.compare::<Segments<'_>>(b)
}

/// The minor release of an enterprise distribution that a build was made for: `8_6` in the release
/// `3.el8_6.1`, `8.6.0` in that of a module, `1.module+el8.6.0+18857+ab9a1a23`. What is built for
/// all of a major release, `27.el9`, has none.
///
/// The tag is that of Red Hat and of those who rebuild its packages:
/// <https://docs.fedoraproject.org/en-US/packaging-guidelines/DistTag/>.
pub(crate) fn stream(version: &str) -> Option<(u64, u64)> {
    let (_, release) = version.rsplit_once('-')?;
    let (separator, tag) = match release.split_once(".module+el") {
        Some((_, tag)) => ('.', tag),
        None => ('_', release.split_once(".el")?.1),
    };
    let (major, rest) = tag.split_once(separator)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, digits.parse().ok()?))
}

/// What a part consists of. The order of the variants is rpm's: at one place a tilde sorts before
/// the end, a caret after the end and before any more text, letters before a number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'v> {
    Tilde,
    End,
    Caret,
    Letters(&'v [u8]),
    Number(Number<'v>),
}

/// The segments of a part, the last of them `End`. All other bytes only separate segments.
struct Segments<'v> {
    /// `None` after the end.
    rest: Option<&'v [u8]>,
}

impl<'v> evr::Segments<'v> for Segments<'v> {
    fn of(part: &'v [u8]) -> Self {
        Self { rest: Some(part) }
    }
}

impl<'v> Iterator for Segments<'v> {
    type Item = Segment<'v>;

    fn next(&mut self) -> Option<Segment<'v>> {
        let is_separator =
            |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^'));
        let (_, rest) = split_while(self.rest?, is_separator);

        let (segment, rest) = match rest {
            [] => (Segment::End, None),
            [b'~', rest @ ..] => (Segment::Tilde, Some(rest)),
            [b'^', rest @ ..] => (Segment::Caret, Some(rest)),
            [b'0'..=b'9', ..] => {
                let (digits, rest) = split_digits(rest);
                (Segment::Number(Number::new(digits)), Some(rest))
            }
            _ => {
                let (letters, rest) = split_while(rest, u8::is_ascii_alphabetic);
                (Segment::Letters(letters), Some(rest))
            }
        };
        self.rest = rest;
        Some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_minor_release_names_its_stream() {
        for (version, expected) in [
            ("1:3.0.7-18.el9_2", Some((9, 2))),
            ("2.5.0-3.el9_5.1", Some((9, 5))),
            ("8.5.0-23.el8_10", Some((8, 10))),
            ("0.78-12.module+el8.10.0+23147+95b68fad", Some((8, 10))),
            ("1:3.0.7-27.el9", None),
            ("4.9.4-5.rhaos4.16.el9", None),
            ("1.0", None),
            ("1.0-1.el_9", None),
            ("1.0-1.elx_9", None),
            ("1.0-1.el9_", None),
        ] {
            assert_eq!(stream(version), expected, "{version}");
        }
    }

    fn compared(a: &str, b: &str) -> Ordering {
        compare(&parse(a).unwrap(), &parse(b).unwrap())
    }

    #[test]
    fn older_versions_sort_before_newer_ones() {
        let chains: [&[&str]; 8] = [
            // Numbers by value, whatever their length.
            &[
                "0",
                "1",
                "9",
                "10",
                "99999999999999999999",
                "100000000000000000000",
            ],
            &["1.2", "1.10", "1.10.0", "1.10.1"],
            // At one place: tilde, end, caret, letters, number.
            &["1~", "1", "1^", "1a", "1.0"],
            &[
                "1.0~~",
                "1.0~",
                "1.0~rc1",
                "1.0~rc1^git1",
                "1.0",
                "1.0^git1~pre",
                "1.0^git1",
            ],
            // Letters as text, upper case first, and older than any number.
            &["1.A", "1.Z", "1.a", "1.aa", "1.b", "1.0"],
            // A missing release sorts before any, the release counts after the version.
            &["1", "1-", "1-0", "1-1", "1-1.el7", "1-1.1", "1-2", "1.0-0"],
            // The epoch counts first.
            &["9-9", "1:0-1", "2:0-1", "10:0-1"],
            // Text before a colon that is not a number is no epoch, its letters are older than 0.
            &["a:1", "b~1:1-1", "b:1", "b1:1", "0"],
        ];
        for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
            assert_eq!(compared(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compared(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn one_version_can_be_written_in_several_ways() {
        for (a, b) in [
            ("1.0-1", "0:1.0-1"),
            (":1", "1"),
            ("007:1", "7:1"),
            ("1.0", "1_00"),
            ("1a", "1.a"),
            ("1.", "1"),
            ("+", "_"),
            ("1-1.", "1-1"),
            // Whatever is not ASCII only separates.
            ("1.α", "1.ββ"),
        ] {
            assert_eq!(compared(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_version_that_is_empty_is_not_a_version() {
        for version in ["", ":", "1:", "-1", "0:-1", "-"] {
            assert!(parse(version).is_err(), "{version:?}");
        }
    }
}
