//! How the pods of a component behave: what becomes of them, and what their metrics say.

use serde::Deserialize;

use super::Span;

/// How the pods of a component behave, and its hooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// The release whose pods these are.
    pub of: String,
    /// Its builds by image tag; all of them when absent.
    #[serde(default)]
    pub tag: Option<String>,
    /// One workload of it alone.
    #[serde(default)]
    pub workload: Option<String>,
    /// What becomes of a new pod.
    #[serde(default)]
    pub pods: Fate,
    /// From the container's start to Ready; the component's own when absent.
    #[serde(default)]
    pub ready_after: Option<Span>,
    /// From the container's start to its crash (`crash_loop`, `oom`).
    #[serde(default = "crash_after")]
    pub crash_after: Span,
    /// From the deletion of a running pod to its end.
    #[serde(default = "terminates_in")]
    pub terminates_in: Span,
    /// Its hooks.
    #[serde(default)]
    pub hooks: HookFate,
    /// What its metrics endpoint does.
    #[serde(default)]
    pub metrics: MetricsFate,
    /// How long the pull of its image takes where that works.
    #[serde(default = "pull_takes")]
    pub pull_takes: Span,
    /// GIM: seconds of events it consumes in a second while behind; below 1 the backlog grows. While Kafka or the database
    /// is not up nothing is consumed.
    #[serde(default = "consumes")]
    pub consumes: f64,
    /// GIM: nothing is written that it could consume, as in a quiet night.
    #[serde(default)]
    pub quiet: bool,
    /// GIM: it commits in batches, between which the latency rises.
    #[serde(default)]
    pub sawtooth: Option<Sawtooth>,
    /// GIM: topics that are missing on its page.
    #[serde(default)]
    pub lost_topics: Vec<String>,
    /// GIM: version of the database schema that it migrates to.
    #[serde(default = "schema")]
    pub schema: String,
    /// GIM: when it migrates to it.
    #[serde(default)]
    pub migrates: Migrates,
    /// GIM: how long after the migration the new tables stay empty.
    #[serde(default)]
    pub populates_after: Span,
    /// GIM: the state that it reports while Ready.
    #[serde(default = "server_state")]
    pub server_state: f64,
    /// GIM: jobs that fail in a minute.
    #[serde(default)]
    pub failing_jobs: f64,
    /// GSP: whether Flink's job runs.
    #[serde(default = "yes")]
    pub job_running: bool,
    /// GSP: how many task managers register; all of them when absent.
    #[serde(default)]
    pub registered: Option<u32>,
    /// GSP: what becomes of Flink's checkpoints. While Kafka or the object storage is not up they fail.
    #[serde(default)]
    pub checkpoints: Checkpoints,
    /// GSP: restarts of Flink's job in a minute.
    #[serde(default)]
    pub job_restarts: f64,
    /// GSP: the build that Flink's job reports, where it is not the image's.
    #[serde(default)]
    pub build: Option<String>,
    /// GCA: how old the newest configuration is that GSP has of it. While no pod of GCA is Ready it grows older.
    #[serde(default)]
    pub config_age: Span,
}

impl Behaviour {
    /// Nothing out of the ordinary, for the pods of `release`.
    #[must_use]
    pub fn normal(release: &str) -> Self {
        Self {
            of: release.to_owned(),
            tag: None,
            workload: None,
            pods: Fate::Normal,
            ready_after: None,
            crash_after: crash_after(),
            terminates_in: terminates_in(),
            hooks: HookFate::default(),
            metrics: MetricsFate::Served,
            pull_takes: pull_takes(),
            consumes: consumes(),
            quiet: false,
            sawtooth: None,
            lost_topics: Vec::new(),
            schema: schema(),
            migrates: Migrates::BeforeReady,
            populates_after: Span::ZERO,
            server_state: server_state(),
            failing_jobs: 0.0,
            job_running: true,
            registered: None,
            checkpoints: Checkpoints::Complete,
            job_restarts: 0.0,
            build: None,
            config_age: Span::ZERO,
        }
    }
}

fn crash_after() -> Span {
    Span::from_secs(20)
}

fn terminates_in() -> Span {
    Span::from_secs(20)
}

fn consumes() -> f64 {
    6.0
}

fn pull_takes() -> Span {
    Span::from_secs(8)
}

/// The schema of every build that does not say another.
fn schema() -> String {
    "8.5.116.20".to_owned()
}

const fn server_state() -> f64 {
    1.0
}

const fn yes() -> bool {
    true
}

/// A latency that rises from one commit to the next and falls at each.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sawtooth {
    /// From one commit to the next.
    pub every: Span,
    /// How far it rises meanwhile.
    pub height: Span,
}

/// When a build of GIM migrates the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Migrates {
    /// Before its pod is Ready, as it should.
    #[default]
    BeforeReady,
    /// Never: the migration job does not run.
    Never,
    /// Once its pod was replaced by another of the same build.
    AfterRestart,
    /// So long after its container started, Ready or not.
    After(Span),
}

/// What becomes of Flink's checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoints {
    /// One is completed each minute.
    #[default]
    Complete,
    /// One fails each minute.
    Fail,
    /// None is completed and none fails.
    Hang,
}

/// What becomes of a new pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It starts and is Ready in time.
    #[default]
    Normal,
    /// No node takes it.
    Unschedulable,
    /// Its image cannot be pulled.
    ImageMissing,
    /// Its container exits again and again.
    CrashLoop,
    /// Its container is killed for its memory again and again.
    Oom,
    /// It runs and is never Ready.
    NeverReady,
    /// It is not even made: the namespace's quota is used up.
    NotAdmitted,
}

/// What becomes of a hook's Job.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookFate {
    /// How long it runs.
    pub takes: Span,
    /// Whether it then fails.
    pub fails: bool,
}

impl Default for HookFate {
    fn default() -> Self {
        Self { takes: Span::from_secs(40), fails: false }
    }
}

/// What a metrics endpoint does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsFate {
    /// It serves the whole page.
    #[default]
    Served,
    /// It serves a page without GIM's own families.
    Absent,
    /// It answers 500.
    Error,
    /// Nothing listens.
    Refused,
}
