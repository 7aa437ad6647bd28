//! The `ReplicaSets` of a Deployment: which is the newest, how many pods each has, and the pods themselves.
//!
//! The newest is the one with the highest annotated revision; a rollback finds the old set again and gives it a new
//! revision, so the newest may be the oldest by creation. Failed pods stay in the list and count for nothing.

use serde_json::{Value, json};

use super::deployment::Deployment;
use super::meta::{self, Owner, managed};
use super::pod::{Named, Pod};
use super::pods;
use crate::sim::scenario::Span;
use crate::sim::store::Kind;
use crate::sim::world::cluster::{Cluster, Key};

/// The annotation that orders `ReplicaSets`.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotations by which a Deployment tells its sets how many pods there shall and may be.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";

/// One ReplicaSet.
#[derive(Clone, Debug)]
pub(in crate::sim) struct ReplicaSet {
    pub(super) name: String,
    uid: String,
    pub(super) hash: String,
    pub(super) revision: u32,
    desired: usize,
    template: Value,
    created: Span,
    generation: i64,
}

impl ReplicaSet {
    /// Its pods, Failed and terminating ones too.
    pub(super) fn pods<'a>(&self, cluster: &'a Cluster, deployment: &Deployment) -> Vec<&'a Pod> {
        let mine = |pod: &&Pod| pod.owner.uid == self.uid && pod.key.0 == deployment.key.0;
        cluster.pods.values().filter(mine).collect()
    }

    /// Its pods that count.
    pub(super) fn active(&self, cluster: &Cluster, deployment: &Deployment) -> usize {
        self.pods(cluster, deployment).into_iter().filter(|pod| pod.is_active()).count()
    }

    /// Its Ready pods that count.
    pub(super) fn available(&self, cluster: &Cluster, deployment: &Deployment) -> usize {
        self.pods(cluster, deployment).into_iter().filter(|pod| pod.is_available()).count()
    }
}

/// Finds or makes the ReplicaSet of the present template. Says how the rollout began, if it began now.
pub(super) fn choose_newest(cluster: &mut Cluster, deployment: &mut Deployment) -> Option<&'static str> {
    let hash = deployment.hash.clone();
    let highest = deployment.sets.iter().map(|set| set.revision).max().unwrap_or(0);
    if let Some(set) = deployment.sets.iter_mut().find(|set| set.hash == hash) {
        if set.revision == highest {
            return None;
        }
        set.revision = highest + 1;
        return Some("FoundNewReplicaSet");
    }
    let set = ReplicaSet {
        name: format!("{}-{hash}", deployment.key.1),
        uid: cluster.next_uid(),
        hash,
        revision: highest + 1,
        desired: 0,
        template: deployment.template(),
        created: cluster.now,
        generation: 0,
    };
    deployment.sets.push(set);
    Some("NewReplicaSetCreated")
}

/// Moves replicas from the old sets to the newest as far as surge and availability allow, and makes or deletes pods.
/// Says whether anything moved.
pub(super) fn balance(cluster: &mut Cluster, deployment: &mut Deployment) -> bool {
    let replicas = deployment.replicas();
    let (surge, may_miss) = deployment.quarter();
    let Some(newest) = deployment.newest().map(|set| set.name.clone()) else { return false };
    let available: Vec<usize> = deployment.sets.iter().map(|set| set.available(cluster, deployment)).collect();
    let total: usize = deployment.sets.iter().map(|set| set.desired).sum();
    let floor = replicas.saturating_sub(may_miss);
    let (mut now_new, mut missing_new) = (0, 0);
    for (set, ready) in deployment.sets.iter().zip(&available).filter(|(set, _)| set.name == newest) {
        now_new = set.desired;
        missing_new = set.desired.saturating_sub(*ready);
    }
    let room = (replicas + surge).saturating_sub(total);
    let new_wanted = if now_new > replicas { replicas } else { now_new + room.min(replicas - now_new) };
    // What may go without fewer being available than must stay: broken pods of old sets first, then good ones.
    let mut broken = total.saturating_sub(floor + missing_new);
    let mut spare = available.iter().sum::<usize>().saturating_sub(floor);
    let mut wanted = Vec::with_capacity(available.len());
    for (set, ready) in deployment.sets.iter().zip(&available) {
        if set.name == newest {
            wanted.push(new_wanted);
            continue;
        }
        let dropped = set.desired.saturating_sub(*ready).min(broken);
        broken -= dropped;
        let good = (set.desired - dropped).min(spare);
        spare -= good;
        wanted.push(set.desired - dropped - good);
    }
    let mut moved = false;
    for (set, wanted) in deployment.sets.iter_mut().zip(wanted) {
        if set.desired != wanted || set.generation == 0 {
            set.desired = wanted;
            set.generation += 1;
            moved = true;
        }
    }
    for index in 0..deployment.sets.len() {
        fill(cluster, deployment, index);
    }
    moved
}

/// Makes or deletes pods of one set until it has as many as it should.
fn fill(cluster: &mut Cluster, deployment: &Deployment, index: usize) {
    let Some(set) = deployment.sets.get(index) else { return };
    let active = set.active(cluster, deployment);
    for _ in active..set.desired {
        create_pod(cluster, deployment, set);
    }
    let mut surplus: Vec<(bool, i64, Key)> = set
        .pods(cluster, deployment)
        .into_iter()
        .filter(|pod| pod.is_active())
        .map(|pod| (pod.ready, -pod.created.millis(), pod.key.clone()))
        .collect();
    // Those that are not Ready go first, then the youngest.
    surplus.sort();
    surplus.truncate(active.saturating_sub(set.desired));
    for (_, _, key) in surplus {
        pods::delete(cluster, &key);
    }
}

fn create_pod(cluster: &mut Cluster, deployment: &Deployment, set: &ReplicaSet) {
    if !pods::is_admitted(cluster, &deployment.release, &deployment.key.1, &set.template) {
        return;
    }
    let mut labels = meta::labels(&set.template, "/metadata/labels");
    labels.insert("pod-template-hash".to_owned(), set.hash.clone());
    let name = format!("{}-{}", set.name, meta::suffix(cluster.next_number()));
    let named = Named {
        key: (deployment.key.0.clone(), name),
        generate_name: format!("{}-", set.name),
        workload: deployment.key.1.clone(),
        labels,
    };
    let owner = Owner { api_version: "apps/v1", kind: "ReplicaSet", name: set.name.clone(), uid: set.uid.clone() };
    let pod = Pod::new(cluster, named, owner, &deployment.release, set.template.clone());
    pods::create(cluster, pod);
}

/// Writes all sets.
pub(super) fn publish(cluster: &mut Cluster, deployment: &Deployment) {
    let (surge, _) = deployment.quarter();
    for set in &deployment.sets {
        let ready = set.available(cluster, deployment);
        let active = set.active(cluster, deployment);
        let owner = Owner {
            api_version: "apps/v1",
            kind: "Deployment",
            name: deployment.key.1.clone(),
            uid: deployment.uid.clone(),
        };
        let mut labels = meta::labels(&set.template, "/metadata/labels");
        labels.insert("pod-template-hash".to_owned(), set.hash.clone());
        let mut template = set.template.clone();
        if let Some(slot) = template.pointer_mut("/metadata/labels") {
            *slot = json!(labels);
        }
        let fields = json!({ "f:metadata": { "f:annotations": {} }, "f:spec": { "f:replicas": {} } });
        let mut status = json!({ "replicas": active, "observedGeneration": set.generation });
        if let Some(counts) = status.as_object_mut().filter(|_| active > 0) {
            counts.insert("fullyLabeledReplicas".to_owned(), Value::from(active));
            for name in ["readyReplicas", "availableReplicas"].into_iter().filter(|_| ready > 0) {
                counts.insert(name.to_owned(), Value::from(ready));
            }
        }
        let mut annotations = meta::annotations(cluster.installer, &deployment.release, &deployment.key.0);
        if let Some(annotations) = annotations.as_object_mut() {
            let most = deployment.replicas() + surge;
            annotations.insert(REVISION.to_owned(), Value::from(set.revision.to_string()));
            annotations.insert(DESIRED.to_owned(), Value::from(deployment.replicas().to_string()));
            annotations.insert(MOST.to_owned(), Value::from(most.to_string()));
        }
        let object = json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": set.name,
                "namespace": deployment.key.0,
                "uid": set.uid,
                "creationTimestamp": cluster.clock.stamp(set.created),
                "generation": set.generation,
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": owner.json(),
                "managedFields": [managed("kube-controller-manager", "apps/v1", &cluster.clock.stamp(set.created), &fields, None)],
            },
            "spec": {
                "replicas": set.desired,
                "selector": deployment.spec.get("selector"),
                "template": template,
            },
            "status": status,
        });
        cluster.put(Kind::ReplicaSets, object);
    }
}
