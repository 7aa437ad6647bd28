//! The alerts reference, made of the catalogue. `docs/alerts.md` is what this writes; a test compares them.
//!
//! Not for what to do about an alert: that is its runbook.

use std::fmt::Write as _;
use std::time::Duration;

use super::catalogue::{self, Alert, Teller};
use super::query::CLUSTER;

const INTRODUCTION: &str = "\
# Alerts

Made from the exporter's own catalogue; do not edit by hand.

- *For* is how long the condition must hold without a break, on top of the exporter's own patience; *stays* is how long the alert goes on
  after it last held, which carries it over a restart of the exporter.
- Conditions are aggregated over replicas and keep no label of the scrape: a second exporter makes no second alert.
- Alerts are told by Prometheus and by the exporter itself (`alertmanager.urls`), with the same labels, unless it says otherwise.
- Severities are those of the catalogue; `alerts.severities` of the configuration gives others.
- `NAME` in braces is a label of the alert, or what a query finds.
";

/// The reference as Markdown.
#[must_use]
pub fn reference() -> String {
    let all = catalogue::all();
    let mut out = String::from(INTRODUCTION);
    out.push_str("\n| Alert | Severity | For | Stays | What it says |\n|---|---|---|---|---|\n");
    for alert in &all {
        let (name, severity, summary) = (alert.name, alert.severity, alert.summary);
        let (hold, keep) = (span(alert.hold, "at once"), span(alert.keep, "-"));
        let _ = writeln!(out, "| [{name}](#{}) | {severity} | {hold} | {keep} | {summary} |", name.to_lowercase());
    }
    let mut former = "";
    for alert in &all {
        if alert.name != former {
            let _ = write!(out, "\n## {}\n", alert.name);
        }
        former = alert.name;
        entry(&mut out, alert);
    }
    out
}

fn entry(out: &mut String, alert: &Alert) {
    let teller = match alert.teller {
        Teller::Both => "",
        Teller::Prometheus => " Told by Prometheus alone.",
        Teller::Sidecar => " Told by the exporter alone.",
    };
    let Alert { name, severity, .. } = alert;
    let _ = write!(
        out,
        "\nSeverity {severity}.{teller} [Runbook](../alerts/runbooks/{name}.md).\n\n{}\n\n```promql\n{}\n```\n",
        alert.description,
        alert.condition.promql(CLUSTER),
    );
}

/// A span in whole minutes, as all of the catalogue are.
fn span(span: Duration, none: &str) -> String {
    match span.as_secs() {
        0 => none.to_owned(),
        seconds => format!("{}m", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_are_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/alerts.md");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let docs = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            docs == reference(),
            "docs/alerts.md is out of date: UPDATE_GOLDENS=1 cargo test --lib alerts::reference"
        );
    }

    #[test]
    fn every_alert_is_in_it_and_minutes_are_whole() {
        let text = reference();
        for alert in catalogue::all() {
            assert!(text.contains(&format!("\n## {}\n", alert.name)), "{}", alert.name);
            assert_eq!((alert.hold.as_secs() % 60, alert.keep.as_secs() % 60), (0, 0), "{}", alert.name);
        }
    }
}
