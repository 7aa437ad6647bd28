//! Alerting: what a configuration says of alerts and of Alertmanager. Not for the alerts themselves: those are `alerts`'.

use std::collections::BTreeMap;
use std::time::Duration;

use super::names::Name;
use crate::named;

named! {
    /// How grave an alert is.
    pub enum Severity {
        /// Somebody is woken.
        Critical = "critical",
        /// Somebody looks into it in working hours, or at once where an upgrade runs.
        Warning = "warning",
        /// To know.
        Info = "info",
        /// Nobody is told: it silences others, or shows that alerts arrive.
        None = "none",
    }
}

/// What a configuration says of all alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// What Prometheus calls the label of the cluster.
    pub cluster_label: Name,
    /// The clusters in which every suite is expected; empty where one Prometheus sees one cluster.
    pub clusters: Vec<Name>,
    /// Other severities than the catalogue's, by name of the alert.
    pub severities: BTreeMap<String, Severity>,
    /// Where runbooks are found, without the last `/` and the alert's name.
    pub runbook_url: Name,
    /// The dashboard that alerts point to; `None`: to none.
    pub dashboard_url: Option<Name>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            clusters: Vec::new(),
            severities: BTreeMap::new(),
            // The exporter serves them itself.
            runbook_url: "http://gim-upgrade-exporter:9845/runbooks".into(),
            dashboard_url: None,
        }
    }
}

impl AlertSettings {
    /// Where the runbook of an alert is found.
    #[must_use]
    pub fn runbook(&self, alert: &str) -> String {
        format!("{}/{alert}", self.runbook_url.trim_end_matches('/'))
    }

    /// The dashboard of an alert, whose labels `value` writes.
    pub fn dashboard(&self, value: impl Fn(&str) -> String) -> Option<String> {
        let base = self.dashboard_url.as_ref()?;
        let [cluster, suite, component] = ["cluster", "suite", "component"].map(value);
        let separator = if base.contains('?') { '&' } else { '?' };
        Some(format!("{base}{separator}var-cluster={cluster}&var-suite={suite}&var-component={component}"))
    }
}

/// Where alerts are posted, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertmanagerAt {
    /// Every Alertmanager of the cluster: each gets every alert.
    pub urls: Vec<Name>,
    /// Labels that Prometheus adds to its alerts (`external_labels`): the same here make one alert of two.
    pub labels: BTreeMap<String, String>,
    /// The file that holds a bearer token.
    pub bearer_token_file: Option<Name>,
    /// User and the file that holds the password, for basic authentication.
    pub basic_auth: Option<(Name, Name)>,
    /// Certificate authorities to trust beside the system's.
    pub ca_file: Option<Name>,
    /// How long one post may take.
    pub timeout: Duration,
}
