//! The corpus of scenarios as a whole: everything that can be said is expected of some scenario, checks and gates both ways.
//!
//! A word that no scenario expects fails. The one exception is the hole in the table of verdicts, which none may reach.

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

/// Each of these words is expected somewhere.
fn all_are_shown(what: &str, words: impl IntoIterator<Item = &'static str>, seen: &BTreeSet<String>) {
    let missing: Vec<_> = words.into_iter().filter(|word| !seen.contains(*word)).collect();
    assert!(missing.is_empty(), "no scenario expects {what} {missing:?}");
}

#[test]
fn every_check_is_seen_to_pass_and_to_fail() {
    let ids = || CheckId::ALL.iter().map(|check| check.as_str());
    for state in ["pass", "fail"] {
        let of_state = |expected: Expected| expected.checks.into_iter().filter(|(_, said)| said == state);
        let seen = expected().into_iter().flat_map(of_state).map(|(check, _)| check).collect();
        all_are_shown(&format!("to {state}, the check"), ids(), &seen);
    }
}

#[test]
fn every_verdict_and_stage_is_reached() {
    let verdicts = expected().into_iter().filter_map(|expected| expected.verdict).collect();
    all_are_shown("verdict", VerdictKind::ALL.iter().map(|verdict| verdict.as_str()), &verdicts);
    let stages = expected().into_iter().filter_map(|expected| expected.stage).collect();
    all_are_shown("stage", Stage::ALL.iter().map(|stage| stage.as_str()), &stages);
    let trends = expected().into_iter().filter_map(|expected| expected.trend).collect();
    all_are_shown("trend", Trend::ALL.iter().map(|trend| trend.as_str()), &trends);
}

#[test]
fn every_row_of_the_table_of_verdicts_decides() {
    let seen: BTreeSet<u8> = expected().into_iter().filter_map(|expected| expected.row).collect();
    let wanted: BTreeSet<u8> = (1..=16).collect();
    assert_eq!(seen, wanted);
}

#[test]
fn every_reason_is_given() {
    let all = expected().into_iter().flat_map(|expected| expected.reasons.into_iter().chain(expected.advisories));
    let reasons = NamedReason::ALL.iter().filter(|reason| **reason != NamedReason::Undecided);
    all_are_shown("reason", reasons.map(|reason| reason.as_str()), &all.collect());
}

#[test]
fn every_gate_opens_and_everything_that_can_close_one_does() {
    let gates: Vec<Vec<String>> = expected().into_iter().filter_map(|expected| expected.gate).collect();
    assert!(gates.iter().any(Vec::is_empty), "no scenario expects an open gate");
    let seen = gates.into_iter().flatten().collect();
    all_are_shown("obstacle", GateReason::ALL.iter().map(|reason| reason.as_str()), &seen);
}
