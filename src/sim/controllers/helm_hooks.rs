//! Hooks: Jobs that Helm makes outside the workloads, one after the other, and waits for.
//!
//! Helm notes that a hook runs when it starts it, and how it ended only when it next writes the revision: a Secret may
//! say `Running` of a hook that is long over.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::helm_client::{self, HelmEvent};
use super::helm_history::{self, HookState};
use super::meta::{self, Owner, managed};
use super::pod::{Named, Pod, PodState};
use super::pods::{self, PodEvent};
use crate::sim::scenario::{HelmVersion, Span};
use crate::sim::store::Kind;
use crate::sim::world::cluster::{Cluster, Event, Key};

/// Starts the next hook of `event` from place `from`; `false` when there is none left.
pub(super) fn start_next(cluster: &mut Cluster, operation: u64, event: &str, from: usize) -> bool {
    let Some(work) = cluster.operations.get(&operation) else { return false };
    let (release, number, timeout) = (work.release.clone(), work.revision, work.timeout);
    let Some(found) = cluster.releases.get(&release) else { return false };
    let namespace = found.namespace.clone();
    let Some(revision) = found.revisions.get(&number) else { return false };
    let mut due: Vec<(i32, usize)> = revision
        .hooks
        .iter()
        .enumerate()
        .filter(|(_, state)| state.hook.event == event)
        .map(|(place, state)| (state.hook.weight, place))
        .collect();
    due.sort_unstable();
    let Some((_, place)) = due.get(from).copied() else { return false };
    let Some(hook) = revision.hooks.get(place).map(|state| state.hook.clone()) else { return false };
    let tag = revision.values.tag.clone();
    let now = cluster.now;
    helm_history::update(cluster, &release, number, false, |revision| {
        if let Some(state) = revision.hooks.get_mut(place) {
            *state = HookState { started: Some(now), completed: None, phase: "Running", hook: state.hook.clone() };
        }
    });
    let key = (namespace, hook.name.clone());
    replace_job(cluster, &release, &key, &hook.manifest);
    let fate = cluster.behaviour(&release, &hook.name, &tag).hooks;
    let (after, error) = if fate.takes > timeout {
        (timeout, Some("timed out waiting for the condition".to_owned()))
    } else if fate.fails {
        let helm = cluster.operations.get(&operation).map_or(cluster.helm, |work| work.helm);
        (fate.takes, Some(failure(helm, &key)))
    } else {
        (fate.takes, None)
    };
    cluster.schedule(after, Event::Helm(operation, HelmEvent::HookEnds { place, turn: from, error }));
    true
}

/// What Helm says of a Job that failed.
fn failure(helm: HelmVersion, key: &Key) -> String {
    match helm {
        HelmVersion::Three => format!("job {} failed: BackoffLimitExceeded", key.1),
        HelmVersion::Four => {
            format!("resource Job/{}/{} not ready. status: Failed, message: Job Failed. failed: 1/1", key.0, key.1)
        }
    }
}

/// A hook is over; Helm remembers how, and goes on.
pub(super) fn ended(cluster: &mut Cluster, operation: u64, place: usize, turn: usize, error: Option<&str>) {
    let Some(work) = cluster.operations.get(&operation) else { return };
    let (release, number, helm) = (work.release.clone(), work.revision, work.helm);
    let now = cluster.now;
    let mut job = None;
    if let Some(found) = cluster.releases.get_mut(&release) {
        let namespace = found.namespace.clone();
        if let Some(state) = found.revisions.get_mut(&number).and_then(|revision| revision.hooks.get_mut(place)) {
            state.completed = Some(now);
            state.phase = if error.is_some() { "Failed" } else { "Succeeded" };
            job = Some((namespace, state.hook.name.clone(), state.hook.event.clone()));
        }
    }
    let Some((namespace, name, event)) = job else { return };
    end_job(cluster, &(namespace, name), error);
    match error {
        None => helm_client::after_hook(cluster, operation, &event, turn + 1),
        Some(why) => {
            // Helm 3 counts its errors, one to a line.
            let why = match helm {
                HelmVersion::Three => format!("1 error occurred:\n\t* {why}\n\n"),
                HelmVersion::Four => why.to_owned(),
            };
            helm_client::fail(cluster, operation, &format!("{event} hooks failed: {why}"), true);
        }
    }
}

fn replace_job(cluster: &mut Cluster, release: &str, key: &Key, manifest: &str) {
    let old: Vec<Key> = cluster
        .pods
        .values()
        .filter(|pod| pod.owner.kind == "Job" && pod.key.0 == key.0 && pod.workload == key.1)
        .map(|pod| pod.key.clone())
        .collect();
    // Deletion before creation is the policy of all hooks here.
    for pod in old {
        cluster.pods.remove(&pod);
        cluster.remove(Kind::Pods, pod);
    }
    cluster.remove(Kind::Jobs, key.clone());
    let uid = cluster.next_uid();
    let manifest: Value = serde_saphyr::from_str(manifest).unwrap_or_default();
    let created = cluster.stamp();
    let object = job(key, &uid, &manifest, &created, &json!({ "active": 1, "ready": 0, "startTime": created }));
    cluster.put(Kind::Jobs, object);
    let template = manifest.pointer("/spec/template").cloned().unwrap_or_default();
    let mut labels = meta::labels(&template, "/metadata/labels");
    labels.insert("batch.kubernetes.io/job-name".to_owned(), key.1.clone());
    labels.insert("job-name".to_owned(), key.1.clone());
    let now = cluster.now;
    let name = format!("{}-{}", key.1, meta::suffix(cluster.next_number()));
    let named =
        Named { key: (key.0.clone(), name), generate_name: format!("{}-", key.1), workload: key.1.clone(), labels };
    let owner = Owner { api_version: "batch/v1", kind: "Job", name: key.1.clone(), uid };
    let mut pod = Pod::new(cluster, named, owner, release, template);
    pod.state = PodState::Creating;
    pod.node = Some("node-a".to_owned());
    pod.scheduled = Some(now);
    let pod_key = pod.key.clone();
    pods::create_placed(cluster, pod);
    cluster.schedule(Span::from_secs(3), Event::Pod(pod_key, 0, PodEvent::Start));
}

fn end_job(cluster: &mut Cluster, key: &Key, error: Option<&str>) {
    let pod = cluster.pods.values().find(|pod| pod.owner.kind == "Job" && pod.key.0 == key.0 && pod.workload == key.1);
    let Some(pod) = pod.cloned() else { return };
    pods::finish(cluster, &pod.key, error.is_none());
    let at = cluster.stamp();
    let condition = |kind: &str, reason: &str| json!({ "type": kind, "status": "True", "reason": reason, "lastProbeTime": at, "lastTransitionTime": at });
    let started = cluster.clock.stamp(pod.created);
    let status = if error.is_none() {
        let done = [condition("SuccessCriteriaMet", "CompletionsReached"), condition("Complete", "CompletionsReached")];
        json!({ "succeeded": 1, "startTime": started, "completionTime": at, "conditions": done })
    } else {
        let failed = [condition("FailureTarget", "BackoffLimitExceeded"), condition("Failed", "BackoffLimitExceeded")];
        json!({ "failed": 1, "startTime": started, "conditions": failed })
    };
    let manifest = json!({ "spec": { "template": pod.template, "backoffLimit": 0 } });
    let object = job(key, &pod.owner.uid, &manifest, &started, &status);
    cluster.put(Kind::Jobs, object);
}

fn job(key: &Key, uid: &str, manifest: &Value, created: &str, status: &Value) -> Value {
    let hook = BTreeMap::from([("app.kubernetes.io/managed-by", "Helm")]);
    let fields = json!({ "f:spec": { "f:template": {} } });
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": key.1,
            "namespace": key.0,
            "uid": uid,
            "creationTimestamp": created,
            "generation": 1,
            "labels": manifest.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!(hook)),
            "annotations": manifest.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({})),
            "managedFields": [managed("helm", "batch/v1", created, &fields, None)],
        },
        "spec": manifest.get("spec"),
        "status": status,
    })
}
