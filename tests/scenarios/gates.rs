//! The gates: when each component may be upgraded, and what closes its gate.

use std::time::Duration;

use gim_upgrade_exporter::assess::assessment::GateReason;
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::time::after;
use gim_upgrade_exporter::sim::scenario::Scenario;

use super::held::{Held, Watcher, start};

/// What closes the gate of each component at some minutes of a scenario.
fn blocked(name: &str, minutes: &[u64]) -> Vec<[Vec<&'static str>; 3]> {
    let mut held = Held::new(&Scenario::find(name).unwrap());
    let mut watchers = [Watcher::start(&held)];
    let mut found = Vec::new();
    for minute in minutes {
        held.play(after(start(), Duration::from_mins(*minute)), &mut watchers, |_, _| {});
        let suite = watchers[0].suite();
        let of = |component| {
            let gate = &suite.assessment.components.get(component).gate;
            assert_eq!(gate.is_open(), gate.blocked.is_empty());
            gate.blocked.iter().copied().map(GateReason::as_str).collect()
        };
        found.push([of(Component::Gim), of(Component::Gsp), of(Component::Gca)]);
    }
    found
}

#[test]
fn gates_open_when_everything_is_verified_and_close_while_anything_runs() {
    let open: [Vec<&str>; 3] = [vec![], vec![], vec![]];
    let all = |reason| [vec![reason], vec![reason], vec![reason]];
    // At rest; GIM being applied; GIM being verified; GIM verified; GSP being applied.
    let expected =
        [open.clone(), all("gim_operation_running"), all("gim_operation_running"), open, all("gsp_operation_running")];
    assert_eq!(blocked("healthy-upgrade", &[0, 2, 8, 19, 23]), expected);
}

#[test]
fn a_failed_component_closes_all_gates() {
    let reasons = || vec!["gim_not_verified"];
    assert_eq!(blocked("image-missing", &[5]), [[reasons(), reasons(), reasons()]]);
}

#[test]
fn an_upgrade_that_was_undone_closes_the_gates_after_it() {
    // GIM is rolled back and that works: GIM may be tried again, but GSP and GCA may not go on without it.
    let expected = [vec![], vec!["gim_undone"], vec!["gim_undone"]];
    assert_eq!(blocked("rollback", &[25]), [expected]);
}
