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
use crate::model::scope::HelmAccess;
use crate::model::source::{SourceCondition, SourceKind};
use crate::model::workload::{Workload, WorkloadKind};

/// The kinds whose labels tell of charts.
const LABELLED: [SourceKind; 2] = [SourceKind::StatefulSets, SourceKind::Deployments];

/// Namespace and name of a release.
pub(super) type Place = (Name, Name);

/// How far a watch has told what is in its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Not yet.
    Nothing,
    /// It may not be read.
    Refused,
    /// All of it.
    All,
}

/// How often the reading of a body has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Failures {
    in_a_row: u32,
    /// Whether the last time the permission was lacking.
    forbidden: bool,
}

/// What is known of a release's chart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// Its body is being read, after so many failures.
    Reading(Failures),
    /// It is to be read again, after so many failures.
    Later(Instant, Failures),
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
    /// It may not be read, and is to be tried again after this pause.
    Forbidden(Duration),
}

/// What is known so far.
#[derive(Debug)]
pub(super) struct Survey {
    /// What is watched in each scope, and how far it has told what is in it.
    watches: BTreeMap<(Option<Name>, SourceKind), Told>,
    /// Scopes in which Helm's storage is not to be read, or could not be at some time: their workloads are looked at, from
    /// then on for ever.
    blind: BTreeSet<Option<Name>>,
    /// Those of them whose workloads nobody looks at yet.
    newly_blind: Vec<Option<Name>>,
    /// The objects of each release, by revision.
    stored: BTreeMap<Place, BTreeMap<u32, Name>>,
    charts: HashMap<Place, Progress>,
    /// What workloads say of themselves.
    labelled: BTreeMap<(WorkloadKind, Name, Name), Found>,
    /// Whether there was a finding already: from then on a release that cannot be read keeps nothing else back.
    began: bool,
}

impl Survey {
    /// Nothing is known of these scopes yet, in which Helm's storage is watched or is not.
    pub(super) fn new(scopes: impl IntoIterator<Item = Option<Name>>, access: HelmAccess) -> Self {
        let mut survey = Self {
            watches: BTreeMap::new(),
            blind: BTreeSet::new(),
            newly_blind: Vec::new(),
            stored: BTreeMap::new(),
            charts: HashMap::new(),
            labelled: BTreeMap::new(),
            began: false,
        };
        for scope in scopes {
            match access {
                HelmAccess::Read => {
                    survey.watches.insert((scope, SourceKind::Helm), Told::Nothing);
                }
                HelmAccess::None => survey.look_at_workloads(scope),
            }
        }
        survey
    }

    /// Takes what a watch has told.
    pub(super) fn take(&mut self, change: Change) {
        match change {
            Change::Revision(delta) => self.revisions(delta),
            Change::Workload(kind, delta) => self.workloads(kind, delta),
            Change::SourceCondition(source, SourceCondition::Forbidden) => {
                if source.kind == SourceKind::Helm {
                    self.blinded(source.namespace.clone());
                }
                // What was told before is known still.
                if let Some(told) = self.watches.get_mut(&(source.namespace, source.kind))
                    && *told == Told::Nothing
                {
                    *told = Told::Refused;
                }
            }
            _ => {}
        }
    }

    /// Helm's storage may not be read there. A permission may come and go; the watches of workloads are begun once.
    fn blinded(&mut self, scope: Option<Name>) {
        if self.blind.contains(&scope) {
            return;
        }
        tracing::warn!(
            namespace = scope.as_deref(),
            "Helm's storage may not be read: suites are found by workloads' labels"
        );
        self.look_at_workloads(scope);
    }

    fn look_at_workloads(&mut self, scope: Option<Name>) {
        self.blind.insert(scope.clone());
        for kind in LABELLED {
            self.watches.insert((scope.clone(), kind), Told::Nothing);
        }
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
                self.watches.insert((namespace, SourceKind::Helm), Told::All);
            }
        }
        self.stored.retain(|_, objects| !objects.is_empty());
        let stored = &self.stored;
        self.charts.retain(|place, _| stored.contains_key(place));
    }

    fn store(&mut self, revision: Revision) {
        let object = revision.object_name();
        let objects = self.stored.entry((revision.namespace, revision.release)).or_default();
        objects.insert(revision.revision, object);
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
                let source = match kind {
                    WorkloadKind::StatefulSet => SourceKind::StatefulSets,
                    WorkloadKind::Deployment => SourceKind::Deployments,
                    // No other kind is watched.
                    _ => return,
                };
                self.watches.insert((namespace, source), Told::All);
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
    fn unread(&self, now: Instant) -> impl Iterator<Item = (Place, Name, Failures)> {
        self.stored.iter().filter_map(move |(place, objects)| {
            let (_, newest) = objects.last_key_value()?;
            let failures = match self.charts.get(place) {
                None => Failures::default(),
                Some(Progress::Later(at, failures)) if *at <= now => *failures,
                Some(Progress::Refused(object)) if object != newest => Failures::default(),
                Some(_) => return None,
            };
            Some((place.clone(), newest.clone(), failures))
        })
    }

    /// Takes up to so many releases whose chart is to be read now, each with the object to read.
    pub(super) fn start_reads(&mut self, now: Instant, room: usize) -> Vec<(Place, Name)> {
        let unread: Vec<_> = self.unread(now).take(room).collect();
        let start = |(place, object, failures): (Place, Name, Failures)| {
            self.charts.insert(place.clone(), Progress::Reading(failures));
            (place, object)
        };
        unread.into_iter().map(start).collect()
    }

    /// How often the reading of a release has failed in a row; `None` where it is gone since.
    pub(super) fn failures(&self, place: &Place) -> Option<u32> {
        match self.charts.get(place)? {
            Progress::Reading(failures) => Some(failures.in_a_row),
            _ => Some(0),
        }
    }

    /// Notes what came of reading an object.
    pub(super) fn answered(&mut self, place: &Place, object: Name, answer: Answer, now: Instant) {
        let Some(failures) = self.failures(place) else { return };
        let in_a_row = failures.saturating_add(1);
        let progress = match answer {
            Answer::Chart(chart) => Progress::Known(chart),
            Answer::Unusable => Progress::Refused(object),
            Answer::Failed(pause) => Progress::Later(now + pause, Failures { in_a_row, forbidden: false }),
            Answer::Forbidden(pause) => {
                self.blinded(self.scope_of(place));
                Progress::Later(now + pause, Failures { in_a_row, forbidden: true })
            }
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

    /// The scope whose watch tells of a release.
    fn scope_of(&self, (namespace, _): &Place) -> Option<Name> {
        let is_wide = self.watches.contains_key(&(None, SourceKind::Helm));
        (!is_wide).then(|| namespace.clone())
    }

    /// Whether all that can be known of a release's chart is known.
    fn is_looked_at(&self, place: &Place) -> bool {
        match self.charts.get(place) {
            None => false,
            Some(Progress::Known(_) | Progress::Refused(_)) => true,
            // Where a body may not be read, labels tell what can be told.
            Some(Progress::Reading(failures) | Progress::Later(_, failures)) => {
                failures.forbidden || (self.began && failures.in_a_row > 0)
            }
        }
    }

    /// What was found, once every watch has told what is in its scope and every release has been looked at: half of it
    /// would be other suites. `None` also where nothing may be read at all: that is not to find nothing.
    pub(super) fn finding(&mut self) -> Option<BTreeSet<Found>> {
        let told = |told| self.watches.values().any(|is| *is == told);
        let is_whole = !told(Told::Nothing) && told(Told::All);
        if !is_whole || !self.stored.keys().all(|place| self.is_looked_at(place)) {
            return None;
        }
        self.began = true;
        let by_helm = self.charts.iter().filter_map(|(place, progress)| match progress {
            Progress::Known(Some(chart)) => {
                Some(Found { namespace: place.0.clone(), release: place.1.clone(), chart: *chart })
            }
            _ => None,
        });
        // What Helm tells of a release goes before what its workloads do: they may be those of another chart within its own.
        let is_known = |found: &&Found| {
            let place = (found.namespace.clone(), found.release.clone());
            matches!(self.charts.get(&place), Some(Progress::Known(_)))
        };
        Some(by_helm.chain(self.labelled.values().filter(|found| !is_known(found)).cloned()).collect())
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
