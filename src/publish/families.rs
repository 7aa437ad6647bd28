//! The table of families: name, help, kind, unit, labels, how stable, when there are series, and how they come about.
//!
//! The page, the metrics reference and the tests all read this one table, whose order is the order of the page. A family
//! sees only its part of a component (`parts`) and judges nothing.

mod exporter;
mod helm;
mod judgement;
mod operations;
mod place;
mod pods;
mod signals;
mod sources;

use super::own::{Delays, Figures, OwnMetrics};
use super::parts::{Helm, Judgement, Moving, Operations, Part, Place, Pods, Signals, Subject, Until};
use super::series::Series;
use crate::assess::snapshot::SourceSnapshot;
use crate::exposition::{Description, Format, Kind};
use crate::named;

pub(super) use exporter::{EVENT_TO_PAGE, SCRAPE_DURATION};

named! {
    /// What is promised of a family's name and labels.
    pub enum Stability {
        /// They stay as long as the major version does.
        Stable = "stable",
        /// They may change with a minor version: for looking into, not for rules.
        Evolving = "evolving",
    }
}

/// One family.
#[derive(Debug)]
pub struct Family {
    /// Name, help, kind and unit.
    pub description: Description,
    /// Labels, in their order; of suites' families those after `suite` and `component`.
    pub labels: &'static [&'static str],
    /// What is promised.
    pub stability: Stability,
    /// When it has series, where that is not always. For the reference.
    pub presence: &'static str,
    /// How its series come about.
    pub(super) yields: Yields,
}

/// How a family's series come about: from which part of a component, or of the exporter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Yields {
    Place(for<'a> fn(&Place<'a>, &mut Series<'a>)),
    /// The same, and the only one of a component that the suite has borrowed.
    Member(for<'a> fn(&Place<'a>, &mut Series<'a>)),
    Helm(for<'a> fn(&Helm<'a>, &mut Series<'a>)),
    Pods(for<'a> fn(&Pods<'a>, &mut Series<'a>)),
    Signals(for<'a> fn(&Signals<'a>, &mut Series<'a>)),
    Moving(for<'a> fn(&Moving<'a>, &mut Series<'a>)),
    Operations(for<'a> fn(&Operations<'a>, &mut Series<'a>)),
    Judgement(for<'a> fn(&Judgement<'a>, &mut Series<'a>)),
    Until(for<'a> fn(&Until, &mut Series<'a>)),
    /// From the sources, as far as it changes with the snapshot.
    Sources(for<'a> fn(&'a [SourceSnapshot], &mut Series<'a>)),
    /// From the sources, new at every scrape.
    Contacts(for<'a> fn(&'a [SourceSnapshot], &mut Series<'a>)),
    /// From the exporter's own figures, new at every scrape.
    Figures(for<'a> fn(&'a Figures, &mut Series<'a>)),
    /// A histogram of the exporter's own, new at every scrape.
    Delays(fn(&OwnMetrics) -> &Delays),
}

/// All families by subject, in the order of the page: first the suites', then the sources', then the exporter's own.
const SUBJECTS: [&[Family]; 8] = [
    &place::FAMILIES,
    &helm::FAMILIES,
    &pods::FAMILIES,
    &signals::FAMILIES,
    &operations::FAMILIES,
    &judgement::FAMILIES,
    &sources::FAMILIES,
    &exporter::FAMILIES,
];

/// All families, in the order of the page.
pub fn all() -> impl Iterator<Item = &'static Family> {
    SUBJECTS.into_iter().flatten()
}

impl Family {
    /// Whether it has the labels `suite` and `component`.
    #[must_use]
    pub fn is_of_suites(&self) -> bool {
        !matches!(self.yields, Yields::Sources(_) | Yields::Contacts(_) | Yields::Figures(_) | Yields::Delays(_))
    }

    /// All its labels, in their order.
    pub fn all_labels(&self) -> impl Iterator<Item = &'static str> {
        let owner: &[&str] = if self.is_of_suites() { &["suite", "component"] } else { &[] };
        owner.iter().chain(self.labels).copied()
    }

    /// The part that it sees; `None` where it is new at every scrape.
    pub(super) fn part(&self) -> Option<Part> {
        Some(match self.yields {
            Yields::Place(_) | Yields::Member(_) => Part::Place,
            Yields::Helm(_) => Part::Helm,
            Yields::Pods(_) => Part::Pods,
            Yields::Signals(_) => Part::Signals,
            Yields::Moving(_) => Part::Moving,
            Yields::Operations(_) => Part::Operations,
            Yields::Judgement(_) => Part::Judgement,
            Yields::Until(_) => Part::Until,
            Yields::Sources(_) => Part::Sources,
            Yields::Contacts(_) | Yields::Figures(_) | Yields::Delays(_) => return None,
        })
    }

    /// Gathers the series of one component. One that several suites share has them once, under its owner.
    pub(super) fn put_component<'a>(&self, subject: Subject<'a>, series: &mut Series<'a>) {
        if subject.is_borrowed() && !matches!(self.yields, Yields::Member(_)) {
            return;
        }
        match self.yields {
            Yields::Place(put) | Yields::Member(put) => put(&subject.into(), series),
            Yields::Helm(put) => put(&subject.into(), series),
            Yields::Pods(put) => put(&subject.into(), series),
            Yields::Signals(put) => put(&subject.into(), series),
            Yields::Moving(put) => put(&subject.into(), series),
            Yields::Operations(put) => put(&subject.into(), series),
            Yields::Judgement(put) => put(&subject.into(), series),
            Yields::Until(put) => put(&subject.into(), series),
            Yields::Sources(_) | Yields::Contacts(_) | Yields::Figures(_) | Yields::Delays(_) => {}
        }
    }

    /// Gathers the series of the sources, where it is of them.
    pub(super) fn put_sources<'a>(&self, sources: &'a [SourceSnapshot], series: &mut Series<'a>) {
        if let Yields::Sources(put) | Yields::Contacts(put) = self.yields {
            put(sources, series);
        }
    }

    /// Writes the series of one component.
    pub(super) fn write_component<'a>(&self, out: &mut String, subject: Subject<'a>, series: &mut Series<'a>) {
        self.put_component(subject, series);
        let owner = [("suite", &*subject.suite.suite.name), ("component", subject.component.as_str())];
        series.write(out, self, &owner);
    }

    /// Writes the whole family, where it is of the sources.
    pub(super) fn write_sources(&self, out: &mut String, format: Format, sources: &[SourceSnapshot]) {
        if matches!(self.yields, Yields::Sources(_) | Yields::Contacts(_)) {
            let mut series = Series::default();
            self.put_sources(sources, &mut series);
            self.description.write_header(out, format);
            series.write(out, self, &[]);
        }
    }

    /// Writes the whole family, where it is of the exporter itself.
    pub(super) fn write_own(&self, out: &mut String, format: Format, metrics: &OwnMetrics, figures: &Figures) {
        match self.yields {
            Yields::Figures(put) => {
                let mut series = Series::default();
                put(figures, &mut series);
                self.description.write_header(out, format);
                series.write(out, self, &[]);
            }
            Yields::Delays(delays) => delays(metrics).write(out, format),
            _ => {}
        }
    }

    const fn new(name: &'static str, kind: Kind, help: &'static str, yields: Yields) -> Self {
        Self::described(Description { name, help, kind, unit: None }, yields)
    }

    const fn described(description: Description, yields: Yields) -> Self {
        Self { description, labels: &[], stability: Stability::Stable, presence: "", yields }
    }

    const fn gauge(name: &'static str, help: &'static str, yields: Yields) -> Self {
        Self::new(name, Kind::Gauge, help, yields)
    }

    /// A gauge in seconds.
    const fn seconds(name: &'static str, help: &'static str, yields: Yields) -> Self {
        Self::gauge(name, help, yields).unit("seconds")
    }

    const fn info(name: &'static str, help: &'static str, yields: Yields) -> Self {
        Self::new(name, Kind::Info, help, yields)
    }

    const fn counter(name: &'static str, help: &'static str, yields: Yields) -> Self {
        Self::new(name, Kind::Counter, help, yields)
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.description.unit = Some(unit);
        self
    }

    const fn labels(mut self, labels: &'static [&'static str]) -> Self {
        self.labels = labels;
        self
    }

    const fn when(mut self, presence: &'static str) -> Self {
        self.presence = presence;
        self
    }

    const fn evolving(mut self) -> Self {
        self.stability = Stability::Evolving;
        self
    }
}
