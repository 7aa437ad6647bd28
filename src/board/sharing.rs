//! Sharing: which suites have a component in common, and what they have told each other of it.
//!
//! Only suites for which something changes by what another one tells are judged again: a sample of one tenant of a thousand
//! concerns that tenant alone. Not for what is told: that is `assess::shared`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::assess::assessment::GateReason;
use crate::assess::shared::{Lent, Share, Shared, Tells};
use crate::model::names::{Component, Name, PerComponent};
use crate::model::suite::Suite;

/// One component that several suites share.
#[derive(Debug)]
struct Group {
    owner: usize,
    /// The suites, the owner among them, each with what closes the component's gate there.
    closes: BTreeMap<usize, Vec<GateReason>>,
    /// How many of them are closed by each reason.
    counts: BTreeMap<GateReason, usize>,
    /// How the owner judges it.
    lent: Option<Arc<Lent>>,
}

/// Everything that suites have told each other.
#[derive(Debug)]
pub struct Sharing {
    groups: Vec<Group>,
    /// The group of each component of each suite, where it is in one.
    of: Vec<PerComponent<Option<usize>>>,
}

impl Sharing {
    /// Nothing was told yet.
    pub fn new(suites: &[Arc<Suite>]) -> Self {
        let places: HashMap<&Name, usize> = suites.iter().zip(0..).map(|(suite, place)| (&suite.name, place)).collect();
        let mut sharing = Self { groups: Vec::new(), of: vec![PerComponent::default(); suites.len()] };
        let mut by_owner: HashMap<(usize, Component), usize> = HashMap::new();
        for (place, suite) in suites.iter().enumerate() {
            for (component, member) in suite.members.iter() {
                let Some(&owner) = member.owner.as_ref().and_then(|owner| places.get(owner)) else { continue };
                let group = *by_owner.entry((owner, component)).or_insert_with(|| {
                    sharing.groups.push(Group::of(owner));
                    sharing.groups.len() - 1
                });
                for place in [owner, place] {
                    sharing.enter(place, component, group);
                }
            }
        }
        sharing
    }

    fn enter(&mut self, place: usize, component: Component, at: usize) {
        if let (Some(of), Some(group)) = (self.of.get_mut(place), self.groups.get_mut(at)) {
            *of.get_mut(component) = Some(at);
            group.closes.entry(place).or_default();
        }
    }

    /// Whether a suite has borrowed a component, so that its owner is to be judged first.
    pub fn borrows(&self, place: usize) -> bool {
        self.groups_of(place).any(|(_, group)| group.owner != place)
    }

    /// What a suite is told.
    pub fn shared(&self, place: usize) -> Shared {
        let mut shared = Shared::default();
        for (component, group) in self.groups_of(place) {
            let lent = group.lent.clone().filter(|_| group.owner != place);
            *shared.get_mut(component) = Some(Share { lent, elsewhere: group.elsewhere(place) });
        }
        shared
    }

    /// Takes in what a suite tells, and names the suites for which that changes something.
    pub fn told(&mut self, place: usize, tells: &Tells) -> Vec<usize> {
        let mut concerned = Vec::new();
        let Some(of) = self.of.get(place) else { return concerned };
        for (component, at) in of.iter() {
            let told = tells.get(component);
            let (Some(group), Some(told)) = (at.and_then(|at| self.groups.get_mut(at)), told) else { continue };
            if group.owner == place && group.lent != told.lent {
                group.lent.clone_from(&told.lent);
                concerned.extend(group.closes.keys().copied().filter(|other| *other != place));
            }
            group.close(place, &told.closes, &mut concerned);
        }
        concerned
    }

    fn groups_of(&self, place: usize) -> impl Iterator<Item = (Component, &Group)> {
        let groups = self.of.get(place).into_iter().flat_map(PerComponent::iter);
        groups.filter_map(|(component, at)| Some((component, self.groups.get((*at)?)?)))
    }
}

impl Group {
    fn of(owner: usize) -> Self {
        Self { owner, closes: BTreeMap::new(), counts: BTreeMap::new(), lent: None }
    }

    /// What closes the gate in the suites other than this one, sorted.
    fn elsewhere(&self, place: usize) -> Vec<GateReason> {
        let own = self.closes.get(&place).map(Vec::as_slice).unwrap_or_default();
        let others =
            |(reason, count): (&GateReason, &usize)| (*count > usize::from(own.contains(reason))).then_some(*reason);
        self.counts.iter().filter_map(others).collect()
    }

    /// Notes what closes the gate in one suite; the others that see a difference are concerned.
    fn close(&mut self, place: usize, now: &[GateReason], concerned: &mut Vec<usize>) {
        let former = self.closes.insert(place, now.to_vec()).unwrap_or_default();
        let added = now.iter().filter(|reason| !former.contains(reason));
        let gone = former.iter().filter(|reason| !now.contains(reason));
        for (reason, is_added) in added.map(|reason| (*reason, true)).chain(gone.map(|reason| (*reason, false))) {
            let count = self.counts.entry(reason).or_default();
            // How many of the other suites it closes, before and after.
            let others = if is_added { *count } else { count.saturating_sub(1) };
            *count = if is_added { others + 1 } else { others };
            // Where it closes two others already, nobody sees a difference; where one, only that one does.
            let sees = |suite: usize, closes: &[GateReason]| {
                suite != place && (others == 0 || others == 1 && closes.contains(&reason))
            };
            if others < 2 {
                concerned.extend(self.closes.iter().filter(|(suite, closes)| sees(**suite, closes)).map(|(s, _)| *s));
            }
        }
        self.counts.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::shared::Told;

    const NOBODY: [usize; 0] = [];

    /// Suites of these names that share the first one's GSP.
    fn suites(names: &[&str]) -> Vec<Arc<Suite>> {
        let suite = |(at, name): (usize, &&str)| {
            let mut suite = Suite { name: (*name).into(), ..Suite::default_suite() };
            suite.members.gsp.owner = (at > 0).then(|| names[0].into());
            Arc::new(suite)
        };
        names.iter().enumerate().map(suite).collect()
    }

    fn tells(closes: &[GateReason]) -> Tells {
        Tells { gsp: Some(Told { lent: None, closes: closes.to_vec() }), ..Tells::default() }
    }

    fn elsewhere(sharing: &Sharing, place: usize) -> Vec<GateReason> {
        sharing.shared(place).gsp.unwrap().elsewhere
    }

    #[test]
    fn who_shares_nothing_is_told_nothing() {
        let mut sharing = Sharing::new(&[Arc::new(Suite::default_suite())]);
        assert_eq!(sharing.shared(0), Shared::default());
        assert!(!sharing.borrows(0));
        assert_eq!(sharing.told(0, &tells(&[GateReason::KafkaDown])), NOBODY);
    }

    #[test]
    fn only_those_for_whom_something_changes_are_concerned() {
        let unknown = GateReason::OtherSuiteUnknown;
        let mut sharing = Sharing::new(&suites(&["a", "b", "c", "d"]));
        assert_eq!([0, 1, 2].map(|place| sharing.borrows(place)), [false, true, true]);
        assert_eq!(sharing.told(1, &tells(&[])), NOBODY);
        assert_eq!(sharing.told(1, &tells(&[unknown])), [0, 2, 3], "the first that is closed closes all others");
        assert_eq!(sharing.told(1, &tells(&[unknown])), NOBODY, "nothing new");
        assert_eq!(sharing.told(2, &tells(&[unknown])), [1], "the second closes the first");
        assert_eq!(sharing.told(3, &tells(&[unknown])), NOBODY, "the third closes none that is not closed");
        for place in 0..4 {
            assert_eq!(elsewhere(&sharing, place), [unknown]);
        }
        assert_eq!(sharing.told(3, &tells(&[])), NOBODY);
        assert_eq!(sharing.told(2, &tells(&[])), [1]);
        assert_eq!(elsewhere(&sharing, 1), []);
        assert_eq!(elsewhere(&sharing, 2), [unknown]);
        assert_eq!(sharing.told(1, &tells(&[])), [0, 2, 3]);
        assert_eq!(elsewhere(&sharing, 0), []);
    }
}
