//! Timing: how long observers wait, and for what. All in real time, however fast a simulated cluster is played.
//!
//! Not for the times by which an upgrade is judged: those are `policy`.

use std::time::Duration;

use crate::net::backoff::{backoff, random_fraction};

/// Waits of the observers. The defaults are what the program uses; tests shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long one watch lasts before it is begun anew from where it stands, in whole seconds. Shorter than any silence
    /// that counts, so that a quiet cluster is heard.
    pub watch: Duration,
    /// How long any answer of the API server may say nothing.
    pub silence: Duration,
    /// How long a watch may be unheard before it counts as stale: one watch that was answered by nothing and one more
    /// attempt.
    pub watch_stale_after: Duration,
    /// How long wanted bodies may stay unread before their source counts as stale.
    pub bodies_stale_after: Duration,
    /// The first pause after a failure; it doubles with each further one.
    pub backoff_first: Duration,
    /// The longest pause after a failure.
    pub backoff_longest: Duration,
    /// The longest pause after a lacking permission: granting it takes a person.
    pub forbidden: Duration,
    /// After this long a body that was delivered and is still wanted is read once more.
    pub reread: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            watch: Duration::from_secs(50),
            silence: Duration::from_mins(1),
            watch_stale_after: Duration::from_secs(90),
            bodies_stale_after: Duration::from_secs(90),
            backoff_first: Duration::from_millis(500),
            backoff_longest: Duration::from_secs(30),
            forbidden: Duration::from_mins(1),
            reread: Duration::from_mins(1),
        }
    }
}

impl Timing {
    /// The pause after the `failures`-th failure in a row, 1 first: doubled each time, and a random half of it taken off so
    /// that watches which failed together do not come back together.
    #[must_use]
    pub fn backoff(&self, failures: u32) -> Duration {
        self.backoff_up_to(failures, self.backoff_longest)
    }

    /// The same with another longest pause.
    pub(super) fn backoff_up_to(&self, failures: u32, longest: Duration) -> Duration {
        backoff(self.backoff_first, longest, failures)
    }

    /// How many seconds one watch lasts: up to a fifth less than [`Timing::watch`], so that watches begun together spread.
    #[must_use]
    pub fn watch_seconds(&self) -> u32 {
        let seconds = self.watch.mul_f64(1.0 - 0.2 * random_fraction()).as_secs();
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let timing = Timing::default();
        for (failures, least, most) in [(1, 250, 500), (2, 500, 1_000), (4, 2_000, 4_000), (20, 15_000, 30_000)] {
            let pause = timing.backoff(failures);
            assert!(
                (Duration::from_millis(least)..=Duration::from_millis(most)).contains(&pause),
                "{failures} {pause:?}"
            );
        }
        assert!(timing.backoff(u32::MAX) <= timing.backoff_longest);
    }

    #[test]
    fn a_watch_is_heard_before_it_is_stale() {
        let timing = Timing::default();
        for _ in 0..100 {
            assert!((40..=50).contains(&timing.watch_seconds()));
        }
        assert!(timing.watch < timing.silence && timing.silence < timing.watch_stale_after);
        assert_eq!(Timing { watch: Duration::ZERO, ..timing }.watch_seconds(), 1);
    }
}
