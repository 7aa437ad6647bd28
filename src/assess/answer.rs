//! The shape of an answer: checks, their states, and the evidence behind them.
//!
//! Evidence is data with instants, never ages and never text: sentences for people are made in `publish`. Not for how a
//! check is decided: that is one file each under `checks`.

use crate::model::database::ObjectState;
use crate::model::dependency::{Dependency, ProbeFailure};
use crate::model::names::{Component, Name};
use crate::model::release::{HookPhase, ReleaseStatus};
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::Timestamp;
use crate::model::workload::WaitingReason;
use crate::named;

named! {
    /// One question about a component. The spelling is the label `check`.
    pub enum CheckId {
        /// Did Helm finish the newest revision?
        ReleaseDeployed = "release_deployed",
        /// Did the revision's hooks end well?
        HooksSucceeded = "hooks_succeeded",
        /// Is the operation within its deadlines?
        WithinTimeout = "within_timeout",
        /// Do workloads and pods run the images of the release's manifest?
        ImageMatchesChart = "image_matches_chart",
        /// Has every pod a node?
        PodsScheduled = "pods_scheduled",
        /// Has every pod its image?
        ImagesPulled = "images_pulled",
        /// Do the containers keep running?
        ContainersStable = "containers_stable",
        /// Have the controllers finished rolling out?
        RolloutComplete = "rollout_complete",
        /// Are all wanted pods of the new generation Ready?
        PodsReady = "pods_ready",
        /// Do the component's metrics arrive?
        MetricsPresent = "metrics_present",
        /// Is the latency of Kafka consumption low?
        LatencyLow = "latency_low",
        /// Does the backlog not grow?
        BacklogNotGrowing = "backlog_not_growing",
        /// Does GIM call its own state well?
        ServerState = "server_state",
        /// Do GIM's jobs succeed?
        JobsSucceeding = "jobs_succeeding",
        /// Is the Info Mart's schema the target's?
        SchemaMigrated = "schema_migrated",
        /// Do the export views show the target's schema?
        ExportViewsCurrent = "export_views_current",
        /// Does GSP's Flink job run?
        FlinkJobRunning = "flink_job_running",
        /// Have task managers registered with Flink's job manager?
        TaskManagersRegistered = "task_managers_registered",
        /// Does Flink complete its checkpoints?
        CheckpointsSucceeding = "checkpoints_succeeding",
        /// Has no earlier install of GSP left state behind?
        StateConfigMapsClean = "state_config_maps_clean",
        /// Does GSP have recent configuration from GCA?
        ConfigFresh = "config_fresh",
        /// Does Kafka answer?
        KafkaReachable = "kafka_reachable",
        /// Does `PostgreSQL` answer?
        DatabaseReachable = "database_reachable",
        /// Does the object storage answer?
        ObjectStorageReachable = "object_storage_reachable",
        /// Does the aggregation call itself healthy?
        AggregationHealthy = "aggregation_healthy",
        /// Is there a recent backup of the Info Mart database?
        BackupRecent = "backup_recent",
        /// Is the companion's release of the component's build?
        CompanionInStep = "companion_in_step",
        /// Is the release within N-2 of the newest?
        SupportedRelease = "supported_release",
        /// Was it upgraded in the order of the guide?
        OrderRespected = "order_respected",
        /// Was it the only component that was operated on?
        OneAtATime = "one_at_a_time",
        /// Was every component of the suite well when the operation began?
        StartedHealthy = "started_healthy",
    }
}

named! {
    /// The answer to a check. A check that does not apply has no answer at all.
    pub enum CheckState {
        /// As it should be.
        Pass = "pass",
        /// Not as it should be, for longer than is allowed.
        Fail = "fail",
        /// Not as it should be yet, and still in time.
        Pending = "pending",
        /// There is no evidence, or it is too old.
        Unknown = "unknown",
    }
}

named! {
    /// A deadline of an operation.
    pub enum DeadlineKind {
        /// Begin plus Helm's timeout.
        Helm = "helm",
        /// Begin plus the time until all pods must be Ready.
        Ready = "ready",
        /// Ready plus the time until signals must be normal.
        Settle = "settle",
    }
}

named! {
    /// Why Helm gave up, read from its own words.
    pub enum FailureClass {
        /// It waited for longer than its `--timeout`.
        Timeout = "timeout",
        /// A hook failed, or took too long.
        HookFailed = "hook_failed",
        /// Another operation on the release was in progress.
        OperationInProgress = "operation_in_progress",
        /// The API server or Helm itself refused the manifest.
        Validation = "validation",
        /// Anything else.
        Other = "other",
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// A source cannot be believed now.
    Source {
        /// Which kind.
        source: SourceKind,
        /// How it stands.
        freshness: Freshness,
    },
    /// What Helm says of the newest revision.
    Release {
        /// Its number.
        revision: u32,
        /// Its status.
        status: ReleaseStatus,
    },
    /// The body of a revision is not known.
    BodyMissing {
        /// The revision.
        revision: u32,
    },
    /// A hook.
    Hook {
        /// Its name.
        hook: Name,
        /// When it runs.
        event: Name,
        /// How it went.
        phase: HookPhase,
        /// When it began, by the clock of the machine that ran Helm.
        started: Option<Timestamp>,
        /// When it ended, by the clock of the machine that ran Helm.
        completed: Option<Timestamp>,
    },
    /// A deadline of the operation.
    Deadline {
        /// Which.
        deadline: DeadlineKind,
        /// When it is, or was.
        at: Timestamp,
    },
    /// An image that is not the manifest's.
    Image {
        /// The workload or pod that runs it.
        object: Name,
        /// The manifest's image; empty where the manifest has none for it.
        expected: Name,
        /// The image that runs; empty where the workload does not exist.
        found: Name,
    },
    /// How many pods are Ready of those wanted.
    Replicas {
        /// Ready pods of the new generation.
        ready: u32,
        /// Pods wanted.
        desired: u32,
    },
    /// A workload whose controller has not finished.
    Workload {
        /// Its name.
        workload: Name,
    },
    /// A pod without a node.
    Unscheduled {
        /// The pod.
        pod: Name,
        /// When it was created.
        since: Timestamp,
    },
    /// A pod one of whose containers waits.
    Waiting {
        /// The pod.
        pod: Name,
        /// Why.
        reason: WaitingReason,
        /// Since when, as far as is known.
        since: Timestamp,
    },
    /// A pod that is not Ready.
    NotReady {
        /// The pod.
        pod: Name,
        /// By when it must be.
        deadline: Timestamp,
    },
    /// A pod whose containers were restarted.
    Restarts {
        /// The pod.
        pod: Name,
        /// How often, in all.
        count: u32,
    },
    /// A pod that ran out of memory.
    OutOfMemory {
        /// The pod.
        pod: Name,
    },
    /// When a sample last came; `None` if never.
    LastSample {
        /// When.
        at: Option<Timestamp>,
    },
    /// The latency now.
    Latency {
        /// In seconds.
        seconds: f64,
        /// What is allowed, in seconds.
        limit_seconds: f64,
    },
    /// A topic that had samples and has none now.
    TopicAbsent {
        /// The topic.
        topic: Name,
    },
    /// How the latency moves.
    Trend(super::trend::Trend),
    /// No pod is Ready, so its signals cannot be asked for.
    NoPodReady,
    /// Helm's history tells nothing of the component; its workloads alone do.
    ToldByWorkloads,
    /// Why Helm gave up.
    Failure {
        /// The class of its words.
        class: FailureClass,
    },
    /// An operation of a component of the suite.
    Operation {
        /// The component.
        component: Component,
        /// The revision that it made; `None` where Helm does not tell.
        revision: Option<u32>,
        /// When it began.
        begin: Timestamp,
    },
    /// A component of the suite that was not well.
    NotWell {
        /// The component.
        component: Component,
    },
    /// A build that is not the one that it should be.
    Build {
        /// The build.
        build: Name,
        /// The build that it should be.
        expected: Name,
    },
    /// How far it is behind the newest release.
    ReleasesBehind {
        /// How many releases.
        behind: u32,
        /// The newest.
        newest: Name,
    },
    /// The component's pages do not have a family that they should.
    SignalMissing {
        /// The family.
        signal: &'static str,
    },
    /// Jobs that Flink runs.
    FlinkJobs {
        /// How many.
        running: u64,
        /// How often they started anew since the job manager was made, where it tells.
        restarts: Option<u64>,
    },
    /// Task managers that registered.
    TaskManagers {
        /// How many.
        registered: u64,
        /// How many there should be.
        wanted: u64,
    },
    /// Checkpoints of Flink's job.
    Checkpoints {
        /// When one was last seen to be completed; `None` where none was.
        completed_at: Option<Timestamp>,
        /// How many failed since then.
        failed: u64,
        /// Since when the job is followed.
        since: Timestamp,
    },
    /// The build that Flink's job is of, where it is not the manifest's.
    RunningBuild {
        /// The manifest's.
        expected: Name,
        /// That of the job.
        found: Name,
    },
    /// A `ConfigMap` that an earlier install left behind.
    ConfigMapLeft {
        /// Its name.
        config_map: Name,
        /// When it was created.
        created: Timestamp,
    },
    /// The newest configuration of a tenant.
    ConfigTime {
        /// The tenant.
        tenant: Name,
        /// When it was made.
        at: Timestamp,
    },
    /// GSP does not tell of the suite's tenant.
    TenantUntold {
        /// The tenant; `None` where the suite names none and there is not exactly one.
        tenant: Option<Name>,
    },
    /// GIM's word for its own state.
    ServerState {
        /// The number.
        value: f64,
        /// The lowest that is well.
        limit: f64,
    },
    /// The newest transformation of the Info Mart database, by its own history.
    Transform {
        /// When it began.
        started: Option<Timestamp>,
        /// When it ended; `None` where it has not.
        ended: Option<Timestamp>,
        /// Rows transformed.
        rows: Option<i64>,
    },
    /// A counter of something that should not happen.
    Counter {
        /// The component's own name for it.
        signal: Name,
        /// Its value.
        value: f64,
        /// When it last rose; `None` where it has not for as long as the hold.
        rose: Option<Timestamp>,
    },
    /// The version of the Info Mart's schema, in GIM's words.
    Schema {
        /// What it is.
        found: Name,
        /// What the target's is.
        expected: Name,
    },
    /// A table or column that the target's schema has and is not populated.
    SchemaObject {
        /// The table, or table and column.
        object: Name,
        /// How it is found; `None` where it could not be read.
        state: Option<ObjectState>,
    },
    /// The migration's deadline.
    MigrationDue {
        /// When it is, or was.
        at: Timestamp,
    },
    /// An export view, or a column of one, that is not known to show the target's schema.
    ExportView {
        /// The view, or view and column.
        view: Name,
        /// Whether it exists; `None` where it could not be read.
        exists: Option<bool>,
    },
    /// How a dependency answers.
    Dependency {
        /// Which.
        dependency: Dependency,
        /// How it fails; `None` while it does well.
        failure: Option<ProbeFailure>,
        /// Since when it fails.
        since: Option<Timestamp>,
        /// When it last answered as it should.
        last_success: Option<Timestamp>,
    },
    /// The aggregation's word for its own health.
    Aggregation {
        /// Its level.
        level: f64,
        /// The lowest that is healthy.
        healthy_from: i64,
    },
    /// The backup of the Info Mart database.
    Backup {
        /// When one last succeeded; `None` if none is known to have.
        last_success: Option<Timestamp>,
        /// The begin of the operation that needs it; `None` where none is of interest.
        begin: Option<Timestamp>,
    },
}

/// The answer to one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The answer.
    pub state: CheckState,
    /// What it rests on, the weightiest first; at most [`MAX_EVIDENCE`] pieces.
    pub evidence: Vec<Evidence>,
}

/// The most pieces of evidence that one answer keeps: the rest says the same of other pods.
pub const MAX_EVIDENCE: usize = 5;

impl Answer {
    /// An answer with its evidence, cut to [`MAX_EVIDENCE`].
    pub fn new(state: CheckState, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        Self { state, evidence: evidence.into_iter().take(MAX_EVIDENCE).collect() }
    }
}
