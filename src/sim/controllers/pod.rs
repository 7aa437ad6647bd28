//! A pod: what the scheduler and the kubelet know of it. What becomes of it is told in `pods`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{Owner, image_tag};
use crate::sim::chart::component_of;
use crate::sim::metrics_page::Counters;
use crate::sim::scenario::{Behaviour, Span};
use crate::sim::world::cluster::{Cluster, Key};

/// A pod.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Pod {
    pub(in crate::sim) key: Key,
    pub(in crate::sim) uid: String,
    pub(in crate::sim) owner: Owner,
    pub(in crate::sim) release: String,
    /// The workload that behaviours name: the StatefulSet or Deployment, or the hook's Job.
    pub(in crate::sim) workload: String,
    pub(in crate::sim) generate_name: String,
    pub(in crate::sim) labels: BTreeMap<String, String>,
    /// The workload's pod template.
    pub(in crate::sim) template: Value,
    pub(in crate::sim) tag: String,
    pub(in crate::sim) created: Span,
    pub(in crate::sim) changed: Span,
    pub(in crate::sim) state: PodState,
    pub(in crate::sim) node: Option<String>,
    pub(in crate::sim) scheduled: Option<Span>,
    pub(in crate::sim) ip: Option<String>,
    /// When the container that is there began.
    pub(in crate::sim) started: Option<Span>,
    pub(in crate::sim) ready: bool,
    /// When `ready` last changed.
    pub(in crate::sim) ready_changed: Span,
    pub(in crate::sim) restarts: u32,
    pub(in crate::sim) last_exit: Option<Exit>,
    pub(in crate::sim) deleted: Option<Span>,
    /// Its node is gone: nobody serves, consumes or ends.
    pub(in crate::sim) lost: bool,
    pub(in crate::sim) counters: Counters,
    /// Events of an earlier epoch are void.
    pub(in crate::sim) epoch: u64,
}

/// How a container ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Exit {
    pub(in crate::sim) began: Span,
    pub(in crate::sim) ended: Span,
    pub(in crate::sim) code: i32,
    pub(in crate::sim) reason: &'static str,
}

/// What a pod is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum PodState {
    /// Just created.
    New,
    /// No node takes it.
    Unschedulable,
    /// On a node, its image not there yet.
    Creating,
    /// The pull failed a moment ago.
    ErrImagePull { attempt: u32 },
    /// It waits to pull again.
    ImagePullBackOff { attempt: u32 },
    /// Its container runs.
    Running,
    /// Its container ended a moment ago.
    Exited,
    /// It waits to start its container again.
    CrashLoopBackOff,
    /// It is being deleted and its container has ended.
    Stopped,
    /// Evicted.
    Failed,
    /// Done: a Job's.
    Succeeded,
    /// Failed: a Job's.
    JobFailed,
}

/// What a controller calls a new pod.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) key: Key,
    pub(super) generate_name: String,
    pub(super) workload: String,
    pub(super) labels: BTreeMap<String, String>,
}

impl Pod {
    /// A pod that was created a moment ago.
    pub(super) fn new(cluster: &mut Cluster, name: Named, owner: Owner, release: &str, template: Value) -> Self {
        let now = cluster.now;
        Self {
            key: name.key,
            uid: cluster.next_uid(),
            owner,
            release: release.to_owned(),
            workload: name.workload,
            generate_name: name.generate_name,
            labels: name.labels,
            tag: image_tag(&template),
            template,
            created: now,
            changed: now,
            state: PodState::New,
            node: None,
            scheduled: None,
            ip: None,
            started: None,
            ready: false,
            ready_changed: now,
            restarts: 0,
            last_exit: None,
            deleted: None,
            lost: false,
            counters: Counters::default(),
            epoch: 0,
        }
    }

    /// From the start of its container to Ready.
    pub(super) fn ready_after(&self, behaviour: &Behaviour) -> Span {
        let usual = match component_of(&self.release) {
            Some("gim") => 180,
            Some("gsp") => 45,
            _ => 30,
        };
        behaviour.ready_after.unwrap_or_else(|| Span::from_secs(usual))
    }

    /// Whether it counts as a replica: neither ended nor being deleted.
    pub(in crate::sim) fn is_active(&self) -> bool {
        self.deleted.is_none() && !self.is_over()
    }

    /// Whether it has ended for good.
    pub(in crate::sim) fn is_over(&self) -> bool {
        matches!(self.state, PodState::Failed | PodState::Succeeded | PodState::JobFailed)
    }

    /// Ready, and not on its way out.
    pub(in crate::sim) fn is_available(&self) -> bool {
        self.ready && self.is_active()
    }
}
