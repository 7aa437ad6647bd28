//! What a scenario's types cannot say: that its names are known, its instants in range and its words those of the
//! contract. It finds slips of the pen; it does not judge whether an expectation is right.

use crate::sim::chart::SETTABLE;

use super::{Action, Behaviour, Scenario, ScenarioError, Span, Step};

/// Stages, verdicts, operations and answers of the contract.
const STAGES: [&str; 9] =
    ["absent", "applying", "rolling_out", "verifying", "verified", "degraded", "failed", "uninstalling", "unknown"];
const VERDICTS: [&str; 9] = [
    "unknown",
    "none",
    "wait",
    "proceed",
    "restart_pod",
    "roll_back",
    "fix_dependency",
    "contact_support",
    "investigate",
];
const OPERATIONS: [&str; 7] = ["install", "upgrade", "reconfigure", "rollback", "downgrade", "uninstall", "none"];
const ANSWERS: [&str; 4] = ["pass", "fail", "pending", "unknown"];
/// Releases whose charts the simulated cluster knows.
const RELEASES: [&str; 5] = ["gim", "gim-monitoring", "gsp", "gca", "gca-monitoring"];

pub(super) fn check(file: &str, scenario: &Scenario) -> Result<(), ScenarioError> {
    let wrong =
        |field: String, message: String| Err(ScenarioError::Senseless { file: file.to_owned(), field, message });
    if !scenario.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return wrong("name".to_owned(), format!("`{}` is no name: small letters, digits and hyphens", scenario.name));
    }
    for (list, steps, before) in
        [("history", scenario.history.as_deref().unwrap_or_default(), true), ("steps", &*scenario.steps, false)]
    {
        for (index, step) in steps.iter().enumerate() {
            if let Some(message) = wrong_step(step, before, scenario.ends) {
                return wrong(format!("{list}[{index}]"), message);
            }
        }
    }
    for (index, behaviour) in scenario.behaviours.iter().enumerate() {
        if let Some(message) = wrong_behaviour(behaviour) {
            return wrong(format!("behaviours[{index}]"), message);
        }
    }
    if let Some(name) = scenario.without.iter().find(|name| !RELEASES.contains(&name.as_str())) {
        return wrong("without".to_owned(), unknown_release(name));
    }
    let mut last = Span::from_millis(-1);
    for (index, expectation) in scenario.expect.iter().enumerate() {
        if expectation.at <= last || expectation.at > scenario.ends {
            return wrong(format!("expect[{index}].at"), "instants rise, from 0 to `ends`".to_owned());
        }
        last = expectation.at;
        for (component, expected) in expectation.components() {
            let known =
                |word: &Option<String>, words: &[&str]| word.as_ref().is_none_or(|w| words.contains(&w.as_str()));
            let path = format!("expect[{index}].{component}");
            if !known(&expected.stage, &STAGES) {
                return wrong(path + ".stage", one_of(&STAGES));
            }
            if !known(&expected.verdict, &VERDICTS) {
                return wrong(path + ".verdict", one_of(&VERDICTS));
            }
            if !known(&expected.operation, &OPERATIONS) {
                return wrong(path + ".operation", one_of(&OPERATIONS));
            }
            if let Some((id, _)) = expected.checks.iter().find(|(_, answer)| !ANSWERS.contains(&answer.as_str())) {
                return wrong(format!("{path}.checks.{id}"), one_of(&ANSWERS));
            }
        }
    }
    Ok(())
}

fn one_of(words: &[&str]) -> String {
    format!("must be one of {}", words.join(", "))
}

fn unknown_release(name: &str) -> String {
    format!("no release is called `{name}`: {}", one_of(&RELEASES))
}

fn wrong_step(step: &Step, before: bool, ends: Span) -> Option<String> {
    if before && step.at >= Span::ZERO {
        return Some("`at`: what is history is before the start, a negative instant".to_owned());
    }
    if !before && (step.at < Span::ZERO || step.at > ends) {
        return Some("`at`: a step is between 0 and `ends`".to_owned());
    }
    if let Action::SetBehaviour(behaviour) = &step.action {
        return wrong_behaviour(behaviour);
    }
    if let Action::Upgrade(upgrade) = &step.action {
        let known = SETTABLE.map(|(name, _)| name);
        if let Some(name) = upgrade.set.keys().find(|name| !known.contains(&name.as_str())) {
            return Some(format!("`set`: no chart has a value `{name}`: {}", one_of(&known)));
        }
    }
    let release = step.action.release()?;
    (!RELEASES.contains(&release)).then(|| unknown_release(release))
}

fn wrong_behaviour(behaviour: &Behaviour) -> Option<String> {
    if !RELEASES.contains(&behaviour.of.as_str()) {
        return Some(format!("`of`: {}", unknown_release(&behaviour.of)));
    }
    if !behaviour.consumes.is_finite() || behaviour.consumes < 0.0 {
        return Some("`consumes`: seconds of events per second, 0 or more".to_owned());
    }
    let spans = [
        ("ready_after", behaviour.ready_after.unwrap_or_default()),
        ("crash_after", behaviour.crash_after),
        ("terminates_in", behaviour.terminates_in),
        ("hooks.takes", behaviour.hooks.takes),
    ];
    spans.iter().find(|(_, span)| *span < Span::ZERO).map(|(name, _)| format!("`{name}` is negative"))
}
