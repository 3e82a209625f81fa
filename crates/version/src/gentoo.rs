//! Versions of Gentoo packages: `1.2.3a_rc1_p2-r4`.
//!
//! The rules are those of the Package Manager Specification, "Version Specifications" and
//! "Version Comparison": <https://projects.gentoo.org/pms/8/pms.html#version-comparison>. Numbers
//! joined by dots, a letter, any count of suffixes that may have a number each, the revision of
//! the package; all but the numbers may be missing.

use std::cmp::Ordering;

use crate::digits::{Number, split_digits};
use crate::error::Reason;

/// A version in its parts, borrowed from the string.
// The order of the fields is the order in which they count, and no letter sorts before any.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version<'v> {
    numbers: Numbers<'v>,
    letter: Option<u8>,
    suffixes: Suffixes<'v>,
    revision: Number<'v>,
}

/// Reads a version.
pub(crate) fn parse(version: &str) -> Result<Version<'_>, Reason> {
    let (version, revision) = match version.rsplit_once("-r") {
        Some((version, revision)) => (version, Some(revision.as_bytes())),
        None => (version, None),
    };
    if revision.is_some_and(|digits| digits.is_empty() || !digits.iter().all(u8::is_ascii_digit)) {
        return Err("revision is not a number");
    }
    let (numbers, suffixes) = match version.find('_') {
        Some(underscore) => version.split_at(underscore),
        None => (version, ""),
    };
    let (numbers, letter) = match numbers.as_bytes() {
        [.., digit, letter @ b'a'..=b'z'] if digit.is_ascii_digit() => {
            (&numbers[..numbers.len() - 1], Some(*letter))
        }
        _ => (numbers, None),
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !numbers.split('.').all(is_number) {
        return Err("it does not begin with numbers that dots join");
    }
    let suffixes = Suffixes(suffixes);
    if suffixes.parts().any(|suffix| suffix.is_none()) {
        return Err("it has an unknown suffix");
    }
    Ok(Version {
        numbers: Numbers(numbers),
        letter,
        suffixes,
        revision: Number::new(revision.unwrap_or_default()),
    })
}

/// Numbers, letter, suffixes, revision.
pub(crate) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    a.cmp(b)
}

/// The numbers that dots join.
struct Numbers<'v>(&'v str);

/// A number. The first one compares by value. Those after it do so too unless one of the two has
/// a zero in front: then both compare as text without the zeros at their end, by which what has a
/// zero in front comes before all that has none.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Component<'v> {
    Fraction(&'v str),
    Number(Number<'v>),
}

impl<'v> Numbers<'v> {
    fn components(&self) -> impl Iterator<Item = Component<'v>> {
        self.0.split('.').enumerate().map(|(index, digits)| {
            if index > 0 && digits.starts_with('0') {
                Component::Fraction(digits.trim_end_matches('0'))
            } else {
                Component::Number(Number::new(digits.as_bytes()))
            }
        })
    }
}

/// The suffixes, each with an underscore in front.
struct Suffixes<'v>(&'v str);

/// A suffix, or the end, which is older than a patch and newer than what comes before a release.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Suffix<'v> {
    Alpha(Number<'v>),
    Beta(Number<'v>),
    Pre(Number<'v>),
    Rc(Number<'v>),
    End,
    Patch(Number<'v>),
}

impl<'v> Suffixes<'v> {
    /// The suffixes; `None` for one that is none.
    fn parts(&self) -> impl Iterator<Item = Option<Suffix<'v>>> {
        self.0.split('_').skip(1).map(|part| {
            let letters = part.trim_end_matches(|last: char| last.is_ascii_digit());
            let (digits, _) = split_digits(&part.as_bytes()[letters.len()..]);
            let number = Number::new(digits);
            match letters {
                "alpha" => Some(Suffix::Alpha(number)),
                "beta" => Some(Suffix::Beta(number)),
                "pre" => Some(Suffix::Pre(number)),
                "rc" => Some(Suffix::Rc(number)),
                "p" => Some(Suffix::Patch(number)),
                _ => None,
            }
        })
    }

    fn to_end(&self) -> impl Iterator<Item = Suffix<'v>> {
        self.parts().flatten().chain(std::iter::once(Suffix::End))
    }
}

/// Orders a list by its elements.
macro_rules! ordered_by {
    ($list:ident, $elements:ident) => {
        impl Ord for $list<'_> {
            fn cmp(&self, other: &Self) -> Ordering {
                self.$elements().cmp(other.$elements())
            }
        }

        impl PartialOrd for $list<'_> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialEq for $list<'_> {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for $list<'_> {}
    };
}

ordered_by!(Numbers, components);
ordered_by!(Suffixes, to_end);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_sort_before_newer_ones() {
        let ascending = [
            "0",
            "1_alpha",
            "1_alpha1",
            "1_beta_p1",
            "1_pre2",
            "1_rc_alpha",
            "1_rc",
            "1_rc1",
            "1",
            "1-r1",
            "1-r10",
            "1_p_alpha",
            "1_p",
            "1_p_p",
            "1_p1",
            "1a",
            "1a_p1",
            "1b",
            "1.0",
            "1.001",
            "1.01",
            "1.02",
            "1.1",
            "1.1.0",
            "1.2",
            "1.10",
            "2",
            "10",
            "99999999999999999999",
            "100000000000000000000",
        ];
        for (index, older) in ascending.iter().enumerate() {
            for newer in &ascending[index + 1..] {
                let (a, b) = (parse(older).unwrap(), parse(newer).unwrap());
                assert_eq!(compare(&a, &b), Ordering::Less, "{older} {newer}");
                assert_eq!(compare(&b, &a), Ordering::Greater, "{newer} {older}");
            }
        }
    }

    /// The examples of the specification's author:
    /// <https://www.mail-archive.com/gentoo-dev@lists.gentoo.org/msg69994.html>.
    #[test]
    fn zeros_in_front_make_a_later_number_a_fraction() {
        let ordered = |a: &str, b: &str| compare(&parse(a).unwrap(), &parse(b).unwrap());
        assert_eq!(ordered("1.020.3", "1.02.3"), Ordering::Equal);
        assert_eq!(ordered("5.022.0", "5.0220.0"), Ordering::Equal);
        assert_eq!(ordered("5.022.0", "5.22.0"), Ordering::Less);
        // The first number has a value, whatever is in front.
        assert_eq!(ordered("010", "10"), Ordering::Equal);
    }

    #[test]
    fn what_is_left_out_is_zero() {
        let equal = |a: &str, b: &str| parse(a).unwrap() == parse(b).unwrap();
        assert!(equal("1", "1-r0"));
        assert!(equal("1_p", "1_p0"));
        assert!(equal("1_rc0-r01", "1_rc-r1"));
        assert!(!equal("1", "1.0"));
    }

    #[test]
    fn what_the_specification_does_not_allow_is_no_version() {
        for version in [
            "", ".", "1.", ".1", "a", "1ab", "1A", "a1", "1_", "1_foo", "1_p1a", "1_rc.1", "1-r",
            "1-ra", "1-r1-r2", "1-1", "-r1", "1 ", "1é", "1_é", "v1",
        ] {
            assert!(parse(version).is_err(), "{version:?}");
        }
        for version in ["9999", "20240101", "1.2.3a_rc1_p2-r4"] {
            assert!(parse(version).is_ok(), "{version:?}");
        }
    }
}
