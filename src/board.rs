//! The board: the one owner of indexes, memory and clock. Applies changes, has suites judged, publishes snapshots.
//!
//! A suite is judged when its facts change, when one of its sources falls silent or speaks again, and when its last
//! judgement's `valid_until` comes. No scrape judges. [`Board`] itself is synchronous and is told the time, so that tests
//! hold the clock; [`run()`] gives it the real one. Not for deciding anything: that is `assess`.

mod inheritance;
mod run;
mod sharing;
mod sources;

pub use inheritance::Former;
pub use run::{Progress, SystemClock, run};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sharing::Sharing;
use sources::SourceTable;

use crate::assess::assess_shared;
use crate::assess::refill::refill;
use crate::assess::remember;
use crate::assess::shared::Tells;
use crate::assess::snapshot::{Snapshot, SuiteSnapshot};
use crate::assess::wants::wants;
use crate::index::change::Change;
use crate::index::{Index, Touched};
use crate::model::facts::Sources;
use crate::model::memory::Memory;
use crate::model::names::Component;
use crate::model::policy::Policy;
use crate::model::signal::Past;
use crate::model::source::{Freshness, SourceKind};
use crate::model::suite::Suite;
use crate::model::time::Timestamp;
use crate::model::wants::{BodyWant, Wants};

/// What the board keeps of one suite.
struct Kept {
    /// The latest snapshot's, unless that one is older: what is remembered changes more often than what is shown.
    memory: Arc<Memory>,
    latest: Arc<SuiteSnapshot>,
    /// Whether Helm's bodies were read once: before that Helm's history is not known, however fresh its watch is.
    primed: bool,
}

/// Indexes, memories and the latest judgements of all suites.
pub struct Board {
    index: Index,
    policy: Arc<Policy>,
    sources: SourceTable,
    sharing: Sharing,
    kept: Vec<Kept>,
    /// What sources remember of the time before memory began, until it was taken in.
    past: BTreeMap<(usize, Component), Past>,
    /// Suites to be judged; those that have borrowed a component after all others, their owners among them.
    dirty: BTreeSet<(bool, usize)>,
    due: BTreeSet<(Timestamp, usize)>,
    wants: Arc<Wants>,
    wants_changed: bool,
    sequence: u64,
    now: Timestamp,
    /// Whether a suite was ever judged on all of its evidence.
    begun: bool,
    /// The board before this one, for as long as there is something to take over.
    former: Option<Former>,
}

impl Board {
    /// A board that knows nothing yet. A suite's memory begins when it is first judged on all of its evidence.
    #[must_use]
    pub fn new(suites: Vec<Suite>, policy: Policy, now: Timestamp) -> Self {
        let mut suites: Vec<Arc<Suite>> = suites.into_iter().map(Arc::new).collect();
        // Pages are sorted by suite: the order of the configuration has no meaning.
        suites.sort_by(|a, b| a.name.cmp(&b.name));
        let index = Index::new(suites.clone());
        let sources = SourceTable::new(&suites);
        let sharing = Sharing::new(&suites);
        let policy = Arc::new(policy);
        let mut board = Self {
            index,
            policy,
            sources,
            sharing,
            kept: Vec::new(),
            past: BTreeMap::new(),
            dirty: BTreeSet::new(),
            due: BTreeSet::new(),
            wants: Arc::default(),
            // A fixed URL is wanted from the start, whatever is heard.
            wants_changed: true,
            sequence: 0,
            now,
            begun: false,
            former: None,
        };
        for place in 0..suites.len() {
            if let Some((latest, tells)) = board.assess(place, Memory::new(now), false, now) {
                let memory = Arc::clone(&latest.memory);
                board.kept.push(Kept { memory, latest: Arc::new(latest), primed: false });
                board.told(place, &tells);
            }
        }
        board
    }

    /// Takes a change in. Nothing is judged before [`Board::judge`].
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::SourceAdded { source, contact, stale_after } => self.sources.add(source, contact, stale_after),
            Change::SourceCondition(source, condition) => self.sources.condition(&source, condition),
            Change::Unreadable { kind, namespace, any } => {
                self.sources.unreadable(kind, &namespace, any);
                let concerned = self.sources.in_namespace(&namespace).to_vec();
                self.touch(concerned);
            }
            Change::SourceError { source, kind, detail } => self.sources.error(&source, kind, &detail),
            Change::Past(past) => {
                if let Some(place) = self.index.place(&past.suite) {
                    self.past.insert((place, past.component), past);
                    self.touch([place]);
                }
            }
            other => match self.index.apply(other) {
                Touched::None => {}
                Touched::Some(places) => self.touch(places),
                Touched::All => self.touch(0..self.kept.len()),
            },
        }
    }

    /// Has these suites judged.
    fn touch(&mut self, places: impl IntoIterator<Item = usize>) {
        let sharing = &self.sharing;
        self.dirty.extend(places.into_iter().map(|place| (sharing.borrows(place), place)));
    }

    /// Takes in what a suite tells those that share a component with it, and has those judged for which it changes
    /// something. That ends: what a suite tells follows from its own components and from what was lent to it.
    fn told(&mut self, place: usize, tells: &Tells) {
        let concerned = self.sharing.told(place, tells);
        self.touch(concerned);
    }

    /// Judges every suite whose facts changed, whose sources turned, or whose judgement ends. Tells whether anything is
    /// to be published.
    pub fn judge(&mut self, now: Timestamp) -> bool {
        // Clocks may be set back; judgements never are. But the API server's clock is known only once it has answered, and
        // ours may be far from it until then.
        self.now = if self.begun { self.now.max(now) } else { now };
        let turned = self.sources.refresh(self.now);
        self.touch(turned.suites);
        while let Some(&(at, place)) = self.due.first().filter(|(at, _)| *at <= self.now) {
            self.due.remove(&(at, place));
            self.touch([place]);
        }
        let mut changed = turned.changed;
        while let Some((_, place)) = self.dirty.pop_first() {
            let (published, wants) = self.judge_one(place);
            changed |= published;
            self.wants_changed |= wants;
        }
        self.sequence += u64::from(changed);
        if self.former.is_some() && self.kept.iter().all(Kept::has_begun) {
            self.former = None;
        }
        changed
    }

    /// When something is to be judged although nothing changes: the nearest end of a judgement.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether something else is wanted than [`Board::wants`] last told.
    #[must_use]
    pub const fn wants_changed(&self) -> bool {
        self.wants_changed
    }

    /// What all suites want read. The same `Arc` for as long as it is the same. Gathered from every suite where it changed,
    /// so not to be asked for at each of a thousand changes.
    pub fn wants(&mut self) -> Arc<Wants> {
        if std::mem::take(&mut self.wants_changed) {
            self.wants = Arc::new(self.all_wants());
        }
        self.wants.clone()
    }

    /// Everything as it was last judged.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            sequence: self.sequence,
            taken: self.now,
            policy: self.policy.clone(),
            suites: self.kept.iter().map(|kept| kept.latest.clone()).collect(),
            sources: self.sources.snapshot(),
            ready: self.sources.all_began() && self.kept.iter().all(Kept::has_begun),
        }
    }

    /// Judges one suite; tells whether the result is to be published, and whether it wants something else read.
    fn judge_one(&mut self, place: usize) -> (bool, bool) {
        let now = self.now;
        let Some(kept) = self.kept.get(place) else { return (false, false) };
        let (begun, primed) = (kept.has_begun().then(|| Memory::clone(&kept.memory)), kept.primed);
        let memory = begun.or_else(|| self.inherit(place, now)).unwrap_or_else(|| Memory::new(now));
        let Some((mut snapshot, mut tells)) = self.assess(place, memory, primed, now) else { return (false, false) };
        if !primed && self.has_bodies(&snapshot.wants) && self.helm_is_fresh(place) {
            let memory = Arc::unwrap_or_clone(snapshot.memory);
            let Some(again) = self.assess(place, memory, true, now) else { return (false, false) };
            (snapshot, tells) = again;
            if let Some(kept) = self.kept.get_mut(place) {
                kept.primed = true;
            }
        }
        self.told(place, &tells);
        let valid_until = snapshot.assessment.valid_until;
        let Some(kept) = self.kept.get_mut(place) else { return (false, false) };
        if let Some(former) = kept.latest.assessment.valid_until {
            self.due.remove(&(former, place));
        }
        if let Some(at) = valid_until {
            self.due.insert((at, place));
        }
        snapshot.assessment.share(&kept.latest.assessment);
        let wants_changed = kept.latest.wants != snapshot.wants;
        let changed = kept.latest.facts != snapshot.facts || kept.latest.assessment != snapshot.assessment;
        kept.memory = Arc::clone(&snapshot.memory);
        if changed || wants_changed {
            kept.latest = Arc::new(snapshot);
        }
        if kept.has_begun() {
            self.begun = true;
            // Memory begins anew until then, so what it took in before is lost.
            self.past.retain(|(of, _), _| *of != place);
        }
        (changed, wants_changed)
    }

    fn assess(&self, place: usize, mut memory: Memory, primed: bool, now: Timestamp) -> Option<(SuiteSnapshot, Tells)> {
        let suite = self.index.suites().get(place)?.clone();
        let facts = self.index.facts(place, |component| {
            let namespace = &suite.members.get(component).namespace;
            let freshness = |kind| self.sources.freshness(kind, namespace);
            let workloads = [SourceKind::StatefulSets, SourceKind::Deployments, SourceKind::ReplicaSets];
            let helm = freshness(SourceKind::Helm);
            Sources {
                pods: freshness(SourceKind::Pods),
                workloads: workloads.into_iter().map(freshness).max().unwrap_or(Freshness::Starting),
                helm: if primed || helm == Freshness::Off { helm } else { helm.max(Freshness::Starting) },
                bodies: freshness(SourceKind::HelmBodies),
                config_maps: freshness(SourceKind::ConfigMaps),
                prometheus: freshness(SourceKind::Prometheus),
            }
        })?;
        remember::seen(&mut memory, &facts, &self.policy, now);
        for component in Component::ALL {
            if let Some(past) = self.past.get(&(place, *component)) {
                refill(&mut memory, &facts, past, &self.policy);
            }
        }
        let shared = self.sharing.shared(place);
        let (assessment, tells) = assess_shared(&facts, &memory, &shared, &self.policy, now);
        remember::concluded(&mut memory, &suite, &assessment, &self.policy, now);
        let (wants, memory) = (wants(&suite, &facts, &assessment), Arc::new(memory));
        Some((SuiteSnapshot { suite, facts, assessment, shared, memory, wants, judged: now }, tells))
    }

    /// Whether every body that is wanted was read, or may not be.
    fn has_bodies(&self, wants: &Wants) -> bool {
        let freshness = |want: &BodyWant| self.sources.freshness(SourceKind::HelmBodies, &want.namespace);
        wants.bodies.iter().all(|want| freshness(want) == Freshness::Forbidden)
    }

    fn helm_is_fresh(&self, place: usize) -> bool {
        self.index.suites().get(place).is_some_and(|suite| {
            suite
                .members
                .iter()
                .all(|(_, member)| self.sources.freshness(SourceKind::Helm, &member.namespace) != Freshness::Starting)
        })
    }

    fn all_wants(&self) -> Wants {
        let mut all = Wants::default();
        for kept in &self.kept {
            all.bodies.extend_from_slice(&kept.latest.wants.bodies);
            all.endpoints.extend_from_slice(&kept.latest.wants.endpoints);
            all.queries.extend_from_slice(&kept.latest.wants.queries);
        }
        all.bodies.sort_unstable();
        all.bodies.dedup();
        all.endpoints.sort_unstable();
        all
    }
}

impl Kept {
    /// Whether it was judged on all of its evidence: observers that have not even announced themselves count too.
    fn has_begun(&self) -> bool {
        let begun = |sources: &Sources| sources.pods.max(sources.workloads) != Freshness::Starting;
        let all_begun = self.latest.facts.components.iter().all(|(_, facts)| begun(&facts.sources));
        all_begun && (self.primed || self.is_blind())
    }

    /// Whether Helm's history may not be read, so that its bodies need not be waited for.
    fn is_blind(&self) -> bool {
        self.latest.facts.components.iter().all(|(_, facts)| facts.sources.helm == Freshness::Forbidden)
    }
}

#[cfg(test)]
mod tests;
