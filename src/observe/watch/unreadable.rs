//! Unreadable: which objects there are that cannot be read, by namespace.
//!
//! What was known of such an object may hold no more, and that it is there is all that is known instead. It is not gone: a pod
//! that is missing speaks against an upgrade, and a missing revision makes an older one the newest.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::names::Name;

/// The objects.
#[derive(Debug, Default)]
pub struct Unreadable(BTreeMap<Name, BTreeSet<Name>>);

impl Unreadable {
    /// An object cannot be read. Gives whether it is the first of its namespace.
    pub fn add(&mut self, namespace: &Name, name: &Name) -> bool {
        let is_first = !self.0.contains_key(namespace);
        self.0.entry(Name::clone(namespace)).or_default().insert(Name::clone(name));
        is_first
    }

    /// An object can be read, or is gone. Gives whether it was the last of its namespace.
    pub fn remove(&mut self, namespace: &Name, name: &Name) -> bool {
        let Some(names) = self.0.get_mut(namespace) else { return false };
        names.remove(name);
        let was_last = names.is_empty();
        if was_last {
            self.0.remove(namespace);
        }
        was_last
    }

    /// These are all that there are now. Gives the namespaces that have none any more.
    pub fn replace(&mut self, all: Self) -> Vec<Name> {
        let before = std::mem::replace(&mut self.0, all.0);
        before.into_keys().filter(|namespace| !self.0.contains_key(namespace)).collect()
    }

    /// The namespaces that have some.
    pub fn namespaces(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_whole_again_with_its_last_object() {
        let (gim, gsp, a, b) = ("gim".into(), "gsp".into(), "a".into(), "b".into());
        let mut unreadable = Unreadable::default();
        assert!(!unreadable.remove(&gim, &a));
        assert!(unreadable.add(&gim, &a));
        assert!(!unreadable.add(&gim, &b) && !unreadable.add(&gim, &b));
        assert!(!unreadable.remove(&gim, &a));
        assert!(unreadable.remove(&gim, &b));
        unreadable.add(&gim, &a);
        let mut listed = Unreadable::default();
        listed.add(&gsp, &a);
        assert_eq!(unreadable.replace(listed), [gim]);
        assert!(unreadable.namespaces().eq([&gsp]));
    }
}
