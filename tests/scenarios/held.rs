//! The held clock: plays a scenario event by event and feeds watchers with what the cluster shows.
//!
//! A watcher is one exporter: a board of its own, and its own times for reading metrics. Several may watch one world,
//! each from a moment of its own, as an exporter that was killed and started again would.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::assess::assessment::{ComponentAssessment, Stage, VerdictKind};
use gim_upgrade_exporter::assess::snapshot::SuiteSnapshot;
use gim_upgrade_exporter::board::Board;
use gim_upgrade_exporter::exposition::{Format, Parser};
use gim_upgrade_exporter::index::change::{Change, Delta};
use gim_upgrade_exporter::model::names::{Component, Name};
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::release::BodyState;
use gim_upgrade_exporter::model::scope::{HelmAccess, HelmDriver, LatencyUnit};
use gim_upgrade_exporter::model::signal::Reading;
use gim_upgrade_exporter::model::source::{Contact, SourceCondition, SourceId, SourceKind};
use gim_upgrade_exporter::model::time::{Timestamp, after, before, between};
use gim_upgrade_exporter::model::wants::{BodyWant, EndpointWant};
use gim_upgrade_exporter::model::workload::WorkloadKind;
use gim_upgrade_exporter::observe::signals::families::{self, Values};
use gim_upgrade_exporter::observe::{helm_body, objects};
use gim_upgrade_exporter::sim::metrics_page::MetricsAnswer;
use gim_upgrade_exporter::sim::scenario::{Scenario, SourceState};
use gim_upgrade_exporter::sim::store::{self, ChangeType, Kind, Store};
use gim_upgrade_exporter::sim::world::World;

#[path = "around.rs"]
mod around;
#[path = "configured.rs"]
mod configured;

use self::around::Around;
pub use self::configured::{FIRST, policy, suites};

/// When every scenario starts.
pub fn start() -> Timestamp {
    "2026-03-02T22:00:00Z".parse().unwrap()
}

/// A cluster under a held clock.
pub struct Held {
    pub world: World,
    pub store: Store,
    pub now: Timestamp,
    pub scenario: Scenario,
    revision: u64,
    bodies: RefCell<HashMap<BodyWant, BodyState>>,
    /// What each page last said, and when.
    pages: RefCell<HashMap<Name, (Timestamp, Option<Values>)>>,
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
        let scenario = scenario.clone();
        let mut held = Self {
            world,
            store: Store::new(),
            now,
            scenario,
            revision: 0,
            bodies: RefCell::default(),
            pages: RefCell::default(),
        };
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
            let is_concerned =
                |watcher: &Watcher| !changes.is_empty() || watcher.is_due(next) || watcher.is_answered_otherwise(self);
            for watcher in watchers.iter_mut() {
                if is_concerned(watcher) {
                    watcher.see(&changes, self);
                }
            }
            each(self, watchers);
        }
    }

    /// What changed since this was last asked, decoded once for all watchers.
    fn changes(&mut self) -> Vec<Change> {
        let changes = self.store.changes_since(self.revision).unwrap();
        self.revision = self.store.revision();
        let decode = |change: &store::Change| match change.change {
            ChangeType::Deleted => deleted(change.kind, &change.object),
            _ => added(change.kind, &change.object.to_json()),
        };
        changes.iter().filter_map(decode).collect()
    }

    /// What a page says now, decoded once for all watchers that read it at the same moment.
    fn page(&self, url: &Name) -> Option<Values> {
        let mut pages = self.pages.borrow_mut();
        if let Some((at, values)) = pages.get(url)
            && *at == self.now
        {
            return values.clone();
        }
        let host = url.strip_prefix("http://").and_then(|rest| rest.split(':').next());
        let values = match host.and_then(|host| self.world.metrics_page(host, self.now)) {
            Some(MetricsAnswer::Page(page)) => {
                let mut parser = Parser::new(Format::Text, families::is_of_interest);
                parser.feed(page.as_bytes()).unwrap();
                Some(families::reduce(&parser.finish().unwrap(), LatencyUnit::Milliseconds))
            }
            Some(MetricsAnswer::Status(_)) | None => None,
        };
        pages.insert(url.clone(), (self.now, values.clone()));
        values
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
    /// How each source answered when it last looked.
    states: HashMap<SourceKind, SourceState>,
    looked: Timestamp,
    reads: HashMap<EndpointWant, Timestamp>,
    around: Around,
    /// What it says of each component of each suite, as last judged.
    said: Vec<(Place, Said)>,
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

/// What divides the moments at which those that joined later read.
const BEAT: Duration = Duration::from_secs(5);

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
        let policy = policy(&held.scenario);
        let suites = suites(&held.scenario);
        let around = Around::new(&suites, held.now);
        let board = Board::new(suites.clone(), policy.clone(), held.now);
        let reads_helm = suites.iter().any(|suite| suite.helm_access == HelmAccess::Read);
        let is_read = |kind: &SourceKind| reads_helm || !matches!(kind, SourceKind::Helm | SourceKind::HelmBodies);
        let contacts: Vec<_> = SOURCES.into_iter().filter(is_read).map(|kind| (kind, Arc::default())).collect();
        let states = contacts.iter().map(|(kind, _)| (*kind, held.world.source(kind.as_str()))).collect();
        let (joined, looked, reads, said) = (held.now, held.now, HashMap::new(), Vec::new());
        let mut watcher = Self { board, joined, policy, contacts, losses, states, looked, reads, around, said };
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

    /// Whether it has a source that answers, or has not lost it yet.
    fn has(&self, kind: SourceKind, now: Timestamp) -> bool {
        self.states.get(&kind).is_none_or(|state| *state == SourceState::Back)
            && !self.losses.iter().any(|loss| loss.kind == kind && loss.from <= now)
    }

    /// Whether a source answers otherwise than when it last looked.
    fn is_answered_otherwise(&self, held: &Held) -> bool {
        self.states.iter().any(|(kind, state)| held.world.source(kind.as_str()) != *state)
    }

    /// Takes in how the sources answer now; one that is back lists all anew.
    fn hear_sources(&mut self, held: &Held) {
        for (kind, before) in &mut self.states {
            let state = held.world.source(kind.as_str());
            let source = SourceId { kind: *kind, namespace: None };
            match (std::mem::replace(before, state), state) {
                (_, SourceState::Forbidden) => {
                    self.board.apply(Change::SourceCondition(source, SourceCondition::Forbidden));
                }
                (SourceState::Silent | SourceState::Forbidden, SourceState::Back) => {
                    if let Some(listed) = listed(*kind, held) {
                        self.board.apply(listed);
                    }
                    self.board.apply(Change::SourceCondition(source, SourceCondition::Synced));
                }
                (_, SourceState::Back | SourceState::Silent) => {}
            }
        }
    }

    /// The first tenant's suite as it was last judged.
    pub fn suite(&self) -> Arc<SuiteSnapshot> {
        self.board.snapshot().suites[0].clone()
    }

    /// All suites as they were last judged; that of the first tenant is the first.
    pub fn suites(&self) -> Vec<Arc<SuiteSnapshot>> {
        self.board.snapshot().suites
    }

    /// The suite of that name as it was last judged.
    pub fn suite_called(&self, name: &str) -> Arc<SuiteSnapshot> {
        self.suites().into_iter().find(|suite| *suite.suite.name == *name).unwrap()
    }

    /// What it says of each component of each suite.
    pub fn said(&self) -> &[(Place, Said)] {
        &self.said
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    fn due(&self) -> Option<Timestamp> {
        let read = self.reads.values().min().copied();
        // Watches are heard at least this often; else a quiet night would look like silence.
        let contact = Some(after(self.looked, Duration::from_secs(45)));
        // That it may not ask any more it is told at once.
        let lost = self.losses.iter().map(|loss| loss.from).filter(|from| *from > self.looked).min();
        [self.board.due(), read, contact, self.around.due(), lost].into_iter().flatten().min()
    }

    fn see(&mut self, changes: &[Change], held: &Held) {
        self.hear_sources(held);
        for change in changes {
            if source_of(change).is_none_or(|kind| self.states.contains_key(&kind) && self.has(kind, held.now)) {
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
        let losses = &self.losses;
        let has = |kind| !losses.iter().any(|loss| loss.kind == kind && loss.from <= held.now);
        self.around.ask(held, &self.policy, &mut self.board, has);
        self.judge(held);
    }

    /// When what was read now is read again. One that joined later does so at a whole [`BEAT`], in one of three beats of an
    /// interval, so that many of them share what was decoded.
    fn next_read(&self, now: Timestamp) -> Timestamp {
        let next = after(now, self.policy.signal_interval);
        if self.joined <= start() {
            return next;
        }
        let over = between(start(), next).as_nanos() % BEAT.as_nanos();
        before(next, Duration::from_nanos(u64::try_from(over).unwrap()))
    }

    /// Judges, reads what is wanted because of it, and judges again, until nothing is wanted any more.
    fn judge(&mut self, held: &Held) {
        let mut changed = self.said.is_empty();
        loop {
            changed |= self.board.judge(held.now);
            let wants = self.board.wants();
            let has_bodies = self.has(SourceKind::HelmBodies, held.now);
            for want in wants.bodies.iter().filter(|_| has_bodies) {
                self.board.apply(held.body(want));
            }
            self.reads.retain(|want, _| wants.endpoints.contains(want));
            let next = self.next_read(held.now);
            for want in &wants.endpoints {
                let due = self.reads.entry(want.clone()).or_insert(held.now);
                if *due <= held.now {
                    *due = next;
                    let has_signals = self.has(SourceKind::Signals, held.now);
                    if let Some(reading) = reading(want, held).filter(|_| has_signals) {
                        self.board.apply(reading);
                    }
                }
            }
            if wants.bodies.is_empty() || !has_bodies {
                changed |= self.board.judge(held.now);
                break;
            }
        }
        if changed {
            self.said = self.suites().iter().flat_map(|suite| said(suite)).collect();
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

/// All objects of a watch as they are now; `None` for what is no watch.
fn listed(kind: SourceKind, held: &Held) -> Option<Change> {
    fn all<T>(held: &Held, kind: Kind, read: impl Fn(&[u8]) -> T) -> Delta<T> {
        let items = held.store.iter(kind).map(|object| read(&object.to_json())).collect();
        Delta::Reset { namespace: None, items }
    }
    Some(match kind {
        SourceKind::Pods => Change::Pod(all(held, Kind::Pods, |json| objects::pod(json).unwrap())),
        SourceKind::StatefulSets => {
            let sets = all(held, Kind::StatefulSets, |json| objects::stateful_set(json).unwrap());
            Change::Workload(WorkloadKind::StatefulSet, sets)
        }
        SourceKind::Deployments => {
            let deployments = all(held, Kind::Deployments, |json| objects::deployment(json).unwrap());
            Change::Workload(WorkloadKind::Deployment, deployments)
        }
        SourceKind::Jobs => {
            Change::Workload(WorkloadKind::Job, all(held, Kind::Jobs, |json| objects::job(json).unwrap()))
        }
        SourceKind::ReplicaSets => {
            Change::ReplicaSet(all(held, Kind::ReplicaSets, |json| objects::replica_set(json).unwrap()))
        }
        SourceKind::Helm => Change::Revision(all(held, Kind::Secrets, |json| objects::revision(json).unwrap())),
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
        Kind::CronJobs => return None,
    })
}

fn deleted(kind: Kind, object: &store::Object) -> Option<Change> {
    fn gone<T>(object: &store::Object) -> Delta<T> {
        Delta::Delete { namespace: object.namespace().into(), name: object.name().into() }
    }
    Some(match kind {
        Kind::Pods => Change::Pod(gone(object)),
        Kind::StatefulSets => Change::Workload(WorkloadKind::StatefulSet, gone(object)),
        Kind::Deployments => Change::Workload(WorkloadKind::Deployment, gone(object)),
        Kind::Jobs => Change::Workload(WorkloadKind::Job, gone(object)),
        Kind::ReplicaSets => Change::ReplicaSet(gone(object)),
        Kind::Secrets => Change::Revision(gone(object)),
        Kind::ConfigMaps => Change::ConfigMap(gone(object)),
        Kind::CronJobs => return None,
    })
}

pub fn reading(want: &EndpointWant, held: &Held) -> Option<Change> {
    let values = held.page(&want.url)?;
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

/// A component of a suite.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Name, pub Component);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            FIRST => write!(out, "{}", self.1),
            suite => write!(out, "{suite}/{}", self.1),
        }
    }
}

/// What is said of each component of a suite that is its own.
fn said(suite: &SuiteSnapshot) -> Vec<(Place, Said)> {
    let own = suite.suite.members.iter().filter(|(_, member)| member.owner.is_none());
    let name = &suite.suite.name;
    own.map(|(component, _)| (Place(name.clone(), component), Said::from(suite.assessment.components.get(component))))
        .collect()
}

/// The changes of what was said, each with its instant: equal neighbours are one.
#[derive(Clone, Debug, Default)]
pub struct Sequence(pub BTreeMap<Place, Vec<(Timestamp, Said)>>);

impl Sequence {
    pub fn note(&mut self, now: Timestamp, suite: &SuiteSnapshot) {
        for (place, said) in said(suite) {
            let sequence = self.0.entry(place).or_default();
            if sequence.last().is_none_or(|(_, last)| *last != said) {
                sequence.push((now, said));
            }
        }
    }

    /// For people: one line for each turn, in minutes of the scenario.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (place, sequence) in &self.0 {
            for (at, said) in sequence {
                let minutes = at.duration_since(start()).as_secs_f64() / 60.0;
                let _ = writeln!(text, "  {place} {minutes:7.2}m {} {}", said.stage, said.verdict);
            }
        }
        text
    }
}
