//! The checks: one file each, and one table.
//!
//! A check reads a [`Context`] and answers, or answers `None` where it does not apply. A new check is one file here and
//! one row in [`TABLE`]. Not for what follows from an answer: that is `health` and `verdict`.

mod aggregation_healthy;
mod backlog_not_growing;
mod backup_recent;
mod checkpoints_succeeding;
mod companion_in_step;
mod config_fresh;
mod containers_stable;
mod dependency_reachable;
mod export_views_current;
mod flink;
mod flink_job_running;
mod hooks_succeeded;
mod image_matches_chart;
mod images_pulled;
mod jobs_succeeding;
mod latency_low;
mod metrics_present;
mod one_at_a_time;
mod order_respected;
mod pods_ready;
mod pods_scheduled;
mod release_deployed;
mod rollout_complete;
mod schema_migrated;
mod server_state;
mod started_healthy;
mod state_config_maps_clean;
mod supported_release;
mod task_managers_registered;
mod within_timeout;

pub use containers_stable::crashes_since;
pub use schema_migrated::{is_building as is_building_index, is_required as is_schema_required};
pub use supported_release::releases_behind;

use super::answer::{Answer, CheckId, CheckState, Evidence};
use super::assessment::Operation;
use super::horizon::Horizon;
use super::procedure::Cycle;
use super::rollout::Rollout;
use super::topics;
use super::trend::TrendReport;
use crate::model::dependency::Dependency;
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::memory::{ComponentMemory, Condition};
use crate::model::names::Component;
use crate::model::policy::{Policy, Times};
use crate::model::signal::{RUNNING_JOBS, Reading};
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
    /// Helm's history, and the `ConfigMap`s that the component may leave behind.
    ConfigMaps,
    /// What stands around the suite; how old that is, each check sees for itself.
    Surroundings,
}

/// A row of the table of checks.
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own about the check")]
pub struct Row {
    /// Which check.
    pub id: CheckId,
    /// Whether its failure makes the component unhealthy.
    pub vital: bool,
    /// Whether its failure is told beside the verdict, wherever the verdict does not rest on it.
    pub advisory: bool,
    /// What it rests on.
    pub rests: Rests,
    /// The condition by which memory knows since when it fails; where there is none, absence counts from the last sample.
    pub remembered: Option<Condition>,
    /// Whether its failure counts only once it has lasted for the hold.
    pub held: bool,
    /// Whether its failure, once it counts, speaks against the operation; a neighbour's operation may explain it. Checks of
    /// pods and of Helm speak by rules of their own, in `adverse`.
    pub blames: bool,
    /// Whether nothing is verified in the suspect window before it passes.
    pub proves: bool,
    /// Answers it; `None` where it does not apply.
    pub answer: fn(&Context<'_>) -> Option<Answer>,
}

const fn row(id: CheckId, vital: bool, rests: Rests, answer: fn(&Context<'_>) -> Option<Answer>) -> Row {
    Row { id, vital, advisory: false, rests, remembered: None, held: false, blames: false, proves: false, answer }
}

impl Row {
    const fn advisory(self) -> Self {
        Self { advisory: true, ..self }
    }

    const fn remembered(self, condition: Condition) -> Self {
        Self { remembered: Some(condition), ..self }
    }

    const fn held(self) -> Self {
        Self { held: true, ..self }
    }

    const fn blames(self) -> Self {
        Self { blames: true, ..self }
    }

    const fn proves(self) -> Self {
        Self { proves: true, ..self }
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
    row(CheckId::MetricsPresent, true, Rests::Signals, metrics_present::answer).held().blames(),
    row(CheckId::LatencyLow, true, Rests::Signals, latency_low::answer).remembered(Condition::LatencyHigh).held(),
    // A backlog that grows has done so for a whole window when the check fails, so it counts at once.
    row(CheckId::BacklogNotGrowing, true, Rests::Signals, backlog_not_growing::answer)
        .remembered(Condition::BacklogGrowing)
        .blames(),
    row(CheckId::ServerState, true, Rests::Signals, server_state::answer)
        .remembered(Condition::ServerFailing)
        .held()
        .blames(),
    row(CheckId::JobsSucceeding, true, Rests::Signals, jobs_succeeding::answer)
        .remembered(Condition::JobsFailing)
        .held()
        .blames(),
    row(CheckId::SchemaMigrated, false, Rests::Both, schema_migrated::answer),
    row(CheckId::ExportViewsCurrent, false, Rests::Both, export_views_current::answer).advisory(),
    row(CheckId::FlinkJobRunning, true, Rests::Signals, flink_job_running::answer)
        .remembered(Condition::FlinkJobDown)
        .held()
        .blames()
        .proves(),
    row(CheckId::TaskManagersRegistered, true, Rests::Signals, task_managers_registered::answer)
        .remembered(Condition::TaskManagersMissing)
        .held()
        .blames()
        .proves(),
    row(CheckId::CheckpointsSucceeding, true, Rests::Signals, checkpoints_succeeding::answer)
        .remembered(Condition::CheckpointsFailing)
        .held()
        .blames()
        .proves(),
    row(CheckId::StateConfigMapsClean, false, Rests::ConfigMaps, state_config_maps_clean::answer).advisory(),
    row(CheckId::ConfigFresh, false, Rests::Pods, config_fresh::answer),
    row(CheckId::KafkaReachable, false, Rests::Surroundings, dependency_reachable::kafka),
    row(CheckId::DatabaseReachable, false, Rests::Surroundings, dependency_reachable::database),
    row(CheckId::ObjectStorageReachable, false, Rests::Surroundings, dependency_reachable::object_storage),
    row(CheckId::AggregationHealthy, false, Rests::Surroundings, aggregation_healthy::answer),
    row(CheckId::BackupRecent, false, Rests::Surroundings, backup_recent::answer).advisory(),
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

/// The rows of the checks that fail, in the order of the table.
pub fn failing_rows(checks: &[(CheckId, Answer)]) -> impl Iterator<Item = &'static Row> {
    let fails = |row: &&Row| checks.iter().any(|(id, answer)| *id == row.id && answer.state == CheckState::Fail);
    TABLE.iter().filter(fails)
}

/// Since when a check about signals fails: since its condition holds, or since the last sample.
#[must_use]
pub fn failing_since(context: &Context<'_>, row: &Row) -> Timestamp {
    match row.remembered {
        Some(condition) => context.horizon.since(context.memory.since(condition)),
        None => absent_since(context),
    }
}

/// Until when trouble that a dependency may have caused is not held against the component: a hold after the dependency was
/// down last, and until signals of that time were surely read; a hold after the exporter's start too, since it cannot know of
/// an outage that was over. `None` where no dependency is asked for it, and while one is down: then that is the advice.
#[must_use]
pub fn recovering_until(context: &Context<'_>) -> Option<Timestamp> {
    let mut until = None;
    for dependency in Dependency::ALL {
        let Some(answer) = dependency_reachable::answer(context, *dependency) else { continue };
        if answer.state == CheckState::Fail {
            return None;
        }
        let outage = context.suite.surroundings.dependency(*dependency).and_then(|known| known.outage);
        let recovered = outage.filter(|outage| outage.is_real(context.policy.probe_hold)).map(|outage| {
            // A job that failed at its end may be read a moment later, and counts as failing for the hold from then.
            after(after(outage.until, context.policy.signal_silence()), context.policy.hold)
        });
        until = until.max(Some(after(context.memory.began, context.policy.hold))).max(recovered);
    }
    until
}

/// Whether the failure of a vital check may come from a dependency that was down. A pod without a node or an image is ill of
/// something else.
#[must_use]
pub const fn may_come_of_an_outage(check: CheckId) -> bool {
    !matches!(check, CheckId::PodsScheduled | CheckId::ImagesPulled)
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
    let prometheus = (SourceKind::Prometheus, sources.prometheus);
    let endpoint = &context.suite.suite.members.get(context.component).endpoint;
    // Where the workloads tell instead of Helm, they must be fresh in its stead.
    let without_helm = sources.helm == Freshness::Off || context.facts.told_by_workloads();
    let needed = match rests {
        // A Prometheus that does not answer says nothing of the component, not even that its metrics are absent.
        Rests::Signals if matches!(endpoint, Some(Endpoint::Prometheus(_))) => vec![pods, workloads, prometheus],
        Rests::Helm | Rests::Both if without_helm => vec![pods, workloads],
        Rests::Helm => vec![helm],
        Rests::Pods | Rests::Signals => vec![pods, workloads],
        Rests::Both => vec![helm, pods, workloads],
        Rests::ConfigMaps => vec![helm, (SourceKind::ConfigMaps, sources.config_maps)],
        Rests::Surroundings => Vec::new(),
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
    let first_ready = match context.component {
        Component::Gim | Component::Gca => pods().map(ready_since).min(),
        // Only the job manager tells, and while one of GSP's pods is missing it may be that one.
        Component::Gsp => context.rollout.ready_since,
    };
    let carrying = signals.readings.iter().filter(|reading| carries_signal(context.component, reading));
    let carried = carrying.map(|reading| reading.at).max().max(context.memory.carried);
    let carried = first_ready.map(|first| first.max(carried.unwrap_or(first)));
    Some(carried.map_or(heard, |carried| heard.min(carried)).max(context.memory.began))
}

/// Since when something is absent that was there or should be: all signals, or one of the topics; since memory began where
/// no pod is Ready.
fn absent_since(context: &Context<'_>) -> Timestamp {
    let absent = topics::absent(context.facts, context.memory, context.policy);
    let topics = absent.into_iter().map(|(_, since)| since);
    topics.chain(silent_since(context)).min().unwrap_or(context.memory.began)
}

/// Whether every Ready pod was read since it became so, and one of them had what the component is judged by.
#[must_use]
pub fn signals_came(context: &Context<'_>) -> bool {
    let signals = &context.facts.signals;
    let read = |pod: &Pod| signals.last_read(&pod.uid) >= Some(context.memory.readiness_since(pod));
    context.facts.replicas().map(|pod| &*pod.pod).filter(|pod| pod.ready).all(read)
        && signals.readings.iter().any(|reading| carries_signal(context.component, reading))
}

/// The readings that a check about signals may rest on: of each Ready pod the newest, taken since it became so. Where there
/// are none, the answer in their stead: pending while no pod is Ready or none was read yet, unknown where one is silent.
/// `None` where no endpoint is configured or no pod is wanted.
fn heard<'a>(context: &Context<'a>) -> Option<Result<Vec<&'a Reading>, Answer>> {
    let facts = context.facts;
    if !facts.signals.configured || context.rollout.desired == 0 {
        return None;
    }
    let Some(silent) = silent_since(context) else {
        return Some(Err(Answer::new(CheckState::Pending, [Evidence::NoPodReady])));
    };
    let last = Evidence::LastSample { at: facts.signals.newest().map(|reading| reading.at) };
    if context.horizon.lasted(silent, context.policy.signal_silence()) {
        let state = if context.rollout.all_ready { CheckState::Unknown } else { CheckState::Pending };
        return Some(Err(Answer::new(state, [last])));
    }
    let counts = |reading: &&Reading| {
        let of = |pod: &Pod| reading.pod_uid.as_ref().is_none_or(|uid| *uid == pod.uid);
        let mut pods = facts.replicas().map(|pod| &*pod.pod).filter(|pod| pod.ready);
        pods.any(|pod| of(pod) && reading.at >= context.memory.readiness_since(pod))
    };
    let readings: Vec<&Reading> = facts.signals.readings.iter().map(|reading| &**reading).filter(counts).collect();
    Some(if readings.is_empty() { Err(Answer::new(CheckState::Pending, [last])) } else { Ok(readings) })
}

/// Whether a reading has what the component's signals are judged by: for GIM the latency, for GSP the job manager's word.
#[must_use]
pub fn carries_signal(component: Component, reading: &Reading) -> bool {
    match component {
        Component::Gim => !reading.topics.is_empty(),
        Component::Gsp => reading.value(RUNNING_JOBS).is_some(),
        Component::Gca => true,
    }
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
mod gim_tests;
#[cfg(test)]
mod surroundings_tests;
#[cfg(test)]
mod tests;
