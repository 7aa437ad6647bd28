//! The alerts that there are, and that the shipped file names no others.

use std::collections::BTreeSet;

use crate::shipped::Shipped;

/// What every alert's name begins with.
pub const PREFIX: &str = "GimUpgrade";

/// Every alert of the rules without its prefix, and its severity. What is unhealthy for a reason that nobody knows is
/// critical where pods are, else a warning.
pub const ALERTS: [(&str, &str); 38] = [
    ("RollBackAdvised", "critical"),
    ("RestartPodAdvised", "critical"),
    ("ContactSupport", "critical"),
    ("RollbackFailed", "critical"),
    ("DependencyDown", "critical"),
    ("PodStuckPending", "critical"),
    ("ImageNotAvailable", "critical"),
    ("CrashLooping", "critical"),
    ("OomKilled", "critical"),
    ("MetricsAbsent", "critical"),
    ("FlinkJobDown", "critical"),
    ("ExporterAbsent", "critical"),
    ("Investigate", "critical"),
    ("Investigate", "warning"),
    ("BacklogGrowing", "warning"),
    ("LatencyHigh", "warning"),
    ("ServerFailing", "warning"),
    ("MigrationUnfinished", "warning"),
    ("TaskManagersMissing", "warning"),
    ("CheckpointsFailing", "warning"),
    ("ConfigurationStale", "warning"),
    ("ReleaseFailed", "warning"),
    ("HookFailed", "warning"),
    ("ReleaseStuckPending", "warning"),
    ("RolloutOverdue", "warning"),
    ("AggregationUnhealthy", "warning"),
    ("BackupTooOld", "warning"),
    ("ExporterBlind", "warning"),
    ("VerdictUnknown", "warning"),
    ("OutOfOrder", "info"),
    ("TwoAtOnce", "info"),
    ("BegunUnhealthy", "info"),
    ("UnsupportedRelease", "info"),
    ("CompanionOutOfStep", "info"),
    ("StateLeftOver", "info"),
    ("ExportViewsBehind", "info"),
    ("InProgress", "none"),
    ("Watchdog", "none"),
];

/// What the exporter posts and no rule raises.
pub const POSTED_ONLY: (&str, &str) = ("SidecarWatchdog", "none");

/// All of them, each once.
pub fn all() -> BTreeSet<String> {
    ALERTS.iter().chain([&POSTED_ONLY]).map(|(name, _)| format!("{PREFIX}{name}")).collect()
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
