//! The chart inside a release: metadata, templates, values, schema and files, of a real chart's size.
//!
//! Helm stores all of a chart with every revision. Most of its bytes here are made up (dashboards, rules, helpers), so
//! that a Secret weighs what real ones weigh; no reader of a release looks into them.

use std::fmt::Write as _;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::sim::chart::{Chart, tag_of};
use crate::sim::scenario::HelmVersion;

/// What of a chart is the same in all its versions here, in Helm's order of fields.
#[derive(Serialize)]
struct Contents<'a> {
    templates: Vec<File>,
    values: Value,
    schema: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schemamodtime: Option<&'a str>,
    files: Vec<File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modtime: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: &'a str,
    version: &'a str,
    description: String,
    keywords: [&'a str; 2],
    api_version: &'a str,
    app_version: String,
    r#type: &'a str,
}

#[derive(Serialize)]
struct File {
    name: String,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modtime: Option<&'static str>,
}

/// When the chart was packed: Helm 4 alone keeps it, for the chart and for each of its files.
const PACKED: &str = "2026-01-01T00:00:00Z";

/// The beginning of the chart's JSON, up to what [`contents`] goes on with.
pub(super) fn beginning(name: &str, version: &str) -> io::Result<String> {
    let metadata = serde_json::to_string(&Metadata {
        name,
        version,
        description: format!("A Helm chart for {name}"),
        keywords: ["genesys", "info-mart"],
        api_version: "v2",
        app_version: tag_of(version),
        r#type: "application",
    })?;
    Ok(format!(r#"{{"metadata":{metadata},"lock":null,"#))
}

/// The rest of the chart's JSON.
pub(super) fn contents(name: &str, helm: HelmVersion) -> io::Result<String> {
    let mut noise = Noise::new(name);
    let modtime = (helm == HelmVersion::Four).then_some(PACKED);
    let file = |name: &str, text: &str| File { name: name.to_owned(), data: STANDARD.encode(text), modtime };
    let mut templates: Vec<File> = Vec::new();
    templates.extend(Chart::of(name).into_iter().flat_map(Chart::files).map(|(path, text)| file(path, text)));
    templates.push(file("templates/NOTES.txt", super::NOTES));
    templates.push(file("templates/_helpers.tpl", &helpers(name, &mut noise)));
    templates.push(file("templates/prometheusrule.yaml", &rules(name, &mut noise)));
    let contents = serde_json::to_string(&Contents {
        templates,
        values: values(&mut noise),
        schema: STANDARD.encode(r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}"#),
        schemamodtime: (helm == HelmVersion::Four).then_some("0001-01-01T00:00:00Z"),
        files: vec![
            file("files/dashboards/operations.json", &dashboard(name, 44, &mut noise)),
            file("files/dashboards/kafka.json", &dashboard(name, 30, &mut noise)),
            file("README.md", &helpers(name, &mut noise)),
        ],
        modtime,
    })?;
    // Its opening brace is that of `beginning`.
    Ok(contents.get(1..).unwrap_or_default().to_owned())
}

/// Numbers that are the same at every run, and enough alike to text in how they compress.
struct Noise(u64);

impl Noise {
    fn new(name: &str) -> Self {
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv))
    }

    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }
}

fn dashboard(name: &str, panels: u64, noise: &mut Noise) -> String {
    let panel = |id: u64, noise: &mut Noise| {
        json!({
            "id": id,
            "type": if noise.next(3) == 0 { "stat" } else { "timeseries" },
            "title": format!("{name} job step {} of stage {}", noise.next(400), noise.next(30)),
            "datasource": { "type": "prometheus", "uid": "${datasource}" },
            "gridPos": { "h": 8, "w": 6 + noise.next(4) * 2, "x": noise.next(24), "y": noise.next(200) },
            "fieldConfig": { "defaults": { "unit": "short", "color": { "mode": "palette-classic" },
                "thresholds": { "mode": "absolute", "steps": [{ "color": "green", "value": null },
                    { "color": "red", "value": noise.next(10_000) }] } }, "overrides": [] },
            "options": { "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "multi", "sort": "desc" } },
            "targets": [{ "expr": format!("sum by (topic) (rate({name}_records_total{{stage=\"{}\"}}[5m]))", noise.next(900)),
                "legendFormat": "{{topic}}", "refId": "A" },
                { "expr": format!("max({name}_step_duration_seconds{{step=\"{:x}\"}})", noise.next(u64::MAX)), "refId": "B" }],
        })
    };
    let panels: Vec<Value> = (1..=panels).map(|id| panel(id, noise)).collect();
    let page =
        json!({ "title": format!("{name} operations"), "schemaVersion": 39, "refresh": "30s", "panels": panels });
    serde_json::to_string_pretty(&page).unwrap_or_default()
}

fn rules(name: &str, noise: &mut Noise) -> String {
    let mut text = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {name}\nspec:\n  groups:\n"
    );
    for group in 0..48 {
        // Writing into a String does not fail.
        let _ = write!(
            text,
            "    - name: {name}-{group}\n      rules:\n        - alert: StepSlow{}\n          expr: max({name}_step_seconds{{step=\"{:x}\"}}) > {}\n          for: {}m\n          labels:\n            severity: warning\n",
            noise.next(1000),
            noise.next(u64::MAX),
            noise.next(10_000),
            noise.next(60)
        );
    }
    text
}

fn helpers(name: &str, noise: &mut Noise) -> String {
    let mut text = String::new();
    for part in 0..80 {
        let _ = write!(
            text,
            "{{{{- define \"{name}.part{part}\" -}}}}\n{{{{- default (printf \"%s-%s\" .Release.Name \"{:x}\") .Values.parts.p{} | trunc 63 | trimSuffix \"-\" -}}}}\n{{{{- end -}}}}\n\n",
            noise.next(u64::MAX),
            noise.next(500)
        );
    }
    text
}

fn values(noise: &mut Noise) -> Value {
    let parts: serde_json::Map<String, Value> = (0..160)
        .map(|n| (format!("p{n}"), json!({ "enabled": noise.next(2) == 0, "limit": noise.next(5000) })))
        .collect();
    json!({
        "image": { "registry": "registry.example.com", "tag": "" }, "replicaCount": 1, "updateStrategy": "RollingUpdate",
        "logLevel": "INFO", "retentionDays": "400", "parts": parts,
    })
}
