//! The latency as a small chart with its limit, and the same in words.

use std::time::Duration;

use maud::{Markup, html};

use super::times::Times;
use super::words;
use crate::assess::snapshot::{Snapshot, SuiteSnapshot};
use crate::assess::trend::{Trend, TrendReport};
use crate::model::memory::Sample;
use crate::model::names::Component;
use crate::model::time::{after, between};

/// Units that the chart is wide.
const WIDTH: f64 = 600.0;
/// Units that the chart is high.
const HEIGHT: f64 = 120.0;
/// More points than this cannot be told apart.
const MAX_POINTS: usize = 120;
/// How much of the height stays free above what is highest.
const HEADROOM: f64 = 1.15;

/// The chart; nothing where the component has no latency.
pub fn latency(snapshot: &Snapshot, suite: &SuiteSnapshot, component: Component, times: Times) -> Markup {
    let assessment = suite.assessment.components.get(component);
    let there = !suite.facts.components.get(component).workloads.is_empty();
    let Some(report) = assessment.trend.as_ref().filter(|_| there) else { return html! {} };
    let window = &suite.memory.components.get(component).window.samples;
    let limit = snapshot.policy.latency_ok;
    html! {
        h3 { "Latency of Kafka consumption" }
        @if window.len() > 1 { (chart(window.iter().copied(), window.len(), limit, snapshot.policy.trend_window)) }
        p.latency {
            @match report.latency_seconds {
                Some(seconds) => { strong { (words::latency(seconds)) } ", " (trend(report)) },
                None => { (trend(report)) },
            }
            "; up to " (words::span(limit)) " counts as low."
            @if let Some(peak) = report.peak_seconds { " Highest in the window: " (words::latency(peak)) "." }
            @if let (Some(newest), Some(left)) = (report.newest, report.drain_seconds.and_then(|left| Duration::try_from_secs_f64(left).ok())) {
                " At this rate it is low at " (times.both(after(newest, left))) "."
            }
            @if !report.is_full() { " The window is filled to " (format!("{:.0}", report.completeness * 100.0)) " %." }
        }
    }
}

const fn trend(report: &TrendReport) -> &'static str {
    match report.trend {
        Trend::Draining => "and it falls",
        Trend::Steady => "and steady",
        Trend::Growing => "and it grows",
        Trend::Stalled => "and it grows as time goes by: nothing is consumed, or nothing comes",
        Trend::Absent => "Reported before and not now",
        Trend::Unknown => "Too few samples to tell how it moves",
    }
}

fn chart(samples: impl Iterator<Item = Sample> + Clone, count: usize, limit: Duration, window: Duration) -> Markup {
    let limit = limit.as_secs_f64();
    let highest = samples.clone().map(|sample| sample.seconds).fold(limit, f64::max) * HEADROOM;
    let height = |seconds: f64| HEIGHT - (seconds / highest).clamp(0.0, 1.0) * HEIGHT;
    let Some(newest) = samples.clone().last() else { return html! {} };
    let window = window.as_secs_f64().max(1.0);
    let step = count.div_ceil(MAX_POINTS).max(1);
    // Counted from the newest, so that it is never left out.
    let points =
        samples.enumerate().filter(|(place, _)| (count - 1 - place).is_multiple_of(step)).map(|(_, sample)| {
            let x = WIDTH - (between(sample.at, newest.at).as_secs_f64() / window).min(1.0) * WIDTH;
            format!("{x:.1},{:.1}", height(sample.seconds))
        });
    let points = points.collect::<Vec<_>>().join(" ");
    let limit = format!("{:.1}", height(limit));
    html! {
        svg.chart viewBox="0 0 600 120" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.ground x="0" y="0" width="600" height="120" {}
            line.limit x1="0" x2="600" y1=(limit) y2=(limit) {}
            polyline.latency points=(points) {}
        }
    }
}
