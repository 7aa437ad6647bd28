//! Objects of one kind by namespace and name.
//!
//! One generic index serves pods, workloads and `ReplicaSet`s. Not for joining them: that is the index's head.

use std::collections::HashMap;
use std::sync::Arc;

use super::change::Delta;
use crate::model::config_map::ConfigMap;
use crate::model::names::Name;
use crate::model::workload::{Pod, ReplicaSet, Workload, WorkloadKind};

/// An object that has a namespace and a name.
pub trait Object {
    /// Tells objects of one name and different kinds apart.
    fn kind(&self) -> Option<WorkloadKind> {
        None
    }
    /// Its namespace.
    fn namespace(&self) -> &Name;
    /// Its name.
    fn name(&self) -> &Name;
}

impl Object for Pod {
    fn namespace(&self) -> &Name {
        &self.namespace
    }
    fn name(&self) -> &Name {
        &self.name
    }
}

impl Object for ConfigMap {
    fn namespace(&self) -> &Name {
        &self.namespace
    }
    fn name(&self) -> &Name {
        &self.name
    }
}

impl Object for ReplicaSet {
    fn namespace(&self) -> &Name {
        &self.namespace
    }
    fn name(&self) -> &Name {
        &self.name
    }
}

impl Object for Workload {
    fn kind(&self) -> Option<WorkloadKind> {
        Some(self.kind)
    }
    fn namespace(&self) -> &Name {
        &self.namespace
    }
    fn name(&self) -> &Name {
        &self.name
    }
}

/// Objects of one kind. Each namespace's are sorted by name and kind, in a list and not a tree: most namespaces have one or
/// two, for which a tree takes ten times the room.
#[derive(Debug)]
pub struct Objects<T>(HashMap<Name, Vec<Arc<T>>>);

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Object> Objects<T> {
    /// Takes a change in. `same_kind` tells which of the kept objects a reset or a deletion is about.
    pub fn apply(&mut self, delta: Delta<T>, same_kind: impl Fn(&T) -> bool) {
        match delta {
            Delta::Apply(object) => self.insert(object),
            Delta::Delete { namespace, name } => {
                if let Some(objects) = self.0.get_mut(&namespace) {
                    objects.retain(|object| *object.name() != name || !same_kind(object));
                    if objects.is_empty() {
                        self.0.remove(&namespace);
                    }
                }
            }
            Delta::Reset { namespace, items } => {
                let clear = |objects: &mut Vec<Arc<T>>| {
                    objects.retain(|object| !same_kind(object));
                    !objects.is_empty()
                };
                match &namespace {
                    Some(namespace) => {
                        if self.0.get_mut(namespace).is_some_and(|objects| !clear(objects)) {
                            self.0.remove(namespace);
                        }
                    }
                    None => self.0.retain(|_, objects| clear(objects)),
                }
                for object in items {
                    self.insert(object);
                }
            }
        }
    }

    /// The objects of a namespace, by name.
    pub fn in_namespace(&self, namespace: &Name) -> impl Iterator<Item = &Arc<T>> {
        self.0.get(namespace).into_iter().flatten()
    }

    fn insert(&mut self, object: T) {
        let objects = self.0.entry(object.namespace().clone()).or_insert_with(|| Vec::with_capacity(1));
        let found = objects.binary_search_by(|known| (known.name(), known.kind()).cmp(&(object.name(), object.kind())));
        match found {
            Ok(at) => {
                if let Some(known) = objects.get_mut(at) {
                    *known = Arc::new(object);
                }
            }
            Err(at) => objects.insert(at, Arc::new(object)),
        }
    }
}
