//! Rules: the catalogue as Prometheus loads it, a rule file or a `PrometheusRule` object, for a configuration.
//!
//! Beside the alerts, one recording rule for each component that ought to be watched: what is expected is written down where it
//! does not vanish with the exporter. Not for what alerts say: see `catalogue`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_saphyr::LitString;

use super::annotation;
use super::catalogue::{Alert, EXPECTED, Teller, configured};
use super::query::CLUSTER;
use crate::model::alerting::AlertSettings;
use crate::model::names::Component;
use crate::model::suite::Suite;

/// The group of the expectations.
const EXPECTATIONS: &str = "gim-upgrade-expected";
/// The group of the alerts.
const ALERTS: &str = "gim-upgrade-alerts";

/// A rule file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleFile {
    /// Its groups.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A recording rule or an alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'static str>,
    expr: LitString,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_firing_for: Option<String>,
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

/// The rules for these suites. `time_scale` divides `for` and `keep_firing_for`, for a cluster that plays faster than real time.
#[must_use]
pub fn rules(suites: &[Suite], settings: &AlertSettings, time_scale: u32) -> RuleFile {
    let told = configured(settings, time_scale).into_iter().filter(|alert| alert.teller != Teller::Sidecar);
    let alerts = told.map(|alert| rule(alert, settings)).collect();
    RuleFile {
        groups: vec![
            Group { name: EXPECTATIONS, rules: expectations(suites, settings) },
            Group { name: ALERTS, rules: alerts },
        ],
    }
}

/// One expectation for each component, in each cluster where any is named.
fn expectations(suites: &[Suite], settings: &AlertSettings) -> Vec<Rule> {
    let clusters: Vec<_> = settings.clusters.iter().map(Some).collect();
    let clusters = if clusters.is_empty() { vec![None] } else { clusters };
    let mut rules = Vec::new();
    for cluster in clusters {
        for suite in suites {
            for &component in Component::ALL {
                // One that is borrowed is shown, and missed, under its owner.
                if suite.members.get(component).owner.is_some() {
                    continue;
                }
                let mut labels = BTreeMap::from([
                    ("suite".to_owned(), suite.name.to_string()),
                    ("component".to_owned(), component.to_string()),
                ]);
                labels.extend(cluster.map(|name| (settings.cluster_label.to_string(), name.to_string())));
                rules.push(Rule {
                    record: Some(EXPECTED),
                    alert: None,
                    expr: LitString("vector(1)".to_owned()),
                    hold: None,
                    keep_firing_for: None,
                    labels,
                    annotations: BTreeMap::new(),
                });
            }
        }
    }
    rules
}

fn rule(alert: Alert, settings: &AlertSettings) -> Rule {
    let cluster = &*settings.cluster_label;
    // Without named clusters nothing is expected of one of them: any that shows the component will do.
    let expects_any = settings.clusters.is_empty() && alert.condition.families().contains(&EXPECTED);
    let condition = if expects_any { alert.condition.without(CLUSTER) } else { alert.condition };
    let mut labels = BTreeMap::from([("severity".to_owned(), alert.severity.to_string())]);
    labels.extend(alert.labels.iter().map(|(name, of)| ((*name).to_owned(), format!("{{{{ $labels.{of} }}}}"))));
    let mut annotations = BTreeMap::from([
        ("summary", annotation::for_prometheus(alert.summary, cluster)),
        ("description", annotation::for_prometheus(alert.description, cluster)),
        ("runbook_url", settings.runbook(alert.name)),
    ]);
    annotations.extend(
        settings
            .dashboard(|label| {
                let label = if label == CLUSTER { cluster } else { label };
                format!("{{{{ $labels.{label} }}}}")
            })
            .map(|url| ("dashboard_url", url)),
    );
    let written = |span: Duration| (!span.is_zero()).then(|| duration(span));
    Rule {
        record: None,
        alert: Some(alert.name),
        expr: LitString(condition.promql(cluster).to_string()),
        hold: written(alert.hold),
        keep_firing_for: written(alert.keep),
        labels,
        annotations,
    }
}

/// A span as Prometheus reads it.
fn duration(span: Duration) -> String {
    let milliseconds = span.as_millis();
    match milliseconds {
        whole if whole % 60_000 == 0 => format!("{}m", whole / 60_000),
        whole if whole % 1_000 == 0 => format!("{}s", whole / 1_000),
        _ => format!("{milliseconds}ms"),
    }
}

/// The object of the Prometheus operator around a rule file.
#[derive(Debug, Serialize)]
pub struct PrometheusRule<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: &'a RuleFile,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: &'static str,
    labels: BTreeMap<&'static str, &'static str>,
}

impl RuleFile {
    /// The same as an object of the Prometheus operator.
    #[must_use]
    pub fn prometheus_rule(&self) -> PrometheusRule<'_> {
        let labels = BTreeMap::from([("app.kubernetes.io/name", "gim-upgrade-exporter")]);
        PrometheusRule {
            api_version: "monitoring.coreos.com/v1",
            kind: "PrometheusRule",
            metadata: Metadata { name: "gim-upgrade-exporter", labels },
            spec: self,
        }
    }

    /// The same without the times: what `time_scale` may not change.
    #[must_use]
    pub fn timeless(mut self) -> Self {
        for rule in self.groups.iter_mut().flat_map(|group| &mut group.rules) {
            rule.hold = None;
            rule.keep_firing_for = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alerting::Severity;

    fn of(settings: &AlertSettings, name: &str) -> Rule {
        let file = rules(&[Suite::default_suite()], settings, 1);
        file.groups.into_iter().flat_map(|group| group.rules).find(|rule| rule.alert == Some(name)).unwrap()
    }

    #[test]
    fn faster_time_divides_the_times_and_nothing_else() {
        let (suites, settings) = ([Suite::default_suite()], AlertSettings::default());
        let (real, fast) = (rules(&suites, &settings, 1), rules(&suites, &settings, 60));
        assert_ne!(real, fast);
        assert_eq!(real.clone().timeless(), fast.timeless());
        let times: Vec<_> = rules(&suites, &settings, 40)
            .groups
            .into_iter()
            .flat_map(|group| group.rules)
            .filter(|rule| rule.alert == Some("GimUpgradeRollBackAdvised"))
            .map(|rule| (rule.hold, rule.keep_firing_for))
            .collect();
        assert_eq!(times, [(Some("1500ms".to_owned()), Some("15s".to_owned()))]);
    }

    #[test]
    fn the_configuration_names_clusters_severities_and_places() {
        let absent = "GimUpgradeExporterAbsent";
        let any = of(&AlertSettings::default(), absent);
        assert_eq!(
            any.expr.0,
            "max by (suite, component) (gim_upgrade:expected)\nunless on (suite, component) gim_upgrade_stage"
        );
        let settings = AlertSettings {
            cluster_label: "k8s".into(),
            clusters: vec!["a".into(), "b".into()],
            severities: BTreeMap::from([(absent.to_owned(), Severity::Warning)]),
            runbook_url: Some("https://wiki.example/runbooks".into()),
            external_url: None,
            dashboard_url: Some("https://grafana.example/d/gim".into()),
        };
        let named = of(&settings, absent);
        assert!(named.expr.0.contains("by (k8s, suite, component)"), "{}", named.expr.0);
        assert_eq!(named.labels["severity"], "warning");
        assert_eq!(named.annotations["runbook_url"], "https://wiki.example/runbooks/GimUpgradeExporterAbsent");
        assert!(
            named.annotations["dashboard_url"]
                .starts_with("https://grafana.example/d/gim?var-cluster={{ $labels.k8s }}&")
        );
        assert_eq!(expectations(&[Suite::default_suite()], &settings).len(), 6);
        assert!(!any.annotations.contains_key("dashboard_url"));
    }
}
