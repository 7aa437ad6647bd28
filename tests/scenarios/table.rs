//! The table of scenarios in `docs/scenarios.md`, made from their files. `UPDATE_GOLDENS=1` writes it anew.

use std::fmt::Write as _;

use gim_upgrade_exporter::sim::scenario::{Expectation, Scenario};

/// Where the table is kept.
const TABLE: &str = "docs/scenarios.md";
const HEAD: &str = "\
# Scenarios

What the simulated cluster can be put through, and what is said of it at the end. Each is a file in `src/sim/scenarios`, played
by `gim-upgrade-exporter demo --scenario NAME` and by the tests. This table is made from the files by a test. Sources that fail the
exporter, other tenants and what the exporter is configured with are played by the tests alone.

*Rules* are those of the upgrade guide that a scenario shows, by number: 1 order and one at a time, 2 start healthy, 3 releases N-2, 4
backup, 5 Helm's commands and timeouts, 6 too short a timeout, 7 GSP's hook, 8 migration by itself, 9 Ready only once operational, 10
verify, 11 restart for the migration, 12 roll back, 13 dependencies first, 14 call support, 15 export views, 16 what an uninstall leaves, 17
alerts on pending pods and absent metrics.

";

/// `gim roll_back, gsp none`: what the last expectation that names each component says of it.
fn ends_in(scenario: &Scenario) -> String {
    let mut ends: Vec<(String, &str)> = Vec::new();
    for (suite, component, expected) in scenario.expect.iter().flat_map(Expectation::all_components) {
        let Some(verdict) = expected.verdict.as_deref() else { continue };
        let place = if suite == "default" { component.to_owned() } else { format!("{suite}/{component}") };
        ends.retain(|(known, _)| *known != place);
        ends.push((place, verdict));
    }
    let ends: Vec<String> = ends.into_iter().map(|(place, verdict)| format!("{place} `{verdict}`")).collect();
    ends.join(", ")
}

fn numbers(all: &[u8]) -> String {
    all.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_table_of_scenarios_is_made_from_the_files() {
    let mut table = String::from(HEAD);
    table.push_str("| Scenario | What happens | Ends in | Rules |\n|---|---|---|---|\n");
    for name in Scenario::list() {
        let scenario = Scenario::find(name).unwrap();
        let rules = numbers(&scenario.shows.guide);
        let _ = writeln!(table, "| `{name}` | {} | {} | {rules} |", scenario.title, ends_in(&scenario));
    }
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(TABLE, &table).unwrap();
    }
    assert!(std::fs::read_to_string(TABLE).unwrap_or_default() == table, "{TABLE} is not what the files make of it");
}
