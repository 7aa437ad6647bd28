//! The StatefulSet controller, with its trap: pods are looked at in order, and one that is not Ready stops it all.
//!
//! So a broken pod is not replaced when its set is rolled back. With `OnDelete` it replaces nothing by itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::meta::{self, Owner, managed, template_hash};
use super::pod::{Named, Pod, PodState};
use super::{LAG, helm_wait, pods};
use crate::sim::scenario::Span;
use crate::sim::store::Kind;
use crate::sim::world::cluster::{Cluster, Event, Key};

/// A StatefulSet.
#[derive(Clone, Debug)]
pub(in crate::sim) struct StatefulSet {
    key: Key,
    pub(super) release: String,
    uid: String,
    created: Span,
    /// When Helm last wrote it.
    applied: Span,
    /// When somebody else last wrote its template.
    by_hand: Option<Span>,
    /// When its status was last written.
    status_written: Span,
    generation: i64,
    observed: i64,
    labels: BTreeMap<String, String>,
    spec: Value,
    /// The revision of the spec's template.
    revision: String,
    current_revision: String,
    update_revision: String,
    counts: Counts,
    /// The status last written: one that says the same is not written again.
    status: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    replicas: usize,
    ready: usize,
    current: usize,
    updated: usize,
}

impl StatefulSet {
    fn replicas(&self) -> usize {
        let replicas = self.spec.get("replicas").and_then(Value::as_u64).unwrap_or(1);
        usize::try_from(replicas).unwrap_or_default()
    }

    fn is_on_delete(&self) -> bool {
        self.spec.pointer("/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete")
    }

    fn template(&self) -> Value {
        self.spec.get("template").cloned().unwrap_or_default()
    }

    /// Whether `helm --wait` would go on.
    pub(super) fn is_rolled_out(&self) -> bool {
        if self.observed != self.generation {
            return false;
        }
        self.is_on_delete()
            || self.counts.updated >= self.replicas()
                && self.counts.ready == self.replicas()
                && self.current_revision == self.update_revision
    }

    /// What Helm 4 says of one that is not.
    pub(super) fn progress(&self) -> (String, String) {
        let name = format!("StatefulSet/{}/{}", self.key.0, self.key.1);
        (name, format!("Ready: {}/{}", self.counts.ready, self.replicas()))
    }
}

/// What Helm or `kubectl scale` applies. A spec that differs begins a new generation.
pub(super) fn apply(cluster: &mut Cluster, namespace: &str, release: &str, manifest: &Value) {
    let name = manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let key = (namespace.to_owned(), name.to_owned());
    let mut spec = manifest.get("spec").cloned().unwrap_or_default();
    let partition = spec.pointer("/updateStrategy/type").and_then(Value::as_str) == Some("RollingUpdate");
    if let Some(strategy) = spec.get_mut("updateStrategy").and_then(Value::as_object_mut).filter(|_| partition) {
        strategy.entry("rollingUpdate").or_insert_with(|| json!({ "partition": 0 }));
    }
    let labels = meta::labels(manifest, "/metadata/labels");
    let now = cluster.now;
    if let Some(set) = cluster.stateful_sets.get_mut(&key) {
        if set.spec != spec {
            set.revision = revision_name(name, &spec);
            set.spec = spec;
            set.generation += 1;
        }
        set.labels = labels;
        set.applied = now;
    } else {
        let set = StatefulSet {
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
            revision: revision_name(name, &spec),
            spec,
            current_revision: String::new(),
            update_revision: String::new(),
            counts: Counts::default(),
            status: json!({ "replicas": 0, "availableReplicas": 0 }),
        };
        cluster.stateful_sets.insert(key.clone(), set);
    }
    publish(cluster, &key);
    cluster.schedule(LAG, Event::StatefulSet(key));
}

fn revision_name(set: &str, spec: &Value) -> String {
    format!("{set}-{}", template_hash(spec.get("template").unwrap_or(&Value::Null)))
}

/// `kubectl set image`.
pub(super) fn set_image(cluster: &mut Cluster, key: &Key, tag: &str) {
    let now = cluster.now;
    if let Some(set) = cluster.stateful_sets.get_mut(key) {
        meta::set_image(&mut set.spec, tag);
        set.revision = revision_name(&key.1, &set.spec);
        set.generation += 1;
        set.by_hand = Some(now);
        publish(cluster, key);
        cluster.schedule(LAG, Event::StatefulSet(key.clone()));
    }
}

/// `kubectl scale`.
pub(super) fn scale(cluster: &mut Cluster, key: &Key, replicas: u32) {
    if let Some(set) = cluster.stateful_sets.get_mut(key) {
        if let Some(spec) = set.spec.as_object_mut() {
            spec.insert("replicas".to_owned(), Value::from(replicas));
        }
        set.generation += 1;
        publish(cluster, key);
        cluster.schedule(LAG, Event::StatefulSet(key.clone()));
    }
}

/// Deletes the set; its pods follow, as garbage collection has it.
pub(super) fn delete(cluster: &mut Cluster, key: &Key) {
    if cluster.stateful_sets.remove(key).is_some() {
        cluster.remove(Kind::StatefulSets, key.clone());
        for pod in owned(cluster, key).into_iter().map(|pod| pod.key) {
            pods::delete(cluster, &pod);
        }
    }
}

/// One look of the controller.
pub(super) fn reconcile(cluster: &mut Cluster, key: &Key) {
    let Some(set) = cluster.stateful_sets.get_mut(key) else { return };
    set.observed = set.generation;
    set.update_revision.clone_from(&set.revision);
    if set.current_revision.is_empty() {
        set.current_revision.clone_from(&set.update_revision);
    }
    let set = set.clone();
    act(cluster, &set);
    count(cluster, key, &set);
    write_status(cluster, key);
    publish(cluster, key);
    helm_wait::look(cluster);
}

/// At most one change of pods, as OrderedReady has it.
fn act(cluster: &mut Cluster, set: &StatefulSet) {
    let existing = owned(cluster, &set.key);
    let find = |ordinal: usize| {
        let name = format!("{}-{ordinal}", set.key.1);
        existing.iter().find(|pod| pod.key.1 == name)
    };
    for ordinal in 0..set.replicas() {
        match find(ordinal) {
            None => {
                create_pod(cluster, set, ordinal);
                return;
            }
            Some(pod) if pod.state == PodState::Failed && pod.deleted.is_none() => {
                pods::delete(cluster, &pod.key);
                return;
            }
            // Not Ready, or on its way out: everything waits for it.
            Some(pod) if !pod.is_available() => return,
            Some(_) => {}
        }
    }
    if let Some(surplus) = existing.iter().rev().find(|pod| ordinal_of(pod) >= set.replicas()) {
        pods::delete(cluster, &surplus.key);
        return;
    }
    if set.is_on_delete() {
        return;
    }
    let old = (0..set.replicas()).rev().filter_map(find).find(|pod| revision_of(pod) != Some(&set.update_revision));
    if let Some(pod) = old {
        pods::delete(cluster, &pod.key);
    }
}

fn count(cluster: &mut Cluster, key: &Key, before: &StatefulSet) {
    let pods = owned(cluster, key);
    let of =
        |revision: &String| pods.iter().filter(|pod| pod.is_active() && revision_of(pod) == Some(revision)).count();
    let mut counts = Counts {
        replicas: pods.len(),
        ready: pods.iter().filter(|pod| pod.ready && !pod.is_over()).count(),
        current: of(&before.current_revision),
        updated: of(&before.update_revision),
    };
    let Some(set) = cluster.stateful_sets.get_mut(key) else { return };
    if !set.is_on_delete() && counts.updated == set.replicas() && counts.ready == set.replicas() {
        set.current_revision.clone_from(&set.update_revision);
        counts.current = counts.updated;
    }
    set.counts = counts;
}

fn write_status(cluster: &mut Cluster, key: &Key) {
    let now = cluster.now;
    let Some(set) = cluster.stateful_sets.get_mut(key) else { return };
    let mut status = json!({
        "observedGeneration": set.observed,
        "replicas": set.counts.replicas,
        "availableReplicas": set.counts.ready,
        "currentRevision": set.current_revision,
        "updateRevision": set.update_revision,
        "collisionCount": 0,
    });
    // The API leaves these out when they are 0.
    let counts = [
        ("readyReplicas", set.counts.ready),
        ("currentReplicas", set.counts.current),
        ("updatedReplicas", set.counts.updated),
    ];
    if let Some(fields) = status.as_object_mut() {
        fields.extend(counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| ((*name).to_owned(), Value::from(*n))));
    }
    if set.status != status {
        set.status = status;
        set.status_written = now;
    }
}

fn create_pod(cluster: &mut Cluster, set: &StatefulSet, ordinal: usize) {
    let template = set.template();
    if !pods::is_admitted(cluster, &set.release, &set.key.1, &template) {
        return;
    }
    let mut labels = meta::labels(&template, "/metadata/labels");
    let name = format!("{}-{ordinal}", set.key.1);
    labels.insert("apps.kubernetes.io/pod-index".to_owned(), ordinal.to_string());
    labels.insert("controller-revision-hash".to_owned(), set.update_revision.clone());
    labels.insert("statefulset.kubernetes.io/pod-name".to_owned(), name.clone());
    let named = Named {
        key: (set.key.0.clone(), name),
        generate_name: format!("{}-", set.key.1),
        workload: set.key.1.clone(),
        labels,
    };
    let owner = Owner { api_version: "apps/v1", kind: "StatefulSet", name: set.key.1.clone(), uid: set.uid.clone() };
    let pod = Pod::new(cluster, named, owner, &set.release, template);
    pods::create(cluster, pod);
}

fn owned(cluster: &Cluster, key: &Key) -> Vec<Pod> {
    let mut pods: Vec<Pod> = cluster
        .pods
        .values()
        .filter(|pod| pod.owner.kind == "StatefulSet" && pod.key.0 == key.0 && pod.workload == key.1)
        .cloned()
        .collect();
    pods.sort_by_key(ordinal_of);
    pods
}

fn ordinal_of(pod: &Pod) -> usize {
    pod.key.1.rsplit_once('-').and_then(|(_, ordinal)| ordinal.parse().ok()).unwrap_or_default()
}

fn revision_of(pod: &Pod) -> Option<&String> {
    pod.labels.get("controller-revision-hash")
}

fn publish(cluster: &mut Cluster, key: &Key) {
    let Some(set) = cluster.stateful_sets.get(key) else { return };
    let stamp = |at| cluster.clock.stamp(at);
    let fields = json!({ "f:metadata": { "f:labels": {} }, "f:spec": { "f:replicas": {}, "f:template": {} } });
    let mut entries = vec![managed(meta::manager(cluster.installer), "apps/v1", &stamp(set.applied), &fields, None)];
    if let Some(at) = set.by_hand {
        entries.push(managed("kubectl-set", "apps/v1", &stamp(at), &json!({ "f:spec": { "f:template": {} } }), None));
    }
    if set.observed > 0 {
        let written = json!({ "f:status": { "f:observedGeneration": {}, "f:replicas": {} } });
        let time = stamp(set.status_written);
        entries.push(managed("kube-controller-manager", "apps/v1", &time, &written, Some("status")));
    }
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": set.key.1,
            "namespace": set.key.0,
            "uid": set.uid,
            "creationTimestamp": stamp(set.created),
            "generation": set.generation,
            "labels": set.labels,
            "annotations": meta::annotations(cluster.installer, &set.release, &set.key.0),
            "managedFields": entries,
        },
        "spec": set.spec,
        "status": set.status,
    });
    cluster.put(Kind::StatefulSets, object);
}
