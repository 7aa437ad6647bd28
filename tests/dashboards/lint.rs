//! Lint: what every dashboard must have, whatever it shows, read from the JSON that Grafana gets; the lint itself is tried on
//! dashboards with planted faults.

use std::collections::BTreeSet;

use gim_upgrade_exporter::alerts::runbooks::runbook;
use gim_upgrade_exporter::dashboards::DashboardName;
use gim_upgrade_exporter::model::alerting::AlertSettings;
use gim_upgrade_exporter::publish::families;
use serde_json::{Value, json};

use super::made::made;
use super::promql::names;

/// Metrics that Prometheus itself makes, and the labels of them that may be named.
pub const PROMETHEUS: [(&str, &[&str]); 2] =
    [("ALERTS", &["alertname", "alertstate", "severity", "suite", "component"]), ("scrape_samples_scraped", &[])];

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// The queries of a dashboard, each with what asks it.
pub fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let of = |what: &Value, query: &Value| (text(what, "title").to_owned(), text(query, "expr").to_owned());
    let panels =
        list(dashboard, "panels").iter().flat_map(|panel| list(panel, "targets").iter().map(move |it| of(panel, it)));
    let annotations = list(&dashboard["annotations"], "list").iter();
    let annotations = annotations.map(|it| (text(it, "name").to_owned(), text(&it["target"], "expr").to_owned()));
    panels.chain(annotations).collect()
}

/// Everything that is wrong with these dashboards.
fn complaints(dashboards: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let uids: Vec<_> = dashboards.iter().map(|dashboard| text(dashboard, "uid")).collect();
    let different: BTreeSet<_> = uids.iter().filter(|uid| !uid.is_empty()).collect();
    if different.len() != dashboards.len() {
        wrong.push("uids are missing or not unique".to_owned());
    }
    let tagged = |tag: &Value| dashboards.iter().filter(|dashboard| list(dashboard, "tags").contains(tag)).count();
    for dashboard in dashboards {
        let title = text(dashboard, "title");
        let found_by = list(dashboard, "links").iter().filter(|link| link["type"] == "dashboards");
        if !found_by.flat_map(|link| list(link, "tags")).any(|tag| tagged(tag) == dashboards.len()) {
            wrong.push(format!("{title}: does not lead to all dashboards"));
        }
        let mut found = chosen(dashboard);
        found.extend(queried(dashboard));
        found.extend(list(dashboard, "panels").iter().filter(|panel| panel["type"] != "row").flat_map(described));
        found.extend(placed(list(dashboard, "panels")));
        found.extend(links(dashboard).into_iter().filter_map(|link| dead(&link, &uids)));
        wrong.extend(found.into_iter().map(|what| format!("{title}: {what}")));
    }
    wrong
}

/// Whoever asks asks the Prometheus that was chosen.
fn chosen(dashboard: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let variables = list(&dashboard["templating"], "list");
    let mut all: Vec<&Value> = variables.iter().filter(|it| it["type"] != "datasource").collect();
    all.extend(list(&dashboard["annotations"], "list"));
    for panel in list(dashboard, "panels").iter().filter(|panel| panel["type"] != "row") {
        all.push(panel);
        all.extend(list(panel, "targets"));
    }
    for it in all {
        if it["datasource"] != json!({"type": "prometheus", "uid": "${datasource}"}) {
            wrong.push(format!(
                "{}{}{} does not ask the Prometheus that was chosen",
                text(it, "title"),
                text(it, "name"),
                text(it, "refId")
            ));
        }
    }
    let known: BTreeSet<_> = variables.iter().map(|it| text(it, "name")).collect();
    for name in dashboard.to_string().split("${").skip(1).map(|rest| rest.split(['}', ':']).next().unwrap_or_default())
    {
        if !known.contains(name) && !name.starts_with("__") {
            wrong.push(format!("there is no variable {name}"));
        }
    }
    wrong
}

/// Each query selects the cluster, and the suite where the metric has one.
fn queried(dashboard: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (title, query) in queries(dashboard) {
        for selector in names(&query).selectors {
            let family = families::all().find(|family| family.description.name == selector.metric);
            let of_suites = family.is_some_and(gim_upgrade_exporter::publish::families::Family::is_of_suites);
            let wanted: &[&str] =
                if of_suites || selector.metric == "ALERTS" { &["cluster", "suite"] } else { &["cluster"] };
            for label in wanted.iter().filter(|label| !selector.labels.iter().any(|it| it == *label)) {
                wrong.push(format!("{title}: {} is not selected by {label}", selector.metric));
            }
        }
    }
    wrong
}

fn described(panel: &Value) -> Vec<String> {
    let title = text(panel, "title");
    let mut wrong = Vec::new();
    if text(panel, "description").len() < 20 {
        wrong.push(format!("{title}: has no description"));
    }
    if text(&panel["fieldConfig"]["defaults"], "unit").is_empty() {
        wrong.push(format!("{title}: has no unit"));
    }
    if list(panel, "targets").is_empty() {
        wrong.push(format!("{title}: asks nothing"));
    }
    if list(panel, "links").is_empty() {
        wrong.push(format!("{title}: leads to no runbook"));
    }
    wrong
}

fn placed(panels: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let edges =
        |panel: &Value| ["x", "y", "w", "h"].map(|edge| panel["gridPos"][edge].as_u64().unwrap_or(u64::MAX / 4));
    for (nth, panel) in panels.iter().enumerate() {
        let [x, y, w, h] = edges(panel);
        if x + w > 24 || w == 0 || h == 0 {
            wrong.push(format!("{}: is outside of the grid", text(panel, "title")));
        }
        for other in &panels[..nth] {
            let [left, top, width, height] = edges(other);
            if x < left + width && left < x + w && y < top + height && top < y + h {
                wrong.push(format!("{}: lies over {}", text(panel, "title"), text(other, "title")));
            }
            if panel["id"] == other["id"] {
                wrong.push(format!("{}: has the id of {}", text(panel, "title"), text(other, "title")));
            }
            if panel["title"] == other["title"] && panel["type"] != "row" && other["type"] != "row" {
                wrong.push(format!("{}: there are two", text(panel, "title")));
            }
        }
    }
    wrong
}

/// All addresses to which it leads.
fn links(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(url) if name == "url" && !url.is_empty() => vec![url.clone()],
                value => links(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(links).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with an address.
fn dead(url: &str, uids: &[&str]) -> Option<String> {
    let base = AlertSettings::RUNBOOKS;
    let lives = match (url.strip_prefix("/d/"), url.strip_prefix(base)) {
        (Some(rest), _) => uids.contains(&rest.split(['?', '/']).next().unwrap_or_default()),
        // That of the alert which a row names.
        (_, Some("/${__value.raw}")) => true,
        (_, Some(rest)) => runbook(rest.trim_start_matches('/')).is_some(),
        _ => false,
    };
    (!lives).then(|| format!("{url} leads nowhere"))
}

#[test]
fn nothing_is_wrong_with_what_the_program_makes() {
    let dashboards: Vec<_> = made().into_iter().map(|(_, json)| json).collect();
    let wrong = complaints(&dashboards);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn planted_faults_are_found() {
    type Fault = (&'static str, fn(&mut Value));
    let faults: [Fault; 15] = [
        ("does not ask the Prometheus that was chosen", |it| {
            it["panels"][1]["targets"][0]["datasource"]["uid"] = json!("mine");
        }),
        ("does not ask the Prometheus that was chosen", |it| it["annotations"]["list"][0]["datasource"] = Value::Null),
        ("there is no variable sweet", |it| it["panels"][1]["title"] = json!("${sweet}")),
        ("is not selected by suite", |it| {
            it["panels"][1]["targets"][0]["expr"] = json!("gim_upgrade_stage{cluster=~\"$cluster\"}");
        }),
        ("is not selected by cluster", |it| it["panels"][1]["targets"][0]["expr"] = json!("gim_upgrade_source_up")),
        ("does not lead to all dashboards", |it| it["tags"] = json!(["upgrade"])),
        ("has no unit", |it| it["panels"][1]["fieldConfig"]["defaults"]["unit"] = Value::Null),
        ("has no description", |it| it["panels"][1]["description"] = json!("")),
        ("leads to no runbook", |it| it["panels"][1]["links"] = json!([])),
        ("lies over", |it| it["panels"][2]["gridPos"] = it["panels"][1]["gridPos"].clone()),
        ("is outside of the grid", |it| it["panels"][1]["gridPos"]["w"] = json!(25)),
        ("has the id of", |it| it["panels"][2]["id"] = it["panels"][1]["id"].clone()),
        ("there are two", |it| it["panels"][2]["title"] = it["panels"][1]["title"].clone()),
        ("leads nowhere", |it| {
            it["panels"][1]["links"][0]["url"] = json!("http://gim-upgrade-exporter:9845/runbooks/GimUpgradeNone");
        }),
        ("leads nowhere", |it| it["panels"][1]["links"][0]["url"] = json!("/d/gim-upgrade-suites?x=y")),
    ];
    let good: Vec<_> = made().into_iter().map(|(_, json)| json).collect();
    for (what, plant) in faults {
        let mut dashboards = good.clone();
        plant(&mut dashboards[0]);
        let wrong = complaints(&dashboards);
        assert!(wrong.iter().any(|it| it.contains(what)), "{what}: {wrong:?}");
    }
    let mut twins = good;
    twins[1]["uid"] = twins[0]["uid"].clone();
    assert!(complaints(&twins).iter().any(|it| it.contains("not unique")));
    assert_eq!(DashboardName::ALL.len(), twins.len());
}
