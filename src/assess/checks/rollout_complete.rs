//! Have the controllers finished rolling out, with every wanted pod of the new generation there and nothing else left?
//! Whether those pods are Ready is another check.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::rollout::{nothing_to_see, scaled_to_zero};

/// Answers `rollout_complete`; does not apply where no pod is wanted, or none can be seen.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let facts = context.facts;
    if scaled_to_zero(facts) || nothing_to_see(facts) || facts.operation_began().is_none() {
        return None;
    }
    let unfinished =
        context.rollout.unfinished.iter().map(|workload| Evidence::Workload { workload: workload.clone() });
    let state = if context.rollout.unfinished.is_empty() && !context.facts.workloads.is_empty() {
        CheckState::Pass
    } else if context.rollout.deadline.is_some_and(|deadline| context.horizon.passed(deadline)) {
        CheckState::Fail
    } else {
        CheckState::Pending
    };
    Some(Answer::new(state, unfinished))
}
