//! Revisions of the releases that suites have, by namespace, release and number.
//!
//! A body stays with its revision while Helm writes the object again, until the new body is read: a rollout would
//! otherwise flicker to unknown at each of Helm's writes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::change::Delta;
use crate::model::names::Name;
use crate::model::release::{BodyState, ReleaseFacts, Revision};
use crate::model::suite::Suite;
use crate::model::wants::BodyWant;

/// The revisions of one release, oldest first.
#[derive(Debug)]
struct History {
    release: Name,
    revisions: Vec<Arc<Revision>>,
}

/// The histories of one namespace, sorted by release: lists and not trees or tables, which for the one or two releases that
/// a namespace mostly has take ten times the room.
type Histories = Vec<History>;

/// The revisions that are known.
#[derive(Debug)]
pub struct Releases {
    watched: HashSet<(Name, Name)>,
    histories: HashMap<Name, Histories>,
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
            Delta::Delete { namespace, name } => self.retain(Some(&namespace), |revision| !revision.is_object(&name)),
            Delta::Reset { namespace, items } => {
                let former = match &namespace {
                    Some(namespace) => {
                        self.histories.remove(namespace).into_iter().map(|h| (namespace.clone(), h)).collect()
                    }
                    None => std::mem::take(&mut self.histories),
                };
                for revision in items {
                    let history = former.get(&revision.namespace).and_then(|all| find(all, &revision.release));
                    let old = history.and_then(|history| history.get(revision.revision));
                    self.insert(revision, old.map(|old| &**old));
                }
                // A list is all there is for a long time: no room is kept for more.
                self.histories.values_mut().flatten().for_each(|history| history.revisions.shrink_to_fit());
            }
        }
    }

    /// Takes in the body of a storage object; one of an object that is gone or was made anew is dropped.
    pub fn body(&mut self, want: &BodyWant, state: BodyState) {
        let Some(releases) = self.histories.get_mut(&want.namespace) else { return };
        let mut all = releases.iter_mut().flat_map(|history| &mut history.revisions);
        let revision = all.find(|revision| revision.is_object(&want.object));
        if let Some(revision) = revision.filter(|revision| revision.uid == want.uid) {
            let revision = Arc::make_mut(revision);
            revision.body = state;
            revision.body_version = Some(want.resource_version.clone());
        }
    }

    /// The history of a release; empty where there is none.
    pub fn get(&self, namespace: &Name, release: &Name) -> ReleaseFacts {
        let history = self.histories.get(namespace).and_then(|all| find(all, release));
        ReleaseFacts { revisions: history.map(|history| history.revisions.clone()).unwrap_or_default() }
    }

    fn insert(&mut self, mut revision: Revision, former: Option<&Revision>) {
        let Some((namespace, release)) = self.watched.get(&(revision.namespace.clone(), revision.release.clone()))
        else {
            return;
        };
        // Thousands of revisions share a few namespaces and releases: they share the names, too.
        revision.namespace = namespace.clone();
        revision.release = release.clone();
        let histories = self.histories.entry(namespace.clone()).or_insert_with(|| Vec::with_capacity(1));
        let at = histories.binary_search_by(|history| history.release.cmp(release)).unwrap_or_else(|at| {
            histories.insert(at, History { release: release.clone(), revisions: Vec::new() });
            at
        });
        let Some(history) = histories.get_mut(at) else { return };
        let former = history.get(revision.revision).map(|former| &**former).or(former);
        if let Some(former) = former.filter(|former| former.uid == revision.uid) {
            revision.body = former.body.clone();
            revision.body_version.clone_from(&former.body_version);
        }
        history.insert(revision);
    }

    fn retain(&mut self, namespace: Option<&Name>, keep: impl Fn(&Revision) -> bool) {
        for (key, releases) in &mut self.histories {
            if namespace.is_none_or(|namespace| namespace == key) {
                releases.retain_mut(|history| {
                    history.revisions.retain(|revision| keep(revision));
                    !history.revisions.is_empty()
                });
            }
        }
        self.histories.retain(|_, releases| !releases.is_empty());
    }
}

impl History {
    fn place(&self, revision: u32) -> Result<usize, usize> {
        self.revisions.binary_search_by_key(&revision, |known| known.revision)
    }

    fn get(&self, revision: u32) -> Option<&Arc<Revision>> {
        self.revisions.get(self.place(revision).ok()?)
    }

    fn insert(&mut self, revision: Revision) {
        match self.place(revision.revision) {
            Ok(at) => {
                if let Some(known) = self.revisions.get_mut(at) {
                    *known = Arc::new(revision);
                }
            }
            Err(at) => self.revisions.insert(at, Arc::new(revision)),
        }
    }
}

fn find<'a>(histories: &'a [History], release: &Name) -> Option<&'a History> {
    let at = histories.binary_search_by(|history| history.release.cmp(release)).ok()?;
    histories.get(at)
}
