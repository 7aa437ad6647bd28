//! Every scenario's expectations hold, at their instants, and no scenario ever falls through the table of verdicts.

use std::fmt::Write as _;

use gim_upgrade_exporter::assess::answer::{CheckId, CheckState};
use gim_upgrade_exporter::assess::assessment::{
    ComponentAssessment, GateReason, NamedReason, Reason, Stage, VerdictKind,
};
use gim_upgrade_exporter::assess::trend::Trend;
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::sim::scenario::{Expectation, Expected, Scenario};

use super::held::{Held, Sequence, Watcher};

/// The differences between what was expected of a component and what is said.
fn differences(expected: &Expected, said: &ComponentAssessment) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, expected: Option<&str>, said: &str| {
        if let Some(expected) = expected.filter(|expected| *expected != said) {
            found.push(format!("{what} is {said}, not {expected}"));
        }
    };
    compare("stage", expected.stage.as_deref(), said.stage.as_str());
    compare("verdict", expected.verdict.as_deref(), said.verdict.kind.as_str());
    compare("operation", expected.operation.as_deref(), said.operation_kind().as_str());
    for (check, state) in &expected.checks {
        let id = CheckId::parse(check).unwrap_or_else(|| panic!("there is no check {check}"));
        compare(check, Some(state), said.check(id).map_or("absent", |answer| answer.state.as_str()));
    }
    let reasons: Vec<&str> = said.verdict.reasons.iter().map(|reason| reason.as_str()).collect();
    for reason in expected.reasons.iter().filter(|reason| !reasons.contains(&reason.as_str())) {
        found.push(format!("{reason} is not among the reasons {reasons:?}"));
    }
    let advisories: Vec<&str> = said.verdict.advisories.iter().map(|reason| reason.as_str()).collect();
    for reason in expected.advisories.iter().filter(|reason| !advisories.contains(&reason.as_str())) {
        found.push(format!("{reason} is not among the advisories {advisories:?}"));
    }
    if let Some(row) = expected.row.filter(|row| *row != said.verdict.row) {
        found.push(format!("the verdict is row {}, not {row}", said.verdict.row));
    }
    let gate: Vec<&str> = said.gate.blocked.iter().map(|reason| reason.as_str()).collect();
    if let Some(expected) = expected.gate.as_ref().filter(|expected| **expected != gate) {
        found.push(format!("the gate is closed by {gate:?}, not {expected:?}"));
    }
    let trend = said.trend.as_ref().map_or("absent", |report| report.trend.as_str());
    if let Some(expected) = expected.trend.as_ref().filter(|expected| **expected != trend) {
        found.push(format!("the trend is {trend}, not {expected}"));
    }
    if let Some(target) = expected.rollback_target {
        let said = said.rollback_target.map(|target| target.revision);
        if said != Some(target) {
            found.push(format!("the revision to go back to is {said:?}, not {target}"));
        }
    }
    found
}

/// Words in expectations that no answer can have would make an expectation that cannot hold, or one that nobody meant.
fn check_words(scenario: &Scenario) {
    for (_, _, expected) in scenario.expect.iter().flat_map(Expectation::all_components) {
        let known =
            |word: &Option<String>, known: bool| assert!(word.is_none() || known, "{}: {word:?}", scenario.name);
        known(&expected.stage, expected.stage.as_deref().and_then(Stage::parse).is_some());
        known(&expected.verdict, expected.verdict.as_deref().and_then(VerdictKind::parse).is_some());
        known(&expected.trend, expected.trend.as_deref().and_then(Trend::parse).is_some());
        for reason in expected.gate.iter().flatten() {
            assert!(GateReason::parse(reason).is_some(), "{}: nothing called {reason} closes a gate", scenario.name);
        }
        for reason in expected.reasons.iter().chain(&expected.advisories) {
            let is_known = CheckId::parse(reason).is_some() || NamedReason::parse(reason).is_some();
            assert!(is_known, "{}: there is no reason {reason}", scenario.name);
        }
        for state in expected.checks.values() {
            let known = state == "absent" || CheckState::parse(state).is_some();
            assert!(known, "{}: there is no check state {state}", scenario.name);
        }
    }
}

/// Plays a scenario; gives the whole sequence of what was said as text.
fn play(scenario: &Scenario) -> Result<String, String> {
    check_words(scenario);
    let mut held = Held::new(scenario);
    let mut watchers = [Watcher::start(&held)];
    let mut sequence = Sequence::default();
    let note = |now, watcher: &Watcher, sequence: &mut Sequence| {
        watcher.suites().iter().for_each(|suite| sequence.note(now, suite));
    };
    note(held.now, &watchers[0], &mut sequence);
    let mut failures = String::new();
    let mut fell_through = None;
    let mut each = |now, watchers: &[Watcher], sequence: &mut Sequence| {
        note(now, &watchers[0], sequence);
        for suite in watchers[0].suites() {
            for (_, assessed) in suite.assessment.components.iter() {
                if assessed.verdict.reasons.contains(&Reason::Named(NamedReason::Undecided)) {
                    fell_through.get_or_insert(now);
                }
            }
        }
    };
    for expectation in &scenario.expect {
        let at = held.world.instant(expectation.at);
        held.play(at, &mut watchers, |now, watchers| each(now, watchers, &mut sequence));
        for (suite, component, expected) in expectation.all_components() {
            let suite = watchers[0].suite_called(suite);
            let said = suite.assessment.components.get(Component::parse(component).unwrap());
            for difference in differences(expected, said) {
                let _ = writeln!(failures, "at {} {}/{component}: {difference}", expectation.at, suite.suite.name);
            }
        }
    }
    let ends = held.world.ends();
    held.play(ends, &mut watchers, |now, watchers| each(now, watchers, &mut sequence));
    if let Some(at) = fell_through {
        let _ = writeln!(failures, "at {at}: the table of verdicts has a hole");
    }
    let sequence = sequence.to_text();
    if failures.is_empty() {
        Ok(format!("{}\n{sequence}\n", scenario.name))
    } else {
        Err(format!("{}:\n{failures}{sequence}", scenario.name))
    }
}

/// Where the sequences are kept: a judgement that flickers between two expectations shows here. `UPDATE_GOLDENS=1` writes
/// them anew, for a person to read the difference.
const SEQUENCES: &str = "tests/testdata/sequences.txt";

#[test]
fn every_scenario_is_judged_as_it_says() {
    let only = std::env::var("SCENARIO").ok();
    let (mut sequences, mut failures) = (String::new(), String::new());
    for name in Scenario::list().filter(|name| only.as_ref().is_none_or(|only| only == name)) {
        match play(&Scenario::find(name).unwrap()) {
            Ok(sequence) => sequences += &sequence,
            Err(failure) => failures += &failure,
        }
    }
    assert!(failures.is_empty(), "{failures}");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(SEQUENCES, &sequences).unwrap();
    }
    let golden = std::fs::read_to_string(SEQUENCES).unwrap();
    if only.is_some() {
        assert!(golden.contains(&sequences), "the sequence differs from {SEQUENCES}:\n{sequences}");
    } else {
        let differs = |(now, then): &(&str, &str)| now != then;
        let first = sequences.lines().zip(golden.lines()).find(differs);
        assert!(sequences == golden, "the sequences differ from {SEQUENCES}, first here (now, then): {first:?}");
    }
}
