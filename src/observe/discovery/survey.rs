//! The survey: what discovery has seen so far, what it has yet to look at, and what that amounts to.
//!
//! Told of every change and of every read; it reads nothing itself. Not for making suites of what is found: that is
//! `model::discovery`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::time::{Duration, Instant};

use crate::index::change::{Change, Delta};
use crate::model::discovery::{Chart, Found};
use crate::model::names::Name;
use crate::model::release::Revision;
use crate::model::source::{SourceCondition, SourceKind};
use crate::model::workload::{Workload, WorkloadKind};

/// Namespace and name of a release.
pub(super) type Place = (Name, Name);

/// What is known of a release's chart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// Its body is being read, after so many failures.
    Reading(u32),
    /// It is to be read again, after so many failures.
    Later(Instant, u32),
    /// It is one of ours, or is none.
    Known(Option<Chart>),
    /// The body of this object cannot be used; that of the next revision may be.
    Refused(Name),
}

/// What came of reading a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its chart is one of ours, or is none.
    Chart(Option<Chart>),
    /// It cannot be used, or is gone.
    Unusable,
    /// It could not be read, and is to be tried again after this pause.
    Failed(Duration),
}

/// What is known so far.
#[derive(Debug)]
pub(super) struct Survey {
    /// Each scope that is looked at, and whether it has told what is in it.
    scopes: BTreeMap<Option<Name>, bool>,
    /// Scopes in which Helm's storage could not be read at some time: their workloads are looked at, from then on for ever.
    blind: BTreeSet<Option<Name>>,
    /// Those of them whose workloads nobody looks at yet.
    newly_blind: Vec<Option<Name>>,
    /// The objects of each release, by revision.
    stored: BTreeMap<Place, BTreeMap<u32, Name>>,
    charts: HashMap<Place, Progress>,
    /// What workloads say of themselves.
    labelled: BTreeMap<(WorkloadKind, Name, Name), Found>,
}

impl Survey {
    /// Nothing is known of these scopes yet.
    pub(super) fn new(scopes: impl IntoIterator<Item = Option<Name>>) -> Self {
        Self {
            scopes: scopes.into_iter().map(|scope| (scope, false)).collect(),
            blind: BTreeSet::new(),
            newly_blind: Vec::new(),
            stored: BTreeMap::new(),
            charts: HashMap::new(),
            labelled: BTreeMap::new(),
        }
    }

    /// Takes what a watch has told.
    pub(super) fn take(&mut self, change: Change) {
        match change {
            Change::Revision(delta) => self.revisions(delta),
            Change::Workload(kind, delta) => self.workloads(kind, delta),
            Change::SourceCondition(source, condition) => match (source.kind, condition) {
                (SourceKind::Helm, SourceCondition::Forbidden) => self.blinded(source.namespace),
                // Nothing else can be tried where workloads may not be read either.
                (SourceKind::StatefulSets | SourceKind::Deployments, SourceCondition::Forbidden) => {
                    self.scopes.insert(source.namespace, true);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Helm's storage may not be read there. A permission may come and go; the watches of workloads are begun once.
    fn blinded(&mut self, scope: Option<Name>) {
        if !self.blind.insert(scope.clone()) {
            return;
        }
        tracing::warn!(
            namespace = scope.as_deref(),
            "Helm's storage may not be read: suites are found by workloads' labels"
        );
        self.newly_blind.push(scope);
    }

    /// The scopes whose workloads are to be looked at from now on, each told once.
    pub(super) fn take_blind(&mut self) -> Vec<Option<Name>> {
        std::mem::take(&mut self.newly_blind)
    }

    fn revisions(&mut self, delta: Delta<Revision>) {
        match delta {
            Delta::Apply(revision) => self.store(revision),
            Delta::Delete { namespace, name } => {
                for ((of, _), objects) in &mut self.stored {
                    if *of == namespace {
                        objects.retain(|_, object| *object != name);
                    }
                }
            }
            Delta::Reset { namespace, items } => {
                self.stored.retain(|(of, _), _| namespace.as_ref().is_some_and(|namespace| namespace != of));
                for revision in items {
                    self.store(revision);
                }
                self.scopes.insert(namespace, true);
            }
        }
        self.stored.retain(|_, objects| !objects.is_empty());
        let stored = &self.stored;
        self.charts.retain(|place, _| stored.contains_key(place));
    }

    fn store(&mut self, revision: Revision) {
        let objects = self.stored.entry((revision.namespace, revision.release)).or_default();
        objects.insert(revision.revision, revision.object);
    }

    fn workloads(&mut self, kind: WorkloadKind, delta: Delta<Workload>) {
        match delta {
            Delta::Apply(workload) => self.label(workload),
            Delta::Delete { namespace, name } => {
                self.labelled.remove(&(kind, namespace, name));
            }
            Delta::Reset { namespace, items } => {
                let elsewhere = |of: &Name| namespace.as_ref().is_some_and(|namespace| namespace != of);
                self.labelled.retain(|(of_kind, of, _), _| *of_kind != kind || elsewhere(of));
                for workload in items {
                    self.label(workload);
                }
                self.scopes.insert(namespace, true);
            }
        }
    }

    fn label(&mut self, workload: Workload) {
        let key = (workload.kind, workload.namespace.clone(), workload.name);
        let chart = workload.chart_label.as_deref().and_then(chart_of_label);
        match workload.release.zip(chart) {
            Some((release, chart)) => {
                self.labelled.insert(key, Found { namespace: workload.namespace, release, chart });
            }
            None => {
                self.labelled.remove(&key);
            }
        }
    }

    /// The releases whose chart is to be read now, each with the newest revision's object and the failures so far.
    fn unread(&self, now: Instant) -> impl Iterator<Item = (Place, Name, u32)> {
        self.stored.iter().filter_map(move |(place, objects)| {
            let (_, newest) = objects.last_key_value()?;
            let failures = match self.charts.get(place) {
                None => 0,
                Some(Progress::Later(at, failures)) if *at <= now => *failures,
                Some(Progress::Refused(object)) if object != newest => 0,
                Some(_) => return None,
            };
            Some((place.clone(), newest.clone(), failures))
        })
    }

    /// Takes up to so many releases whose chart is to be read now, each with the object to read.
    pub(super) fn start_reads(&mut self, now: Instant, room: usize) -> Vec<(Place, Name)> {
        let unread: Vec<_> = self.unread(now).take(room).collect();
        let start = |(place, object, failures): (Place, Name, u32)| {
            self.charts.insert(place.clone(), Progress::Reading(failures));
            (place, object)
        };
        unread.into_iter().map(start).collect()
    }

    /// How often the reading of a release has failed in a row; `None` where it is gone since.
    pub(super) fn failures(&self, place: &Place) -> Option<u32> {
        match self.charts.get(place)? {
            Progress::Reading(failures) => Some(*failures),
            _ => Some(0),
        }
    }

    /// Notes what came of reading an object.
    pub(super) fn answered(&mut self, place: &Place, object: Name, answer: Answer, now: Instant) {
        let Some(failures) = self.failures(place) else { return };
        let progress = match answer {
            Answer::Chart(chart) => Progress::Known(chart),
            Answer::Unusable => Progress::Refused(object),
            Answer::Failed(pause) => Progress::Later(now + pause, failures.saturating_add(1)),
        };
        self.charts.insert(place.clone(), progress);
    }

    /// When the next failed read is to be tried again, which may be past; never while there is no room for it.
    pub(super) fn next_try(&self, room: usize) -> Option<Instant> {
        if room == 0 {
            return None;
        }
        let later = |progress: &Progress| match progress {
            Progress::Later(at, _) => Some(*at),
            _ => None,
        };
        self.charts.values().filter_map(later).min()
    }

    /// What was found, once every scope has told what is in it and every release has been looked at.
    pub(super) fn finding(&self) -> Option<BTreeSet<Found>> {
        let looked_at = |place| !matches!(self.charts.get(place), None | Some(Progress::Reading(0)));
        if !self.scopes.values().all(|told| *told) || !self.stored.keys().all(looked_at) {
            return None;
        }
        let by_helm = self.charts.iter().filter_map(|(place, progress)| match progress {
            Progress::Known(Some(chart)) => {
                Some(Found { namespace: place.0.clone(), release: place.1.clone(), chart: *chart })
            }
            _ => None,
        });
        Some(by_helm.chain(self.labelled.values().cloned()).collect())
    }
}

/// The chart in a label `helm.sh/chart`, such as `gim-100.0.116_2900`: name, hyphen, version.
fn chart_of_label(label: &str) -> Option<Chart> {
    let is_of = |chart: &Chart| {
        let version = label.strip_prefix(chart.as_str()).and_then(|rest| rest.strip_prefix('-'));
        version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    };
    Chart::ALL.iter().copied().find(is_of)
}

#[cfg(test)]
mod tests;
