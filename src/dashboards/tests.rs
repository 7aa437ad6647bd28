use std::collections::BTreeSet;

use super::*;
use crate::dashboards::panel::{Column, Kind, Panel, Shows};
use crate::dashboards::states::States;

fn panels() -> Vec<(DashboardName, Panel)> {
    let of = |name: &DashboardName| {
        let rows = name.dashboard().rows.into_iter();
        rows.flat_map(|row| row.panels).map(|panel| (*name, panel)).collect::<Vec<_>>()
    };
    DashboardName::ALL.iter().flat_map(of).collect()
}

#[test]
fn every_state_has_a_text_and_a_colour_of_its_own() {
    for &states in States::ALL {
        let all = states.all();
        for state in &all {
            assert!(!state.text.is_empty() && state.colour.len() == 7, "{states}: {state:?}");
        }
        let parts = all.iter().map(|state| [state.value, state.text, state.colour]);
        for part in 0..3 {
            let different: BTreeSet<_> = parts.clone().map(|parts| parts[part]).collect();
            assert_eq!(different.len(), all.len(), "{states}");
        }
    }
}

#[test]
fn the_program_decides_which_stages_and_verdicts_are_shown() {
    let shown: BTreeSet<_> = panels()
        .into_iter()
        .flat_map(|(_, panel)| match panel.kind {
            Kind::Table { columns, .. } => columns
                .iter()
                .filter_map(|column: &Column| match column.shows {
                    Shows::State(states) => Some(states),
                    _ => None,
                })
                .collect(),
            Kind::States { states, .. } | Kind::Values(states) => vec![states],
            Kind::Lines { .. } | Kind::Numbers(_) => Vec::new(),
        })
        .collect();
    let missing: Vec<_> = States::ALL.iter().filter(|states| !shown.contains(states)).collect();
    assert!(missing.is_empty(), "no panel shows {missing:?}");
}

#[test]
fn a_configuration_names_the_clusters_label_and_the_places() {
    let alerts = AlertSettings {
        cluster_label: "k8s".into(),
        runbook_url: Some("https://wiki.example/runbooks/".into()),
        dashboard_url: Some("https://grafana.example/d/mine?orgId=2".into()),
        ..AlertSettings::default()
    };
    let settings = Settings { alerts: &alerts, latency_ok: Duration::from_mins(7) };
    let text: String =
        DashboardName::ALL.iter().map(|name| render::render(&name.dashboard(), &settings).to_string()).collect();
    assert!(text.contains("k8s=~\\\"$cluster\\\"") && !text.contains("cluster=~"), "the cluster's own label");
    assert!(text.contains("https://wiki.example/runbooks/GimUpgradeLatencyHigh"));
    assert!(text.contains("https://grafana.example/d/mine?orgId=2&var-datasource="));
    assert!(text.contains("\"value\":420.0"), "the limit of the latency");
}
