//! The trend of the latency: how it moves over one window of samples.
//!
//! A robust slope (Theil–Sen) and the peaks of consecutive parts of the window, so that one dip does not hide a steady
//! growth and one spike does not make one. It is read relative to the newest sample, so that it changes only when a
//! sample comes. Not for whether a trend is bad: `checks::backlog_not_growing` decides that.

use std::time::Duration;

use crate::model::memory::{LatencyWindow, Sample};
use crate::model::policy::Policy;
use crate::model::time::{Timestamp, after, between};
use crate::named;

named! {
    /// How the latency moves.
    pub enum Trend {
        /// It falls towards the limit.
        Draining = "draining",
        /// Neither.
        Steady = "steady",
        /// Peak after peak is higher.
        Growing = "growing",
        /// It grows by a second each second: nothing is consumed, or there is nothing to consume.
        Stalled = "stalled",
        /// It was there and is gone.
        Absent = "absent",
        /// There are too few samples to tell.
        Unknown = "unknown",
    }
}

/// The fewest samples from which a slope is read.
const MIN_SAMPLES: usize = 4;
/// The most points that the slope is read from: more samples are thinned evenly, since every pair counts.
const MAX_POINTS: usize = 60;
/// A latency that falls slower than this, in seconds per second, is steady.
const DRAINING_SLOPE: f64 = -0.02;
/// A latency that rises slower than this, in seconds per second, is steady: a minute in half an hour.
const GROWING_SLOPE: f64 = 0.03;
/// Slopes, in seconds per second, at which latency is merely the time that goes by.
const STALLED_SLOPE: std::ops::RangeInclusive<f64> = 0.9..=1.1;
/// The parts of the window whose peaks are compared.
const PARTS: u32 = 3;

/// How the latency moves, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendReport {
    /// How it moves.
    pub trend: Trend,
    /// Seconds of latency gained per second; `None` where there are too few samples.
    pub slope: Option<f64>,
    /// The newest latency, in seconds.
    pub latency_seconds: Option<f64>,
    /// When that was read.
    pub newest: Option<Timestamp>,
    /// Seconds from the newest sample until the latency is at its limit, at this slope; only while draining.
    pub drain_seconds: Option<f64>,
    /// How much of the window is filled without a gap, 0 to 1.
    pub completeness: f64,
    /// The highest latency in the window, in seconds.
    pub peak_seconds: Option<f64>,
}

impl TrendReport {
    /// Whether the window is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.completeness >= 1.0
    }
}

/// Reads the trend from a window.
#[must_use]
pub fn read(window: &LatencyWindow, policy: &Policy) -> TrendReport {
    let samples = unbroken(window, policy.signal_silence());
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return TrendReport {
            trend: Trend::Unknown,
            slope: None,
            latency_seconds: None,
            newest: None,
            drain_seconds: None,
            completeness: 0.0,
            peak_seconds: None,
        };
    };
    let completeness = between(first.at, last.at).div_duration_f64(policy.trend_window).min(1.0);
    let slope = theil_sen(&samples);
    let limit = policy.latency_ok.as_secs_f64();
    let above_limit = last.seconds > limit;
    let draining = above_limit && slope.is_some_and(|slope| slope <= DRAINING_SLOPE);
    let trend = match slope {
        None => Trend::Unknown,
        Some(slope) if STALLED_SLOPE.contains(&slope) => Trend::Stalled,
        Some(_) if draining => Trend::Draining,
        Some(slope)
            if completeness >= 1.0
                && slope >= GROWING_SLOPE
                && grows(&samples, policy.growth_floor, window.peak_at_ready.unwrap_or(first.seconds)) =>
        {
            Trend::Growing
        }
        Some(_) => Trend::Steady,
    };
    TrendReport {
        trend,
        slope,
        latency_seconds: Some(last.seconds),
        newest: Some(last.at),
        drain_seconds: slope.filter(|_| draining).map(|slope| (last.seconds - limit) / -slope),
        completeness,
        peak_seconds: samples.iter().map(|sample| sample.seconds).reduce(f64::max),
    }
}

/// The samples after the last gap that is longer than `silence`.
fn unbroken(window: &LatencyWindow, silence: Duration) -> Vec<Sample> {
    let mut run: Vec<Sample> = Vec::with_capacity(window.samples.len());
    for sample in &window.samples {
        if run.last().is_some_and(|last| between(last.at, sample.at) > silence) {
            run.clear();
        }
        run.push(*sample);
    }
    run
}

/// The median of the slopes of all pairs of points, in seconds per second.
fn theil_sen(samples: &[Sample]) -> Option<f64> {
    if samples.len() < MIN_SAMPLES {
        return None;
    }
    let step = samples.len().div_ceil(MAX_POINTS);
    let points: Vec<Sample> = samples.iter().rev().step_by(step).rev().copied().collect();
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (i, late) in points.iter().enumerate() {
        for early in points.iter().take(i) {
            let span = between(early.at, late.at).as_secs_f64();
            if span > 0.0 {
                slopes.push((late.seconds - early.seconds) / span);
            }
        }
    }
    let middle = slopes.len() / 2;
    if slopes.is_empty() {
        return None;
    }
    let (_, median, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

/// Whether the peaks of consecutive parts, each as long as the others, rise, the last above the floor and above the peak at
/// Ready.
fn grows(samples: &[Sample], floor: Duration, peak_at_ready: f64) -> bool {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return false };
    let part = between(first.at, last.at) / PARTS;
    let (mut rest, mut previous) = (samples, f64::NEG_INFINITY);
    for number in 1..=PARTS {
        let end = after(first.at, part * number);
        let is_part = |sample: &Sample| number == PARTS || sample.at <= end;
        let (samples, later) = rest.split_at(rest.partition_point(is_part));
        let peak = samples.iter().map(|sample| sample.seconds).fold(f64::NEG_INFINITY, f64::max);
        if peak <= previous {
            return false;
        }
        (rest, previous) = (later, peak);
    }
    previous > floor.as_secs_f64() && previous > peak_at_ready
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of samples 15 s apart, made by a function of the seconds since its begin.
    fn window(seconds: u32, latency: impl Fn(f64) -> f64) -> LatencyWindow {
        let start = Timestamp::from_second(1_000_000).unwrap();
        let samples = (0..=seconds)
            .step_by(15)
            .map(|s| Sample { at: after(start, Duration::from_secs(s.into())), seconds: latency(f64::from(s)) })
            .collect();
        LatencyWindow { samples, ..LatencyWindow::default() }
    }

    #[test]
    fn windows_are_told_apart() {
        type Case = (&'static str, u32, fn(f64) -> f64, Trend, bool);
        let cases: [Case; 12] = [
            ("flat and low", 600, |_| 2.0, Trend::Steady, true),
            ("flat and high", 600, |_| 2000.0, Trend::Steady, true),
            ("short", 30, |_| 2.0, Trend::Unknown, false),
            ("not full yet, rising", 300, |t| 400.0 + t * 0.5, Trend::Steady, false),
            ("half speed", 600, |t| 400.0 + t * 0.5, Trend::Growing, true),
            (
                "half speed with one dip",
                600,
                |t| if (290.0..310.0).contains(&t) { 5.0 } else { 400.0 + t * 0.5 },
                Trend::Growing,
                true,
            ),
            ("half speed below the floor", 600, |t| t * 0.3, Trend::Steady, true),
            ("nothing consumed", 600, |t| 400.0 + t, Trend::Stalled, true),
            ("draining", 600, |t| 3000.0 - t * 2.0, Trend::Draining, true),
            ("draining to below the limit", 600, |t| (600.0 - t * 2.0).max(3.0), Trend::Steady, true),
            ("sawtooth of a batch job", 600, |t| 310.0 + t % 120.0, Trend::Steady, true),
            ("one spike", 600, |t| if (300.0..310.0).contains(&t) { 5000.0 } else { 400.0 }, Trend::Steady, true),
        ];
        for (name, seconds, latency, trend, full) in cases {
            let report = read(&window(seconds, latency), &Policy::default());
            assert_eq!((report.trend, report.is_full()), (trend, full), "{name}: {report:?}");
        }
    }

    #[test]
    fn what_users_of_lag_monitors_complain_of() {
        type Case = (&'static str, fn(f64) -> f64, Trend);
        let cases: [Case; 9] = [
            ("a lag that is allowed, and rises", |t| 100.0 + t * 0.3, Trend::Steady),
            ("a dip at the end of a steady growth", |t| if t > 580.0 { 5.0 } else { 400.0 + t * 0.5 }, Trend::Growing),
            ("a dip at its begin", |t| if t < 20.0 { 5.0 } else { 400.0 + t * 0.5 }, Trend::Growing),
            ("reset to zero", |t| if t < 300.0 { 400.0 + t * 0.5 } else { 0.0 }, Trend::Steady),
            ("reset to zero and up again", |t| if t < 300.0 { 900.0 } else { (t - 300.0) * 0.5 }, Trend::Steady),
            ("a batch that commits every five minutes", |t| 310.0 + t % 300.0, Trend::Steady),
            ("a batch that is longer than the window", |t| 310.0 + (t + 100.0) % 1800.0, Trend::Stalled),
            ("a quiet night", |t| t, Trend::Stalled),
            ("a quiet night that ends", |t| if t < 500.0 { 400.0 + t } else { 1.0 }, Trend::Stalled),
        ];
        for (name, latency, trend) in cases {
            let report = read(&window(600, latency), &Policy::default());
            assert_eq!(report.trend, trend, "{name}: {report:?}");
        }
    }

    #[test]
    fn samples_need_not_come_evenly() {
        // Spans of 5 to 40 seconds, most of them near the begin: a part has its length, not its number of samples.
        let start = Timestamp::from_second(1_000_000).unwrap();
        let spans = std::iter::repeat_n(5_u64, 48).chain(std::iter::repeat_n(40, 9));
        let at = spans.scan(0, |seconds, span| {
            *seconds += span;
            Some(*seconds)
        });
        let sampled = |latency: fn(f64) -> f64| LatencyWindow {
            samples: at
                .clone()
                .map(|s| Sample {
                    at: after(start, Duration::from_secs(s)),
                    seconds: latency(f64::from(u32::try_from(s).unwrap())),
                })
                .collect(),
            ..LatencyWindow::default()
        };
        let policy = Policy { trend_window: Duration::from_secs(595), ..Policy::default() };
        assert_eq!(read(&sampled(|t| 400.0 + t * 0.5), &policy).trend, Trend::Growing);
        assert_eq!(read(&sampled(|_| 400.0), &policy).trend, Trend::Steady);
        // It grew for the first third of the time alone, in which most of the samples lie.
        assert_eq!(read(&sampled(|t| 400.0 + t.min(200.0) * 0.5), &policy).trend, Trend::Steady);
    }

    #[test]
    fn a_clock_that_goes_back_breaks_nothing() {
        let mut window = window(600, |t| 400.0 + t * 0.5);
        for sample in window.samples.iter_mut().skip(20) {
            sample.at = crate::model::time::before(sample.at, Duration::from_secs(200));
        }
        let report = read(&window, &Policy::default());
        assert!(!report.is_full() && report.trend != Trend::Growing, "{report:?}");
    }

    #[test]
    fn the_peak_at_ready_is_not_held_against_it() {
        let mut window = window(600, |t| 400.0 + t * 0.5);
        window.peak_at_ready = Some(5000.0);
        assert_eq!(read(&window, &Policy::default()).trend, Trend::Steady);
        window.peak_at_ready = Some(500.0);
        assert_eq!(read(&window, &Policy::default()).trend, Trend::Growing);
    }

    #[test]
    fn a_gap_begins_the_window_anew() {
        let mut window = window(600, |_| 2.0);
        window.samples.retain(|sample| {
            let s = sample.at.as_second() - 1_000_000;
            !(200..260).contains(&s)
        });
        let report = read(&window, &Policy::default());
        assert!(!report.is_full());
        assert!((report.completeness - (600.0 - 270.0) / 600.0).abs() < 0.05, "{report:?}");
    }

    #[test]
    fn the_time_left_is_told_while_draining() {
        let report = read(&window(600, |t| 3000.0 - t * 2.0), &Policy::default());
        // 1800 s now, 300 s allowed, 2 s lost each second.
        assert!((report.drain_seconds.unwrap() - 750.0).abs() < 1.0, "{report:?}");
        assert!((report.slope.unwrap() + 2.0).abs() < 1e-9);
    }

    #[test]
    fn an_empty_window_tells_nothing() {
        let report = read(&LatencyWindow::default(), &Policy::default());
        assert_eq!((report.trend, report.slope, report.completeness), (Trend::Unknown, None, 0.0));
    }
}
