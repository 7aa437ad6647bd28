//! Discovery: finds the releases of the charts of Genesys Info Mart, whatever they are called.
//!
//! Watches the metadata of Helm's storage, and reads one body of each release, once, for the name of its chart. Where Helm's
//! storage may not be read, the label `helm.sh/chart` of workloads tells the same. Not for making suites of what is found:
//! that is `model::discovery`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::client::ApiClient;
use super::fetch::FetchError;
use super::helm::{GETS_AT_ONCE, Outcome, read_body};
use super::interest::Interest;
use super::targets::{all_revisions, deployments, stateful_sets};
use super::timing::Timing;
use super::watch::{Shared, Target, watch};
use super::{Ended, LISTS_AT_ONCE};
use crate::index::change::{Change, Delta};
use crate::model::discovery::{Chart, Discovery, Found};
use crate::model::names::Name;
use crate::model::release::Revision;
use crate::model::scope::HelmDriver;
use crate::model::source::{ErrorKind, SourceCondition, SourceKind};
use crate::model::wants::BodyWant;
use crate::model::workload::{Workload, WorkloadKind};

/// How many changes may wait.
const CHANGES: usize = 64;

/// What the search is given.
pub struct Search {
    /// The client.
    pub api: ApiClient,
    /// Where Helm keeps its releases.
    pub driver: HelmDriver,
    /// Where to look.
    pub discovery: Discovery,
    /// How long to wait for what.
    pub timing: Timing,
    /// What was found; `None` until all of it was looked at once.
    pub found: watch::Sender<Option<Arc<BTreeSet<Found>>>>,
}

/// Namespace and name of a release.
type Place = (Name, Name);

/// A release, the object that was read of it, and what came of that.
type Answered = (Place, Name, Result<Outcome, FetchError>);

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

/// The search at work.
struct Finder {
    shared: Shared,
    driver: HelmDriver,
    /// Each scope that is looked at, and whether it has told what is in it.
    scopes: BTreeMap<Option<Name>, bool>,
    /// Scopes in which Helm's storage may not be read, and whose workloads are to be looked at.
    blind: Vec<Option<Name>>,
    /// The objects of each release, by revision.
    stored: BTreeMap<Place, BTreeMap<u32, Name>>,
    charts: HashMap<Place, Progress>,
    /// What workloads say of themselves.
    labelled: BTreeMap<(WorkloadKind, Name, Name), Found>,
    reads: FuturesUnordered<BoxFuture<'static, Answered>>,
    found: watch::Sender<Option<Arc<BTreeSet<Found>>>>,
}

/// Searches until something ends that must not. Dropping the future stops it.
pub async fn discover(search: Search) -> Ended {
    let Search { api, driver, discovery, timing, found } = search;
    let (changes, mut heard) = mpsc::channel(CHANGES);
    let shared = Shared {
        api,
        timing,
        interest: Arc::new(Interest::everything()),
        lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
        changes,
    };
    let scopes: Vec<Option<Name>> = match discovery.namespaces {
        namespaces if namespaces.is_empty() => vec![None],
        namespaces => namespaces.into_iter().map(Some).collect(),
    };
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    for scope in &scopes {
        start(&mut tasks, all_revisions(scope.clone(), driver), &shared);
    }
    let mut finder = Finder {
        shared,
        driver,
        scopes: scopes.into_iter().map(|scope| (scope, false)).collect(),
        blind: Vec::new(),
        stored: BTreeMap::new(),
        charts: HashMap::new(),
        labelled: BTreeMap::new(),
        reads: FuturesUnordered::new(),
        found,
    };
    loop {
        let again = finder.next_try();
        tokio::select! {
            Some(change) = heard.recv() => finder.take(change),
            Some((place, object, outcome)) = finder.reads.next() => finder.finish(&place, object, outcome),
            () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {}
            Some(ended) = tasks.join_next() => return ended.unwrap_or_else(Ended::from),
        }
        for scope in std::mem::take(&mut finder.blind) {
            start(&mut tasks, by_label(stateful_sets(scope.clone())), &finder.shared);
            start(&mut tasks, by_label(deployments(scope)), &finder.shared);
        }
        finder.start_reads();
        finder.tell();
    }
}

fn start<T: Send + 'static>(tasks: &mut JoinSet<Ended>, target: Target<T>, shared: &Shared) {
    let shared = shared.clone();
    tasks.spawn(async move { watch(target, shared).await.into() });
}

/// The same workloads, of which the labels are enough.
fn by_label(target: Target<Workload>) -> Target<Workload> {
    Target { metadata_only: true, ..target }
}

impl Finder {
    fn take(&mut self, change: Change) {
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

    /// Helm's storage may not be read there.
    fn blinded(&mut self, scope: Option<Name>) {
        tracing::warn!(
            namespace = scope.as_deref(),
            "Helm's storage may not be read: suites are found by workloads' labels"
        );
        self.blind.push(scope);
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

    fn start_reads(&mut self) {
        let room = GETS_AT_ONCE.saturating_sub(self.reads.len());
        if room == 0 {
            return;
        }
        let unread: Vec<_> = self.unread(Instant::now()).take(room).collect();
        for (place, object, failures) in unread {
            self.charts.insert(place.clone(), Progress::Reading(failures));
            let (shared, driver) = (self.shared.clone(), self.driver);
            let want = BodyWant {
                namespace: place.0.clone(),
                object: object.clone(),
                uid: Name::default(),
                resource_version: Name::default(),
            };
            self.reads.push(Box::pin(async move {
                let outcome = read_body(&shared, driver, &want).await;
                (place, object, outcome)
            }));
        }
    }

    fn finish(&mut self, place: &Place, object: Name, outcome: Result<Outcome, FetchError>) {
        // Gone while it was read, it is not brought back.
        let Some(progress) = self.charts.get_mut(place) else { return };
        let failures = if let Progress::Reading(failures) = progress { *failures } else { 0 };
        let what = format!("{}/{object}", place.0);
        *progress = match outcome {
            Ok(Outcome::Read(Ok(body), _)) => Progress::Known(Chart::parse(&body.chart)),
            Ok(Outcome::Read(Err(error), _)) => {
                tracing::warn!(%error, "{what}: its chart cannot be told");
                Progress::Refused(object)
            }
            // The watch will say so.
            Ok(Outcome::Gone) => Progress::Refused(object),
            Err(error) => {
                let failures = failures.saturating_add(1);
                let timing = &self.shared.timing;
                let forbidden = error.kind() == ErrorKind::Forbidden;
                if failures == 1 {
                    tracing::warn!(%error, "{what}: its chart cannot be read");
                }
                let longest = if forbidden { timing.forbidden } else { timing.backoff_longest };
                let pause = timing.backoff_up_to(failures, longest).max(error.retry_after().unwrap_or_default());
                Progress::Later(Instant::now() + pause, failures)
            }
        };
    }

    /// When the next failed read is to be tried again.
    fn next_try(&self) -> Option<Instant> {
        let later = |progress: &Progress| match progress {
            Progress::Later(at, _) => Some(*at),
            _ => None,
        };
        self.charts.values().filter_map(later).min()
    }

    /// Tells what was found, once every scope has told what is in it and every release has been looked at.
    fn tell(&self) {
        let looked_at = |place| !matches!(self.charts.get(place), None | Some(Progress::Reading(0)));
        if !self.scopes.values().all(|told| *told) || !self.stored.keys().all(looked_at) {
            return;
        }
        let by_helm = self.charts.iter().filter_map(|(place, progress)| match progress {
            Progress::Known(Some(chart)) => {
                Some(Found { namespace: place.0.clone(), release: place.1.clone(), chart: *chart })
            }
            _ => None,
        });
        let found: BTreeSet<Found> = by_helm.chain(self.labelled.values().cloned()).collect();
        self.found.send_if_modified(|told| {
            let is_new = told.as_deref() != Some(&found);
            if is_new {
                *told = Some(Arc::new(found));
            }
            is_new
        });
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
mod tests {
    use super::*;

    #[test]
    fn the_label_names_chart_and_version() {
        let cases = [
            ("gim-100.0.116_2900", Some(Chart::Gim)),
            ("gim-monitoring-100.0.1", Some(Chart::GimMonitoring)),
            ("gca-100.0.100-rc.1", Some(Chart::Gca)),
            ("gim", None),
            ("gim-monitoring", None),
            ("gimlet-1.0", None),
            ("postgresql-12.1", None),
        ];
        for (label, chart) in cases {
            assert_eq!(chart_of_label(label), chart, "{label}");
        }
    }
}
