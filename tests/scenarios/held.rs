//! The held clock: plays a scenario event by event and feeds watchers with what the cluster shows.
//!
//! A watcher is one exporter: a board of its own, and its own times for reading metrics. Several may watch one world,
//! each from a moment of its own, as an exporter that was killed and started again would.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::assess::assessment::{ComponentAssessment, Stage, VerdictKind};
use gim_upgrade_exporter::assess::snapshot::SuiteSnapshot;
use gim_upgrade_exporter::board::Board;
use gim_upgrade_exporter::exposition::{Format, Parser};
use gim_upgrade_exporter::index::change::{Change, Delta};
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::release::BodyState;
use gim_upgrade_exporter::model::scope::{HelmDriver, LatencyUnit};
use gim_upgrade_exporter::model::signal::Reading;
use gim_upgrade_exporter::model::source::{Contact, SourceCondition, SourceId, SourceKind};
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Timestamp, after, before};
use gim_upgrade_exporter::model::wants::{BodyWant, EndpointWant};
use gim_upgrade_exporter::model::workload::WorkloadKind;
use gim_upgrade_exporter::observe::signals::families;
use gim_upgrade_exporter::observe::{helm_body, objects};
use gim_upgrade_exporter::sim::metrics_page::MetricsAnswer;
use gim_upgrade_exporter::sim::scenario::Scenario;
use gim_upgrade_exporter::sim::store::{self, ChangeType, Kind, Store};
use gim_upgrade_exporter::sim::world::World;

/// When every scenario starts.
pub fn start() -> Timestamp {
    "2026-03-02T22:00:00Z".parse().unwrap()
}

/// A cluster under a held clock.
pub struct Held {
    pub world: World,
    pub store: Store,
    pub now: Timestamp,
    revision: u64,
    bodies: RefCell<HashMap<BodyWant, BodyState>>,
}

/// What one component is said to be at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    pub stage: Stage,
    pub verdict: VerdictKind,
}

impl From<&ComponentAssessment> for Said {
    fn from(assessed: &ComponentAssessment) -> Self {
        Self { stage: assessed.stage, verdict: assessed.verdict.kind }
    }
}

impl Held {
    pub fn new(scenario: &Scenario) -> Self {
        Self::early(scenario, Duration::ZERO)
    }

    /// A cluster so long before its scenario starts.
    pub fn early(scenario: &Scenario, lead: Duration) -> Self {
        let world = World::new(scenario, start(), 1.0).unwrap();
        let now = before(start(), lead);
        let mut held = Self { world, store: Store::new(), now, revision: 0, bodies: RefCell::default() };
        held.world.advance(&mut held.store, now);
        held.revision = held.store.revision();
        held
    }

    /// Plays until `until`, showing each change to the watchers at its instant; `each` is called after every step.
    pub fn play(&mut self, until: Timestamp, watchers: &mut [Watcher], mut each: impl FnMut(Timestamp, &[Watcher])) {
        self.play_seen(until, watchers, |held, watchers| each(held.now, watchers));
    }

    /// The same, with `each` shown the cluster too.
    pub fn play_seen(&mut self, until: Timestamp, watchers: &mut [Watcher], mut each: impl FnMut(&Self, &[Watcher])) {
        while self.now < until {
            let due = watchers.iter().filter_map(Watcher::due).chain(self.world.next_event());
            let next = due.filter(|due| *due > self.now).min().map_or(until, |next| next.min(until));
            self.now = next;
            self.world.advance(&mut self.store, next);
            let changes = self.changes();
            for watcher in &mut *watchers {
                watcher.see(&changes, self);
            }
            each(self, watchers);
        }
    }

    /// What changed since this was last asked, decoded once for all watchers.
    fn changes(&mut self) -> Vec<Change> {
        let changes = self.store.changes_since(self.revision).unwrap();
        self.revision = self.store.revision();
        let decode = |change: &store::Change| match change.change {
            ChangeType::Deleted => Some(deleted(change.kind, &change.object)),
            _ => added(change.kind, &change.object.to_json()),
        };
        changes.iter().filter_map(decode).collect()
    }

    /// The body of a storage object, decoded once for all watchers.
    fn body(&self, want: &BodyWant) -> Change {
        let mut bodies = self.bodies.borrow_mut();
        let body = bodies.entry(want.clone()).or_insert_with(|| {
            let object = self.store.get(Kind::Secrets, &want.namespace, &want.object).unwrap();
            let body = helm_body::release_body(&object.to_json(), HelmDriver::Secret).unwrap();
            BodyState::Read(Arc::new(body))
        });
        Change::Body(want.clone(), body.clone())
    }
}

/// One exporter.
pub struct Watcher {
    pub board: Board,
    pub joined: Timestamp,
    policy: Policy,
    contacts: Vec<(SourceKind, Arc<Contact>)>,
    losses: Vec<Loss>,
    looked: Timestamp,
    reads: HashMap<EndpointWant, Timestamp>,
}

/// A source that an exporter loses; for ever.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    pub kind: SourceKind,
    /// From when on; an exporter that begins then never had it.
    pub from: Timestamp,
    /// Whether it is told so, or hears nothing any more.
    pub forbidden: bool,
}

const SOURCES: [SourceKind; 8] = [
    SourceKind::Pods,
    SourceKind::StatefulSets,
    SourceKind::Deployments,
    SourceKind::ReplicaSets,
    SourceKind::Jobs,
    SourceKind::Helm,
    SourceKind::HelmBodies,
    SourceKind::ConfigMaps,
];

impl Watcher {
    /// An exporter that starts now.
    pub fn start(held: &Held) -> Self {
        Self::start_losing(held, Vec::new())
    }

    /// An exporter that starts now and loses sources.
    pub fn start_losing(held: &Held, losses: Vec<Loss>) -> Self {
        let policy = Policy::default();
        let board = Board::new(vec![Suite::default_suite()], policy.clone(), held.now);
        let contacts = SOURCES.map(|kind| (kind, Arc::default())).into();
        let (joined, looked) = (held.now, held.now);
        let mut watcher = Self { board, joined, policy, contacts, losses, looked, reads: HashMap::new() };
        for (kind, contact) in watcher.contacts.clone() {
            let source = SourceId { kind, namespace: None };
            let stale_after = Duration::from_secs(90);
            watcher.board.apply(Change::SourceAdded { source: source.clone(), contact, stale_after });
            if watcher.has(kind, held.now) {
                watcher.board.apply(Change::SourceCondition(source, SourceCondition::Synced));
            }
        }
        let objects = Kind::ALL.into_iter().flat_map(|kind| held.store.iter(kind).map(move |object| (kind, object)));
        let changes: Vec<Change> = objects.filter_map(|(kind, object)| added(kind, &object.to_json())).collect();
        watcher.see(&changes, held);
        watcher
    }

    /// Whether it has a source, or has not lost it yet.
    fn has(&self, kind: SourceKind, now: Timestamp) -> bool {
        !self.losses.iter().any(|loss| loss.kind == kind && loss.from <= now)
    }

    /// The suite as it was last judged.
    pub fn suite(&self) -> Arc<SuiteSnapshot> {
        self.board.snapshot().suites[0].clone()
    }

    /// What it says of a component.
    pub fn said(&self, component: Component) -> Said {
        Said::from(self.suite().assessment.components.get(component))
    }

    fn due(&self) -> Option<Timestamp> {
        let read = self.reads.values().min().copied();
        // Watches are heard at least this often; else a quiet night would look like silence.
        let contact = Some(after(self.looked, Duration::from_secs(45)));
        [self.board.due(), read, contact].into_iter().flatten().min()
    }

    fn see(&mut self, changes: &[Change], held: &Held) {
        for change in changes {
            if source_of(change).is_none_or(|kind| self.has(kind, held.now)) {
                self.board.apply(change.clone());
            }
        }
        self.looked = held.now;
        for (kind, contact) in &self.contacts {
            if self.has(*kind, held.now) {
                contact.heard(held.now);
            }
        }
        for loss in self.losses.iter().filter(|loss| loss.forbidden && loss.from <= held.now) {
            let source = SourceId { kind: loss.kind, namespace: None };
            self.board.apply(Change::SourceCondition(source, SourceCondition::Forbidden));
        }
        self.judge(held);
    }

    /// Judges, reads what is wanted because of it, and judges again, until nothing is wanted any more.
    fn judge(&mut self, held: &Held) {
        loop {
            self.board.judge(held.now);
            let wants = self.board.wants();
            let has_bodies = self.has(SourceKind::HelmBodies, held.now);
            for want in wants.bodies.iter().filter(|_| has_bodies) {
                self.board.apply(held.body(want));
            }
            self.reads.retain(|want, _| wants.endpoints.contains(want));
            for want in &wants.endpoints {
                let due = self.reads.entry(want.clone()).or_insert(held.now);
                if *due <= held.now {
                    *due = after(held.now, self.policy.signal_interval);
                    let has_signals = self.has(SourceKind::Signals, held.now);
                    if let Some(reading) = reading(want, held).filter(|_| has_signals) {
                        self.board.apply(reading);
                    }
                }
            }
            if wants.bodies.is_empty() || !has_bodies {
                self.board.judge(held.now);
                return;
            }
        }
    }
}

/// The watch that a change comes from.
fn source_of(change: &Change) -> Option<SourceKind> {
    Some(match change {
        Change::Pod(_) => SourceKind::Pods,
        Change::Workload(WorkloadKind::StatefulSet, _) => SourceKind::StatefulSets,
        Change::Workload(WorkloadKind::Deployment, _) => SourceKind::Deployments,
        Change::Workload(WorkloadKind::Job, _) => SourceKind::Jobs,
        Change::ReplicaSet(_) => SourceKind::ReplicaSets,
        Change::Revision(_) => SourceKind::Helm,
        Change::ConfigMap(_) => SourceKind::ConfigMaps,
        _ => return None,
    })
}

/// The change that an object makes; `None` for objects that no exporter asks for.
fn added(kind: Kind, json: &[u8]) -> Option<Change> {
    let workload = |kind, workload| Change::Workload(kind, Delta::Apply(workload));
    Some(match kind {
        Kind::Pods => Change::Pod(Delta::Apply(objects::pod(json).unwrap())),
        Kind::StatefulSets => workload(WorkloadKind::StatefulSet, objects::stateful_set(json).unwrap()),
        Kind::Deployments => workload(WorkloadKind::Deployment, objects::deployment(json).unwrap()),
        Kind::Jobs => workload(WorkloadKind::Job, objects::job(json).unwrap()),
        Kind::ReplicaSets => Change::ReplicaSet(Delta::Apply(objects::replica_set(json).unwrap())),
        Kind::Secrets => Change::Revision(Delta::Apply(objects::revision(json).unwrap())),
        Kind::ConfigMaps => {
            let map = objects::config_map(json).unwrap();
            // The watch selects by that label.
            map.app.is_some().then_some(Change::ConfigMap(Delta::Apply(map)))?
        }
    })
}

fn deleted(kind: Kind, object: &store::Object) -> Change {
    fn gone<T>(object: &store::Object) -> Delta<T> {
        Delta::Delete { namespace: object.namespace().into(), name: object.name().into() }
    }
    match kind {
        Kind::Pods => Change::Pod(gone(object)),
        Kind::StatefulSets => Change::Workload(WorkloadKind::StatefulSet, gone(object)),
        Kind::Deployments => Change::Workload(WorkloadKind::Deployment, gone(object)),
        Kind::Jobs => Change::Workload(WorkloadKind::Job, gone(object)),
        Kind::ReplicaSets => Change::ReplicaSet(gone(object)),
        Kind::Secrets => Change::Revision(gone(object)),
        Kind::ConfigMaps => Change::ConfigMap(gone(object)),
    }
}

fn reading(want: &EndpointWant, held: &Held) -> Option<Change> {
    let host = want.url.strip_prefix("http://")?.split(':').next()?;
    match held.world.metrics_page(host, held.now)? {
        MetricsAnswer::Page(page) => {
            let mut parser = Parser::new(Format::Text, families::is_of_interest);
            parser.feed(page.as_bytes()).unwrap();
            let values = families::reduce(&parser.finish().unwrap(), LatencyUnit::Milliseconds);
            Some(Change::Reading(Reading {
                suite: want.suite.clone(),
                component: want.component,
                pod_uid: want.pod_uid.clone(),
                at: held.now,
                topics: values.topics,
                values: values.others,
                schema_version: values.schema_version,
                build: values.build,
                config_times: values.config_times,
            }))
        }
        MetricsAnswer::Status(_) => None,
    }
}

/// The changes of what was said, each with its instant: equal neighbours are one.
#[derive(Clone, Debug, Default)]
pub struct Sequence(pub BTreeMap<Component, Vec<(Timestamp, Said)>>);

impl Sequence {
    pub fn note(&mut self, now: Timestamp, suite: &SuiteSnapshot) {
        for &component in Component::ALL {
            let said = Said::from(suite.assessment.components.get(component));
            let sequence = self.0.entry(component).or_default();
            if sequence.last().is_none_or(|(_, last)| *last != said) {
                sequence.push((now, said));
            }
        }
    }

    /// For people: one line for each turn, in minutes of the scenario.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (component, sequence) in &self.0 {
            for (at, said) in sequence {
                let minutes = at.duration_since(start()).as_secs_f64() / 60.0;
                let _ = writeln!(text, "  {component} {minutes:7.2}m {} {}", said.stage, said.verdict);
            }
        }
        text
    }
}
