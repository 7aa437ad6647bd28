//! Does what a node does for the pod of `helm test`: runs its container, here the program itself, and tells how it ended.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    exporter::{Given, SOON},
    objects::text,
    process::eventually,
};

/// Runs a pod that is to end by itself once kwok has started it. Returns what it printed.
pub fn run(cluster: &Cluster, namespace: &str, name: &str) -> Result<String> {
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let mut pod = Value::Null;
    eventually(&format!("pod {name} runs"), SOON, || {
        pod = cluster.api().get(&path)?;
        // A former one is deleted before the next is made.
        Ok(text(&pod, "/status/phase") == "Running" && pod.pointer("/metadata/deletionTimestamp").is_none())
    })?;
    let (well, printed) =
        Given::to(cluster, namespace, pod.get("spec").context("a pod without a specification")?)?.run()?;
    let container = json!({
        "name": text(&pod, "/spec/containers/0/name"), "image": text(&pod, "/spec/containers/0/image"), "imageID": "",
        "ready": false, "restartCount": 0, "state": { "terminated": { "exitCode": i32::from(!well) } },
    });
    let phase = if well { "Succeeded" } else { "Failed" };
    let status = json!({ "status": { "phase": phase, "containerStatuses": [container] } });
    let pods: Api<Pod> = Api::namespaced(cluster.api().client(), namespace);
    cluster.api().runtime().block_on(pods.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)))?;
    Ok(printed)
}
