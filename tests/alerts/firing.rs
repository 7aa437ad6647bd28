//! Every alert has a row of the table, fires in its scenario, and is silent in a healthy upgrade.

use std::collections::{BTreeMap, BTreeSet};

use gim_upgrade_exporter::alerts::catalogue::{self, Alert, Teller};

use super::cases::{CASES, IN_HEALTH, alert, is};
use super::chronicle::Chronicle;
use super::told::told;

#[test]
fn every_alert_has_its_row() {
    let rows: BTreeSet<_> = CASES.iter().map(|(name, severity, _)| (format!("GimUpgrade{name}"), *severity)).collect();
    let alerts: BTreeSet<_> = catalogue::all()
        .iter()
        .filter(|alert| alert.teller != Teller::Sidecar)
        .map(|alert| (alert.name.to_owned(), alert.severity.as_str()))
        .collect();
    assert_eq!(rows, alerts);
    assert_eq!(CASES.len(), rows.len());
}

#[test]
fn every_alert_fires_in_its_scenario() {
    let mut by_scenario: BTreeMap<&str, Vec<Alert>> = BTreeMap::new();
    for (name, severity, scenario) in CASES {
        by_scenario.entry(scenario).or_default().push(alert(name, severity));
    }
    for (scenario, alerts) in by_scenario {
        let told = told(&Chronicle::named(scenario).scrapes);
        for alert in alerts.iter().filter(|alert| alert.name != "GimUpgradeExporterAbsent") {
            assert!(
                told.iter().flatten().any(|firing| is(firing, alert)),
                "{} does not fire in {scenario}",
                alert.name
            );
        }
    }
}

#[test]
fn a_healthy_upgrade_calls_nobody() {
    for scenario in ["healthy-upgrade", "at-rest", "first-install", "kubelets-behind"] {
        let told = told(&Chronicle::named(scenario).scrapes);
        for firing in told.iter().flatten() {
            assert!(IN_HEALTH.contains(&firing.labels["alertname"].as_str()), "{scenario}: {firing:?}");
        }
    }
}
