//! The corpus of scenarios as a whole: every check is seen to fail and to pass, and every verdict is reached.

use std::collections::BTreeSet;

use gim_upgrade_exporter::assess::answer::CheckId;
use gim_upgrade_exporter::assess::assessment::{Stage, VerdictKind};
use gim_upgrade_exporter::sim::scenario::{Expectation, Expected, Scenario};

/// Everything that any scenario expects of any component.
fn expected() -> Vec<Expected> {
    let scenarios = Scenario::list().map(|name| Scenario::find(name).unwrap());
    let expectations: Vec<_> = scenarios.flat_map(|scenario| scenario.expect).collect();
    expectations.iter().flat_map(Expectation::components).map(|(_, expected)| expected.clone()).collect()
}

/// Checks that have no scenario yet.
const NOT_YET: [CheckId; 15] = [
    CheckId::ServerState,
    CheckId::JobsSucceeding,
    CheckId::SchemaMigrated,
    CheckId::ExportViewsCurrent,
    CheckId::FlinkJobRunning,
    CheckId::TaskManagersRegistered,
    CheckId::CheckpointsSucceeding,
    CheckId::StateConfigMapsClean,
    CheckId::ConfigFresh,
    CheckId::KafkaReachable,
    CheckId::DatabaseReachable,
    CheckId::ObjectStorageReachable,
    CheckId::AggregationHealthy,
    CheckId::BackupRecent,
    CheckId::SupportedRelease,
];

#[test]
fn every_check_is_seen_to_fail_and_to_pass() {
    let seen: BTreeSet<(String, String)> = expected().into_iter().flat_map(|expected| expected.checks).collect();
    let missing: Vec<_> = CheckId::ALL
        .iter()
        .filter(|check| !NOT_YET.contains(check))
        .flat_map(|check| ["fail", "pass"].map(|state| (check.to_string(), state.to_owned())))
        .filter(|wanted| !seen.contains(wanted))
        .collect();
    assert!(missing.is_empty(), "no scenario expects {missing:?}");
}

#[test]
fn every_verdict_and_stage_is_reached() {
    // Nothing is known of dependencies yet; before the first sync there is no scenario, and `board` tests it.
    let verdicts: BTreeSet<_> = expected().into_iter().filter_map(|expected| expected.verdict).collect();
    let missing: Vec<_> = VerdictKind::ALL
        .iter()
        .filter(|verdict| **verdict != VerdictKind::FixDependency && !verdicts.contains(verdict.as_str()))
        .collect();
    assert!(missing.is_empty(), "no scenario expects {missing:?}");
    let stages: BTreeSet<_> = expected().into_iter().filter_map(|expected| expected.stage).collect();
    let missing: Vec<_> =
        Stage::ALL.iter().filter(|stage| **stage != Stage::Unknown && !stages.contains(stage.as_str())).collect();
    assert!(missing.is_empty(), "no scenario expects {missing:?}");
}
