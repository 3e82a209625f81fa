//! Tags of Red Hat's container images: `v3.5.7-8`, `4.9-164.57484e3.release_4.9`, `1771399158`.
//!
//! A tag is version and release of a build as rpm has them, and compares so; a `v` before the
//! version does not count. Newer images have the second in which they were built in the place of
//! both. Where there is no release it is taken for zero, the first one, so that `4.9` is where the
//! builds of 4.9 begin.

use std::cmp::Ordering;

use crate::error::Reason;
use crate::rpm::{self, Evr};

/// Reads a tag.
pub(crate) fn parse(version: &str) -> Result<Evr<'_>, Reason> {
    let bare = stem(version);
    if !bare.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("it does not begin with a number");
    }
    if bare.contains(':') {
        return Err("a tag has no colon");
    }
    let parts = rpm::parse(bare)?;
    Ok(if bare.contains('-') {
        parts
    } else {
        parts.with_release("0")
    })
}

/// Version, then release.
pub(crate) fn compare(a: &Evr<'_>, b: &Evr<'_>) -> Ordering {
    rpm::compare(a, b)
}

/// Major and minor number: the stream in which a build replaces the ones before it.
pub(crate) fn minor(version: &str) -> Option<(u64, u64)> {
    let version = stem(version).split('-').next()?;
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().and_then(|part| part.parse().ok());
    Some((major, minor.unwrap_or(0)))
}

fn stem(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scheme;

    #[test]
    fn tags_order_as_the_builds_they_name() {
        let ascending = [
            "4.6",
            "4.6-115.d1788e1.release_4.6",
            "v4.6.1-1",
            "4.7",
            "4.7-140.49a6fcf.release_4.7",
            "4.7-159.76b9b11.release_4.7",
            "4.10-1",
            "1771399158",
            "1771399331",
        ];
        for pair in ascending.windows(2) {
            let order = Scheme::RhcTag.compare(pair[0], pair[1]);
            assert_eq!(order, Ok(Ordering::Less), "{pair:?}");
            let order = Scheme::RhcTag.compare(pair[1], pair[0]);
            assert_eq!(order, Ok(Ordering::Greater), "{pair:?}");
        }
        for (a, b) in [("v3.5.7-8", "3.5.7-8"), ("3.5", "3.5-0")] {
            assert_eq!(Scheme::RhcTag.compare(a, b), Ok(Ordering::Equal));
        }
    }

    #[test]
    fn what_names_no_build_is_no_tag() {
        for tag in ["", "v", "latest", "-1", "1:2-3", "v-1"] {
            assert!(Scheme::RhcTag.validate(tag).is_err(), "{tag}");
        }
    }

    #[test]
    fn a_stream_is_the_major_and_the_minor_number() {
        assert_eq!(minor("v3.5.7-8"), Some((3, 5)));
        assert_eq!(minor("4.9-164.57484e3.release_4.9"), Some((4, 9)));
        assert_eq!(minor("5-53.1634738116"), Some((5, 0)));
        assert_eq!(minor("1771399158"), Some((1_771_399_158, 0)));
        assert_eq!(minor("latest"), None);
        assert_eq!(minor("99999999999999999999999"), None);
    }
}
