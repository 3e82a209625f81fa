//! Sources that have the data of others, and what becomes of them when those are imported.
//!
//! An updater of Clair has one release of Ubuntu, our feed has all of them in one source. Of what
//! was fetched, what is imported then takes the place of single releases: they are taken out of
//! the whole, so that nothing is found twice and no release is lost. When the feed is read again,
//! it takes the parts out, as it does with everything that it does not know.

use std::collections::{BTreeMap, BTreeSet};

use clair_model::{Advisory, Namespace};
use clair_vulndb::{Database, Error, Provenance};

use crate::updater::part_of;

/// Releases that sources of their own have now, by the source that had them with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken(BTreeMap<&'static str, BTreeSet<String>>);

impl Taken {
    /// What these sources have taken over.
    pub fn by<'s>(sources: impl IntoIterator<Item = &'s str>) -> Self {
        let mut taken: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (whole, release) in sources.into_iter().filter_map(part_of) {
            taken.entry(whole).or_default().insert(release);
        }
        Self(taken)
    }

    /// The sources that something was taken from.
    pub fn wholes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }

    /// What one of them still says of an advisory; `None` if it is nothing.
    pub fn left(&self, whole: &str, mut advisory: Advisory) -> Option<Advisory> {
        if let Some(releases) = self.0.get(whole) {
            advisory
                .affected
                .retain(|affected| !releases.contains(release(&affected.namespace)));
        }
        (!advisory.affected.is_empty()).then_some(advisory)
    }
}

/// `ubuntu:22.04` of `ubuntu:22.04:pro`.
fn release(namespace: &Namespace) -> &str {
    let text = namespace.as_str();
    let end = text.match_indices(':').nth(1);
    end.map_or(text, |(at, _)| &text[..at])
}

/// Takes out of a database what sources of their own have now. `before` is the database as it was
/// when the update began.
///
/// # Errors
///
/// When the database cannot be read or written.
pub fn withdraw(
    before: &Database,
    update: &mut clair_vulndb::Update,
    taken: &Taken,
) -> Result<(), Error> {
    for whole in taken.wholes() {
        let Some(info) = before.sources().iter().find(|info| info.name == whole) else {
            continue;
        };
        let mut writer = update.writer(whole)?;
        let (mut is_changed, mut is_empty) = (false, true);
        for advisory in before.advisories(whole).into_iter().flatten() {
            let advisory = advisory?;
            let statements = advisory.affected.len();
            let left = taken.left(whole, advisory);
            is_changed |= left.as_ref().map_or(0, |left| left.affected.len()) != statements;
            if let Some(left) = left {
                is_empty = false;
                writer.add(&left)?;
            }
        }
        if is_empty {
            update.remove(whole)?;
        } else if is_changed {
            update.replace(writer.finish(Provenance {
                feed: info.feed.clone(),
                url: info.url.clone(),
                fetched: info.fetched,
                upstream: info.upstream,
                // It is no longer what was read.
                fingerprint: String::new(),
                skipped: info.skipped.clone(),
                parser_version: info.parser_version,
            })?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clair_model::{Affected, FixState, PackageKind, Vulnerable};
    use clair_version::Scheme;

    use super::*;

    fn about(namespaces: &[&str]) -> Advisory {
        let affected = namespaces.iter().map(|namespace| {
            Affected::of(
                namespace.parse().unwrap(),
                "a",
                PackageKind::Source,
                Vulnerable::all(Scheme::Dpkg),
                FixState::Affected,
            )
        });
        Advisory {
            affected: affected.collect(),
            ..Advisory::new("CVE-2024-1")
        }
    }

    #[test]
    fn a_release_goes_with_its_pockets_and_others_stay() {
        let taken = Taken::by(["ubuntu/jammy", "debian"]);
        assert_eq!(taken.wholes().collect::<Vec<_>>(), ["ubuntu"]);
        let advisory = about(&["ubuntu:22.04", "ubuntu:22.04:pro", "ubuntu:24.04"]);
        let left = taken.left("ubuntu", advisory).unwrap();
        assert_eq!(left, about(&["ubuntu:24.04"]));
        assert_eq!(taken.left("ubuntu", about(&["ubuntu:22.04"])), None);
        let others = about(&["ubuntu:22.04"]);
        assert_eq!(taken.left("other", others.clone()), Some(others));
    }
}
