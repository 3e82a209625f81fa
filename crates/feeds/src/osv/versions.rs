//! From the events and lists of a record to ranges of versions.

use clair_model::FixState;
use clair_version::{Range, Scheme};

use super::Affected;
use crate::{Skip, text};

/// The versions that a record speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    /// Those for which it names a fix, which is the end of their range.
    pub(crate) fixed: Vec<Range>,
    /// Those for which it names none, even if their range has an end.
    pub(crate) unfixed: Vec<Range>,
}

impl Versions {
    /// The ranges with what their end means, for a publisher who says no more. Each fix is a
    /// statement of its own: lines that are kept up side by side have one each, and only that of
    /// the installed line is of use.
    pub(crate) fn by_state(self) -> impl Iterator<Item = (Vec<Range>, FixState)> {
        let fixed = self.fixed.into_iter();
        let fixed = fixed.map(|range| (vec![range], FixState::Fixed));
        let unfixed = (!self.unfixed.is_empty()).then_some((self.unfixed, FixState::Affected));
        fixed.chain(unfixed)
    }
}

impl Affected<'_> {
    /// The vulnerable versions, by the [evaluation] that the schema prescribes: those in a range,
    /// and those listed. Ranges of git commits are left aside, since no package has a commit for
    /// its version.
    ///
    /// [evaluation]: https://ossf.github.io/osv-schema/#evaluation
    ///
    /// # Errors
    ///
    /// When there are none, or a bound is no version in the scheme.
    pub(crate) fn versions(&self, scheme: Scheme) -> Result<Versions, Skip> {
        let mut versions = Versions::default();
        for range in self.ranges.iter().filter(|range| range.kind != "GIT") {
            let mut timeline = Timeline::default();
            for event in &range.events {
                timeline.add(scheme, event)?;
            }
            timeline.finish(scheme, &mut versions);
        }
        self.add_listed(scheme, &mut versions)?;
        if versions == Versions::default() {
            return Err(Skip::NoVersion);
        }
        Ok(versions)
    }

    /// Adds the listed versions that no range contains: most lists only repeat what the ranges
    /// say, for readers who cannot compare versions.
    fn add_listed(&self, scheme: Scheme, versions: &mut Versions) -> Result<(), Skip> {
        if self.versions.is_empty() || versions.unfixed.contains(&Range::all()) {
            return Ok(());
        }
        let listed = self.versions.iter().map(|version| version.0.as_ref());
        let mut listed: Vec<&str> = listed
            .filter(|version| is_version(scheme, version))
            .collect();
        if listed.is_empty() && *versions == Versions::default() {
            return Err(Skip::BadVersion);
        }
        if !listed.is_sorted_by(|a, b| scheme.order(a, b).is_lt()) {
            listed.sort_by(|a, b| scheme.order(a, b));
            listed.dedup_by(|a, b| scheme.order(a, b).is_eq());
        }
        let outside = outside(scheme, &listed, versions);
        versions.unfixed.extend(outside);
        Ok(())
    }
}

/// Those of the sorted versions that are in no range, each as a range of its own. Counts for each
/// version how many ranges begin and end there, so that many of both do not multiply.
fn outside(scheme: Scheme, listed: &[&str], versions: &Versions) -> Vec<Range> {
    let before = |bound: &str| listed.partition_point(|it| scheme.order(it, bound).is_lt());
    let up_to = |bound: &str| listed.partition_point(|it| scheme.order(it, bound).is_le());
    let mut changes = vec![0i64; listed.len() + 1];
    for range in versions.fixed.iter().chain(&versions.unfixed) {
        let start = range.introduced.as_deref().map_or(0, before);
        let fixed = range.fixed.as_deref().map_or(listed.len(), before);
        let end = range
            .last_affected
            .as_deref()
            .map_or(fixed, |last| fixed.min(up_to(last)));
        if start < end {
            changes[start] += 1;
            changes[end] -= 1;
        }
    }
    let mut ranges_open = 0;
    listed
        .iter()
        .zip(changes)
        .filter_map(|(version, change)| {
            ranges_open += change;
            (ranges_open == 0).then(|| Range {
                introduced: Some((*version).to_owned()),
                fixed: None,
                last_affected: Some((*version).to_owned()),
            })
        })
        .collect()
}

/// The events of one range.
#[derive(Default)]
struct Timeline<'a> {
    events: Vec<Event<'a>>,
    limits: Limits<'a>,
}

#[derive(Clone, Copy)]
enum Event<'a> {
    /// `None` is what is older than any version.
    Introduced(Option<&'a str>),
    Fixed(&'a str),
    LastAffected(&'a str),
}

#[derive(Default)]
enum Limits<'a> {
    #[default]
    Unstated,
    /// The greatest of those that are stated.
    At(&'a str),
    Unlimited,
}

impl<'a> Timeline<'a> {
    fn add(&mut self, scheme: Scheme, event: &'a super::Event<'_>) -> Result<(), Skip> {
        let checked = |version: &'a str| {
            is_version(scheme, version)
                .then_some(version)
                .ok_or(Skip::BadVersion)
        };
        match event.introduced.as_deref() {
            // The schema's word for what is older than any version.
            Some("0") => self.events.push(Event::Introduced(None)),
            Some(version) => self.events.push(Event::Introduced(Some(checked(version)?))),
            None => {}
        }
        if let Some(version) = event.fixed.as_deref() {
            self.events.push(Event::Fixed(checked(version)?));
        }
        if let Some(version) = event.last_affected.as_deref() {
            self.events.push(Event::LastAffected(checked(version)?));
        }
        match (event.limit.as_deref(), &self.limits) {
            (None, _) | (_, Limits::Unlimited) => {}
            (Some("*"), _) => self.limits = Limits::Unlimited,
            (Some(limit), Limits::At(other)) if scheme.order(checked(limit)?, other).is_le() => {}
            (Some(limit), _) => self.limits = Limits::At(checked(limit)?),
        }
        Ok(())
    }

    fn finish(mut self, scheme: Scheme, versions: &mut Versions) {
        // The sort is stable: events of one version stay in the order in which they are written.
        self.events
            .sort_by(|a, b| match (a.version(), b.version()) {
                (Some(a), Some(b)) => scheme.order(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            });
        let mut open = None;
        for event in &self.events {
            match (*event, open) {
                (Event::Introduced(version), None) => open = Some(version),
                (Event::Fixed(version), Some(introduced)) => {
                    let range = Range {
                        fixed: Some(version.to_owned()),
                        ..from(introduced)
                    };
                    self.close(scheme, range, versions);
                    open = None;
                }
                (Event::LastAffected(version), Some(introduced)) => {
                    let last_affected = Some(version.to_owned());
                    let range = Range {
                        last_affected,
                        ..from(introduced)
                    };
                    self.close(scheme, range, versions);
                    open = None;
                }
                // It goes on as it was.
                (Event::Introduced(_), Some(_)) | (_, None) => {}
            }
        }
        if let Some(introduced) = open {
            self.close(scheme, from(introduced), versions);
        }
    }

    fn close(&self, scheme: Scheme, mut range: Range, versions: &mut Versions) {
        let fixed = range.fixed.as_deref();
        match self.limits {
            Limits::At(limit) if fixed.is_none_or(|fixed| scheme.order(limit, fixed).is_lt()) => {
                // What lies behind a limit was not looked at; that does not make it a fix.
                range.fixed = Some(limit.to_owned());
                versions.unfixed.push(range);
            }
            _ if range.fixed.is_some() => versions.fixed.push(range),
            _ => versions.unfixed.push(range),
        }
    }
}

impl<'a> Event<'a> {
    fn version(self) -> Option<&'a str> {
        match self {
            Self::Introduced(version) => version,
            Self::Fixed(version) | Self::LastAffected(version) => Some(version),
        }
    }
}

fn from(introduced: Option<&str>) -> Range {
    Range {
        introduced: introduced.map(str::to_owned),
        ..Range::default()
    }
}

fn is_version(scheme: Scheme, version: &str) -> bool {
    text::can_be_version(version) && scheme.validate(version).is_ok()
}
