//! Judging: facts in, an assessment with reasons out. Pure: no IO, no clock, no async.
//!
//! Three passes, told apart by type so that a circle does not compile: each component by itself (operation, rollout,
//! checks, stage), the suite (order, gates), and the verdicts. Time is an argument, and every comparison with it goes
//! through [`horizon`], which learns until when the answer holds.

pub mod adverse;
pub mod answer;
pub mod assessment;
pub mod checks;
pub mod component;
pub mod failure;
pub mod gate;
pub mod health;
pub mod horizon;
pub mod images;
pub mod kind;
pub mod operation;
pub mod procedure;
pub mod proof;
pub mod refill;
pub mod remember;
pub mod rollout;
pub mod snapshot;
pub mod suite;
pub mod target;
#[cfg(test)]
mod testing;
pub mod topics;
pub mod trend;
pub mod verdict;
pub mod wants;

use assessment::{Assessment, ComponentAssessment, VerdictKind};
use horizon::Horizon;
use procedure::Cycle;
use verdict::Case;

use crate::model::facts::Facts;
use crate::model::memory::Memory;
use crate::model::names::PerComponent;
use crate::model::policy::Policy;
use crate::model::time::Timestamp;

/// Judges a suite. The same arguments give the same answer, and so does any `now` before its `valid_until`, once memory
/// has taken in what was concluded.
#[must_use]
pub fn assess(facts: &Facts, memory: &Memory, policy: &Policy, now: Timestamp) -> Assessment {
    let horizon = Horizon::new(now);
    let judged = facts
        .components
        .map(|component, _| component::judge(component, facts, memory.components.get(component), policy, &horizon));
    let in_suite = suite::judge(facts, &judged);
    let cycle = Cycle::read(facts, policy, &horizon);
    let gates = gate::gates(facts, &cycle, &judged, &in_suite);
    let verdicts = PerComponent::from_fn(|component| {
        verdict::decide(&Case {
            facts: facts.components.get(component),
            memory: memory.components.get(component),
            policy,
            times: policy.times.get(component),
            horizon: &horizon,
            judged: judged.get(component),
            in_suite: in_suite.get(component),
            next_gate: component.next().map(|next| gates.get(next)),
        })
    });
    let components = PerComponent::from_fn(|component| {
        let judged = judged.get(component);
        let verdict = verdicts.get(component).clone();
        let advised = verdict.kind == VerdictKind::RollBack;
        ComponentAssessment {
            operation: judged.operation.clone(),
            stage: in_suite.get(component).stage,
            checks: judged.checks.clone(),
            trend: judged.trend,
            rollback_target: judged.target.filter(|_| advised),
            releases_behind: judged.releases_behind,
            gate: gates.get(component).clone(),
            verdict,
            conditions: judged.conditions.clone(),
        }
    });
    let (next, in_cycle) = (cycle.next(facts), cycle.members());
    Assessment { components, next, in_cycle, valid_until: horizon.valid_until() }
}
