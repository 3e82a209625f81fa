//! When to try again, and when no more.

use std::time::Duration;

use aws_lc_rs::rand;

/// How often a call is repeated while the service is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried in all. One means never again.
    pub attempts: u32,
    /// The pause before the second attempt. Each further one is twice as long, and all are shorter
    /// by chance by up to a half, so that callers do not come back all at once.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(2),
        }
    }
}

impl Retry {
    /// The pause after this many attempts, or none if there were enough.
    pub(super) fn pause(&self, attempts: u32) -> Option<Duration> {
        if attempts >= self.attempts {
            return None;
        }
        let factor = 1_u32
            .checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let pause = self
            .first_pause
            .saturating_mul(factor)
            .min(self.longest_pause);
        Some(pause.mul_f64(1.0 - chance() / 2.0))
    }
}

/// A number from zero to one.
fn chance() -> f64 {
    let mut byte = [0];
    // Without randomness all pauses are as long as they may be.
    let _ = rand::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit_and_end() {
        let retry = Retry {
            attempts: 40,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(1),
        };
        for (attempts, longest) in [(1, 100), (2, 200), (3, 400), (5, 1000), (39, 1000)] {
            let longest = Duration::from_millis(longest);
            let pause = retry.pause(attempts).unwrap();
            assert!(
                pause <= longest && pause >= longest / 2,
                "{attempts}: {pause:?}"
            );
        }
        assert_eq!(retry.pause(40), None);
    }
}
