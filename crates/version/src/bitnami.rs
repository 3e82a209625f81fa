//! Versions of Bitnami's components: `MAJOR.MINOR.PATCH[-REVISION][+METADATA]`.
//!
//! The rules are those of Bitnami's own library, <https://github.com/bitnami/go-version>: Semantic
//! Versioning, but for what follows the hyphen. That is no pre-release but a revision of the build,
//! so that `1.2.3-1` is newer than `1.2.3`.

use std::cmp::Ordering;

use crate::digits::Number;
use crate::error::Reason;

/// A version in its parts, borrowed from the string.
// The order of the fields is the order in which they count, and no revision sorts before any.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version<'v> {
    numbers: [Number<'v>; 3],
    revision: Option<Revision<'v>>,
}

/// Reads a version.
pub(crate) fn parse(version: &str) -> Result<Version<'_>, Reason> {
    let (version, metadata) = match version.split_once('+') {
        Some((version, metadata)) => (version, Some(metadata)),
        None => (version, None),
    };
    if metadata.is_some_and(|metadata| !metadata.split('.').all(is_identifier)) {
        return Err("metadata is not of letters, digits and hyphens");
    }
    let (core, revision) = match version.split_once('-') {
        Some((core, revision)) => (core, Some(revision)),
        None => (version, None),
    };
    let mut parts = core.split('.');
    let mut number = || parts.next().and_then(number);
    let (Some(major), Some(minor), Some(patch)) = (number(), number(), number()) else {
        return Err("it does not begin with three numbers");
    };
    if parts.next().is_some() {
        return Err("it has more than three numbers");
    }
    if revision.is_some_and(|revision| !revision.split('.').all(is_identifier)) {
        return Err("revision is not of letters, digits and hyphens");
    }
    Ok(Version {
        numbers: [major, minor, patch],
        revision: revision.map(Revision),
    })
}

/// The three numbers, then the revision. Metadata does not count.
pub(crate) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    a.cmp(b)
}

/// A number. Components whose versions are dates have them with leading zeros.
fn number(text: &str) -> Option<Number<'_>> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| Number::new(text.as_bytes()))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// What follows the hyphen, compared by its parts.
struct Revision<'v>(&'v str);

/// Numbers sort before text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'v> {
    Number(Number<'v>),
    Text(&'v str),
}

impl<'v> Revision<'v> {
    fn parts(&self) -> impl Iterator<Item = Part<'v>> {
        let part = |text| number(text).map_or(Part::Text(text), Part::Number);
        self.0.split('.').map(part)
    }
}

impl Ord for Revision<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

impl PartialOrd for Revision<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Revision<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Revision<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_sort_before_newer_ones() {
        let ascending = [
            "0.0.0",
            "0.0.1",
            "0.0.10",
            "0.2.0",
            "1.2.3",
            "1.2.3-0",
            "1.2.3-1",
            "1.2.3-2",
            "1.2.3-10",
            "1.2.3-10.1",
            "1.2.3-rc1",
            "1.2.3-rc1.1",
            "1.2.4",
            "2147483648.3.0",
        ];
        for (index, older) in ascending.iter().enumerate() {
            for newer in &ascending[index + 1..] {
                let (a, b) = (parse(older).unwrap(), parse(newer).unwrap());
                assert_eq!(compare(&a, &b), Ordering::Less, "{older} {newer}");
            }
        }
        let (a, b) = (parse("1.2.3+foo").unwrap(), parse("1.2.3+bar.1").unwrap());
        assert_eq!(compare(&a, &b), Ordering::Equal);
        let (a, b) = (parse("2024.09.1").unwrap(), parse("2024.9.1").unwrap());
        assert_eq!(compare(&a, &b), Ordering::Equal);
    }

    #[test]
    fn what_bitnami_does_not_read_is_no_version() {
        for version in [
            "",
            "1",
            "1.0",
            "1.0-",
            "1.2-5",
            "1.2.beta",
            "1.2.3.4",
            "foo",
            "v1.2.3",
            "1.2.3-",
            "1.2.3-a..b",
            "1.2.3+",
            "1.2.3-é",
        ] {
            assert!(parse(version).is_err(), "{version:?}");
        }
        for version in [
            "1.2.0-x.Y.0+metadata-with-hyphen",
            "1.2.3-alpha.-1",
            "1.0.0-x-y-z.-",
        ] {
            assert!(parse(version).is_ok(), "{version:?}");
        }
    }
}
