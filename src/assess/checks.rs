//! The checks: one file each, and one table.
//!
//! A check reads a [`Context`] and answers, or answers `None` where it does not apply. A new check is one file here and
//! one row in [`TABLE`]. Not for what follows from an answer: that is `health` and `verdict`.

mod backlog_not_growing;
mod companion_in_step;
mod containers_stable;
mod hooks_succeeded;
mod image_matches_chart;
mod images_pulled;
mod latency_low;
mod metrics_present;
mod one_at_a_time;
mod order_respected;
mod pods_ready;
mod pods_scheduled;
mod release_deployed;
mod rollout_complete;
mod started_healthy;
mod supported_release;
mod within_timeout;

pub use containers_stable::crashes_since;
pub use supported_release::releases_behind;

use super::answer::{Answer, CheckId, CheckState, Evidence};
use super::assessment::Operation;
use super::horizon::Horizon;
use super::procedure::Cycle;
use super::rollout::Rollout;
use super::trend::TrendReport;
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::memory::ComponentMemory;
use crate::model::names::Component;
use crate::model::policy::{Policy, Times};
use crate::model::signal::Reading;
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::{Timestamp, after};
use crate::model::workload::Pod;

/// What a check may read.
pub struct Context<'a> {
    /// The component.
    pub component: Component,
    /// What is known of its whole suite: some questions about a component are answered by another one's evidence.
    pub suite: &'a Facts,
    /// The suite's present upgrade cycle.
    pub cycle: &'a Cycle,
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
    /// Whether its failure is told beside the verdict, wherever the verdict does not rest on it.
    pub advisory: bool,
    /// What it rests on.
    pub rests: Rests,
    /// Answers it; `None` where it does not apply.
    pub answer: fn(&Context<'_>) -> Option<Answer>,
}

const fn row(id: CheckId, vital: bool, rests: Rests, answer: fn(&Context<'_>) -> Option<Answer>) -> Row {
    Row { id, vital, advisory: false, rests, answer }
}

impl Row {
    /// The same, told beside the verdict.
    const fn advisory(self) -> Self {
        Self { advisory: true, ..self }
    }
}

/// Every check, in the order in which they are shown.
pub const TABLE: &[Row] = &[
    row(CheckId::ReleaseDeployed, false, Rests::Helm, release_deployed::answer),
    row(CheckId::HooksSucceeded, false, Rests::Helm, hooks_succeeded::answer),
    row(CheckId::WithinTimeout, false, Rests::Both, within_timeout::answer),
    row(CheckId::ImageMatchesChart, false, Rests::Both, image_matches_chart::answer).advisory(),
    row(CheckId::PodsScheduled, true, Rests::Pods, pods_scheduled::answer),
    row(CheckId::ImagesPulled, true, Rests::Pods, images_pulled::answer),
    row(CheckId::ContainersStable, true, Rests::Pods, containers_stable::answer),
    row(CheckId::RolloutComplete, true, Rests::Pods, rollout_complete::answer),
    row(CheckId::PodsReady, true, Rests::Pods, pods_ready::answer),
    row(CheckId::MetricsPresent, true, Rests::Signals, metrics_present::answer),
    row(CheckId::LatencyLow, true, Rests::Signals, latency_low::answer),
    row(CheckId::BacklogNotGrowing, true, Rests::Signals, backlog_not_growing::answer),
    row(CheckId::CompanionInStep, false, Rests::Helm, companion_in_step::answer).advisory(),
    row(CheckId::SupportedRelease, false, Rests::Helm, supported_release::answer).advisory(),
    row(CheckId::OrderRespected, false, Rests::Helm, order_respected::answer).advisory(),
    row(CheckId::OneAtATime, false, Rests::Both, one_at_a_time::answer).advisory(),
    row(CheckId::StartedHealthy, false, Rests::Helm, started_healthy::answer).advisory(),
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

/// The checks that fail and are told beside the verdict, in the order of the table.
pub fn told_beside(checks: &[(CheckId, Answer)]) -> impl Iterator<Item = CheckId> {
    let fails = |id| checks.iter().any(|(check, answer)| *check == id && answer.state == CheckState::Fail);
    TABLE.iter().filter(move |row| row.advisory && fails(row.id)).map(|row| row.id)
}

fn blind(context: &Context<'_>, rests: Rests) -> Option<Evidence> {
    let sources = &context.facts.sources;
    let helm = (SourceKind::Helm, sources.helm);
    let pods = (SourceKind::Pods, sources.pods);
    let workloads = (SourceKind::StatefulSets, sources.workloads);
    // Where the workloads tell instead of Helm, they must be fresh in its stead.
    let without_helm = sources.helm == Freshness::Off || context.facts.told_by_workloads();
    let needed = match rests {
        Rests::Helm | Rests::Both if without_helm => vec![pods, workloads],
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
