//! The sources: how each stands, when it was last heard, and whose evidence it is.
//!
//! Silence is noticed here, once a second, and only a turn (fresh to stale and back) makes suites be judged again. Not for
//! hearing: the observers write the contacts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::assess::snapshot::SourceSnapshot;
use crate::model::names::Name;
use crate::model::scope::HelmAccess;
use crate::model::source::{Contact, ErrorKind, Freshness, SourceCondition, SourceId, SourceKind};
use crate::model::suite::Suite;
use crate::model::time::{Timestamp, after};

/// The kinds that are watched; the others are read when something is wanted of them.
const WATCHES: [SourceKind; 6] = [
    SourceKind::Pods,
    SourceKind::StatefulSets,
    SourceKind::Deployments,
    SourceKind::ReplicaSets,
    SourceKind::Jobs,
    SourceKind::Helm,
];

struct Source {
    contact: Arc<Contact>,
    stale_after: Duration,
    condition: SourceCondition,
    freshness: Freshness,
    errors: BTreeMap<ErrorKind, u64>,
    last_error: Option<Arc<str>>,
}

/// What [`SourceTable::refresh`] found.
pub struct Turned {
    /// Suites whose evidence became fresh or ceased to be.
    pub suites: Vec<usize>,
    /// Whether anything about the sources is to be published.
    pub changed: bool,
}

/// All sources.
pub struct SourceTable {
    sources: BTreeMap<SourceId, Source>,
    by_namespace: HashMap<Name, Vec<usize>>,
    /// Kinds and namespaces of which not every object can be read.
    unreadable: BTreeSet<(SourceKind, Name)>,
    suites: usize,
    /// Whether Helm's releases are read at all.
    reads_helm: bool,
    changed: bool,
    snapshot: Arc<Vec<SourceSnapshot>>,
}

impl SourceTable {
    /// A table without sources: everything is still starting.
    pub fn new(suites: &[Arc<Suite>]) -> Self {
        let mut by_namespace: HashMap<Name, Vec<usize>> = HashMap::new();
        for (place, suite) in suites.iter().enumerate() {
            for (_, member) in suite.members.iter() {
                by_namespace.entry(member.namespace.clone()).or_default().push(place);
            }
        }
        Self {
            sources: BTreeMap::new(),
            by_namespace,
            unreadable: BTreeSet::new(),
            suites: suites.len(),
            reads_helm: suites.iter().all(|suite| suite.helm_access == HelmAccess::Read),
            changed: false,
            snapshot: Arc::default(),
        }
    }

    /// Adds a source; a second time changes nothing.
    pub fn add(&mut self, id: SourceId, contact: Arc<Contact>, stale_after: Duration) {
        self.sources.entry(id).or_insert_with(|| Source {
            contact,
            stale_after,
            condition: SourceCondition::Starting,
            freshness: Freshness::Starting,
            errors: BTreeMap::new(),
            last_error: None,
        });
        self.changed = true;
    }

    /// Notes a source's own account. One that does well has no last error any more.
    pub fn condition(&mut self, id: &SourceId, condition: SourceCondition) {
        if let Some(source) = self.sources.get_mut(id) {
            source.condition = condition;
            if condition == SourceCondition::Synced {
                source.last_error = None;
            }
            self.changed = true;
        }
    }

    /// Counts an error.
    pub fn error(&mut self, id: &SourceId, kind: ErrorKind, detail: &Arc<str>) {
        if let Some(source) = self.sources.get_mut(id) {
            *source.errors.entry(kind).or_insert(0) += 1;
            source.last_error = Some(detail.clone());
            self.changed = true;
        }
    }

    /// Notes whether a namespace holds objects of a kind that cannot be read. One that is no suite's is not kept.
    pub fn unreadable(&mut self, kind: SourceKind, namespace: &Name, any: bool) {
        let place = (kind, Name::clone(namespace));
        if any && self.by_namespace.contains_key(namespace) {
            self.unreadable.insert(place);
        } else {
            self.unreadable.remove(&place);
        }
    }

    /// The suites that have a component in a namespace.
    pub fn in_namespace(&self, namespace: &Name) -> &[usize] {
        self.by_namespace.get(namespace).map_or(&[], |suites| suites)
    }

    /// Finds out which sources turned by `now`.
    pub fn refresh(&mut self, now: Timestamp) -> Turned {
        let mut suites = Vec::new();
        for (id, source) in &mut self.sources {
            let freshness = source.freshness_at(now);
            if freshness != source.freshness {
                source.freshness = freshness;
                self.changed = true;
                match &id.namespace {
                    Some(namespace) => suites.extend(self.by_namespace.get(namespace).into_iter().flatten()),
                    None => suites.extend(0..self.suites),
                }
            }
        }
        let changed = std::mem::take(&mut self.changed);
        if changed {
            self.snapshot = Arc::new(self.sources.iter().map(|(id, source)| source.snapshot(id)).collect());
        }
        Turned { suites, changed }
    }

    /// How fresh the evidence of a kind is for a namespace.
    pub fn freshness(&self, kind: SourceKind, namespace: &Name) -> Freshness {
        if !self.reads_helm && matches!(kind, SourceKind::Helm | SourceKind::HelmBodies) {
            return Freshness::Off;
        }
        let told = [Some(namespace.clone()), None]
            .into_iter()
            .find_map(|namespace| self.sources.get(&SourceId { kind, namespace }))
            .map_or(Freshness::Starting, |source| source.freshness);
        let is_partial = told == Freshness::Fresh && self.unreadable.contains(&(kind, namespace.clone()));
        if is_partial { Freshness::Unreadable } else { told }
    }

    /// Whether every watch has synced once, or cannot for lack of permission. A kind without any source has not: it is
    /// still being found out what may be watched.
    pub fn all_began(&self) -> bool {
        let began = |source: &Source| source.freshness != Freshness::Starting;
        let watched = |kind: &&SourceKind| self.reads_helm || **kind != SourceKind::Helm;
        WATCHES.iter().filter(watched).all(|kind| self.sources.keys().any(|id| id.kind == *kind))
            && self.sources.iter().all(|(id, source)| !WATCHES.contains(&id.kind) || began(source))
    }

    /// The sources as of the last refresh.
    pub fn snapshot(&self) -> Arc<Vec<SourceSnapshot>> {
        self.snapshot.clone()
    }
}

impl Source {
    fn freshness_at(&self, now: Timestamp) -> Freshness {
        match self.condition {
            SourceCondition::Starting => Freshness::Starting,
            SourceCondition::Forbidden => Freshness::Forbidden,
            SourceCondition::Synced => {
                let heard = self.contact.last().is_some_and(|last| now < after(last, self.stale_after));
                if heard { Freshness::Fresh } else { Freshness::Stale }
            }
        }
    }

    fn snapshot(&self, id: &SourceId) -> SourceSnapshot {
        SourceSnapshot {
            id: id.clone(),
            freshness: self.freshness,
            contact: self.contact.clone(),
            stale_after: self.stale_after,
            errors: self.errors.clone(),
            last_error: self.last_error.clone(),
        }
    }
}
