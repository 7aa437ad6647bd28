//! Alerts about what is wrong: pods, metrics, backlog, Flink, dependencies. A verdict's page silences those that explain it.
//! Not for what to do: that is `verdicts`.

use super::{Alert, alert, check, failing, minutes};
use crate::alerts::query::select;
use crate::assess::answer::CheckId;
use crate::model::alerting::Severity;
use crate::model::workload::TerminatedReason;

pub(super) fn alerts() -> Vec<Alert> {
    let dependencies = [CheckId::KafkaReachable, CheckId::DatabaseReachable, CheckId::ObjectStorageReachable];
    vec![
        check("GimUpgradeDependencyDown", Severity::Critical, [2, 5], &dependencies).says(
            "A dependency of {component} of {suite} is down: {check}",
            "Mend it first: a rollback will not work before (upgrade guide, Rolling Update: Verify the upgrade). Failing checks: {failing}.",
        ),
        check("GimUpgradePodStuckPending", Severity::Critical, [1, 5], &[CheckId::PodsScheduled]).says(
            "A pod of {component} of {suite} finds no node",
            "It has been Pending for longer than it may. Look at `kubectl describe pod` for what the nodes lack. Failing checks: {failing}.",
        ),
        check("GimUpgradeImageNotAvailable", Severity::Critical, [1, 5], &[CheckId::ImagesPulled]).says(
            "An image of {component} of {suite} cannot be pulled",
            "Waiting: {waiting}. Look at the image's name and tag, the registry and the pull secret. Failing checks: {failing}.",
        ),
        alert(
            "GimUpgradeOomKilled",
            Severity::Critical,
            minutes(1),
            minutes(5),
            select("gim_upgrade_containers_last_terminated")
                .is("reason", TerminatedReason::OomKilled.as_str())
                .max_by(&[])
                .and(failing(&[CheckId::ContainersStable])),
        )
        .says(
            "Containers of {component} of {suite} are killed for want of memory",
            "{value} containers ended so since the operation began. Compare the limit with the former revision's values.",
        ),
        check("GimUpgradeCrashLooping", Severity::Critical, [1, 5], &[CheckId::ContainersStable]).says(
            "Containers of {component} of {suite} keep ending",
            "Look at `kubectl logs --previous`. Waiting: {waiting}. Failing checks: {failing}.",
        ),
        check("GimUpgradeMetricsAbsent", Severity::Critical, [5, 5], &[CheckId::MetricsPresent]).says(
            "{component} of {suite} says nothing of itself",
            "A pod is Ready and its metrics do not come. Whether it works cannot be told. Failing checks: {failing}.",
        ),
        check("GimUpgradeFlinkJobDown", Severity::Critical, [5, 5], &[CheckId::FlinkJobRunning]).says(
            "The Flink job of {component} of {suite} does not run",
            "Nothing is processed meanwhile. Failing checks: {failing}.",
        ),
        check("GimUpgradeTaskManagersMissing", Severity::Warning, [5, 5], &[CheckId::TaskManagersRegistered]).says(
            "Task managers of {component} of {suite} are not registered",
            "The job manager lacks them. Failing checks: {failing}.",
        ),
        check("GimUpgradeCheckpointsFailing", Severity::Warning, [5, 10], &[CheckId::CheckpointsSucceeding]).says(
            "{component} of {suite} completes no checkpoints",
            "What was processed since the last one is processed again after a restart. Look at the object storage. Failing checks: {failing}.",
        ),
        check("GimUpgradeBacklogGrowing", Severity::Warning, [5, 10], &[CheckId::BacklogNotGrowing]).says(
            "The backlog of {component} of {suite} grows",
            "Kafka is consumed {behind_seconds} s late, and later with every minute. Failing checks: {failing}.",
        ),
        check("GimUpgradeLatencyHigh", Severity::Warning, [5, 10], &[CheckId::LatencyLow]).says(
            "{component} of {suite} is late",
            "Kafka is consumed {behind_seconds} s late. Failing checks: {failing}.",
        ),
        check("GimUpgradeServerFailing", Severity::Warning, [5, 10], &[CheckId::ServerState]).says(
            "{component} of {suite} calls its own state bad",
            "The number that it gives is below what is well. Failing checks: {failing}.",
        ),
        // One failed job makes the check fail for ten minutes, and is no more than that.
        check("GimUpgradeJobsFailing", Severity::Warning, [15, 10], &[CheckId::JobsSucceeding]).says(
            "Jobs of {component} of {suite} keep failing",
            "Failed Kafka jobs or job steps keep rising. Failing checks: {failing}.",
        ),
        check("GimUpgradeMigrationUnfinished", Severity::Warning, [1, 10], &[CheckId::SchemaMigrated]).says(
            "The schema of {suite} is not the target's",
            "The migration did not run or did not finish. A restart of the GIM pod lets it go on where it stopped (upgrade guide, \
             Rolling Update: Verify the upgrade). Failing checks: {failing}.",
        ),
        check("GimUpgradeConfigurationStale", Severity::Warning, [15, 10], &[CheckId::ConfigFresh]).says(
            "GSP of {suite} has no recent configuration",
            "GCA's last event, as GSP sees it, is too old. Failing checks: {failing}.",
        ),
        check("GimUpgradeAggregationUnhealthy", Severity::Warning, [5, 10], &[CheckId::AggregationHealthy]).says(
            "The aggregation beside {suite} calls itself unwell",
            "Reports may be late or incomplete. Failing checks: {failing}.",
        ),
    ]
}
