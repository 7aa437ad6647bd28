//! What is told of an operation, as lines for people and as JSON for programs: one for each change, and a summary.
//!
//! A field of the JSON that is there stays; more may come. Not for the block that a terminal shows below the lines: see `block`.

use serde::Serialize;
use serde_json::{Value, json};

use super::ending::{Ending, Outcome};
use super::follow::{Change, Follower, Moment, named};
use crate::assess::answer::CheckState;
use crate::cli::sight::view::{Advice, Check, Trend, names};
use crate::config::spelled;
use crate::model::names::Component;
use crate::model::time::{Timestamp, between};

/// What is followed, for the front of each line.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The suite.
    pub(super) suite: String,
    /// The component.
    pub(super) component: Component,
}

impl Subject {
    /// Both in short; of the suite nothing before it is known.
    pub(super) fn place(&self) -> String {
        if self.suite.is_empty() { self.component.to_string() } else { format!("{}/{}", self.suite, self.component) }
    }
}

impl Change {
    /// As a line for people.
    pub(super) fn line(&self, subject: &Subject, at: Timestamp) -> String {
        let text = match self {
            Self::Awaiting => "waits for an operation to begin".to_owned(),
            Self::Following(operation, checks) => {
                let named = named(subject.component, operation);
                format!("follows {named}, begun {}; checks: {}", clock(operation.begin), count(checks))
            }
            Self::HelmDone(end) => format!("helm     done at {}", clock(*end)),
            Self::Ready(deadline) => {
                format!("pods     all Ready; signals have until {} to be normal", clock(*deadline))
            }
            Self::Stage(stage) => format!("stage    {stage}"),
            Self::Verdict(advice) => format!("verdict  {}", advised(advice)),
            Self::Check { check, from, to, evidence } => {
                let word = |state: &Option<CheckState>| state.map_or("not applicable", CheckState::as_str);
                let because = if evidence.is_empty() { String::new() } else { format!(". {evidence}") };
                format!("check    {check}: {} -> {}{because}", word(from), word(to))
            }
            Self::Latency(trend) => format!("latency  {}", moves(trend)),
            Self::Blind(why) => format!("blind    {why}"),
            Self::Sighted => "blind    no more".to_owned(),
        };
        format!("{}  {}  {}", clock(at), subject.component, text.trim_end())
    }

    /// As an object for programs.
    pub(super) fn json(&self, subject: &Subject, at: Timestamp) -> String {
        let (change, fields) = match self {
            Self::Awaiting => ("awaiting", json!({})),
            Self::Following(operation, checks) => {
                ("following", json!({"operation": operation, "checks": states(checks)}))
            }
            Self::HelmDone(end) => ("helm_done", json!({"end": end})),
            Self::Ready(deadline) => ("ready", json!({"settle_deadline": deadline})),
            Self::Stage(stage) => ("stage", json!({"stage": stage})),
            Self::Verdict(advice) => ("verdict", advice_json(advice)),
            Self::Check { check, from, to, evidence } => {
                ("check", json!({"check": check, "from": from, "to": to, "text": evidence}))
            }
            Self::Latency(trend) => ("latency", json!(trend)),
            Self::Blind(why) => ("blind", json!({"text": why})),
            Self::Sighted => ("sighted", json!({})),
        };
        object(change, subject, at, fields)
    }
}

/// How far it is, on one line: for those who read lines alone and see for minutes that nothing changes.
pub(super) fn progress(follower: &Follower, subject: &Subject, now: Moment) -> String {
    let (spent, longest) = follower.spent(now);
    let mut parts = vec![format!("{} of {}", seconds(spent), spelled(longest))];
    if let (Some(operation), Some(standing)) = (follower.operation(), follower.standing()) {
        parts.push(format!("{}, {}", standing.stage, advised(&standing.verdict)));
        let left = |deadline| format!("{} left", seconds(between(now.at, deadline)));
        match (operation.end, operation.settle_deadline) {
            (_, Some(settle)) => parts.push(format!("pods Ready, {} to settle", left(settle))),
            (Some(_), None) => parts.push(format!("{} to be Ready", left(operation.ready_deadline))),
            (None, None) => parts.push(format!("{} for helm", left(operation.helm_deadline))),
        }
        parts.extend(standing.trend.as_ref().map(|trend| format!("latency {}", moves(trend))));
    }
    parts.extend(follower.blindness().map(|why| format!("blind: {why}")));
    format!("{}  {}  ...      {}", clock(now.at), subject.component, parts.join("; "))
}

/// The end in lines for people: what came of it, why, and what to do.
pub(super) fn end_lines(ending: &Ending, follower: &Follower, subject: &Subject) -> Vec<String> {
    let word = match ending.outcome {
        Outcome::Verified => "VERIFIED",
        Outcome::Adverse => "FAILED",
        Outcome::Undone => "UNDONE",
        Outcome::TimedOut => "NOT DECIDED",
        Outcome::CannotObserve => "CANNOT OBSERVE",
        Outcome::NothingToFollow => "NOTHING TO FOLLOW",
        Outcome::Interrupted | Outcome::Terminated => "STOPPED",
    };
    let mut lines = vec![format!("{word}  {}: {}", subject.place(), ending.text)];
    let Some(standing) = follower.standing() else { return lines };
    match ending.outcome {
        Outcome::Adverse | Outcome::Undone => lines.extend(why(&standing.verdict)),
        Outcome::Interrupted | Outcome::Terminated => {
            lines.push(format!("  stood at: {}, {}", standing.stage, advised(&standing.verdict)));
        }
        _ => {}
    }
    lines
}

fn why(advice: &Advice) -> Vec<String> {
    let mut lines: Vec<_> = advice.reasons.iter().map(|reason| format!("  why: {}", reason.text)).collect();
    lines.extend(advice.advisories.iter().map(|reason| format!("  besides: {}", reason.text)));
    lines.extend(advice.command.iter().map(|command| format!("  run: {command}")));
    lines
}

/// The end as an object for programs: the last one.
pub(super) fn end_json(ending: &Ending, follower: &Follower, subject: &Subject, now: Moment) -> String {
    let standing = follower.standing();
    let fields = json!({
        "outcome": ending.outcome,
        "exit_code": ending.outcome.exit_code(),
        "text": ending.text,
        "seconds": now.elapsed.as_secs(),
        "operation": follower.operation(),
        "stage": standing.map(|standing| standing.stage),
        "verdict": standing.map(|standing| standing.verdict.verdict),
        "reasons": standing.map(|standing| &standing.verdict.reasons),
        "advisories": standing.map(|standing| &standing.verdict.advisories),
        "command": standing.and_then(|standing| standing.verdict.command.as_ref()),
        "rollback_target": standing.and_then(|standing| standing.rollback_target).map(|target| target.revision),
        "gate_open": standing.map(|standing| standing.gate.open),
        "checks": standing.map(|standing| states(&standing.checks)),
        "blind": follower.blindness(),
    });
    object("summary", subject, now.at, fields)
}

/// An object on one line.
#[derive(Serialize)]
struct Object<'a> {
    time: Timestamp,
    change: &'static str,
    suite: &'a str,
    component: Component,
    #[serde(flatten)]
    fields: Value,
}

fn object(change: &'static str, subject: &Subject, time: Timestamp, fields: Value) -> String {
    let object = Object { time, change, suite: &subject.suite, component: subject.component, fields };
    // Its maps have only strings for keys, so it cannot fail.
    serde_json::to_string(&object).unwrap_or_default()
}

fn advice_json(advice: &Advice) -> Value {
    json!({
        "verdict": advice.verdict, "text": advice.text, "reasons": advice.reasons, "until": advice.until,
        "command": advice.command,
    })
}

fn states(checks: &[Check]) -> Value {
    checks.iter().map(|check| (check.name.clone(), json!(check.state))).collect::<serde_json::Map<_, _>>().into()
}

/// How many checks pass, and which do not.
pub(super) fn count(checks: &[Check]) -> String {
    let mut parts = Vec::new();
    for &state in CheckState::ALL {
        let of: Vec<&str> =
            checks.iter().filter(|check| check.state == state).map(|check| check.name.as_str()).collect();
        if of.is_empty() {
            continue;
        }
        let named = if state == CheckState::Pass { String::new() } else { format!(" ({})", of.join(", ")) };
        parts.push(format!("{} {state}{named}", of.len()));
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// A verdict and the names of its reasons.
pub(super) fn advised(advice: &Advice) -> String {
    let reasons = names(&advice.reasons);
    let sentence = if advice.command.is_some() { format!(". {}", advice.text) } else { String::new() };
    let reasons = if reasons.is_empty() { reasons } else { format!(": {reasons}") };
    format!("{}{reasons}{sentence}", advice.verdict)
}

/// The latency and how it moves.
pub(super) fn moves(trend: &Trend) -> String {
    let latency = trend.latency_seconds.map_or_else(|| "not known".to_owned(), |latency| format!("{latency:.0}s"));
    let drain = trend.drain_seconds.map_or_else(String::new, |drain| format!(", low in {drain:.0}s"));
    let full = if trend.completeness < 1.0 {
        format!(", window {:.0}% full", trend.completeness * 100.0)
    } else {
        String::new()
    };
    format!("{latency}, {}{drain}{full}", trend.word)
}

/// A span in whole seconds.
pub(super) fn seconds(span: std::time::Duration) -> String {
    let text = spelled(std::time::Duration::from_secs(span.as_secs()));
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// The time of day in UTC: of an operation that lasts minutes, the date is known.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}
