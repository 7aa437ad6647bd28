//! Pods, with what their containers wait for.

use super::DecodeError;
use super::metadata::{Metadata, Text, count, list, optional, section};
use crate::model::names::Name;
use crate::model::time::Timestamp;
use crate::model::workload::{Container, Pod, PodOwner, PodPhase, TerminatedReason, WaitingReason};
use crate::observe::intern::Interner;

#[derive(serde::Deserialize)]
struct Object<'a> {
    #[serde(borrow, default, deserialize_with = "section")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "section")]
    spec: Spec<'a>,
    #[serde(borrow, default, deserialize_with = "section")]
    status: Status<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    #[serde(borrow)]
    node_name: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    init_containers: Vec<ContainerSpec<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    containers: Vec<ContainerSpec<'a>>,
}

#[derive(serde::Deserialize)]
struct ContainerSpec<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    image: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Option<Text<'a>>,
    #[serde(borrow, rename = "podIP")]
    pod_ip: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    conditions: Vec<Condition<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    init_container_statuses: Vec<ContainerStatus<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    container_statuses: Vec<ContainerStatus<'a>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    last_transition_time: Option<Timestamp>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    restart_count: Option<i64>,
    #[serde(borrow, default, deserialize_with = "section")]
    state: State<'a>,
    #[serde(borrow, default, deserialize_with = "section")]
    last_state: State<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct State<'a> {
    #[serde(borrow)]
    waiting: Option<Reason<'a>>,
    #[serde(borrow)]
    terminated: Option<Reason<'a>>,
}

#[derive(serde::Deserialize)]
struct Reason<'a> {
    #[serde(borrow)]
    reason: Option<Text<'a>>,
}

impl Condition<'_> {
    fn is(&self, kind: &str) -> bool {
        optional(self.kind.as_ref()) == Some(kind)
    }

    fn holds(&self) -> bool {
        optional(self.status.as_ref()) == Some("True")
    }
}

/// Reads a pod.
pub fn pod(json: &[u8], interner: &mut Interner) -> Result<Pod, DecodeError> {
    let Object { metadata, spec, status } = serde_json::from_slice(json)?;
    let ready = status.conditions.iter().find(|condition| condition.is("Ready"));
    let scheduled = status.conditions.iter().any(|condition| condition.is("PodScheduled") && condition.holds());
    let owner = metadata.controller().and_then(|owner| {
        let (kind, uid) = (optional(owner.kind.as_ref())?, optional(owner.uid.as_ref())?);
        Some(PodOwner { kind: interner.name(kind), uid: interner.name(uid) })
    });
    let mut containers = Vec::with_capacity(spec.init_containers.len() + spec.containers.len());
    for container in &spec.init_containers {
        containers.push(join(container, &status.init_container_statuses, true, interner)?);
    }
    for container in &spec.containers {
        containers.push(join(container, &status.container_statuses, false, interner)?);
    }
    Ok(Pod {
        namespace: interner.name(metadata.namespace()?),
        name: metadata.name()?.into(),
        uid: metadata.uid()?.into(),
        owner,
        created: metadata.created()?,
        phase: phase(optional(status.phase.as_ref())),
        terminating: metadata.deletion_timestamp.is_some(),
        scheduled: scheduled || optional(spec.node_name.as_ref()).is_some(),
        ready: ready.is_some_and(Condition::holds),
        ready_changed: ready.and_then(|condition| condition.last_transition_time),
        revision_hash: optional(metadata.labels.revision_hash.as_ref()).map(|hash| interner.name(hash)),
        labels: metadata.labels.of_app(interner),
        ip: optional(status.pod_ip.as_ref()).map(Name::from),
        containers,
    })
}

/// One container of the specification with its status, where it has one yet.
fn join(
    spec: &ContainerSpec,
    statuses: &[ContainerStatus],
    init: bool,
    interner: &mut Interner,
) -> Result<Container, DecodeError> {
    let name = optional(spec.name.as_ref()).ok_or(DecodeError::Missing("spec.containers.name"))?;
    let image = optional(spec.image.as_ref()).ok_or(DecodeError::Missing("spec.containers.image"))?;
    let status = statuses.iter().find(|status| optional(status.name.as_ref()) == Some(name));
    let text = |reason: &Reason| optional(reason.reason.as_ref()).unwrap_or_default().to_owned();
    let waiting = status.and_then(|status| status.state.waiting.as_ref());
    let ended = status.and_then(|status| status.state.terminated.as_ref().or(status.last_state.terminated.as_ref()));
    Ok(Container {
        name: interner.name(name),
        init,
        image: interner.name(image),
        restarts: count(status.and_then(|status| status.restart_count).unwrap_or(0)),
        waiting: waiting.map(|reason| WaitingReason::from_kubernetes(&text(reason))),
        last_terminated: ended.map(|reason| TerminatedReason::from_kubernetes(&text(reason))),
    })
}

fn phase(text: Option<&str>) -> PodPhase {
    match text {
        Some("Pending") => PodPhase::Pending,
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        _ => PodPhase::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object() -> Value {
        json!({
            "kind": "Pod", "apiVersion": "v1", "unknown": {"deep": [1, 2]},
            "metadata": {
                "name": "gim-0", "namespace": "gim", "uid": "u-0", "resourceVersion": "12", "generateName": "gim-",
                "creationTimestamp": "2026-01-02T03:04:05.125Z",
                "labels": {"controller-revision-hash": "gim-6f7", "app": "gim"},
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "other"},
                    {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gim", "uid": "s-1", "controller": true}
                ]
            },
            "spec": {
                "nodeName": "node-1",
                "initContainers": [{"name": "init", "image": "r/init:1"}],
                "containers": [{"name": "gim", "image": "r/gim:100.0.116.2900", "env": [{"name": "A", "value": null}]}]
            },
            "status": {
                "phase": "Running", "podIP": "10.0.0.7",
                "conditions": [
                    {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:06Z"},
                    {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:05:00Z"}
                ],
                "initContainerStatuses": [
                    {"name": "init", "restartCount": 0, "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}
                ],
                "containerStatuses": [
                    {"name": "gim", "restartCount": 2, "state": {"running": {"startedAt": "2026-01-02T03:04:50Z"}},
                     "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
                ]
            }
        })
    }

    fn read(value: &Value) -> Result<Pod, DecodeError> {
        super::super::pod(&serde_json::to_vec(value).unwrap())
    }

    fn container(name: &str, init: bool, image: &str) -> Container {
        let (name, image) = (name.into(), image.into());
        Container { name, init, image, restarts: 0, waiting: None, last_terminated: None }
    }

    #[test]
    fn a_running_pod() {
        let expected = Pod {
            namespace: "gim".into(),
            name: "gim-0".into(),
            uid: "u-0".into(),
            owner: Some(PodOwner { kind: "StatefulSet".into(), uid: "s-1".into() }),
            created: "2026-01-02T03:04:05.125Z".parse().unwrap(),
            phase: PodPhase::Running,
            terminating: false,
            scheduled: true,
            ready: true,
            ready_changed: Some("2026-01-02T03:05:00Z".parse().unwrap()),
            revision_hash: Some("gim-6f7".into()),
            labels: crate::model::workload::AppLabels { app: Some("gim".into()), name: None },
            ip: Some("10.0.0.7".into()),
            containers: vec![
                Container { last_terminated: Some(TerminatedReason::Completed), ..container("init", true, "r/init:1") },
                Container {
                    restarts: 2,
                    last_terminated: Some(TerminatedReason::OomKilled),
                    ..container("gim", false, "r/gim:100.0.116.2900")
                },
            ],
        };
        assert_eq!(read(&object()), Ok(expected));
    }

    #[test]
    fn a_pod_that_was_only_just_made() {
        let mut value = object();
        value["status"] = json!({"phase": "Pending", "conditions": null});
        value["spec"].as_object_mut().unwrap().remove("nodeName");
        value["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:06:00Z");
        let pod = read(&value).unwrap();
        assert_eq!((pod.phase, pod.scheduled, pod.ready), (PodPhase::Pending, false, false));
        assert_eq!((pod.ready_changed, pod.ip), (None, None));
        assert!(pod.terminating);
        assert_eq!(
            pod.containers,
            vec![container("init", true, "r/init:1"), container("gim", false, "r/gim:100.0.116.2900"),]
        );
    }

    #[test]
    fn why_containers_wait_and_how_they_ended() {
        let cases = [
            (
                json!({"waiting": {"reason": "ImagePullBackOff"}}),
                Value::Null,
                Some(WaitingReason::ImagePullBackOff),
                None,
            ),
            (json!({"waiting": {"reason": "SomethingNew"}}), Value::Null, Some(WaitingReason::Other), None),
            (json!({"waiting": {}}), Value::Null, Some(WaitingReason::Other), None),
            (json!({"waiting": null}), Value::Null, None, None),
            (Value::Null, json!({}), None, None),
            (
                json!({"waiting": {"reason": "CrashLoopBackOff"}}),
                json!({"terminated": {"reason": "Error"}}),
                Some(WaitingReason::CrashLoopBackOff),
                Some(TerminatedReason::Error),
            ),
            (
                json!({"terminated": {"reason": "OOMKilled"}}),
                json!({"terminated": {"reason": "Error"}}),
                None,
                Some(TerminatedReason::OomKilled),
            ),
        ];
        for (state, last, waiting, ended) in cases {
            let mut value = object();
            let status = &mut value["status"]["containerStatuses"][0];
            status["state"] = state.clone();
            status["lastState"] = last;
            let pod = read(&value).unwrap();
            assert_eq!((pod.containers[1].waiting, pod.containers[1].last_terminated), (waiting, ended), "{state}");
        }
    }

    #[test]
    fn phases() {
        for (text, phase) in [
            (json!("Succeeded"), PodPhase::Succeeded),
            (json!("Failed"), PodPhase::Failed),
            (json!("Dreaming"), PodPhase::Unknown),
            (Value::Null, PodPhase::Unknown),
        ] {
            let mut value = object();
            value["status"]["phase"] = text;
            assert_eq!(read(&value).unwrap().phase, phase);
        }
    }

    #[test]
    fn nulls_survive() {
        for path in [
            "/metadata/labels",
            "/metadata/labels/controller-revision-hash",
            "/metadata/ownerReferences",
            "/metadata/ownerReferences/1",
            "/spec/initContainers",
            "/spec/initContainers/0",
            "/status",
            "/status/conditions/0",
            "/status/conditions/1/lastTransitionTime",
            "/status/containerStatuses/0",
            "/status/containerStatuses/0/restartCount",
        ] {
            let mut value = object();
            *value.pointer_mut(path).unwrap() = Value::Null;
            assert!(read(&value).is_ok(), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_done_without_is_named() {
        for (path, field) in [
            ("/metadata", "metadata.namespace"),
            ("/metadata/name", "metadata.name"),
            ("/metadata/uid", "metadata.uid"),
            ("/metadata/creationTimestamp", "metadata.creationTimestamp"),
            ("/spec/containers/0/name", "spec.containers.name"),
            ("/spec/containers/0/image", "spec.containers.image"),
        ] {
            let mut value = object();
            *value.pointer_mut(path).unwrap() = Value::Null;
            if field == "metadata.namespace" {
                value["spec"] = Value::Null;
            }
            assert_eq!(read(&value), Err(DecodeError::Missing(field)), "{path}");
        }
        let mut value = object();
        value["spec"]["containers"] = json!("one");
        assert!(matches!(read(&value), Err(DecodeError::Json { line: 1, .. })));
        assert!(matches!(super::super::pod(b"{\"metadata\": "), Err(DecodeError::Json { .. })));
    }
}
