//! All that is said of one package, held against each other.
//!
//! What the vendor clears a package of does not affect it, whatever another statement about the
//! same builds says: Alpine, for one, lists a vulnerability both as fixed in some version and as
//! never present after it found out.
//!
//! A vendor that maintains several streams of a minor release fixes a vulnerability in each. A
//! build is compared with the fix of its own stream where there is one: `3.0.7-18.el9_2` may have
//! what `3.0.7-27.el9` has. A build that is older than the fixes of several streams is found once,
//! with the first of them.

use clair_model::{FixState, PackageKind};
use clair_vulndb::{AdvisoryKey, Candidate, Error};

use crate::Verdict;
use crate::installed::Question;

/// A statement about the package, with what it came to by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit<'a, 'q> {
    pub(crate) statement: Candidate<'a>,
    pub(crate) question: Question<'q>,
    pub(crate) found: Found,
}

/// What a statement by itself means for the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It affects the package.
    Affects,
    /// Its version is not vulnerable.
    Outside,
    /// The vendor has cleared it.
    Clears,
}

/// What a statement means beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is a finding.
    Affects,
    /// It affects nothing by itself.
    Nothing,
    /// Another statement says that the package is not affected.
    Cleared,
    /// The stream that the package comes from has been spoken of by itself.
    OtherStream,
    /// Another finding says the same.
    Told,
}

impl Found {
    /// `None` where a statement is about something else, or could not be compared.
    pub(crate) fn of(verdict: &Verdict<'_>) -> Option<Self> {
        match verdict {
            Verdict::Affected(_) => Some(Self::Affects),
            Verdict::Outside => Some(Self::Outside),
            Verdict::NotAffected => Some(Self::Clears),
            Verdict::OtherArchitecture
            | Verdict::OtherModule
            | Verdict::OnlyHeaders
            | Verdict::UnparsedVersion(_)
            | Verdict::UnparsedAdvisory(_) => None,
        }
    }
}

impl Hit<'_, '_> {
    /// Whether it can matter for what others come to.
    pub(crate) fn matters(&self) -> bool {
        self.found != Found::Outside || self.question.place.is_product || self.is_of_own_stream()
    }

    /// Whether it tells in which build of the package's own stream the fix is.
    fn is_of_own_stream(&self) -> bool {
        let scheme = self.statement.scheme();
        scheme
            .stream(self.question.subject.version)
            .is_some_and(|own| {
                let fixed = self.statement.fixed_version();
                fixed.and_then(|fixed| scheme.stream(fixed)) == Some(own)
            })
    }

    fn is_fixed(&self) -> bool {
        self.statement.fix_state() == FixState::Fixed
    }

    /// Whether it says that nothing is known yet.
    fn is_open_question(&self) -> bool {
        self.statement.fix_state() == FixState::UnderInvestigation
    }
}

/// Weighs all that was found of one package, in the order in which it was asked for.
pub(crate) fn weigh(hits: &[Hit<'_, '_>]) -> Result<Vec<Outcome>, Error> {
    let mut cleared: Vec<Cleared<'_>> = Vec::new();
    // In which advisories the products of the package are spoken of by themselves.
    let mut spoken: Vec<AdvisoryKey> = Vec::new();
    let mut of_own_stream: Vec<(AdvisoryKey, PackageKind)> = Vec::new();
    for hit in hits {
        let key = hit.statement.advisory_key();
        if hit.found == Found::Clears {
            cleared.push(Cleared {
                scope: &hit.question.place.scope,
                id: hit.statement.advisory()?.id(),
                kind: hit.statement.kind(),
            });
        }
        if !hit.question.place.is_general && !hit.is_open_question() {
            spoken.push(key);
        }
    }
    for hit in hits {
        let key = hit.statement.advisory_key();
        let counts = !hit.question.place.is_general || !spoken.contains(&key);
        if counts && hit.is_fixed() && hit.is_of_own_stream() {
            of_own_stream.push((key, hit.statement.kind()));
        }
    }
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(hits.len());
    for (place, hit) in hits.iter().enumerate() {
        let key = hit.statement.advisory_key();
        let outcome = if hit.found != Found::Affects {
            Outcome::Nothing
        } else if hit.question.place.is_general && spoken.contains(&key) {
            Outcome::OtherStream
        } else if !cleared.is_empty() && is_cleared(hit, &cleared)? {
            Outcome::Cleared
        } else if hit.is_fixed()
            && !hit.is_of_own_stream()
            && of_own_stream.contains(&(key, hit.statement.kind()))
        {
            Outcome::OtherStream
        } else {
            let earlier = hits[..place].iter().zip(&outcomes);
            let mut earlier = earlier.filter(|(_, outcome)| **outcome == Outcome::Affects);
            if earlier.any(|(other, _)| says_the_same(other, hit)) {
                Outcome::Told
            } else {
                Outcome::Affects
            }
        };
        outcomes.push(outcome);
    }
    let later = later_fixes(hits, &outcomes);
    for place in later {
        outcomes[place] = Outcome::Told;
    }
    Ok(outcomes)
}

/// The findings about a product of which another one names an earlier fix.
fn later_fixes(hits: &[Hit<'_, '_>], outcomes: &[Outcome]) -> Vec<usize> {
    let is_one = |place: &usize| {
        let hit = &hits[*place];
        outcomes[*place] == Outcome::Affects && hit.question.place.is_product && hit.is_fixed()
    };
    let fixes: Vec<usize> = (0..hits.len()).filter(is_one).collect();
    let is_later = |place: &usize| {
        let hit = &hits[*place];
        fixes.iter().any(|other| {
            let other = &hits[*other];
            is_about_the_same(other, hit) && is_before(&other.statement, &hit.statement)
        })
    };
    fixes.iter().copied().filter(is_later).collect()
}

/// Whether the fix of one statement is lower than that of the other one.
fn is_before(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let fixes = (one.fixed_version(), other.fixed_version());
    matches!(fixes, (Some(one_fix), Some(other_fix))
        if one.scheme().order(one_fix, other_fix).is_lt())
}

/// What the vendor has cleared the package of.
struct Cleared<'a> {
    scope: &'a str,
    id: &'a str,
    kind: PackageKind,
}

/// Whether the package is cleared of what a statement says. Where a vendor speaks of packages and
/// of their sources, a source being cleared says nothing of a package that is named by itself.
fn is_cleared(hit: &Hit<'_, '_>, cleared: &[Cleared<'_>]) -> Result<bool, Error> {
    let id = hit.statement.advisory()?.id();
    let is_named = hit.question.place.is_product && hit.statement.kind() == PackageKind::Binary;
    Ok(cleared.iter().any(|it| {
        it.id == id
            && *it.scope == *hit.question.place.scope
            && !(is_named && it.kind == PackageKind::Source)
    }))
}

/// Whether an earlier finding says what this one says. Some vendors do not tell whether a name is
/// that of a build or of a package from it, and mean both; Red Hat tells of both, and in each
/// channel of a product.
fn says_the_same(earlier: &Hit<'_, '_>, hit: &Hit<'_, '_>) -> bool {
    let (one, other) = (&earlier.statement, &hit.statement);
    is_about_the_same(earlier, hit)
        && one.fix_state() == other.fix_state()
        && one.fixed_version() == other.fixed_version()
}

/// Whether an earlier finding is about the same advisory, product and package.
fn is_about_the_same(earlier: &Hit<'_, '_>, hit: &Hit<'_, '_>) -> bool {
    let (one, other) = (&earlier.statement, &hit.statement);
    if one.advisory_key() != other.advisory_key() {
        return false;
    }
    let is_product = hit.question.place.is_product;
    let names = if is_product {
        one.kind() == PackageKind::Binary || one.kind() == other.kind()
    } else {
        (one.kind(), other.kind()) == (PackageKind::Binary, PackageKind::Source)
            && one.package() == other.package()
    };
    names && earlier.question.place.scope == hit.question.place.scope
}
