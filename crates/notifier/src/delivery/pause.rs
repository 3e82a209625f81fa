//! When to try again.

use std::time::Duration;

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};

use crate::Retry;

/// What to do after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again after a pause.
    After(Duration),
    /// Give up.
    Never,
}

impl Retry {
    /// What to do after an attempt, counted from one, to deliver a set of a certain age.
    pub(super) fn next(&self, attempt: u32, created: Timestamp, now: Timestamp) -> Next {
        // One that cannot be expressed is for ever.
        let patience = SignedDuration::try_from(self.give_up_after).unwrap_or(SignedDuration::MAX);
        if created.duration_until(now) >= patience {
            return Next::Never;
        }
        let factor = 1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let pause = self.first_pause.saturating_mul(factor);
        Next::After(pause.min(self.longest_pause).mul_f64(1.0 - chance() / 2.0))
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

    const RETRY: Retry = Retry {
        first_pause: Duration::from_secs(5),
        longest_pause: Duration::from_mins(1),
        give_up_after: Duration::from_hours(72),
    };

    #[test]
    fn pauses_grow_up_to_the_interval_and_are_shorter_by_up_to_a_half() {
        let now = Timestamp::now();
        for (attempt, longest) in [(1, 5), (2, 10), (4, 40), (5, 60), (33, 60), (u32::MAX, 60)] {
            let longest = Duration::from_secs(longest);
            let Next::After(pause) = RETRY.next(attempt, now, now) else {
                panic!("a new set is not given up");
            };
            assert!(
                pause <= longest && pause >= longest / 2,
                "{attempt}: {pause:?}"
            );
        }
    }

    #[test]
    fn replicas_do_not_come_back_at_the_same_moment() {
        let now = Timestamp::now();
        let pauses: Vec<Next> = (0..20).map(|_| RETRY.next(5, now, now)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }

    #[test]
    fn a_set_that_is_too_old_is_given_up() {
        let created = Timestamp::now();
        let after = |hours| created + SignedDuration::from_hours(hours);
        assert!(matches!(RETRY.next(1, created, after(71)), Next::After(_)));
        assert_eq!(RETRY.next(1, created, after(72)), Next::Never);
        let patient = Retry {
            give_up_after: Duration::MAX,
            ..RETRY
        };
        assert!(matches!(
            patient.next(1, created, after(9999)),
            Next::After(_)
        ));
    }
}
