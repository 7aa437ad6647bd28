//! The steps of a scenario, each handed to who does it; and what people do with `kubectl` and `helm uninstall`.

use serde_json::{Value, json};

use super::helm_history;
use super::meta::{self, managed};
use super::{deployment, flink, helm_client, pods, statefulset};
use crate::sim::scenario::{Action, Uninstall, Which};
use crate::sim::store::Kind;
use crate::sim::surroundings;
use crate::sim::world::cluster::{Cluster, Key};

/// Does one step.
pub(super) fn act(cluster: &mut Cluster, action: Action) {
    match action {
        Action::Upgrade(asked) => helm_client::upgrade(cluster, &asked),
        Action::Rollback(asked) => helm_client::rollback(cluster, &asked),
        Action::Uninstall(asked) => uninstall(cluster, &asked),
        Action::DeletePod(which) => {
            for pod in pods_of(cluster, &which) {
                pods::delete(cluster, &pod);
            }
        }
        Action::Drain(which) => drain(cluster, &which),
        Action::Evict(which) => {
            for pod in pods_of(cluster, &which) {
                pods::evict(cluster, &pod);
            }
        }
        Action::Scale(scale) => {
            if let Some(key) = workload(cluster, &scale.release, &scale.workload) {
                statefulset::scale(cluster, &key, scale.replicas);
                deployment::scale(cluster, &key, scale.replicas);
            }
        }
        Action::SetBehaviour(behaviour) => {
            let release = behaviour.of.clone();
            cluster.behaviours.push(*behaviour);
            pods::reconsider(cluster, &release);
        }
        Action::SetImage(set) => {
            if let Some(key) = workload(cluster, &set.release, &set.workload) {
                statefulset::set_image(cluster, &key, &set.tag);
                deployment::set_image(cluster, &key, &set.tag);
            }
        }
        Action::LoseNode(which) => {
            for pod in pods_of(cluster, &which) {
                cordon(cluster, &pod);
                pods::lose(cluster, &pod);
            }
        }
        Action::ForceDelete(which) => pods::force_delete(cluster, &which.release, &which.workload),
        Action::Dependency(set) => {
            cluster.surroundings.set(set.name, set.state);
            pods::consume(cluster);
        }
        Action::Backup { at } => {
            cluster.surroundings.backup = Some(at);
            surroundings::publish_backup(cluster);
        }
        Action::Aggregation { level } => cluster.surroundings.level = level,
        Action::Burst { release, behind } => {
            let now = cluster.now;
            if let Some(latency) = cluster.latencies.get_mut(&release) {
                latency.set(behind, now);
            }
        }
        Action::MakeExportViews(release) => {
            if let Some(mart) = cluster.marts.get_mut(&release) {
                mart.make_export_views();
            }
        }
        Action::DeleteConfigMaps(release) => flink::delete_state(cluster, &release),
        Action::Source(set) => {
            cluster.sources.insert(set.name, set.state);
        }
    }
}

/// Applies a manifest document by document, as far as the simulated API server knows the kinds.
pub(super) fn apply_manifest(cluster: &mut Cluster, namespace: &str, release: &str, manifest: &str) {
    for text in manifest.split("---\n").filter(|text| !text.trim().is_empty()) {
        // The charts' own tests read every document; one that is none would be missing from the cluster.
        let document: Value = serde_saphyr::from_str(text).unwrap_or_default();
        match document.get("kind").and_then(Value::as_str) {
            Some("StatefulSet") => statefulset::apply(cluster, namespace, release, &document),
            Some("Deployment") => deployment::apply(cluster, namespace, release, &document),
            Some("ConfigMap") => apply_config_map(cluster, namespace, release, &document),
            _ => {}
        }
    }
}

fn apply_config_map(cluster: &mut Cluster, namespace: &str, release: &str, manifest: &Value) {
    let fields = json!({ "f:data": {}, "f:metadata": { "f:labels": {} } });
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": manifest.pointer("/metadata/name"),
            "namespace": namespace,
            "labels": manifest.pointer("/metadata/labels"),
            "annotations": meta::annotations(cluster.installer, release, namespace),
            "managedFields": [managed(meta::manager(cluster.installer), "v1", &cluster.stamp(), &fields, None)],
        },
        "data": manifest.get("data"),
    });
    cluster.put(Kind::ConfigMaps, object);
}

/// `helm uninstall`: it says so, deletes what the newest revision made, and then its own memory.
fn uninstall(cluster: &mut Cluster, asked: &Uninstall) {
    let Some(release) = cluster.releases.get(&asked.release) else { return };
    let namespace = release.namespace.clone();
    let Some(newest) = release.newest().map(|revision| revision.number) else { return };
    let now = cluster.now;
    helm_history::update(cluster, &asked.release, newest, true, |revision| {
        revision.status = "uninstalling";
        revision.deleted = Some(now);
        "Deletion in progress (or silently failed)".clone_into(&mut revision.description);
    });
    if asked.killed {
        cluster.say(format!("helm is killed while it uninstalls {}", asked.release));
        return;
    }
    remove_objects(cluster, &namespace, &asked.release);
    if asked.keep_history {
        let deployed: Vec<u32> = cluster.releases.get(&asked.release).map_or_else(Vec::new, |release| {
            release.revisions.values().filter(|revision| revision.status == "deployed").map(|r| r.number).collect()
        });
        helm_history::update(cluster, &asked.release, newest, false, |revision| {
            revision.status = "uninstalled";
            "Uninstallation complete".clone_into(&mut revision.description);
        });
        for number in deployed {
            helm_history::update(cluster, &asked.release, number, true, |revision| revision.status = "superseded");
        }
        return;
    }
    let numbers: Vec<u32> = cluster
        .releases
        .get(&asked.release)
        .map_or_else(Vec::new, |release| release.revisions.keys().copied().collect());
    for number in numbers {
        helm_history::delete(cluster, &asked.release, number);
    }
    cluster.releases.remove(&asked.release);
}

fn remove_objects(cluster: &mut Cluster, namespace: &str, release: &str) {
    let sets: Vec<Key> =
        cluster.stateful_sets.iter().filter(|(_, set)| set.release == release).map(|(k, _)| k.clone()).collect();
    let deployments: Vec<Key> =
        cluster.deployments.iter().filter(|(_, set)| set.release == release).map(|(k, _)| k.clone()).collect();
    for key in sets {
        statefulset::delete(cluster, &key);
    }
    for key in deployments {
        deployment::delete(cluster, &key);
    }
    for name in ["configuration", "dashboard"] {
        cluster.remove(Kind::ConfigMaps, (namespace.to_owned(), format!("{release}-{name}")));
    }
}

/// The nodes of the workload's pods take no more pods, and its pods go elsewhere.
fn drain(cluster: &mut Cluster, which: &Which) {
    for key in pods_of(cluster, which) {
        cordon(cluster, &key);
        pods::delete(cluster, &key);
    }
}

/// The node of a pod takes no more pods.
fn cordon(cluster: &mut Cluster, pod: &Key) {
    if let Some(node) = cluster.pods.get(pod).and_then(|pod| pod.node.clone()) {
        cluster.cordoned.insert(node);
    }
}

fn pods_of(cluster: &Cluster, which: &Which) -> Vec<Key> {
    let mine = cluster.pods.values().filter(|pod| pod.release == which.release && pod.workload == which.workload);
    mine.filter(|pod| pod.is_active()).map(|pod| pod.key.clone()).collect()
}

fn workload(cluster: &Cluster, release: &str, name: &str) -> Option<Key> {
    let sets = cluster.stateful_sets.iter().filter(|(_, set)| set.release == release).map(|(key, _)| key);
    let deployments = cluster.deployments.iter().filter(|(_, set)| set.release == release).map(|(key, _)| key);
    sets.chain(deployments).find(|key| key.1 == name).cloned()
}
