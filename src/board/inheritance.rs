//! Inheritance: what a board takes over from the one before it, when other suites are watched from now on.
//!
//! Until a suite is first judged on all of its evidence here, the former board goes on judging it; at that moment its memory
//! and what was last read of it are taken over, so that nothing begins anew. Only where a component is found in the same
//! place as before. Not for what is remembered: that is `assess::remember`.

use std::sync::Arc;

use super::Board;
use crate::assess::snapshot::{Snapshot, SuiteSnapshot};
use crate::model::memory::{ComponentMemory, Memory};
use crate::model::names::{Component, Name};
use crate::model::suite::Suite;
use crate::model::time::Timestamp;

/// Tells what the former board last thought.
pub type Former = Box<dyn Fn() -> Arc<Snapshot> + Send>;

/// Sequences of the boards of one process are so far apart that none meets the next one's; as numbers of JSON they last for
/// two million boards.
const APART: u64 = 1 << 32;

impl Board {
    /// The same board with snapshots that are numbered after this one, by another board.
    #[must_use]
    pub const fn numbered_after(mut self, former: &Snapshot) -> Self {
        self.sequence = (former.sequence / APART + 1) * APART;
        self
    }

    /// The same board, which takes over what is remembered by another one that still runs, whose snapshots `former` tells.
    #[must_use]
    pub fn after(mut self, former: Former) -> Self {
        self = self.numbered_after(&former());
        self.former = Some(former);
        self
    }

    /// What is taken over for one suite: its memory; readings and surroundings go into the index.
    pub(super) fn inherit(&mut self, place: usize, now: Timestamp) -> Option<Memory> {
        let former = (self.former.as_ref()?)();
        // What was not judged on all of its evidence remembers nothing. Another policy may remember other things.
        if !former.ready || *former.policy != *self.policy {
            return None;
        }
        let suite = self.index.suites().get(place)?.clone();
        let of_same_name = find(&former, &suite.name);
        let mut memory = of_same_name.map_or_else(|| Memory::new(now), |found| Memory::clone(&found.memory));
        for &component in Component::ALL {
            let of_component = memory.components.get_mut(component);
            match heir(&former, &suite, component) {
                Some(found) => {
                    of_component.clone_from(found.memory.components.get(component));
                    let readings = &found.facts.components.get(component).signals.readings;
                    self.index.inherit_readings(place, component, readings);
                }
                None => *of_component = ComponentMemory::new(now),
            }
        }
        if let Some(found) = of_same_name.filter(|found| found.suite.surroundings == suite.surroundings) {
            self.index.inherit_surroundings(place, &found.facts.surroundings);
        }
        Some(memory)
    }
}

/// The former suite whose component a suite's own component is.
fn heir<'a>(former: &'a Snapshot, suite: &Suite, component: Component) -> Option<&'a SuiteSnapshot> {
    let member = suite.members.get(component);
    if member.owner.is_some() {
        return None;
    }
    let of_same_name = find(former, &suite.name)?;
    let found = match &of_same_name.suite.members.get(component).owner {
        Some(owner) => find(former, owner)?,
        None => of_same_name,
    };
    let was = found.suite.members.get(component);
    let same = (&was.namespace, &was.release, &was.endpoint) == (&member.namespace, &member.release, &member.endpoint);
    same.then_some(found)
}

/// The suite of this name; a board's snapshots have them sorted.
fn find<'a>(snapshot: &'a Snapshot, name: &Name) -> Option<&'a SuiteSnapshot> {
    let at = snapshot.suites.binary_search_by(|suite| suite.suite.name.cmp(name)).ok()?;
    snapshot.suites.get(at).map(|suite| &**suite)
}
