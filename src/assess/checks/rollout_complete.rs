//! Have the controllers finished rolling out, with every wanted pod of the new generation there and nothing else left?
//! Whether those pods are Ready is another check.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::rollout::scaled_to_zero;

/// Answers `rollout_complete`; does not apply where no pod is wanted.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if scaled_to_zero(context.facts) || context.facts.release.newest().is_none() {
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
