//! The alerts that there are, and that the shipped file names no others.

use std::collections::BTreeSet;

use gim_upgrade_exporter::alerts::catalogue;

use crate::shipped::Shipped;

/// What every alert's name begins with.
pub const PREFIX: &str = "GimUpgrade";

/// Every alert, and its severity, as the program has them.
pub fn alerts() -> Vec<(&'static str, &'static str)> {
    catalogue::all().iter().map(|alert| (alert.name, alert.severity.as_str())).collect()
}

/// All of them, each once.
pub fn all() -> BTreeSet<String> {
    alerts().into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The names and patterns of names in a matcher of `alertname`; none in another one.
fn named(matcher: &str) -> Vec<String> {
    let value = ["alertname=~\"", "alertname=\""].iter().find_map(|begin| matcher.strip_prefix(begin));
    let Some(value) = value.and_then(|value| value.strip_suffix('"')) else { return Vec::new() };
    let (prefix, alternatives) = match value.strip_suffix(')').and_then(|value| value.split_once('(')) {
        Some((prefix, alternatives)) => (prefix, alternatives),
        None => ("", value),
    };
    alternatives.split('|').map(|name| format!("{prefix}{name}")).collect()
}

#[test]
fn every_alert_that_the_file_names_exists() {
    let (all, shipped) = (all(), Shipped::read().unwrap());
    let names: Vec<String> = shipped.matchers().into_iter().flat_map(named).collect();
    let (patterns, names): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| name.ends_with(".+"));
    let ours: BTreeSet<String> = names.into_iter().filter(|name| name.starts_with(PREFIX)).collect();
    assert!(ours.is_subset(&all), "not ours: {:?}", ours.difference(&all).collect::<Vec<_>>());
    assert!(ours.len() > 20, "only {ours:?} were found");
    for pattern in patterns {
        assert!(pattern == format!("{PREFIX}.+") || pattern.starts_with("Kube"), "{pattern}");
    }
    // Comments name alerts too.
    let text = std::fs::read_to_string(Shipped::path()).unwrap();
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        assert!(!word.starts_with(PREFIX) || word == PREFIX || all.contains(word), "{word}");
    }
}
