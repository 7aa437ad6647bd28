//! The catalogue: every alert, its condition, for how long it must hold, how grave it is, and what it says.
//!
//! Conditions read the exporter's judgement: checks, stage and verdict. Raw families only where the question is when something
//! happened. They speak of components and never of pods, whose names change with every attempt; and no label of a scrape is
//! kept, so that a restart or a second replica makes no new alert. What to do about an alert stands in `alerts/runbooks`.

mod exporter;
mod procedure;
mod symptoms;
mod verdicts;

use std::time::Duration;

use super::annotation::Template;
use super::query::Query;
use crate::assess::answer::CheckId;
use crate::model::alerting::{AlertSettings, Severity};
use crate::named;

pub use exporter::EXPECTED;

named! {
    /// Who tells of an alert.
    pub enum Teller {
        /// Prometheus and the exporter itself, which join in Alertmanager.
        Both = "both",
        /// Prometheus alone: the exporter cannot tell of its own absence.
        Prometheus = "prometheus",
        /// The exporter alone.
        Sidecar = "sidecar",
    }
}

/// One alert.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name: label `alertname`. Two alerts that differ in their severity alone may share one.
    pub name: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What must hold.
    pub condition: Query,
    /// For how long without a break: `for`.
    pub hold: Duration,
    /// How long it stays after it last held: `keep_firing_for`. Carries it over a restart of the exporter.
    pub keep: Duration,
    /// Further labels, each the value of another label.
    pub labels: &'static [(&'static str, &'static str)],
    /// One line.
    pub summary: Template,
    /// What is known and what to do.
    pub description: Template,
    /// Who tells.
    pub teller: Teller,
}

/// All alerts, the gravest of each kind first. An alert's place is its own as long as the program runs.
#[must_use]
pub fn all() -> Vec<Alert> {
    [verdicts::alerts(), symptoms::alerts(), procedure::alerts(), exporter::alerts()].concat()
}

/// All alerts as a configuration wants them: with its severities. `time_scale` divides the times, for a cluster that plays faster
/// than real time.
#[must_use]
pub fn configured(settings: &AlertSettings, time_scale: u32) -> Vec<Alert> {
    let configured = |alert: Alert| Alert {
        severity: settings.severities.get(alert.name).copied().unwrap_or(alert.severity),
        hold: alert.hold / time_scale.max(1),
        keep: alert.keep / time_scale.max(1),
        ..alert
    };
    all().into_iter().map(configured).collect()
}

/// The names of all alerts, each once.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = all().iter().map(|alert| alert.name).collect();
    names.dedup();
    names
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// An alert that both tell of, without text yet.
const fn alert(name: &'static str, severity: Severity, hold: Duration, keep: Duration, condition: Query) -> Alert {
    Alert { name, severity, condition, hold, keep, labels: &[], summary: "", description: "", teller: Teller::Both }
}

impl Alert {
    const fn says(mut self, summary: Template, description: Template) -> Self {
        self.summary = summary;
        self.description = description;
        self
    }

    const fn told_by(mut self, teller: Teller) -> Self {
        self.teller = teller;
        self
    }

    /// The families that its condition and its text ask for.
    #[must_use]
    pub fn families(&self) -> Vec<&'static str> {
        let texts = [self.summary, self.description].map(super::annotation::families).concat();
        [self.condition.families(), texts].concat()
    }
}

/// An alert about a check that fails, with `for` and `keep_firing_for` in minutes; with several checks, one alert for each.
fn check(name: &'static str, severity: Severity, [hold, keep]: [u64; 2], checks: &[CheckId]) -> Alert {
    let further: &[_] = if checks.len() > 1 { &["check"] } else { &[] };
    alert(name, severity, minutes(hold), minutes(keep), failing(checks).max_by(further))
}

/// The checks among these that fail.
fn failing(checks: &[CheckId]) -> Query {
    let spellings: Vec<_> = checks.iter().map(|check| check.as_str()).collect();
    // A blind replica says NaN, which is equal to nothing: it neither hides the others' answer nor makes one.
    super::query::select("gim_upgrade_check").one_of("check", &spellings).equals(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::annotation::{self, ASKED};

    #[test]
    fn names_are_of_one_form_and_texts_have_no_gap_that_nothing_fills() {
        let labels =
            ["suite", "component", "check", "reason", "release", "target_namespace", "source", "alertmanager", "value"];
        for alert in all() {
            assert!(alert.name.starts_with("GimUpgrade"), "{}", alert.name);
            assert!(alert.summary.len() < 120 && !alert.summary.ends_with('.'), "{}", alert.name);
            assert!(alert.description.ends_with('.'), "{}", alert.name);
            for gap in [alert.summary, alert.description].into_iter().flat_map(annotation::gaps) {
                assert!(labels.contains(&gap) || ASKED.contains(&gap), "{}: {gap}", alert.name);
            }
        }
    }

    #[test]
    fn what_pages_outlives_the_time_until_an_absent_exporter_is_told() {
        let all = all();
        let absent = all.iter().find(|alert| alert.name == "GimUpgradeExporterAbsent").unwrap();
        for alert in all.iter().filter(|alert| alert.severity == Severity::Critical && alert.name != absent.name) {
            assert!(alert.keep >= absent.hold, "{} would end before anybody knows why", alert.name);
        }
    }

    #[test]
    fn the_same_name_stands_for_different_severities_only() {
        let mut seen: Vec<_> = all().iter().map(|alert| (alert.name, alert.severity)).collect();
        let alerts = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), alerts);
        assert_eq!(names().len(), alerts - 1, "investigate is critical or a warning");
    }
}
