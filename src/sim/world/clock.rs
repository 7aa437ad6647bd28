//! Scenario time against the instants that objects carry: start + scenario time / speed. It reads no clock.

use jiff::{SignedDuration, Timestamp};

use crate::sim::scenario::Span;

/// Where scenario time lies on the calendar.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct WorldClock {
    start: Timestamp,
    speed: f64,
}

impl WorldClock {
    pub(super) fn new(start: Timestamp, speed: f64) -> Self {
        // A speed that is none would stop or turn time.
        Self { start, speed: if speed.is_finite() && speed > 0.0 { speed } else { 1.0 } }
    }

    /// The instant of a scenario time.
    pub(in crate::sim) fn instant(self, at: Span) -> Timestamp {
        let offset = if self.is_real_time() {
            SignedDuration::from_millis(at.millis())
        } else {
            SignedDuration::try_from_secs_f64(at.seconds() / self.speed).unwrap_or_default()
        };
        self.start.checked_add(offset).unwrap_or(self.start)
    }

    /// The scenario time of an instant, rounded down to its millisecond.
    pub(in crate::sim) fn span(self, instant: Timestamp) -> Span {
        let elapsed = instant.duration_since(self.start);
        if self.is_real_time() {
            return Span::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a cast of f64 saturates, and years of milliseconds fit")]
        Span::from_millis((elapsed.as_secs_f64() * self.speed * 1000.0).floor() as i64)
    }

    /// How the API server writes the instant: whole seconds, but fractions where a second of the world is long.
    pub(in crate::sim) fn stamp(self, at: Span) -> String {
        let instant = self.instant(at);
        let rounded = if self.is_real_time() {
            Timestamp::from_second(instant.as_second())
        } else {
            Timestamp::from_microsecond(instant.as_microsecond())
        };
        rounded.unwrap_or(instant).to_string()
    }

    /// How Helm writes it: with nanoseconds.
    pub(in crate::sim) fn fine_stamp(self, at: Span) -> String {
        format!("{:.9}", self.instant(at))
    }

    /// Real seconds that a number of scenario seconds takes.
    pub(in crate::sim) fn real_seconds(self, scenario_seconds: f64) -> f64 {
        scenario_seconds / self.speed
    }

    #[expect(clippy::float_cmp, reason = "1 means exactly 1: the speed is given, not computed")]
    fn is_real_time(self) -> bool {
        self.speed == 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_time_writes_whole_seconds_and_compressed_time_fractions() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let (real, fast) = (WorldClock::new(start, 1.0), WorldClock::new(start, 60.0));
        assert_eq!(real.stamp(Span::from_millis(90_500)), "2026-01-01T00:01:30Z");
        assert_eq!(fast.stamp(Span::from_secs(90)), "2026-01-01T00:00:01.5Z");
        assert_eq!(fast.stamp(Span::from_secs(-90)), "2025-12-31T23:59:58.5Z");
        assert_eq!(real.fine_stamp(Span::from_millis(1500)), "2026-01-01T00:00:01.500000000Z");
        for millis in [0, 1, 90_000, -86_400_000] {
            let span = Span::from_millis(millis);
            assert_eq!(real.span(real.instant(span)), span);
            assert!((fast.span(fast.instant(span)).millis() - millis).abs() <= 1);
        }
    }
}
