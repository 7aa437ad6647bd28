//! Revisions of the releases that suites have, by namespace, release and number.
//!
//! A body stays with its revision while Helm writes the object again, until the new body is read: a rollout would
//! otherwise flicker to unknown at each of Helm's writes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::change::Delta;
use crate::model::names::Name;
use crate::model::release::{BodyState, ReleaseFacts, Revision};
use crate::model::suite::Suite;
use crate::model::wants::BodyWant;

type History = BTreeMap<u32, Arc<Revision>>;

/// The revisions that are known.
#[derive(Debug)]
pub struct Releases {
    watched: HashSet<(Name, Name)>,
    histories: HashMap<Name, HashMap<Name, History>>,
}

impl Releases {
    /// An empty index that keeps the main and companion releases of these suites.
    pub fn new(suites: &[Arc<Suite>]) -> Self {
        let mut watched = HashSet::new();
        for (_, member) in suites.iter().flat_map(|suite| suite.members.iter()) {
            for release in [Some(&member.release), member.companion.as_ref()].into_iter().flatten() {
                watched.insert((member.namespace.clone(), release.clone()));
            }
        }
        Self { watched, histories: HashMap::new() }
    }

    /// Takes a change in.
    pub fn apply(&mut self, delta: Delta<Revision>) {
        match delta {
            Delta::Apply(revision) => self.insert(revision, None),
            Delta::Delete { namespace, name } => self.retain(Some(&namespace), |revision| revision.object != name),
            Delta::Reset { namespace, items } => {
                let former = match &namespace {
                    Some(namespace) => {
                        self.histories.remove(namespace).into_iter().map(|h| (namespace.clone(), h)).collect()
                    }
                    None => std::mem::take(&mut self.histories),
                };
                for revision in items {
                    let old = former
                        .get(&revision.namespace)
                        .and_then(|releases| releases.get(&revision.release))
                        .and_then(|history| history.get(&revision.revision));
                    self.insert(revision, old.map(|old| &**old));
                }
            }
        }
    }

    /// Takes in the body of a storage object; one of an object that is gone or was made anew is dropped.
    pub fn body(&mut self, want: &BodyWant, state: BodyState) {
        let Some(releases) = self.histories.get_mut(&want.namespace) else { return };
        let revision = releases.values_mut().flat_map(BTreeMap::values_mut).find(|r| r.object == want.object);
        if let Some(revision) = revision.filter(|revision| revision.uid == want.uid) {
            let revision = Arc::make_mut(revision);
            revision.body = state;
            revision.body_version = Some(want.resource_version.clone());
        }
    }

    /// The history of a release; empty where there is none.
    pub fn get(&self, namespace: &Name, release: &Name) -> ReleaseFacts {
        let history = self.histories.get(namespace).and_then(|releases| releases.get(release));
        ReleaseFacts { revisions: history.into_iter().flat_map(BTreeMap::values).cloned().collect() }
    }

    fn insert(&mut self, mut revision: Revision, former: Option<&Revision>) {
        let Some((namespace, release)) = self.watched.get(&(revision.namespace.clone(), revision.release.clone()))
        else {
            return;
        };
        // Thousands of revisions share a few namespaces and releases: they share the names, too.
        revision.namespace = namespace.clone();
        revision.release = release.clone();
        let history = self.histories.entry(namespace.clone()).or_default().entry(release.clone()).or_default();
        let former = history.get(&revision.revision).map(|former| &**former).or(former);
        if let Some(former) = former.filter(|former| former.uid == revision.uid) {
            revision.body = former.body.clone();
            revision.body_version.clone_from(&former.body_version);
        }
        history.insert(revision.revision, Arc::new(revision));
    }

    fn retain(&mut self, namespace: Option<&Name>, keep: impl Fn(&Revision) -> bool) {
        for (key, releases) in &mut self.histories {
            if namespace.is_none_or(|namespace| namespace == key) {
                for history in releases.values_mut() {
                    history.retain(|_, revision| keep(revision));
                }
                releases.retain(|_, history| !history.is_empty());
            }
        }
        self.histories.retain(|_, releases| !releases.is_empty());
    }
}
