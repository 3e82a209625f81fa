//! When to try again, and after how long.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tracing::debug;

use crate::Error;

/// No pause between two tries is longer, whatever the registry asks for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A number of tries with pauses between them that double.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    left: u32,
    pause: Duration,
}

impl Backoff {
    pub(crate) fn new(retries: u32, first_pause: Duration) -> Self {
        Self {
            left: retries,
            pause: first_pause,
        }
    }

    /// Sleeps if the error may pass and a try is left, gives it back otherwise.
    pub(crate) fn wait(&mut self, error: Error) -> Result<(), Error> {
        if self.left == 0 || !error.is_transient() {
            return Err(error);
        }
        let pause = error.retry_after().unwrap_or_else(|| jitter(self.pause));
        let pause = pause.min(LONGEST_PAUSE);
        debug!(%error, ?pause, left = self.left, "trying again");
        self.left -= 1;
        self.pause = self.pause.saturating_mul(2);
        thread::sleep(pause);
        Ok(())
    }
}

/// Runs something until it succeeds, fails for good, or was tried often enough.
pub(crate) fn retrying<T>(
    mut backoff: Backoff,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) => backoff.wait(error)?,
        }
    }
}

/// The pause a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// Between half of a pause and all of it, so that clients cut off together come back apart.
fn jitter(pause: Duration) -> Duration {
    // Each RandomState has fresh random keys: enough of a die for this, without a crate for it.
    let random = RandomState::new().build_hasher().finish() % 1024;
    let half = pause / 2;
    half + half.mul_f64(random_fraction(random))
}

fn random_fraction(below_1024: u64) -> f64 {
    f64::from(u32::try_from(below_1024).unwrap_or(0)) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-08-01T00:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sat, 01 Aug 2026 00:01:00 GMT", Some(60)),
            ("Fri, 31 Jul 2026 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("", None),
            ("-1", None),
            ("99999999999999999999", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse_retry_after(value, now), expected, "{value:?}");
        }
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let pause = Duration::from_millis(800);
        for _ in 0..100 {
            assert!((pause / 2..=pause).contains(&jitter(pause)));
        }
    }
}
