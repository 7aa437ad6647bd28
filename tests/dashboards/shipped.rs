//! What is under `dashboards/` is what the program makes for the default configuration, and what the command prints.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gim_upgrade_exporter::dashboards::DashboardName;
use serde_json::Value;

use super::made::made;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"))
        .arg("dashboards")
        .args(arguments)
        .env_remove("GIM_UPGRADE_CONFIG_FILE")
        .output()
        .unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_shipped_is_what_the_program_makes() {
    let mut files = BTreeSet::from(["README.md".to_owned()]);
    for (name, json) in made() {
        let file = format!("{name}.json");
        let text = format!("{}\n", serde_json::to_string_pretty(&json).unwrap());
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(folder().join(&file), &text).unwrap();
        }
        let shipped = fs::read_to_string(folder().join(&file)).unwrap_or_default();
        let cure = "run UPDATE_GOLDENS=1 cargo test --test dashboards";
        assert!(shipped == text, "dashboards/{file} is not what the program makes; {cure}");
        files.insert(file);
    }
    let there = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), files);
}

#[test]
fn the_command_prints_them() {
    for (name, json) in made() {
        assert_eq!(serde_json::from_str::<Value>(&printed(&[name.as_str()])).unwrap(), json);
    }
    let list: Value = serde_json::from_str(&printed(&["--form", "config-map"])).unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), DashboardName::ALL.len());
    for (item, (name, json)) in items.iter().zip(made()) {
        assert_eq!(item["kind"], "ConfigMap");
        assert_eq!(item["metadata"]["labels"]["grafana_dashboard"], "1");
        let held = item["data"][format!("{}.json", name.uid())].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(held).unwrap(), json);
        // What kubectl apply can annotate, in which the whole object stands once more.
        assert!(held.len() < 200_000, "{name} is too large for kubectl apply");
    }
    let one: Value = serde_json::from_str(&printed(&["fleet", "--form", "config-map"])).unwrap();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    // Three of them in a row would be no JSON.
    for arguments in [&[][..], &["--form", "json"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("<DASHBOARD>"), "{arguments:?}");
    }
}

#[test]
fn the_docs_say_what_was_not_tried() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let own = fs::read_to_string(folder().join("README.md")).unwrap();
    for text in [readme, own] {
        assert!(text.contains("No Grafana server has drawn them here"));
    }
}
