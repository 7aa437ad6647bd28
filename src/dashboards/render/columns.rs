//! Columns and lanes: how answers become fields of their own names, and what each field shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{query_name, suite_dashboard};
use crate::dashboards::Settings;
use crate::dashboards::panel::{Column, Field, Kind, Panel, Shows};
use crate::dashboards::states::{NOT_A_NUMBER, State, States};

/// The steps from the answers to what is shown.
pub(super) fn transformations(panel: &Panel, settings: &Settings<'_>) -> Vec<Value> {
    match &panel.kind {
        Kind::Table { columns, .. } => table(panel, columns, settings),
        Kind::States { lane, state, .. } => lanes(lane, state),
        Kind::Values(_) | Kind::Lines { .. } | Kind::Numbers(_) => Vec::new(),
    }
}

/// What Grafana calls the values that the nth query of a table answered.
fn value_name(panel: &Panel, nth: usize) -> String {
    if panel.queries.len() > 1 { format!("Value #{}", query_name(nth)) } else { "Value".to_owned() }
}

fn field_name(panel: &Panel, column: &Column, settings: &Settings<'_>) -> String {
    match column.field {
        Field::Label(name) => name.to_owned(),
        Field::Cluster => settings.alerts.cluster_label.to_string(),
        Field::Value(nth) => value_name(panel, nth),
    }
}

fn table(panel: &Panel, columns: &[Column], settings: &Settings<'_>) -> Vec<Value> {
    let shown: Vec<_> = columns.iter().map(|column| (field_name(panel, column, settings), column.title)).collect();
    let values = (0..panel.queries.len()).map(|nth| value_name(panel, nth));
    let left_out: BTreeMap<_, _> = std::iter::once("Time".to_owned())
        .chain(values.filter(|name| !shown.iter().any(|(field, _)| field == name)))
        .map(|name| (name, true))
        .collect();
    let order: BTreeMap<_, _> = shown.iter().map(|(field, _)| field).zip(0..).collect();
    let titles: BTreeMap<_, _> = shown.iter().map(|(field, title)| (field, title)).collect();
    let organize = json!({
        "id": "organize",
        "options": {"excludeByName": left_out, "indexByName": order, "renameByName": titles},
    });
    let merge = (panel.queries.len() > 1).then(|| json!({"id": "merge", "options": {}}));
    merge.into_iter().chain([organize]).collect()
}

/// A field for each lane, whose values are the states; those of components in the order in which they are upgraded.
fn lanes(lane: &str, state: &str) -> Vec<Value> {
    let times = format!("Time\\{lane}");
    let mut order = BTreeMap::from([(times.as_str(), 0)]);
    let mut titles = BTreeMap::from([(times.as_str(), "Time")]);
    for (component, place) in States::Component.all().iter().zip(1..) {
        order.insert(component.value, place);
        titles.insert(component.value, component.text);
    }
    vec![
        json!({
            "id": "groupingToMatrix",
            "options": {"rowField": "Time", "columnField": lane, "valueField": state, "emptyValue": "null"},
        }),
        json!({"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": titles}}),
    ]
}

/// What each column of a table shows.
pub(super) fn overrides(panel: &Panel, settings: &Settings<'_>) -> Vec<Value> {
    let Kind::Table { columns, .. } = &panel.kind else { return Vec::new() };
    columns
        .iter()
        .filter_map(|column| {
            let properties = properties(column.shows, settings)?;
            Some(json!({"matcher": {"id": "byName", "options": column.title}, "properties": properties}))
        })
        .collect()
}

fn properties(shows: Shows, settings: &Settings<'_>) -> Option<Vec<Value>> {
    let property = |id: &str, value: Value| json!({"id": id, "value": value});
    let link = |title: &str, url: String| {
        property("links", json!([{"title": title, "url": url, "targetBlank": title == "Runbook"}]))
    };
    Some(match shows {
        Shows::Text => return None,
        Shows::Number(unit) => vec![property("unit", json!(unit.as_str()))],
        Shows::State(States::Component) => vec![property("mappings", mappings(States::Component))],
        Shows::State(states) => vec![
            property("mappings", mappings(states)),
            property("custom.cellOptions", json!({"type": "color-background", "mode": "basic"})),
        ],
        Shows::Runbook => vec![link("Runbook", settings.alerts.runbook("${__value.raw}"))],
        Shows::Suite => vec![link(
            "Dashboard of the suite",
            suite_dashboard(settings, |field| format!("${{__data.fields.{field}:percentencode}}")),
        )],
    })
}

/// The text and colour of each state.
pub(super) fn mappings(states: States) -> Value {
    let result = |state: &State, index: usize| json!({"text": state.text, "color": state.colour, "index": index});
    let (mut values, mut special) = (BTreeMap::new(), Vec::new());
    for (index, state) in states.all().iter().enumerate() {
        if state.value == NOT_A_NUMBER {
            special.push(json!({"type": "special", "options": {"match": "nan", "result": result(state, index)}}));
        } else {
            values.insert(state.value, result(state, index));
        }
    }
    let values = json!({"type": "value", "options": values});
    Value::Array(std::iter::once(values).chain(special).collect())
}
