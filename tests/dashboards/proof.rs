//! What the dashboards show, proved without a Grafana server: their types, their queries on a real Prometheus, and what Grafana's own
//! packages make of the answers. `make e2e` runs it.
//!
//! What can be said without all that is tested beside it, in the crate `dashboards`. Not for how a panel looks: nobody has seen one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod asked;
mod grafana;
mod made;
mod mutated;
mod pages;
#[allow(dead_code, reason = "what a query selects is linted elsewhere")]
mod promql;
mod shown;
mod stated;
mod types;

#[allow(dead_code, reason = "only labels are needed here")]
#[path = "../alertmanager/alertmanager.rs"]
mod alertmanager;
#[expect(dead_code, reason = "its other users are in the tests of scenarios")]
#[path = "../scenarios/held.rs"]
mod held;
#[allow(dead_code, reason = "only what keeps servers and runs commands is needed here")]
#[path = "../cluster/process.rs"]
mod process;
#[allow(dead_code, reason = "questions of a moment are asked otherwise")]
#[path = "../alertmanager/prometheus.rs"]
mod prometheus;
#[allow(dead_code, reason = "nothing is stopped here before its end")]
#[path = "../alertmanager/running.rs"]
mod running;
#[allow(dead_code, reason = "only some of the tools are needed here")]
#[path = "../cluster/tools.rs"]
mod tools;
#[allow(dead_code, reason = "only questions are asked here")]
#[path = "../alertmanager/web.rs"]
mod web;

use gim_upgrade_exporter::dashboards::DashboardName;
use gim_upgrade_exporter::dashboards::panel::Panel;
use serde_json::Value;

use self::made::made;

/// Every panel, as it is in the tables and as Grafana gets it.
fn panels() -> Vec<(DashboardName, Panel, Value)> {
    let mut panels = Vec::new();
    for (name, json) in made() {
        let drawn = json["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row").cloned();
        let tables = name.dashboard().rows.into_iter().flat_map(|row| row.panels);
        panels.extend(tables.zip(drawn).map(|(table, drawn)| (name, table, drawn)));
    }
    for (_, table, drawn) in &panels {
        assert_eq!(drawn["title"], table.title);
    }
    panels
}

/// One Prometheus for all: it takes its time to start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_shows_what_it_states() {
    let asked = asked::ask().await;
    let answers = shown::answers(&asked).await;
    shown::as_stated(&answers);
    shown::annotated(&asked).await;
    shown::chosen(&asked).await;
    let fields = shown::fields(&answers);
    shown::as_kept(&fields);
    shown::faults_are_found(&answers, &fields);
    mutated::every_name_counts(&asked, &answers, &fields).await;
}
