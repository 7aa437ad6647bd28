//! Workloads: `StatefulSet`s, `Deployment`s, `Job`s and `ReplicaSet`s.

use super::DecodeError;
use super::metadata::{Metadata, Text, count, list, optional, section};
use crate::model::names::Name;
use crate::model::time::Timestamp;
use crate::model::workload::{ReplicaSet, UpdateStrategy, Workload, WorkloadKind};
use crate::observe::intern::Interner;

/// The manager that Kubernetes's own controllers write as.
const CONTROLLERS: &str = "kube-controller-manager";
/// Reason of condition `Progressing` once the newest `ReplicaSet` has all its pods.
const AVAILABLE: &str = "NewReplicaSetAvailable";

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
    replicas: Option<i64>,
    parallelism: Option<i64>,
    #[serde(borrow)]
    pod_management_policy: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "section")]
    update_strategy: Strategy<'a>,
    #[serde(borrow, deserialize_with = "section")]
    template: Template<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Strategy<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Template<'a> {
    #[serde(borrow, deserialize_with = "section")]
    spec: PodSpec<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec<'a> {
    #[serde(borrow, deserialize_with = "list")]
    init_containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    containers: Vec<Container<'a>>,
}

#[derive(Default, serde::Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    image: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status<'a> {
    observed_generation: Option<i64>,
    #[serde(borrow)]
    current_revision: Option<Text<'a>>,
    #[serde(borrow)]
    update_revision: Option<Text<'a>>,
    #[serde(borrow, deserialize_with = "list")]
    conditions: Vec<Condition<'a>>,
}

#[derive(serde::Deserialize)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
}

/// Reads a `StatefulSet`.
pub fn stateful_set(json: &[u8], interner: &mut Interner) -> Result<Workload, DecodeError> {
    let object: Object = serde_json::from_slice(json)?;
    let text = |text: &Option<Text>| optional(text.as_ref()).map(Name::from);
    let mut workload = workload(&object, WorkloadKind::StatefulSet, interner)?;
    if optional(object.spec.update_strategy.kind.as_ref()) == Some("OnDelete") {
        workload.strategy = UpdateStrategy::OnDelete;
    }
    workload.ordered = optional(object.spec.pod_management_policy.as_ref()) != Some("Parallel");
    workload.current_revision = text(&object.status.current_revision);
    workload.update_revision = text(&object.status.update_revision);
    Ok(workload)
}

/// Reads a `Deployment`.
pub fn deployment(json: &[u8], interner: &mut Interner) -> Result<Workload, DecodeError> {
    let object: Object = serde_json::from_slice(json)?;
    let mut workload = workload(&object, WorkloadKind::Deployment, interner)?;
    workload.progressed = object.status.conditions.iter().any(|condition| {
        optional(condition.kind.as_ref()) == Some("Progressing")
            && optional(condition.reason.as_ref()) == Some(AVAILABLE)
    });
    Ok(workload)
}

/// Reads a `Job`.
pub fn job(json: &[u8], interner: &mut Interner) -> Result<Workload, DecodeError> {
    let object: Object = serde_json::from_slice(json)?;
    let mut workload = workload(&object, WorkloadKind::Job, interner)?;
    workload.observed_generation = workload.generation;
    workload.desired = count(object.spec.parallelism.unwrap_or(1));
    workload.progressed = object.status.conditions.iter().any(|condition| {
        optional(condition.kind.as_ref()) == Some("Complete") && optional(condition.status.as_ref()) == Some("True")
    });
    Ok(workload)
}

/// Reads a `ReplicaSet`. One that no `Deployment` made has no revision: 0.
pub fn replica_set(json: &[u8], interner: &mut Interner) -> Result<ReplicaSet, DecodeError> {
    const REVISION: &str = "metadata.annotations.deployment.kubernetes.io/revision";
    let Object { metadata, .. } = serde_json::from_slice(json)?;
    let revision = match optional(metadata.annotations.revision.as_ref()) {
        None => 0,
        Some(text) => text.parse().map_err(|_| DecodeError::Unreadable(REVISION))?,
    };
    let owner = metadata.controller().and_then(|owner| optional(owner.uid.as_ref()));
    Ok(ReplicaSet {
        namespace: interner.name(metadata.namespace()?),
        name: metadata.name()?.into(),
        uid: metadata.uid()?.into(),
        owner_uid: owner.map(|uid| interner.name(uid)),
        revision,
    })
}

/// What every kind has; the rest as if it were a `Deployment` that has not progressed.
fn workload(object: &Object, kind: WorkloadKind, interner: &mut Interner) -> Result<Workload, DecodeError> {
    let Object { metadata, spec, status } = object;
    // Hooks are Jobs that carry the instance label of their chart, but never Helm's mark.
    let label = metadata.labels.instance.as_ref().filter(|_| kind != WorkloadKind::Job);
    let release = optional(metadata.annotations.release.as_ref()).or(optional(label));
    let pods = &spec.template.spec;
    let images = pods.init_containers.iter().chain(&pods.containers).map(|container| {
        optional(container.image.as_ref()).ok_or(DecodeError::Missing("spec.template.spec.containers.image"))
    });
    let generation = match (metadata.generation, kind) {
        (Some(generation), _) => generation,
        // The API server gives every Job a generation as well, but nothing rests on it.
        (None, WorkloadKind::Job) => 0,
        (None, _) => return Err(DecodeError::Missing("metadata.generation")),
    };
    Ok(Workload {
        kind,
        namespace: interner.name(metadata.namespace()?),
        name: metadata.name()?.into(),
        uid: metadata.uid()?.into(),
        release: release.map(|text| interner.name(text)),
        chart_label: optional(metadata.labels.chart.as_ref()).map(|text| interner.name(text)),
        labels: metadata.labels.of_app(interner),
        created: metadata.created()?,
        specified: specified(metadata)?,
        generation,
        observed_generation: status.observed_generation.unwrap_or(0),
        desired: count(spec.replicas.unwrap_or(1)),
        images: images.map(|image| image.map(|image| interner.name(image))).collect::<Result<_, _>>()?,
        strategy: UpdateStrategy::RollingUpdate,
        ordered: false,
        current_revision: None,
        update_revision: None,
        progressed: false,
    })
}

/// When the specification was last written. Who wrote does not matter: Helm, Argo CD, or a person with `kubectl edit`.
fn specified(metadata: &Metadata) -> Result<Timestamp, DecodeError> {
    let entries = metadata.managed_fields.iter();
    let wrote = entries
        .filter(|entry| optional(entry.subresource.as_ref()).is_none())
        .filter(|entry| optional(entry.manager.as_ref()) != Some(CONTROLLERS))
        .filter_map(|entry| entry.time);
    Ok(wrote.max().unwrap_or(metadata.created()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super as objects;
    use super::*;
    use crate::model::workload::AppLabels;

    fn object() -> Value {
        json!({
            "metadata": {
                "name": "gim", "namespace": "gim", "uid": "w-1", "generation": 3,
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "labels": {"helm.sh/chart": "gim-100.0.116_2900", "app.kubernetes.io/instance": "by-label",
                           "app": "gim-app", "app.kubernetes.io/name": "gim-name"},
                "annotations": {"meta.helm.sh/release-name": "by-annotation"}
            },
            "spec": {
                "replicas": 2,
                "template": {"spec": {
                    "initContainers": [{"name": "i", "image": "r/init:1"}],
                    "containers": [{"name": "g", "image": "r/gim:2"}, {"name": "s", "image": "r/side:3"}]
                }}
            },
            "status": {"observedGeneration": 2}
        })
    }

    fn bytes(value: &Value) -> Vec<u8> {
        serde_json::to_vec(value).unwrap()
    }

    #[test]
    fn what_every_kind_has() {
        let expected = Workload {
            kind: WorkloadKind::StatefulSet,
            namespace: "gim".into(),
            name: "gim".into(),
            uid: "w-1".into(),
            release: Some("by-annotation".into()),
            chart_label: Some("gim-100.0.116_2900".into()),
            labels: AppLabels { app: Some("gim-app".into()), name: Some("gim-name".into()) },
            created: "2026-01-02T03:04:05Z".parse().unwrap(),
            specified: "2026-01-02T03:04:05Z".parse().unwrap(),
            generation: 3,
            observed_generation: 2,
            desired: 2,
            images: vec!["r/init:1".into(), "r/gim:2".into(), "r/side:3".into()],
            strategy: UpdateStrategy::RollingUpdate,
            ordered: true,
            current_revision: None,
            update_revision: None,
            progressed: false,
        };
        assert_eq!(objects::stateful_set(&bytes(&object())), Ok(expected));
    }

    #[test]
    fn a_specification_is_written_by_anyone_but_the_controllers() {
        let entry = |manager: &str, hour: u32, subresource: Option<&str>| json!({"manager": manager, "time": format!("2026-01-03T{hour:02}:00:00Z"), "subresource": subresource});
        let cases = [
            (json!([]), "2026-01-02T03:04:05Z"),
            (Value::Null, "2026-01-02T03:04:05Z"),
            (json!([entry("helm", 1, None), entry("argocd-controller", 2, None)]), "2026-01-03T02:00:00Z"),
            (json!([entry("helm", 1, None), entry("kube-controller-manager", 3, None)]), "2026-01-03T01:00:00Z"),
            (json!([entry("helm", 1, None), entry("kubectl", 3, Some("scale"))]), "2026-01-03T01:00:00Z"),
            (json!([entry("helm", 1, None), {"manager": "odd"}]), "2026-01-03T01:00:00Z"),
        ];
        for (entries, expected) in cases {
            let mut value = object();
            value["metadata"]["managedFields"] = entries.clone();
            let specified = objects::deployment(&bytes(&value)).unwrap().specified;
            assert_eq!(specified, expected.parse().unwrap(), "{entries}");
        }
    }

    #[test]
    fn defaults_are_those_of_kubernetes() {
        let mut value = object();
        value["spec"]["replicas"] = Value::Null;
        value["status"] = Value::Null;
        value["metadata"]["annotations"] = Value::Null;
        let set = objects::stateful_set(&bytes(&value)).unwrap();
        assert_eq!((set.desired, set.observed_generation), (1, 0));
        assert_eq!(set.release.as_deref(), Some("by-label"));
        value["spec"]["replicas"] = json!(0);
        assert_eq!(objects::deployment(&bytes(&value)).unwrap().desired, 0);
        value["metadata"]["generation"] = Value::Null;
        assert_eq!(objects::deployment(&bytes(&value)), Err(DecodeError::Missing("metadata.generation")));
    }

    #[test]
    fn how_a_stateful_set_updates() {
        let mut value = object();
        value["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        value["spec"]["podManagementPolicy"] = json!("Parallel");
        value["status"]["currentRevision"] = json!("gim-1");
        value["status"]["updateRevision"] = json!("gim-2");
        let set = objects::stateful_set(&bytes(&value)).unwrap();
        assert_eq!((set.strategy, set.ordered), (UpdateStrategy::OnDelete, false));
        assert_eq!((set.current_revision.as_deref(), set.update_revision.as_deref()), (Some("gim-1"), Some("gim-2")));
        let deployment = objects::deployment(&bytes(&value)).unwrap();
        assert_eq!((deployment.strategy, deployment.ordered), (UpdateStrategy::RollingUpdate, false));
    }

    #[test]
    fn when_a_deployment_has_progressed() {
        for (reason, progressed) in [("NewReplicaSetAvailable", true), ("ReplicaSetUpdated", false)] {
            let mut value = object();
            value["status"]["conditions"] = json!([null, {"type": "Available", "reason": "NewReplicaSetAvailable"}, {"type": "Progressing", "reason": reason}]);
            assert_eq!(objects::deployment(&bytes(&value)).unwrap().progressed, progressed, "{reason}");
        }
    }

    #[test]
    fn a_job_is_complete_only_by_its_condition() {
        for (kind, status, complete) in
            [("Complete", "True", true), ("Complete", "False", false), ("Failed", "True", false)]
        {
            let mut value = object();
            value["spec"]["parallelism"] = json!(3);
            value["status"] = json!({"conditions": [{"type": kind, "status": status}], "succeeded": 1});
            let job = objects::job(&bytes(&value)).unwrap();
            assert_eq!((job.kind, job.desired, job.progressed), (WorkloadKind::Job, 3, complete));
            assert_eq!(job.observed_generation, job.generation);
        }
    }

    #[test]
    fn replica_sets_and_their_revisions() {
        let cases = [
            (json!("12"), Ok(12)),
            (Value::Null, Ok(0)),
            (json!("new"), Err(DecodeError::Unreadable("metadata.annotations.deployment.kubernetes.io/revision"))),
        ];
        for (text, revision) in cases {
            let mut value = object();
            value["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = text;
            value["metadata"]["ownerReferences"] = json!([{"kind": "Deployment", "uid": "d-1", "controller": true}]);
            let set = objects::replica_set(&bytes(&value));
            assert_eq!(set.as_ref().map(|set| set.revision).map_err(Clone::clone), revision);
            assert!(set.is_err() || set.unwrap().owner_uid.as_deref() == Some("d-1"));
        }
    }
}
