//! Versions in the form of rpm, which others have taken over: `[epoch:]version[-release]`.
//!
//! What version and release consist of, and how that compares, is for each of them.

use std::cmp::Ordering;

use crate::digits::{Number, split_digits};
use crate::error::Reason;

/// A version in its parts, borrowed from the string.
#[derive(Clone, Copy)]
pub(crate) struct Evr<'v> {
    epoch: Number<'v>,
    version: &'v [u8],
    release: Option<&'v [u8]>,
}

/// What a version or a release consists of, to be compared one by one.
pub(crate) trait Segments<'v>: Iterator<Item: Ord> {
    fn of(part: &'v [u8]) -> Self;
}

/// Splits a version as rpm does. Only digits before the first colon are an epoch, so that `a:1` is a
/// version without one; of several hyphens the last begins the release.
///
/// Stricter than rpm in one point: the version must not be empty, as it cannot be in a package.
pub(crate) fn parse(version: &str) -> Result<Evr<'_>, Reason> {
    if version.is_empty() {
        return Err("it is empty");
    }
    let (digits, rest) = split_digits(version.as_bytes());
    let (epoch, rest) = match rest {
        [b':', rest @ ..] => (digits, rest),
        _ => (&[][..], version.as_bytes()),
    };
    let (version, release) = match rest.iter().rposition(|&byte| byte == b'-') {
        Some(hyphen) => (&rest[..hyphen], Some(&rest[hyphen + 1..])),
        None => (rest, None),
    };
    if version.is_empty() {
        return Err("version before the release is empty");
    }
    Ok(Evr {
        epoch: Number::new(epoch),
        version,
        release,
    })
}

impl<'v> Evr<'v> {
    /// Epoch by value, then version, then release. One that is missing sorts before any.
    pub(crate) fn compare<S: Segments<'v>>(&self, other: &Self) -> Ordering {
        let compare = |a, b| S::of(a).cmp(S::of(b));
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.version, other.version))
            .then_with(|| match (self.release, other.release) {
                (Some(a), Some(b)) => compare(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
    }

    /// The same with this release.
    pub(crate) fn with_release(self, release: &'v str) -> Self {
        Self {
            release: Some(release.as_bytes()),
            ..self
        }
    }
}
