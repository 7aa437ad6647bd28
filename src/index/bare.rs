//! Bare pods: pods of a component that no workload of a known kind keeps, such as those that an operator or Flink itself
//! makes. They are shown as one workload of kind `pods`, so that none of them is silently nothing.
//!
//! Which revision such a pod is of cannot be told: `assess::proof` does not take one that is older than an operation for
//! its result. Not for pods of workloads: ownerReferences tell those.

use std::sync::Arc;

use crate::model::facts::{Generation, PodFacts, WorkloadFacts};
use crate::model::names::Name;
use crate::model::workload::{Pod, UpdateStrategy, Workload, WorkloadKind};

/// Kinds of owners that keep pods themselves: their pods are theirs, whether they are known here or not.
const KEEPERS: [&str; 6] = ["ReplicaSet", "StatefulSet", "Job", "DaemonSet", "ReplicationController", "Node"];

/// Whether no workload of a kind that keeps pods made it.
pub fn is_bare(pod: &Pod) -> bool {
    pod.owner.as_ref().is_none_or(|owner| !KEEPERS.contains(&&*owner.kind))
}

/// Whether one of these workloads made it by itself, as a Flink job manager's `Deployment` owns its task managers.
pub fn is_of(pod: &Pod, workloads: &[WorkloadFacts]) -> bool {
    pod.owner.as_ref().is_some_and(|owner| workloads.iter().any(|workload| workload.workload.uid == owner.uid))
}

/// Bare pods as one workload; `None` where there are none and none are wanted.
pub fn workload(
    namespace: &Name,
    release: &Name,
    mut pods: Vec<Arc<Pod>>,
    wanted: Option<u32>,
) -> Option<WorkloadFacts> {
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    let created = pods.iter().map(|pod| pod.created).min();
    let there = pods.iter().filter(|pod| pod.is_replica()).count();
    // As many as there are, and those that are being deleted will come again: that none is left is no scaling to 0.
    let desired = match (wanted, created) {
        (Some(wanted), _) => wanted,
        (None, Some(_)) => u32::try_from(there).unwrap_or(u32::MAX).max(1),
        (None, None) => return None,
    };
    let workload = Workload {
        kind: WorkloadKind::Pods,
        namespace: namespace.clone(),
        name: release.clone(),
        uid: Name::default(),
        release: Some(release.clone()),
        chart_label: None,
        labels: crate::model::workload::AppLabels::default(),
        created: created.unwrap_or_default(),
        specified: created.unwrap_or_default(),
        generation: 0,
        observed_generation: 0,
        desired,
        images: Vec::new(),
        strategy: UpdateStrategy::RollingUpdate,
        ordered: false,
        current_revision: None,
        update_revision: None,
        progressed: true,
    };
    let pods = pods.into_iter().map(|pod| PodFacts { pod, generation: Generation::New }).collect();
    Some(WorkloadFacts { workload: Arc::new(workload), pods })
}
