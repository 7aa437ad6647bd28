//! promtool, the current one and Debian's, checks the shipped rules and runs the rule tests; and a rule that is left out makes
//! its test fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::programs;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts")
}

/// The files of rule tests.
fn test_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| !path.to_str().unwrap().ends_with(".rules.yaml")).collect();
    files.sort();
    assert!(files.len() > 30, "only {files:?}");
    files
}

/// What a program printed, where it ended so.
fn run(program: &Path, arguments: &[&str], files: &[PathBuf]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).args(files).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(text) } else { Err(text) }
}

#[test]
fn the_rules_are_valid_and_pass_their_tests() {
    for program in programs("promtool") {
        run(&program, &["check", "rules"], &[folder().join("gim-upgrade.rules.yaml")]).unwrap();
        run(&program, &["test", "rules"], &test_files()).unwrap();
    }
}

#[test]
fn a_rule_that_is_left_out_is_missed() {
    let [program, _] = programs("promtool");
    let shipped = fs::read_to_string(folder().join("gim-upgrade.rules.yaml")).unwrap();
    let shipped: Value = serde_saphyr::from_str(&shipped).unwrap();
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{}", std::process::id()));
    fs::create_dir_all(temporary.join("tests")).unwrap();
    let mut tried = 0;
    for (group, rules) in shipped["groups"].as_array().unwrap().iter().enumerate() {
        for (nth, rule) in rules["rules"].as_array().unwrap().iter().enumerate() {
            let name = rule["alert"].as_str().unwrap_or("GimUpgradeExporterAbsent");
            let mut less = shipped.clone();
            less["groups"][group]["rules"].as_array_mut().unwrap().remove(nth);
            fs::write(temporary.join("gim-upgrade.rules.yaml"), less.to_string()).unwrap();
            let of_alert = |path: &PathBuf| {
                let file = path.file_stem().unwrap().to_str().unwrap();
                file == name
                    || file.strip_prefix(name).is_some_and(|rest| rest.starts_with("-critical") || rest == "-warning")
            };
            let copies: Vec<_> = test_files()
                .into_iter()
                .filter(of_alert)
                .map(|path| {
                    let copy = temporary.join("tests").join(path.file_name().unwrap());
                    fs::copy(&path, &copy).unwrap();
                    copy
                })
                .collect();
            assert!(!copies.is_empty(), "{name} has no test");
            let said = run(&program, &["test", "rules"], &copies).expect_err(name);
            assert!(said.contains("FAILED"), "{name}: {said}");
            tried += 1;
        }
    }
    fs::remove_dir_all(temporary).unwrap();
    assert!(tried > 35, "only {tried}");
}
