//! What is known of the cluster, kept so that a suite's facts can be assembled at once. Pure.
//!
//! Each index takes `apply`, `delete` and an atomic `reset`, and never forgets to forget: what is gone from the cluster is
//! gone from the facts. Objects of namespaces, and revisions of releases, that no suite has are not kept. Not for judging,
//! and not for talking to the cluster: `observe` sends the changes.

mod bare;
mod belonging;
pub mod change;
mod objects;
mod releases;
mod signals;
mod surroundings;

use std::collections::HashMap;
use std::sync::Arc;

use belonging::Belonging;
use change::{Change, Delta};
use objects::Objects;
use releases::Releases;
use signals::Signals;
use surroundings::AllSurroundings;

use crate::model::config_map::ConfigMap;
use crate::model::facts::{ComponentFacts, Facts, Generation, PodFacts, Sources, SurroundingFacts, WorkloadFacts};
use crate::model::names::{Component, Name, PerComponent};
use crate::model::signal::{Reading, SignalFacts};
use crate::model::suite::Suite;
use crate::model::workload::{Pod, ReplicaSet, Workload, WorkloadKind};

/// Everything that is known of the cluster.
#[derive(Debug)]
pub struct Index {
    suites: Vec<Arc<Suite>>,
    by_name: HashMap<Name, usize>,
    by_namespace: HashMap<Name, Vec<usize>>,
    /// The suites that have borrowed a component from each.
    borrowers: Vec<Vec<usize>>,
    belonging: Belonging,
    pods: Objects<Pod>,
    workloads: Objects<Workload>,
    replica_sets: Objects<ReplicaSet>,
    releases: Releases,
    signals: Signals,
    config_maps: Objects<ConfigMap>,
    surroundings: AllSurroundings,
}

/// Which suites a change concerns, by their place in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// None of them.
    None,
    /// These.
    Some(Vec<usize>),
    /// All of them.
    All,
}

impl Index {
    /// An empty index for these suites.
    #[must_use]
    pub fn new(suites: Vec<Arc<Suite>>) -> Self {
        let mut by_namespace: HashMap<Name, Vec<usize>> = HashMap::new();
        for (place, suite) in suites.iter().enumerate() {
            for (_, member) in suite.members.iter() {
                let places = by_namespace.entry(member.namespace.clone()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        let by_name: HashMap<Name, usize> =
            suites.iter().enumerate().map(|(place, suite)| (suite.name.clone(), place)).collect();
        let mut borrowers = vec![Vec::new(); suites.len()];
        for (place, suite) in suites.iter().enumerate() {
            for owner in suite.members.iter().filter_map(|(_, member)| by_name.get(member.owner.as_ref()?)) {
                if let Some(of_owner) = borrowers.get_mut(*owner) {
                    of_owner.push(place);
                }
            }
        }
        let belonging = Belonging::new(&suites);
        let releases = Releases::new(&suites);
        let signals = Signals::new(&suites);
        Self {
            suites,
            by_name,
            by_namespace,
            borrowers,
            belonging,
            pods: Objects::default(),
            workloads: Objects::default(),
            replica_sets: Objects::default(),
            releases,
            signals,
            config_maps: Objects::default(),
            surroundings: AllSurroundings::default(),
        }
    }

    /// The suites, in the order of the configuration.
    #[must_use]
    pub fn suites(&self) -> &[Arc<Suite>] {
        &self.suites
    }

    /// The place of a suite in the configuration.
    #[must_use]
    pub fn place(&self, suite: &Name) -> Option<usize> {
        self.by_name.get(suite).copied()
    }

    /// Takes a change in and tells which suites it concerns. Changes that are about sources concern none here.
    pub fn apply(&mut self, change: Change) -> Touched {
        match change {
            Change::Pod(delta) => self.object(delta, |index| &mut index.pods, |_| true),
            Change::Workload(kind, delta) => {
                self.object(delta, |index| &mut index.workloads, move |workload: &Workload| workload.kind == kind)
            }
            Change::ReplicaSet(delta) => self.object(delta, |index| &mut index.replica_sets, |_| true),
            Change::Revision(delta) => {
                let touched = self.touched(&delta, |revision| &revision.namespace);
                self.releases.apply(delta);
                touched
            }
            Change::Body(want, state) => {
                self.releases.body(&want, state);
                self.in_namespace(&want.namespace)
            }
            Change::Reading(reading) => {
                let Some(&place) = self.by_name.get(&reading.suite) else { return Touched::None };
                let component = reading.component;
                self.signals.apply(place, reading);
                let exists = self.pod_uids(place, component);
                self.signals.retain(place, component, |uid| exists.contains(uid));
                let borrowers = self.borrowers.get(place).into_iter().flatten();
                Touched::Some(std::iter::once(place).chain(borrowers.copied()).collect())
            }
            Change::ConfigMap(delta) => self.object(delta, |index| &mut index.config_maps, |_| true),
            Change::Probe(probe) => self.surrounding(&probe.suite, |all, place| all.probe(place, &probe)),
            Change::Database(read) => self.surrounding(&read.suite.clone(), |all, place| all.database(place, read)),
            Change::Backup(backup) => self.surrounding(&backup.suite.clone(), |all, place| all.backup(place, backup)),
            Change::Aggregation(level) => {
                self.surrounding(&level.suite.clone(), |all, place| all.aggregation(place, level))
            }
            Change::BackupRun(_)
            | Change::Past(_)
            | Change::Unreadable { .. }
            | Change::SourceAdded { .. }
            | Change::SourceCondition(..)
            | Change::SourceError { .. } => Touched::None,
        }
    }

    /// All that is known of one suite; `sources` tells how fresh the evidence about a component is.
    #[must_use]
    pub fn facts(&self, place: usize, sources: impl Fn(Component) -> Sources) -> Option<Facts> {
        let suite = self.suites.get(place)?;
        let components = suite.members.map(|component, member| {
            // What was read of a borrowed component was read for its owner.
            let reader = member.owner.as_ref().and_then(|owner| self.by_name.get(owner)).unwrap_or(&place);
            let signals = self.signals.get(*reader, component);
            let workloads = self.workloads_of(&member.namespace, &member.release);
            let known = |uid: &Name| workloads.iter().flat_map(|w| &w.pods).any(|pod| pod.pod.uid == *uid);
            let mut readings: Vec<_> =
                signals.iter().filter(|reading| reading.pod_uid.as_ref().is_none_or(known)).cloned().collect();
            readings.sort_by_key(|reading| reading.at);
            ComponentFacts {
                namespace: member.namespace.clone(),
                release_name: member.release.clone(),
                companion_name: member.companion.clone(),
                release: self.releases.get(&member.namespace, &member.release),
                companion: member
                    .companion
                    .as_ref()
                    .map(|companion| self.releases.get(&member.namespace, companion))
                    .unwrap_or_default(),
                signals: SignalFacts { configured: member.endpoint.is_some(), readings },
                workloads,
                config_maps: self.left_behind(component, &member.namespace, &member.release),
                sources: sources(component),
            }
        });
        Some(Facts { suite: suite.clone(), components, surroundings: self.surroundings.get(place) })
    }

    /// The `ConfigMap`s by which GSP's Flink keeps its state. Their label `app` is the release's full name: the release's,
    /// or one that has it in front (upgrade guide, Uninstall).
    fn left_behind(&self, component: Component, namespace: &Name, release: &Name) -> Vec<Arc<ConfigMap>> {
        if component != Component::Gsp {
            return Vec::new();
        }
        let of_release = |app: &Name| app.strip_prefix(&**release).is_some_and(|r| r.is_empty() || r.starts_with('-'));
        let all = self.config_maps.in_namespace(namespace);
        all.filter(|map| map.app.as_ref().is_some_and(of_release)).cloned().collect()
    }

    /// Takes in what was heard of a suite's surroundings.
    fn surrounding(&mut self, suite: &Name, take: impl FnOnce(&mut AllSurroundings, usize)) -> Touched {
        let Some(&place) = self.by_name.get(suite) else { return Touched::None };
        take(&mut self.surroundings, place);
        Touched::Some(vec![place])
    }

    /// Takes over what was last read of one component, as far as its pods are known.
    pub fn inherit_readings(&mut self, place: usize, component: Component, readings: &[Arc<Reading>]) {
        for reading in readings {
            self.signals.apply(place, Reading::clone(reading));
        }
        let exists = self.pod_uids(place, component);
        self.signals.retain(place, component, |uid| exists.contains(uid));
    }

    /// Takes over what was last heard of a suite's surroundings, where nothing newer is known.
    pub fn inherit_surroundings(&mut self, place: usize, facts: &SurroundingFacts) {
        self.surroundings.inherit(place, facts);
    }

    fn object<T: objects::Object>(
        &mut self,
        delta: Delta<T>,
        objects: impl Fn(&mut Self) -> &mut Objects<T>,
        same_kind: impl Fn(&T) -> bool,
    ) -> Touched {
        let touched = self.touched(&delta, T::namespace);
        if touched != Touched::None {
            let delta = self.watched(delta, T::namespace);
            objects(self).apply(delta, same_kind);
        }
        touched
    }

    /// Leaves objects of namespaces that no suite has out of a list of the whole cluster.
    fn watched<T>(&self, delta: Delta<T>, namespace: impl Fn(&T) -> &Name) -> Delta<T> {
        match delta {
            Delta::Reset { namespace: scope, mut items } => {
                items.retain(|item| self.by_namespace.contains_key(namespace(item)));
                Delta::Reset { namespace: scope, items }
            }
            other => other,
        }
    }

    fn touched<T>(&self, delta: &Delta<T>, namespace: impl Fn(&T) -> &Name) -> Touched {
        match delta {
            Delta::Apply(item) => self.in_namespace(namespace(item)),
            Delta::Delete { namespace, .. } | Delta::Reset { namespace: Some(namespace), .. } => {
                self.in_namespace(namespace)
            }
            Delta::Reset { namespace: None, .. } => Touched::All,
        }
    }

    fn in_namespace(&self, namespace: &Name) -> Touched {
        self.by_namespace.get(namespace).map_or(Touched::None, |places| Touched::Some(places.clone()))
    }

    fn pod_uids(&self, place: usize, component: Component) -> Vec<Name> {
        let Some(suite) = self.suites.get(place) else { return Vec::new() };
        let namespace = &suite.members.get(component).namespace;
        self.pods.in_namespace(namespace).map(|pod| pod.uid.clone()).collect()
    }

    /// The workloads of a release with their pods.
    fn workloads_of(&self, namespace: &Name, release: &Name) -> Vec<WorkloadFacts> {
        let mut found: Vec<WorkloadFacts> = self
            .workloads
            .in_namespace(namespace)
            .filter(|workload| self.belonging.release(workload) == Some(release))
            .map(|workload| WorkloadFacts { workload: workload.clone(), pods: self.pods_of(workload) })
            .collect();
        found.extend(self.bare_pods(namespace, release, &found));
        found.sort_by(|a, b| (a.workload.kind, &a.workload.name).cmp(&(b.workload.kind, &b.workload.name)));
        found
    }

    /// The pods of a release that no workload keeps, as one workload.
    fn bare_pods(&self, namespace: &Name, release: &Name, workloads: &[WorkloadFacts]) -> Option<WorkloadFacts> {
        let is_told = |pod: &Pod| {
            let told = self.belonging.told(namespace, &pod.name, &pod.labels);
            told.is_some_and(|(_, of)| of == release)
        };
        let all = self.pods.in_namespace(namespace);
        let pods = all.filter(|pod| bare::is_bare(pod) && (bare::is_of(pod, workloads) || is_told(pod)));
        let wanted = self.belonging.selector(namespace, release).and_then(|selector| selector.pods);
        bare::workload(namespace, release, pods.cloned().collect(), wanted)
    }

    /// The pods of a workload, by ownerReference, each with its generation.
    fn pods_of(&self, workload: &Workload) -> Vec<PodFacts> {
        let sets: Vec<&Arc<ReplicaSet>> = match workload.kind {
            WorkloadKind::Deployment => self
                .replica_sets
                .in_namespace(&workload.namespace)
                .filter(|set| set.owner_uid.as_ref() == Some(&workload.uid))
                .collect(),
            WorkloadKind::StatefulSet | WorkloadKind::Job | WorkloadKind::Pods => Vec::new(),
        };
        let newest = sets.iter().max_by_key(|set| set.revision);
        let mut pods: Vec<PodFacts> = self
            .pods
            .in_namespace(&workload.namespace)
            .filter_map(|pod| {
                let owner = &pod.owner.as_ref()?.uid;
                let new = match workload.kind {
                    WorkloadKind::Deployment => {
                        sets.iter().find(|set| set.uid == *owner)?;
                        newest.is_some_and(|newest| newest.uid == *owner)
                    }
                    WorkloadKind::StatefulSet if *owner == workload.uid => {
                        pod.revision_hash.is_some() && pod.revision_hash == workload.update_revision
                    }
                    WorkloadKind::Job if *owner == workload.uid => true,
                    WorkloadKind::StatefulSet | WorkloadKind::Job | WorkloadKind::Pods => return None,
                };
                let generation = if new { Generation::New } else { Generation::Old };
                Some(PodFacts { pod: pod.clone(), generation })
            })
            .collect();
        pods.sort_by(|a, b| a.pod.name.cmp(&b.pod.name));
        pods
    }
}

/// A value for each component of each suite.
type PerSuite<T> = Vec<PerComponent<T>>;

#[cfg(test)]
mod tests;
