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
pub mod shared;
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
use std::sync::Arc;

use horizon::Horizon;
use procedure::Cycle;
use shared::{Lent, Shared, Tells, Told};
use verdict::Case;

use crate::model::facts::Facts;
use crate::model::memory::Memory;
use crate::model::names::PerComponent;
use crate::model::policy::Policy;
use crate::model::time::Timestamp;

/// Judges a suite that shares nothing. The same arguments give the same answer, and so does any `now` before its
/// `valid_until`, once memory has taken in what was concluded.
#[must_use]
pub fn assess(facts: &Facts, memory: &Memory, policy: &Policy, now: Timestamp) -> Assessment {
    assess_shared(facts, memory, &Shared::default(), policy, now).0
}

/// Judges a suite in the light of what the suites that share components with it tell, and what it tells them.
#[must_use]
pub fn assess_shared(
    facts: &Facts,
    memory: &Memory,
    shared: &Shared,
    policy: &Policy,
    now: Timestamp,
) -> (Assessment, Tells) {
    let horizon = Horizon::new(now);
    let lent =
        PerComponent::from_fn(|component| shared.get(component).as_ref().and_then(|share| share.lent.as_deref()));
    let judged = facts.components.map(|component, _| match lent.get(component) {
        Some(lent) => lent.judged.clone(),
        None => component::judge(component, facts, memory.components.get(component), policy, &horizon),
    });
    let mut in_suite = suite::judge(facts, &judged);
    for (component, lent) in lent.iter() {
        if let Some(lent) = lent {
            *in_suite.get_mut(component) = lent.in_suite.clone();
        }
    }
    let cycle = Cycle::read(facts, policy, &horizon);
    let mut gates = gate::gates(facts, &cycle, &judged, &in_suite, policy, &horizon);
    let closes = gates.map(shared::closes);
    shared::close(&mut gates, shared);
    let verdicts = PerComponent::from_fn(|component| {
        verdict::decide(&Case {
            facts: facts.components.get(component),
            memory: memory.components.get(component),
            policy,
            times: policy.times.get(component),
            horizon: &horizon,
            judged: judged.get(component),
            in_suite: in_suite.get(component),
            // After the last component comes the one that is still due; where none is, all must be well.
            next_gate: gates.get(component.next().or_else(|| cycle.next(facts)).unwrap_or(component)),
            may_be_undone: component.next().is_none() && gate::may_be_undone(facts, &cycle, component),
        })
    });
    let components = PerComponent::from_fn(|component| {
        if let Some(lent) = lent.get(component) {
            return ComponentAssessment { gate: gates.get(component).clone(), ..lent.assessment.clone() };
        }
        let judged = judged.get(component);
        let verdict = verdicts.get(component).clone();
        let advised = verdict.kind == VerdictKind::RollBack;
        ComponentAssessment {
            operation: judged.operation.clone(),
            stage: in_suite.get(component).stage,
            checks: Arc::new(judged.checks.clone()),
            trend: judged.trend,
            rollback_target: judged.target.filter(|_| advised),
            releases_behind: judged.releases_behind,
            gate: gates.get(component).clone(),
            verdict,
            conditions: judged.conditions.clone(),
        }
    });
    let tells = shared.map(|component, share| {
        share.as_ref().map(|_| Told {
            lent: facts.suite.members.get(component).owner.is_none().then(|| {
                Arc::new(Lent {
                    judged: judged.get(component).clone(),
                    in_suite: in_suite.get(component).clone(),
                    assessment: components.get(component).clone(),
                })
            }),
            closes: closes.get(component).clone(),
        })
    });
    let (next, in_cycle) = (cycle.next(facts), cycle.members());
    (Assessment { components, next, in_cycle, valid_until: horizon.valid_until() }, tells)
}
