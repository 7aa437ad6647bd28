//! One sentence for each reason, and the question that each check asks.

use super::evidence;
use crate::assess::answer::{CheckId, CheckState};
use crate::assess::assessment::{ComponentAssessment, GateReason, NamedReason, Reason};

/// Why, in a sentence or two: of a check its question, the answer, and the weightiest evidence.
#[must_use]
pub fn reason(reason: Reason, assessment: &ComponentAssessment) -> String {
    let check = match reason {
        Reason::Named(reason) => return named_reason(reason).to_owned(),
        Reason::Check(check) => check,
    };
    let answer = assessment.check(check);
    let word = match answer.map(|answer| answer.state) {
        Some(CheckState::Pass) => "Yes.",
        Some(CheckState::Fail) => "No.",
        Some(CheckState::Pending) => "Not yet.",
        Some(CheckState::Unknown) => "Not known.",
        None => "It does not apply.",
    };
    let because = answer.and_then(|answer| answer.evidence.first()).map(evidence).unwrap_or_default();
    let text = format!("{} {word} {because}", question(check));
    text.trim_end().to_owned()
}

/// The question that a check asks.
#[must_use]
pub const fn question(check: CheckId) -> &'static str {
    match check {
        CheckId::ReleaseDeployed => "Did Helm finish the newest revision?",
        CheckId::HooksSucceeded => "Did the hooks of the revision end well?",
        CheckId::WithinTimeout => "Is the operation within its deadlines?",
        CheckId::ImageMatchesChart => "Do the pods run the images of the release's manifest?",
        CheckId::PodsScheduled => "Has every pod a node?",
        CheckId::ImagesPulled => "Has every pod its image?",
        CheckId::ContainersStable => "Do the containers keep running?",
        CheckId::RolloutComplete => "Have the controllers finished rolling out?",
        CheckId::PodsReady => "Are all wanted pods of the new generation Ready?",
        CheckId::MetricsPresent => "Do the component's metrics arrive?",
        CheckId::LatencyLow => "Is the latency of Kafka consumption low?",
        CheckId::BacklogNotGrowing => "Does the backlog not grow?",
        CheckId::ServerState => "Does GIM call its own state well?",
        CheckId::JobsSucceeding => "Do GIM's Kafka jobs and job steps succeed?",
        CheckId::SchemaMigrated => "Is the schema of the Info Mart database the target's?",
        CheckId::ExportViewsCurrent => "Do the export views show the target's schema?",
        CheckId::FlinkJobRunning => "Does the Flink job run?",
        CheckId::TaskManagersRegistered => "Have task managers registered with the job manager?",
        CheckId::CheckpointsSucceeding => "Does Flink complete its checkpoints?",
        CheckId::StateConfigMapsClean => "Has no earlier install left ConfigMaps of Flink's state behind?",
        CheckId::ConfigFresh => "Does GSP have recent configuration from GCA?",
        CheckId::KafkaReachable => "Does Kafka answer?",
        CheckId::DatabaseReachable => "Does PostgreSQL answer?",
        CheckId::ObjectStorageReachable => "Does the object storage answer?",
        CheckId::AggregationHealthy => "Does the aggregation call itself healthy?",
        CheckId::BackupRecent => "Is there a recent backup of the Info Mart database?",
        CheckId::CompanionInStep => "Is the companion of the component's build?",
        CheckId::SupportedRelease => "Is the release within N-2 of the newest one?",
        CheckId::OrderRespected => "Was it upgraded in the order GIM, GSP, GCA?",
        CheckId::OneAtATime => "Was it the only component that was operated on at the time?",
        CheckId::StartedHealthy => "Was every component of the suite well when the operation began?",
    }
}

/// What a reason that is not a check says.
#[must_use]
pub const fn named_reason(reason: NamedReason) -> &'static str {
    match reason {
        NamedReason::PodsStarting => "The watch of pods and their workloads has not synced yet.",
        NamedReason::PodsStale => {
            "The watch of pods or their workloads has been silent for too long, or tells of one that cannot be read."
        }
        NamedReason::PodsForbidden => "Pods or their workloads may not be read: the ServiceAccount lacks permission.",
        NamedReason::HelmStarting => "The watch of Helm's history has not synced yet.",
        NamedReason::HelmStale => {
            "The watch of Helm's history has been silent for too long, or tells of a revision that cannot be read."
        }
        NamedReason::HelmForbidden => "Helm's history may not be read: the ServiceAccount lacks permission.",
        NamedReason::HelmBodyUnreadable => "What the newest revision installs could not be read.",
        NamedReason::Absent => "There is no release.",
        NamedReason::Uninstalled => "The release was uninstalled and its history kept.",
        NamedReason::ScaledToZero => "No pod is wanted.",
        NamedReason::Uninstalling => "Helm removes the release.",
        NamedReason::UninstallStuck => "Helm has been removing the release for too long.",
        NamedReason::StalePod => {
            "A pod of an earlier revision is not Ready, and its StatefulSet waits for it for ever."
        }
        NamedReason::OnDelete => {
            "A pod of an earlier revision runs until somebody deletes it: the strategy is OnDelete."
        }
        NamedReason::ReleaseFailed => "The release failed, and not for waiting too long.",
        NamedReason::ReleasePendingStuck => "Helm stopped in the middle: the release is pending and nobody writes it.",
        NamedReason::FirstInstall => "There was no revision before to go back to.",
        NamedReason::NoTarget => "No earlier revision is fit to go back to.",
        NamedReason::UnprovenTarget => "No earlier revision was seen to work; this one stayed the longest.",
        NamedReason::HelmWorking => "Helm works on it.",
        NamedReason::RolloutUnfinished => "The pods are not all Ready, and still in time.",
        NamedReason::PodReplaced => "A pod was replaced, and the new one is still in time.",
        NamedReason::NeighbourOperation => "An operation on another component of the suite explains it.",
        NamedReason::Soaking => "The pods have not been Ready for long enough to be believed.",
        NamedReason::WindowFilling => "There are not enough samples yet since the pods became Ready.",
        NamedReason::LatencySettling => "The latency is not low yet, and still in time.",
        NamedReason::SignalsSilent => "The component's metrics are silent.",
        NamedReason::RolledBack => "It was rolled back, and that works.",
        NamedReason::NextGateClosed => "It is done, but the next component may not be upgraded now.",
        NamedReason::ReleaseLeftFailed => {
            "Helm still calls the release failed although its pods are Ready: post-upgrade hooks did not run."
        }
        NamedReason::MigrationIncomplete => {
            "All is normal, but the schema of the Info Mart database is not the target's: the migration job did not run or did not finish."
        }
        NamedReason::Undecided => "No row of the table of verdicts holds: a fault of the exporter, please report it.",
    }
}

/// What a reason for a closed gate says.
#[must_use]
pub const fn gate_reason(reason: GateReason) -> &'static str {
    match reason {
        GateReason::GimNotVerified => "GIM is neither verified nor at rest in health.",
        GateReason::GimOperationRunning => "An operation of GIM runs.",
        GateReason::GimUnknown => "The evidence about GIM is missing.",
        GateReason::GimUndone => "GIM's operation in this cycle was undone.",
        GateReason::GspNotVerified => "GSP is neither verified nor at rest in health.",
        GateReason::GspOperationRunning => "An operation of GSP runs.",
        GateReason::GspUnknown => "The evidence about GSP is missing.",
        GateReason::GspUndone => "GSP's operation in this cycle was undone.",
        GateReason::GcaNotVerified => "GCA is neither verified nor at rest in health.",
        GateReason::GcaOperationRunning => "An operation of GCA runs.",
        GateReason::GcaUnknown => "The evidence about GCA is missing.",
        GateReason::GimBelowTarget => "GIM, which comes before, is below its target.",
        GateReason::GspBelowTarget => "GSP, which comes before, is below its target.",
        GateReason::KafkaDown => "Kafka is down.",
        GateReason::DatabaseDown => "PostgreSQL is down.",
        GateReason::ObjectStorageDown => "The object storage is down.",
        GateReason::BackupNotRecent => "No recent backup of the Info Mart database is known.",
        GateReason::OtherSuiteNotVerified => {
            "A component of another suite that shares this one is neither verified nor at rest in health."
        }
        GateReason::OtherSuiteOperationRunning => "An operation runs in another suite that shares this component.",
        GateReason::OtherSuiteUnknown => "The evidence about another suite that shares this component is missing.",
    }
}
