//! Facts: all that is known of one suite at one moment, joined and ready to be judged.
//!
//! Assembled by `index`, judged by `assess`, rendered by `publish`. Nothing here is a judgement: whether a pod is of
//! the new generation is a fact, whether that is well is not.

use std::sync::Arc;

use super::names::{Name, PerComponent};
use super::release::ReleaseFacts;
use super::signal::SignalFacts;
use super::source::Freshness;
use super::workload::{Pod, Workload, WorkloadKind};
use crate::named;

named! {
    /// Whether a pod belongs to what was rolled out last.
    pub enum Generation {
        /// Of the workload's update revision (`StatefulSet`) or newest `ReplicaSet` (`Deployment`).
        New = "new",
        /// Of an earlier one.
        Old = "old",
    }
}

/// A pod and its generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodFacts {
    /// The pod.
    pub pod: Arc<Pod>,
    /// Its generation.
    pub generation: Generation,
}

/// A workload and its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadFacts {
    /// The workload.
    pub workload: Arc<Workload>,
    /// Its pods, by ownerReference, sorted by name.
    pub pods: Vec<PodFacts>,
}

/// How far each kind of evidence about a component may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// Pods.
    pub pods: Freshness,
    /// Workloads: the worst of `StatefulSet`s, `Deployment`s and `ReplicaSet`s.
    pub workloads: Freshness,
    /// Helm's history.
    pub helm: Freshness,
    /// The reading of the bodies in Helm's history.
    pub bodies: Freshness,
}

/// What is known of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentFacts {
    /// Its namespace.
    pub namespace: Name,
    /// Name of its Helm release.
    pub release_name: Name,
    /// Name of the companion release, where it has one.
    pub companion_name: Option<Name>,
    /// Its release.
    pub release: ReleaseFacts,
    /// The companion's release; empty where it has none.
    pub companion: ReleaseFacts,
    /// Its workloads, sorted by kind and name.
    pub workloads: Vec<WorkloadFacts>,
    /// Its signals.
    pub signals: SignalFacts,
    /// How fresh the evidence is.
    pub sources: Sources,
}

/// What is known of one suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Name of the suite.
    pub suite: Name,
    /// What is known of its components.
    pub components: PerComponent<ComponentFacts>,
}

impl ComponentFacts {
    /// Every pod of every workload.
    pub fn pods(&self) -> impl Iterator<Item = &PodFacts> {
        self.workloads.iter().flat_map(|workload| &workload.pods)
    }

    /// The pods that count as replicas: neither ended nor being deleted.
    pub fn replicas(&self) -> impl Iterator<Item = &PodFacts> {
        self.pods().filter(|pod| pod.pod.is_replica() && !pod.pod.terminating)
    }

    /// How many pods are wanted in all; a `Job` that is complete wants none any more.
    #[must_use]
    pub fn desired(&self) -> u32 {
        let complete = |workload: &Workload| workload.kind == WorkloadKind::Job && workload.progressed;
        let wanted = self.workloads.iter().map(|workload| &workload.workload).filter(|workload| !complete(workload));
        wanted.fold(0, |sum, workload| sum.saturating_add(workload.desired))
    }
}
