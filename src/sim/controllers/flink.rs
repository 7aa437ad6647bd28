//! Flink inside GSP: the `ConfigMap`s in which it keeps its high-availability state, and what it has of each tenant's
//! configuration.
//!
//! Helm did not make the `ConfigMap`s and does not remove them (upgrade guide, Uninstall). Not for Flink's metrics page.

use serde_json::json;

use super::meta::managed;
use super::pod::PodState;
use crate::sim::chart::{component_of, tenant_of};
use crate::sim::scenario::{Checkpoints, Span, Surrounding};
use crate::sim::store::Kind;
use crate::sim::world::cluster::{Cluster, Key};

/// The maps of one Flink cluster, by the end of their names: of the cluster, and of its one job.
const MAPS: [&str; 2] = ["cluster-config-map", "00000000000000000000000000000000-config-map"];

/// The job manager's Deployment.
pub(in crate::sim) fn is_job_manager(release: &str, workload: &str) -> bool {
    component_of(release) == Some("gsp") && workload.strip_prefix(release) == Some("-jm")
}

/// How many task managers are registered, whether the job runs, and what becomes of its checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Job {
    pub(in crate::sim) task_managers: usize,
    pub(in crate::sim) runs: bool,
    pub(in crate::sim) checkpoints: Checkpoints,
}

/// The job that the job manager `key` leads.
pub(in crate::sim) fn job(cluster: &Cluster, key: &Key) -> Option<Job> {
    let manager = cluster.pods.get(key)?;
    let behaviour = cluster.behaviour(&manager.release, &manager.workload, &manager.tag);
    let mine = cluster.pods.values().filter(|pod| pod.release == manager.release && pod.key != *key && !pod.lost);
    let workers = mine.filter(|pod| !is_job_manager(&pod.release, &pod.workload) && pod.is_available()).count();
    let most = behaviour.registered.map_or(workers, |most| usize::try_from(most).unwrap_or(workers));
    let task_managers = workers.min(most);
    let fed = cluster.surroundings.is_up(Surrounding::Kafka) && cluster.surroundings.is_up(Surrounding::ObjectStorage);
    Some(Job {
        task_managers,
        runs: manager.ready && task_managers > 0 && behaviour.job_running,
        checkpoints: if fed { behaviour.checkpoints } else { Checkpoints::Fail },
    })
}

/// A pod has changed: a job manager that runs keeps its state, and tenants whose GCA is away are told nothing new.
pub(super) fn run(cluster: &mut Cluster) {
    let leads = |cluster: &Cluster, key: &Key| job(cluster, key).is_some_and(|job| job.runs);
    let managers = cluster.pods.values().filter(|pod| {
        pod.state == PodState::Running && is_job_manager(&pod.release, &pod.workload) && leads(cluster, &pod.key)
    });
    let managers: Vec<(String, String)> = managers.map(|pod| (pod.key.0.clone(), pod.release.clone())).collect();
    for (namespace, release) in managers {
        if cluster.flink_states.insert((namespace.clone(), release.clone())) {
            for map in MAPS {
                write_map(cluster, &namespace, &release, map);
            }
        }
    }
    let now = cluster.now;
    for tenant in cluster.tenants.clone() {
        let well = cluster.pods.values().any(|pod| is_gca_of(&pod.release, &tenant) && pod.is_available() && !pod.lost);
        if well && cluster.surroundings.is_up(Surrounding::Kafka) {
            cluster.config_stopped.remove(&tenant);
        } else {
            cluster.config_stopped.entry(tenant).or_insert(now);
        }
    }
}

fn is_gca_of(release: &str, tenant: &str) -> bool {
    component_of(release) == Some("gca") && tenant_of(release) == tenant
}

/// Per tenant: when the newest configuration was made that GSP has.
pub(in crate::sim) fn config_times(cluster: &Cluster, now: Span) -> Vec<(String, Span)> {
    let known = cluster.tenants.iter().map(|tenant| {
        let pod = cluster.pods.values().find(|pod| is_gca_of(&pod.release, tenant));
        let age = pod.map(|pod| cluster.behaviour(&pod.release, &pod.workload, &pod.tag).config_age);
        let newest = cluster.config_stopped.get(tenant).copied().unwrap_or(now);
        // A few seconds on the way.
        (tenant.clone(), newest.minus(age.unwrap_or_default()).minus(Span::from_secs(5)))
    });
    known.collect()
}

fn write_map(cluster: &mut Cluster, namespace: &str, release: &str, map: &str) {
    let fields = json!({ "f:data": {}, "f:metadata": { "f:labels": {} } });
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": format!("{release}-{map}"),
            "namespace": namespace,
            "uid": cluster.next_uid(),
            "creationTimestamp": cluster.stamp(),
            "labels": { "app": release, "configmap-type": "high-availability", "type": "flink-native-kubernetes" },
            "managedFields": [managed("okhttp", "v1", &cluster.stamp(), &fields, None)],
        },
        "data": { "sessionId": "0b1e2d3c-0000-4000-8000-000000000001" },
    });
    cluster.put(Kind::ConfigMaps, object);
}

/// `kubectl delete configmap -l app=RELEASE`, of what Flink left.
pub(super) fn delete_state(cluster: &mut Cluster, release: &str) {
    let gone: Vec<Key> = cluster.flink_states.iter().filter(|(_, of)| of == release).cloned().collect();
    for key in gone {
        for map in MAPS {
            cluster.remove(Kind::ConfigMaps, (key.0.clone(), format!("{release}-{map}")));
        }
        cluster.flink_states.remove(&key);
    }
    // A job that runs keeps its state anew.
    run(cluster);
}
