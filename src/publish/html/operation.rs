//! The timeline of an operation: when it began, its deadlines, what was seen of its stages, and its end. A bar to look at,
//! and the same as a list.

use std::time::Duration;

use maud::{Markup, html};

use super::times::Times;
use super::words;
use crate::assess::assessment::{Operation, Stage};
use crate::assess::snapshot::SuiteSnapshot;
use crate::model::memory::Witness;
use crate::model::names::Component;
use crate::model::time::{Timestamp, after, between};

/// Units that the bar is wide.
const WIDTH: f64 = 1000.0;

/// Stages shorter than this are left out.
const MOMENT: Duration = Duration::from_secs(1);

/// What an operation is, in a line.
pub fn title(operation: &Operation) -> Markup {
    html! {
        (words::operation(operation.kind))
        @if let Some(changed) = &operation.changed {
            @if changed.former_build == changed.build { " of " span.build { (changed.build) } }
            @else { " " span.build { (changed.former_build) } " → " span.build { (changed.build) } }
        }
        @if let Some(revision) = operation.revision { ", revision " (revision) }
    }
}

/// The timeline; nothing where no operation is of interest.
pub fn timeline(suite: &SuiteSnapshot, component: Component, times: Times) -> Markup {
    let Some(operation) = suite.assessment.components.get(component).current_operation() else { return html! {} };
    let witness = suite.memory.components.get(component).witness.as_ref();
    let witness = witness.filter(|witness| witness.begin == operation.begin);
    let stages = witness.map_or_else(Vec::new, |witness| stages(witness, suite.judged));
    let events = events(operation, suite.judged);
    html! {
        h3 { "Timeline" }
        (bar(operation, &stages, suite.judged))
        ol.timeline {
            @for event in &events {
                li class=(if event.is_past { "past" } else { "ahead" }) { span.event { (event.what) } " " (times.both(event.at)) }
            }
        }
        @if !stages.is_empty() {
            p.stages {
                @for (place, stage) in stages.iter().enumerate() {
                    @if place > 0 { ", " }
                    span.seen {
                        span.swatch.{ "in-" (stage.name) } aria-hidden="true" {} " "
                        (Stage::parse(stage.name).map_or(stage.name, words::stage)) " "
                        @if stage.is_present { "since " (times.at(stage.from)) } @else { (words::span(stage.took)) }
                    }
                }
                @if witness.is_some_and(|witness| !witness.whole) { " (not seen from its begin)" }
            }
        }
    }
}

struct Event {
    what: &'static str,
    at: Timestamp,
    is_past: bool,
}

fn events(operation: &Operation, judged: Timestamp) -> Vec<Event> {
    let event = |what, at| Event { what, at, is_past: at <= judged };
    let mut events = vec![event("Begin", operation.begin)];
    match operation.end {
        Some(end) => events.push(event("Helm done", end)),
        None => events.push(event("Helm deadline", operation.helm_deadline)),
    }
    events.push(event("Ready deadline", operation.ready_deadline));
    events.extend(operation.settle_deadline.map(|at| event("Settle deadline", at)));
    events.sort_by_key(|event| event.at);
    events
}

/// A stage that was seen.
struct Seen {
    name: &'static str,
    from: Timestamp,
    took: Duration,
    is_present: bool,
}

/// The stages in the order in which an operation goes through them: how often it went to and fro is not remembered.
fn stages(witness: &Witness, judged: Timestamp) -> Vec<Seen> {
    let (present, since) = witness.stage;
    let spent: Duration = witness.spent.values().sum();
    let mut from = crate::model::time::before(since, spent);
    let mut seen = Vec::new();
    for name in Stage::ALL.iter().map(|stage| stage.as_str()) {
        if let Some(&took) = witness.spent.get(name) {
            // What was over in an instant is not worth a word.
            if took >= MOMENT {
                seen.push(Seen { name, from, took, is_present: false });
            }
            from = after(from, took);
        }
    }
    seen.push(Seen { name: present, from: since, took: between(since, judged), is_present: true });
    seen
}

fn bar(operation: &Operation, stages: &[Seen], judged: Timestamp) -> Markup {
    let last = operation.settle_deadline.unwrap_or(operation.ready_deadline).max(judged);
    let whole = between(operation.begin, last).as_secs_f64().max(1.0);
    let place = |at: Timestamp| format!("{:.1}", between(operation.begin, at).as_secs_f64() / whole * WIDTH);
    let width = |span: Duration| format!("{:.1}", (span.as_secs_f64() / whole * WIDTH).max(2.0));
    let deadlines = [
        operation.end.is_none().then_some(operation.helm_deadline),
        Some(operation.ready_deadline),
        operation.settle_deadline,
    ];
    html! {
        svg.bar viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.ground x="0" y="6" width="1000" height="12" {}
            @for stage in stages {
                rect class={ "in-" (stage.name) } x=(place(stage.from)) y="6" width=(width(stage.took)) height="12" {}
            }
            @for at in deadlines.into_iter().flatten() {
                line.deadline x1=(place(at)) x2=(place(at)) y1="0" y2="24" {}
            }
            line.present x1=(place(judged)) x2=(place(judged)) y1="0" y2="24" {}
        }
    }
}
