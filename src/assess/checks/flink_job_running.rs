//! Does GSP's Flink job run? Genesys's own alert is no running job for ten minutes. A job that starts anew counts as one that
//! runs there, but has no uptime.

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
    let state = match (running, flink.count(JOB_UPTIME)) {
        (0, _) => CheckState::Fail,
        (_, Some(0)) => CheckState::Pending,
        _ => CheckState::Pass,
    };
    Some(Answer::new(state, [Evidence::FlinkJobs { running, restarts: flink.count(JOB_RESTARTS) }]))
}
