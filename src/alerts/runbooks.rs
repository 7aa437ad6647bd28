//! Runbooks: the text for each alert, as it is shipped in `alerts/runbooks`, so that the exporter can serve it.
//!
//! Not for what an alert says of itself: that is `catalogue`.

/// Gives each alert its file.
macro_rules! runbooks {
    ($($name:literal)+) => {
        /// The alerts that have a runbook.
        pub const NAMES: &[&str] = &[$($name),+];

        /// The runbook of an alert, in Markdown; `None` where there is no such alert.
        #[must_use]
        pub fn runbook(alert: &str) -> Option<&'static str> {
            match alert {
                $($name => Some(include_str!(concat!("../../alerts/runbooks/", $name, ".md"))),)+
                _ => None,
            }
        }
    };
}

runbooks! {
    "GimUpgradeAggregationUnhealthy"
    "GimUpgradeBacklogGrowing"
    "GimUpgradeBackupTooOld"
    "GimUpgradeBegunUnhealthy"
    "GimUpgradeCheckpointsFailing"
    "GimUpgradeCompanionOutOfStep"
    "GimUpgradeConfigRefused"
    "GimUpgradeConfigurationStale"
    "GimUpgradeContactSupport"
    "GimUpgradeCrashLooping"
    "GimUpgradeDependencyDown"
    "GimUpgradeExportViewsBehind"
    "GimUpgradeExporterAbsent"
    "GimUpgradeExporterBlind"
    "GimUpgradeExporterStuck"
    "GimUpgradeFlinkJobDown"
    "GimUpgradeHookFailed"
    "GimUpgradeImageNotAvailable"
    "GimUpgradeInProgress"
    "GimUpgradeInvestigate"
    "GimUpgradeJobsFailing"
    "GimUpgradeLatencyHigh"
    "GimUpgradeMetricsAbsent"
    "GimUpgradeMigrationUnfinished"
    "GimUpgradeNotificationsFailing"
    "GimUpgradeOomKilled"
    "GimUpgradeOutOfOrder"
    "GimUpgradePodStuckPending"
    "GimUpgradeReleaseFailed"
    "GimUpgradeReleaseStuckPending"
    "GimUpgradeRestartPodAdvised"
    "GimUpgradeRollBackAdvised"
    "GimUpgradeRollbackFailed"
    "GimUpgradeRolloutOverdue"
    "GimUpgradeServerFailing"
    "GimUpgradeSidecarWatchdog"
    "GimUpgradeSourceDown"
    "GimUpgradeStateLeftOver"
    "GimUpgradeTaskManagersMissing"
    "GimUpgradeTwoAtOnce"
    "GimUpgradeUnsupportedRelease"
    "GimUpgradeVerdictUnknown"
    "GimUpgradeWatchdog"
    "GimUpgradeWebConfigRefused"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::alerts::catalogue;

    #[test]
    fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
        let alerts: BTreeSet<_> = catalogue::names().into_iter().collect();
        assert_eq!(NAMES.iter().copied().collect::<BTreeSet<_>>(), alerts);
        assert!(NAMES.iter().all(|name| runbook(name).is_some_and(|text| text.starts_with(&format!("# {name}\n")))));
        assert_eq!(runbook("README"), None);
    }
}
