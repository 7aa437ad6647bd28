//! A chronicle: the series that an exporter shows in a scenario, scrape by scrape.

use std::time::Duration;

use gim_upgrade_exporter::alerts::answer::{Labels, Sample, Series};
use gim_upgrade_exporter::alerts::catalogue::{self, Alert, EXPECTED};
use gim_upgrade_exporter::assess::snapshot::Snapshot;
use gim_upgrade_exporter::board::Board;
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::time::{Timestamp, after, unix_seconds};
use gim_upgrade_exporter::publish::samples::samples;
use gim_upgrade_exporter::sim::scenario::Scenario;

use super::ailments;
use super::held::{Held, Watcher, policy, start, suites};

/// How far scrapes, and evaluations of rules, are apart.
pub const INTERVAL: Duration = Duration::from_secs(30);

/// For how long it goes on after the scenario's end: long enough for an alert to begin, and for an exporter to start anew.
const AFTERWARDS: Duration = Duration::from_mins(15);

/// What was scraped, from the scenario's start on.
pub struct Chronicle {
    pub scrapes: Vec<Series>,
    /// What an exporter shows that hears nothing.
    pub blind: Series,
}

impl Chronicle {
    /// Plays a scenario of that name, or an ailment over one, to its end.
    pub fn named(name: &str) -> Self {
        let ailment = ailments::ALL.iter().find(|ailment| ailment.name == name);
        let scenario = if ailment.is_some() { ailments::OVER } else { name };
        let mut chronicle = Self::of(&Scenario::find(scenario).unwrap());
        for (nth, scrape) in chronicle.scrapes.iter_mut().enumerate() {
            ailments::put(scrape, nth, ailment);
        }
        chronicle
    }

    fn of(scenario: &Scenario) -> Self {
        let families = families();
        let mut held = Held::new(scenario);
        let mut watchers = [Watcher::start(&held)];
        let ends = after(held.world.ends(), AFTERWARDS);
        let mut scrapes = Vec::new();
        let mut at = start();
        while at <= ends {
            held.play(at, &mut watchers, |_, _| {});
            scrapes.push(scraped(&watchers[0].board.snapshot(), &families));
            at = after(at, INTERVAL);
        }
        let blind = Board::new(suites(scenario), policy(scenario), start()).snapshot();
        Self { scrapes, blind: scraped(&blind, &families) }
    }
}

/// The families that any alert asks for, but for the recording rule.
pub fn families() -> Vec<&'static str> {
    let mut families: Vec<_> = catalogue::all().iter().flat_map(Alert::families).collect();
    families.sort_unstable();
    families.dedup();
    families.retain(|family| *family != EXPECTED);
    families
}

/// The series of a snapshot, instants counted from the scenario's start: promtool's time begins at 0.
pub fn scraped(snapshot: &Snapshot, families: &[&'static str]) -> Series {
    let mut series = Series::default();
    for family in families {
        let found = samples(snapshot, &[family]);
        let counted = |sample: Sample| {
            let from_start = if family.ends_with("_timestamp_seconds") { unix_seconds(start()) } else { 0.0 };
            Sample { value: sample.value - from_start, ..sample }
        };
        series.extend(family, found.of(family).iter().cloned().map(counted));
    }
    series.extend(
        EXPECTED,
        snapshot.suites.iter().flat_map(|suite| {
            Component::ALL.iter().filter(|component| suite.suite.members.get(**component).owner.is_none()).map(
                |component| {
                    let labels = [("suite", suite.suite.name.to_string()), ("component", component.to_string())];
                    Sample { labels: Labels::from(labels), value: 1.0 }
                },
            )
        }),
    );
    series
}

/// The moment of the nth scrape, as promtool counts.
pub fn moment(nth: usize) -> Timestamp {
    let nth = u32::try_from(nth).unwrap();
    after(Timestamp::UNIX_EPOCH, INTERVAL * nth)
}
