//! Samples: the series of some families as data, for alerts that the exporter concludes by itself.
//!
//! They come from the same table as the page, so that a condition means the same here and in Prometheus. Not for rendering:
//! see `page`.

use super::families::{self, Family};
use super::parts::Subject;
use super::series;
use crate::alerts::answer::Series;
use crate::assess::snapshot::Snapshot;
use crate::model::names::Component;

/// The series of these families in a snapshot. Families that are the exporter's own figures have none.
#[must_use]
pub fn samples(snapshot: &Snapshot, wanted: &[&str]) -> Series {
    let mut found = Series::default();
    for family in families::all().filter(|family| wanted.contains(&family.description.name)) {
        if family.is_of_suites() {
            of_suites(snapshot, family, &mut found);
        } else {
            let mut rows = series::Series::default();
            family.put_sources(&snapshot.sources, &mut rows);
            found.extend(family.description.name, rows.samples(family, &[]));
        }
    }
    found
}

fn of_suites(snapshot: &Snapshot, family: &Family, found: &mut Series) {
    for suite in &snapshot.suites {
        for &component in Component::ALL {
            let mut rows = series::Series::default();
            let subject = Subject { suite, component, policy: &snapshot.policy };
            family.put_component(subject, &mut rows);
            let owner = [("suite", &*suite.suite.name), ("component", component.as_str())];
            found.extend(family.description.name, rows.samples(family, &owner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::answer::{Labels, Now};
    use crate::alerts::catalogue;
    use crate::alerts::query::select;
    use crate::publish::fixture::{busy, resting, snapshot};

    #[test]
    fn samples_are_those_of_the_page() {
        let snapshot = snapshot(1, vec![busy("a"), resting("b")]);
        let found = samples(&snapshot, &["gim_upgrade_verdict", "gim_upgrade_source_up"]);
        let now = Now { series: &found, unix_seconds: 0.0, alert: &Labels::new() };
        let verdicts = now.answer(&select("gim_upgrade_verdict"));
        assert_eq!(verdicts.len(), 6);
        let roll_back = now.answer(&select("gim_upgrade_verdict").is("verdict", "roll_back"));
        let labels: Vec<_> =
            roll_back.iter().flat_map(|sample| &sample.labels).map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(labels, [("component", "gim"), ("suite", "a"), ("verdict", "roll_back")]);
        assert_eq!(now.answer(&select("gim_upgrade_source_up").is("source", "pods")).len(), 1);
    }

    #[test]
    fn alerts_ask_for_families_and_labels_that_there_are() {
        for alert in catalogue::all() {
            for name in alert.families() {
                let known =
                    name == catalogue::EXPECTED || families::all().any(|family| family.description.name == name);
                assert!(known, "{} asks for {name}", alert.name);
            }
            for label in alert.condition.all_labels() {
                let known = label == "cluster"
                    || families::all()
                        .filter(|family| alert.condition.families().contains(&family.description.name))
                        .any(|family| family.all_labels().any(|name| name == label));
                assert!(known || alert.condition.families().is_empty(), "{} asks for the label {label}", alert.name);
            }
        }
    }
}
