//! `ConfigMap` objects around dashboards, as the sidecar beside Grafana takes them up. Not for files: those hold one dashboard as it is.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::DashboardName;

/// The label by which the sidecar of `kube-prometheus-stack` finds dashboards, and its value.
const FOUND_BY: (&str, &str) = ("grafana_dashboard", "1");

/// A list of objects, as `kubectl apply` takes it.
#[derive(Debug, Serialize)]
pub struct List {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    items: Vec<ConfigMap>,
}

#[derive(Debug, Serialize)]
struct ConfigMap {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    data: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: String,
    labels: BTreeMap<&'static str, &'static str>,
}

/// One `ConfigMap` for each dashboard.
#[must_use]
pub fn config_maps(dashboards: &[(DashboardName, Value)]) -> List {
    let object = |(name, json): &(DashboardName, Value)| ConfigMap {
        api_version: "v1",
        kind: "ConfigMap",
        metadata: Metadata {
            name: format!("gim-upgrade-exporter-dashboard-{name}"),
            labels: BTreeMap::from([FOUND_BY, ("app.kubernetes.io/name", "gim-upgrade-exporter")]),
        },
        data: BTreeMap::from([(format!("{}.json", name.uid()), json.to_string())]),
    };
    List { api_version: "v1", kind: "List", items: dashboards.iter().map(object).collect() }
}
