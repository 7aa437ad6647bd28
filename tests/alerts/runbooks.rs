//! Every runbook has the same parts, its links lead somewhere, and its commands are programs that people have, with flags that
//! exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gim_upgrade_exporter::alerts::catalogue;
use gim_upgrade_exporter::alerts::runbooks::{NAMES, runbook};

const PARTS: [&str; 5] = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation", "## Silence and end"];
/// What a command may begin with, after a pipe too.
const PROGRAMS: [&str; 8] =
    ["kubectl", "helm", "curl", "jq", "promtool", "amtool", "gim-upgrade-exporter", "./entrypoint.sh"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts/runbooks")
}

fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<_> =
        NAMES.iter().map(|name| (format!("{name}.md"), runbook(name).unwrap().to_owned())).collect();
    texts.push(("README.md".to_owned(), fs::read_to_string(folder().join("README.md")).unwrap()));
    texts
}

/// The lines of its `sh` blocks, those that go on joined.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = !inside && line == "```sh";
        } else if inside && goes_on {
            let command = commands.last_mut().unwrap();
            command.push(' ');
            command.push_str(line.trim_end_matches('\\'));
        } else if inside {
            commands.push(line.trim_end_matches('\\').to_owned());
        }
        goes_on = inside && !line.starts_with("```") && (line.ends_with('\\') || line.ends_with('|'));
    }
    commands
}

#[test]
fn they_are_those_of_the_alerts_and_of_one_form() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.filter(|name| name != "README.md").collect();
    let alerts: BTreeSet<_> = catalogue::names().iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(files, alerts);
    for (file, text) in texts().iter().filter(|(file, _)| file != "README.md") {
        let parts: Vec<_> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(parts, PARTS, "{file}");
        assert!(text.lines().all(|line| line.chars().count() <= 130), "{file} has a long line");
    }
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for name in catalogue::names() {
        let all = catalogue::all();
        let severities: Vec<_> =
            all.iter().filter(|alert| alert.name == name).map(|alert| alert.severity.as_str()).collect();
        let row = format!("| [{name}]({name}.md) | {} |", severities.join(" or "));
        assert!(readme.contains(&row), "README.md lacks {row}");
    }
}

#[test]
fn links_lead_somewhere() {
    for (file, text) in texts() {
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { folder().join(&file) } else { folder().join(path) };
            let there = fs::read_to_string(&target).unwrap_or_else(|_| panic!("{file}: {link} leads nowhere"));
            let headings = there.lines().filter(|line| line.starts_with('#'));
            let anchors: Vec<_> =
                headings.map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-")).collect();
            assert!(anchor.is_empty() || anchors.iter().any(|known| known == anchor), "{file}: {link} has no heading");
        }
    }
}

#[test]
fn commands_are_known_and_the_exporters_flags_exist() {
    let mut exporters = 0;
    for (file, text) in texts() {
        for command in commands(&text) {
            // Quoted programs of jq and PromQL have pipes of their own.
            let outside: String = command.split('\'').step_by(2).collect();
            for part in outside.split('|').map(str::trim).filter(|part| !part.is_empty()) {
                let program = part.split(' ').next().unwrap();
                assert!(PROGRAMS.contains(&program), "{file}: {program} of: {command}");
            }
            if !outside.starts_with("gim-upgrade-exporter") {
                continue;
            }
            exporters += 1;
            let output = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
            let words: Vec<_> = outside.split_whitespace().skip(1).collect();
            let known = help(output, &words);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                assert!(known.contains(&format!("{flag} ")), "{file}: {flag} of: {command}");
            }
        }
    }
    assert!(exporters > 0, "no command of the exporter was found");
}

/// What `--help` says of the command among these words.
fn help(mut program: Command, words: &[&str]) -> String {
    let command = words.iter().find(|word| ["serve", "demo", "doctor", "rules", "metrics"].contains(word));
    let output = program.args(command).arg("--help").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
