//! The scheduler and the kubelet: what becomes of a pod from its creation to its end.
//!
//! The behaviour of the pod's build decides, looked up anew at each turn, so that a scenario can change it on the way.

use serde_json::Value;

use super::meta::image_tag;
use super::pod::{Exit, Pod, PodState};
use super::{LAG, flink, pod_json};
use crate::sim::chart::component_of;
use crate::sim::info_mart;
use crate::sim::metrics_page::{self, Counters};
use crate::sim::scenario::{Behaviour, Fate, Migrates, Span, Surrounding};
use crate::sim::store::Kind;
use crate::sim::world::cluster::{Cluster, Event, Key};

/// What happens to a pod.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) enum PodEvent {
    Schedule,
    Pull {
        attempt: u32,
    },
    BackOffPull {
        attempt: u32,
    },
    Start,
    Ready,
    Unready,
    Crash,
    AfterCrash,
    Restart,
    Stop,
    Remove,
    /// The migration of the database is over.
    Migrated,
    /// Its node has not been heard of for too long: first it is not Ready, then it is to go.
    Missed,
    GivenUp,
}

/// From creation to a node.
const SCHEDULING: Span = Span::from_millis(1000);
/// From a node to the first answer of the registry.
const SANDBOX: Span = Span::from_millis(2000);
/// How long `ErrImagePull` shows before the back-off does.
const PULL_ERROR: Span = Span::from_millis(3000);
/// The kubelet's longest back-off, of images and containers alike, in seconds.
const LONGEST_BACK_OFF: i64 = 300;
/// The nodes of the cluster.
const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];
/// How long a node may be silent before its pods count as not Ready, and how long before they are to go.
const NODE_GRACE: Span = Span::from_secs(40);
const NODE_GIVEN_UP: Span = Span::from_secs(340);

/// Has a new pod live.
pub(super) fn create(cluster: &mut Cluster, pod: Pod) {
    let key = pod.key.clone();
    cluster.pods.insert(key.clone(), pod);
    publish(cluster, &key);
    later(cluster, &key, SCHEDULING, PodEvent::Schedule);
}

/// Has a pod live that is on a node already, as the pods of hooks are for brevity.
pub(super) fn create_placed(cluster: &mut Cluster, pod: Pod) {
    let key = pod.key.clone();
    cluster.pods.insert(key.clone(), pod);
    publish(cluster, &key);
}

/// `kubectl delete pod`, or a controller that does the same.
pub(super) fn delete(cluster: &mut Cluster, key: &Key) {
    let Some(pod) = cluster.pods.get(key) else { return };
    if pod.deleted.is_some() {
        return;
    }
    let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
    let now = cluster.now;
    let Some(pod) = cluster.pods.get_mut(key) else { return };
    pod.deleted = Some(now);
    pod.epoch += 1;
    let runs = pod.state == PodState::Running;
    if pod.lost {
        // Nobody is there to end it.
    } else if pod.is_over() || !runs {
        later(cluster, key, LAG, PodEvent::Remove);
    } else {
        let stops = behaviour.terminates_in.minus(LAG).max(Span::ZERO);
        later(cluster, key, stops, PodEvent::Stop);
    }
    changed(cluster, key);
}

/// The kubelet throws a pod out: it fails, and stays.
pub(super) fn evict(cluster: &mut Cluster, key: &Key) {
    let now = cluster.now;
    if let Some(pod) = cluster.pods.get_mut(key) {
        pod.state = PodState::Failed;
        pod.epoch += 1;
        end_ready(pod, now);
        changed(cluster, key);
    }
}

/// Its node is gone.
pub(super) fn lose(cluster: &mut Cluster, key: &Key) {
    if let Some(pod) = cluster.pods.get_mut(key) {
        pod.lost = true;
        pod.epoch += 1;
        later(cluster, key, NODE_GRACE, PodEvent::Missed);
        later(cluster, key, NODE_GIVEN_UP, PodEvent::GivenUp);
        consume(cluster);
    }
}

/// `kubectl delete pod --force`: the pods of a workload that are being deleted for ever, or all of them.
pub(super) fn force_delete(cluster: &mut Cluster, release: &str, workload: &str) {
    let mine = || cluster.pods.values().filter(|pod| pod.release == release && pod.workload == workload);
    let hangs = |pod: &&Pod| pod.lost || pod.deleted.is_some();
    let mut keys: Vec<Key> = mine().filter(hangs).map(|pod| pod.key.clone()).collect();
    if keys.is_empty() {
        keys = mine().map(|pod| pod.key.clone()).collect();
    }
    for key in keys {
        remove(cluster, &key);
    }
}

/// Whether the API server would let a controller make a pod of this template.
pub(super) fn is_admitted(cluster: &Cluster, release: &str, workload: &str, template: &Value) -> bool {
    cluster.behaviour(release, workload, &image_tag(template)).pods != Fate::NotAdmitted
}

/// Ends a Job's pod.
pub(super) fn finish(cluster: &mut Cluster, key: &Key, succeeded: bool) {
    if let Some(pod) = cluster.pods.get_mut(key) {
        pod.state = if succeeded { PodState::Succeeded } else { PodState::JobFailed };
        pod.epoch += 1;
        pod.last_exit = Some(Exit {
            began: pod.started.unwrap_or(pod.created),
            ended: cluster.now,
            code: i32::from(!succeeded),
            reason: if succeeded { "Completed" } else { "Error" },
        });
        publish(cluster, key);
    }
}

/// Behaviours have changed: those that wait or run look again.
pub(super) fn reconsider(cluster: &mut Cluster, release: &str) {
    let keys: Vec<Key> = cluster
        .pods
        .values()
        .filter(|pod| pod.release == release && pod.is_active())
        .map(|pod| pod.key.clone())
        .collect();
    for key in keys {
        let Some(pod) = cluster.pods.get(&key) else { continue };
        if pod.owner.kind == "Job" || pod.lost {
            continue;
        }
        let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
        let event = match (pod.state, behaviour.pods) {
            (PodState::Unschedulable, fate) if fate != Fate::Unschedulable => Some((LAG, PodEvent::Schedule)),
            (PodState::ErrImagePull { attempt } | PodState::ImagePullBackOff { attempt }, fate)
                if fate != Fate::ImageMissing =>
            {
                Some((SANDBOX, PodEvent::Pull { attempt }))
            }
            (PodState::Running, Fate::CrashLoop | Fate::Oom) => Some((behaviour.crash_after, PodEvent::Crash)),
            (PodState::Running, Fate::NeverReady) if pod.ready => Some((LAG, PodEvent::Unready)),
            (PodState::Running, Fate::Normal) if !pod.ready => Some((pod.ready_after(&behaviour), PodEvent::Ready)),
            _ => None,
        };
        if let Some((after, event)) = event {
            if let Some(pod) = cluster.pods.get_mut(&key) {
                pod.epoch += 1;
            }
            later(cluster, &key, after, event);
        }
    }
    wake_workloads(cluster, release);
    consume(cluster);
}

/// Their controllers look again: what was not admitted may be now.
fn wake_workloads(cluster: &mut Cluster, release: &str) {
    let sets = cluster.stateful_sets.iter().filter(|(_, set)| set.release == release).map(|(key, _)| key.clone());
    let sets: Vec<Key> = sets.collect();
    let deployments = cluster.deployments.iter().filter(|(_, set)| set.release == release).map(|(key, _)| key.clone());
    let deployments: Vec<Key> = deployments.collect();
    for key in sets {
        cluster.schedule(LAG, Event::StatefulSet(key));
    }
    for key in deployments {
        cluster.schedule(LAG, Event::Deployment(key));
    }
}

/// What is due for a pod.
pub(super) fn on_event(cluster: &mut Cluster, key: &Key, epoch: u64, event: PodEvent) {
    let Some(pod) = cluster.pods.get(key) else { return };
    if pod.epoch != epoch {
        return;
    }
    let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
    let node = pick_node(cluster, key);
    let ip = match (&pod.ip, event) {
        (None, PodEvent::Pull { .. }) => Some(cluster.next_address()),
        (ip, _) => ip.clone(),
    };
    let now = cluster.now;
    info_mart::on_pod_event(cluster, key, &behaviour, event);
    let Some(pod) = cluster.pods.get_mut(key) else { return };
    let mut next: Vec<(Span, PodEvent)> = Vec::new();
    match event {
        PodEvent::Schedule => match node {
            Some(node) if behaviour.pods != Fate::Unschedulable => {
                pod.node = Some(node);
                pod.scheduled = Some(now);
                pod.state = PodState::Creating;
                next.push((SANDBOX, PodEvent::Pull { attempt: 0 }));
            }
            _ => pod.state = PodState::Unschedulable,
        },
        PodEvent::Pull { attempt } => {
            pod.ip = ip;
            if behaviour.pods == Fate::ImageMissing {
                pod.state = PodState::ErrImagePull { attempt };
                next.push((PULL_ERROR, PodEvent::BackOffPull { attempt }));
            } else {
                next.push((behaviour.pull_takes, PodEvent::Start));
            }
        }
        PodEvent::BackOffPull { attempt } => {
            pod.state = PodState::ImagePullBackOff { attempt };
            next.push((back_off(attempt), PodEvent::Pull { attempt: attempt.saturating_add(1) }));
        }
        PodEvent::Start => {
            pod.state = PodState::Running;
            pod.started = Some(now);
            pod.counters = Counters::default();
            next.extend(life(pod, &behaviour));
        }
        PodEvent::Restart => {
            pod.state = PodState::Running;
            pod.started = Some(now);
            pod.counters = Counters::default();
            pod.restarts = pod.restarts.saturating_add(1);
            next.extend(life(pod, &behaviour));
        }
        PodEvent::Ready => {
            pod.ready = true;
            pod.ready_changed = now;
        }
        PodEvent::Unready | PodEvent::Missed => end_ready(pod, now),
        PodEvent::GivenUp => pod.deleted = Some(now),
        PodEvent::Migrated => {}
        PodEvent::Crash => {
            let oom = behaviour.pods == Fate::Oom;
            pod.last_exit = Some(Exit {
                began: pod.started.unwrap_or(now),
                ended: now,
                code: if oom { 137 } else { 1 },
                reason: if oom { "OOMKilled" } else { "Error" },
            });
            pod.state = PodState::Exited;
            end_ready(pod, now);
            next.push((LAG, PodEvent::AfterCrash));
        }
        PodEvent::AfterCrash if pod.restarts == 0 => {
            // The first restart is not held back.
            pod.state = PodState::Running;
            pod.started = Some(now);
            pod.counters = Counters::default();
            pod.restarts = 1;
            next.extend(life(pod, &behaviour));
        }
        PodEvent::AfterCrash => {
            pod.state = PodState::CrashLoopBackOff;
            next.push((back_off(pod.restarts - 1), PodEvent::Restart));
        }
        PodEvent::Stop => {
            pod.state = PodState::Stopped;
            pod.last_exit = Some(Exit { began: pod.started.unwrap_or(now), ended: now, code: 143, reason: "Error" });
            end_ready(pod, now);
            next.push((LAG, PodEvent::Remove));
        }
        PodEvent::Remove => {
            remove(cluster, key);
            return;
        }
    }
    for (after, event) in next {
        later(cluster, key, after, event);
    }
    changed(cluster, key);
}

/// What a container that has just started goes through.
fn life(pod: &Pod, behaviour: &Behaviour) -> Vec<(Span, PodEvent)> {
    if pod.owner.kind == "Job" {
        return Vec::new();
    }
    let ready = (pod.ready_after(behaviour), PodEvent::Ready);
    let migrated = match behaviour.migrates {
        Migrates::After(after) if component_of(&pod.release) == Some("gim") => Some((after, PodEvent::Migrated)),
        _ => None,
    };
    let mut life = until_ready(behaviour, ready);
    life.extend(migrated);
    life
}

fn until_ready(behaviour: &Behaviour, ready: (Span, PodEvent)) -> Vec<(Span, PodEvent)> {
    match behaviour.pods {
        Fate::CrashLoop | Fate::Oom => {
            let crash = (behaviour.crash_after, PodEvent::Crash);
            // One that is Ready before it crashes is so for a moment, each time.
            if behaviour.ready_after.is_some_and(|after| after < behaviour.crash_after) {
                vec![ready, crash]
            } else {
                vec![crash]
            }
        }
        Fate::NeverReady => Vec::new(),
        _ => vec![ready],
    }
}

fn remove(cluster: &mut Cluster, key: &Key) {
    if let Some(pod) = cluster.pods.remove(key) {
        cluster.remove(Kind::Pods, key.clone());
        wake_owner(cluster, &pod);
        consume(cluster);
    }
}

fn end_ready(pod: &mut Pod, now: Span) {
    if pod.ready {
        pod.ready = false;
        pod.ready_changed = now;
    }
}

/// 10, 20, 40 … 300 s.
fn back_off(attempt: u32) -> Span {
    Span::from_secs((10_i64 << attempt.min(10)).min(LONGEST_BACK_OFF))
}

fn later(cluster: &mut Cluster, key: &Key, after: Span, event: PodEvent) {
    if let Some(epoch) = cluster.pods.get(key).map(|pod| pod.epoch) {
        cluster.schedule(after, Event::Pod(key.clone(), epoch, event));
    }
}

fn changed(cluster: &mut Cluster, key: &Key) {
    publish(cluster, key);
    consume(cluster);
    if let Some(pod) = cluster.pods.get(key).cloned() {
        wake_owner(cluster, &pod);
    }
}

fn publish(cluster: &mut Cluster, key: &Key) {
    let now = cluster.now;
    let Some(pod) = cluster.pods.get_mut(key) else { return };
    pod.changed = now;
    let pod = pod.clone();
    let object = pod_json::object(cluster, &pod);
    cluster.put(Kind::Pods, object);
}

fn wake_owner(cluster: &mut Cluster, pod: &Pod) {
    let key = (pod.key.0.clone(), pod.workload.clone());
    match pod.owner.kind {
        "StatefulSet" => cluster.schedule(LAG, Event::StatefulSet(key)),
        "ReplicaSet" => cluster.schedule(LAG, Event::Deployment(key)),
        _ => {}
    }
}

/// GIM consumes from when it is Ready to when it is told to stop, for as long as what it needs is up; and all that pods count
/// goes on at its present rate.
pub(super) fn consume(cluster: &mut Cluster) {
    let now = cluster.now;
    let mut latencies = std::mem::take(&mut cluster.latencies);
    for (release, latency) in &mut latencies {
        let consumers = cluster.pods.values().filter(|pod| pod.release == *release && pod.is_available() && !pod.lost);
        let consumers: Vec<Behaviour> =
            consumers.map(|pod| cluster.behaviour(&pod.release, &pod.workload, &pod.tag)).collect();
        let fed = cluster.surroundings.is_up(Surrounding::Kafka) && cluster.surroundings.is_up(Surrounding::Database);
        latency.quiet(consumers.iter().any(|behaviour| behaviour.quiet), now);
        latency.consume(if fed { consumers.iter().map(|behaviour| behaviour.consumes).sum() } else { 0.0 }, now);
    }
    cluster.latencies = latencies;
    flink::run(cluster);
    metrics_page::count(cluster);
}

fn pick_node(cluster: &Cluster, key: &Key) -> Option<String> {
    let free: Vec<&str> = NODES.into_iter().filter(|node| !cluster.cordoned.contains(*node)).collect();
    let spread = key.1.bytes().map(usize::from).sum::<usize>();
    free.get(spread.checked_rem(free.len())?).map(|node| (*node).to_owned())
}
