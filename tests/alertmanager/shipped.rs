//! The shipped example of Alertmanager's configuration, and what tests make of it. What it should say is not known here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The configuration, as it is or changed.
#[derive(Clone, Debug)]
pub struct Shipped(Value);

/// The two sides of an inhibition.
const SIDES: [&str; 2] = ["source_matchers", "target_matchers"];

impl Shipped {
    /// Where the file lies.
    pub fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts/alertmanager/alertmanager.yaml")
    }

    /// Reads it.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(Self::path())?;
        let shipped = Self(serde_saphyr::from_str(&text)?);
        ensure!(shipped.inhibitions()?.iter().all(Value::is_object), "an inhibition is no mapping");
        Ok(shipped)
    }

    /// The same, with every notification sent to `url` and sent after waits that tests can wait for.
    pub fn sending(&self, url: &str, group_wait: &str, group_interval: &str) -> Self {
        let mut shipped = self.clone();
        // The uppermost route has neither of them, and Alertmanager's own defaults are long.
        if let Some(route) = shipped.0.get_mut("route").and_then(Value::as_object_mut) {
            route.insert("group_wait".into(), group_wait.into());
            route.insert("group_interval".into(), group_interval.into());
        }
        replace(&mut shipped.0, &[("url", url), ("group_wait", group_wait), ("group_interval", group_interval)]);
        shipped
    }

    /// The text that Alertmanager reads. JSON is YAML.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// Its inhibitions.
    pub fn inhibitions(&self) -> Result<&[Value]> {
        self.0.get("inhibit_rules").and_then(Value::as_array).map(Vec::as_slice).context("no inhibit_rules")
    }

    /// It without each of its inhibitions in turn, and what was left out.
    pub fn without_an_inhibition(&self) -> Result<Vec<(String, Self)>> {
        self.each_changed(|rules, index| vec![(String::new(), without(rules, index))])
    }

    /// It with each condition of each inhibition left out in turn, so that it silences more: a label that must be equal, or a
    /// matcher. Where `alertname` must be equal, naming the alerts on one side names them on the other.
    pub fn without_a_condition(&self) -> Result<Vec<(String, Self)>> {
        self.each_changed(|rules, index| {
            let Some(rule) = rules.get(index) else { return Vec::new() };
            let by_name = conditions(rule, "equal").contains(&"alertname".into());
            let mut changed = Vec::new();
            for part in SIDES.into_iter().chain(["equal"]) {
                for (at, condition) in conditions(rule, part).iter().enumerate() {
                    let condition = condition.as_str().unwrap_or_default();
                    if by_name && part != "equal" && condition.starts_with("alertname") {
                        continue;
                    }
                    let mut rules = rules.to_vec();
                    if let Some(rule) = rules.get_mut(index) {
                        rule[part] = without(conditions(rule, part), at).into();
                    }
                    changed.push((format!("{part} without {condition}"), rules));
                }
            }
            changed
        })
    }

    /// Every matcher of its routes and inhibitions.
    pub fn matchers(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect(&self.0, false, &mut found);
        found
    }

    fn each_changed(
        &self,
        change: impl Fn(&[Value], usize) -> Vec<(String, Vec<Value>)>,
    ) -> Result<Vec<(String, Self)>> {
        let rules = self.inhibitions()?;
        let mut all = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for (what, rules) in change(rules, index) {
                let mut shipped = self.clone();
                shipped.0["inhibit_rules"] = rules.into();
                all.push((format!("inhibition {index}, {rule}: {what}"), shipped));
            }
        }
        Ok(all)
    }
}

fn conditions<'a>(rule: &'a Value, part: &str) -> &'a [Value] {
    rule.get(part).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn without(list: &[Value], index: usize) -> Vec<Value> {
    list.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, value)| value.clone()).collect()
}

/// Gives every field of these names, wherever it stands, its value.
fn replace(value: &mut Value, fields: &[(&str, &str)]) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match fields.iter().find(|(field, _)| field == name) {
                    Some((_, new)) => *value = (*new).into(),
                    None => replace(value, fields),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, fields)),
        _ => {}
    }
}

fn collect<'a>(value: &'a Value, within: bool, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| collect(value, name.ends_with("matchers"), found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, within, found)),
        Value::String(text) if within => found.push(text),
        _ => {}
    }
}
