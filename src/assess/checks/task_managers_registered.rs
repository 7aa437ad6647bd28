//! Have task managers registered with Flink's job manager? Genesys's own alert is none for ten minutes. Fewer than the
//! workloads want is no failure: where the job lacks them, it does not run.

use super::Context;
use super::flink::Flink;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::facts::ComponentFacts;
use crate::model::signal::TASK_MANAGERS;

/// How the names of task managers' workloads end: that of Genesys's chart, and that of Flink's own examples.
const TASK_MANAGER_NAMES: [&str; 3] = ["-tm", "-taskmanager", "-task-manager"];

/// Answers `task_managers_registered`; does not apply where the component is not GSP, has no endpoint or does not tell it.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let flink = match Flink::of(context)? {
        Ok(flink) => flink,
        Err(answer) => return Some(answer),
    };
    let registered = flink.count(TASK_MANAGERS)?;
    let wanted = wanted(context.facts);
    let state = if registered == 0 {
        CheckState::Fail
    } else if registered < wanted {
        CheckState::Pending
    } else {
        CheckState::Pass
    };
    Some(Answer::new(state, [Evidence::TaskManagers { registered, wanted: wanted.max(1) }]))
}

/// How many task managers the workloads want, as far as their names tell which are theirs.
fn wanted(facts: &ComponentFacts) -> u64 {
    let workloads = facts.workloads.iter().map(|workload| &workload.workload);
    workloads
        .filter(|workload| TASK_MANAGER_NAMES.iter().any(|end| workload.name.ends_with(end)))
        .fold(0, |sum, workload| sum + u64::from(workload.desired))
}
