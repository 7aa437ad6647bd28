//! GIM's latency as physics: how far behind now the newest event is that GIM has consumed.
//!
//! While nothing consumes it grows by a second each second. While GIM consumes `c` seconds of events a second it
//! changes by `1 − c`, down to the base at which GIM keeps up; with `c` below 1 the backlog grows. No clock in here.

use super::scenario::{Latency, Span};

/// Topics that GIM consumes, and their partitions.
const TOPICS: [(&str, u32); 4] = [("gsp-callevents", 3), ("gsp-ixn", 3), ("gsp-outbound", 2), ("gca-cfg", 1)];

/// How long before the start of a scenario the last event was written to its retired topics.
const RETIRED_BEFORE_START: Span = Span::from_secs(30 * 86_400);

/// How often a sample's scatter changes, in milliseconds.
const JITTER_STEP_MS: i64 = 15_000;

/// The latency from one change of rate to the next.
#[derive(Clone, Debug)]
pub(super) struct LatencyModel {
    settings: Latency,
    since: Span,
    behind_seconds: f64,
    rate: f64,
    quiet: bool,
}

impl LatencyModel {
    /// At rest, with nothing consuming yet.
    pub(super) fn new(settings: Latency, now: Span) -> Self {
        Self { since: now, behind_seconds: settings.base.seconds(), settings, rate: 0.0, quiet: false }
    }

    /// From `now` on `rate` seconds of events are consumed each second.
    pub(super) fn consume(&mut self, rate: f64, now: Span) {
        if rate.to_bits() != self.rate.to_bits() {
            self.behind_seconds = self.behind(now);
            self.since = now;
            self.rate = rate;
        }
    }

    /// From now on nothing is written that could be consumed, or something is again: then what comes is consumed at once.
    pub(super) fn quiet(&mut self, quiet: bool, now: Span) {
        if quiet != self.quiet {
            self.behind_seconds = if quiet { self.behind(now) } else { self.settings.base.seconds() };
            self.since = now;
            self.quiet = quiet;
        }
    }

    /// Puts the latency where a scenario starts it.
    pub(super) fn set(&mut self, behind: Span, now: Span) {
        self.behind_seconds = behind.seconds();
        self.since = now;
    }

    /// Seconds behind, before scatter.
    pub(in crate::sim) fn behind(&self, now: Span) -> f64 {
        let elapsed = now.minus(self.since).seconds().max(0.0);
        let rate = if self.quiet { 0.0 } else { self.rate };
        let raw = self.behind_seconds + (1.0 - rate) * elapsed;
        // No consumer is ahead of the base: it reads in batches.
        raw.max(self.settings.base.seconds())
    }

    /// Topic, partition and seconds behind of each, the same for the same instant always.
    pub(super) fn partitions(&self, now: Span) -> Vec<(&str, u32, f64)> {
        let behind = self.behind(now);
        let step = now.millis().div_euclid(JITTER_STEP_MS);
        let mut all = Vec::new();
        for (topic, partitions) in TOPICS {
            for partition in 0..partitions {
                let scatter = self.settings.jitter.seconds() * unit(topic, partition, step);
                all.push((topic, partition, behind + scatter));
            }
        }
        let age = now.plus(RETIRED_BEFORE_START).seconds();
        all.extend(self.settings.retired.iter().map(|topic| (topic.as_str(), 0, age)));
        all
    }
}

/// A number from 0 to 1 that depends on nothing but its arguments.
fn unit(topic: &str, partition: u32, step: i64) -> f64 {
    let seed = topic.bytes().map(u64::from).chain([u64::from(partition), step.unsigned_abs()]);
    let mut hash = seed.fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| (hash ^ part).wrapping_mul(0x0100_0000_01b3));
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 40) as f64 / f64::from(1_u32 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Span {
        Span::from_secs(seconds)
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole seconds are exact")]
    fn grows_while_gim_is_down_and_drains_at_the_rate_of_its_build() {
        let settings = Latency { base: at(20), jitter: at(0), at_start: Span::ZERO, retired: Vec::new() };
        let mut model = LatencyModel::new(settings, at(0));
        assert_eq!(model.behind(at(100)), 120.0);
        model.consume(6.0, at(100));
        assert_eq!(model.behind(at(110)), 70.0);
        assert_eq!(model.behind(at(120)), 20.0);
        assert_eq!(model.behind(at(500)), 20.0, "never below its base");
        model.consume(0.5, at(500));
        assert_eq!(model.behind(at(600)), 70.0, "half the speed: half a second a second");
        model.consume(0.0, at(600));
        assert_eq!(model.behind(at(700)), 170.0);
    }

    #[test]
    fn scatter_stays_within_its_bound_and_is_the_same_each_time() {
        let model = LatencyModel::new(
            Latency { base: at(20), jitter: at(6), at_start: Span::ZERO, retired: Vec::new() },
            at(0),
        );
        let mut seen = std::collections::BTreeSet::new();
        for second in (0..3600).step_by(15) {
            let partitions = model.partitions(at(second));
            assert_eq!(partitions.len(), 9);
            for (topic, partition, value) in &partitions {
                let scatter = value - model.behind(at(second));
                assert!((0.0..=6.0).contains(&scatter), "{topic}/{partition} {scatter}");
                seen.insert(scatter.to_bits());
            }
            assert_eq!(partitions, model.partitions(at(second)));
        }
        assert!(seen.len() > 1000, "{} different scatters", seen.len());
    }
}
