//! Instants and spans: arithmetic that never panics, and the clock as something that is handed in.
//!
//! Instants are those of the API server's clock (local clock plus its offset), unless a field says that a kubelet
//! wrote them. Not for reading a clock: implementations of [`Clock`] live in `board` and in tests.

use std::time::Duration;

pub use jiff::Timestamp;
use jiff::{SignedDuration, Unit};

/// Tells the time. The only way by which `board` and `observe` learn it.
pub trait Clock: Send + Sync {
    /// Now, by the local clock.
    fn now(&self) -> Timestamp;
}

/// The instant `span` after `at`, or the last instant there is.
#[must_use]
pub fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// The instant `span` before `at`, or the first instant there is.
#[must_use]
pub fn before(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// The span from `from` to `to`; zero where `to` is earlier, since clocks of a cluster differ.
#[must_use]
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// Seconds since the Unix epoch, as Prometheus wants them.
#[must_use]
pub fn unix_seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// The instant so many seconds after the Unix epoch, to the millisecond; `None` where there is no such instant.
#[must_use]
pub fn from_unix_seconds(seconds: f64) -> Option<Timestamp> {
    let span = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(span).ok()?.round(Unit::Millisecond).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_age_is_zero() {
        let early = Timestamp::UNIX_EPOCH;
        let late = after(early, Duration::from_secs(5));
        assert_eq!(between(early, late), Duration::from_secs(5));
        assert_eq!(between(late, early), Duration::ZERO);
        assert_eq!(before(late, Duration::from_secs(5)), early);
    }

    #[test]
    fn the_ends_of_time_saturate() {
        assert_eq!(after(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(before(Timestamp::MIN, Duration::from_secs(1)), Timestamp::MIN);
    }

    #[test]
    fn seconds_of_the_epoch_are_instants() {
        for millis in [0, 1_500, -1, 1_435_781_451_781] {
            let at = Timestamp::from_millisecond(millis).unwrap();
            assert_eq!(from_unix_seconds(unix_seconds(at)), Some(at));
        }
        for none in [f64::NAN, f64::INFINITY, 1e300, -1e300, 1e13] {
            assert_eq!(from_unix_seconds(none), None, "{none}");
        }
    }
}
