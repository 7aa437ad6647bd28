//! A page of metrics as a story reads it: names, labels, values.
//!
//! A small reader of its own, so that a fault of the program's parser cannot hide one of its writer. Whether a page is
//! written by the rules is for promtool and Python's strict parser to say.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The metric's name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// All series of one scrape.
#[derive(Clone, Debug, Default)]
pub struct Page(Vec<Series>);

impl Page {
    /// Reads the text of a page.
    pub fn read(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Self(
            lines.map(|line| series(line).with_context(|| format!("not understood: {line}"))).collect::<Result<_>>()?,
        ))
    }

    /// All series.
    pub fn all(&self) -> &[Series] {
        &self.0
    }

    /// The series of one metric whose labels hold all of `labels`.
    pub fn find<'a>(&'a self, name: &'a str, labels: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Series> {
        self.0.iter().filter(move |series| {
            series.name == name && labels.iter().all(|(label, value)| series.label(label) == Some(value))
        })
    }

    /// The current one of a state: the value of `label` of the one series that a component has of a metric.
    pub fn state(&self, name: &str, label: &str, component: &str) -> Result<Option<&str>> {
        let (suite, component) = suite_and_component(component);
        self.state_where(name, label, &[("suite", suite), ("component", component)])
    }

    /// The same, among the series that have these labels.
    pub fn state_where(&self, name: &str, label: &str, labels: &[(&str, &str)]) -> Result<Option<&str>> {
        let mut current = self.0.iter().filter(|series| {
            series.name == name && labels.iter().all(|(label, value)| series.label(label) == Some(value))
        });
        let first = current.next();
        ensure!(current.next().is_none(), "{name} has more than one series for {labels:?}");
        let Some(first) = first else { return Ok(None) };
        ensure!((first.value - 1.0).abs() < f64::EPSILON, "{name} of {labels:?} is {}, not 1", first.value);
        first.label(label).with_context(|| format!("{name} has no label {label}")).map(Some)
    }

    /// The value of the first series that has these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.0.iter().filter(|series| {
            series.name == name && labels.iter().all(|(label, value)| series.label(label) == Some(value))
        });
        found.next().map(|series| series.value)
    }
}

/// The suite of a story that has only one.
const ONLY_SUITE: &str = "default";

/// What a story calls a component: its name alone, or `SUITE/NAME` where there are several suites.
pub fn suite_and_component(name: &str) -> (&str, &str) {
    name.split_once('/').unwrap_or((ONLY_SUITE, name))
}

/// The reverse of [`suite_and_component`].
pub fn called(suite: &str, component: &str) -> String {
    if suite == ONLY_SUITE { component.to_owned() } else { format!("{suite}/{component}") }
}

impl Series {
    /// The value of one label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

/// `name{label="value",…} value`, the value perhaps followed by an exemplar.
fn series(line: &str) -> Option<Series> {
    let head = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(head);
    let mut labels = BTreeMap::new();
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(mut rest) => loop {
            if let Some(after) = rest.strip_prefix('}') {
                break after;
            }
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.insert(label.to_owned(), value);
            rest = after.strip_prefix(',').unwrap_or(after);
        },
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Series { name: name.to_owned(), labels, value })
}

/// The text up to the closing quote, unescaped, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}
