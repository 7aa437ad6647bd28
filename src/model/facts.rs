//! Facts: all that is known of one suite at one moment, joined and ready to be judged.
//!
//! Assembled by `index`, judged by `assess`, rendered by `publish`. Nothing here is a judgement: whether a pod is of
//! the new generation is a fact, whether that is well is not.

use std::sync::Arc;

use super::config_map::ConfigMap;
use super::database::DatabaseReading;
use super::dependency::{Backup, Dependency, Level, ProbeFacts};
use super::names::{Component, Name, PerComponent};
use super::release::{ReleaseBody, ReleaseFacts};
use super::signal::SignalFacts;
use super::source::Freshness;
use super::suite::Suite;
use super::time::Timestamp;
use super::version::{BuildVersion, build_of, chart_label_version};
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
    /// `ConfigMap`s that the component may have left behind.
    pub config_maps: Freshness,
    /// The Prometheus, where one is asked.
    pub prometheus: Freshness,
}

impl Sources {
    /// Every kind of evidence equally fresh.
    #[must_use]
    pub const fn all(freshness: Freshness) -> Self {
        Self {
            pods: freshness,
            workloads: freshness,
            helm: freshness,
            bodies: freshness,
            config_maps: freshness,
            prometheus: freshness,
        }
    }
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
    /// `ConfigMap`s with label `app` of its release's name, sorted by name; of GSP alone.
    pub config_maps: Vec<Arc<ConfigMap>>,
    /// How fresh the evidence is.
    pub sources: Sources,
}

/// What is known of one suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The suite, as it is configured.
    pub suite: Arc<Suite>,
    /// What is known of its components.
    pub components: PerComponent<ComponentFacts>,
    /// What is known of what stands around them.
    pub surroundings: SurroundingFacts,
}

/// What is known of what a suite depends on. `None` where nothing was heard yet, or nothing is configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurroundingFacts {
    /// Kafka.
    pub kafka: Option<ProbeFacts>,
    /// `PostgreSQL`, as a server that answers.
    pub database: Option<ProbeFacts>,
    /// Object storage.
    pub object_storage: Option<ProbeFacts>,
    /// The newest read of the Info Mart database.
    pub info_mart: Option<Arc<DatabaseReading>>,
    /// The backup of the Info Mart database.
    pub backup: Option<Backup>,
    /// Health of the aggregation.
    pub aggregation: Option<Level>,
}

impl SurroundingFacts {
    /// What is known of one dependency.
    #[must_use]
    pub const fn dependency(&self, dependency: Dependency) -> Option<&ProbeFacts> {
        match dependency {
            Dependency::Kafka => self.kafka.as_ref(),
            Dependency::Database => self.database.as_ref(),
            Dependency::ObjectStorage => self.object_storage.as_ref(),
        }
    }

    /// The place of what is known of one dependency.
    pub const fn dependency_mut(&mut self, dependency: Dependency) -> &mut Option<ProbeFacts> {
        match dependency {
            Dependency::Kafka => &mut self.kafka,
            Dependency::Database => &mut self.database,
            Dependency::ObjectStorage => &mut self.object_storage,
        }
    }
}

impl Facts {
    /// The build that a component is to reach, where one is configured.
    #[must_use]
    pub fn target(&self, component: Component) -> Option<&BuildVersion> {
        self.suite.targets.get(component).as_ref()
    }
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

    /// Whether what is known of its operations is told by its workloads alone: Helm's releases are not read, or what
    /// installs the charts keeps none (Argo CD). Workloads without the label `helm.sh/chart` tell nothing.
    #[must_use]
    pub fn told_by_workloads(&self) -> bool {
        let no_word = match self.sources.helm {
            Freshness::Off => true,
            Freshness::Fresh => self.release.revisions.is_empty(),
            Freshness::Starting | Freshness::Stale | Freshness::Unreadable | Freshness::Forbidden => false,
        };
        no_word && self.charted().next().is_some()
    }

    /// Its workloads with label `helm.sh/chart`; `Job`s come and go and are left out.
    pub fn charted(&self) -> impl Iterator<Item = (&Workload, &Name)> + Clone {
        let lasting = self.workloads.iter().map(|workload| &*workload.workload).filter(|w| w.kind != WorkloadKind::Job);
        lasting.filter_map(|workload| workload.chart_label.as_ref().map(|label| (workload, label)))
    }

    /// When the newest operation began: creation of the newest revision, or, where there is none, when the specification of
    /// a labelled workload was last written. `None` where there is neither.
    #[must_use]
    pub fn operation_began(&self) -> Option<Timestamp> {
        let by_helm = self.release.newest().map(|newest| newest.created);
        by_helm.or_else(|| {
            let specified = self.charted().map(|(workload, _)| workload.specified);
            specified.max().filter(|_| self.told_by_workloads())
        })
    }

    /// The build that it is meant to run: by the newest revision's manifest, else by its workloads' images and labels. `None`
    /// where neither is known.
    #[must_use]
    pub fn build(&self) -> Option<BuildVersion> {
        if let Some(newest) = self.release.newest() {
            return newest.body().map(ReleaseBody::build);
        }
        let (_, label) = self.charted().next().filter(|_| self.told_by_workloads())?;
        let images = self.charted().flat_map(|(workload, _)| &workload.images);
        Some(build_of(images, BuildVersion::new(chart_label_version(label))))
    }

    /// How many pods are wanted in all; a `Job` that is complete wants none any more.
    #[must_use]
    pub fn desired(&self) -> u32 {
        let complete = |workload: &Workload| workload.kind == WorkloadKind::Job && workload.progressed;
        let wanted = self.workloads.iter().map(|workload| &workload.workload).filter(|workload| !complete(workload));
        wanted.fold(0, |sum, workload| sum.saturating_add(workload.desired))
    }
}
