//! How far the pods of a component are, by the workloads' own word and the pods'.
//!
//! Kubernetes's shortcuts are not trusted alone: a `StatefulSet` that was rolled back has equal revisions and a broken
//! pod, and right after `helm upgrade` the old pods still look finished. Not for Helm's side: that is `operation`.

use std::time::Duration;

use super::assessment::{Operation, OperationKind, ToldBy};
use super::horizon::Horizon;
use super::images;
use crate::model::facts::{ComponentFacts, Generation, PodFacts, WorkloadFacts};
use crate::model::memory::{ComponentMemory, Condition};
use crate::model::names::Name;
use crate::model::policy::{Policy, Times};
use crate::model::time::{Timestamp, after};
use crate::model::workload::{Pod, UpdateStrategy, WorkloadKind};

/// Within this time of its creation a kubelet says of a pod for the first time that it is not Ready.
const TOLD_WITHIN: Duration = Duration::from_mins(1);

/// A pod of an earlier revision that stands in the way until somebody deletes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StalePod {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub pod: Name,
    /// Which of the two cases: `StalePod` or `OnDelete`.
    pub condition: Condition,
    /// From when on it has been so for long enough to be told.
    pub told: Timestamp,
}

/// A replica that is not Ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// Its name.
    pub pod: Name,
    /// By when it must be Ready.
    pub deadline: Timestamp,
}

/// How far the pods are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Pods wanted.
    pub desired: u32,
    /// Replicas of the new generation that are Ready.
    pub ready: u32,
    /// Whether the workloads' templates carry the manifest's images; `None` where the manifest is not known or declares no
    /// workload.
    pub templates_match: Option<bool>,
    /// Workloads that are not finished: not observed, revisions differ, old or terminating pods, pods missing.
    pub unfinished: Vec<Name>,
    /// Whether every wanted pod of the workloads' newest template is there and Ready, and nothing else is left.
    pub pods_ready: bool,
    /// Whether that template is the manifest's, and the controllers are done: whether the rollout is finished.
    pub all_ready: bool,
    /// Whether the newest revision was rolled out once, whatever happened to its pods since.
    pub once: bool,
    /// Since when all pods are Ready; `None` while they are not.
    pub ready_since: Option<Timestamp>,
    /// Replicas that are not Ready.
    pub unready: Vec<Unready>,
    /// By when the rollout must be finished; `None` where it is.
    pub deadline: Option<Timestamp>,
    /// A pod that stands in the way.
    pub stale: Option<StalePod>,
}

/// What a rollout is read from.
pub struct Evidence<'a> {
    /// The facts.
    pub facts: &'a ComponentFacts,
    /// The memory.
    pub memory: &'a ComponentMemory,
    /// The policy.
    pub policy: &'a Policy,
    /// The component's times.
    pub times: &'a Times,
    /// The operation that made the newest revision.
    pub operation: Option<&'a Operation>,
    /// The present.
    pub horizon: &'a Horizon,
}

/// Reads how far the pods are.
#[must_use]
pub fn read(evidence: &Evidence<'_>) -> Rollout {
    let facts = evidence.facts;
    let unfinished: Vec<&WorkloadFacts> = facts.workloads.iter().filter(|workload| !finished(workload)).collect();
    let propagated = evidence.operation.is_none_or(|operation| {
        operation.end.is_none_or(|end| evidence.horizon.lasted(end, evidence.policy.propagation))
    });
    let templates_match = templates_match(facts);
    let pods_ready = !facts.workloads.is_empty() && facts.workloads.iter().all(all_replicas_ready);
    let all_ready = pods_ready && unfinished.is_empty() && propagated && templates_match != Some(false);
    let once = all_ready || rolled_out_once(evidence);
    // Out of the suspect window the operation's own deadline is of no interest, whatever can be proved of it.
    let settled = once || evidence.operation.is_none_or(|operation| !operation.in_window);
    let unready: Vec<Unready> = facts
        .replicas()
        .filter(|pod| !pod.pod.ready)
        .map(|pod| Unready { pod: pod.pod.name.clone(), deadline: pod_deadline(evidence, pod, settled) })
        .collect();
    let readiness = |pod: &PodFacts| evidence.memory.readiness_since(&pod.pod);
    let ready_since = all_ready.then(|| facts.replicas().map(readiness).max()).flatten();
    let stale = stale_pod(evidence);
    // A stale pod that was only just seen is no failure of the rollout before it is told.
    let told = stale.as_ref().map(|stale| stale.told);
    Rollout {
        desired: facts.desired(),
        ready: ready(facts.replicas()),
        templates_match,
        unfinished: unfinished.iter().map(|workload| workload.workload.name.clone()).collect(),
        pods_ready,
        all_ready,
        once,
        ready_since,
        deadline: (!all_ready).then(|| deadline(evidence, settled, &unready)).max(told),
        unready,
        stale,
    }
}

/// Whether nothing is meant to run: there are workloads, and none wants a pod.
#[must_use]
pub fn scaled_to_zero(facts: &ComponentFacts) -> bool {
    !facts.workloads.is_empty() && facts.desired() == 0
}

/// Whether nothing is known that could run: the manifest declares no workload, and none is there. Something else than Helm
/// may make the pods; they cannot be seen, and their absence says nothing.
#[must_use]
pub fn nothing_to_see(facts: &ComponentFacts) -> bool {
    let declares_none = facts.release.newest().and_then(|newest| newest.body()).is_some_and(|b| b.workloads.is_empty());
    facts.workloads.is_empty() && declares_none
}

/// Whether pods are fewer than wanted, of whatever revision, or still being deleted; or a rollout waits for no pod that is
/// there, but for its controllers: a condition for memory.
#[must_use]
pub fn waits_for_no_pod(facts: &ComponentFacts, rollout: &Rollout) -> bool {
    let for_controllers = !rollout.all_ready && rollout.unready.is_empty();
    for_controllers
        || facts.workloads.iter().any(|workload| {
            let complete = workload.workload.kind == WorkloadKind::Job && workload.workload.progressed;
            let leaving = workload.pods.iter().any(|pod| pod.pod.terminating && pod.pod.is_replica());
            let there = u32::try_from(replicas(workload).count()).unwrap_or(u32::MAX);
            !complete && (leaving || there < workload.workload.desired)
        })
}

fn ready<'a>(pods: impl Iterator<Item = &'a PodFacts>) -> u32 {
    let count = pods.filter(|pod| pod.generation == Generation::New && pod.pod.ready).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn replicas(workload: &WorkloadFacts) -> impl Iterator<Item = &PodFacts> {
    workload.pods.iter().filter(|pod| pod.pod.is_replica() && !pod.pod.terminating)
}

/// Whether every wanted pod exists, is of the new generation, and nothing else is left.
fn replicas_exist(workload: &WorkloadFacts) -> bool {
    let is_job = workload.workload.kind == WorkloadKind::Job;
    if is_job && workload.workload.progressed {
        return true;
    }
    let new = replicas(workload).filter(|pod| pod.generation == Generation::New).count();
    let left = workload.pods.iter().any(|pod| pod.pod.terminating && pod.pod.is_replica());
    let old = replicas(workload).any(|pod| pod.generation == Generation::Old);
    !left && !old && u32::try_from(new).is_ok_and(|new| new >= workload.workload.desired)
}

fn all_replicas_ready(workload: &WorkloadFacts) -> bool {
    let complete = workload.workload.kind == WorkloadKind::Job && workload.workload.progressed;
    complete || (replicas_exist(workload) && replicas(workload).all(|pod| pod.pod.ready))
}

/// Whether the controller has seen the newest template and is done with it.
fn finished(workload: &WorkloadFacts) -> bool {
    controller_done(workload) && replicas_exist(workload)
}

fn controller_done(workload: &WorkloadFacts) -> bool {
    let object = &workload.workload;
    let observed = object.observed_generation >= object.generation;
    observed
        && match object.kind {
            // Under `OnDelete` the controller never moves `currentRevision`; there the pods' own revision decides.
            WorkloadKind::StatefulSet => {
                object.strategy == UpdateStrategy::OnDelete || object.current_revision == object.update_revision
            }
            WorkloadKind::Deployment => object.progressed,
            WorkloadKind::Job | WorkloadKind::Pods => true,
        }
}

/// Whether the workloads' templates carry the images of the newest revision's manifest; `None` where that is not known or
/// declares no workload. Where Helm tells nothing, whether the pods run what the templates carry.
fn templates_match(facts: &ComponentFacts) -> Option<bool> {
    if facts.told_by_workloads() {
        let runs = |workload: &WorkloadFacts| images::strange(&workload.workload.images, workload).next().is_none();
        return Some(facts.workloads.iter().all(runs));
    }
    let body = facts.release.newest()?.body().filter(|body| !body.workloads.is_empty())?;
    Some(body.workloads.iter().all(|declared| {
        facts.workloads.iter().any(|found| {
            found.workload.kind == declared.kind
                && found.workload.name == declared.name
                && found.workload.images == declared.images
        })
    }))
}

/// Whether the newest revision was rolled out before now. Equal revisions of a `StatefulSet` are no proof for a first
/// install or a return to an older revision, nor under `OnDelete`, where they need not be equal: there only memory, or pods
/// made after the rollout's time, can tell, or ones that were Ready before an exporter began that saw none of it.
fn rolled_out_once(evidence: &Evidence<'_>) -> bool {
    let facts = evidence.facts;
    let Some(operation) = evidence.operation else { return false };
    if evidence.memory.rolled_out == Some(operation.begin) {
        return true;
    }
    let current = !facts.workloads.is_empty()
        && templates_match(facts) != Some(false)
        && operation.end.is_some_and(|end| evidence.horizon.lasted(end, evidence.policy.propagation))
        && facts.workloads.iter().all(|workload| workload.workload.desired > 0 && controller_done(workload));
    let returns = matches!(
        operation.kind,
        OperationKind::Install | OperationKind::Rollback | OperationKind::Downgrade | OperationKind::None
    );
    // The workloads alone do not tell whether they returned to an older revision.
    let returns = returns || operation.told_by == ToldBy::Workloads;
    let no_proof = facts.workloads.iter().map(|workload| &workload.workload).any(|object| {
        let set = object.kind == WorkloadKind::StatefulSet;
        // No controller says of bare pods that they were replaced.
        object.kind == WorkloadKind::Pods || set && (returns || object.strategy == UpdateStrategy::OnDelete)
    });
    // An exporter that began later has the kubelets' word alone: a pod that turned long after it was made had been Ready.
    let unseen = evidence.memory.began > operation.ready_deadline;
    let turned = |pod: &Pod| evidence.memory.readiness_since(pod) > after(pod.created, TOLD_WITHIN);
    let replaced = || {
        let mut unready = facts.replicas().map(|pod| &*pod.pod).filter(|pod| !pod.ready).peekable();
        unready.peek().is_some() && unready.all(|pod| pod.created > operation.ready_deadline || unseen && turned(pod))
    };
    current && (!no_proof || replaced())
}

/// By when a replica must be Ready: the operation's deadline; its own where it was made after that, or where the matter is
/// settled (the revision was rolled out before, or is no suspect any more) and the pod was replaced or fell ill since.
fn pod_deadline(evidence: &Evidence<'_>, pod: &PodFacts, settled: bool) -> Timestamp {
    let own = |from: Timestamp| after(from, evidence.times.ready_timeout);
    match evidence.operation {
        Some(operation) if !settled && pod.pod.created <= operation.ready_deadline => operation.ready_deadline,
        Some(_) if !settled => own(pod.pod.created),
        _ => own(evidence.memory.readiness_since(&pod.pod)),
    }
}

fn deadline(evidence: &Evidence<'_>, settled: bool, unready: &[Unready]) -> Timestamp {
    let alone = |span| after(evidence.horizon.since(evidence.memory.since(Condition::NoPodAwaited)), span);
    // The nearest: a pod that has just come does not hide one that has been ill for hours.
    let by_pods = unready.iter().map(|pod| pod.deadline).min();
    match evidence.operation {
        // A pod that somebody deleted late, as a stale one must be, comes again in its own time; and when the last pod is
        // Ready, the controllers have still to clear away and to say so.
        Some(operation) if !settled => {
            by_pods.unwrap_or_else(|| alone(evidence.policy.hold)).max(operation.ready_deadline)
        }
        _ => by_pods.unwrap_or_else(|| alone(evidence.times.ready_timeout)),
    }
}

/// The first pod that stands in the way, with whether it has done so for long enough.
fn stale_pod(evidence: &Evidence<'_>) -> Option<StalePod> {
    let found = evidence.facts.workloads.iter().find_map(|workload| {
        let object = &workload.workload;
        if object.kind != WorkloadKind::StatefulSet || object.observed_generation < object.generation {
            return None;
        }
        // While a pod goes, or one of the new revision comes, the controller is at work.
        let at_work = workload.pods.iter().any(|pod| pod.pod.terminating)
            || replicas(workload).any(|pod| pod.generation == Generation::New && !pod.pod.ready);
        let old =
            |ready: bool| replicas(workload).find(|pod| pod.generation == Generation::Old && pod.pod.ready == ready);
        match object.strategy {
            UpdateStrategy::RollingUpdate if object.ordered && !at_work => {
                old(false).map(|pod| (pod, Condition::StalePod))
            }
            UpdateStrategy::OnDelete if !at_work => {
                old(true).or_else(|| old(false)).map(|pod| (pod, Condition::OnDelete))
            }
            _ => None,
        }
    });
    found.map(|(pod, condition)| StalePod {
        namespace: pod.pod.namespace.clone(),
        pod: pod.pod.name.clone(),
        condition,
        told: after(evidence.horizon.since(evidence.memory.since(condition)), evidence.policy.stale_pod_hold),
    })
}
