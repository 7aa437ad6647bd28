//! Until its `valid_until`, a judgement is the judgement of any moment: the board may sleep until then.

use std::collections::BTreeMap;
use std::time::Duration;

use gim_upgrade_exporter::assess::assess_shared;
use gim_upgrade_exporter::assess::snapshot::SuiteSnapshot;
use gim_upgrade_exporter::model::time::{Timestamp, after, before, between};
use gim_upgrade_exporter::sim::scenario::Scenario;

use super::held::{Held, Watcher, policy};

/// How far beyond the present a judgement without an end is tried.
const FAR: Duration = Duration::from_hours(1000);

#[test]
fn a_judgement_holds_until_it_says() {
    let mut failures = Vec::new();
    for name in Scenario::list() {
        let scenario = Scenario::find(name).unwrap();
        let policy = policy(&scenario);
        let mut held = Held::new(&scenario);
        let ends = held.world.ends();
        let mut watchers = [Watcher::start(&held)];
        let mut judged = BTreeMap::new();
        let mut each = |suite: &SuiteSnapshot| {
            if judged.insert(suite.suite.name.clone(), suite.judged) == Some(suite.judged) {
                return;
            }
            let until = suite.assessment.valid_until.unwrap_or_else(|| after(suite.judged, FAR));
            let last = before(until, Duration::from_nanos(1));
            let middle = after(suite.judged, between(suite.judged, until) / 2);
            for now in [middle, last] {
                let again = assess_shared(&suite.facts, &suite.memory, &suite.shared, &policy, now).0;
                if again.components != suite.assessment.components {
                    failures.push(format!("{name}: judged at {}, until {until}, but not at {now}", suite.judged));
                }
            }
        };
        held.play(ends, &mut watchers, |_, watchers| watchers[0].suites().iter().for_each(|suite| each(suite)));
    }
    failures.truncate(5);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Makes sure that the test above looks at judgements that end: a judgement that never did would pass it always.
#[test]
fn judgements_of_a_rollout_end() {
    let scenario = Scenario::find("healthy-upgrade").unwrap();
    let mut held = Held::new(&scenario);
    let ends = held.world.ends();
    let mut watchers = [Watcher::start(&held)];
    let mut ended: Vec<Timestamp> = Vec::new();
    held.play(ends, &mut watchers, |_, watchers| ended.extend(watchers[0].suite().assessment.valid_until));
    ended.dedup();
    assert!(ended.len() > 20, "{ended:?}");
}
