//! Which runbook helps with what is shown: those of the alerts that tell of the same.

use crate::assess::answer::CheckId;
use crate::assess::assessment::VerdictKind;

/// The alert whose runbook tells what to do about a failing check; `None` where there is none.
pub const fn of_check(check: CheckId) -> Option<&'static str> {
    Some(match check {
        CheckId::ReleaseDeployed => "GimUpgradeReleaseFailed",
        CheckId::HooksSucceeded => "GimUpgradeHookFailed",
        CheckId::WithinTimeout | CheckId::RolloutComplete | CheckId::PodsReady => "GimUpgradeRolloutOverdue",
        CheckId::ImageMatchesChart => return None,
        CheckId::PodsScheduled => "GimUpgradePodStuckPending",
        CheckId::ImagesPulled => "GimUpgradeImageNotAvailable",
        CheckId::ContainersStable => "GimUpgradeCrashLooping",
        CheckId::MetricsPresent => "GimUpgradeMetricsAbsent",
        CheckId::LatencyLow => "GimUpgradeLatencyHigh",
        CheckId::BacklogNotGrowing => "GimUpgradeBacklogGrowing",
        CheckId::ServerState => "GimUpgradeServerFailing",
        CheckId::JobsSucceeding => "GimUpgradeJobsFailing",
        CheckId::SchemaMigrated => "GimUpgradeMigrationUnfinished",
        CheckId::ExportViewsCurrent => "GimUpgradeExportViewsBehind",
        CheckId::FlinkJobRunning => "GimUpgradeFlinkJobDown",
        CheckId::TaskManagersRegistered => "GimUpgradeTaskManagersMissing",
        CheckId::CheckpointsSucceeding => "GimUpgradeCheckpointsFailing",
        CheckId::StateConfigMapsClean => "GimUpgradeStateLeftOver",
        CheckId::ConfigFresh => "GimUpgradeConfigurationStale",
        CheckId::KafkaReachable | CheckId::DatabaseReachable | CheckId::ObjectStorageReachable => {
            "GimUpgradeDependencyDown"
        }
        CheckId::AggregationHealthy => "GimUpgradeAggregationUnhealthy",
        CheckId::BackupRecent => "GimUpgradeBackupTooOld",
        CheckId::CompanionInStep => "GimUpgradeCompanionOutOfStep",
        CheckId::SupportedRelease => "GimUpgradeUnsupportedRelease",
        CheckId::OrderRespected => "GimUpgradeOutOfOrder",
        CheckId::OneAtATime => "GimUpgradeTwoAtOnce",
        CheckId::StartedHealthy => "GimUpgradeBegunUnhealthy",
    })
}

/// The alert whose runbook goes with a verdict; `None` where there is nothing to do.
pub const fn of_verdict(kind: VerdictKind) -> Option<&'static str> {
    match kind {
        VerdictKind::None | VerdictKind::Proceed => None,
        VerdictKind::Wait => Some("GimUpgradeInProgress"),
        VerdictKind::RestartPod => Some("GimUpgradeRestartPodAdvised"),
        VerdictKind::RollBack => Some("GimUpgradeRollBackAdvised"),
        VerdictKind::FixDependency => Some("GimUpgradeDependencyDown"),
        VerdictKind::ContactSupport => Some("GimUpgradeContactSupport"),
        VerdictKind::Investigate => Some("GimUpgradeInvestigate"),
        VerdictKind::Unknown => Some("GimUpgradeVerdictUnknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::runbooks::NAMES;

    #[test]
    fn every_runbook_exists() {
        let checks = CheckId::ALL.iter().filter_map(|check| of_check(*check));
        for alert in checks.chain(VerdictKind::ALL.iter().filter_map(|kind| of_verdict(*kind))) {
            assert!(NAMES.contains(&alert), "{alert}");
        }
    }
}
