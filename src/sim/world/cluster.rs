//! The state of the played cluster and the queue of what is due: one place that controllers change.
//!
//! Everything in here is in scenario time; `clock` turns it into what objects say. Controllers write objects by
//! [`Cluster::put`], which keeps them with their instant until the world hands them to a store.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::clock::WorldClock;
use crate::sim::controllers::deployment::Deployment;
use crate::sim::controllers::helm_client::{HelmEvent, Operation};
use crate::sim::controllers::helm_history::Release;
use crate::sim::controllers::pod::Pod;
use crate::sim::controllers::pods::PodEvent;
use crate::sim::controllers::statefulset::StatefulSet;
use crate::sim::info_mart::Mart;
use crate::sim::latency::LatencyModel;
use crate::sim::scenario::{
    Action, Behaviour, Clocks, Configured, HelmVersion, Installer, Scenario, SourceState, Span,
};
use crate::sim::store::Kind;
use crate::sim::{chart, surroundings};

/// Namespace and name.
pub(in crate::sim) type Key = (String, String);

/// What a controller does at an instant.
#[derive(Debug)]
pub(in crate::sim) enum Event {
    /// Someone does something.
    Step(Box<Action>),
    /// The StatefulSet controller looks.
    StatefulSet(Key),
    /// The Deployment and ReplicaSet controllers look.
    Deployment(Key),
    /// Scheduler or kubelet do something with a pod; not if its epoch has passed.
    Pod(Key, u64, PodEvent),
    /// Helm goes on.
    Helm(u64, HelmEvent),
}

/// A write to the API server.
#[derive(Debug)]
pub(in crate::sim) struct Write {
    pub(in crate::sim) at: Span,
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) what: Written,
}

impl Write {
    fn key(&self) -> Key {
        match &self.what {
            Written::Deletion(key) => key.clone(),
            Written::Object(object) => {
                let field = |name: &str| object.pointer(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                (field("/metadata/namespace"), field("/metadata/name"))
            }
        }
    }
}

/// What is written.
#[derive(Debug)]
pub(in crate::sim) enum Written {
    Object(Value),
    Deletion(Key),
}

/// The played cluster.
#[derive(Debug)]
pub(in crate::sim) struct Cluster {
    pub(in crate::sim) now: Span,
    /// What happens is before the scenario's start, and nobody watches.
    pub(in crate::sim) in_history: bool,
    pub(in crate::sim) clock: WorldClock,
    pub(in crate::sim) clocks: Clocks,
    pub(in crate::sim) helm: HelmVersion,
    pub(in crate::sim) behaviours: Vec<Behaviour>,
    pub(in crate::sim) stateful_sets: BTreeMap<Key, StatefulSet>,
    pub(in crate::sim) deployments: BTreeMap<Key, Deployment>,
    pub(in crate::sim) pods: BTreeMap<Key, Pod>,
    pub(in crate::sim) releases: BTreeMap<String, Release>,
    pub(in crate::sim) operations: BTreeMap<u64, Operation>,
    /// Nodes that take no new pods.
    pub(in crate::sim) cordoned: BTreeSet<String>,
    /// The one namespace of everything, where there is but one.
    pub(in crate::sim) namespace: Option<String>,
    pub(in crate::sim) installer: Installer,
    pub(in crate::sim) configured: Configured,
    /// All tenants, the first included.
    pub(in crate::sim) tenants: Vec<String>,
    pub(in crate::sim) surroundings: surroundings::State,
    /// The latency of each release of GIM.
    pub(in crate::sim) latencies: BTreeMap<String, LatencyModel>,
    /// The database of each release of GIM.
    pub(in crate::sim) marts: BTreeMap<String, Mart>,
    /// Namespace and release of each Flink that has kept its state.
    pub(in crate::sim) flink_states: BTreeSet<Key>,
    /// Since when a tenant's GCA tells nothing new.
    pub(in crate::sim) config_stopped: BTreeMap<String, Span>,
    /// How the sources of an exporter answer, where it was ever said.
    pub(in crate::sim) sources: BTreeMap<String, SourceState>,
    queue: BTreeMap<(Span, u64), Event>,
    writes: Vec<Write>,
    log: Vec<(Span, String)>,
    count: u64,
    addresses: u32,
}

/// Addresses for pods: many more than there are pods at a time.
const ADDRESSES: u32 = 2500;
/// Lines of the log kept: more than any scenario says.
const LOG_LINES: usize = 1000;

impl Cluster {
    /// The empty cluster of a scenario, in which nothing happened before `began`.
    pub(super) fn new(clock: WorldClock, scenario: &Scenario, began: Span) -> Self {
        let gims: Vec<String> = scenario.releases().filter(|name| chart::component_of(name) == Some("gim")).collect();
        let latency = |gim: &String| (gim.clone(), LatencyModel::new(scenario.latency.clone(), began));
        let tenants = scenario.releases().filter(|name| chart::component_of(name) == Some("gca"));
        Self {
            now: began,
            in_history: true,
            clock,
            clocks: scenario.clocks,
            helm: scenario.helm,
            namespace: scenario.namespace.clone(),
            installer: scenario.installed_by,
            configured: scenario.configured.clone(),
            tenants: tenants.map(|gca| chart::tenant_of(&gca).to_owned()).collect(),
            surroundings: surroundings::State::default(),
            latencies: gims.iter().map(latency).collect(),
            marts: gims.iter().map(|gim| (gim.clone(), Mart::new(gim))).collect(),
            flink_states: BTreeSet::new(),
            config_stopped: BTreeMap::new(),
            sources: BTreeMap::new(),
            behaviours: scenario.behaviours.clone(),
            stateful_sets: BTreeMap::new(),
            deployments: BTreeMap::new(),
            pods: BTreeMap::new(),
            releases: BTreeMap::new(),
            operations: BTreeMap::new(),
            cordoned: BTreeSet::new(),
            queue: BTreeMap::new(),
            writes: Vec::new(),
            log: Vec::new(),
            count: 0,
            addresses: 0,
        }
    }

    /// A number that was not given before.
    pub(in crate::sim) fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// A UID: counted, so that a scenario plays the same each time.
    pub(in crate::sim) fn next_uid(&mut self) -> String {
        let number = self.next_number();
        format!("{:08x}-51ed-4c0d-9a1e-{number:012x}", number.wrapping_mul(0x9e37_79b1) & 0xffff_ffff)
    }

    /// An address of the loopback network, so that a pod's page can be served there. Addresses go round, so that a new
    /// pod does not have the one of the pod that it replaces.
    pub(in crate::sim) fn next_address(&mut self) -> String {
        self.addresses = (self.addresses + 1) % ADDRESSES;
        format!("127.0.{}.{}", self.addresses / 250, self.addresses % 250 + 2)
    }

    /// Has `event` happen so long from now.
    pub(in crate::sim) fn schedule(&mut self, after: Span, event: Event) {
        self.schedule_at(self.now.plus(after), event);
    }

    /// Has `event` happen at an instant.
    pub(in crate::sim) fn schedule_at(&mut self, at: Span, event: Event) {
        let number = self.next_number();
        self.queue.insert((at, number), event);
    }

    /// When the next event is due.
    pub(super) fn next_due(&self) -> Option<Span> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next event that is due by `until`, and moves to its instant.
    pub(super) fn take_due(&mut self, until: Span) -> Option<Event> {
        let entry = self.queue.first_entry()?;
        let (at, _) = *entry.key();
        if at > until {
            return None;
        }
        // Behaviours may be asked for what should have been a moment ago; time never goes back.
        self.now = at.max(self.now);
        Some(entry.remove())
    }

    /// Writes an object now.
    pub(in crate::sim) fn put(&mut self, kind: Kind, object: Value) {
        self.writes.push(Write { at: self.now, kind, what: Written::Object(object) });
    }

    /// Deletes an object now.
    pub(in crate::sim) fn remove(&mut self, kind: Kind, key: Key) {
        self.writes.push(Write { at: self.now, kind, what: Written::Deletion(key) });
    }

    /// What was written and not yet taken, oldest first.
    pub(super) fn take_writes(&mut self) -> Vec<Write> {
        std::mem::take(&mut self.writes)
    }

    /// Ends the history: of what was written of an object only the last is left, and nothing of what was deleted.
    pub(super) fn end_history(&mut self) {
        self.in_history = false;
        let mut last = BTreeMap::new();
        for (place, write) in self.writes.iter().enumerate() {
            last.insert((write.kind, write.key()), place);
        }
        let writes = std::mem::take(&mut self.writes).into_iter().enumerate();
        self.writes = writes
            .filter(|(place, write)| {
                matches!(write.what, Written::Object(_)) && last.get(&(write.kind, write.key())) == Some(place)
            })
            .map(|(_, write)| write)
            .collect();
    }

    /// Notes something that a person at the terminal would have seen.
    pub(in crate::sim) fn say(&mut self, text: String) {
        if self.log.len() < LOG_LINES {
            self.log.push((self.now, text));
        }
    }

    /// What was said, oldest first.
    pub(super) fn log(&self) -> &[(Span, String)] {
        &self.log
    }

    /// The instant `now` as objects say it.
    pub(in crate::sim) fn stamp(&self) -> String {
        self.clock.stamp(self.now)
    }

    /// How the pods of a workload behave: the last that matches.
    pub(in crate::sim) fn behaviour(&self, release: &str, workload: &str, tag: &str) -> Behaviour {
        let matching = self.behaviours.iter().rev().find(|behaviour| {
            behaviour.of == release
                && behaviour.workload.as_ref().is_none_or(|name| name == workload)
                && behaviour.tag.as_ref().is_none_or(|name| name == tag)
        });
        matching.cloned().unwrap_or_else(|| Behaviour::normal(release))
    }
}
