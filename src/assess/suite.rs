//! The second pass: what the components of a suite mean for each other: explanations. What they allow
//! each other is `gate`.
//!
//! Order is GIM, GSP, GCA, one at a time, and none is upgraded unless all operate normally (upgrade guide, Scheduling
//! considerations). Not for the advice itself: that is `verdict`.

use super::adverse::Adversity;
use super::assessment::Stage;
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
