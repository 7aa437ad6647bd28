//! In which scenario, or in which ailment of the exporter itself, each alert fires. An alert without a row is an error, and so is a row whose alert does not fire.

use gim_upgrade_exporter::alerts::catalogue::{self, Alert};
use gim_upgrade_exporter::alerts::lifecycle::Firing;

/// The name, as `alertname` without the prefix that all have, severity, and a scenario.
pub const CASES: [(&str, &str, &str); 44] = [
    ("RollBackAdvised", "critical", "image-missing"),
    ("RestartPodAdvised", "critical", "on-delete"),
    ("ContactSupport", "critical", "rollback-fails"),
    ("RollbackFailed", "critical", "rollback-fails"),
    ("Investigate", "critical", "metrics-silent"),
    ("Investigate", "warning", "server-state-at-rest"),
    ("VerdictUnknown", "warning", "exporter-starts-late"),
    ("InProgress", "none", "pod-pending"),
    ("DependencyDown", "critical", "kafka-down"),
    ("PodStuckPending", "critical", "pod-pending"),
    ("ImageNotAvailable", "critical", "image-missing"),
    ("OomKilled", "critical", "oom"),
    ("CrashLooping", "critical", "crash-loop"),
    ("MetricsAbsent", "critical", "metrics-absent"),
    ("FlinkJobDown", "critical", "flink-job-down"),
    ("TaskManagersMissing", "warning", "task-managers-lost"),
    ("CheckpointsFailing", "warning", "checkpoints-failing"),
    ("BacklogGrowing", "warning", "backlog-growing"),
    ("LatencyHigh", "warning", "consumer-stalled-at-rest"),
    ("ServerFailing", "warning", "server-state-bad"),
    ("JobsFailing", "warning", "database-down"),
    ("MigrationUnfinished", "warning", "migration-incomplete"),
    ("ConfigurationStale", "warning", "gca-config-stale"),
    ("AggregationUnhealthy", "warning", "aggregation-unwell"),
    ("ReleaseFailed", "warning", "hook-failed"),
    ("HookFailed", "warning", "hook-failed"),
    ("ReleaseStuckPending", "warning", "release-stuck-pending"),
    ("RolloutOverdue", "warning", "gca-never-ready-storage-down"),
    ("BackupTooOld", "warning", "backup-old"),
    ("OutOfOrder", "info", "upgrade-out-of-order"),
    ("TwoAtOnce", "info", "two-at-once"),
    ("BegunUnhealthy", "info", "started-unhealthy"),
    ("UnsupportedRelease", "info", "three-releases-behind"),
    ("CompanionOutOfStep", "info", "companion-behind"),
    ("StateLeftOver", "info", "gsp-over-old-state"),
    ("ExportViewsBehind", "info", "migration-after-ready"),
    ("ExporterBlind", "warning", "pods-silent"),
    ("SourceDown", "warning", "source-never-heard"),
    ("ExporterStuck", "warning", "board-stuck"),
    ("ConfigRefused", "warning", "config-refused"),
    ("WebConfigRefused", "warning", "web-config-refused"),
    ("NotificationsFailing", "warning", "alertmanager-away"),
    ("Watchdog", "none", "at-rest"),
    // In no scenario: the exporter itself goes away.
    ("ExporterAbsent", "critical", "at-rest"),
];

/// Alerts that a healthy upgrade may have: what says that it is on its way, and that alerts arrive.
pub const IN_HEALTH: [&str; 2] = ["GimUpgradeInProgress", "GimUpgradeWatchdog"];

/// The alert of a row.
pub fn alert(name: &str, severity: &str) -> Alert {
    let is_it = |alert: &Alert| alert.name == format!("GimUpgrade{name}") && alert.severity.as_str() == severity;
    catalogue::all().into_iter().find(is_it).unwrap_or_else(|| panic!("there is no alert {name} {severity}"))
}

/// Whether it is that alert.
pub fn is(firing: &Firing, alert: &Alert) -> bool {
    firing.labels["alertname"] == alert.name && firing.labels["severity"] == alert.severity.as_str()
}
