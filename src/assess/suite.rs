//! The second pass: what the components of a suite mean for each other. Explanations and gates.
//!
//! Order is GIM, GSP, GCA, one at a time, and none is upgraded unless all operate normally (upgrade guide, Scheduling
//! considerations). Not for the advice itself: that is `verdict`.

use super::adverse::Adversity;
use super::assessment::{Gate, GateReason, OperationKind, Stage};
use super::component::{Judged, stage};
use crate::model::facts::Facts;
use crate::model::names::{Component, PerComponent};
use crate::model::time::Timestamp;

/// What the suite adds to a component's own judgement.
#[derive(Clone, Debug, PartialEq)]
pub struct InSuite {
    /// Where it stands.
    pub stage: Stage,
    /// What speaks against its operation and is not explained by another component's.
    pub adverse: Vec<Adversity>,
    /// Until when another component's operation explains what it suffers from; `None` where none does.
    pub explained_until: Option<Timestamp>,
}

/// Looks at each component in the light of the others.
#[must_use]
pub fn judge(facts: &Facts, judged: &PerComponent<Judged>) -> PerComponent<InSuite> {
    judged.map(|component, own| {
        let mut explained_until = None;
        let adverse: Vec<Adversity> = own
            .adverse
            .iter()
            .copied()
            .filter(|adversity| {
                let explained = explained_by(component, adversity, judged);
                explained_until = explained_until.max(explained);
                explained.is_none()
            })
            .collect();
        InSuite { stage: stage(facts.components.get(component), own, &adverse), adverse, explained_until }
    })
}

/// Until when a newer operation of another component explains an adversity: one that began before the trouble did. Only
/// signals can be explained so: a pod's trouble is its own.
fn explained_by(component: Component, adversity: &Adversity, judged: &PerComponent<Judged>) -> Option<Timestamp> {
    let since = adversity.signal_since?;
    let own_begin = judged.get(component).operation.as_ref()?.begin;
    judged
        .iter()
        .filter(|(other, _)| *other != component)
        .filter_map(|(_, other)| other.operation.as_ref().filter(|operation| operation.in_window))
        .filter(|operation| operation.begin > own_begin && operation.begin <= since)
        .map(|operation| operation.settle_deadline.unwrap_or(operation.ready_deadline))
        .max()
}

/// The gates: whether each component may be upgraded now.
#[must_use]
pub fn gates(judged: &PerComponent<Judged>, in_suite: &PerComponent<InSuite>) -> PerComponent<Gate> {
    PerComponent::from_fn(|gated| {
        let mut blocked: Vec<GateReason> = Vec::new();
        for (component, own) in judged.iter() {
            blocked.extend(obstacle(component, in_suite.get(component).stage, own));
            let undone = own.in_window()
                && own.operation.as_ref().is_some_and(|operation| {
                    matches!(operation.kind, OperationKind::Rollback | OperationKind::Downgrade)
                });
            if component < gated && undone {
                blocked.extend(undone_reason(component));
            }
        }
        Gate { blocked }
    })
}

/// What a component's stage means for the gates.
fn obstacle(component: Component, stage: Stage, judged: &Judged) -> Option<GateReason> {
    use GateReason as G;
    let [not_verified, running, unknown] = match component {
        Component::Gim => [G::GimNotVerified, G::GimOperationRunning, G::GimUnknown],
        Component::Gsp => [G::GspNotVerified, G::GspOperationRunning, G::GspUnknown],
        Component::Gca => [G::GcaNotVerified, G::GcaOperationRunning, G::GcaUnknown],
    };
    match stage {
        Stage::Absent | Stage::Verified => None,
        Stage::Unknown => Some(unknown),
        Stage::Applying | Stage::Uninstalling => Some(running),
        Stage::RollingOut | Stage::Verifying if judged.in_window() => Some(running),
        Stage::RollingOut | Stage::Verifying if !judged.proof.silent.is_empty() => Some(unknown),
        Stage::RollingOut | Stage::Verifying | Stage::Degraded | Stage::Failed => Some(not_verified),
    }
}

const fn undone_reason(component: Component) -> Option<GateReason> {
    match component {
        Component::Gim => Some(GateReason::GimUndone),
        Component::Gsp => Some(GateReason::GspUndone),
        Component::Gca => None,
    }
}
