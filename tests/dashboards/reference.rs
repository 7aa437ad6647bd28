//! Every metric and label that a dashboard names is one that the exporter has: whoever renames one in the table of families hears of
//! it here, before any Prometheus is asked.

use std::collections::BTreeSet;

use gim_upgrade_exporter::dashboards::DashboardName;
use gim_upgrade_exporter::dashboards::panel::{Field, Kind};
use gim_upgrade_exporter::dashboards::query::filled;
use gim_upgrade_exporter::exposition::Kind as MetricKind;
use gim_upgrade_exporter::publish::families;

use super::lint::{PROMETHEUS, queries};
use super::made::made;
use super::promql::names;

/// Labels of the scrape that there always are, and that of the cluster.
const OF_SCRAPES: [&str; 3] = ["instance", "job", "cluster"];

/// The labels of a metric, where there is such a metric.
fn labels_of(metric: &str) -> Option<Vec<&'static str>> {
    if let Some((_, labels)) = PROMETHEUS.iter().find(|(name, _)| *name == metric) {
        return Some(labels.to_vec());
    }
    families::all().find_map(|family| {
        let name = family.description.name;
        let histogram = family.description.kind == MetricKind::Histogram;
        let same = if histogram { metric.strip_suffix("_bucket") == Some(name) } else { metric == name };
        same.then(|| family.all_labels().chain(histogram.then_some("le")).collect())
    })
}

/// What a query names that there is not.
fn unknown(query: &str) -> Vec<String> {
    let names = names(query);
    let (mut wrong, mut all) = (Vec::new(), BTreeSet::from(OF_SCRAPES));
    for selector in &names.selectors {
        let Some(labels) = labels_of(&selector.metric) else {
            wrong.push(format!("there is no metric {}", selector.metric));
            continue;
        };
        for label in &selector.labels {
            if !labels.contains(&label.as_str()) && !OF_SCRAPES.contains(&label.as_str()) {
                wrong.push(format!("{} has no label {label}", selector.metric));
            }
        }
        all.extend(labels);
    }
    wrong.extend(
        names.grouped.iter().filter(|label| !all.contains(label.as_str())).map(|it| format!("there is no label {it}")),
    );
    wrong
}

#[test]
fn queries_name_what_there_is() {
    let mut asked = BTreeSet::new();
    for (name, dashboard) in made() {
        let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
        let variables =
            variables.filter_map(|it| Some(("a variable".to_owned(), it["query"]["query"].as_str()?.to_owned())));
        for (title, query) in queries(&dashboard).into_iter().chain(variables) {
            assert_eq!(unknown(&query), [""; 0], "{name}, {title}: {query}");
            asked.extend(names(&query).metrics().into_iter().map(str::to_owned));
        }
    }
    // Nobody looks at these; what is new is either shown or added here.
    let unseen: Vec<_> = families::all()
        .map(|family| family.description.name)
        .filter(|name| !asked.iter().any(|it| it.trim_end_matches("_bucket") == *name))
        .collect();
    assert_eq!(
        unseen,
        [
            "gim_upgrade_release_helm_timeout_seconds",
            "gim_upgrade_release_updated_timestamp_seconds",
            "gim_upgrade_release_pending_since_timestamp_seconds",
            "gim_upgrade_releases_behind",
            "gim_upgrade_pods",
            "gim_upgrade_pod_pending_since_timestamp_seconds",
            "process_virtual_memory_bytes",
        ]
    );
}

#[test]
fn columns_and_legends_show_labels_that_the_answers_have() {
    for name in DashboardName::ALL {
        for panel in name.dashboard().rows.iter().flat_map(|row| &row.panels) {
            let grouped: Vec<_> =
                panel.queries.iter().map(|query| names(&filled(query.expression, "cluster"))).collect();
            let has = |label: &str| grouped.iter().any(|it| it.grouped.contains(label) || it.made.contains(label));
            for query in &panel.queries {
                let legend = filled(query.legend, "cluster");
                for label in legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
                    assert!(has(label), "{name}, {}: {label}", panel.title);
                }
            }
            match &panel.kind {
                Kind::Table { columns, .. } => {
                    for column in columns {
                        match column.field {
                            Field::Label(label) => assert!(has(label), "{name}, {}: {label}", panel.title),
                            Field::Cluster => assert!(has("cluster"), "{name}, {}", panel.title),
                            Field::Value(nth) => assert!(nth < panel.queries.len(), "{name}, {}: {nth}", panel.title),
                        }
                    }
                }
                Kind::States { lane, state, .. } => assert!(has(lane) && has(state), "{name}, {}", panel.title),
                Kind::Values(_) | Kind::Lines { .. } | Kind::Numbers(_) => {}
            }
        }
    }
}

#[test]
fn what_is_renamed_is_found() {
    for (query, what) in [
        ("max by (component) (gim_upgrade_stages{suite=~\"$suite\"})", "there is no metric gim_upgrade_stages"),
        ("max by (component) (gim_upgrade_stage{suit=~\"$suite\"})", "gim_upgrade_stage has no label suit"),
        ("max by (components) (gim_upgrade_stage)", "there is no label components"),
        (
            "sum by (le) (gim_upgrade_exporter_scrape_duration_seconds)",
            "there is no metric gim_upgrade_exporter_scrape_duration_seconds",
        ),
    ] {
        assert!(unknown(query).contains(&what.to_owned()), "{query}: {:?}", unknown(query));
    }
}
