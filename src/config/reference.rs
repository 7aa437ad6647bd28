//! The reference of the configuration, made from the fields' own declarations.
//!
//! README holds it, and a test compares the two. Not for flags and environment: `cli` makes theirs from its own.

use std::fmt::Write as _;

use super::alerting::{AlertmanagerFields, AlertsFields};
use super::fields::{
    DiscoveryFields, File, HelmFields, KubernetesFields, MemberFields, MetricsAt, PolicyFields, ReleasesFields,
    SignalsFields, SuiteFields, TimesFields, WorkloadsFields,
};
use super::surroundings::{
    AggregationFields, AskedAt, BackupFields, DatabaseFields, DependenciesFields, PrometheusFields, SchemaFields,
    StorageAt,
};
use super::values::Takes;
use super::web::{HttpFields, RateFields, TlsFields, WebFields, WebFile};

/// One field, for people.
#[derive(Debug)]
pub(super) struct Row {
    /// Its name.
    pub(super) field: &'static str,
    /// What it takes, for errors.
    pub(super) takes: &'static str,
    /// What it takes, for the reference.
    pub(super) short: &'static str,
    /// Its default, in Markdown; empty for a section.
    pub(super) default: String,
    /// What it means.
    pub(super) meaning: &'static str,
}

/// One section of a file.
pub(super) struct Section {
    /// The fields at which it is found; empty for the file itself.
    at: &'static [&'static str],
    takes: &'static str,
    rows: fn() -> Vec<Row>,
}

macro_rules! sections {
    ($($kind:ty: $($at:literal),+;)+) => {
        [$(Section { at: &[$($at),+], takes: <$kind as Takes>::TAKES, rows: <$kind>::rows }),+]
    };
}

/// The configuration file.
pub(super) static SECTIONS: [Section; 23] = sections! {
    File: "";
    SuiteFields: "suites[]";
    MemberFields: "suites[].gim", "suites[].gsp", "suites[].gca";
    WorkloadsFields: "suites[].gim.workloads", "suites[].gsp.workloads", "suites[].gca.workloads";
    MetricsAt: "suites[].gim.metrics", "suites[].gsp.metrics", "suites[].gca.metrics";
    DependenciesFields: "suites[].dependencies";
    AskedAt: "suites[].dependencies.kafka", "suites[].dependencies.database";
    StorageAt: "suites[].dependencies.object_storage";
    DatabaseFields: "suites[].database";
    SchemaFields: "suites[].schema";
    BackupFields: "suites[].backup";
    AggregationFields: "suites[].aggregation";
    PolicyFields: "policy";
    ReleasesFields: "policy.releases";
    TimesFields: "policy.gim", "policy.gsp", "policy.gca";
    HelmFields: "helm";
    KubernetesFields: "kubernetes";
    SignalsFields: "signals";
    PrometheusFields: "prometheus";
    DiscoveryFields: "discovery";
    AlertsFields: "alerts";
    AlertmanagerFields: "alertmanager";
    WebFields: "web";
};

/// The web configuration file.
pub(super) static WEB_SECTIONS: [Section; 4] = sections! {
    WebFile: "";
    TlsFields: "tls_server_config";
    HttpFields: "http_server_config";
    RateFields: "rate_limit";
};

/// The reference in Markdown: a table for each section.
#[must_use]
pub fn reference() -> String {
    format!("A duration is a number and a unit: `500ms`, `90s`, `15m`, `2h`, `1h30m`, `7d`.\n\n{}", tables(&SECTIONS))
}

/// A table for each section.
pub(super) fn tables(sections: &[Section]) -> String {
    let mut text = String::new();
    for Section { at, rows, .. } in sections {
        let names: Vec<_> = at.iter().filter(|name| !name.is_empty()).map(|name| format!("`{name}`")).collect();
        let title = if names.is_empty() { "The file".to_owned() } else { names.join(", ") };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{title}:\n\n| Field | Takes | Default | Meaning |\n|---|---|---|---|");
        for Row { field, short, default, meaning, .. } in rows() {
            let _ = writeln!(text, "| `{field}` | {short} | {default} | {meaning} |");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// What the field with this full name takes, such as `suites[0].gim.metrics.port`; empty for the file itself.
pub(super) fn takes(sections: &[Section], field: &str) -> Option<&'static str> {
    let field = without_indexes(field);
    let (path, name) = field.rsplit_once('.').unwrap_or(("", &field));
    let section = |path: &str| sections.iter().find(|section| section.at.contains(&path));
    let row = || (section(path)?.rows)().into_iter().find(|row| row.field == name).map(|row| row.takes);
    row().or_else(|| section(&field).map(|section| section.takes))
}

/// `suites[12].gim` as `suites[].gim`.
fn without_indexes(field: &str) -> String {
    let mut inside = false;
    let mut text = String::with_capacity(field.len());
    for c in field.chars() {
        inside &= c != ']';
        if !inside {
            text.push(c);
        }
        inside |= c == '[';
    }
    text
}
