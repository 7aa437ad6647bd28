//! The contents of the simulated cluster: objects, one resource version counter, and the history that watches read.
//!
//! It is pure: no clock, no IO, no waiting. `now` is always an argument, so that a scenario can be played in
//! milliseconds and twice alike. It knows nothing of what the objects mean, and nothing of HTTP: `api` serves it, and
//! a test can read it by [`Store::changes_since`] alone.

mod kind;
mod object;
mod snapshot;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

pub use self::kind::Kind;
pub use self::object::{Object, SharedData};
pub use self::snapshot::Snapshot;

use self::kind::PerKind;
use self::object::Draft;

/// How many changes of one kind are remembered: more than any scenario makes between two looks, and small beside the
/// objects themselves. A watch that asks for older ones is answered 410, as by a real server.
pub const HISTORY_CHANGES: usize = 4096;

/// The resource version of an empty store, as etcd counts. Never 0, which means "any version" to a client.
pub const FIRST_REVISION: u64 = 1;

/// Why an object was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The JSON is not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// `metadata` is missing or no object.
    #[error("no metadata")]
    NoMetadata,
    /// `metadata.name` is missing, empty or no string.
    #[error("no metadata.name")]
    NoName,
    /// A name or namespace has a slash in it.
    #[error("a slash in the name or namespace")]
    SlashInName,
    /// There is no such object to change.
    #[error("no such object")]
    NotFound,
}

/// The resource version asked for is older than the history: HTTP 410.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too old resource version: {requested} ({oldest})")]
pub struct Expired {
    /// What was asked for.
    pub requested: u64,
    /// The oldest that can still be answered.
    pub oldest: u64,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeType {
    /// It was not there before.
    Added,
    /// It was there, and is another now.
    Modified,
    /// It is gone.
    Deleted,
}

impl ChangeType {
    /// The word of watch events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The resource version of the change.
    pub revision: u64,
    /// The kind of the object.
    pub kind: Kind,
    /// What happened.
    pub change: ChangeType,
    /// The object after the change; for a deletion its last state, under the version of the deletion.
    pub object: Arc<Object>,
    /// The object before the change, if there was one.
    pub previous: Option<Arc<Object>>,
}

#[derive(Debug)]
struct Collection {
    objects: BTreeMap<String, Arc<Object>>,
    history: VecDeque<Change>,
    /// Changes up to this resource version are forgotten.
    forgotten: u64,
}

impl Default for Collection {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), history: VecDeque::new(), forgotten: FIRST_REVISION }
    }
}

/// All objects of the cluster.
#[derive(Debug)]
pub struct Store {
    collections: PerKind<Collection>,
    revision: u64,
    uids: u64,
    fractions: bool,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// An empty store whose timestamps are whole seconds, as a real API server writes them.
    #[must_use]
    pub fn new() -> Self {
        Self { collections: PerKind::default(), revision: FIRST_REVISION, uids: 0, fractions: false }
    }

    /// An empty store whose timestamps keep microseconds: for a world that runs compressed, where a second is long.
    #[must_use]
    pub fn with_fractions() -> Self {
        Self { fractions: true, ..Self::new() }
    }

    /// An instant as this store's objects write it (RFC 3339, UTC).
    #[must_use]
    pub fn timestamp(&self, instant: Timestamp) -> String {
        let rounded = if self.fractions {
            Timestamp::from_microsecond(instant.as_microsecond())
        } else {
            Timestamp::from_second(instant.as_second())
        };
        // Fewer digits of a valid instant are a valid instant.
        rounded.unwrap_or(instant).to_string()
    }

    /// The newest resource version.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Creates or replaces an object. Sets `resourceVersion` always, `uid` and `creationTimestamp` where the value has
    /// none (a replaced object keeps its own). A replacement that changes nothing makes no new version, as on a real
    /// server.
    pub fn apply(&mut self, kind: Kind, value: Value, now: Timestamp) -> Result<Arc<Object>, StoreError> {
        Ok(self.write(Draft::new(kind, value, None)?, kind, now))
    }

    /// Like [`Store::apply`], with a `data` of one key whose value is shared with other objects.
    pub fn apply_shared(
        &mut self,
        kind: Kind,
        value: Value,
        data: SharedData,
        now: Timestamp,
    ) -> Result<Arc<Object>, StoreError> {
        Ok(self.write(Draft::new(kind, value, Some(data))?, kind, now))
    }

    /// Changes an object in place: decodes it, lets `edit` change it, writes it back.
    pub fn update(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        now: Timestamp,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Arc<Object>, StoreError> {
        let mut value = self.get(kind, namespace, name).ok_or(StoreError::NotFound)?.to_value();
        edit(&mut value);
        self.apply(kind, value, now)
    }

    /// Deletes an object and returns its last state under the resource version of the deletion; `None` when there was
    /// none. `now` is taken for symmetry: a deletion leaves no time behind.
    pub fn delete(&mut self, kind: Kind, namespace: &str, name: &str, _now: Timestamp) -> Option<Arc<Object>> {
        let previous = self.collections.get_mut(kind).objects.remove(&format!("{namespace}/{name}"))?;
        self.revision += 1;
        let object = Arc::new(previous.at_revision(self.revision));
        self.remember(ChangeType::Deleted, Arc::clone(&object), Some(previous));
        Some(object)
    }

    /// The object of that name.
    #[must_use]
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        self.collections.get(kind).objects.get(&format!("{namespace}/{name}"))
    }

    /// All objects of a kind, by namespace and name.
    pub fn iter(&self, kind: Kind) -> impl Iterator<Item = &Arc<Object>> {
        self.collections.get(kind).objects.values()
    }

    /// The objects of a kind in one namespace, by name.
    pub fn iter_namespace(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &Arc<Object>> {
        let prefix = format!("{namespace}/");
        let objects = self.collections.get(kind).objects.range(prefix.clone()..);
        objects.take_while(move |(key, _)| key.starts_with(&prefix)).map(|(_, object)| object)
    }

    /// How many objects of a kind there are.
    #[must_use]
    pub fn len(&self, kind: Kind) -> usize {
        self.collections.get(kind).objects.len()
    }

    /// Whether there is no object at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Kind::ALL.into_iter().all(|kind| self.len(kind) == 0)
    }

    /// Forgets all history: a watch, page or list that asks for an older resource version than the present one is
    /// answered 410 from now on.
    pub fn compact(&mut self) {
        for kind in Kind::ALL {
            let collection = self.collections.get_mut(kind);
            collection.history.clear();
            collection.forgotten = self.revision;
        }
    }

    /// The changes of all kinds after a resource version, oldest first.
    pub fn changes_since(&self, revision: u64) -> Result<Vec<Change>, Expired> {
        let mut changes = Vec::new();
        for kind in Kind::ALL {
            changes.extend(self.changes_of(kind, revision)?.cloned());
        }
        changes.sort_by_key(|change| change.revision);
        Ok(changes)
    }

    /// The changes of one kind after a resource version, oldest first.
    pub fn changes_of(&self, kind: Kind, revision: u64) -> Result<impl Iterator<Item = &Change>, Expired> {
        let collection = self.collections.get(kind);
        if revision < collection.forgotten {
            return Err(Expired { requested: revision, oldest: collection.forgotten });
        }
        let first = collection.history.partition_point(|change| change.revision <= revision);
        Ok(collection.history.range(first..))
    }

    /// The objects of a kind as they were at a resource version; a later one than the present is the present.
    pub fn snapshot(&self, kind: Kind, revision: u64) -> Result<Snapshot<'_>, Expired> {
        Ok(Snapshot::new(&self.collections.get(kind).objects, self.changes_of(kind, revision)?))
    }

    fn write(&mut self, mut draft: Draft, kind: Kind, now: Timestamp) -> Arc<Object> {
        let previous = self.collections.get(kind).objects.get(draft.key()).cloned();
        let revision = self.revision + 1;
        if let Some(previous) = &previous {
            let created: Value = serde_json::from_slice(previous.metadata_json()).unwrap_or_default();
            draft.default_metadata("uid", || Value::from(previous.uid()));
            draft.default_metadata("creationTimestamp", || {
                created.get("creationTimestamp").cloned().unwrap_or_default()
            });
            if draft.encode(previous.revision()) == **previous {
                return Arc::clone(previous);
            }
        } else {
            self.uids += 1;
            // Counted, not random: the same scenario gives the same uids.
            draft.default_metadata("uid", || Value::from(format!("00000000-0000-4000-8000-{:012x}", self.uids)));
            draft.default_metadata("creationTimestamp", || Value::from(self.timestamp(now)));
        }
        let object = Arc::new(draft.encode(revision));
        self.revision = revision;
        self.collections.get_mut(kind).objects.insert(object.key().to_owned(), Arc::clone(&object));
        let change = if previous.is_some() { ChangeType::Modified } else { ChangeType::Added };
        self.remember(change, Arc::clone(&object), previous);
        object
    }

    fn remember(&mut self, change: ChangeType, object: Arc<Object>, previous: Option<Arc<Object>>) {
        let collection = self.collections.get_mut(object.kind());
        while collection.history.len() >= HISTORY_CHANGES {
            if let Some(oldest) = collection.history.pop_front() {
                collection.forgotten = oldest.revision;
            }
        }
        collection.history.push_back(Change { revision: self.revision, kind: object.kind(), change, object, previous });
    }
}

#[cfg(test)]
mod tests;
