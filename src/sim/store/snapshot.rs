//! The objects of one kind as they were at a resource version, so that all pages of one list agree.
//!
//! Nothing is copied when a list begins: the present is read, and what changed since is undone from the history.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::{Change, Object};

/// A view of the past of one kind.
#[derive(Debug)]
pub struct Snapshot<'store> {
    present: &'store BTreeMap<String, Arc<Object>>,
    /// What was there instead: `None` for an object that was not.
    undone: BTreeMap<&'store str, Option<&'store Arc<Object>>>,
}

impl<'store> Snapshot<'store> {
    pub(super) fn new(
        present: &'store BTreeMap<String, Arc<Object>>,
        changes_since: impl Iterator<Item = &'store Change>,
    ) -> Self {
        let mut undone = BTreeMap::new();
        for change in changes_since {
            // The first change after the snapshot knows the state before it; later ones do not matter.
            undone.entry(change.object.key()).or_insert(change.previous.as_ref());
        }
        Self { present, undone }
    }

    /// The objects whose key begins with `prefix` (empty, or `NAMESPACE/`) and is not before `start`, by key.
    pub fn range<'view>(
        &'view self,
        prefix: &'view str,
        start: &'view str,
    ) -> impl Iterator<Item = &'store Arc<Object>> + 'view {
        let start = start.max(prefix);
        let bounds = (Bound::Included(start), Bound::Unbounded);
        let present = self.present.range::<str, _>(bounds).filter(|(key, _)| !self.undone.contains_key(key.as_str()));
        let mut present = present.map(|(_, object)| object).peekable();
        let mut undone = self.undone.range::<str, _>(bounds).filter_map(|(_, object)| *object).peekable();
        let merged = std::iter::from_fn(move || match (present.peek(), undone.peek()) {
            (Some(here), Some(there)) if there.key() < here.key() => undone.next(),
            (Some(_), _) => present.next(),
            (None, _) => undone.next(),
        });
        merged.take_while(move |object| object.key().starts_with(prefix))
    }
}
