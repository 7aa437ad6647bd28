//! Does Flink complete its checkpoints? A job that cannot save its state looks as if it ran, and loses what it did when it
//! starts anew. One that failed between completed ones is no trouble; several in a row are, and so is none for too long.

use super::Context;
use super::flink::Flink;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::signal::{CHECKPOINTS_COMPLETED, RUNNING_JOBS};

/// How many checkpoints must fail in a row before it counts as a failure: a single one may have run out of time.
const FAILED_IN_A_ROW: u64 = 2;

/// Answers `checkpoints_succeeding`; does not apply where the component is not GSP, has no endpoint or never told it.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let flink = match Flink::of(context)? {
        Ok(flink) => flink,
        Err(answer) => return Some(answer),
    };
    if let Some(0) = flink.count(RUNNING_JOBS) {
        // Without a job there are no checkpoints: that is `flink_job_running`'s matter.
        return Some(Answer::new(CheckState::Pending, [Evidence::FlinkJobs { running: 0, restarts: None }]));
    }
    let known = context.memory.checkpoints.as_ref()?;
    if flink.count(CHECKPOINTS_COMPLETED).is_none() {
        // A job manager that has just been made tells a little later; one that told and does not any more is silent.
        let told = known.pod.is_none() || context.facts.replicas().any(|pod| known.pod.as_ref() == Some(&pod.pod.uid));
        let state = if told { CheckState::Unknown } else { CheckState::Pending };
        return Some(Answer::new(state, [Evidence::SignalMissing { signal: CHECKPOINTS_COMPLETED }]));
    }
    let failed = known.failed_in_a_row();
    let none_for_long =
        context.horizon.lasted(known.completed_at.unwrap_or(known.since), context.policy.checkpoint_timeout);
    // The counters do not tell when the last one was completed: one must be seen to come, from pods that are all Ready.
    let seen = known.completed_at.is_some_and(|at| context.memory.window.since.is_some_and(|since| since <= at));
    let state = if failed >= FAILED_IN_A_ROW || none_for_long {
        CheckState::Fail
    } else if failed > 0 || !seen {
        CheckState::Pending
    } else {
        CheckState::Pass
    };
    Some(Answer::new(state, [Evidence::Checkpoints { completed_at: known.completed_at, failed, since: known.since }]))
}
