//! Do the containers keep running? A crash loop alternates with Running, and its back-off grows to five minutes, so that
//! counting restarts in a window alone would lose it: having been seen in the loop counts for as long as the hold.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::facts::Generation;
use crate::model::workload::{Pod, TerminatedReason, WaitingReason};

/// So many restarts within the hold, or in a pod that is in a crash loop, are not stable.
pub const RESTARTS: u32 = 3;

/// Answers `containers_stable`; does not apply where no pod is wanted.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.rollout.desired == 0 {
        return None;
    }
    let killed: Vec<_> = out_of_memory(context).map(|pod| Evidence::OutOfMemory { pod: pod.name.clone() }).collect();
    let restarted = context
        .facts
        .replicas()
        .filter(|pod| pod.pod.restarts() > 0)
        .map(|pod| Evidence::Restarts { pod: pod.pod.name.clone(), count: pod.pod.restarts() });
    let state = if keeps_crashing(context) || !killed.is_empty() {
        CheckState::Fail
    } else if context.facts.replicas().next().is_none() || recent_restarts(context) > 0 {
        CheckState::Pending
    } else {
        CheckState::Pass
    };
    let restarted = restarted.collect::<Vec<_>>();
    Some(Answer::new(state, killed.into_iter().chain(restarted)))
}

/// Whether containers end again and again: the part of this check that may be held against an operation.
#[must_use]
pub fn keeps_crashing(context: &Context<'_>) -> bool {
    let in_loop = context.facts.replicas().any(|pod| {
        let now = pod.pod.waits(|reason| reason == WaitingReason::CrashLoopBackOff);
        let seen = context.memory.pods.get(&pod.pod.uid).and_then(|memory| memory.loop_seen);
        let lately = seen.is_some_and(|seen| !context.horizon.lasted(seen, context.policy.hold));
        pod.pod.restarts() >= RESTARTS && (now || lately)
    });
    in_loop || recent_restarts(context) >= RESTARTS as usize
}

fn recent_restarts(context: &Context<'_>) -> usize {
    context.memory.restarts.iter().filter(|at| !context.horizon.lasted(**at, context.policy.hold)).count()
}

/// Pods of the new generation that ran out of memory, while an operation is of interest: later, a kill long ago would
/// count for as long as the pod lives.
fn out_of_memory<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Pod> {
    let in_operation = context.operation.is_some_and(|operation| operation.in_window);
    context
        .facts
        .replicas()
        .filter(move |pod| in_operation && pod.generation == Generation::New)
        .map(|pod| &*pod.pod)
        .filter(|pod| pod.containers.iter().any(|c| c.last_terminated == Some(TerminatedReason::OomKilled)))
}
