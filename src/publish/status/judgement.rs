//! What the status says of a suite: its components, what each runs, and the judgement with its evidence.

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::assess::answer::{Answer, CheckId, CheckState, Evidence};
use crate::assess::assessment::{
    ChangeKind, Changed, ComponentAssessment, Gate, GateReason, Operation, OperationKind, Reason, Stage, ToldBy,
    VerdictKind,
};
use crate::assess::snapshot::SuiteSnapshot;
use crate::assess::trend::{Trend, TrendReport};
use crate::model::facts::ComponentFacts;
use crate::model::names::{Component, Name, PerComponent};
use crate::model::release::{ReleaseFacts, ReleaseStatus as HelmStatus};
use crate::model::time::Timestamp;
use crate::publish::text;

/// A suite.
#[derive(Debug, Serialize)]
pub struct SuiteStatus<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was judged, by the API server's clock.
    pub judged: Timestamp,
    /// Before this instant the same facts give the same judgement.
    pub valid_until: Option<Timestamp>,
    /// The component that is to be upgraded next; its gate tells whether it may be now.
    pub next: Option<Component>,
    /// Its components.
    pub components: PerComponent<ComponentStatus<'a>>,
}

impl<'a> SuiteStatus<'a> {
    /// The status of a suite.
    #[must_use]
    pub fn of(suite: &'a SuiteSnapshot) -> Self {
        let (facts, assessment) = (&suite.facts.components, &suite.assessment);
        Self {
            name: &suite.suite.name,
            judged: suite.judged,
            valid_until: assessment.valid_until,
            next: assessment.next,
            components: PerComponent::from_fn(|component| {
                let owner = suite.suite.members.get(component).owner.as_deref();
                ComponentStatus {
                    owner,
                    ..ComponentStatus::of(component, facts.get(component), assessment.components.get(component))
                }
            }),
        }
    }
}

/// A component.
#[derive(Debug, Serialize)]
pub struct ComponentStatus<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// The suite under which it is judged and exposed; `null` where that is this one.
    pub owner: Option<&'a str>,
    /// Its release; `null` where there is no revision.
    pub release: Option<ReleaseStatus<'a>>,
    /// The monitoring release beside it; `null` where there is none.
    pub companion: Option<ReleaseStatus<'a>>,
    /// Where it stands.
    pub stage: Stage,
    /// What kind of operation is of interest.
    pub operation_kind: OperationKind,
    /// The operation that made the newest revision.
    pub operation: Option<OperationStatus>,
    /// The checks that apply, in their order.
    pub checks: Vec<CheckStatus<'a>>,
    /// How the latency moves; `null` where the component has no signals.
    pub trend: Option<TrendStatus>,
    /// Whether it may be upgraded now.
    pub gate: GateStatus,
    /// The revision to go back to.
    pub rollback_target: Option<RollbackTargetStatus>,
    /// How many listed releases it is behind the newest; `null` where that cannot be told.
    pub releases_behind: Option<u32>,
    /// What to do.
    pub verdict: AdviceStatus,
}

impl<'a> ComponentStatus<'a> {
    fn of(component: Component, facts: &'a ComponentFacts, assessment: &'a ComponentAssessment) -> Self {
        let companion = facts.companion_name.as_deref();
        Self {
            namespace: &facts.namespace,
            owner: None,
            release: ReleaseStatus::of(&facts.release_name, &facts.release),
            companion: companion.and_then(|name| ReleaseStatus::of(name, &facts.companion)),
            stage: assessment.stage,
            operation_kind: assessment.operation_kind(),
            operation: assessment.operation.as_ref().map(OperationStatus::of),
            checks: assessment.checks.iter().map(|(check, answer)| CheckStatus::of(*check, answer)).collect(),
            trend: assessment.trend.as_ref().map(TrendStatus::of),
            gate: GateStatus::of(&assessment.gate),
            rollback_target: assessment
                .rollback_target
                .map(|target| RollbackTargetStatus { revision: target.revision, proven: target.proven }),
            releases_behind: assessment.releases_behind,
            verdict: AdviceStatus::of(component, assessment),
        }
    }
}

/// The newest revision of a release, in Helm's words.
#[derive(Debug, Serialize)]
pub struct ReleaseStatus<'a> {
    /// Name of the release.
    pub name: &'a str,
    /// Number of the revision.
    pub revision: u32,
    /// Helm's status of it.
    pub status: HelmStatus,
    /// When it was created, by the API server's clock.
    pub created: Timestamp,
    /// When Helm last wrote it, by the API server's clock.
    pub written: Timestamp,
    /// The chart; `null` where the revision's body has not been read, as with the next two.
    pub chart: Option<&'a str>,
    /// Version of the chart.
    pub chart_version: Option<&'a str>,
    /// The chart's word for the version of what it installs.
    pub app_version: Option<&'a str>,
    /// The build: the image's tag, else the chart's version.
    pub build: Option<Name>,
}

impl<'a> ReleaseStatus<'a> {
    fn of(name: &'a str, release: &'a ReleaseFacts) -> Option<Self> {
        let newest = release.newest()?;
        let body = newest.body();
        Some(Self {
            name,
            revision: newest.revision,
            status: newest.status,
            created: newest.created,
            written: newest.written,
            chart: body.map(|body| &*body.chart),
            chart_version: body.map(|body| &*body.chart_version),
            app_version: body.map(|body| &*body.app_version),
            build: body.map(|body| body.build().text().clone()),
        })
    }
}

/// An operation.
#[derive(Debug, Serialize)]
pub struct OperationStatus {
    /// What kind.
    pub kind: OperationKind,
    /// By what it is told.
    pub told_by: ToldBy,
    /// The revision it made; `null` where Helm does not tell.
    pub revision: Option<u32>,
    /// What it changed; `null` where that is not known.
    pub changed: Option<ChangedStatus>,
    /// When it began.
    pub begin: Timestamp,
    /// When Helm was done with it.
    pub end: Option<Timestamp>,
    /// By when Helm must be done.
    pub helm_deadline: Timestamp,
    /// By when all pods must be Ready.
    pub ready_deadline: Timestamp,
    /// By when signals must be normal.
    pub settle_deadline: Option<Timestamp>,
    /// Whether it is still of interest.
    pub in_window: bool,
}

impl OperationStatus {
    fn of(operation: &Operation) -> Self {
        Self {
            kind: operation.kind,
            told_by: operation.told_by,
            revision: operation.revision,
            changed: operation.changed.as_ref().map(ChangedStatus::of),
            begin: operation.begin,
            end: operation.end,
            helm_deadline: operation.helm_deadline,
            ready_deadline: operation.ready_deadline,
            settle_deadline: operation.settle_deadline,
            in_window: operation.in_window,
        }
    }
}

/// What an operation changed.
#[derive(Debug, Serialize)]
pub struct ChangedStatus {
    /// What.
    pub kind: ChangeKind,
    /// The build before.
    pub former_build: Name,
    /// The build that it installs.
    pub build: Name,
    /// The first image that is no more; `null` where no image differs.
    pub former_image: Option<Name>,
    /// What is there in its stead.
    pub image: Option<Name>,
}

impl ChangedStatus {
    fn of(changed: &Changed) -> Self {
        let (former_image, image) = changed.images.clone().unzip();
        Self {
            kind: changed.kind,
            former_build: changed.former_build.clone(),
            build: changed.build.clone(),
            former_image,
            image,
        }
    }
}

/// A check and its answer.
#[derive(Debug, Serialize)]
pub struct CheckStatus<'a> {
    /// The check.
    pub check: CheckId,
    /// What it asks.
    pub question: &'static str,
    /// The answer.
    pub state: CheckState,
    /// What it rests on, the weightiest first.
    pub evidence: Vec<EvidenceStatus<'a>>,
}

impl<'a> CheckStatus<'a> {
    fn of(check: CheckId, answer: &'a Answer) -> Self {
        let evidence = answer.evidence.iter().map(EvidenceStatus).collect();
        Self { check, question: text::question(check), state: answer.state, evidence }
    }
}

/// A piece of evidence: its `kind`, the fields of that kind, and a sentence, `text`.
#[derive(Debug)]
pub struct EvidenceStatus<'a>(pub &'a Evidence);

impl Serialize for EvidenceStatus<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        macro_rules! fields {
            ($kind:literal $(, $name:ident)*) => {{
                map.serialize_entry("kind", $kind)?;
                $(map.serialize_entry(stringify!($name), $name)?;)*
            }};
        }
        match self.0 {
            Evidence::Source { source, freshness } => fields!("source", source, freshness),
            Evidence::Release { revision, status } => fields!("release", revision, status),
            Evidence::BodyMissing { revision } => fields!("body_missing", revision),
            Evidence::Hook { hook, event, phase, started, completed } => {
                fields!("hook", hook, event, phase, started, completed);
            }
            Evidence::Deadline { deadline, at } => fields!("deadline", deadline, at),
            Evidence::Image { object, expected, found } => fields!("image", object, expected, found),
            Evidence::Replicas { ready, desired } => fields!("replicas", ready, desired),
            Evidence::Workload { workload } => fields!("workload", workload),
            Evidence::Unscheduled { pod, since } => fields!("unscheduled", pod, since),
            Evidence::Waiting { pod, reason, since } => fields!("waiting", pod, reason, since),
            Evidence::NotReady { pod, deadline } => fields!("not_ready", pod, deadline),
            Evidence::Restarts { pod, count } => fields!("restarts", pod, count),
            Evidence::OutOfMemory { pod } => fields!("out_of_memory", pod),
            Evidence::LastSample { at } => fields!("last_sample", at),
            Evidence::Latency { seconds, limit_seconds } => fields!("latency", seconds, limit_seconds),
            Evidence::TopicAbsent { topic } => fields!("topic_absent", topic),
            Evidence::Trend(trend) => fields!("trend", trend),
            Evidence::NoPodReady => fields!("no_pod_ready"),
            Evidence::ToldByWorkloads => fields!("told_by_workloads"),
            Evidence::Failure { class } => fields!("failure", class),
            Evidence::Operation { component, revision, begin } => fields!("operation", component, revision, begin),
            Evidence::NotWell { component } => fields!("not_well", component),
            Evidence::Build { build, expected } => fields!("build", build, expected),
            Evidence::ReleasesBehind { behind, newest } => fields!("releases_behind", behind, newest),
            Evidence::SignalMissing { signal } => fields!("signal_missing", signal),
            Evidence::FlinkJobs { running, restarts } => fields!("flink_jobs", running, restarts),
            Evidence::TaskManagers { registered, wanted } => fields!("task_managers", registered, wanted),
            Evidence::Checkpoints { completed_at, failed, since } => {
                fields!("checkpoints", completed_at, failed, since);
            }
            Evidence::RunningBuild { expected, found } => fields!("running_build", expected, found),
            Evidence::ConfigMapLeft { config_map, created } => fields!("config_map_left", config_map, created),
            Evidence::ConfigTime { tenant, at } => fields!("config_time", tenant, at),
            Evidence::TenantUntold { tenant } => fields!("tenant_untold", tenant),
            Evidence::ServerState { value, limit } => fields!("server_state", value, limit),
            Evidence::Counter { signal, value, rose } => fields!("counter", signal, value, rose),
            Evidence::Transform { started, ended, rows } => fields!("transform", started, ended, rows),
            Evidence::Schema { found, expected } => fields!("schema", found, expected),
            Evidence::SchemaObject { object, state } => fields!("schema_object", object, state),
            Evidence::MigrationDue { at } => fields!("migration_due", at),
            Evidence::ExportView { view, exists } => fields!("export_view", view, exists),
            Evidence::Dependency { dependency, failure, since, last_success } => {
                fields!("dependency", dependency, failure, since, last_success);
            }
            Evidence::Aggregation { level, healthy_from } => fields!("aggregation", level, healthy_from),
            Evidence::Backup { last_success, begin } => fields!("backup", last_success, begin),
        }
        map.serialize_entry("text", &text::evidence(self.0))?;
        map.end()
    }
}

/// How the latency moves.
#[derive(Debug, Serialize)]
pub struct TrendStatus {
    /// How it moves.
    pub trend: Trend,
    /// Seconds of latency gained per second.
    pub slope: Option<f64>,
    /// The newest latency, in seconds.
    pub latency_seconds: Option<f64>,
    /// When that was read.
    pub newest: Option<Timestamp>,
    /// Seconds until the latency is at its limit.
    pub drain_seconds: Option<f64>,
    /// How much of the window is filled, 0 to 1.
    pub completeness: f64,
    /// The highest latency in the window, in seconds.
    pub peak_seconds: Option<f64>,
}

impl TrendStatus {
    fn of(report: &TrendReport) -> Self {
        Self {
            trend: report.trend,
            slope: report.slope,
            latency_seconds: report.latency_seconds,
            newest: report.newest,
            drain_seconds: report.drain_seconds,
            completeness: report.completeness,
            peak_seconds: report.peak_seconds,
        }
    }
}

/// Whether a component may be upgraded now.
#[derive(Debug, Serialize)]
pub struct GateStatus {
    /// Whether it may.
    pub open: bool,
    /// What forbids it.
    pub blocked: Vec<GateReasonStatus>,
}

/// What closes a gate.
#[derive(Debug, Serialize)]
pub struct GateReasonStatus {
    /// The reason.
    pub reason: GateReason,
    /// The same as a sentence.
    pub text: &'static str,
}

impl GateStatus {
    fn of(gate: &Gate) -> Self {
        let reason = |&reason: &GateReason| GateReasonStatus { reason, text: text::gate_reason(reason) };
        Self { open: gate.is_open(), blocked: gate.blocked.iter().map(reason).collect() }
    }
}

/// The revision to go back to.
#[derive(Debug, Serialize)]
pub struct RollbackTargetStatus {
    /// Its number.
    pub revision: u32,
    /// Whether it is known to have worked.
    pub proven: bool,
}

/// The verdict.
#[derive(Debug, Serialize)]
pub struct AdviceStatus {
    /// What to do.
    pub verdict: VerdictKind,
    /// The same as a sentence.
    pub text: String,
    /// Which row of the table of verdicts held, 1 to 17.
    pub row: u8,
    /// Why, the weightiest first.
    pub reasons: Vec<ReasonStatus>,
    /// When a wait ends at the latest.
    pub until: Option<Timestamp>,
    /// The command to run.
    pub command: Option<String>,
    /// What else should be known.
    pub advisories: Vec<ReasonStatus>,
}

/// A reason.
#[derive(Debug, Serialize)]
pub struct ReasonStatus {
    /// The reason: a check, or one with a name of its own.
    pub reason: &'static str,
    /// The same as a sentence or two.
    pub text: String,
}

impl AdviceStatus {
    fn of(component: Component, assessment: &ComponentAssessment) -> Self {
        let verdict = &assessment.verdict;
        let reasons = |reasons: &[Reason]| {
            let told =
                |&reason| ReasonStatus { reason: Reason::as_str(reason), text: text::reason(reason, assessment) };
            reasons.iter().map(told).collect()
        };
        Self {
            verdict: verdict.kind,
            text: text::verdict(component, assessment),
            row: verdict.row,
            reasons: reasons(&verdict.reasons),
            until: verdict.until,
            command: verdict.command.as_ref().map(text::command),
            advisories: reasons(&verdict.advisories),
        }
    }
}
