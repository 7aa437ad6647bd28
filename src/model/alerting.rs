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
    /// Where runbooks are found, without the alert's name; `None`: at the exporter, which serves them itself.
    pub runbook_url: Option<Name>,
    /// The URL by which people reach the exporter, with `/` at its end; `None`: nobody said.
    pub external_url: Option<Name>,
    /// The dashboard that alerts point to; `None`: to none.
    pub dashboard_url: Option<Name>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            cluster_label: "cluster".into(),
            clusters: Vec::new(),
            severities: BTreeMap::new(),
            runbook_url: None,
            external_url: None,
            dashboard_url: None,
        }
    }
}

impl AlertSettings {
    /// Where runbooks are found if nothing else is known: at the Service that the chart makes, as its own namespace names it.
    pub const RUNBOOKS: &'static str = "http://gim-upgrade-exporter:9845/runbooks";

    /// Where the runbook of an alert is found.
    #[must_use]
    pub fn runbook(&self, alert: &str) -> String {
        match (&self.runbook_url, &self.external_url) {
            (Some(url), _) => format!("{}/{alert}", url.trim_end_matches('/')),
            (None, Some(exporter)) => format!("{exporter}runbooks/{alert}"),
            (None, None) => format!("{}/{alert}", Self::RUNBOOKS),
        }
    }

    /// The exporter's page, of one suite where it is named as it stands in a URL; `None` where nobody said how it is reached.
    #[must_use]
    pub fn page(&self, suite: &str) -> Option<String> {
        let exporter = self.external_url.as_ref()?;
        Some(if suite.is_empty() { exporter.to_string() } else { format!("{exporter}?suite={suite}") })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runbooks_are_where_the_configuration_says_else_at_the_exporter() {
        let of = |runbook_url: Option<&str>, external_url: Option<&str>| AlertSettings {
            runbook_url: runbook_url.map(Name::from),
            external_url: external_url.map(Name::from),
            ..AlertSettings::default()
        };
        let (wiki, outside) = (Some("https://wiki.example/r/"), Some("https://monitoring.example/gim/"));
        assert_eq!(of(wiki, outside).runbook("A"), "https://wiki.example/r/A");
        assert_eq!(of(None, outside).runbook("A"), "https://monitoring.example/gim/runbooks/A");
        assert_eq!(of(None, None).runbook("A"), "http://gim-upgrade-exporter:9845/runbooks/A");
        assert_eq!(of(wiki, None).page("a"), None);
        assert_eq!(of(None, outside).page("a%20b").as_deref(), Some("https://monitoring.example/gim/?suite=a%20b"));
        assert_eq!(of(None, outside).page("").as_deref(), outside);
    }
}
