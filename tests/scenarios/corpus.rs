//! The corpus of scenarios as a whole: everything that can be said is expected of some scenario, checks and gates both ways.
//!
//! What has no scenario yet stands in one of the lists `NOT_YET`; a word that is neither there nor expected anywhere fails, and
//! so does one that is in a list although a scenario expects it.

use std::collections::BTreeSet;

use gim_upgrade_exporter::assess::answer::CheckId;
use gim_upgrade_exporter::assess::assessment::{GateReason, NamedReason, Stage, VerdictKind};
use gim_upgrade_exporter::assess::trend::Trend;
use gim_upgrade_exporter::sim::scenario::{Expectation, Expected, Scenario};

/// Everything that any scenario expects of any component.
fn expected() -> Vec<Expected> {
    let scenarios = Scenario::list().map(|name| Scenario::find(name).unwrap());
    let expectations: Vec<_> = scenarios.flat_map(|scenario| scenario.expect).collect();
    expectations.iter().flat_map(Expectation::all_components).map(|(_, _, expected)| expected.clone()).collect()
}

/// Each word, and whether it is expected anywhere, must agree with the list of those that are not yet.
fn agree(what: &str, words: impl IntoIterator<Item = &'static str>, seen: &BTreeSet<String>, not_yet: &[&str]) {
    let (mut missing, mut known) = (Vec::new(), BTreeSet::new());
    for word in words {
        known.insert(word);
        if !seen.contains(word) && !not_yet.contains(&word) {
            missing.push(word);
        }
    }
    assert!(missing.is_empty(), "no scenario expects {what} {missing:?}");
    let shown: Vec<_> = not_yet.iter().filter(|word| seen.contains(**word)).collect();
    assert!(shown.is_empty(), "a scenario expects {what} {shown:?} by now: take them out of the list");
    let unknown: Vec<_> = not_yet.iter().filter(|word| !known.contains(**word)).collect();
    assert!(unknown.is_empty(), "there is no {what} {unknown:?}");
}

/// Checks that no scenario shows to pass yet.
const NEVER_PASSES: &[&str] = &[
    "server_state",
    "jobs_succeeding",
    "schema_migrated",
    "export_views_current",
    "kafka_reachable",
    "database_reachable",
    "object_storage_reachable",
    "aggregation_healthy",
    "backup_recent",
];
/// Checks that no scenario shows to fail yet.
const NEVER_FAILS: &[&str] = NEVER_PASSES;

#[test]
fn every_check_is_seen_to_pass_and_to_fail() {
    let ids = || CheckId::ALL.iter().map(|check| check.as_str());
    for (state, not_yet) in [("pass", NEVER_PASSES), ("fail", NEVER_FAILS)] {
        let of_state = |expected: Expected| expected.checks.into_iter().filter(|(_, said)| said == state);
        let seen = expected().into_iter().flat_map(of_state).map(|(check, _)| check).collect();
        agree(&format!("to {state}, the check"), ids(), &seen, not_yet);
    }
}

#[test]
fn every_verdict_and_stage_is_reached() {
    let verdicts = expected().into_iter().filter_map(|expected| expected.verdict).collect();
    agree("verdict", VerdictKind::ALL.iter().map(|verdict| verdict.as_str()), &verdicts, VERDICTS_NOT_YET);
    let stages = expected().into_iter().filter_map(|expected| expected.stage).collect();
    agree("stage", Stage::ALL.iter().map(|stage| stage.as_str()), &stages, STAGES_NOT_YET);
    let trends = expected().into_iter().filter_map(|expected| expected.trend).collect();
    agree("trend", Trend::ALL.iter().map(|trend| trend.as_str()), &trends, TRENDS_NOT_YET);
}

const VERDICTS_NOT_YET: &[&str] = &["fix_dependency"];
const STAGES_NOT_YET: &[&str] = &[];
const TRENDS_NOT_YET: &[&str] = &["absent", "unknown"];

/// Rows of the table of verdicts that no scenario expects yet. Row 17 is a hole in the table, which none may reach:
/// `expectations` sees to it.
const ROWS_NOT_YET: &[u8] = &[4, 12];

#[test]
fn every_row_of_the_table_of_verdicts_decides() {
    let seen: BTreeSet<u8> = expected().into_iter().filter_map(|expected| expected.row).collect();
    let wanted: BTreeSet<u8> = (1..=16).filter(|row| !ROWS_NOT_YET.contains(row)).collect();
    assert_eq!(seen, wanted);
}

/// Reasons that no scenario expects yet, of verdicts or beside them.
const REASONS_NOT_YET: &[&str] = &[
    "migration_incomplete",
    "undecided",
];

#[test]
fn every_reason_is_given() {
    let all = expected().into_iter().flat_map(|expected| expected.reasons.into_iter().chain(expected.advisories));
    agree("reason", NamedReason::ALL.iter().map(|reason| reason.as_str()), &all.collect(), REASONS_NOT_YET);
}

/// What no scenario shows to close a gate yet.
const OBSTACLES_NOT_YET: &[&str] = &[
    "kafka_down",
    "database_down",
    "object_storage_down",
    "backup_not_recent",
];

#[test]
fn every_gate_opens_and_everything_that_can_close_one_does() {
    let gates: Vec<Vec<String>> = expected().into_iter().filter_map(|expected| expected.gate).collect();
    assert!(gates.iter().any(Vec::is_empty), "no scenario expects an open gate");
    let seen = gates.into_iter().flatten().collect();
    agree("obstacle", GateReason::ALL.iter().map(|reason| reason.as_str()), &seen, OBSTACLES_NOT_YET);
}
