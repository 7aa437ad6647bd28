//! Families of pods: how many of which generation are where, and what holds them up.

use std::collections::BTreeMap;

use super::{Family, Yields};
use crate::model::facts::{Generation, PodFacts};
use crate::model::time::unix_seconds;
use crate::model::workload::{Container, PodPhase};
use crate::publish::parts::Pods;

const WHEN_HEARD: &str = "Once the watches of pods and workloads have synced, where there is a workload.";
const WHEN_THERE: &str = "Where the count is above zero.";
/// The labels that tell a pod.
const POD: &[&str] = &["target_namespace", "target_pod"];

pub(super) const FAMILIES: [Family; 8] = [
    Family::gauge(
        "gim_upgrade_pods",
        "Pods by generation and phase.",
        Yields::Pods(|pods, series| {
            let mut counts = BTreeMap::new();
            for pod in all(pods) {
                count(&mut counts, (pod.generation.as_str(), pod.pod.phase.as_str()));
            }
            for ((generation, phase), count) in counts {
                series.put([generation, phase], count);
            }
        }),
    )
    .labels(&["generation", "phase"])
    .when(WHEN_THERE),
    Family::gauge(
        "gim_upgrade_pods_ready",
        "Pods that are Ready and not being deleted, by generation.",
        Yields::Pods(|pods, series| {
            if pods.workloads.is_some() {
                for &generation in Generation::ALL {
                    let ready = replicas(pods).filter(|pod| pod.generation == generation && pod.pod.ready).count();
                    series.put([generation.as_str()], ready as f64);
                }
            }
        }),
    )
    .labels(&["generation"])
    .when(WHEN_HEARD),
    Family::gauge(
        "gim_upgrade_pods_desired",
        "Pods that the workloads want.",
        Yields::Pods(|pods, series| {
            if let Some(workloads) = pods.workloads {
                series.put([], workloads.iter().map(|facts| f64::from(facts.workload.desired)).sum());
            }
        }),
    )
    .when(WHEN_HEARD),
    Family::gauge(
        "gim_upgrade_pods_waiting",
        "Pods with a container that waits, by generation and reason; init containers included.",
        Yields::Pods(|pods, series| {
            let mut counts = BTreeMap::new();
            for pod in all(pods) {
                let mut reasons: Vec<_> = pod.pod.containers.iter().filter_map(|container| container.waiting).collect();
                reasons.sort_unstable();
                reasons.dedup();
                for reason in reasons {
                    count(&mut counts, (pod.generation.as_str(), reason.as_str()));
                }
            }
            for ((generation, reason), count) in counts {
                series.put([generation, reason], count);
            }
        }),
    )
    .labels(&["generation", "reason"])
    .when(WHEN_THERE),
    Family::seconds(
        "gim_upgrade_pod_pending_since_timestamp_seconds",
        "When a pod that is Pending was created. To look into, not to alert on: pods' names change.",
        Yields::Pods(|pods, series| {
            for pod in all(pods).filter(|pod| pod.pod.phase == PodPhase::Pending) {
                series.put([pods.namespace, &pod.pod.name], unix_seconds(pod.pod.created));
            }
        }),
    )
    .labels(POD)
    .when("For pods that are Pending.")
    .evolving(),
    Family::seconds(
        "gim_upgrade_pod_not_ready_since_timestamp_seconds",
        "Since when a pod is not Ready, by the kubelet's clock where it has said. To look into, not to alert on.",
        Yields::Pods(|pods, series| {
            for pod in replicas(pods).filter(|pod| !pod.pod.ready) {
                let since = pod.pod.ready_changed.unwrap_or(pod.pod.created);
                series.put([pods.namespace, &pod.pod.name], unix_seconds(since));
            }
        }),
    )
    .labels(POD)
    .when("For pods that are not Ready.")
    .evolving(),
    Family::gauge(
        "gim_upgrade_container_restarts",
        "Restarts of the containers of pods that were created since the operation began.",
        Yields::Pods(|pods, series| {
            if pods.workloads.is_some() {
                series.put([], since_operation(pods).map(|container| f64::from(container.restarts)).sum());
            }
        }),
    )
    .when(WHEN_HEARD),
    Family::gauge(
        "gim_upgrade_containers_last_terminated",
        "Containers of pods created since the operation began, by how their last run ended.",
        Yields::Pods(|pods, series| {
            let mut counts = BTreeMap::new();
            for reason in since_operation(pods).filter_map(|container| container.last_terminated) {
                count(&mut counts, reason.as_str());
            }
            for (reason, count) in counts {
                series.put([reason], count);
            }
        }),
    )
    .labels(&["reason"])
    .when(WHEN_THERE),
];

fn count<K: Ord>(counts: &mut BTreeMap<K, f64>, key: K) {
    *counts.entry(key).or_default() += 1.0;
}

fn all<'a>(pods: &Pods<'a>) -> impl Iterator<Item = &'a PodFacts> {
    pods.workloads.unwrap_or_default().iter().flat_map(|workload| &workload.pods)
}

/// The pods that count as replicas: neither ended nor being deleted.
fn replicas<'a>(pods: &Pods<'a>) -> impl Iterator<Item = &'a PodFacts> {
    all(pods).filter(|pod| pod.pod.is_replica() && !pod.pod.terminating)
}

/// The containers whose whole history lies within the operation: of an older pod nobody knows which restart came when.
fn since_operation<'a>(pods: &Pods<'a>) -> impl Iterator<Item = &'a Container> {
    let began = pods.operation_began;
    all(pods).filter(move |pod| began.is_none_or(|began| pod.pod.created >= began)).flat_map(|pod| &pod.pod.containers)
}
