//! `helm --wait`: whether the workloads of a release are as far as Helm wants, and what Helm says when time is up.

use super::helm_client;
use crate::sim::scenario::HelmVersion;
use crate::sim::world::cluster::Cluster;

/// A workload has changed: those who wait look again.
pub(super) fn look(cluster: &mut Cluster) {
    let done: Vec<u64> = cluster
        .operations
        .iter()
        .filter(|(_, work)| work.is_waiting() && is_ready(cluster, &work.release))
        .map(|(operation, _)| *operation)
        .collect();
    for operation in done {
        helm_client::after_wait(cluster, operation);
    }
}

/// Whether all workloads of the release are rolled out.
pub(super) fn is_ready(cluster: &Cluster, release: &str) -> bool {
    cluster
        .stateful_sets
        .values()
        .filter(|set| set.release == release)
        .all(super::statefulset::StatefulSet::is_rolled_out)
        && cluster.deployments.values().filter(|set| set.release == release).all(|set| set.is_rolled_out(cluster))
}

/// The cause that Helm gives when the time is up.
pub(super) fn timed_out(cluster: &Cluster, release: &str, helm: HelmVersion) -> String {
    if helm == HelmVersion::Three {
        return "context deadline exceeded".to_owned();
    }
    let sets = cluster.stateful_sets.values().filter(|set| set.release == release && !set.is_rolled_out());
    let deployments = cluster.deployments.values().filter(|set| set.release == release && !set.is_rolled_out(cluster));
    let mut lines: Vec<String> = sets
        .map(super::statefulset::StatefulSet::progress)
        .chain(deployments.map(|set| set.progress(cluster)))
        .map(|(name, message)| format!("resource {name} not ready. status: InProgress, message: {message}"))
        .collect();
    lines.push("context deadline exceeded".to_owned());
    lines.join("\n")
}
