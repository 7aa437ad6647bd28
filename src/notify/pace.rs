//! Pace: how often is concluded, posted and asked, and for how long what is posted holds.
//!
//! Not for how long an alert must hold before it fires: that is `alerts::catalogue`'s.

use std::time::Duration;

use crate::net::backoff::backoff;

/// How often is concluded. The shortest `for` that is not 0 is a minute, so that it is late by a twelfth of it at most.
const CONCLUDE: Duration = Duration::from_secs(5);
/// How often everything that fires is posted, changed or not.
const REPEAT: Duration = Duration::from_secs(30);
/// For how long what was posted holds: two posts may be lost. Prometheus gives its own four.
const LASTS: Duration = Duration::from_secs(90);
/// The first pause after a post or a question that failed.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// The longest such pause: no longer than until everything is posted again.
const BACKOFF_LONGEST: Duration = REPEAT;
/// For how long an Alertmanager is asked at the start for what it knows: what it had then is over after [`LASTS`].
const ASK: Duration = Duration::from_mins(1);
/// How often it is looked whether alerts of Prometheus still have the same labels.
const COMPARE: Duration = Duration::from_mins(10);
/// No time is divided further: below it a machine does nothing else.
const LEAST: Duration = Duration::from_millis(10);

/// Waits, divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often is concluded.
    pub conclude: Duration,
    /// How often everything that fires is posted.
    pub repeat: Duration,
    /// For how long what was posted holds.
    pub lasts: Duration,
    /// For how long is asked at the start.
    pub ask: Duration,
    /// How often labels are compared.
    pub compare: Duration,
    backoff_first: Duration,
    backoff_longest: Duration,
}

impl Pace {
    /// All of them divided by the same number.
    #[must_use]
    pub fn divided(time_scale: u32) -> Self {
        let divided = |time: Duration| (time / time_scale.max(1)).max(LEAST);
        Self {
            conclude: divided(CONCLUDE),
            repeat: divided(REPEAT),
            lasts: divided(LASTS),
            ask: divided(ASK),
            compare: divided(COMPARE),
            backoff_first: divided(BACKOFF_FIRST),
            backoff_longest: divided(BACKOFF_LONGEST),
        }
    }

    /// The pause after the `failures`-th failure in a row, 1 first.
    #[must_use]
    pub fn backoff(&self, failures: u32) -> Duration {
        backoff(self.backoff_first, self.backoff_longest, failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_posted_outlives_two_posts_that_are_lost() {
        for scale in [0, 1, 60, 1000] {
            let pace = Pace::divided(scale);
            assert!(pace.conclude <= pace.repeat && pace.repeat * 3 <= pace.lasts, "{scale}: {pace:?}");
            assert!(pace.backoff(1) <= pace.backoff_first && pace.backoff(40) <= pace.repeat, "{scale}: {pace:?}");
        }
        assert_eq!(Pace::divided(90).lasts, Duration::from_secs(1));
    }
}
