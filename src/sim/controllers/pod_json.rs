//! A pod as the API server shows it: the template's spec with defaults, status, conditions and container states.

use serde_json::{Map, Value, json};

use super::meta::{image_tag, managed};
use super::pod::{Exit, Pod, PodState};
use crate::sim::scenario::Span;
use crate::sim::world::cluster::Cluster;

/// Grace of the pod templates in the charts, in seconds.
const GRACE_SECONDS: i64 = 30;

/// The pod as JSON.
pub(super) fn object(cluster: &Cluster, pod: &Pod) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(cluster, pod),
        "spec": spec(pod),
        "status": status(cluster, pod),
    })
}

fn metadata(cluster: &Cluster, pod: &Pod) -> Value {
    let created = cluster.clock.stamp(pod.created);
    let changed = cluster.clock.stamp(pod.changed);
    let fields = json!({ "f:metadata": { "f:labels": {}, "f:ownerReferences": {} }, "f:spec": { "f:containers": {} } });
    let mut entries = vec![managed("kube-controller-manager", "v1", &created, &fields, None)];
    if pod.node.is_some() {
        let status = json!({ "f:status": { "f:conditions": {}, "f:containerStatuses": {}, "f:phase": {} } });
        entries.push(managed("kubelet", "v1", &changed, &status, Some("status")));
    }
    let mut metadata = json!({
        "name": pod.key.1,
        "namespace": pod.key.0,
        "generateName": pod.generate_name,
        "uid": pod.uid,
        "creationTimestamp": created,
        "generation": 1,
        "labels": pod.labels,
        "ownerReferences": pod.owner.json(),
        "managedFields": entries,
    });
    if let Some(entries) = metadata.as_object_mut() {
        if let Some(annotations) = pod.template.pointer("/metadata/annotations") {
            entries.insert("annotations".to_owned(), annotations.clone());
        }
        if let Some(deleted) = pod.deleted {
            let until = deleted.plus(Span::from_secs(GRACE_SECONDS));
            entries.insert("deletionTimestamp".to_owned(), Value::from(cluster.clock.stamp(until)));
            entries.insert("deletionGracePeriodSeconds".to_owned(), Value::from(GRACE_SECONDS));
        }
    }
    metadata
}

fn spec(pod: &Pod) -> Value {
    let mut spec = pod.template.get("spec").cloned().unwrap_or_else(|| json!({}));
    if let Some(fields) = spec.as_object_mut() {
        let defaults = json!({
            "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0, "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "tolerations": [
                { "effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300 },
                { "effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300 },
            ],
        });
        for (name, value) in defaults.as_object().into_iter().flatten() {
            fields.entry(name.clone()).or_insert_with(|| value.clone());
        }
        if let Some(node) = &pod.node {
            fields.insert("nodeName".to_owned(), Value::from(node.as_str()));
        }
    }
    spec
}

fn status(cluster: &Cluster, pod: &Pod) -> Value {
    let mut status = Map::new();
    let phase = match pod.state {
        PodState::Failed | PodState::JobFailed => "Failed",
        PodState::Succeeded => "Succeeded",
        PodState::Running | PodState::Exited | PodState::CrashLoopBackOff | PodState::Stopped => "Running",
        _ => "Pending",
    };
    status.insert("phase".to_owned(), Value::from(phase));
    status.insert("qosClass".to_owned(), Value::from("Burstable"));
    if pod.state == PodState::Failed {
        status.insert("reason".to_owned(), Value::from("Evicted"));
        status.insert("message".to_owned(), Value::from("The node was low on resource: memory. "));
    }
    let conditions = conditions(cluster, pod);
    if !conditions.is_empty() {
        status.insert("conditions".to_owned(), Value::from(conditions));
    }
    if let Some(scheduled) = pod.scheduled {
        status.insert("startTime".to_owned(), Value::from(kubelet(cluster, scheduled)));
        status.insert("hostIP".to_owned(), Value::from("10.0.0.11"));
        if pod.state != PodState::Failed {
            status.insert("containerStatuses".to_owned(), json!([container(cluster, pod)]));
        }
    }
    if let Some(ip) = &pod.ip {
        status.insert("podIP".to_owned(), Value::from(ip.as_str()));
        status.insert("podIPs".to_owned(), json!([{ "ip": ip }]));
    }
    Value::Object(status)
}

fn kubelet(cluster: &Cluster, at: Span) -> String {
    cluster.clock.stamp(at.plus(cluster.clocks.kubelet))
}

fn conditions(cluster: &Cluster, pod: &Pod) -> Vec<Value> {
    let condition = |kind: &str, holds: bool, since: &str, reason: Option<(&str, &str)>| {
        let mut condition = json!({
            "type": kind, "status": if holds { "True" } else { "False" }, "lastProbeTime": null,
            "lastTransitionTime": since,
        });
        if let (Some((reason, message)), Some(fields)) = (reason, condition.as_object_mut()) {
            fields.insert("reason".to_owned(), Value::from(reason));
            fields.insert("message".to_owned(), Value::from(message));
        }
        condition
    };
    let Some(scheduled) = pod.scheduled else {
        if pod.state == PodState::New {
            return Vec::new();
        }
        let why = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: \
                   3 No preemption victims found for incoming pod.";
        let since = cluster.clock.stamp(pod.created.plus(super::LAG));
        return vec![condition("PodScheduled", false, &since, Some(("Unschedulable", why)))];
    };
    let scheduled_at = cluster.clock.stamp(scheduled);
    let began = kubelet(cluster, scheduled);
    let turned = kubelet(cluster, if pod.ready || pod.restarts > 0 { pod.ready_changed } else { scheduled });
    let name = container_name(pod);
    let not_ready = format!("containers with unready status: [{name}]");
    let why = match pod.state {
        _ if pod.ready => None,
        PodState::Succeeded => Some(("PodCompleted", "")),
        PodState::JobFailed | PodState::Failed => Some(("PodFailed", "")),
        _ => Some(("ContainersNotReady", not_ready.as_str())),
    };
    let mut all = vec![
        condition("PodReadyToStartContainers", pod.ip.is_some(), &began, None),
        condition("Initialized", true, &began, None),
        condition("Ready", pod.ready, &turned, why),
        condition("ContainersReady", pod.ready, &turned, why),
        condition("PodScheduled", true, &scheduled_at, None),
    ];
    if pod.state == PodState::Failed {
        let since = kubelet(cluster, pod.changed);
        let why = Some(("TerminationByKubelet", "The node was low on resource: memory. "));
        all.push(condition("DisruptionTarget", true, &since, why));
    }
    all
}

fn container_name(pod: &Pod) -> &str {
    pod.template.pointer("/spec/containers/0/name").and_then(Value::as_str).unwrap_or_default()
}

fn container(cluster: &Cluster, pod: &Pod) -> Value {
    let image = pod.template.pointer("/spec/containers/0/image").and_then(Value::as_str).unwrap_or_default();
    let runs = pod.state == PodState::Running;
    let ended = |exit: &Exit| {
        json!({ "terminated": {
            "exitCode": exit.code, "reason": exit.reason,
            "startedAt": kubelet(cluster, exit.began), "finishedAt": kubelet(cluster, exit.ended),
            "containerID": format!("containerd://{:064x}", pod.restarts),
        } })
    };
    let waiting = |reason: &str, message: &str| {
        if message.is_empty() {
            json!({ "waiting": { "reason": reason } })
        } else {
            json!({ "waiting": { "reason": reason, "message": message } })
        }
    };
    let state = match pod.state {
        PodState::ErrImagePull { .. } => {
            let why =
                format!("failed to pull and unpack image \"{image}\": failed to resolve reference: {image}: not found");
            waiting("ErrImagePull", &why)
        }
        PodState::ImagePullBackOff { .. } => waiting(
            "ImagePullBackOff",
            &format!("Back-off pulling image \"{image}\": ErrImagePull: {image}: not found"),
        ),
        PodState::CrashLoopBackOff => {
            let why = format!("back-off restarting failed container={} pod={}", container_name(pod), pod.key.1);
            waiting("CrashLoopBackOff", &why)
        }
        PodState::Running => {
            json!({ "running": { "startedAt": kubelet(cluster, pod.started.unwrap_or(pod.created)) } })
        }
        PodState::Exited | PodState::Stopped | PodState::Succeeded | PodState::JobFailed => {
            pod.last_exit.as_ref().map_or_else(|| waiting("ContainerCreating", ""), ended)
        }
        _ => waiting("ContainerCreating", ""),
    };
    let shows_last = pod.restarts > 0 && matches!(pod.state, PodState::Running | PodState::CrashLoopBackOff);
    let last = if shows_last { pod.last_exit.as_ref().map_or_else(|| json!({}), ended) } else { json!({}) };
    let has_image = runs || pod.last_exit.is_some();
    json!({
        "name": container_name(pod),
        "image": image,
        "imageID": if has_image { format!("registry.example.com/image@sha256:{:0>64}", image_tag(&pod.template).replace('.', "")) } else { String::new() },
        "containerID": if has_image { format!("containerd://{:064x}", pod.restarts) } else { String::new() },
        "ready": pod.ready,
        "started": runs,
        "restartCount": pod.restarts,
        "state": state,
        "lastState": last,
    })
}
