//! Stakeholder-Specific Vulnerability Categorization: what CISA's tree advises.
//!
//! CISA answers for every vulnerability what does not depend on the stakeholder. What the
//! vulnerability can do to the stakeholder's mission only the stakeholder knows, so the decision is
//! given for each answer to that; where one is needed, *medium* is assumed. The tree is that of
//! CISA's guide, <https://www.cisa.gov/sites/default/files/publications/cisa-ssvc-guide%20508c.pdf>.

use std::fmt;
use std::str::FromStr;

use clair_model::facts::{Exploitation, Ssvc};

/// What to do about a vulnerability, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Nothing for now: remediate within standard timelines.
    Track,
    /// The same, and look closely for changes.
    TrackStar,
    /// Attend to it: remediate sooner.
    Attend,
    /// Act: remediate as soon as possible.
    Act,
}

impl Decision {
    /// All decisions.
    pub const ALL: [Self; 4] = [Self::Track, Self::TrackStar, Self::Attend, Self::Act];

    /// The decision as a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::TrackStar => "track*",
            Self::Attend => "attend",
            Self::Act => "act",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Decision {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|decision| decision.name() == name).ok_or(())
    }
}

/// What a vulnerability can do to the mission of a stakeholder and to the well-being of the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissionImpact {
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Much.
    High,
}

/// What the tree advises.
#[allow(
    clippy::match_same_arms,
    reason = "the rows are in the order of the tree"
)]
pub fn decide(ssvc: &Ssvc, mission: MissionImpact) -> Decision {
    use Decision::{Act, Attend, Track, TrackStar};
    let [low, medium, high] = match (ssvc.exploitation, ssvc.automatable, ssvc.total_impact) {
        (Exploitation::None, false, false) => [Track, Track, Track],
        (Exploitation::None, false, true) => [Track, Track, TrackStar],
        (Exploitation::None, true, _) => [Track, Track, Attend],
        (Exploitation::Poc, false, false) => [Track, Track, TrackStar],
        (Exploitation::Poc, true, false) => [Track, Track, Attend],
        (Exploitation::Poc, _, true) => [Track, TrackStar, Attend],
        (Exploitation::Active, false, false) => [Track, Track, Attend],
        (Exploitation::Active, false, true) => [Track, Attend, Act],
        (Exploitation::Active, true, false) => [Attend, Attend, Act],
        (Exploitation::Active, true, true) => [Attend, Act, Act],
    };
    match mission {
        MissionImpact::Low => low,
        MissionImpact::Medium => medium,
        MissionImpact::High => high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_worse_answer_makes_a_milder_decision() {
        let answers = || {
            [Exploitation::None, Exploitation::Poc, Exploitation::Active]
                .into_iter()
                .flat_map(|exploitation| {
                    [(false, false), (false, true), (true, false), (true, true)].map(
                        |(automatable, total_impact)| Ssvc {
                            exploitation,
                            automatable,
                            total_impact,
                            timestamp: String::new(),
                        },
                    )
                })
        };
        let missions = [
            MissionImpact::Low,
            MissionImpact::Medium,
            MissionImpact::High,
        ];
        for a in answers() {
            for b in answers() {
                let is_worse = b.exploitation >= a.exploitation
                    && b.automatable >= a.automatable
                    && b.total_impact >= a.total_impact;
                for mission in missions.into_iter().filter(|_| is_worse) {
                    assert!(decide(&b, mission) >= decide(&a, mission), "{a:?} {b:?}");
                }
            }
            assert!(decide(&a, MissionImpact::Low) <= decide(&a, MissionImpact::High));
        }
    }
}
