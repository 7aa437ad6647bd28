//! The checks: one file each, and one table.
//!
//! A check reads a [`Context`] and answers, or answers `None` where it does not apply. A new check is one file here and
//! one row in [`TABLE`]. Not for what follows from an answer: that is `health` and `verdict`.

mod backlog_not_growing;
mod containers_stable;
mod hooks_succeeded;
mod image_matches_chart;
mod images_pulled;
mod latency_low;
mod metrics_present;
mod pods_ready;
mod pods_scheduled;
mod release_deployed;
mod rollout_complete;
mod within_timeout;

pub use containers_stable::crashes_since;

use super::answer::{Answer, CheckId, CheckState, Evidence};
use super::assessment::Operation;
use super::horizon::Horizon;
use super::rollout::Rollout;
use super::trend::TrendReport;
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::memory::ComponentMemory;
use crate::model::names::Component;
use crate::model::policy::{Policy, Times};
use crate::model::signal::Reading;
use crate::model::source::{Freshness, SourceKind};
use crate::model::suite::Endpoint;
use crate::model::time::{Timestamp, after};
use crate::model::workload::Pod;

/// What a check may read.
pub struct Context<'a> {
    /// The component.
    pub component: Component,
    /// What is known of its whole suite: some questions about a component are answered by another one's evidence.
    pub suite: &'a Facts,
    /// What is known of it.
    pub facts: &'a ComponentFacts,
    /// What is remembered of it.
    pub memory: &'a ComponentMemory,
    /// By what all is judged.
    pub policy: &'a Policy,
    /// By what this component is judged.
    pub times: &'a Times,
    /// The present.
    pub horizon: &'a Horizon,
    /// The operation that made the newest revision.
    pub operation: Option<&'a Operation>,
    /// How far the pods are.
    pub rollout: &'a Rollout,
    /// How the latency moves; `None` where the component has none.
    pub trend: Option<&'a TrendReport>,
}

/// What kind of evidence a check rests on, and so what must be fresh for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rests {
    /// Helm's history.
    Helm,
    /// Pods and workloads.
    Pods,
    /// Both.
    Both,
    /// The component's signals, and pods.
    Signals,
}

/// A row of the table of checks.
pub struct Row {
    /// Which check.
    pub id: CheckId,
    /// Whether its failure makes the component unhealthy.
    pub vital: bool,
    /// What it rests on.
    pub rests: Rests,
    /// Answers it; `None` where it does not apply.
    pub answer: fn(&Context<'_>) -> Option<Answer>,
}

const fn row(id: CheckId, vital: bool, rests: Rests, answer: fn(&Context<'_>) -> Option<Answer>) -> Row {
    Row { id, vital, rests, answer }
}

/// Every check, in the order in which they are shown.
pub const TABLE: &[Row] = &[
    row(CheckId::ReleaseDeployed, false, Rests::Helm, release_deployed::answer),
    row(CheckId::HooksSucceeded, false, Rests::Helm, hooks_succeeded::answer),
    row(CheckId::WithinTimeout, false, Rests::Both, within_timeout::answer),
    row(CheckId::ImageMatchesChart, false, Rests::Both, image_matches_chart::answer),
    row(CheckId::PodsScheduled, true, Rests::Pods, pods_scheduled::answer),
    row(CheckId::ImagesPulled, true, Rests::Pods, images_pulled::answer),
    row(CheckId::ContainersStable, true, Rests::Pods, containers_stable::answer),
    row(CheckId::RolloutComplete, true, Rests::Pods, rollout_complete::answer),
    row(CheckId::PodsReady, true, Rests::Pods, pods_ready::answer),
    row(CheckId::MetricsPresent, true, Rests::Signals, metrics_present::answer),
    row(CheckId::LatencyLow, true, Rests::Signals, latency_low::answer),
    row(CheckId::BacklogNotGrowing, true, Rests::Signals, backlog_not_growing::answer),
];

/// The answers of all checks that apply. Where the evidence that a check rests on is not fresh, the answer is unknown,
/// whatever the check would say.
#[must_use]
pub fn answer_all(context: &Context<'_>) -> Vec<(CheckId, Answer)> {
    TABLE
        .iter()
        .filter_map(|row| {
            let answer = (row.answer)(context)?;
            Some((row.id, blind(context, row.rests).map_or(answer, |why| Answer::new(CheckState::Unknown, [why]))))
        })
        .collect()
}

/// Whether a failure of this check makes the component unhealthy.
#[must_use]
pub fn is_vital(id: CheckId) -> bool {
    TABLE.iter().any(|row| row.id == id && row.vital)
}

fn blind(context: &Context<'_>, rests: Rests) -> Option<Evidence> {
    let sources = &context.facts.sources;
    let helm = (SourceKind::Helm, sources.helm);
    let pods = (SourceKind::Pods, sources.pods);
    let workloads = (SourceKind::StatefulSets, sources.workloads);
    let prometheus = (SourceKind::Prometheus, sources.prometheus);
    let endpoint = &context.suite.suite.members.get(context.component).endpoint;
    let needed = match rests {
        // A Prometheus that does not answer says nothing of the component, not even that its metrics are absent.
        Rests::Signals if matches!(endpoint, Some(Endpoint::Prometheus(_))) => vec![pods, workloads, prometheus],
        Rests::Helm => vec![helm],
        Rests::Pods | Rests::Signals => vec![pods, workloads],
        Rests::Both => vec![helm, pods, workloads],
    };
    needed
        .into_iter()
        .find(|(_, freshness)| *freshness != Freshness::Fresh)
        .map(|(source, freshness)| Evidence::Source { source, freshness })
}

/// Since when one of the component's signals is silent: of each Ready pod its last reading, or when it became Ready; of all
/// of them the last that has what the component is judged by; never before memory began. `None` where no pod is Ready.
#[must_use]
pub fn silent_since(context: &Context<'_>) -> Option<Timestamp> {
    let signals = &context.facts.signals;
    let pods = || context.facts.replicas().map(|pod| &*pod.pod).filter(|pod| pod.ready);
    let ready_since = |pod: &Pod| context.memory.readiness_since(pod);
    let heard = pods().map(|pod| signals.last_read(&pod.uid).max(Some(ready_since(pod)))).min().flatten()?;
    let first_ready = pods().map(ready_since).min()?;
    let carried = signals.readings.iter().rev().find(|reading| carries_signal(context, reading));
    let carried = carried.map_or(first_ready, |reading| reading.at.max(first_ready));
    Some(heard.min(carried).max(context.memory.began))
}

/// Whether every Ready pod was read since it became so, and one of them had what the component is judged by.
#[must_use]
pub fn signals_came(context: &Context<'_>) -> bool {
    let signals = &context.facts.signals;
    let read = |pod: &Pod| signals.last_read(&pod.uid) >= Some(context.memory.readiness_since(pod));
    context.facts.replicas().map(|pod| &*pod.pod).filter(|pod| pod.ready).all(read)
        && signals.readings.iter().any(|reading| carries_signal(context, reading))
}

/// Whether a reading has what the component's signals are judged by: for GIM the latency.
fn carries_signal(context: &Context<'_>, reading: &Reading) -> bool {
    context.component != Component::Gim || !reading.topics.is_empty()
}

/// Until when a bad signal is not held against the component: Ready plus `span`.
fn grace_after_ready(context: &Context<'_>, span: std::time::Duration) -> Option<Timestamp> {
    let in_operation = context.operation.is_some_and(|operation| operation.in_window);
    if context.rollout.all_ready {
        context.rollout.ready_since.filter(|_| in_operation).map(|ready| after(ready, span))
    } else {
        Some(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests;
