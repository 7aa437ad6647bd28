//! Do the containers keep running? A crash loop alternates with Running, and its back-off grows to five minutes, so that
//! counting restarts in a window alone would lose it: having been seen in the loop counts for as long as the hold.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::facts::{Generation, PodFacts};
use crate::model::time::Timestamp;
use crate::model::workload::{Pod, TerminatedReason, WaitingReason};

/// So many restarts of one pod within the hold, or of one that is in a crash loop, are not stable.
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
    } else if context.facts.replicas().next().is_none() || recent_restarts(context, Timestamp::MIN) > 0 {
        CheckState::Pending
    } else {
        CheckState::Pass
    };
    let restarted = restarted.collect::<Vec<_>>();
    Some(Answer::new(state, killed.into_iter().chain(restarted)))
}

/// Whether containers end again and again.
fn keeps_crashing(context: &Context<'_>) -> bool {
    in_crash_loop(context, |_| true) || recent_restarts(context, Timestamp::MIN) >= RESTARTS
}

/// Whether containers that the operation made end again and again: the part of this check that may be held against it.
/// A pod that crashed before the operation began is no evidence of what the operation did.
#[must_use]
pub fn crashes_since(context: &Context<'_>, begin: Timestamp) -> bool {
    let made = |pod: &PodFacts| pod.generation == Generation::New && pod.pod.created >= begin;
    in_crash_loop(context, made) || recent_restarts(context, begin) >= RESTARTS
}

fn in_crash_loop(context: &Context<'_>, counts: impl Fn(&PodFacts) -> bool) -> bool {
    context.facts.replicas().filter(|pod| counts(pod)).any(|pod| {
        let now = pod.pod.waits(|reason| reason == WaitingReason::CrashLoopBackOff);
        let seen = context.memory.pods.get(&pod.pod.uid).and_then(|memory| memory.loop_seen);
        let lately = seen.is_some_and(|seen| !context.horizon.lasted(seen, context.policy.hold));
        pod.pod.restarts() >= RESTARTS && (now || lately)
    })
}

/// Restarts since `begin` and within the hold, of the pod that has most. Those of several pods are not added up: a node
/// that starts anew restarts each of its pods once.
fn recent_restarts(context: &Context<'_>, begin: Timestamp) -> u32 {
    let recent = |at: &&Timestamp| **at >= begin && !context.horizon.lasted(**at, context.policy.hold);
    let counts = context.memory.pods.values().map(|pod| pod.restarted.iter().filter(recent).count());
    u32::try_from(counts.max().unwrap_or(0)).unwrap_or(u32::MAX)
}

/// Pods of the new generation that ran out of memory since the operation began, while it is of interest. When a container
/// was killed is not known: a pod of before the operation counts only where it was seen to restart since.
fn out_of_memory<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Pod> {
    let begin = context.operation.filter(|operation| operation.in_window).map(|operation| operation.begin);
    let since_begin = move |pod: &Pod| {
        let restarted = context.memory.pods.get(&pod.uid).and_then(|known| known.restarted.back());
        begin.is_some_and(|begin| pod.created >= begin || restarted.is_some_and(|at| *at >= begin))
    };
    context
        .facts
        .replicas()
        .filter(|pod| pod.generation == Generation::New)
        .map(|pod| &*pod.pod)
        .filter(move |pod| since_begin(pod))
        .filter(|pod| pod.containers.iter().any(|c| c.last_terminated == Some(TerminatedReason::OomKilled)))
}
