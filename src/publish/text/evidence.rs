//! One sentence for each kind of evidence.

use super::{instant, title};
use crate::assess::answer::{DeadlineKind, Evidence, FailureClass};
use crate::assess::trend::Trend;
use crate::model::database::ObjectState;
use crate::model::dependency::{Dependency, ProbeFailure};
use crate::model::names::{Component, Name};
use crate::model::release::HookPhase;
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::Timestamp;

/// What a piece of evidence says.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one arm for each kind of evidence, and nothing else")]
pub fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Source { source, freshness } => source_sentence(*source, *freshness),
        Evidence::Release { revision, status } => format!("Helm calls revision {revision} {status}."),
        Evidence::BodyMissing { revision } => format!("What revision {revision} installs has not been read."),
        Evidence::Hook { hook, event, phase, started, completed } => {
            let how = match phase {
                HookPhase::Unknown => "has not run",
                HookPhase::Running => "is running",
                HookPhase::Succeeded => "succeeded",
                HookPhase::Failed => "failed",
            };
            match (*phase, started, completed) {
                (HookPhase::Succeeded | HookPhase::Failed, _, Some(at)) => {
                    format!("The {event} hook {hook} {how} at {}.", instant(*at))
                }
                (HookPhase::Running, Some(at), _) => format!("The {event} hook {hook} {how} since {}.", instant(*at)),
                _ => format!("The {event} hook {hook} {how}."),
            }
        }
        Evidence::Deadline { deadline, at } => {
            let what = match deadline {
                DeadlineKind::Helm => "Helm must be done",
                DeadlineKind::Ready => "All pods must be Ready",
                DeadlineKind::Settle => "The signals must be normal",
            };
            format!("{what} by {}.", instant(*at))
        }
        Evidence::Image { object, expected, found } => image(object, expected, found),
        Evidence::Replicas { ready, desired } => format!("{ready} of {desired} wanted pods are Ready."),
        Evidence::Workload { workload } => format!("The controller of {workload} has not finished."),
        Evidence::Unscheduled { pod, since } => format!("Pod {pod} has had no node since {}.", instant(*since)),
        Evidence::Waiting { pod, reason, since } => {
            format!("A container of pod {pod} waits since {}: {reason}.", instant(*since))
        }
        Evidence::NotReady { pod, deadline } => {
            format!("Pod {pod} is not Ready and must be by {}.", instant(*deadline))
        }
        Evidence::Restarts { pod, count: 1 } => format!("The containers of pod {pod} were restarted once."),
        Evidence::Restarts { pod, count } => format!("The containers of pod {pod} were restarted {count} times."),
        Evidence::OutOfMemory { pod } => format!("A container of pod {pod} ran out of memory."),
        Evidence::LastSample { at: Some(at) } => format!("The last sample came at {}.", instant(*at)),
        Evidence::LastSample { at: None } => "No sample has come.".to_owned(),
        Evidence::Latency { seconds, limit_seconds } => {
            format!("The latency is {seconds:.1} s; up to {limit_seconds:.0} s counts as low.")
        }
        Evidence::TopicAbsent { topic } => format!("Topic {topic} had samples and has none now."),
        Evidence::Trend(trend) => trend_sentence(*trend).to_owned(),
        Evidence::NoPodReady => "No pod is Ready, so there are no signals to read.".to_owned(),
        Evidence::ToldByWorkloads => "Helm's history tells nothing of it: its workloads alone do.".to_owned(),
        Evidence::Failure { class } => failure_sentence(*class).to_owned(),
        Evidence::Operation { component, revision, begin } => operation_sentence(*component, *revision, *begin),
        Evidence::NotWell { component } => format!("{} was not well.", title(*component)),
        Evidence::Build { build, expected } => format!("It is build {build} and should be {expected}."),
        Evidence::ReleasesBehind { behind, newest } => match behind {
            0 => format!("It is the newest release, {newest}."),
            1 => format!("It is one release behind the newest, {newest}."),
            behind => format!("It is {behind} releases behind the newest, {newest}."),
        },
        Evidence::SignalMissing { signal } => format!("No page tells {signal}."),
        Evidence::FlinkJobs { running, restarts } => flink_jobs(*running, restarts.unwrap_or(0)),
        Evidence::TaskManagers { registered, wanted } => {
            format!("{registered} of {wanted} task managers have registered.")
        }
        Evidence::Checkpoints { completed_at, failed, since } => checkpoints(*completed_at, *failed, *since),
        Evidence::RunningBuild { expected, found } => {
            format!("Flink's job is of build {found} where the manifest has {expected}.")
        }
        Evidence::ConfigMapLeft { config_map, created } => {
            format!("ConfigMap {config_map} of {} was left behind.", instant(*created))
        }
        Evidence::ConfigTime { tenant, at } => {
            format!("The newest configuration that GSP has of tenant {tenant} is of {}.", instant(*at))
        }
        Evidence::TenantUntold { tenant: Some(tenant) } => format!("GSP tells of no configuration of tenant {tenant}."),
        Evidence::TenantUntold { tenant: None } => {
            "GSP does not tell of exactly one tenant, and the suite names none.".to_owned()
        }
        Evidence::ServerState { value, limit } => {
            format!("GIM gives its state as {value}; {limit} or more counts as well.")
        }
        Evidence::Counter { signal, value, rose: Some(rose) } => {
            format!("Counter {signal} is {value} and last rose at {}.", instant(*rose))
        }
        Evidence::Counter { signal, value, rose: None } => format!("Counter {signal} is {value} and does not rise."),
        Evidence::Transform { started, ended, rows } => transform(*started, *ended, *rows),
        Evidence::Schema { found, expected } => format!("The schema is {found}; the target's is {expected}."),
        Evidence::SchemaObject { object, state } => match state {
            Some(ObjectState::Missing) => format!("Object {object} does not exist."),
            Some(ObjectState::Empty) => format!("Object {object} exists and is empty."),
            Some(ObjectState::Populated) => format!("Object {object} is populated."),
            _ => format!("Object {object} could not be read."),
        },
        Evidence::MigrationDue { at } => format!("The migration must be done by {}.", instant(*at)),
        Evidence::ExportView { view, exists } => match exists {
            Some(true) => format!("Export view {view} exists."),
            Some(false) => {
                format!(
                    "Export view {view} does not exist: run ./entrypoint.sh -job Job_MigrateGIM -make-export-views."
                )
            }
            None => format!("Export view {view} could not be read."),
        },
        Evidence::Dependency { dependency, failure, since, last_success } => {
            dependency_sentence(*dependency, failure.zip(*since), *last_success)
        }
        Evidence::Aggregation { level, healthy_from } => {
            format!("The aggregation gives its health as {level}; {healthy_from} or more counts as healthy.")
        }
        Evidence::Backup { last_success: Some(at), begin: Some(begin) } => {
            format!("The last backup succeeded at {}; the operation began at {}.", instant(*at), instant(*begin))
        }
        Evidence::Backup { last_success: Some(at), begin: None } => {
            format!("The last backup succeeded at {}.", instant(*at))
        }
        Evidence::Backup { last_success: None, .. } => "No backup is known to have succeeded.".to_owned(),
    }
}

const fn failure_sentence(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Timeout => "Helm waited for longer than its --timeout.",
        FailureClass::HookFailed => "Helm gave up because of a hook.",
        FailureClass::OperationInProgress => "Helm found another operation on the release in progress.",
        FailureClass::Validation => "The manifest was refused.",
        FailureClass::Other => "Helm gave up for another cause than time, hooks or the manifest.",
    }
}

fn operation_sentence(component: Component, revision: Option<u32>, begin: Timestamp) -> String {
    match revision {
        Some(revision) => format!("{} began revision {revision} at {}.", title(component), instant(begin)),
        None => format!("{} began to change at {}.", title(component), instant(begin)),
    }
}

fn flink_jobs(running: u64, restarts: u64) -> String {
    let jobs = match running {
        0 => "No Flink job runs".to_owned(),
        1 => "A Flink job runs".to_owned(),
        running => format!("{running} Flink jobs run"),
    };
    match restarts {
        0 => format!("{jobs}."),
        1 => format!("{jobs}; it started anew once."),
        restarts => format!("{jobs}; it started anew {restarts} times."),
    }
}

fn checkpoints(completed_at: Option<Timestamp>, failed: u64, since: Timestamp) -> String {
    let completed = match completed_at {
        Some(at) => format!("A checkpoint was last seen completed at {}", instant(at)),
        None => format!("No checkpoint was seen completed since {}", instant(since)),
    };
    match failed {
        0 => format!("{completed}."),
        1 => format!("{completed}, and one failed since."),
        failed => format!("{completed}, and {failed} failed since."),
    }
}

fn dependency_sentence(
    dependency: Dependency,
    failing: Option<(ProbeFailure, Timestamp)>,
    last_success: Option<Timestamp>,
) -> String {
    let what = match dependency {
        Dependency::Kafka => "Kafka",
        Dependency::Database => "PostgreSQL",
        Dependency::ObjectStorage => "The object storage",
    };
    let answered =
        last_success.map_or_else(|| "never answered".to_owned(), |at| format!("last answered at {}", instant(at)));
    let Some((failure, since)) = failing else { return format!("{what} {answered}.") };
    let how = match failure {
        ProbeFailure::Refused => "refuses connections",
        ProbeFailure::Protocol => "answers with an error, or not in its protocol,",
        ProbeFailure::Timeout => "does not answer in time",
        ProbeFailure::Reported => "is reported to be down",
        ProbeFailure::Other => "cannot be reached",
    };
    format!("{what} {how} since {} and {answered}.", instant(since))
}

fn source_sentence(source: SourceKind, freshness: Freshness) -> String {
    let what = match source {
        SourceKind::Pods => "The watch of pods",
        SourceKind::StatefulSets => "The watch of StatefulSets",
        SourceKind::Deployments => "The watch of Deployments",
        SourceKind::ReplicaSets => "The watch of ReplicaSets",
        SourceKind::Jobs => "The watch of Jobs",
        SourceKind::Helm => "The watch of Helm's history",
        SourceKind::HelmBodies => "The reading of Helm's revisions",
        SourceKind::Signals => "The reading of metrics",
        SourceKind::ConfigMaps => "The watch of ConfigMaps",
        SourceKind::Prometheus => "The querying of Prometheus",
        SourceKind::Dependencies => "The probing of dependencies",
        SourceKind::InfoMart => "The reading of the Info Mart database",
        SourceKind::Backups => "The watch of the backup",
    };
    let how = match freshness {
        Freshness::Fresh => "is up to date",
        Freshness::Starting => "has not synced yet",
        Freshness::Stale => "has been silent for too long",
        Freshness::Unreadable => "tells of an object that cannot be read",
        Freshness::Forbidden => "is forbidden: the ServiceAccount lacks permission",
        Freshness::Off => "is not read: the configuration says so",
    };
    format!("{what} {how}.")
}

fn transform(started: Option<Timestamp>, ended: Option<Timestamp>, rows: Option<i64>) -> String {
    let rows = rows.map(|rows| format!(" with {rows} rows")).unwrap_or_default();
    match (started, ended) {
        (_, Some(ended)) => format!("The newest transformation ended at {}{rows}.", instant(ended)),
        (Some(started), None) => format!("The newest transformation began at {} and has not ended.", instant(started)),
        (None, None) => "When the newest transformation ran is not known.".to_owned(),
    }
}

fn image(object: &Name, expected: &Name, found: &Name) -> String {
    match (expected.is_empty(), found.is_empty()) {
        (false, true) => format!("{object}, which should run {expected}, does not exist."),
        (true, _) => format!("{object} runs {found}, of which the release's manifest knows nothing."),
        (false, false) => format!("{object} runs {found} and not {expected}."),
    }
}

const fn trend_sentence(trend: Trend) -> &'static str {
    match trend {
        Trend::Draining => "The backlog drains.",
        Trend::Steady => "The latency is steady.",
        Trend::Growing => "The backlog grows.",
        Trend::Stalled => "The latency grows as time goes by: nothing is consumed, or there is nothing to consume.",
        Trend::Absent => "The latency was reported before and is not now.",
        Trend::Unknown => "There are too few samples to tell how the latency moves.",
    }
}
