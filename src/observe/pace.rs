//! Pace: when something that is read every interval is read next. Each thing has a phase of its own within the interval, the
//! same in every one, so that many are spread evenly.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::time::Instant;

/// The pace of things that are read every interval.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    begun: Instant,
    interval: Duration,
}

impl Pace {
    /// A pace that begins now.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { begun: Instant::now(), interval }
    }

    /// How long until the next read of the thing with this key.
    #[must_use]
    pub fn until_next(&self, key: &impl Hash) -> Duration {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let phase = self.interval.mul_f64((hasher.finish() >> 32) as f64 / f64::from(u32::MAX));
        until_phase(self.begun.elapsed(), phase, self.interval)
    }
}

/// The time from `now` to the next `phase`, all counted from the same begin. Never so little that a timer which was a moment
/// early reads twice.
fn until_phase(now: Duration, phase: Duration, interval: Duration) -> Duration {
    let into = Duration::from_secs_f64(now.as_secs_f64().rem_euclid(interval.as_secs_f64()));
    let next = if phase > into { phase } else { phase + interval };
    let wait = next.saturating_sub(into);
    if wait < interval / 20 { wait + interval } else { wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_keep_their_place() {
        let seconds = Duration::from_secs_f64;
        for (now, phase, wait) in
            [(0.0, 3.0, 3.0), (0.0, 8.0, 8.0), (31.0, 0.5, 9.5), (35.0, 5.0, 10.0), (39.9, 9.0, 9.1), (32.9, 3.0, 10.1)]
        {
            let got = until_phase(seconds(now), seconds(phase), seconds(10.0)).as_secs_f64();
            assert!((got - wait).abs() < 1e-6, "at {now} phase {phase}: {got}");
        }
    }
}
