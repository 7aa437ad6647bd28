//! The first pass: one component by itself. Operation, rollout, checks, health, what speaks against it, proof, stage.
//!
//! Knows nothing of the suite's other components; what they explain or forbid is the second pass (`suite`).

use super::adverse::{self, Adversity};
use super::answer::{Answer, CheckId, CheckState};
use super::assessment::{Operation, RollbackTarget, Stage};
use super::checks::{self, Context};
use super::health::{self, Failing};
use super::horizon::Horizon;
use super::procedure::Cycle;
use super::proof::{self, Proof};
use super::rollout::{self, Rollout};
use super::trend::{self, Trend, TrendReport};
use super::{operation, target, topics};
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::memory::{ComponentMemory, Condition};
use crate::model::names::Component;
use crate::model::policy::Policy;
use crate::model::release::ReleaseStatus;
use crate::model::source::Freshness;
use crate::model::time::after;
use crate::model::workload::WaitingReason;

/// A component judged by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The operation that made the newest revision.
    pub operation: Option<Operation>,
    /// How far the pods are.
    pub rollout: Rollout,
    /// The answers of the checks that apply.
    pub checks: Vec<(CheckId, Answer)>,
    /// How the latency moves.
    pub trend: Option<TrendReport>,
    /// The vital checks that fail.
    pub failing: Vec<Failing>,
    /// What speaks against the operation.
    pub adverse: Vec<Adversity>,
    /// What is missing for the proof that it works.
    pub proof: Proof,
    /// Whether a migration of the schema is known to run.
    pub migrating: bool,
    /// The revision to go back to, were it advised.
    pub target: Option<RollbackTarget>,
    /// How many listed releases it is behind the newest; `None` where that cannot be told.
    pub releases_behind: Option<u32>,
    /// The conditions that hold, for memory.
    pub conditions: Vec<Condition>,
}

impl Judged {
    /// Whether a vital check fails and counts.
    #[must_use]
    pub fn is_unhealthy(&self) -> bool {
        self.failing.iter().any(|failing| failing.counts)
    }

    /// The answer of one check; `None` where it does not apply.
    #[must_use]
    pub fn state(&self, check: CheckId) -> Option<CheckState> {
        self.checks.iter().find(|(id, _)| *id == check).map(|(_, answer)| answer.state)
    }

    /// Whether its operation is still of interest.
    #[must_use]
    pub fn in_window(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| operation.in_window)
    }
}

/// Judges one component by itself.
#[must_use]
pub fn judge(
    component: Component,
    suite: &Facts,
    memory: &ComponentMemory,
    policy: &Policy,
    horizon: &Horizon,
) -> Judged {
    let (facts, times) = (suite.components.get(component), policy.times.get(component));
    let mut operation = operation::newest(facts, times, policy, horizon);
    let evidence = rollout::Evidence { facts, memory, policy, times, operation: operation.as_ref(), horizon };
    let rollout = rollout::read(&evidence);
    if let Some(operation) = &mut operation {
        operation.settle_deadline = rollout.ready_since.map(|ready| after(ready, times.settle_timeout));
    }
    let has_latency = component == Component::Gim && facts.signals.configured;
    let trend = has_latency.then(|| latency_trend(facts, memory, policy));
    let cycle = Cycle::read(suite, policy, horizon);
    let context = Context {
        component,
        suite,
        cycle: &cycle,
        facts,
        memory,
        policy,
        times,
        horizon,
        operation: operation.as_ref(),
        rollout: &rollout,
        trend: trend.as_ref(),
    };
    let checks = checks::answer_all(&context);
    let failing = health::failing(&context, &checks);
    let adverse = adverse::find(&context, &checks, &failing);
    let proof = proof::read(&context, &checks);
    let conditions = conditions(facts, &rollout, &checks);
    let migrating = checks::is_building_index(&context);
    let target = target::find(&facts.release, memory, policy);
    let releases_behind = checks::releases_behind(&context);
    Judged {
        operation,
        rollout,
        checks,
        trend,
        failing,
        adverse,
        proof,
        migrating,
        target,
        releases_behind,
        conditions,
    }
}

/// The trend; `absent` where the running pods' pages lack the latency, or a topic that they had.
fn latency_trend(facts: &ComponentFacts, memory: &ComponentMemory, policy: &Policy) -> TrendReport {
    let report = trend::read(&memory.window, policy);
    let mut current = facts.signals.current(policy.signal_silence()).peekable();
    let read = current.peek().is_some();
    let lacks_all = read && current.all(|reading| reading.latency_seconds(&policy.ignored_topics).is_none());
    if lacks_all || !topics::absent(facts, memory, policy).is_empty() {
        TrendReport { trend: Trend::Absent, drain_seconds: None, ..report }
    } else {
        report
    }
}

fn conditions(facts: &ComponentFacts, rollout: &Rollout, answers: &[(CheckId, Answer)]) -> Vec<Condition> {
    let stale = |condition| rollout.stale.as_ref().is_some_and(|stale| stale.condition == condition);
    Condition::ALL
        .iter()
        .copied()
        .filter(|condition| match condition {
            Condition::ImageNotPulled => facts.replicas().any(|pod| pod.pod.waits(WaitingReason::is_image)),
            Condition::StalePod | Condition::OnDelete => stale(*condition),
            Condition::NoPodAwaited => rollout::waits_for_no_pod(facts, rollout),
            of_check => checks::failing_rows(answers).any(|row| row.remembered == Some(*of_check)),
        })
        .collect()
}

/// Where a component stands. `adverse` are those adversities that nothing else in the suite explains.
#[must_use]
pub fn stage(facts: &ComponentFacts, judged: &Judged, adverse: &[Adversity]) -> Stage {
    let sources = &facts.sources;
    let blind = [sources.pods, sources.workloads].iter().any(|source| *source != Freshness::Fresh)
        || !matches!(sources.helm, Freshness::Fresh | Freshness::Off);
    if blind {
        return Stage::Unknown;
    }
    let status = facts.release.newest().map(|newest| newest.status);
    match status {
        None if !facts.told_by_workloads() => Stage::Absent,
        Some(ReleaseStatus::Uninstalled) => Stage::Absent,
        Some(ReleaseStatus::Uninstalling) => Stage::Uninstalling,
        _ if !adverse.is_empty() => Stage::Failed,
        Some(status) if status.is_pending() => Stage::Applying,
        _ if rollout::scaled_to_zero(facts) => Stage::Absent,
        _ if judged.is_unhealthy() && (judged.rollout.once || !judged.in_window()) => Stage::Degraded,
        _ if !judged.rollout.all_ready => Stage::RollingOut,
        _ if judged.proof.is_whole() && !judged.is_unhealthy() => Stage::Verified,
        _ => Stage::Verifying,
    }
}
