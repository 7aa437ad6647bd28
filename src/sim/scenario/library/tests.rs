use std::collections::BTreeSet;

use super::*;
use crate::sim::scenario::Span;

#[test]
fn the_table_and_the_folder_agree() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sim/scenarios");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".yaml").unwrap().to_owned())
        .collect();
    let listed: BTreeSet<String> = Scenario::list().map(str::to_owned).collect();
    assert_eq!(files, listed);
    assert_eq!(Scenario::list().count(), listed.len(), "none is listed twice");
}

#[test]
fn every_scenario_reads_and_goes_by_its_file_name() {
    for name in Scenario::list() {
        let scenario = Scenario::find(name).unwrap();
        assert_eq!(scenario.name, name);
        assert!(!scenario.expect.is_empty(), "{name} expects nothing");
        assert!(scenario.title.len() < 100 && !scenario.title.ends_with('.'), "{name}: {}", scenario.title);
    }
}

/// Facts of the list of what Helm and Kubernetes really do that are no matter of a played cluster: 20 is how a real
/// API server is killed, 25 a trap of another simulator.
const ELSEWHERE: [u8; 2] = [20, 25];

#[test]
fn every_fact_has_a_scenario() {
    let shown: BTreeSet<u8> = Scenario::list().flat_map(|name| Scenario::find(name).unwrap().shows.facts).collect();
    let all: BTreeSet<u8> = (1..=25).filter(|fact| !ELSEWHERE.contains(fact)).collect();
    assert_eq!(shown, all);
}

#[test]
fn no_expectation_stands_within_half_a_minute_of_a_step() {
    for name in Scenario::list() {
        let scenario = Scenario::find(name).unwrap();
        for expectation in &scenario.expect {
            for step in &scenario.steps {
                let apart = expectation.at.minus(step.at).millis().abs();
                assert!(apart >= Span::from_secs(30).millis(), "{name} at {}: step at {}", expectation.at, step.at);
            }
        }
    }
}

#[test]
fn the_usual_history_is_before_every_start() {
    let history = usual_history().unwrap();
    assert!(history.iter().all(|step| step.at < Span::ZERO));
}

#[test]
fn an_unknown_name_is_told_the_known_ones() {
    let error = Scenario::find("healthy").unwrap_err().to_string();
    assert!(error.contains("`healthy`") && error.contains("healthy-upgrade"), "{error}");
}
