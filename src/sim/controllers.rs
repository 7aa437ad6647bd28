//! Stand-ins for those who change a cluster: Helm, the workload controllers, the scheduler and the kubelet.
//!
//! Each does what its original was seen to do where the exporter could notice, and no more. None reads a clock: the
//! cluster says what time it is.

pub(in crate::sim) mod deployment;
pub(in crate::sim) mod flink;
pub(in crate::sim) mod helm_client;
pub(in crate::sim) mod helm_history;
mod helm_hooks;
mod helm_wait;
mod meta;
pub(in crate::sim) mod pod;
mod pod_json;
pub(in crate::sim) mod pods;
mod replicasets;
pub(in crate::sim) mod statefulset;
mod steps;

use super::scenario::Span;
use super::world::cluster::{Cluster, Event};

/// How long a controller takes from a change to its answer.
pub(in crate::sim) const LAG: Span = Span::from_millis(1000);

/// Whether all workloads of a release are rolled out.
pub(in crate::sim) fn is_rolled_out(cluster: &Cluster, release: &str) -> bool {
    helm_wait::is_ready(cluster, release)
}

/// Has the one concerned do what is due.
pub(in crate::sim) fn handle(cluster: &mut Cluster, event: Event) {
    match event {
        Event::Step(action) => steps::act(cluster, *action),
        Event::StatefulSet(key) => statefulset::reconcile(cluster, &key),
        Event::Deployment(key) => deployment::reconcile(cluster, &key),
        Event::Pod(key, epoch, what) => pods::on_event(cluster, &key, epoch, what),
        Event::Helm(operation, what) => helm_client::on_event(cluster, operation, what),
    }
}
