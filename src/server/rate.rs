//! A bucket of requests: each takes one, and one is added now and then up to as many as it holds. Not for what is said to who
//! comes in vain.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::time::{Clock, Timestamp, between};
use crate::model::web::RateLimit;

/// The bucket.
pub(super) struct Bucket {
    limit: RateLimit,
    clock: Arc<dyn Clock>,
    /// What is in it, and when that was so.
    filled: Mutex<(f64, Timestamp)>,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(limit: RateLimit, clock: Arc<dyn Clock>) -> Self {
        let filled = Mutex::new((f64::from(limit.burst), clock.now()));
        Self { limit, clock, filled }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&self) -> bool {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let added = between(filled.1, now).div_duration_f64(self.limit.interval);
        let there = (filled.0 + added).min(f64::from(self.limit.burst));
        let taken = there >= 1.0;
        *filled = (if taken { there - 1.0 } else { there }, now);
        taken
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::server::door::tests::HeldClock;

    #[test]
    fn it_fills_as_time_goes_by_and_not_beyond_its_size() {
        let clock = Arc::new(HeldClock::default());
        let limit = RateLimit { interval: Duration::from_secs(2), burst: 2 };
        let bucket = Bucket::new(limit, Arc::<HeldClock>::clone(&clock));
        let taken = || (0..4).filter(|_| bucket.take()).count();
        assert_eq!(taken(), 2);
        clock.advance(Duration::from_secs(3));
        assert_eq!(taken(), 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(taken(), 1, "what is begun is not lost");
        clock.advance(Duration::from_mins(1));
        assert_eq!(taken(), 2);
    }
}
