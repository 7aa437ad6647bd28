//! What stands around a suite: Flink, configuration, dependencies, the schema; and what was.

use crate::dashboards::panel::{COMPONENT, Kind, Panel, Shows, Unit, ask, label, series, value};
use crate::dashboards::states::States;

pub(super) fn surroundings() -> Vec<Panel> {
    vec![
        Panel::new("Flink, configuration and dependencies", [24, 9], Kind::Values(States::Check))
            .says("The checks of what GSP runs, of the configuration that it has from GCA, and of what the suite depends on. Of several exporters the worst answer.")
            .asks(&[series(
                "min by (component, check) (gim_upgrade_check{@component, check=~\"flink_job_running|task_managers_registered|checkpoints_succeeding\
                 |state_config_maps_clean|config_fresh|kafka_reachable|database_reachable|object_storage_reachable|aggregation_healthy|backup_recent\"})",
                "{{component}} {{check}}",
            )])
            .runbooks(&["GimUpgradeDependencyDown", "GimUpgradeFlinkJobDown", "GimUpgradeConfigurationStale", "GimUpgradeBackupTooOld"]),
        Panel::lines("Flink's job and task managers", [12, 7], Unit::Count)
            .says("Jobs that run and task managers that have registered with the job manager, as Flink says.")
            .asks(&[series(
                "max by (component, signal) (gim_upgrade_signal{@component,\n\
                 signal=~\"flink_jobmanager_numRunningJobs|flink_jobmanager_numRegisteredTaskManagers\"})",
                "{{component}} {{signal}}",
            )])
            .runbooks(&["GimUpgradeFlinkJobDown", "GimUpgradeTaskManagersMissing"]),
        Panel::lines("Flink's last checkpoint", [12, 7], Unit::Milliseconds)
            .says("How long the last checkpoint took. Checkpoints that take ever longer fail in the end.")
            .asks(&[series(
                "max by (component, signal) (gim_upgrade_signal{@component, signal=\"flink_jobmanager_job_lastCheckpointDuration\"})",
                "{{component}} checkpoint",
            )])
            .runbooks(&["GimUpgradeCheckpointsFailing"]),
    ]
}

pub(super) fn history() -> Vec<Panel> {
    let operations = vec![
        COMPONENT,
        label("operation", "Operation", Shows::State(States::Operation)),
        label("outcome", "Outcome", Shows::State(States::Outcome)),
        value(0, "Times", Shows::Number(Unit::Count)),
    ];
    let stages = vec![
        COMPONENT,
        label("stage", "Stage", Shows::State(States::Stage)),
        value(0, "Time spent", Shows::Number(Unit::Seconds)),
    ];
    let schema = vec![COMPONENT, label("schema_version", "Schema", Shows::Text)];
    vec![
        Panel::table("Operations", [9, 7], operations)
            .says("Operations that were completed while an exporter watched, and how they ended.")
            .asks(&[ask("max by (component, operation, outcome) (gim_upgrade_operations_total{@component})")])
            .sorted("Component", true)
            .runbooks(&["GimUpgradeRollbackFailed"]),
        Panel::table("Time per stage", [9, 7], stages)
            .says("How long the last operation was in each stage that it has left; where it was witnessed from its begin.")
            .asks(&[ask("max by (component, stage) (gim_upgrade_operation_stage_seconds{@component})")])
            .sorted("Component", true)
            .runbooks(&["GimUpgradeRolloutOverdue"]),
        Panel::table("Schema of the Info Mart", [6, 7], schema)
            .says("The version of the Info Mart's schema, as GIM says.")
            .asks(&[ask("max by (component, schema_version) (gim_upgrade_schema_info{@component})")])
            .runbooks(&["GimUpgradeMigrationUnfinished", "GimUpgradeExportViewsBehind"]),
    ]
}
