//! The chart's files, and the Dockerfile, are what the program and the project say: rules, dashboards, versions, the reference of values.
//!
//! Where this fails because something else changed, run it with `UPDATE_CHART=1` and commit what it wrote. What Helm makes of the
//! chart is for tests/chart, which needs Helm.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn updates() -> bool {
    std::env::var_os("UPDATE_CHART").is_some()
}

/// The files of a folder with this ending, by name; none where there is no folder.
fn files(folder: &str, ending: &str) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(project(folder)) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.to_str().unwrap().ends_with(ending));
    paths.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

/// Holds the copies in the chart to what is shipped beside it: Helm packs nothing from outside a chart's folder.
fn holds_copies(copies: &str, originals: &str, ending: &str) {
    let (kept, shipped) = (files(copies, ending), files(originals, ending));
    if updates() {
        fs::create_dir_all(project(copies)).unwrap();
        for name in kept.keys() {
            fs::remove_file(project(copies).join(name)).unwrap();
        }
        for (name, bytes) in shipped {
            fs::write(project(copies).join(name), bytes).unwrap();
        }
        return;
    }
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&kept),
        names(&shipped),
        "{copies} and {originals}; run UPDATE_CHART=1 cargo test --test shipped_chart"
    );
    for (name, bytes) in shipped {
        assert!(
            kept[&name] == bytes,
            "{copies}/{name} is not {originals}/{name}; run UPDATE_CHART=1 cargo test --test shipped_chart"
        );
    }
}

#[test]
fn the_chart_has_the_shipped_rules() {
    assert!(!files("alerts", ".rules.yaml").is_empty());
    holds_copies("deploy/chart/files", "alerts", ".rules.yaml");
}

#[test]
fn the_chart_has_the_shipped_dashboards() {
    holds_copies("deploy/chart/files/dashboards", "dashboards", ".json");
}

#[test]
fn the_chart_has_the_programs_version() {
    let chart: Value =
        serde_saphyr::from_str(&fs::read_to_string(project("deploy/chart/Chart.yaml")).unwrap()).unwrap();
    for field in ["version", "appVersion"] {
        assert_eq!(chart[field], env!("CARGO_PKG_VERSION"), "{field} of Chart.yaml");
    }
}

#[test]
fn the_image_is_the_programs_version_and_built_with_its_rust() {
    let file = fs::read_to_string(project("deploy/Dockerfile")).unwrap();
    let toolchain = fs::read_to_string(project("rust-toolchain.toml")).unwrap();
    let rust = toolchain.split('"').nth(1).unwrap();
    assert!(file.contains(&format!("library/rust:{rust}-slim")), "Rust {rust} in deploy/Dockerfile");
    let version = concat!("ARG VERSION=", env!("CARGO_PKG_VERSION"));
    assert!(file.lines().any(|line| line == version), "{version} in deploy/Dockerfile");
}

#[test]
fn the_reference_of_values_is_made_from_them() {
    let readme = project("deploy/chart/README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let values = fs::read_to_string(project("deploy/chart/values.yaml")).unwrap();
    let (before, rest) = text.split_once("<!-- values: begin").unwrap();
    let (marker, rest) = rest.split_once('\n').unwrap();
    let (_, after) = rest.split_once("<!-- values: end -->").unwrap();
    let made = format!("{before}<!-- values: begin{marker}\n\n{}\n<!-- values: end -->{after}", reference(&values));
    if updates() {
        fs::write(&readme, made).unwrap();
        return;
    }
    assert_eq!(text, made, "run UPDATE_CHART=1 cargo test --test shipped_chart");
}

#[test]
fn every_value_that_the_schema_knows_is_there() {
    let read = |name: &str| fs::read_to_string(project("deploy/chart").join(name)).unwrap();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let values: Value = serde_saphyr::from_str(&read("values.yaml")).unwrap();
    for (name, field) in schema["properties"].as_object().unwrap() {
        // What Helm gives to every chart, and what is the program's own file.
        if matches!(name.as_str(), "global" | "config") {
            continue;
        }
        assert!(values.get(name).is_some(), "{name} is in the schema alone");
        for inner in field["properties"].as_object().into_iter().flatten() {
            assert!(values[name].get(inner.0).is_some(), "{name}.{} is in the schema alone", inner.0);
        }
    }
}

#[test]
fn a_value_without_a_word_is_found() {
    let told = std::panic::catch_unwind(|| reference("a:\n  # Told.\n  b: 1\n  c: 2\n"));
    assert!(told.is_err(), "c has no comment");
    assert!(reference("a:\n  # Told.\n  b: 1\n").contains("| `a.b` | `1` | Told. |"));
}

/// A table of every value with its default and the comment above it. A value under a commented one needs none of its own.
fn reference(yaml: &str) -> String {
    let values: Value = serde_saphyr::from_str(yaml).unwrap();
    let mut table = String::from("| Value | Default | Meaning |\n|---|---|---|\n");
    let mut path: Vec<&str> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    let mut told: Option<usize> = None;
    for line in yaml.lines() {
        let text = line.trim_start();
        let depth = (line.len() - text.len()) / 2;
        if let Some(words) = text.strip_prefix('#') {
            comment.push(words.trim());
            continue;
        }
        let Some((key, value)) = text.split_once(':') else {
            comment.clear();
            continue;
        };
        path.truncate(depth);
        path.push(key);
        if told.is_some_and(|above| depth > above) {
            continue;
        }
        told = None;
        let name = path.join(".");
        if comment.is_empty() {
            assert!(value.trim().is_empty(), "values.yaml: no comment above {name}");
            continue;
        }
        told = Some(depth);
        let default = &values.pointer(&format!("/{}", path.join("/"))).unwrap();
        let default = match default {
            Value::String(text) if text.is_empty() => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let meaning = std::mem::take(&mut comment).join(" ").replace('|', "\\|");
        writeln!(table, "| `{name}` | {default} | {meaning} |").unwrap();
    }
    table
}
