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
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use tokio::sync::watch;

    use super::*;
    use crate::alerts::answer::{Labels, Now};
    use crate::alerts::catalogue;
    use crate::alerts::query::select;
    use crate::exposition::{Format, Parser};
    use crate::model::source::ClockOffset;
    use crate::model::time::{Clock, Timestamp};
    use crate::publish::fixture::{at, busy, resting, snapshot};
    use crate::publish::own::OwnMetrics;
    use crate::publish::page::Page;

    #[test]
    fn families_are_told_apart_by_their_labels() {
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

    #[tokio::test]
    async fn all_samples_stand_on_the_page() {
        let snapshot = snapshot(1, vec![busy("a"), resting("b")]);
        let names: Vec<_> = families::all().map(|family| family.description.name).collect();
        let line = |family: &str, labels: &[(&str, &str)], value: f64| {
            let labels: BTreeSet<_> = labels.iter().filter(|(_, value)| !value.is_empty()).collect();
            format!("{family} {labels:?} {value:?}")
        };
        let of_samples: BTreeSet<_> = samples(&snapshot, &names)
            .families()
            .flat_map(|(family, samples)| samples.iter().map(move |sample| (family, sample)))
            .map(|(family, sample)| {
                let labels: Vec<_> = sample.labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                line(family, &labels, sample.value)
            })
            .collect();
        let (sender, receiver) = watch::channel(Arc::new(snapshot));
        let own = Arc::new(OwnMetrics::new(at(0), Arc::new(ClockOffset::default())));
        let text = Page::new(receiver, own, Arc::new(Held)).plain(Format::Text).await.unwrap();
        let text: Vec<_> = text.collect::<Result<_, _>>().unwrap();
        let mut parser = Parser::new(Format::Text, |_| true);
        parser.feed(&text.concat()).unwrap();
        let of_page: BTreeSet<_> = parser
            .finish()
            .unwrap()
            .iter()
            .filter(|sample| !sample.name.starts_with("process_") && !sample.name.starts_with("gim_upgrade_exporter_"))
            .map(|sample| {
                let labels: Vec<_> =
                    sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                line(&sample.name, &labels, sample.value)
            })
            .collect();
        drop(sender);
        assert_eq!(of_samples, of_page);
        assert!(of_samples.len() > 100, "{}", of_samples.len());
    }

    struct Held;

    impl Clock for Held {
        fn now(&self) -> Timestamp {
            at(1000)
        }
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
