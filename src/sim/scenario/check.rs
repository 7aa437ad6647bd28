//! What a scenario's types cannot say: that its names are known, its instants in range and its words those of the
//! contract. It finds slips of the pen; it does not judge whether an expectation is right.

use crate::sim::chart::SETTABLE;

use super::{Action, Behaviour, SOURCES, Scenario, ScenarioError, Span, Step, Surrounding};

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
const ANSWERS: [&str; 5] = ["pass", "fail", "pending", "unknown", "absent"];
const COMPONENTS: [&str; 3] = ["gim", "gsp", "gca"];
/// Rows of the table of verdicts; the last one is a hole, which no scenario may expect.
const ROWS: std::ops::RangeInclusive<u8> = 1..=16;

pub(super) fn check(file: &str, scenario: &Scenario) -> Result<(), ScenarioError> {
    let wrong =
        |field: String, message: String| Err(ScenarioError::Senseless { file: file.to_owned(), field, message });
    if !scenario.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return wrong("name".to_owned(), format!("`{}` is no name: small letters, digits and hyphens", scenario.name));
    }
    if let Some(tenant) = scenario.tenants.iter().find(|t| t.is_empty() || !t.bytes().all(|b| b.is_ascii_digit())) {
        return wrong("tenants".to_owned(), format!("`{tenant}` is no tenant: digits, other than 100"));
    }
    let releases: Vec<String> = scenario.releases().collect();
    let releases: Vec<&str> = releases.iter().map(String::as_str).collect();
    let configured = &scenario.configured;
    if let Some(name) =
        configured.targets.keys().chain(configured.releases.keys()).find(|name| !COMPONENTS.contains(&name.as_str()))
    {
        return wrong("configured".to_owned(), format!("no component is called `{name}`: {}", one_of(&COMPONENTS)));
    }
    for (list, steps, before) in
        [("history", scenario.history.as_deref().unwrap_or_default(), true), ("steps", &*scenario.steps, false)]
    {
        for (index, step) in steps.iter().enumerate() {
            if let Some(message) = wrong_step(step, before, scenario.ends, &releases) {
                return wrong(format!("{list}[{index}]"), message);
            }
        }
    }
    for (index, behaviour) in scenario.behaviours.iter().enumerate() {
        if let Some(message) = wrong_behaviour(behaviour, &releases) {
            return wrong(format!("behaviours[{index}]"), message);
        }
    }
    if let Some(name) = scenario.without.iter().find(|name| !releases.contains(&name.as_str())) {
        return wrong("without".to_owned(), unknown_release(name, &releases));
    }
    let mut last = Span::from_millis(-1);
    for (index, expectation) in scenario.expect.iter().enumerate() {
        if expectation.at <= last || expectation.at > scenario.ends {
            return wrong(format!("expect[{index}].at"), "instants rise, from 0 to `ends`".to_owned());
        }
        last = expectation.at;
        let tenants: Vec<String> = scenario.tenants.iter().map(|tenant| format!("t{tenant}")).collect();
        if let Some(suite) = expectation.suites.keys().find(|suite| !tenants.contains(suite)) {
            return wrong(format!("expect[{index}].suites"), format!("no suite is called `{suite}`"));
        }
        for (suite, component, expected) in expectation.all_components() {
            let known =
                |word: &Option<String>, words: &[&str]| word.as_ref().is_none_or(|w| words.contains(&w.as_str()));
            let path = match suite {
                "default" => format!("expect[{index}].{component}"),
                _ => format!("expect[{index}].suites.{suite}.{component}"),
            };
            if expected.row.is_some_and(|row| !ROWS.contains(&row)) {
                return wrong(path + ".row", "rows are 1 to 16".to_owned());
            }
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

fn unknown_release(name: &str, releases: &[&str]) -> String {
    format!("no release is called `{name}`: {}", one_of(releases))
}

fn wrong_step(step: &Step, before: bool, ends: Span, releases: &[&str]) -> Option<String> {
    if before && step.at >= Span::ZERO {
        return Some("`at`: what is history is before the start, a negative instant".to_owned());
    }
    if !before && (step.at < Span::ZERO || step.at > ends) {
        return Some("`at`: a step is between 0 and `ends`".to_owned());
    }
    if let Action::SetBehaviour(behaviour) = &step.action {
        return wrong_behaviour(behaviour, releases);
    }
    if let Action::Upgrade(upgrade) = &step.action {
        let known = SETTABLE.map(|(name, _)| name);
        if let Some(name) = upgrade.set.keys().find(|name| !known.contains(&name.as_str())) {
            return Some(format!("`set`: no chart has a value `{name}`: {}", one_of(&known)));
        }
    }
    if let Action::Dependency(set) = &step.action
        && !matches!(set.name, Surrounding::Kafka | Surrounding::Database | Surrounding::ObjectStorage)
    {
        return Some("`name`: a dependency is one of kafka, database, object_storage".to_owned());
    }
    if let Action::Source(set) = &step.action
        && !SOURCES.contains(&set.name.as_str())
    {
        return Some(format!("`name`: no source is called `{}`: {}", set.name, one_of(&SOURCES)));
    }
    let release = step.action.release()?;
    (!releases.contains(&release)).then(|| unknown_release(release, releases))
}

fn wrong_behaviour(behaviour: &Behaviour, releases: &[&str]) -> Option<String> {
    if !releases.contains(&behaviour.of.as_str()) {
        return Some(format!("`of`: {}", unknown_release(&behaviour.of, releases)));
    }
    let rates = [
        ("consumes", behaviour.consumes),
        ("failing_jobs", behaviour.failing_jobs),
        ("job_restarts", behaviour.job_restarts),
    ];
    if let Some((name, _)) = rates.iter().find(|(_, rate)| !rate.is_finite() || *rate < 0.0) {
        return Some(format!("`{name}`: a rate is 0 or more"));
    }
    if behaviour.sawtooth.is_some_and(|sawtooth| sawtooth.every <= Span::ZERO || sawtooth.height < Span::ZERO) {
        return Some("`sawtooth`: `every` is more than 0, `height` 0 or more".to_owned());
    }
    let spans = [
        ("ready_after", behaviour.ready_after.unwrap_or_default()),
        ("crash_after", behaviour.crash_after),
        ("terminates_in", behaviour.terminates_in),
        ("hooks.takes", behaviour.hooks.takes),
        ("pull_takes", behaviour.pull_takes),
        ("populates_after", behaviour.populates_after),
        ("config_age", behaviour.config_age),
    ];
    spans.iter().find(|(_, span)| *span < Span::ZERO).map(|(name, _)| format!("`{name}` is negative"))
}
