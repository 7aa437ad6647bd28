//! The form of promtool's rule tests: series as it writes them, questions and answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use gim_upgrade_exporter::alerts::answer::{Labels, Series};
use gim_upgrade_exporter::alerts::lifecycle::Firing;
use serde::Serialize;

use super::chronicle::INTERVAL;

/// A file of tests.
#[derive(Serialize)]
pub struct File {
    pub rule_files: Vec<String>,
    pub evaluation_interval: String,
    pub tests: Vec<Test>,
}

/// Series, and what fires when.
#[derive(Serialize)]
pub struct Test {
    pub name: String,
    pub interval: String,
    pub input_series: Vec<Input>,
    #[serde(rename = "alert_rule_test")]
    pub questions: Vec<Question>,
}

#[derive(Serialize)]
pub struct Input {
    series: String,
    values: String,
}

#[derive(Serialize)]
pub struct Question {
    eval_time: String,
    alertname: String,
    exp_alerts: Vec<Expected>,
}

#[derive(Serialize)]
struct Expected {
    exp_labels: BTreeMap<String, String>,
    exp_annotations: BTreeMap<String, String>,
}

/// A span as promtool reads it.
pub fn span(span: Duration) -> String {
    format!("{}s", span.as_secs())
}

/// The series of these families, scrape by scrape.
pub fn inputs(scrapes: &[Series], families: &[&'static str]) -> Vec<Input> {
    let mut rows: BTreeMap<(&str, &Labels), Vec<Option<f64>>> = BTreeMap::new();
    for (nth, scrape) in scrapes.iter().enumerate() {
        for family in families {
            for sample in scrape.of(family) {
                let row = rows.entry((family, &sample.labels)).or_default();
                row.resize(nth, None);
                row.push(Some(sample.value));
            }
        }
    }
    let input = |((family, labels), mut values): ((&str, &Labels), Vec<Option<f64>>)| {
        values.resize(scrapes.len(), None);
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        Input { series: format!("{family}{{{}}}", labels.join(", ")), values: spelled(&values) }
    };
    rows.into_iter().map(input).collect()
}

/// Values as promtool writes them: runs of equal ones as one, and a series that ends as stale.
fn spelled(values: &[Option<f64>]) -> String {
    let mut text = String::new();
    let mut rest = values;
    let mut was_there = false;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|value| same(**value, *first)).count();
        rest = &rest[run..];
        let further = run - 1;
        let piece = match first {
            // A scrape that lacks a series ends it at once; Prometheus would else look back for five minutes.
            None if was_there => format!("stale{}", if further > 0 { format!(" _x{further}") } else { String::new() }),
            None => format!("_x{run}"),
            // promtool cannot repeat this one.
            Some(number) if number.is_nan() => vec!["NaN"; run].join(" "),
            Some(number) if further > 0 => format!("{number}x{further}"),
            Some(number) => number.to_string(),
        };
        was_there = first.is_some();
        let _ = write!(text, "{}{piece}", if text.is_empty() { "" } else { " " });
    }
    text
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    a.map(f64::to_bits) == b.map(f64::to_bits)
}

/// That after the nth scrape these fire of the alerts of that name, and no others.
pub fn question(nth: usize, alertname: &str, firing: &[Firing], runbook: &str) -> Question {
    let of_name = firing.iter().filter(|firing| firing.labels["alertname"] == alertname);
    let expected = |firing: &Firing| {
        let labels = firing.labels.iter().filter(|(name, _)| **name != "alertname");
        let mut annotations = firing.annotations.clone();
        annotations.insert("runbook_url".to_owned(), runbook.to_owned());
        Expected {
            exp_labels: labels.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            exp_annotations: annotations,
        }
    };
    Question {
        eval_time: span(INTERVAL * u32::try_from(nth).unwrap()),
        alertname: alertname.to_owned(),
        exp_alerts: of_name.map(expected).collect(),
    }
}

#[test]
fn values_are_spelled_as_promtool_reads_them() {
    let nan = Some(f64::NAN);
    let values = [None, None, Some(1.0), Some(1.0), Some(1.0), None, None, None, Some(0.5), nan, nan, None];
    assert_eq!(spelled(&values), "_x2 1x2 stale _x2 0.5 NaN NaN stale");
}
