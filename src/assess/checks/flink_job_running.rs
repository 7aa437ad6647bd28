//! Does GSP's Flink job run? Genesys's own alert is no running job for ten minutes. A job that starts anew counts as one that
//! runs there, but has no uptime.

use std::time::Duration;

use super::Context;
use super::flink::Flink;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::signal::{JOB_RESTARTS, JOB_UPTIME, RUNNING_JOBS};

/// Answers `flink_job_running`; does not apply where the component is not GSP or has no endpoint.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let flink = match Flink::of(context)? {
        Ok(flink) => flink,
        Err(answer) => return Some(answer),
    };
    let running = flink.count(RUNNING_JOBS)?;
    // A job that fails again and again runs at most moments, too: like pods it must have run for a while.
    let runs_for = |uptime: u64| Duration::from_millis(uptime) >= context.times.soak;
    let state = match (running, flink.count(JOB_UPTIME)) {
        (0, _) => CheckState::Fail,
        (_, Some(uptime)) if uptime == 0 || !runs_for(uptime) => CheckState::Pending,
        _ => CheckState::Pass,
    };
    Some(Answer::new(state, [Evidence::FlinkJobs { running, restarts: flink.count(JOB_RESTARTS) }]))
}
