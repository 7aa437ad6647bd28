//! One sentence for each kind of evidence.

use super::{instant, title};
use crate::assess::answer::{DeadlineKind, Evidence, FailureClass};
use crate::assess::trend::Trend;
use crate::model::names::Name;
use crate::model::release::HookPhase;
use crate::model::source::{Freshness, SourceKind};

/// What a piece of evidence says.
#[must_use]
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
        Evidence::Failure { class } => match class {
            FailureClass::Timeout => "Helm waited for longer than its --timeout.",
            FailureClass::HookFailed => "Helm gave up because of a hook.",
            FailureClass::OperationInProgress => "Helm found another operation on the release in progress.",
            FailureClass::Validation => "The manifest was refused.",
            FailureClass::Other => "Helm gave up for another cause than time, hooks or the manifest.",
        }
        .to_owned(),
        Evidence::Operation { component, revision: Some(revision), begin } => {
            format!("{} began revision {revision} at {}.", title(*component), instant(*begin))
        }
        Evidence::Operation { component, revision: None, begin } => {
            format!("{} began to change at {}.", title(*component), instant(*begin))
        }
        Evidence::NotWell { component } => format!("{} was not well.", title(*component)),
        Evidence::Build { build, expected } => format!("It is build {build} and should be {expected}."),
        Evidence::ReleasesBehind { behind: 0, newest } => format!("It is the newest release, {newest}."),
        Evidence::ReleasesBehind { behind: 1, newest } => format!("It is one release behind the newest, {newest}."),
        Evidence::ReleasesBehind { behind, newest } => {
            format!("It is {behind} releases behind the newest, {newest}.")
        }
    }
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
        Freshness::Forbidden => "is forbidden: the ServiceAccount lacks permission",
        Freshness::Off => "is not read: the configuration says so",
    };
    format!("{what} {how}.")
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
