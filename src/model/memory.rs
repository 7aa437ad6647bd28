//! Memory: the little that does not follow from the cluster and is kept between judgements.
//!
//! Bounded in every direction. It begins anew when the exporter restarts, and everything is arranged so that this can
//! only delay an adverse verdict or a `proceed`, never hasten one. Updating it is `assess::remember`'s work.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use litemap::LiteMap;

use super::names::{Component, Name, PerComponent};
use super::time::Timestamp;
use super::workload::Pod;
use crate::named;

/// The most intervals of signals that a latency window may have: one of 10 minutes read every second.
pub const MAX_INTERVALS: usize = 600;
/// The most samples that a latency window holds. Twice as many as intervals: reads are not quite even, one sample from before the
/// window makes it whole, and replicas are read in turn.
pub const MAX_SAMPLES: usize = 2 * MAX_INTERVALS;
/// The most topics whose presence is remembered.
pub const MAX_TOPICS: usize = 256;
/// The most revisions that are remembered as seen verified: Helm keeps 10 by default.
pub const MAX_VERIFIED: usize = 32;
/// The most restarts of one pod that are remembered; three within the hold already decide.
pub const MAX_RESTARTS: usize = 8;
/// The most counters that are remembered of one component: a handful of each of a few pods.
pub const MAX_COUNTERS: usize = 64;

named! {
    /// A condition whose beginning is remembered while it holds.
    pub enum Condition {
        /// An image cannot be pulled.
        ImageNotPulled = "image_not_pulled",
        /// A stale pod stands in the way.
        StalePod = "stale_pod",
        /// A Ready pod of an old revision under strategy `OnDelete`.
        OnDelete = "on_delete",
        /// Fewer pods than wanted are there, of whatever revision, or one is still being deleted; or all are Ready and the
        /// rollout is not finished.
        NoPodAwaited = "no_pod_awaited",
        /// Check `latency_low` fails.
        LatencyHigh = "latency_high",
        /// Check `backlog_not_growing` fails.
        BacklogGrowing = "backlog_growing",
        /// Check `server_state` fails.
        ServerFailing = "server_failing",
        /// Check `jobs_succeeding` fails.
        JobsFailing = "jobs_failing",
        /// Check `flink_job_running` fails.
        FlinkJobDown = "flink_job_down",
        /// Check `task_managers_registered` fails.
        TaskManagersMissing = "task_managers_missing",
        /// Check `checkpoints_succeeding` fails.
        CheckpointsFailing = "checkpoints_failing",
    }
}

/// One sample of the latency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was read.
    pub at: Timestamp,
    /// Latency in seconds.
    pub seconds: f64,
}

/// Samples of the latency, all taken from the same pods after all of them were Ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatencyWindow {
    /// UIDs of those pods, sorted.
    pub pods: Vec<Name>,
    /// Since when they were seen to be all Ready.
    pub since: Option<Timestamp>,
    /// The samples, oldest first; at most [`MAX_SAMPLES`], all but the first within the trend's window before the newest.
    pub samples: VecDeque<Sample>,
    /// The first latency read from these pods, in seconds: the backlog that the operation itself left.
    pub peak_at_ready: Option<f64>,
    /// Whether it ever fell since then: something is consumed.
    pub fell: bool,
}

/// One pod, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodMemory {
    /// Whether it was Ready.
    pub ready: bool,
    /// Since when: when it was seen to turn. Where it was never seen otherwise, what the kubelet says, but no sooner than
    /// the pod was made and no later than it was first seen: kubelets' clocks may be hours off.
    pub since: Timestamp,
    /// Restarts of that of its containers that was restarted most.
    pub restarts: u32,
    /// When restarts were seen, oldest first; at most [`MAX_RESTARTS`]. Those that were seen at once count as one: they
    /// are a node's, or nobody watched.
    pub restarted: VecDeque<Timestamp>,
    /// When one of them was last seen in a crash loop.
    pub loop_seen: Option<Timestamp>,
}

/// Checkpoints of Flink's job, as its job manager counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointMemory {
    /// UID of the job manager's pod; `None` where a fixed URL is read.
    pub pod: Option<Name>,
    /// When they were last read.
    pub read: Timestamp,
    /// Completed ones, as last read.
    pub completed: u64,
    /// Failed ones, as last read.
    pub failed: u64,
    /// Since when this job is followed.
    pub since: Timestamp,
    /// When a completed one was last seen to come; `None` where none was.
    pub completed_at: Option<Timestamp>,
    /// Failed ones when that was, or when it was first read.
    pub failed_before: u64,
}

impl CheckpointMemory {
    /// How many failed since one was last completed.
    #[must_use]
    pub const fn failed_in_a_row(&self) -> u64 {
        self.failed.saturating_sub(self.failed_before)
    }

    /// The same counters, followed from now on only.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { since: self.read, completed_at: None, failed_before: self.failed, ..self }
    }
}

/// A counter of one page, as last read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counter {
    /// Its value.
    pub value: f64,
    /// When it was first read; when it was first read again after it had fallen, which is a start anew and no rise.
    pub since: Timestamp,
    /// When it was last seen to have risen since then.
    pub rose: Option<Timestamp>,
}

/// An operation that is being witnessed, for the time that it spends in each stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// When it began, by which it is told from others.
    pub begin: Timestamp,
    /// Kind of the operation, by its spelling, as far as it is known by now.
    pub kind: &'static str,
    /// Whether it was seen from its begin; only then are the times whole.
    pub whole: bool,
    /// The stage it is in, by its spelling, and since when.
    pub stage: (&'static str, Timestamp),
    /// Time spent in the stages it has left.
    pub spent: BTreeMap<&'static str, Duration>,
    /// Its outcome, once it has one, so that it is counted once.
    pub outcome: Option<&'static str>,
}

/// When an operation was over: Helm done, and the pods once all Ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// When the operation began, by which it is told from others.
    pub begin: Timestamp,
    /// When it was first seen to be over.
    pub at: Timestamp,
    /// Whether it was seen not to be over before; if not, it was over at some time before `at`.
    pub witnessed: bool,
}

/// How the suite was when an operation was seen to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// When the operation began, by which it is told from others.
    pub begin: Timestamp,
    /// The first component, in order, that was not well.
    pub ill: Option<Component>,
    /// Whether every component's state was known then.
    pub known: bool,
}

/// Memory of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentMemory {
    /// When this memory began.
    pub began: Timestamp,
    /// Since when each condition holds.
    pub since: BTreeMap<Condition, Timestamp>,
    /// The latency's window.
    pub window: LatencyWindow,
    /// When each topic was last seen; at most [`MAX_TOPICS`].
    pub topics: LiteMap<Name, Timestamp>,
    /// Counters by the pod that serves them (`None` for a fixed URL) and by signal; at most [`MAX_COUNTERS`].
    pub counters: LiteMap<(Option<Name>, Name), Counter>,
    /// When all that the component is judged by was first read, of every Ready pod.
    pub first_read: Option<Timestamp>,
    /// When a page last had what the component is judged by.
    pub carried: Option<Timestamp>,
    /// The pods that exist, by UID.
    pub pods: LiteMap<Name, PodMemory>,
    /// Begin of the operation that was seen rolled out.
    pub rolled_out: Option<Timestamp>,
    /// Revisions seen verified, each by when it was created and by its number, which begins anew with another install; at most
    /// [`MAX_VERIFIED`], the oldest are forgotten first.
    pub verified: Vec<(Timestamp, u32)>,
    /// The operation that is being witnessed.
    pub witness: Option<Witness>,
    /// Checkpoints of Flink's job; `None` where none were read.
    pub checkpoints: Option<CheckpointMemory>,
    /// Operations completed while watching, by kind and outcome.
    pub completed: BTreeMap<(&'static str, &'static str), u64>,
    /// Begin of the newest operation at the last look, and `None` in it where there was none; `None` before the first.
    pub newest: Option<Option<Timestamp>>,
    /// Whether it was verified, or at rest in health, at the last judgement; `None` where that was not known.
    pub well: Option<bool>,
    /// How the suite was when the newest operation began; `None` where that was not seen.
    pub started: Option<Started>,
    /// When the newest operation was over.
    pub over: Option<Over>,
}

impl ComponentMemory {
    /// Since when a condition holds; `None` where it did not at the last judgement.
    #[must_use]
    pub fn since(&self, condition: Condition) -> Option<Timestamp> {
        self.since.get(&condition).copied()
    }

    /// Since when a pod is Ready, or is not, whichever it is; its creation where it was never seen.
    #[must_use]
    pub fn readiness_since(&self, pod: &Pod) -> Timestamp {
        self.pods.get(&pod.uid).map_or(pod.created, |known| known.since)
    }

    /// Memory that begins now.
    #[must_use]
    pub fn new(began: Timestamp) -> Self {
        Self {
            began,
            since: BTreeMap::new(),
            window: LatencyWindow::default(),
            topics: LiteMap::new(),
            counters: LiteMap::new(),
            first_read: None,
            carried: None,
            pods: LiteMap::new(),
            rolled_out: None,
            verified: Vec::new(),
            witness: None,
            checkpoints: None,
            completed: BTreeMap::new(),
            newest: None,
            well: None,
            started: None,
            over: None,
        }
    }
}

/// Memory of one suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Memory of its components.
    pub components: PerComponent<ComponentMemory>,
}

impl Memory {
    /// Memory that begins now.
    #[must_use]
    pub fn new(began: Timestamp) -> Self {
        Self { components: PerComponent::from_fn(|_| ComponentMemory::new(began)) }
    }
}
