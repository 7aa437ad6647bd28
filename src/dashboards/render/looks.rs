//! Looks: what each kind of panel is set to, in the words of Grafana's own plugins.

use serde_json::{Value, json};

use super::columns::mappings;
use super::query_name;
use crate::dashboards::Settings;
use crate::dashboards::panel::{Kind, Panel, Unit};
use crate::dashboards::states::{LINES, State, States, VERMILION};

/// Where nothing is to be told apart.
const NEUTRAL: &str = "#999999";

/// What holds for all fields of a panel.
pub(super) fn defaults(panel: &Panel, settings: &Settings<'_>) -> Value {
    match &panel.kind {
        Kind::Table { .. } => json!({
            "unit": Unit::Count.as_str(),
            "color": {"mode": "fixed", "fixedColor": NEUTRAL},
            "mappings": [],
            "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": false, "filterable": true},
        }),
        Kind::States { states, .. } | Kind::Values(states) => json!({
            "unit": Unit::Count.as_str(),
            "color": {"mode": "fixed", "fixedColor": NEUTRAL},
            "mappings": mappings(*states),
            "custom": {"fillOpacity": 80, "lineWidth": 0},
        }),
        Kind::Lines { unit, limit } => {
            let mut steps = vec![json!({"value": null, "color": NEUTRAL})];
            if *limit {
                steps.push(json!({"value": settings.latency_ok.as_secs_f64(), "color": VERMILION}));
            }
            json!({
                "unit": unit.as_str(),
                "color": {"mode": "fixed", "fixedColor": NEUTRAL},
                "mappings": [],
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {
                    "drawStyle": "line",
                    "lineWidth": 2,
                    "fillOpacity": 0,
                    "showPoints": "never",
                    "spanNulls": false,
                    "thresholdsStyle": {"mode": if *limit { "dashed" } else { "off" }},
                },
            })
        }
        Kind::Numbers(unit) => json!({
            "unit": unit.as_str(),
            "color": {"mode": "fixed", "fixedColor": NEUTRAL},
            "mappings": [],
        }),
    }
}

/// The colours of lines: shades of one for each query, and of one for each component where names begin with it.
pub(super) fn line_overrides(panel: &Panel) -> Vec<Value> {
    let Kind::Lines { .. } = panel.kind else { return Vec::new() };
    let shades = |matcher: Value, colour: &str| {
        json!({
            "matcher": matcher,
            "properties": [{"id": "color", "value": {"mode": "shades", "fixedColor": colour}}],
        })
    };
    let of_components = panel.queries.iter().all(|query| query.legend.starts_with("{{component}}"));
    if of_components {
        let component =
            |state: State| shades(json!({"id": "byRegexp", "options": format!("/^{}\\b/", state.value)}), state.colour);
        return States::Component.all().into_iter().map(component).collect();
    }
    let query = |(nth, colour): (usize, &&str)| {
        shades(json!({"id": "byFrameRefID", "options": query_name(nth).to_string()}), colour)
    };
    LINES.iter().enumerate().take(panel.queries.len()).map(query).collect()
}

/// The options of the panel's plugin.
pub(super) fn options(panel: &Panel) -> Value {
    let legend =
        |placement: &str| json!({"displayMode": "list", "placement": placement, "showLegend": true, "calcs": []});
    let tooltip = json!({"mode": "multi", "sort": "desc"});
    match &panel.kind {
        Kind::Table { sort, .. } => {
            let sort: Vec<_> =
                sort.iter().map(|(column, descending)| json!({"displayName": column, "desc": descending})).collect();
            json!({"frameIndex": 0, "showHeader": true, "cellHeight": "sm", "sortBy": sort})
        }
        Kind::States { .. } | Kind::Values(_) => json!({
            "mergeValues": true,
            // The text stands in the lane, not the colour alone.
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.9,
            "legend": legend("bottom"),
            "tooltip": tooltip,
        }),
        Kind::Lines { .. } => json!({"legend": legend("bottom"), "tooltip": tooltip}),
        Kind::Numbers(_) => json!({
            "colorMode": "none",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
            "showPercentChange": false,
            "textMode": "value_and_name",
            "wideLayout": true,
        }),
    }
}
