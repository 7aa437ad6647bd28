//! Has every pod a node? A pod without one is Pending with condition `PodScheduled` false and has no container statuses.
//! Recommended as an alert by the upgrade guide (Monitoring).

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};

/// Answers `pods_scheduled`; does not apply where no pod is wanted.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.rollout.desired == 0 {
        return None;
    }
    let waiting: Vec<_> = context.facts.replicas().filter(|pod| !pod.pod.scheduled).map(|pod| &pod.pod).collect();
    let evidence = waiting.iter().map(|pod| Evidence::Unscheduled { pod: pod.name.clone(), since: pod.created });
    let state = if waiting.iter().any(|pod| context.horizon.lasted(pod.created, context.times.pending_timeout)) {
        CheckState::Fail
    } else if waiting.is_empty() && context.facts.replicas().next().is_some() {
        CheckState::Pass
    } else {
        CheckState::Pending
    };
    Some(Answer::new(state, evidence))
}
