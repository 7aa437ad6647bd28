//! The Deployment controller: rolling updates with surge, `ReplicaSets` that a rollback uses again, and the condition
//! `Progressing` by which a rollout that is done can be told from one that is stuck.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::meta::{self, managed, template_hash};
use super::replicasets::{self, ReplicaSet};
use super::{LAG, helm_wait, pods};
use crate::sim::scenario::Span;
use crate::sim::store::Kind;
use crate::sim::world::cluster::{Cluster, Event, Key};

/// A Deployment, with its `ReplicaSets`.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Deployment {
    pub(super) key: Key,
    pub(super) release: String,
    pub(super) uid: String,
    created: Span,
    /// When Helm last wrote it.
    applied: Span,
    /// When somebody else last wrote its template.
    by_hand: Option<Span>,
    status_written: Span,
    generation: i64,
    observed: i64,
    labels: BTreeMap<String, String>,
    pub(super) spec: Value,
    /// The hash of the spec's template.
    pub(super) hash: String,
    pub(super) sets: Vec<ReplicaSet>,
    progress: Progress,
    available: (bool, Span),
    /// Ready pods at the last look: more of them is progress.
    seen_ready: usize,
    /// The status last written: one that says the same is not written again.
    status: Value,
}

/// The condition `Progressing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    reason: &'static str,
    /// Since when its status is what it is.
    since: Span,
    /// When progress was last made.
    updated: Span,
}

const DONE: &str = "NewReplicaSetAvailable";
const STUCK: &str = "ProgressDeadlineExceeded";

impl Deployment {
    pub(super) fn replicas(&self) -> usize {
        let replicas = self.spec.get("replicas").and_then(Value::as_u64).unwrap_or(1);
        usize::try_from(replicas).unwrap_or_default()
    }

    pub(super) fn template(&self) -> Value {
        self.spec.get("template").cloned().unwrap_or_default()
    }

    fn deadline(&self) -> Span {
        Span::from_secs(self.spec.get("progressDeadlineSeconds").and_then(Value::as_i64).unwrap_or(600))
    }

    /// A quarter of the replicas: rounded up for surge, down for what may be missing.
    pub(super) fn quarter(&self) -> (usize, usize) {
        let replicas = self.replicas();
        (replicas.div_ceil(4), replicas / 4)
    }

    /// The ReplicaSet of the present template.
    pub(super) fn newest(&self) -> Option<&ReplicaSet> {
        self.sets.iter().find(|set| set.hash == self.hash)
    }

    /// Whether `helm --wait` would go on.
    pub(super) fn is_rolled_out(&self, cluster: &Cluster) -> bool {
        let (_, may_miss) = self.quarter();
        self.observed == self.generation
            && self.newest().is_some_and(|set| set.available(cluster, self) + may_miss >= self.replicas())
    }

    /// What Helm 4 says of one that is not.
    pub(super) fn progress(&self, cluster: &Cluster) -> (String, String) {
        let name = format!("Deployment/{}/{}", self.key.0, self.key.1);
        let ready = self.newest().map_or(0, |set| set.available(cluster, self));
        (name, format!("Available: {ready}/{}", self.replicas()))
    }
}

/// What Helm applies. A spec that differs begins a new generation.
pub(super) fn apply(cluster: &mut Cluster, namespace: &str, release: &str, manifest: &Value) {
    let name = manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let key = (namespace.to_owned(), name.to_owned());
    let spec = manifest.get("spec").cloned().unwrap_or_default();
    let labels = meta::labels(manifest, "/metadata/labels");
    let now = cluster.now;
    if let Some(deployment) = cluster.deployments.get_mut(&key) {
        if deployment.spec != spec {
            deployment.hash = hash_of(&spec);
            deployment.spec = spec;
            deployment.generation += 1;
        }
        deployment.labels = labels;
        deployment.applied = now;
    } else {
        let deployment = Deployment {
            key: key.clone(),
            release: release.to_owned(),
            uid: cluster.next_uid(),
            created: now,
            applied: now,
            by_hand: None,
            status_written: now,
            generation: 1,
            observed: 0,
            labels,
            hash: hash_of(&spec),
            spec,
            sets: Vec::new(),
            progress: Progress { reason: "", since: now, updated: now },
            available: (false, now),
            seen_ready: 0,
            status: json!({}),
        };
        cluster.deployments.insert(key.clone(), deployment);
    }
    publish(cluster, &key);
    cluster.schedule(LAG, Event::Deployment(key));
}

fn hash_of(spec: &Value) -> String {
    template_hash(spec.get("template").unwrap_or(&Value::Null))
}

/// `kubectl set image`.
pub(super) fn set_image(cluster: &mut Cluster, key: &Key, tag: &str) {
    let now = cluster.now;
    if let Some(deployment) = cluster.deployments.get_mut(key) {
        meta::set_image(&mut deployment.spec, tag);
        deployment.hash = hash_of(&deployment.spec);
        deployment.generation += 1;
        deployment.by_hand = Some(now);
        publish(cluster, key);
        cluster.schedule(LAG, Event::Deployment(key.clone()));
    }
}

/// `kubectl scale`.
pub(super) fn scale(cluster: &mut Cluster, key: &Key, replicas: u32) {
    if let Some(deployment) = cluster.deployments.get_mut(key) {
        if let Some(spec) = deployment.spec.as_object_mut() {
            spec.insert("replicas".to_owned(), Value::from(replicas));
        }
        deployment.generation += 1;
        publish(cluster, key);
        cluster.schedule(LAG, Event::Deployment(key.clone()));
    }
}

/// Deletes it; `ReplicaSets` and pods follow, as garbage collection has it.
pub(super) fn delete(cluster: &mut Cluster, key: &Key) {
    let Some(deployment) = cluster.deployments.remove(key) else { return };
    cluster.remove(Kind::Deployments, key.clone());
    for set in &deployment.sets {
        cluster.remove(Kind::ReplicaSets, (key.0.clone(), set.name.clone()));
        for pod in set.pods(cluster, &deployment).into_iter().map(|pod| pod.key.clone()).collect::<Vec<_>>() {
            pods::delete(cluster, &pod);
        }
    }
}

/// One look of the Deployment and ReplicaSet controllers.
pub(super) fn reconcile(cluster: &mut Cluster, key: &Key) {
    let Some(mut deployment) = cluster.deployments.remove(key) else { return };
    deployment.observed = deployment.generation;
    let began = replicasets::choose_newest(cluster, &mut deployment);
    let moved = replicasets::balance(cluster, &mut deployment);
    judge(cluster, &mut deployment, began, moved);
    replicasets::publish(cluster, &deployment);
    let status = deployment_status(cluster, &deployment);
    if deployment.status != status {
        deployment.status = status;
        deployment.status_written = cluster.now;
    }
    cluster.deployments.insert(key.clone(), deployment);
    publish(cluster, key);
    helm_wait::look(cluster);
}

/// Sets the conditions.
fn judge(cluster: &mut Cluster, deployment: &mut Deployment, began: Option<&'static str>, moved: bool) {
    let now = cluster.now;
    let replicas = deployment.replicas();
    let available: usize = deployment.sets.iter().map(|set| set.available(cluster, deployment)).sum();
    let all: usize = deployment.sets.iter().map(|set| set.active(cluster, deployment)).sum();
    let updated = deployment.newest().map_or(0, |set| set.active(cluster, deployment));
    let done = updated == replicas && all == replicas && available == replicas;
    let mut progress = deployment.progress;
    if let Some(reason) = began {
        progress =
            Progress { reason, since: if progress.reason == STUCK { now } else { progress.since }, updated: now };
    }
    if done {
        if progress.reason != DONE {
            let since = if progress.reason == STUCK { now } else { progress.since };
            progress = Progress { reason: DONE, since, updated: now };
        }
    } else if progress.reason != DONE {
        // What was done once stays done until a new template comes: a pod lost later is no rollout.
        if moved || available > deployment.seen_ready {
            progress = Progress { reason: "ReplicaSetUpdated", since: progress.since, updated: now };
        }
        if progress.reason != STUCK {
            let due = progress.updated.plus(deployment.deadline());
            if due <= now {
                progress = Progress { reason: STUCK, since: now, updated: now };
            } else {
                cluster.schedule_at(due, Event::Deployment(deployment.key.clone()));
            }
        }
    }
    deployment.progress = progress;
    deployment.seen_ready = available;
    let (_, may_miss) = deployment.quarter();
    let enough = available + may_miss >= replicas;
    if deployment.available.0 != enough {
        deployment.available = (enough, now);
    }
}

fn publish(cluster: &mut Cluster, key: &Key) {
    let Some(deployment) = cluster.deployments.get(key) else { return };
    let stamp = |at| cluster.clock.stamp(at);
    let fields = json!({ "f:metadata": { "f:labels": {} }, "f:spec": { "f:replicas": {}, "f:template": {} } });
    let installer = meta::manager(cluster.installer);
    let mut entries = vec![managed(installer, "apps/v1", &stamp(deployment.applied), &fields, None)];
    if let Some(at) = deployment.by_hand {
        entries.push(managed("kubectl-set", "apps/v1", &stamp(at), &json!({ "f:spec": { "f:template": {} } }), None));
    }
    let mut annotations = meta::annotations(cluster.installer, &deployment.release, &key.0);
    if deployment.observed > 0 {
        let written = json!({ "f:status": { "f:conditions": {}, "f:observedGeneration": {}, "f:replicas": {} } });
        let time = stamp(deployment.status_written);
        entries.push(managed("kube-controller-manager", "apps/v1", &time, &written, Some("status")));
        if let (Some(set), Some(annotations)) = (deployment.newest(), annotations.as_object_mut()) {
            annotations.insert(replicasets::REVISION.to_owned(), Value::from(set.revision.to_string()));
        }
    }
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": key.1,
            "namespace": key.0,
            "uid": deployment.uid,
            "creationTimestamp": stamp(deployment.created),
            "generation": deployment.generation,
            "labels": deployment.labels,
            "annotations": annotations,
            "managedFields": entries,
        },
        "spec": deployment.spec,
        "status": deployment.status,
    });
    cluster.put(Kind::Deployments, object);
}

fn deployment_status(cluster: &Cluster, deployment: &Deployment) -> Value {
    let stamp = |at| cluster.clock.stamp(at);
    let ready: usize = deployment.sets.iter().map(|set| set.available(cluster, deployment)).sum();
    let all: usize = deployment.sets.iter().map(|set| set.active(cluster, deployment)).sum();
    let updated = deployment.newest().map_or(0, |set| set.active(cluster, deployment));
    let name = deployment.newest().map_or("", |set| set.name.as_str());
    let (enough, since) = deployment.available;
    let progress = deployment.progress;
    let message = match progress.reason {
        DONE => format!("ReplicaSet \"{name}\" has successfully progressed."),
        STUCK => format!("ReplicaSet \"{name}\" has timed out progressing."),
        "NewReplicaSetCreated" => format!("Created new replica set \"{name}\""),
        "FoundNewReplicaSet" => format!("Found new replica set \"{name}\""),
        _ => format!("ReplicaSet \"{name}\" is progressing."),
    };
    let mut status = json!({
        "observedGeneration": deployment.observed,
        "conditions": [
            {
                "type": "Available", "status": if enough { "True" } else { "False" },
                "reason": if enough { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" },
                "message": if enough { "Deployment has minimum availability." } else { "Deployment does not have minimum availability." },
                "lastTransitionTime": stamp(since), "lastUpdateTime": stamp(since),
            },
            {
                "type": "Progressing", "status": if progress.reason == STUCK { "False" } else { "True" },
                "reason": progress.reason, "message": message,
                "lastTransitionTime": stamp(progress.since), "lastUpdateTime": stamp(progress.updated),
            },
        ],
    });
    // The API leaves a zero out.
    let unavailable = deployment.replicas().max(all).saturating_sub(ready);
    let counts = [
        ("replicas", all),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", ready),
        ("unavailableReplicas", unavailable),
    ];
    if let Some(fields) = status.as_object_mut() {
        fields.extend(counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| ((*name).to_owned(), Value::from(*n))));
    }
    status
}
