//! The dashboards as the program makes them.

use gim_upgrade_exporter::dashboards::{DashboardName, Settings, render};
use gim_upgrade_exporter::model::alerting::AlertSettings;
use gim_upgrade_exporter::model::policy::Policy;
use serde_json::Value;

/// The dashboards of the default configuration.
pub fn made() -> Vec<(DashboardName, Value)> {
    let (alerts, latency_ok) = (AlertSettings::default(), Policy::default().latency_ok);
    let settings = Settings { alerts: &alerts, latency_ok };
    DashboardName::ALL.iter().map(|name| (*name, render::render(&name.dashboard(), &settings))).collect()
}
