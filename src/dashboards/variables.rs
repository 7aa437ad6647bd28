//! Variables: what can be chosen above a dashboard, as Grafana reads it.

use serde_json::{Value, json};

use super::Variable;
use super::query::filled;

/// The Prometheus that was chosen.
pub(super) fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// A variable of a dashboard.
pub(super) fn variable(variable: Variable, cluster_label: &str) -> Value {
    let of = |expression: &str| format!("label_values({})", filled(expression, cluster_label));
    match variable {
        Variable::Datasource => json!({
            "type": "datasource",
            "name": "datasource",
            "label": "Prometheus",
            "query": "prometheus",
            "regex": "",
            "refresh": 1,
            "multi": false,
            "includeAll": false,
        }),
        // Where no label tells a cluster there is nothing to choose, and the empty value selects all that has no such label.
        Variable::Cluster => one("cluster", "Cluster", &of("gim_upgrade_stage, @name")),
        Variable::Clusters => any("cluster", "Cluster", &of("gim_upgrade_exporter_build_info, @name")),
        Variable::Suite => one("suite", "Suite", &of("gim_upgrade_stage{@cluster}, suite")),
        Variable::Suites => any("suite", "Suite", &of("gim_upgrade_stage{@cluster}, suite")),
        Variable::Components => any("component", "Component", &of("gim_upgrade_stage{@suite}, component")),
    }
}

fn one(name: &str, label: &str, query: &str) -> Value {
    json!({
        "type": "query",
        "name": name,
        "label": label,
        "datasource": datasource(),
        "query": {"query": query, "refId": "variable"},
        "refresh": 2,
        "sort": 1,
        "multi": false,
        "includeAll": false,
    })
}

fn any(name: &str, label: &str, query: &str) -> Value {
    let mut variable = one(name, label, query);
    let further = [
        ("multi", json!(true)),
        ("includeAll", json!(true)),
        // Also what has no such label.
        ("allValue", json!(".*")),
        ("current", json!({"text": ["All"], "value": ["$__all"]})),
    ];
    if let Value::Object(fields) = &mut variable {
        fields.extend(further.map(|(name, value)| (name.to_owned(), value)));
    }
    variable
}
