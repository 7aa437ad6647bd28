//! Rendering: a dashboard as the JSON that Grafana imports, the same for the same configuration. Not for what is shown: those are
//! the tables.

mod columns;
mod looks;

use serde_json::{Value, json};

use self::columns::{overrides, transformations};
use self::looks::{defaults, line_overrides, options};
use super::panel::{Annotation, Kind, Panel};
use super::query::filled;
use super::variables::{datasource, variable};
use super::{Dashboard, DashboardName, Settings};

/// The version of the schema that a current Grafana writes; older ones read it as well.
const SCHEMA_VERSION: u32 = 42;
/// The columns of Grafana's grid.
const COLUMNS: u32 = 24;
/// What all dashboards have in common, by which they find each other.
const TAG: &str = "gim-upgrade";

/// The plugin that draws a panel.
#[must_use]
pub const fn plugin(kind: &Kind) -> &'static str {
    match kind {
        Kind::Table { .. } => "table",
        Kind::States { .. } | Kind::Values(_) => "state-timeline",
        Kind::Lines { .. } => "timeseries",
        Kind::Numbers(_) => "stat",
    }
}

/// Whether the answers come as a table, and whether they are of one instant.
const fn form(kind: &Kind) -> (bool, bool) {
    match kind {
        Kind::Table { .. } => (true, true),
        Kind::States { .. } => (true, false),
        Kind::Values(_) | Kind::Lines { .. } => (false, false),
        Kind::Numbers(_) => (false, true),
    }
}

/// The dashboard as JSON.
#[must_use]
pub fn render(dashboard: &Dashboard, settings: &Settings<'_>) -> Value {
    let cluster_label = &settings.alerts.cluster_label;
    let variables: Vec<_> = dashboard.variables.iter().map(|it| variable(*it, cluster_label)).collect();
    let annotations: Vec<_> = dashboard.annotations.iter().map(|it| annotation(it, cluster_label)).collect();
    json!({
        "uid": dashboard.name.uid(),
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": true,
        // A crosshair at the same moment in all charts.
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [others()],
        "templating": {"list": variables},
        "annotations": {"list": annotations},
        "panels": panels(dashboard, settings),
    })
}

/// The other dashboards.
fn others() -> Value {
    json!({
        "type": "dashboards",
        "title": "GIM upgrade dashboards",
        "tags": [TAG],
        "asDropdown": false,
        "icon": "external link",
        "includeVars": true,
        "keepTime": true,
        "targetBlank": false,
        "tooltip": "",
        "url": "",
    })
}

fn annotation(annotation: &Annotation, cluster_label: &str) -> Value {
    json!({
        "name": annotation.name,
        "datasource": datasource(),
        "enable": true,
        "hide": false,
        "iconColor": annotation.colour,
        "target": {"refId": "A", "expr": filled(annotation.expression, cluster_label)},
        "titleFormat": annotation.title,
        "textFormat": "",
        "tagKeys": "",
        "useValueForTime": true,
    })
}

fn panels(dashboard: &Dashboard, settings: &Settings<'_>) -> Vec<Value> {
    let (mut panels, mut top) = (Vec::new(), 0);
    for row in &dashboard.rows {
        panels.push(json!({
            "id": panels.len() + 1,
            "type": "row",
            "title": row.title,
            "collapsed": false,
            "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
            "panels": [],
        }));
        let mut heights = vec![top + 1; COLUMNS as usize];
        for panel in &row.panels {
            let (x, y) = place(&mut heights, panel.width, panel.height);
            panels.push(self::panel(panel, panels.len() + 1, [x, y], settings));
        }
        top = heights.into_iter().max().unwrap_or(top);
    }
    panels
}

/// The highest place, and of several the leftmost, at which the panel fits above nothing else; it is taken.
fn place(heights: &mut [u32], width: u32, height: u32) -> (u32, u32) {
    let width = width as usize;
    let tops = heights.windows(width).map(|window| window.iter().copied().max().unwrap_or_default());
    let (y, x) = tops.zip(0_usize..).min().unwrap_or_default();
    for taken in heights.iter_mut().skip(x).take(width) {
        *taken = y + height;
    }
    (u32::try_from(x).unwrap_or_default(), y)
}

fn panel(panel: &Panel, id: usize, [x, y]: [u32; 2], settings: &Settings<'_>) -> Value {
    let links: Vec<_> = panel.runbooks.iter().map(|alert| runbook(alert, settings)).collect();
    let mut fields = overrides(panel, settings);
    fields.extend(line_overrides(panel));
    json!({
        "id": id,
        "type": plugin(&panel.kind),
        "title": panel.title,
        "description": panel.description,
        "datasource": datasource(),
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "links": links,
        "targets": targets(panel, settings),
        "transformations": transformations(panel, settings),
        "fieldConfig": {"defaults": defaults(panel, settings), "overrides": fields},
        "options": options(panel),
    })
}

fn runbook(alert: &str, settings: &Settings<'_>) -> Value {
    json!({
        "type": "link",
        "title": format!("Runbook: {}", alert.trim_start_matches("GimUpgrade")),
        "tags": [],
        "asDropdown": false,
        "icon": "doc",
        "includeVars": false,
        "keepTime": false,
        "targetBlank": true,
        "tooltip": "",
        "url": settings.alerts.runbook(alert),
    })
}

/// The name of the nth query of a panel.
fn query_name(nth: usize) -> char {
    u8::try_from(nth).map_or('A', |nth| char::from(b'A'.saturating_add(nth)))
}

fn targets(panel: &Panel, settings: &Settings<'_>) -> Vec<Value> {
    let cluster_label = &settings.alerts.cluster_label;
    let (table, instant) = form(&panel.kind);
    let target = |(nth, query): (usize, &super::panel::Query)| {
        json!({
            "refId": query_name(nth).to_string(),
            "datasource": datasource(),
            "editorMode": "code",
            "expr": filled(query.expression, cluster_label),
            "legendFormat": if table { "__auto".to_owned() } else { filled(query.legend, cluster_label) },
            "format": if table { "table" } else { "time_series" },
            "instant": instant,
            "range": !instant,
        })
    };
    panel.queries.iter().enumerate().map(target).collect()
}

/// Where the dashboard of a suite is, seen from another dashboard; `value` writes a label's value.
fn suite_dashboard(settings: &Settings<'_>, value: impl Fn(&str) -> String) -> String {
    let base = settings
        .alerts
        .dashboard_url
        .as_deref()
        .map_or_else(|| format!("/d/{}", DashboardName::Upgrade.uid()), str::to_owned);
    let separator = if base.contains('?') { '&' } else { '?' };
    let [cluster, suite] = ["Cluster", "Suite"].map(value);
    format!("{base}{separator}var-datasource=${{datasource}}&var-cluster={cluster}&var-suite={suite}")
}
