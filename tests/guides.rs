//! The guides say what is so: metrics and alerts that they name are there, their links lead somewhere, and their configurations are
//! taken. What they have for the chart is tried with Helm, by tests/chart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gim_upgrade_exporter::alerts::catalogue;
use gim_upgrade_exporter::config::Config;

/// What people read, but for what the program makes and the runbooks, which have tests of their own.
fn guides() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/chart/README.md"]
        .map(|path| root.join(path))
        .to_vec();
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    paths.extend(docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn metrics_and_alerts_that_are_named_are_there() {
    let reference = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap();
    let alerts: BTreeSet<_> = catalogue::names().into_iter().collect();
    let mut named = 0;
    for (path, text) in guides() {
        for code in text.split('`').skip(1).step_by(2) {
            let word = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            if word.starts_with("gim_upgrade_") {
                assert!(reference.contains(&format!("`{word}`")), "{}: there is no metric {word}", path.display());
                named += 1;
            }
            if word.starts_with("GimUpgrade") {
                assert!(alerts.contains(word), "{}: there is no alert {word}", path.display());
                named += 1;
            }
        }
    }
    assert!(named > 10, "only {named} names were found");
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for (path, text) in guides() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, section) = link.split_once('#').map_or((link, None), |(file, section)| (file, Some(section)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
            if let Some(section) = section {
                let there = fs::read_to_string(&target).unwrap();
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|line| anchor(line) == section), "{}: no section {section}", path.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 10, "only {followed} links were found");
}

/// What a heading is called in links.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn configurations_are_taken() {
    let mut read = 0;
    for (path, text) in guides() {
        for block in marked(&text, "<!-- config -->") {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guide-{}.yaml", std::process::id()));
            fs::write(&file, &block).unwrap();
            let config = Config::read(&file);
            fs::remove_file(&file).unwrap();
            assert!(config.is_ok(), "{}: {}\n{block}", path.display(), config.unwrap_err());
            read += 1;
        }
    }
    assert!(read >= 3, "only {read} configurations were found");
}

/// The blocks of YAML below a mark, without the indentation of the list that they stand in.
fn marked(text: &str, mark: &str) -> Vec<String> {
    let blocks = text.split(mark).skip(1);
    blocks
        .map(|rest| {
            let (before, rest) = rest.split_once("```yaml\n").unwrap();
            assert!(before.trim().is_empty(), "no block below {mark}");
            let indentation = before.rsplit('\n').next().unwrap();
            let lines = rest.lines().take_while(|line| line.trim() != "```");
            lines.map(|line| line.strip_prefix(indentation).unwrap_or(line)).collect::<Vec<_>>().join("\n")
        })
        .collect()
}
