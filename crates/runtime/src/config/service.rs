//! The services of the suite, and the modes the program runs in.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A service of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Reads images.
    Indexer,
    /// Matches what images contain with what is known of vulnerabilities.
    Matcher,
    /// Fetches what is known of vulnerabilities.
    Updater,
    /// Tells others about images that became vulnerable.
    Notifier,
    /// The door to the outside.
    Gateway,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Indexer,
        Self::Matcher,
        Self::Updater,
        Self::Notifier,
        Self::Gateway,
    ];

    /// Its name, which is also that of its section of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Indexer => "indexer",
            Self::Matcher => "matcher",
            Self::Updater => "updater",
            Self::Notifier => "notifier",
            Self::Gateway => "gateway",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// All services.
    Combo,
    /// One service.
    Only(Service),
    /// Brings the database's schema up to date and ends.
    Migrate,
}

/// A text that is no mode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown mode {0:?}, expected combo, gateway, indexer, matcher, updater, notifier or migrate"
)]
pub struct ParseModeError(String);

impl Mode {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Combo => "combo",
            Self::Only(service) => service.name(),
            Self::Migrate => "migrate",
        }
    }

    /// Whether a process in this mode runs the service.
    pub fn runs(self, service: Service) -> bool {
        self == Self::Combo || self == Self::Only(service)
    }
}

impl FromStr for Mode {
    type Err = ParseModeError;

    /// Reads a mode in any case, as Clair does.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let services = Service::ALL.into_iter().map(Self::Only);
        [Self::Combo, Self::Migrate]
            .into_iter()
            .chain(services)
            .find(|mode| mode.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseModeError(text.to_owned()))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_in_any_case() {
        assert_eq!("Combo".parse(), Ok(Mode::Combo));
        assert_eq!("INDEXER".parse(), Ok(Mode::Only(Service::Indexer)));
        assert_eq!("migrate".parse(), Ok(Mode::Migrate));
        assert!("".parse::<Mode>().is_err());
        assert!("all".parse::<Mode>().is_err());
    }

    #[test]
    fn combo_runs_everything_and_migrate_nothing() {
        for service in Service::ALL {
            assert!(Mode::Combo.runs(service));
            assert!(!Mode::Migrate.runs(service));
            assert!(Mode::Only(service).runs(service));
        }
        assert!(!Mode::Only(Service::Matcher).runs(Service::Indexer));
    }
}
