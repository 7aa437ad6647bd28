//! The third pass: the table of verdicts. The first row that holds decides.
//!
//! Rows stand in the order of the design and carry its numbers. Above row 11 a clause over evidence that is silent is
//! false. Not for finding facts: everything that is asked here was answered in the passes before.

use super::answer::{CheckId, CheckState};
use super::assessment::{Command, Gate, NamedReason, OperationKind, Reason, Stage, Verdict, VerdictKind};
use super::checks::told_beside;
use super::component::Judged;
use super::horizon::Horizon;
use super::rollout::scaled_to_zero;
use super::suite::InSuite;
use crate::model::facts::ComponentFacts;
use crate::model::memory::{ComponentMemory, Condition};
use crate::model::policy::{Policy, Times};
use crate::model::release::ReleaseStatus;
use crate::model::source::Freshness;
use crate::model::time::{Timestamp, after};
use crate::model::workload::WorkloadKind;

/// What a verdict is decided on.
pub struct Case<'a> {
    /// The component's facts.
    pub facts: &'a ComponentFacts,
    /// Its memory.
    pub memory: &'a ComponentMemory,
    /// The policy.
    pub policy: &'a Policy,
    /// The component's times.
    pub times: &'a Times,
    /// The present.
    pub horizon: &'a Horizon,
    /// The component by itself.
    pub judged: &'a Judged,
    /// The component in the light of the others.
    pub in_suite: &'a InSuite,
    /// The gate of the component that comes next; after the last one that of the one that is still due, and where none is, its
    /// own, which is open only where all is well.
    pub next_gate: &'a Gate,
    /// Whether it is the last component, and its last operation may have been a return to an older build, as far as is known.
    pub may_be_undone: bool,
}

type Row = fn(&Case<'_>) -> Option<Verdict>;

/// The rows, each with its number.
const TABLE: &[(u8, Row)] = &[
    (1, blind),
    (2, not_there),
    (3, uninstalling),
    (4, dependency_down),
    (5, stands_in_the_way),
    (6, nothing_left_to_undo),
    (7, nowhere_to_go_back_to),
    (8, go_back),
    (9, not_finished),
    (10, unhealthy),
    (11, silent),
    (12, not_migrated),
    (13, not_proved),
    (14, rolled_back),
    (15, go_on),
    (16, at_rest),
];

/// The last row: a hole in the table.
const HOLE: u8 = 17;

/// Decides.
#[must_use]
pub fn decide(case: &Case<'_>) -> Verdict {
    let decided = TABLE.iter().find_map(|(row, decide)| decide(case).map(|verdict| Verdict { row: *row, ..verdict }));
    let mut verdict = decided.unwrap_or_else(|| Verdict {
        row: HOLE,
        ..verdict(VerdictKind::Investigate, [Reason::Named(NamedReason::Undecided)])
    });
    verdict.advisories = advisories(case, &verdict);
    verdict
}

fn verdict(kind: VerdictKind, reasons: impl IntoIterator<Item = Reason>) -> Verdict {
    Verdict { kind, row: 0, reasons: reasons.into_iter().collect(), until: None, command: None, advisories: Vec::new() }
}

fn named(kind: VerdictKind, reason: NamedReason) -> Verdict {
    verdict(kind, [Reason::Named(reason)])
}

fn wait(reason: NamedReason, until: Option<Timestamp>) -> Verdict {
    Verdict { until, ..named(VerdictKind::Wait, reason) }
}

fn blind(case: &Case<'_>) -> Option<Verdict> {
    let sources = &case.facts.sources;
    let pods = match sources.pods.max(sources.workloads) {
        Freshness::Fresh | Freshness::Off => None,
        Freshness::Starting => Some(NamedReason::PodsStarting),
        Freshness::Stale | Freshness::Unreadable => Some(NamedReason::PodsStale),
        Freshness::Forbidden => Some(NamedReason::PodsForbidden),
    };
    let helm = match sources.helm {
        Freshness::Fresh | Freshness::Off => None,
        Freshness::Starting => Some(NamedReason::HelmStarting),
        Freshness::Stale | Freshness::Unreadable => Some(NamedReason::HelmStale),
        Freshness::Forbidden => Some(NamedReason::HelmForbidden),
    };
    let reasons: Vec<Reason> = [pods, helm].into_iter().flatten().map(Reason::Named).collect();
    (!reasons.is_empty()).then(|| verdict(VerdictKind::Unknown, reasons))
}

fn not_there(case: &Case<'_>) -> Option<Verdict> {
    let reason = match case.facts.release.newest().map(|newest| newest.status) {
        None if case.facts.told_by_workloads() && scaled_to_zero(case.facts) => NamedReason::ScaledToZero,
        None if case.facts.told_by_workloads() => return None,
        None => NamedReason::Absent,
        Some(ReleaseStatus::Uninstalled) => NamedReason::Uninstalled,
        Some(ReleaseStatus::Uninstalling) => return None,
        // While Helm works, or where it failed, nobody wanted it so: a hook may have taken the pods away for a while.
        Some(status) if status.is_pending() || !case.in_suite.adverse.is_empty() => return None,
        Some(_) if scaled_to_zero(case.facts) => NamedReason::ScaledToZero,
        Some(_) => return None,
    };
    Some(named(VerdictKind::None, reason))
}

fn uninstalling(case: &Case<'_>) -> Option<Verdict> {
    let newest = case.facts.release.newest().filter(|newest| newest.status == ReleaseStatus::Uninstalling)?;
    let until = after(newest.written, case.times.helm_timeout);
    Some(if case.horizon.passed(until) {
        named(VerdictKind::Investigate, NamedReason::UninstallStuck)
    } else {
        wait(NamedReason::Uninstalling, Some(until))
    })
}

/// The dependencies' checks, in the order in which they are told.
const DEPENDENCIES: [CheckId; 3] =
    [CheckId::KafkaReachable, CheckId::DatabaseReachable, CheckId::ObjectStorageReachable];

/// A rollback will not work before Kafka, `PostgreSQL` or the storage does (upgrade guide, Rolling Update: Verify the upgrade).
fn dependency_down(case: &Case<'_>) -> Option<Verdict> {
    let down = DEPENDENCIES.into_iter().filter(|check| case.judged.state(*check) == Some(CheckState::Fail));
    let mut reasons: Vec<Reason> = down.map(Reason::Check).collect();
    let suffers: Vec<Reason> = adverse_reasons(case).into_iter().chain(unhealthy_reasons(case)).flatten().collect();
    if reasons.is_empty() || suffers.is_empty() {
        return None;
    }
    for reason in suffers {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Some(verdict(VerdictKind::FixDependency, reasons))
}

fn stands_in_the_way(case: &Case<'_>) -> Option<Verdict> {
    let stale = case.judged.rollout.stale.as_ref().filter(|stale| case.horizon.passed(stale.told))?;
    let reason = match stale.condition {
        Condition::OnDelete => NamedReason::OnDelete,
        _ => NamedReason::StalePod,
    };
    let command = Command::DeletePod { namespace: stale.namespace.clone(), pod: stale.pod.clone() };
    Some(Verdict { command: Some(command), ..named(VerdictKind::RestartPod, reason) })
}

fn adverse_reasons(case: &Case<'_>) -> Option<Vec<Reason>> {
    let reasons: Vec<Reason> = case.in_suite.adverse.iter().map(|adversity| adversity.reason).collect();
    (!reasons.is_empty()).then_some(reasons)
}

fn kind(case: &Case<'_>) -> OperationKind {
    case.judged.operation.as_ref().map_or(OperationKind::None, |operation| operation.kind)
}

fn nothing_left_to_undo(case: &Case<'_>) -> Option<Verdict> {
    let reasons = adverse_reasons(case)?;
    let undoing = matches!(kind(case), OperationKind::Rollback | OperationKind::Downgrade);
    undoing.then(|| verdict(VerdictKind::ContactSupport, reasons))
}

fn nowhere_to_go_back_to(case: &Case<'_>) -> Option<Verdict> {
    let reasons = adverse_reasons(case)?;
    if case.judged.target.is_some() {
        return None;
    }
    // Without Helm's word there is no telling what Helm would allow.
    let first = kind(case) == OperationKind::Install && !case.facts.told_by_workloads();
    let named = if first { NamedReason::FirstInstall } else { NamedReason::NoTarget };
    let command = first.then(|| Command::Uninstall {
        namespace: case.facts.namespace.clone(),
        release: case.facts.release_name.clone(),
    });
    let reasons = std::iter::once(Reason::Named(named)).chain(reasons);
    Some(Verdict { command, ..verdict(VerdictKind::Investigate, reasons) })
}

fn go_back(case: &Case<'_>) -> Option<Verdict> {
    let mut reasons = adverse_reasons(case)?;
    let target = case.judged.target?;
    if !target.proven {
        reasons.push(Reason::Named(NamedReason::UnprovenTarget));
    }
    let command = Command::RollBack {
        namespace: case.facts.namespace.clone(),
        release: case.facts.release_name.clone(),
        revision: target.revision,
        timeout_seconds: case.times.helm_timeout.as_secs(),
        then_delete: will_be_stale(case.facts),
    };
    Some(Verdict { command: Some(command), ..verdict(VerdictKind::RollBack, reasons) })
}

/// Pods that an ordered `StatefulSet` will wait for after a rollback: those that are not Ready now.
fn will_be_stale(facts: &ComponentFacts) -> Vec<crate::model::names::Name> {
    let ordered = facts
        .workloads
        .iter()
        .filter(|workload| workload.workload.kind == WorkloadKind::StatefulSet && workload.workload.ordered);
    ordered
        .flat_map(|workload| &workload.pods)
        .filter(|pod| pod.pod.is_replica() && !pod.pod.ready)
        .map(|pod| pod.pod.name.clone())
        .collect()
}

fn not_finished(case: &Case<'_>) -> Option<Verdict> {
    let operation = case.judged.operation.as_ref()?;
    let rollout = &case.judged.rollout;
    if let Some(until) = case.in_suite.explained_until
        && !case.horizon.passed(until)
    {
        return Some(wait(NamedReason::NeighbourOperation, Some(until)));
    }
    if let Some(newest) = case.facts.release.newest().filter(|newest| newest.status.is_pending()) {
        let gone = after(newest.written, case.times.helm_timeout.saturating_mul(2));
        return Some(wait(NamedReason::HelmWorking, Some(operation.ready_deadline.max(gone))));
    }
    let deadline = rollout.deadline.filter(|deadline| !case.horizon.passed(*deadline))?;
    if operation.in_window && (!rollout.once || !case.horizon.passed(operation.ready_deadline)) {
        return Some(wait(NamedReason::RolloutUnfinished, Some(deadline)));
    }
    // A pod that came instead of another has time to start; one that keeps crashing will not.
    let crashes = case.judged.failing.iter().any(|failing| failing.check == CheckId::ContainersStable);
    let reason = if rollout.pods_ready { NamedReason::RolloutUnfinished } else { NamedReason::PodReplaced };
    (!crashes).then(|| wait(reason, Some(deadline)))
}

fn unhealthy_reasons(case: &Case<'_>) -> Option<Vec<Reason>> {
    let counting = case.judged.failing.iter().filter(|failing| failing.counts);
    let reasons: Vec<Reason> = counting.map(|failing| Reason::Check(failing.check)).collect();
    (!reasons.is_empty()).then_some(reasons)
}

fn unhealthy(case: &Case<'_>) -> Option<Verdict> {
    unhealthy_reasons(case).map(|reasons| verdict(VerdictKind::Investigate, reasons))
}

fn silent(case: &Case<'_>) -> Option<Verdict> {
    let silent = &case.judged.proof.silent;
    (!silent.is_empty()).then(|| verdict(VerdictKind::Unknown, silent.iter().copied()))
}

/// All is normal but the schema, and its time is over: GIM's pod is restarted, and its migration job goes on where it stopped
/// (upgrade guide, Rolling Update: Verify the upgrade). Whether one was restarted since follows from the pods, so that an
/// exporter that has just begun says the same; a new pod has the whole time again.
fn not_migrated(case: &Case<'_>) -> Option<Verdict> {
    let schema = Reason::Check(CheckId::SchemaMigrated);
    let alone = case.judged.proof.lacking == [schema] && !case.judged.migrating;
    if !alone || case.judged.state(CheckId::SchemaMigrated) != Some(CheckState::Fail) {
        return None;
    }
    let overdue = after(case.judged.operation.as_ref()?.begin, case.times.migration_timeout);
    let reasons = [Reason::Named(NamedReason::MigrationIncomplete), schema];
    let not_restarted = case.facts.replicas().map(|pod| &pod.pod).find(|pod| pod.created <= overdue);
    Some(not_restarted.map_or_else(
        || verdict(VerdictKind::ContactSupport, reasons),
        |pod| {
            let command = Command::DeletePod { namespace: pod.namespace.clone(), pod: pod.name.clone() };
            Verdict { command: Some(command), ..verdict(VerdictKind::RestartPod, reasons) }
        },
    ))
}

fn not_proved(case: &Case<'_>) -> Option<Verdict> {
    let proof = &case.judged.proof;
    if proof.is_whole() {
        return None;
    }
    let reasons = proof.lacking.iter().copied();
    let settle = case.judged.operation.as_ref().and_then(|operation| operation.settle_deadline);
    let drained = case.judged.trend.as_ref().and_then(|trend| {
        let left = std::time::Duration::try_from_secs_f64(trend.drain_seconds?).ok()?;
        Some(after(trend.newest?, left))
    });
    // A signal that fails, but not for long enough to count, counts soon or recovers.
    let held = case.judged.failing.iter().filter(|failing| !failing.counts).map(|failing| failing.counts_from).max();
    let has_signals = case.facts.signals.configured;
    let filled = has_signals.then(|| after(case.memory.began, case.policy.trend_window));
    let still = |until: &Option<Timestamp>| until.is_some_and(|until| !case.horizon.passed(until));
    if let Some(until) = [settle, proof.not_before, held].into_iter().find(still) {
        return Some(Verdict { until, ..verdict(VerdictKind::Wait, reasons) });
    }
    if drained.is_some() {
        return Some(Verdict { until: drained, ..verdict(VerdictKind::Wait, reasons) });
    }
    if still(&filled) {
        return Some(wait(NamedReason::WindowFilling, filled));
    }
    Some(verdict(VerdictKind::Investigate, reasons))
}

fn rolled_back(case: &Case<'_>) -> Option<Verdict> {
    let undone = matches!(kind(case), OperationKind::Rollback | OperationKind::Downgrade);
    (case.judged.in_window() && undone).then(|| named(VerdictKind::None, NamedReason::RolledBack))
}

fn go_on(case: &Case<'_>) -> Option<Verdict> {
    if !case.judged.in_window() {
        return None;
    }
    // Whether the cycle is done cannot be told then: there is nothing to advise.
    if case.may_be_undone {
        return None;
    }
    Some(if case.next_gate.is_open() {
        verdict(VerdictKind::Proceed, [])
    } else {
        wait(NamedReason::NextGateClosed, None)
    })
}

fn at_rest(case: &Case<'_>) -> Option<Verdict> {
    (case.in_suite.stage == Stage::Verified).then(|| verdict(VerdictKind::None, []))
}

fn advisories(case: &Case<'_>, verdict: &Verdict) -> Vec<Reason> {
    let mut found = Vec::new();
    let failed = case.facts.release.newest().is_some_and(|newest| newest.status == ReleaseStatus::Failed);
    if failed && case.judged.rollout.all_ready && case.in_suite.adverse.is_empty() {
        found.push(Reason::Named(NamedReason::ReleaseLeftFailed));
    }
    // Above row 11 a clause over silent evidence is false: that a dependency is not known is noted.
    if adverse_reasons(case).is_some() {
        let unknown = |check: &CheckId| case.judged.state(*check) == Some(CheckState::Unknown);
        found.extend(DEPENDENCIES.into_iter().filter(unknown).map(Reason::Check));
    }
    let checks = told_beside(&case.judged.checks).map(Reason::Check);
    found.extend(checks.filter(|reason| !verdict.reasons.contains(reason)));
    found
}

#[cfg(test)]
mod beside_tests;
#[cfg(test)]
mod tests;
