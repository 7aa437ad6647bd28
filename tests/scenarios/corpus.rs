//! The corpus of scenarios as a whole: everything that can be said is expected of some scenario, checks and gates both ways. What
//! is new and has no scenario fails.

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

/// Each word must be expected of some scenario.
fn shown(what: &str, words: impl IntoIterator<Item = &'static str>, seen: &BTreeSet<String>) {
    let missing: Vec<_> = words.into_iter().filter(|word| !seen.contains(*word)).collect();
    assert!(missing.is_empty(), "no scenario expects {what} {missing:?}");
}

#[test]
fn every_check_is_seen_to_pass_and_to_fail() {
    for state in ["pass", "fail"] {
        let of_state = |expected: Expected| expected.checks.into_iter().filter(|(_, said)| said == state);
        let seen = expected().into_iter().flat_map(of_state).map(|(check, _)| check).collect();
        shown(&format!("to {state}, the check"), CheckId::ALL.iter().map(|check| check.as_str()), &seen);
    }
}

#[test]
fn every_verdict_stage_and_trend_is_reached() {
    let verdicts = expected().into_iter().filter_map(|expected| expected.verdict).collect();
    shown("verdict", VerdictKind::ALL.iter().map(|verdict| verdict.as_str()), &verdicts);
    let stages = expected().into_iter().filter_map(|expected| expected.stage).collect();
    shown("stage", Stage::ALL.iter().map(|stage| stage.as_str()), &stages);
    let trends = expected().into_iter().filter_map(|expected| expected.trend).collect();
    shown("trend", Trend::ALL.iter().map(|trend| trend.as_str()), &trends);
}

/// Row 17 is a hole in the table, which none may reach: `expectations` sees to it.
#[test]
fn every_row_of_the_table_of_verdicts_decides() {
    let seen: BTreeSet<u8> = expected().into_iter().filter_map(|expected| expected.row).collect();
    assert_eq!(seen, (1..=16).collect());
}

/// `undecided` is the reason of row 17.
#[test]
fn every_reason_is_given() {
    let all = expected().into_iter().flat_map(|expected| expected.reasons.into_iter().chain(expected.advisories));
    let reasons = NamedReason::ALL.iter().filter(|reason| **reason != NamedReason::Undecided);
    shown("reason", reasons.map(|reason| reason.as_str()), &all.collect());
}

#[test]
fn every_gate_opens_and_everything_that_can_close_one_does() {
    let gates: Vec<Vec<String>> = expected().into_iter().filter_map(|expected| expected.gate).collect();
    assert!(gates.iter().any(Vec::is_empty), "no scenario expects an open gate");
    let seen = gates.into_iter().flatten().collect();
    shown("obstacle", GateReason::ALL.iter().map(|reason| reason.as_str()), &seen);
}
