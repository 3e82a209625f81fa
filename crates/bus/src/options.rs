//! How to connect, and how often to try.

use std::fmt;
use std::time::Duration;

/// How to connect.
#[derive(Debug, Clone)]
pub struct BusOptions {
    /// The servers of one cluster: `nats://host:4222`, `tls://host:4222`.
    pub servers: Vec<String>,
    /// What this client is called in the server's lists.
    pub name: String,
    /// What to log in with.
    pub authentication: Authentication,
    /// TLS, for servers that ask for it. Without it, the system's roots are trusted.
    pub tls: Option<rustls::ClientConfig>,
    /// On how many servers of the cluster each stream is kept.
    pub replicas: usize,
    /// How long the server may take to answer.
    pub timeout: Duration,
}

impl BusOptions {
    /// The defaults.
    pub fn new(servers: Vec<String>) -> Self {
        Self {
            servers,
            name: "clair".to_owned(),
            authentication: Authentication::None,
            tls: None,
            replicas: 1,
            timeout: Duration::from_secs(5),
        }
    }
}

/// What to log in with.
#[derive(Debug, Clone, Default)]
pub enum Authentication {
    /// Nothing.
    #[default]
    None,
    /// A token.
    Token(Secret),
    /// A name and a password.
    Password(String, Secret),
    /// The content of a file with a JWT and a key, as `nsc` makes it.
    Credentials(Secret),
    /// The seed of a key.
    Nkey(Secret),
}

/// A text that `Debug` does not show.
#[derive(Clone)]
pub struct Secret(pub(crate) String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How often a delivery is tried, and with which pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// After how many attempts it becomes a dead letter; `None` for never.
    pub max: Option<u32>,
    /// The pauses after the first attempt, the second and so on. The last one is repeated.
    pub pauses: Vec<Duration>,
}

impl Attempts {
    /// Five, within about twenty minutes.
    pub fn for_work() -> Self {
        Self {
            max: Some(5),
            pauses: [10, 60, 300, 900].map(Duration::from_secs).to_vec(),
        }
    }

    /// For ever, at last every ten minutes.
    pub fn for_events() -> Self {
        Self {
            max: None,
            pauses: [1, 10, 60, 600].map(Duration::from_secs).to_vec(),
        }
    }

    pub(crate) fn is_last(&self, attempt: u32) -> bool {
        self.max.is_some_and(|max| attempt >= max)
    }

    /// The pause after an attempt; they count from one.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = self.pauses.get(index).or(self.pauses.last());
        pause.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pause_is_repeated() {
        let attempts = Attempts::for_work();
        assert_eq!(attempts.pause(1), Duration::from_secs(10));
        assert_eq!(attempts.pause(4), attempts.pause(400));
        assert!(!attempts.is_last(4) && attempts.is_last(5) && attempts.is_last(6));
        assert!(!Attempts::for_events().is_last(u32::MAX));
    }

    #[test]
    fn secrets_are_not_shown() {
        let options = BusOptions {
            authentication: Authentication::Password("me".into(), Secret::new("hunter2")),
            ..BusOptions::new(Vec::new())
        };
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
