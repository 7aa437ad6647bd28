//! Are all wanted pods of the new generation Ready? A pod is Ready only once it is operational, GIM's only once its first
//! transformation job succeeded (upgrade guide, Rolling Update: Verify the upgrade).

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::rollout::{nothing_to_see, scaled_to_zero};

/// Answers `pods_ready`; does not apply where no pod is wanted, or none can be seen.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let rollout = context.rollout;
    let facts = context.facts;
    if scaled_to_zero(facts) || nothing_to_see(facts) || facts.operation_began().is_none() {
        return None;
    }
    let replicas = Evidence::Replicas { ready: rollout.ready, desired: rollout.desired };
    let state = if rollout.pods_ready {
        CheckState::Pass
    } else if rollout.deadline.is_some_and(|deadline| context.horizon.passed(deadline)) {
        CheckState::Fail
    } else {
        CheckState::Pending
    };
    let unready = rollout
        .unready
        .iter()
        .map(|pod| Evidence::NotReady { pod: pod.pod.clone(), deadline: pod.deadline })
        .chain([replicas]);
    Some(Answer::new(state, unready))
}
