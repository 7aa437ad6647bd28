//! Workloads and pods, with the few fields that judging an upgrade needs.
//!
//! Narrow on purpose: a page of 500 pods in full is thirty times larger. Not for deciding whether a pod is of the new
//! or the old generation: `index` tells that when it joins pods to workloads.

use super::names::Name;
use super::time::Timestamp;
use crate::named;

named! {
    /// What kind of workload it is.
    pub enum WorkloadKind {
        /// `apps/v1` `StatefulSet`.
        StatefulSet = "statefulset",
        /// `apps/v1` `Deployment`.
        Deployment = "deployment",
        /// `batch/v1` `Job`.
        Job = "job",
        /// Pods that no workload of these kinds keeps, taken together.
        Pods = "pods",
    }
}

named! {
    /// How a `StatefulSet` replaces its pods.
    pub enum UpdateStrategy {
        /// The controller deletes and creates them.
        RollingUpdate = "rolling_update",
        /// Only when somebody deletes them.
        OnDelete = "on_delete",
    }
}

/// Labels by which objects of many charts are told, of which nothing else is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppLabels {
    /// Label `app`.
    pub app: Option<Name>,
    /// Label `app.kubernetes.io/name`.
    pub name: Option<Name>,
}

/// A `StatefulSet`, `Deployment` or `Job`, or pods without any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Its UID, by which its pods and `ReplicaSet`s name it.
    pub uid: Name,
    /// The Helm release that made it: annotation `meta.helm.sh/release-name`, else label `app.kubernetes.io/instance`.
    pub release: Option<Name>,
    /// Label `helm.sh/chart`, such as `gim-100.0.116_2900`.
    pub chart_label: Option<Name>,
    /// Labels by which the configuration may tell it.
    pub labels: AppLabels,
    /// When it was created, by the API server's clock.
    pub created: Timestamp,
    /// When its specification was last written, by the API server's clock: the newest managed-fields entry that is of no
    /// subresource (a change of scale is) and not of Kubernetes's own controllers; the creation where no entry tells.
    pub specified: Timestamp,
    /// Generation of its specification.
    pub generation: i64,
    /// The generation that its controller has acted on; 0 where it has not yet. Equal to `generation` for a `Job`.
    pub observed_generation: i64,
    /// Pods wanted (`spec.replicas`, 1 by default; `spec.parallelism` of a `Job`).
    pub desired: u32,
    /// Images of the pod template, init containers first, in the template's order.
    pub images: Vec<Name>,
    /// How a `StatefulSet` replaces pods; `RollingUpdate` for every other kind.
    pub strategy: UpdateStrategy,
    /// Whether a `StatefulSet` waits for each pod before the next (`OrderedReady`); false for every other kind.
    pub ordered: bool,
    /// `status.currentRevision` of a `StatefulSet`.
    pub current_revision: Option<Name>,
    /// `status.updateRevision` of a `StatefulSet`.
    pub update_revision: Option<Name>,
    /// Whether a `Deployment` has condition `Progressing` with reason `NewReplicaSetAvailable`; for a `Job`, whether it
    /// has condition `Complete`.
    pub progressed: bool,
}

/// A `ReplicaSet` of a `Deployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Its UID, by which its pods name it.
    pub uid: Name,
    /// UID of the `Deployment` that owns it.
    pub owner_uid: Option<Name>,
    /// Annotation `deployment.kubernetes.io/revision`: the highest is the newest, whatever the creation times say.
    pub revision: u64,
}

named! {
    /// A pod's phase.
    pub enum PodPhase {
        /// Not all containers have started.
        Pending = "pending",
        /// Started.
        Running = "running",
        /// All containers ended well; no replica any more.
        Succeeded = "succeeded",
        /// Ended badly or evicted; no replica any more.
        Failed = "failed",
        /// The node does not answer, or a phase that Kubernetes does not have.
        Unknown = "unknown",
    }
}

named! {
    /// Why a container waits. A known set; anything else is `other`, never silence.
    pub enum WaitingReason {
        /// Being made; also the wait for volumes.
        ContainerCreating = "container_creating",
        /// Init containers run first.
        PodInitializing = "pod_initializing",
        /// The image could not be pulled.
        ErrImagePull = "err_image_pull",
        /// The image could not be pulled, the next try is later.
        ImagePullBackOff = "image_pull_back_off",
        /// The image reference is malformed.
        InvalidImageName = "invalid_image_name",
        /// The image is not on the node and may not be pulled.
        ErrImageNeverPull = "err_image_never_pull",
        /// The registry does not answer.
        RegistryUnavailable = "registry_unavailable",
        /// The container ended again and again, the next start is later.
        CrashLoopBackOff = "crash_loop_back_off",
        /// A `ConfigMap` or `Secret` that the container names is missing or wrong.
        CreateContainerConfigError = "create_container_config_error",
        /// The runtime could not make the container.
        CreateContainerError = "create_container_error",
        /// The runtime could not start the container.
        RunContainerError = "run_container_error",
        /// Any other reason, or none.
        Other = "other",
    }
}

impl WaitingReason {
    /// Reads Kubernetes's spelling, such as `ImagePullBackOff`.
    #[must_use]
    pub fn from_kubernetes(text: &str) -> Self {
        match text {
            "ContainerCreating" => Self::ContainerCreating,
            "PodInitializing" => Self::PodInitializing,
            "ErrImagePull" => Self::ErrImagePull,
            "ImagePullBackOff" => Self::ImagePullBackOff,
            "InvalidImageName" => Self::InvalidImageName,
            "ErrImageNeverPull" => Self::ErrImageNeverPull,
            "RegistryUnavailable" => Self::RegistryUnavailable,
            "CrashLoopBackOff" => Self::CrashLoopBackOff,
            "CreateContainerConfigError" => Self::CreateContainerConfigError,
            "CreateContainerError" => Self::CreateContainerError,
            "RunContainerError" => Self::RunContainerError,
            _ => Self::Other,
        }
    }

    /// Whether the image is the trouble. `ErrImagePull` alternates with `ImagePullBackOff`; both count as one.
    #[must_use]
    pub const fn is_image(self) -> bool {
        matches!(
            self,
            Self::ErrImagePull
                | Self::ImagePullBackOff
                | Self::InvalidImageName
                | Self::ErrImageNeverPull
                | Self::RegistryUnavailable
        )
    }
}

named! {
    /// Why a container last ended. A known set; anything else is `other`.
    pub enum TerminatedReason {
        /// Out of memory.
        OomKilled = "oom_killed",
        /// Exit code other than 0.
        Error = "error",
        /// Exit code 0.
        Completed = "completed",
        /// Any other reason, or none.
        Other = "other",
    }
}

impl TerminatedReason {
    /// Reads Kubernetes's spelling, such as `OOMKilled`.
    #[must_use]
    pub fn from_kubernetes(text: &str) -> Self {
        match text {
            "OOMKilled" => Self::OomKilled,
            "Error" => Self::Error,
            "Completed" => Self::Completed,
            _ => Self::Other,
        }
    }
}

/// A container of a pod, init containers included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: Name,
    /// Whether it is an init container.
    pub init: bool,
    /// Image of the pod's specification.
    pub image: Name,
    /// How often it was restarted.
    pub restarts: u32,
    /// Why it waits, where it does.
    pub waiting: Option<WaitingReason>,
    /// How its last run ended, where one has: of `lastState`, or of `state` where it is terminated now.
    pub last_terminated: Option<TerminatedReason>,
}

/// The owner that a pod names as its controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodOwner {
    /// Kubernetes's kind, such as `ReplicaSet`.
    pub kind: Name,
    /// UID of the owner.
    pub uid: Name,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Its UID: a pod of the same name with another UID is another pod.
    pub uid: Name,
    /// Its controller.
    pub owner: Option<PodOwner>,
    /// When it was created, by the API server's clock.
    pub created: Timestamp,
    /// Its phase.
    pub phase: PodPhase,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Whether it has a node (condition `PodScheduled`).
    pub scheduled: bool,
    /// Whether condition `Ready` is true.
    pub ready: bool,
    /// When condition `Ready` last changed, by the kubelet's clock.
    pub ready_changed: Option<Timestamp>,
    /// Label `controller-revision-hash` (`StatefulSet`).
    pub revision_hash: Option<Name>,
    /// Labels by which the configuration may tell it.
    pub labels: AppLabels,
    /// Its address, where it has one.
    pub ip: Option<Name>,
    /// Its containers, init containers first.
    pub containers: Vec<Container>,
}

impl Pod {
    /// Whether it counts as a replica: Succeeded and Failed (evicted) pods stay in lists and do not.
    #[must_use]
    pub const fn is_replica(&self) -> bool {
        !matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// Restarts of all its containers.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.containers.iter().fold(0, |sum, container| sum.saturating_add(container.restarts))
    }

    /// Whether a container waits for a reason that `test` accepts.
    pub fn waits(&self, test: impl Fn(WaitingReason) -> bool) -> bool {
        self.containers.iter().filter_map(|container| container.waiting).any(test)
    }
}
