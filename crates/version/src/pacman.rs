//! Versions of Arch Linux packages: `[epoch:]pkgver[-pkgrel]`.
//!
//! The rules are those of vercmp(8) and of libalpm behind it. They come from rpm, with two
//! differences: what separates segments counts, and letters right behind a number make a version
//! older than the number alone, so that `1.0rc` is before `1.0`.
//!
//! Two points of libalpm are left out, since they are no order. A missing `pkgrel` fits any other
//! there; here it sorts first. Separators at the end, which no package has, do not count here.

use std::cmp::Ordering;

use crate::digits::{Number, split_digits, split_while};
use crate::evr;
pub(crate) use crate::evr::{Evr, parse};

/// Epoch by value, then version, then release.
pub(crate) fn compare(a: &Evr<'_>, b: &Evr<'_>) -> Ordering {
    a.compare::<Segments<'_>>(b)
}

/// What a part consists of. The order of the variants and fields is libalpm's: letters without
/// a separator before the end, all else after it; fewer separators before more.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'v> {
    Suffix(&'v [u8]),
    End,
    Next { separators: usize, word: Word<'v> },
}

/// Letters sort before a number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Word<'v> {
    Letters(&'v [u8]),
    Number(Number<'v>),
}

/// The segments of a part, the last of them `End`.
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
        let (separators, rest) = split_while(self.rest?, |byte| !byte.is_ascii_alphanumeric());
        let Some(first) = rest.first() else {
            self.rest = None;
            return Some(Segment::End);
        };
        let (word, rest) = if first.is_ascii_digit() {
            let (digits, rest) = split_digits(rest);
            (Word::Number(Number::new(digits)), rest)
        } else {
            let (letters, rest) = split_while(rest, u8::is_ascii_alphabetic);
            (Word::Letters(letters), rest)
        };
        self.rest = Some(rest);
        Some(match (separators.len(), word) {
            (0, Word::Letters(letters)) => Segment::Suffix(letters),
            (separators, word) => Segment::Next { separators, word },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(a: &str, b: &str) -> Ordering {
        compare(&parse(a).unwrap(), &parse(b).unwrap())
    }

    /// The two rows of vercmp(8), and what else libalpm's own tests hold.
    #[test]
    fn older_versions_sort_before_newer_ones() {
        let rows: [&[&str]; 8] = [
            &[
                "1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1",
            ],
            &["1", "1.0", "1.1", "1.1.1", "1.2", "2.0", "3.0.0"],
            &["1.0-1", "1.0-2", "1.0-2.1", "1.0.1-1", "1:0.1-1", "2:0.0-1"],
            &["1.5", "1.5-1"],
            &["1.5b-1", "1.5-1", "1.5.b-1", "1.5.1-1"],
            &["20091231r1", "20091231"],
            &["1.0.a", "1.0..a"],
            &["2.4.57-1", "2.4.58-1", "2.4.58.r1-1"],
        ];
        for row in rows {
            for (index, older) in row.iter().enumerate() {
                for newer in &row[index + 1..] {
                    assert_eq!(compared(older, newer), Ordering::Less, "{older} {newer}");
                    assert_eq!(compared(newer, older), Ordering::Greater, "{newer} {older}");
                }
            }
        }
    }

    #[test]
    fn the_same_version_can_be_written_in_several_ways() {
        for (a, b) in [
            ("1.0", "1_0"),
            ("0:1.0-1", "1.0-1"),
            ("1.01-1", "1.1-01"),
            ("1.0+", "1.0"),
        ] {
            assert_eq!(compared(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn a_version_is_not_empty() {
        for version in ["", "-1", "1:", "1:-1"] {
            assert!(parse(version).is_err(), "{version:?}");
        }
    }
}
