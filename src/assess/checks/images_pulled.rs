//! Has every pod its image? `ErrImagePull` alternates with `ImagePullBackOff`, and neither may reset the age; so the
//! condition's beginning is remembered for the component, not read from the container.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::memory::Condition;
use crate::model::workload::{Pod, WaitingReason};

/// Answers `images_pulled`; does not apply where no pod is wanted.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.rollout.desired == 0 {
        return None;
    }
    let since = context.horizon.since(context.memory.since(Condition::ImageNotPulled));
    let failing = evidence(context, WaitingReason::is_image, |_| since);
    if !failing.is_empty() {
        let lasted = context.horizon.lasted(since, context.times.image_grace);
        return Some(Answer::new(if lasted { CheckState::Fail } else { CheckState::Pending }, failing));
    }
    // No error is told, but the container is not made either: a slow pull looks so, and so does a missing volume.
    let is_creating = |reason| reason == WaitingReason::ContainerCreating;
    let creating = evidence(context, is_creating, |pod| context.memory.readiness_since(pod));
    let overdue = context
        .facts
        .replicas()
        .filter(|pod| pod.pod.scheduled && pod.pod.waits(is_creating))
        .any(|pod| context.horizon.lasted(context.memory.readiness_since(&pod.pod), context.times.pending_timeout));
    let unscheduled = context.facts.replicas().any(|pod| !pod.pod.scheduled);
    let state = if overdue {
        CheckState::Fail
    } else if !creating.is_empty() || unscheduled || context.facts.replicas().next().is_none() {
        CheckState::Pending
    } else {
        CheckState::Pass
    };
    Some(Answer::new(state, creating))
}

fn evidence(
    context: &Context<'_>,
    test: impl Fn(WaitingReason) -> bool,
    since: impl Fn(&Pod) -> crate::model::time::Timestamp,
) -> Vec<Evidence> {
    let waiting =
        |pod: &Pod| pod.containers.iter().filter_map(|container| container.waiting).find(|reason| test(*reason));
    context
        .facts
        .replicas()
        .filter_map(|pod| {
            let reason = waiting(&pod.pod)?;
            Some(Evidence::Waiting { pod: pod.pod.name.clone(), reason, since: since(&pod.pod) })
        })
        .collect()
}
