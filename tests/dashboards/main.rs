//! The dashboards as they are shipped, and what can be said of them without a Grafana and without a Prometheus.
//!
//! What they show is proved beside it, in the target `dashboards-proof`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod lint;
mod promql;
mod reference;
mod shipped;

use gim_upgrade_exporter::dashboards::{DashboardName, Settings, render};
use gim_upgrade_exporter::model::alerting::AlertSettings;
use gim_upgrade_exporter::model::policy::Policy;
use serde_json::Value;

/// The dashboards of the default configuration.
fn made() -> Vec<(DashboardName, Value)> {
    let (alerts, latency_ok) = (AlertSettings::default(), Policy::default().latency_ok);
    let settings = Settings { alerts: &alerts, latency_ok };
    DashboardName::ALL.iter().map(|name| (*name, render::render(&name.dashboard(), &settings))).collect()
}
