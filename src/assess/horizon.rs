//! The horizon: the present instant, and until when what was concluded from it holds.
//!
//! No judgement compares instants with the present but through here; only `remember`, which judges nothing, is told it
//! plainly. A deadline that has not come yet shortens the horizon; so before the horizon any present gives the same answers.

use std::cell::Cell;
use std::time::Duration;

use crate::model::time::{Timestamp, after};

/// The present, and the nearest deadline that was asked about and has not come.
#[derive(Debug)]
pub struct Horizon {
    now: Timestamp,
    nearest: Cell<Option<Timestamp>>,
}

impl Horizon {
    /// A horizon seen from `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self { now, nearest: Cell::new(None) }
    }

    /// Whether `deadline` has come. If not, the answer holds until then.
    #[must_use]
    pub fn passed(&self, deadline: Timestamp) -> bool {
        if deadline <= self.now {
            return true;
        }
        let nearest = self.nearest.get().map_or(deadline, |nearest| nearest.min(deadline));
        self.nearest.set(Some(nearest));
        false
    }

    /// Whether `span` has gone by since `from`. If not, the answer holds until then.
    #[must_use]
    pub fn lasted(&self, from: Timestamp, span: Duration) -> bool {
        self.passed(after(from, span))
    }

    /// Since when a condition holds that memory knows to hold since `remembered`: the present where it does not know.
    #[must_use]
    pub fn since(&self, remembered: Option<Timestamp>) -> Timestamp {
        remembered.unwrap_or(self.now)
    }

    /// The nearest deadline that has not come; `None` where none was asked about.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.nearest.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_at_the_nearest_deadline_that_has_not_come() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let horizon = Horizon::new(at(100));
        assert_eq!(horizon.valid_until(), None);
        assert!(horizon.passed(at(99)));
        assert!(horizon.passed(at(100)));
        assert_eq!(horizon.valid_until(), None);
        assert!(!horizon.passed(at(130)));
        assert!(!horizon.lasted(at(90), Duration::from_secs(20)));
        assert_eq!(horizon.valid_until(), Some(at(110)));
    }
}
