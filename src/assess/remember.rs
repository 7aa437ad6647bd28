//! What is remembered: memory is brought up to date before a judgement (what was seen) and after it (what was concluded).
//!
//! Pure: time is an argument. Everything that is added here is bounded in `model::memory`.

mod checkpoints;

use std::collections::VecDeque;
use std::time::Duration;

use super::assessment::{Assessment, ComponentAssessment, Operation, OperationKind, Outcome, Stage};
use super::checks::carries_signal;
use super::topics;
use crate::model::facts::{ComponentFacts, Facts, Generation, PodFacts};
use crate::model::memory::{
    ComponentMemory, Counter, LatencyWindow, MAX_COUNTERS, MAX_RESTARTS, MAX_SAMPLES, MAX_TOPICS, MAX_VERIFIED, Memory,
    Over, PodMemory, Sample, Started, Witness,
};
use crate::model::names::{Component, Name};
use crate::model::policy::Policy;
use crate::model::signal::COUNTERS;
use crate::model::source::Freshness;
use crate::model::suite::Suite;
use crate::model::time::{Timestamp, before, between};
use crate::model::workload::{Pod, WaitingReason};

/// Notes what the facts show: since when pods are Ready, restarts, crash loops, samples, topics, checkpoints.
pub fn seen(memory: &mut Memory, facts: &Facts, policy: &Policy, now: Timestamp) {
    begins(memory, facts);
    let members = &facts.suite.members;
    // Memory of a borrowed component is its owner's.
    for (component, facts) in facts.components.iter().filter(|(component, _)| members.get(*component).owner.is_none()) {
        let memory = memory.components.get_mut(component);
        pods(memory, facts, policy, now);
        counters(memory, facts);
        samples(memory, facts, policy, now);
        checkpoints::seen(memory, facts, policy);
        let carrying = facts.signals.readings.iter().filter(|reading| carries_signal(component, reading));
        memory.carried = carrying.map(|reading| reading.at).max().max(memory.carried);
        // A page that never had what is asked for, or a pod that never answered, can be missed by no operation.
        let heard = |pod: &PodFacts| facts.signals.last_read(&pod.pod.uid).is_some();
        if memory.first_read.is_none() && facts.replicas().filter(|pod| pod.pod.ready).all(heard) {
            memory.first_read = memory.carried;
        }
    }
}

/// Notes what was concluded: since when each condition holds, what was verified, how the operation went.
pub fn concluded(memory: &mut Memory, suite: &Suite, assessment: &Assessment, policy: &Policy, now: Timestamp) {
    let own = |component| suite.members.get(component).owner.is_none();
    for (component, assessed) in assessment.components.iter().filter(|(component, _)| own(*component)) {
        let memory = memory.components.get_mut(component);
        memory.since.retain(|condition, _| assessed.conditions.contains(condition));
        for condition in &assessed.conditions {
            memory.since.entry(*condition).or_insert(now);
        }
        if let Some(operation) = &assessed.operation {
            let seen = operation.revision.map(|revision| (operation.begin, revision));
            if let Some(seen) = seen
                && assessed.stage == Stage::Verified
                && !memory.verified.contains(&seen)
            {
                memory.verified.push(seen);
                memory.verified.sort_unstable();
                if memory.verified.len() > MAX_VERIFIED {
                    memory.verified.remove(0);
                }
            }
            if matches!(assessed.stage, Stage::Verifying | Stage::Verified) {
                memory.rolled_out = Some(operation.begin);
                over(memory, operation, now);
            }
        }
        memory.well = wellness(memory, assessed, policy, now);
        witness(memory, assessed, now);
    }
}

/// Notes when an operation was over. That it was not over before was seen where it is being witnessed already.
fn over(memory: &mut ComponentMemory, operation: &Operation, now: Timestamp) {
    if memory.over.is_none_or(|over| over.begin != operation.begin) {
        let witnessed = memory.witness.as_ref().is_some_and(|witness| witness.begin == operation.begin);
        memory.over = Some(Over { begin: operation.begin, at: now, witnessed });
    }
}

/// Whether a component is verified, or at rest in health. One that merely cannot be proved yet, because memory is young, is
/// not known to be unwell.
fn wellness(memory: &ComponentMemory, assessed: &ComponentAssessment, policy: &Policy, now: Timestamp) -> Option<bool> {
    match assessed.stage {
        Stage::Absent | Stage::Verified => Some(true),
        Stage::Unknown => None,
        Stage::Verifying if between(memory.began, now) <= policy.trend_window => None,
        Stage::Verifying
        | Stage::Applying
        | Stage::RollingOut
        | Stage::Degraded
        | Stage::Failed
        | Stage::Uninstalling => Some(false),
    }
}

/// Notes how the suite was when an operation began that was not there at the last look.
fn begins(memory: &mut Memory, facts: &Facts) {
    let new = facts.components.map(|component, facts| {
        let memory = memory.components.get_mut(component);
        if facts.sources.helm != Freshness::Fresh && facts.sources.helm != Freshness::Off {
            return None;
        }
        let begin = facts.operation_began();
        let before = memory.newest.replace(begin);
        begin.filter(|_| before.is_some_and(|before| before != begin))
    });
    for (component, begin) in new.iter() {
        let Some(begin) = *begin else { continue };
        let well = |&other: &Component| {
            // Of operations that came to light together, the earlier one was not over.
            let began_before = new.get(other).is_some_and(|at| other != component && at <= begin);
            if began_before { Some(false) } else { memory.components.get(other).well }
        };
        let ill = Component::ALL.iter().copied().find(|other| well(other) == Some(false));
        let known = Component::ALL.iter().all(|other| well(other).is_some());
        memory.components.get_mut(component).started = Some(Started { begin, ill, known });
    }
}

fn pods(memory: &mut ComponentMemory, facts: &ComponentFacts, policy: &Policy, now: Timestamp) {
    memory.pods.retain(|uid, _| facts.pods().any(|pod| pod.pod.uid == *uid));
    for PodFacts { pod, generation } in facts.replicas() {
        let restarts = most_restarts(pod);
        let known = memory.pods.entry(pod.uid.clone()).or_insert_with(|| first_seen(pod, now));
        if known.ready != pod.ready {
            (known.ready, known.since) = (pod.ready, now);
        }
        // Pods of an earlier revision may crash for as long as they are there: that is not the newest one's fault.
        if *generation == Generation::New {
            if pod.waits(|reason| reason == WaitingReason::CrashLoopBackOff) {
                known.loop_seen = Some(now);
            }
            if known.restarts < restarts {
                known.restarted.push_back(now);
            }
        }
        known.restarts = restarts;
        let forgotten = before(now, policy.hold);
        let restarted = &mut known.restarted;
        while restarted.len() > MAX_RESTARTS || restarted.front().is_some_and(|at| *at < forgotten) {
            restarted.pop_front();
        }
    }
}

/// A pod that was not seen before: since when it is Ready or not, the kubelet says, by its own clock.
fn first_seen(pod: &Pod, now: Timestamp) -> PodMemory {
    let unsaid = if pod.ready { now } else { pod.created };
    let since = pod.ready_changed.unwrap_or(unsaid).max(pod.created).min(now);
    PodMemory { ready: pod.ready, since, restarts: most_restarts(pod), restarted: VecDeque::new(), loop_seen: None }
}

fn most_restarts(pod: &Pod) -> u32 {
    pod.containers.iter().map(|container| container.restarts).max().unwrap_or(0)
}

/// Notes which counters rise. One that has fallen started anew, with its process, and so did one of a fixed URL when the pods
/// behind it changed.
fn counters(memory: &mut ComponentMemory, facts: &ComponentFacts) {
    let same_pods = memory.window.pods == replicas(facts);
    let exists = |uid: &Name| facts.pods().any(|known| known.pod.uid == *uid);
    memory.counters.retain(|(pod, _), _| pod.as_ref().map_or(same_pods, exists));
    for reading in facts.signals.readings.iter().filter(|reading| reading.pod_uid.as_ref().is_none_or(exists)) {
        for read in reading.values.iter().filter(|value| COUNTERS.contains(&&*value.signal)) {
            let first = Counter { value: read.value, since: reading.at, rose: None };
            let key = (reading.pod_uid.clone(), read.signal.clone());
            let has_room = memory.counters.len() < MAX_COUNTERS;
            match memory.counters.get_mut(&key) {
                Some(known) if read.value > known.value => {
                    (known.value, known.rose) = (read.value, Some(reading.at));
                }
                Some(known) if read.value < known.value => *known = first,
                None if has_room => drop(memory.counters.insert(key, first)),
                _ => {}
            }
        }
    }
}

/// UIDs of the replicas, sorted.
fn replicas(facts: &ComponentFacts) -> Vec<Name> {
    let mut pods: Vec<Name> = facts.replicas().map(|pod| pod.pod.uid.clone()).collect();
    pods.sort_unstable();
    pods
}

fn samples(memory: &mut ComponentMemory, facts: &ComponentFacts, policy: &Policy, now: Timestamp) {
    let pods = replicas(facts);
    // A pod that is on its way out may still answer for a fixed URL.
    let leaving = facts.pods().any(|pod| pod.pod.terminating && pod.pod.is_replica());
    let all_ready = !pods.is_empty() && !leaving && facts.replicas().all(|pod| pod.pod.ready);
    if memory.window.pods != pods {
        memory.window = LatencyWindow { pods, ..LatencyWindow::default() };
    }
    let window = &mut memory.window;
    if !all_ready {
        // What was read before all of them were Ready proves nothing once they are again.
        window.since = None;
        window.fell = false;
        window.samples.clear();
        return;
    }
    let since = *window.since.get_or_insert(now);
    let Some(newest) = facts.signals.newest() else { return };
    if newest.at < since || window.samples.back().is_some_and(|last| last.at >= newest.at) {
        return;
    }
    let current = || facts.signals.current(policy.signal_silence()).filter(|reading| reading.at >= since);
    let Some(seconds) =
        current().filter_map(|reading| reading.latency_seconds(&policy.ignored_topics)).reduce(f64::max)
    else {
        return;
    };
    for topic in current().flat_map(|reading| &reading.topics) {
        if memory.topics.len() < MAX_TOPICS || memory.topics.contains_key(&topic.topic) {
            memory.topics.insert(topic.topic.clone(), newest.at);
        }
    }
    // A topic that was not seen for the suspect window is retired, not missing; not before the window of an operation is over
    // that took it away when it began.
    let missed = policy.suspect_window.saturating_add(policy.times.gim.ready_timeout);
    memory.topics.retain(|_, seen| between(*seen, now) < missed);
    if !topics::absent(facts, memory, policy).is_empty() {
        // What the others say is not the latency: the largest may have gone with its topic.
        return;
    }
    let window = &mut memory.window;
    window.peak_at_ready.get_or_insert(seconds);
    window.fell |= window.samples.back().is_some_and(|last| seconds < last.seconds);
    // One sample from before the window stays, so that the samples reach over all of it however they are spaced.
    let begin = before(newest.at, policy.trend_window);
    while window.samples.len() >= MAX_SAMPLES || window.samples.get(1).is_some_and(|second| second.at <= begin) {
        window.samples.pop_front();
    }
    // No more room than for this one: memory is copied at each judgement, so that room beyond would never be used.
    window.samples.reserve_exact(1);
    window.samples.push_back(Sample { at: newest.at, seconds });
}

/// Follows the operation: the time it spends in each stage, and its outcome.
fn witness(memory: &mut ComponentMemory, assessed: &ComponentAssessment, now: Timestamp) {
    let Some(operation) = assessed.current_operation() else { return };
    let stage = assessed.stage.as_str();
    if memory.witness.as_ref().is_none_or(|witness| witness.begin != operation.begin) {
        let whole = memory.began <= operation.begin;
        if let Some(former) = memory.witness.take() {
            let undone = matches!(operation.kind, OperationKind::Rollback | OperationKind::Downgrade);
            let outcome = if undone { Outcome::Undone } else { Outcome::Replaced };
            finish(memory, former, outcome);
        }
        memory.witness = Some(Witness {
            begin: operation.begin,
            kind: operation.kind.as_str(),
            whole,
            stage: (stage, now),
            spent: std::collections::BTreeMap::new(),
            outcome: None,
        });
    }
    let Some(witness) = &mut memory.witness else { return };
    witness.kind = operation.kind.as_str();
    if witness.stage.0 != stage {
        let (left, since) = std::mem::replace(&mut witness.stage, (stage, now));
        *witness.spent.entry(left).or_insert(Duration::ZERO) += between(since, now);
    }
    let outcome = match assessed.stage {
        Stage::Verified => Some(Outcome::Verified),
        Stage::Failed => Some(Outcome::Failed),
        _ => None,
    };
    if let Some(outcome) = outcome
        && let Some(witness) = memory.witness.take()
    {
        memory.witness = Some(finish(memory, witness, outcome));
    }
}

/// Counts an operation's outcome, the first that it has; one that was not witnessed from its begin does not count.
fn finish(memory: &mut ComponentMemory, mut witness: Witness, outcome: Outcome) -> Witness {
    if witness.whole && witness.outcome.is_none() {
        *memory.completed.entry((witness.kind, outcome.as_str())).or_insert(0) += 1;
        witness.outcome = Some(outcome.as_str());
    }
    witness
}
