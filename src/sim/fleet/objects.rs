//! The objects of a suite at rest, as large and as wordy as a real API server hands them out.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::store::{Kind, Object};
use super::{FleetRelease, Workload};

/// How many environment variables a container has: GIM's chart sets about so many.
const VARIABLES: usize = 14;

/// A release in its namespace.
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) release: FleetRelease,
}

/// A release Secret as Helm writes it, without its data.
pub(super) fn release_secret(place: &Place, revision: u32, newest: bool, time: &str, made: Timestamp) -> Value {
    let name = place.release.name;
    json!({
        "metadata": {
            "name": format!("sh.helm.release.v1.{name}.v{revision}"),
            "namespace": place.namespace,
            "creationTimestamp": time,
            "labels": {
                "name": name,
                "owner": "helm",
                "status": if newest { "deployed" } else { "superseded" },
                "version": revision.to_string(),
                "modifiedAt": made.as_second().to_string(),
            },
            "managedFields": [{
                "manager": "Helm", "operation": "Update", "apiVersion": "v1", "time": time, "fieldsType": "FieldsV1",
                "fieldsV1": {
                    "f:data": {".": {}, "f:release": {}},
                    "f:metadata": {"f:labels": {
                        ".": {}, "f:modifiedAt": {}, "f:name": {}, "f:owner": {}, "f:status": {}, "f:version": {},
                    }},
                    "f:type": {},
                },
            }],
        },
        "type": "helm.sh/release.v1",
    })
}

/// The StatefulSet or Deployment.
pub(super) fn workload(place: &Place, workload: Workload, time: &str) -> Value {
    let mut metadata = metadata(place, workload.name, time, &helm_labels(place));
    set(&mut metadata, "generation", json!(3));
    let mut annotations = json!({
        "meta.helm.sh/release-name": place.release.name, "meta.helm.sh/release-namespace": place.namespace,
    });
    let mut spec = json!({
        "replicas": workload.pods, "revisionHistoryLimit": 10, "selector": {"matchLabels": selector(place, workload)},
        "template": {"metadata": {"labels": selector(place, workload)}, "spec": pod_spec(place, workload)},
    });
    let mut status = json!({
        "observedGeneration": 3, "replicas": workload.pods, "readyReplicas": workload.pods,
        "availableReplicas": workload.pods, "updatedReplicas": workload.pods,
    });
    if workload.kind == Kind::StatefulSets {
        set(&mut spec, "serviceName", json!(workload.name));
        set(&mut spec, "podManagementPolicy", json!("OrderedReady"));
        set(&mut spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
        set(&mut status, "currentReplicas", json!(workload.pods));
        set(&mut status, "currentRevision", json!(hash(workload, true)));
        set(&mut status, "updateRevision", json!(hash(workload, true)));
    } else {
        set(&mut annotations, "deployment.kubernetes.io/revision", json!("10"));
        set(&mut spec, "progressDeadlineSeconds", json!(600));
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
        set(&mut spec, "strategy", strategy);
        let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "lastUpdateTime": time, "lastTransitionTime": time});
        let progressing = condition("Progressing", "NewReplicaSetAvailable");
        set(&mut status, "conditions", json!([condition("Available", "MinimumReplicasAvailable"), progressing]));
    }
    set(&mut metadata, "annotations", annotations);
    json!({"metadata": metadata, "spec": spec, "status": status})
}

/// The present or the former ReplicaSet of a Deployment.
pub(super) fn replica_set(place: &Place, workload: Workload, owner: &Object, present: bool, time: &str) -> Value {
    let hash = hash(workload, present);
    let mut labels = selector(place, workload);
    set(&mut labels, "pod-template-hash", json!(hash));
    let mut metadata = metadata(place, &format!("{}-{hash}", workload.name), time, &labels);
    set(&mut metadata, "annotations", json!({"deployment.kubernetes.io/revision": if present { "10" } else { "9" }}));
    set(&mut metadata, "generation", json!(2));
    set(&mut metadata, "ownerReferences", owner_references(owner));
    let pods = if present { workload.pods } else { 0 };
    json!({
        "metadata": metadata,
        "spec": {
            "replicas": pods, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(place, workload)},
        },
        "status": {"replicas": pods, "readyReplicas": pods, "availableReplicas": pods, "fullyLabeledReplicas": pods, "observedGeneration": 2},
    })
}

/// One Ready pod.
pub(super) fn pod(
    place: &Place,
    workload: Workload,
    owner: &Object,
    number: u32,
    address: Ipv4Addr,
    time: &str,
) -> Value {
    let mut labels = selector(place, workload);
    let name = if workload.kind == Kind::StatefulSets {
        set(&mut labels, "controller-revision-hash", json!(hash(workload, true)));
        set(&mut labels, "apps.kubernetes.io/pod-index", json!(number.to_string()));
        format!("{}-{number}", workload.name)
    } else {
        set(&mut labels, "pod-template-hash", json!(hash(workload, true)));
        format!("{}-{}-{:05x}", workload.name, hash(workload, true), number + 0xb_f3a1)
    };
    set(&mut labels, "helm.sh/chart", json!(chart(place)));
    let mut metadata = metadata(place, &name, time, &labels);
    set(&mut metadata, "ownerReferences", owner_references(owner));
    set(&mut metadata, "managedFields", pod_managed_fields(time));
    let mut spec = pod_spec(place, workload);
    set(&mut spec, "nodeName", json!(format!("node-{}", number % 16)));
    let condition =
        |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": time});
    let conditions =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    json!({
        "metadata": metadata,
        "spec": spec,
        "status": {
            "phase": "Running", "conditions": conditions, "hostIP": "192.0.2.10", "hostIPs": [{"ip": "192.0.2.10"}],
            "podIP": address, "podIPs": [{"ip": address}], "startTime": time, "qosClass": "Burstable",
            "containerStatuses": [{
                "name": workload.name, "ready": true, "started": true, "restartCount": 0, "lastState": {},
                "state": {"running": {"startedAt": time}}, "image": place.release.image,
                "imageID": format!("registry.example.com/genesys/{}@{digest}", place.release.name),
                "containerID": "containerd://2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            }],
        },
    })
}

fn metadata(place: &Place, name: &str, time: &str, labels: &Value) -> Value {
    json!({"name": name, "namespace": place.namespace, "creationTimestamp": time, "labels": labels})
}

fn chart(place: &Place) -> String {
    // A label may not contain a plus sign; charts write an underscore.
    format!("{}-{}", place.release.name, place.release.chart_version.replace('+', "_"))
}

fn selector(place: &Place, workload: Workload) -> Value {
    json!({"app.kubernetes.io/name": workload.name, "app.kubernetes.io/instance": place.release.name})
}

fn helm_labels(place: &Place) -> Value {
    json!({
        "app.kubernetes.io/name": place.release.name, "app.kubernetes.io/instance": place.release.name,
        "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": chart(place),
    })
}

/// A revision hash: a StatefulSet's has the name before it, a ReplicaSet's has not.
fn hash(workload: Workload, present: bool) -> String {
    let hash = if present { "6d5f8c7b94" } else { "5c9f7b8d66" };
    if workload.kind == Kind::StatefulSets { format!("{}-{hash}", workload.name) } else { hash.to_owned() }
}

fn owner_references(owner: &Object) -> Value {
    json!([{
        "apiVersion": owner.kind().api_version(), "kind": owner.kind().singular(), "name": owner.name(),
        "uid": owner.uid(), "controller": true, "blockOwnerDeletion": true,
    }])
}

fn pod_spec(place: &Place, workload: Workload) -> Value {
    let variable = |number: usize| json!({"name": format!("GENESYS_SETTING_{number:02}"), "valueFrom": {"secretKeyRef": {"name": "settings", "key": format!("setting-{number:02}")}}});
    let probe = |path: &str| {
        json!({"httpGet": {"path": path, "port": workload.port, "scheme": "HTTP"}, "initialDelaySeconds": 30,
               "timeoutSeconds": 5, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3})
    };
    json!({
        "containers": [{
            "name": workload.name, "image": place.release.image, "imagePullPolicy": "IfNotPresent",
            "ports": [{"name": "metrics", "containerPort": workload.port, "protocol": "TCP"}],
            "env": (0..VARIABLES).map(variable).collect::<Vec<_>>(),
            "envFrom": [{"configMapRef": {"name": format!("{}-config", workload.name)}}],
            "resources": {"limits": {"cpu": "4", "memory": "12Gi"}, "requests": {"cpu": "2", "memory": "8Gi"}},
            "volumeMounts": [
                {"name": "config", "mountPath": "/genesys/config", "readOnly": true},
                {"name": "data", "mountPath": "/genesys/data"},
                {"name": "tls", "mountPath": "/genesys/tls", "readOnly": true},
                {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true},
            ],
            "livenessProbe": probe("/health/live"), "readinessProbe": probe("/health/ready"),
            "securityContext": {"runAsNonRoot": true, "runAsUser": 500, "allowPrivilegeEscalation": false},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        }],
        "volumes": [
            {"name": "config", "configMap": {"name": format!("{}-config", workload.name), "defaultMode": 420}},
            {"name": "data", "persistentVolumeClaim": {"claimName": format!("data-{}", workload.name)}},
            {"name": "tls", "secret": {"secretName": format!("{}-tls", workload.name), "defaultMode": 420}},
            {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]}},
        ],
        "serviceAccountName": place.release.name, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
        "securityContext": {"fsGroup": 500}, "imagePullSecrets": [{"name": "registry"}],
        "tolerations": [
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        ],
    })
}

fn pod_managed_fields(time: &str) -> Value {
    let fields = |names: &[&str]| -> Value {
        names.iter().map(|name| (format!("f:{name}"), json!({}))).collect::<Map<_, _>>().into()
    };
    let condition = |kind: &str| {
        let members = fields(&["type", "status", "lastProbeTime", "lastTransitionTime"]);
        (format!("k:{{\"type\":\"{kind}\"}}"), members)
    };
    let conditions: Map<_, _> = ["ContainersReady", "Initialized", "Ready"].map(condition).into_iter().collect();
    let container = fields(&["image", "imagePullPolicy", "name", "resources", "ports", "env", "volumeMounts"]);
    json!([
        {
            "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": fields(&["labels", "ownerReferences"]), "f:spec": {"f:containers": container}},
        },
        {
            "manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": time, "subresource": "status",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:status": {"f:conditions": conditions, "f:containerStatuses": {}, "f:phase": {}, "f:podIP": {}}},
        },
    ])
}

/// Sets a member of what is an object by construction.
fn set(object: &mut Value, member: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(member.to_owned(), value);
    }
}
