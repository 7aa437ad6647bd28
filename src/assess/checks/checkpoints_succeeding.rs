//! Does Flink complete its checkpoints? A job that cannot save its state looks as if it ran, and loses what it did when it
//! starts anew. One that failed between completed ones is no trouble; several in a row are, and so is none for too long.

use super::Context;
use super::flink::{Flink, untold};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::signal::{CHECKPOINTS_COMPLETED, RUNNING_JOBS};

/// How many checkpoints must fail in a row before it counts as a failure: a single one may have run out of time.
const FAILED_IN_A_ROW: u64 = 2;

/// Answers `checkpoints_succeeding`; does not apply where the component is not GSP or has no endpoint.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let flink = match Flink::of(context)? {
        Ok(flink) => flink,
        Err(answer) => return Some(answer),
    };
    if let Some(0) = flink.count(RUNNING_JOBS) {
        // Without a job there are no checkpoints: that is `flink_job_running`'s matter.
        return Some(Answer::new(CheckState::Pending, [Evidence::FlinkJobs { running: 0, restarts: None }]));
    }
    let Some(known) = context.memory.checkpoints.as_ref().filter(|_| flink.count(CHECKPOINTS_COMPLETED).is_some())
    else {
        return Some(untold(CHECKPOINTS_COMPLETED));
    };
    let failed = known.failed_in_a_row();
    let none_for_long =
        context.horizon.lasted(known.completed_at.unwrap_or(known.since), context.policy.checkpoint_timeout);
    // Outside the counters' own word nothing tells when the last one was completed: one must be seen to come.
    let seen = known.completed_at.is_some_and(|at| flink.ready_since().is_some_and(|since| since <= at));
    let state = if failed >= FAILED_IN_A_ROW || none_for_long {
        CheckState::Fail
    } else if failed > 0 || !seen {
        CheckState::Pending
    } else {
        CheckState::Pass
    };
    Some(Answer::new(state, [Evidence::Checkpoints { completed_at: known.completed_at, failed, since: known.since }]))
}
