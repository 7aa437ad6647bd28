//! The shape of a judgement: operation, stage, gate and verdict of each component of a suite.
//!
//! Plain data that `publish` renders. Instants only: until [`Assessment::valid_until`] any moment gives the same answer.
//! Not for how it is reached: see `operation`, `rollout`, `component`, `suite` and `verdict`.

use std::sync::Arc;

use super::answer::{Answer, CheckId, CheckState};
use super::trend::TrendReport;
use crate::model::memory::Condition;
use crate::model::names::{Component, Name, PerComponent};
use crate::model::time::Timestamp;
use crate::named;

named! {
    /// What kind of operation the newest revision is.
    pub enum OperationKind {
        /// The first revision.
        Install = "install",
        /// To a higher build.
        Upgrade = "upgrade",
        /// The same build with another manifest.
        Reconfigure = "reconfigure",
        /// Back to an earlier manifest.
        Rollback = "rollback",
        /// To a lower build that was not there before.
        Downgrade = "downgrade",
        /// Away with it.
        Uninstall = "uninstall",
        /// None, or none that is still of interest.
        None = "none",
    }
}

named! {
    /// How an operation ended.
    pub enum Outcome {
        /// It was verified.
        Verified = "verified",
        /// It failed.
        Failed = "failed",
        /// A rollback or downgrade followed before it was verified.
        Undone = "undone",
        /// Another operation followed before it was verified.
        Replaced = "replaced",
    }
}

named! {
    /// By what an operation is told.
    pub enum ToldBy {
        /// By Helm's history.
        Helm = "helm",
        /// By the workloads alone: Helm's releases are not read, or there are none.
        Workloads = "workloads",
    }
}

named! {
    /// What an operation changed, the weightiest.
    pub enum ChangeKind {
        /// The version of the chart.
        Chart = "chart",
        /// An image, with the chart as it was (upgrade guide, Rolling Update: Upgrade, the tip on image tags).
        Image = "image",
        /// Something else in the manifest.
        Values = "values",
        /// Nothing.
        Nothing = "nothing",
    }
}

/// What an operation changed, against the revision before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What.
    pub kind: ChangeKind,
    /// The build before.
    pub former_build: Name,
    /// The build that it installs.
    pub build: Name,
    /// The first image that is no more, and what is there in its stead; `None` where no image differs.
    pub images: Option<(Name, Name)>,
}

/// One install, upgrade, rollback, downgrade or uninstall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What kind.
    pub kind: OperationKind,
    /// By what it is told.
    pub told_by: ToldBy,
    /// The revision that it made; `None` where Helm does not tell.
    pub revision: Option<u32>,
    /// What it changed; `None` where there was nothing before, or that is not known.
    pub changed: Option<Changed>,
    /// When it began: creation of the revision's storage object, else when the workloads' specification was last written.
    pub begin: Timestamp,
    /// When Helm was done with it; `None` while Helm works.
    pub end: Option<Timestamp>,
    /// Begin plus Helm's timeout.
    pub helm_deadline: Timestamp,
    /// Begin plus the time until all pods must be Ready.
    pub ready_deadline: Timestamp,
    /// All pods Ready plus the time until signals must be normal; `None` while they are not.
    pub settle_deadline: Option<Timestamp>,
    /// Whether it is still of interest: Helm works on it, or it ended less than the suspect window ago.
    pub in_window: bool,
}

named! {
    /// Where a component stands. Exactly one at a time.
    pub enum Stage {
        /// Not installed, or nothing of it is meant to run.
        Absent = "absent",
        /// Helm works on it, hooks included.
        Applying = "applying",
        /// Helm is done, pods are not.
        RollingOut = "rolling_out",
        /// Ready, not yet proved.
        Verifying = "verifying",
        /// Proved to work.
        Verified = "verified",
        /// Rolled out before, unhealthy now.
        Degraded = "degraded",
        /// The operation failed.
        Failed = "failed",
        /// Helm removes it.
        Uninstalling = "uninstalling",
        /// The evidence is missing.
        Unknown = "unknown",
    }
}

named! {
    /// What to do now.
    pub enum VerdictKind {
        /// Nothing to do.
        None = "none",
        /// Wait.
        Wait = "wait",
        /// Go on with the next component.
        Proceed = "proceed",
        /// Delete the pod that stands in the way.
        RestartPod = "restart_pod",
        /// Go back to an earlier revision.
        RollBack = "roll_back",
        /// Mend Kafka, `PostgreSQL` or the storage first: a rollback will not work.
        FixDependency = "fix_dependency",
        /// Ask Genesys Customer Care.
        ContactSupport = "contact_support",
        /// Look into it.
        Investigate = "investigate",
        /// The evidence is missing.
        Unknown = "unknown",
    }
}

named! {
    /// Reasons of a verdict, or advisories beside it, that are not a check.
    pub enum NamedReason {
        /// The watch of pods or their workloads has not synced yet.
        PodsStarting = "pods_starting",
        /// The watch of pods or their workloads is silent, or one of them cannot be read.
        PodsStale = "pods_stale",
        /// Pods or their workloads may not be read.
        PodsForbidden = "pods_forbidden",
        /// The watch of Helm's history has not synced yet.
        HelmStarting = "helm_starting",
        /// The watch of Helm's history is silent, or a revision cannot be read.
        HelmStale = "helm_stale",
        /// Helm's history may not be read.
        HelmForbidden = "helm_forbidden",
        /// The newest revision's body could not be read.
        HelmBodyUnreadable = "helm_body_unreadable",
        /// There is no release.
        Absent = "absent",
        /// The release was uninstalled and its history kept.
        Uninstalled = "uninstalled",
        /// No pod is wanted.
        ScaledToZero = "scaled_to_zero",
        /// Helm removes it.
        Uninstalling = "uninstalling",
        /// Helm has been removing it for too long.
        UninstallStuck = "uninstall_stuck",
        /// A pod of an earlier revision keeps the controller from going on.
        StalePod = "stale_pod",
        /// The strategy is `OnDelete`, and a pod of an earlier revision still runs.
        OnDelete = "on_delete",
        /// The release failed, and not for waiting too long.
        ReleaseFailed = "release_failed",
        /// Helm has not written for too long while the release is pending.
        ReleasePendingStuck = "release_pending_stuck",
        /// There was no revision before.
        FirstInstall = "first_install",
        /// No earlier revision is fit to go back to.
        NoTarget = "no_target",
        /// No earlier revision was seen to work; the one that stayed longest is advised.
        UnprovenTarget = "unproven_target",
        /// Helm works on it.
        HelmWorking = "helm_working",
        /// The pods are not all Ready, or the controllers are not done, and still in time.
        RolloutUnfinished = "rollout_unfinished",
        /// A pod was replaced, and is still in time.
        PodReplaced = "pod_replaced",
        /// An operation elsewhere in the suite explains it.
        NeighbourOperation = "neighbour_operation",
        /// The pods have not been Ready for long enough.
        Soaking = "soaking",
        /// The window of samples is not full yet.
        WindowFilling = "window_filling",
        /// The latency is not low yet.
        LatencySettling = "latency_settling",
        /// The component's metrics are silent.
        SignalsSilent = "signals_silent",
        /// It was rolled back, and that works.
        RolledBack = "rolled_back",
        /// This component is done, but the next one may not be upgraded now.
        NextGateClosed = "next_gate_closed",
        /// The release is left `failed` although its pods healed.
        ReleaseLeftFailed = "release_left_failed",
        /// All is normal, but the schema is not the target's: the migration did not run or did not finish.
        MigrationIncomplete = "migration_incomplete",
        /// A hole in the table of verdicts.
        Undecided = "undecided",
    }
}

/// Why a verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A check.
    Check(CheckId),
    /// Anything else.
    Named(NamedReason),
}

impl Reason {
    /// The spelling: label `reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check(check) => check.as_str(),
            Self::Named(reason) => reason.as_str(),
        }
    }
}

/// A command that a verdict advises. The exporter never runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `kubectl delete pod`.
    DeletePod {
        /// Namespace of the pod.
        namespace: Name,
        /// The pod.
        pod: Name,
    },
    /// `helm rollback`, and the deletion of the pods that a `StatefulSet` will then need.
    RollBack {
        /// Namespace of the release.
        namespace: Name,
        /// The release.
        release: Name,
        /// The revision to go back to.
        revision: u32,
        /// `--timeout`, in seconds.
        timeout_seconds: u64,
        /// Pods to delete afterwards, since their `StatefulSet` waits for them.
        then_delete: Vec<Name>,
    },
    /// `helm uninstall`, where a first install left nothing to go back to.
    Uninstall {
        /// Namespace of the release.
        namespace: Name,
        /// The release.
        release: Name,
    },
}

/// The advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What to do.
    pub kind: VerdictKind,
    /// Which row of the table of verdicts held, 1 to 17.
    pub row: u8,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// When a wait ends at the latest, where that is known.
    pub until: Option<Timestamp>,
    /// The command to run, where there is one.
    pub command: Option<Command>,
    /// What else should be known; never decides anything.
    pub advisories: Vec<Reason>,
}

/// The revision to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollbackTarget {
    /// Its number.
    pub revision: u32,
    /// Whether it was seen verified or stayed newest for the suspect window.
    pub proven: bool,
}

named! {
    /// Why a component's gate is closed: another component, or itself, is not fit.
    pub enum GateReason {
        /// GIM is neither verified nor at rest in health.
        GimNotVerified = "gim_not_verified",
        /// An operation of GIM runs.
        GimOperationRunning = "gim_operation_running",
        /// The evidence about GIM is missing.
        GimUnknown = "gim_unknown",
        /// GIM's operation in this cycle was undone.
        GimUndone = "gim_undone",
        /// GSP is neither verified nor at rest in health.
        GspNotVerified = "gsp_not_verified",
        /// An operation of GSP runs.
        GspOperationRunning = "gsp_operation_running",
        /// The evidence about GSP is missing.
        GspUnknown = "gsp_unknown",
        /// GSP's operation in this cycle was undone.
        GspUndone = "gsp_undone",
        /// GCA is neither verified nor at rest in health.
        GcaNotVerified = "gca_not_verified",
        /// An operation of GCA runs.
        GcaOperationRunning = "gca_operation_running",
        /// The evidence about GCA is missing.
        GcaUnknown = "gca_unknown",
        /// GIM, which comes before, is below its target.
        GimBelowTarget = "gim_below_target",
        /// GSP, which comes before, is below its target.
        GspBelowTarget = "gsp_below_target",
        /// Kafka is down.
        KafkaDown = "kafka_down",
        /// `PostgreSQL` is down.
        DatabaseDown = "database_down",
        /// The object storage is down.
        ObjectStorageDown = "object_storage_down",
        /// No recent backup of the Info Mart database is known.
        BackupNotRecent = "backup_not_recent",
        /// A component of another suite that shares this one is neither verified nor at rest in health.
        OtherSuiteNotVerified = "other_suite_not_verified",
        /// An operation runs in another suite that shares this component.
        OtherSuiteOperationRunning = "other_suite_operation_running",
        /// The evidence about another suite that shares this component is missing.
        OtherSuiteUnknown = "other_suite_unknown",
    }
}

/// Whether a component may be upgraded now. Open when nothing blocks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// What closes it, in a fixed order.
    pub blocked: Vec<GateReason>,
}

impl Gate {
    /// Whether it is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.blocked.is_empty()
    }
}

/// The judgement of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentAssessment {
    /// The operation that made the newest revision; `None` where there is no revision.
    pub operation: Option<Operation>,
    /// Where it stands.
    pub stage: Stage,
    /// The answers of the checks that apply, in the order of the table. Shared with the judgement before where they are the same:
    /// a sample of one component changes nothing of the others'.
    pub checks: Arc<Vec<(CheckId, Answer)>>,
    /// How the latency moves; `None` where the component has no signals.
    pub trend: Option<TrendReport>,
    /// The revision to go back to, where one is advised.
    pub rollback_target: Option<RollbackTarget>,
    /// How many listed releases it is behind the newest; `None` where none are listed, or that cannot be told.
    pub releases_behind: Option<u32>,
    /// Whether it may be upgraded now.
    pub gate: Gate,
    /// What to do.
    pub verdict: Verdict,
    /// The conditions that hold, for memory.
    pub conditions: Vec<Condition>,
}

impl ComponentAssessment {
    /// The answer of one check, where it applies.
    #[must_use]
    pub fn check(&self, check: CheckId) -> Option<&Answer> {
        self.checks.iter().find(|(id, _)| *id == check).map(|(_, answer)| answer)
    }

    /// How many checks have this state.
    #[must_use]
    pub fn count(&self, state: CheckState) -> usize {
        self.checks.iter().filter(|(_, answer)| answer.state == state).count()
    }

    /// The operation, where it is still of interest.
    #[must_use]
    pub fn current_operation(&self) -> Option<&Operation> {
        self.operation.as_ref().filter(|operation| operation.in_window)
    }

    /// Its kind: `none` where no operation is of interest.
    #[must_use]
    pub fn operation_kind(&self) -> OperationKind {
        self.current_operation().map_or(OperationKind::None, |operation| operation.kind)
    }
}

/// The judgement of one suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The judgement of its components.
    pub components: PerComponent<ComponentAssessment>,
    /// The component that is to be upgraded next, whether or not its gate is open; `None` where none is: no target is
    /// missed, and no upgrade of a cycle is left to do.
    pub next: Option<Component>,
    /// The components that were operated on in the present upgrade cycle.
    pub in_cycle: PerComponent<bool>,
    /// Before this instant any moment gives the same judgement, as long as the facts are the same; `None`: for ever.
    pub valid_until: Option<Timestamp>,
}

impl Assessment {
    /// Shares with the judgement before what is the same in both, so that it is held once while both are.
    pub fn share(&mut self, former: &Self) {
        for component in Component::ALL {
            let (own, former) = (self.components.get_mut(*component), former.components.get(*component));
            if own.checks == former.checks {
                own.checks = Arc::clone(&former.checks);
            }
        }
    }
}
