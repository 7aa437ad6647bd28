//! The procedure of the upgrade guide: which operations belong to the present upgrade cycle, and what each of them was.
//!
//! Operations of one suite that begin closer together than `policy.cycle` belong to one cycle; new values for the same
//! build, and removals, neither prolong a cycle nor break it. All of it follows from release history, so that an exporter
//! that begins in the middle says the same. Not for what is thought of a cycle: that is `gate` and the checks.

use std::cmp::Ordering;

use super::assessment::OperationKind;
use super::horizon::Horizon;
use super::kind::{self, Told};
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::names::{Component, PerComponent};
use crate::model::policy::Policy;
use crate::model::release::ReleaseBody;
use crate::model::source::Freshness;
use crate::model::time::{Timestamp, between};
use crate::model::version::BuildVersion;

/// The most revisions of one release that are looked at, newest first. Helm keeps 10 by default, and may keep any number.
const MAX_STEPS: usize = 32;

/// One operation of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Of which component.
    pub component: Component,
    /// The revision that it made; `None` where Helm does not tell.
    pub revision: Option<u32>,
    /// When it began.
    pub begin: Timestamp,
    /// What it was.
    pub told: Told,
    /// Whether a return to an older build followed.
    pub undone: bool,
}

impl Step {
    /// Whether it is the first try of an upgrade that was not undone.
    #[must_use]
    pub fn is_standing_upgrade(&self) -> bool {
        self.told.known && self.told.kind == OperationKind::Upgrade && !self.told.again && !self.undone
    }
}

/// The present upgrade cycle of a suite; empty where the last one is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    steps: Vec<Step>,
}

impl Cycle {
    /// Reads the cycle.
    #[must_use]
    pub fn read(suite: &Facts, policy: &Policy, horizon: &Horizon) -> Self {
        let newest = suite.components.iter().filter_map(|(_, facts)| facts.operation_began()).max();
        // At rest nothing is looked at any further.
        if newest.is_none_or(|newest| horizon.lasted(newest, policy.cycle)) {
            return Self::default();
        }
        let mut steps: Vec<Step> =
            suite.components.iter().flat_map(|(component, facts)| steps(component, facts, policy)).collect();
        steps.retain(|step| !matches!(step.told.kind, OperationKind::Reconfigure | OperationKind::Uninstall));
        steps.sort_by_key(|step| (step.begin, step.component));
        let over = steps.last().is_none_or(|last| horizon.lasted(last.begin, policy.cycle));
        if over {
            return Self::default();
        }
        let gap = |pair: &[Step]| match pair {
            [former, next] => between(former.begin, next.begin) >= policy.cycle,
            _ => false,
        };
        let first = steps.windows(2).rposition(gap).map_or(0, |last_before| last_before.saturating_add(1));
        Self { steps: steps.split_off(first) }
    }

    /// The operations of a component, oldest first.
    #[must_use]
    pub fn of(&self, component: Component) -> impl DoubleEndedIterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.component == component)
    }

    /// The upgrades that stand: first tries that were not undone, oldest first.
    pub fn upgrades(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_standing_upgrade())
    }

    /// Whether a component's last operation in the cycle was a return to an older build.
    #[must_use]
    pub fn undone(&self, component: Component) -> bool {
        self.of(component).next_back().is_some_and(|last| is_return(last.told.kind))
    }

    /// Whether it is not known what a component's last operation in the cycle was: it may have been a return.
    #[must_use]
    pub fn is_untold(&self, component: Component) -> bool {
        self.of(component).next_back().is_some_and(|last| !last.told.known)
    }

    /// Whether it is not known of an operation what it was, but of those of `except`.
    #[must_use]
    pub fn is_unclear(&self, except: Option<Component>) -> bool {
        self.steps.iter().any(|step| Some(step.component) != except && !step.told.known)
    }

    /// The component that is to be upgraded next: the first one, in order, that is below its target where targets are
    /// configured; else the first one whose upgrade in the cycle was undone, or that comes after an upgraded one and was
    /// not upgraded itself. Components that are absent are left out.
    #[must_use]
    pub fn next(&self, suite: &Facts) -> Option<Component> {
        let components = || Component::ALL.iter().copied();
        let targeted = components().any(|component| suite.target(component).is_some());
        if targeted {
            return components().find(|component| standing(suite, *component) == Standing::Below);
        }
        let there = |component: &Component| suite.components.get(*component).operation_began().is_some();
        let upgraded = |component: Component| self.upgrades().any(|step| step.component == component);
        let mut before = false;
        components().filter(there).find(|component| {
            let due = self.undone(*component) || before && !upgraded(*component);
            before |= upgraded(*component);
            due
        })
    }

    /// Which components were operated on.
    #[must_use]
    pub fn members(&self) -> PerComponent<bool> {
        PerComponent::from_fn(|component| self.of(component).next().is_some())
    }
}

/// How a component stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// None is configured, or it is reached.
    Reached,
    /// It is below, or absent.
    Below,
    /// Its build is not known, or has no order.
    Unclear,
}

/// How a component stands to its configured target.
#[must_use]
pub fn standing(suite: &Facts, component: Component) -> Standing {
    let Some(target) = suite.target(component) else { return Standing::Reached };
    let facts = suite.components.get(component);
    if facts.operation_began().is_none() {
        return Standing::Below;
    }
    match facts.build().and_then(|build| build.compare(target)) {
        Some(Ordering::Less) => Standing::Below,
        Some(_) => Standing::Reached,
        None => Standing::Unclear,
    }
}

/// The first component, but `except`, whose history cannot be believed now, with how its source stands.
#[must_use]
pub fn blind(suite: &Facts, except: Component) -> Option<Freshness> {
    let others = suite.components.iter().filter(|(component, _)| *component != except);
    others
        .map(|(_, facts)| match facts.sources.helm {
            // Then the workloads tell.
            Freshness::Off => facts.sources.workloads,
            helm => helm,
        })
        .find(|freshness| *freshness != Freshness::Fresh)
}

/// Whether it is a return to an older build.
const fn is_return(kind: OperationKind) -> bool {
    matches!(kind, OperationKind::Rollback | OperationKind::Downgrade)
}

/// The operations that a component's history shows, oldest first.
fn steps(component: Component, facts: &ComponentFacts, policy: &Policy) -> Vec<Step> {
    let revisions = &facts.release.revisions;
    if revisions.is_empty() {
        let told = Told { kind: OperationKind::Upgrade, known: false, again: false };
        let step = |begin| Step { component, revision: None, begin, told, undone: false };
        return facts.operation_began().map(step).into_iter().collect();
    }
    let skipped = revisions.len().saturating_sub(MAX_STEPS);
    let builds: Vec<Option<BuildVersion>> =
        revisions.iter().map(|revision| revision.body().map(ReleaseBody::build)).collect();
    let told: Vec<Told> =
        (0..revisions.len()).map(|at| kind::tell(revisions.get(..=at).unwrap_or_default(), policy)).collect();
    let undone = |at: usize| {
        let later = told.iter().zip(&builds).skip(at.saturating_add(1));
        later.filter(|(told, _)| is_return(told.kind)).any(|(_, build)| {
            let before = builds.get(at).and_then(Option::as_ref);
            // Where builds cannot be compared, a return undoes all that came before it.
            build.as_ref().zip(before).and_then(|(build, before)| build.compare(before)).is_none_or(Ordering::is_lt)
        })
    };
    let all = revisions.iter().zip(&told).enumerate().skip(skipped);
    all.map(|(at, (revision, told))| Step {
        component,
        revision: Some(revision.revision),
        begin: revision.created,
        told: *told,
        undone: undone(at),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::assess::testing::{DAY, Scene, at, revision};
    use crate::model::names::Component::{Gca, Gim, Gsp};
    use crate::model::release::{BodyState, ReleaseStatus};

    /// Adds a revision of a component: its begin in minutes, its build's last part, its manifest.
    fn add(scene: &mut Scene, component: Component, minutes: f64, build: u32, manifest: u64) {
        let facts = scene.component(component);
        let number = facts.release.newest().map_or(1, |newest| newest.revision + 1);
        let image = format!("r/app:100.0.116.{build}");
        let latest = revision(facts, number, minutes, ReleaseStatus::Deployed, &image, manifest);
        facts.release.revisions.push(Arc::new(latest));
    }

    fn cycle(scene: &Scene, minutes: f64) -> Cycle {
        Cycle::read(&scene.facts, &scene.policy, &Horizon::new(at(minutes)))
    }

    fn members(scene: &Scene, minutes: f64) -> Vec<(Component, u32)> {
        cycle(scene, minutes).steps.iter().map(|step| (step.component, step.revision.unwrap())).collect()
    }

    #[test]
    fn operations_that_are_close_belong_to_one_cycle() {
        let mut scene = Scene::at_rest();
        assert_eq!(members(&scene, 0.0), []);
        add(&mut scene, Gim, -1.5 * DAY, 4200, 3);
        add(&mut scene, Gsp, -0.75 * DAY, 4200, 3);
        add(&mut scene, Gca, 0.0, 4200, 3);
        assert_eq!(members(&scene, 10.0), [(Gim, 3), (Gsp, 3), (Gca, 3)]);
        assert_eq!(members(&scene, DAY - 0.1), [(Gim, 3), (Gsp, 3), (Gca, 3)]);
        assert_eq!(members(&scene, DAY), [], "it is over");
        let mut scene = Scene::at_rest();
        add(&mut scene, Gim, -1.5 * DAY, 4200, 3);
        add(&mut scene, Gsp, 0.0, 4200, 3);
        assert_eq!(members(&scene, 10.0), [(Gsp, 3)], "they are too far apart");
        let mut scene = Scene::at_rest();
        add(&mut scene, Gim, -1.5 * DAY, 4200, 3);
        add(&mut scene, Gca, -0.75 * DAY, 2900, 9);
        add(&mut scene, Gsp, 0.0, 4200, 3);
        assert_eq!(members(&scene, 10.0), [(Gsp, 3)], "new values do not join them");
    }

    #[test]
    fn what_was_undone_does_not_stand() {
        type Rows = &'static [(f64, u32, u64)];
        let cases: [(&str, Rows, &[u32], bool); 6] = [
            ("an upgrade", &[(0.0, 4200, 3)], &[3], false),
            ("undone", &[(0.0, 4200, 3), (10.0, 2900, 2)], &[], true),
            ("done again", &[(0.0, 4200, 3), (10.0, 2900, 2), (20.0, 4300, 4)], &[5], false),
            ("only the second undone", &[(0.0, 4200, 3), (10.0, 4300, 4), (20.0, 4200, 3)], &[3], true),
            ("both undone", &[(0.0, 4200, 3), (10.0, 4300, 4), (20.0, 2900, 2)], &[], true),
            ("a second try", &[(0.0, 4200, 3), (10.0, 4200, 3)], &[3], false),
        ];
        for (name, rows, standing, undone) in cases {
            let mut scene = Scene::at_rest();
            for &(minutes, build, manifest) in rows {
                add(&mut scene, Gim, minutes, build, manifest);
            }
            let cycle = cycle(&scene, 30.0);
            let upgrades: Vec<u32> = cycle.upgrades().map(|step| step.revision.unwrap()).collect();
            assert_eq!((upgrades.as_slice(), cycle.undone(Gim)), (standing, undone), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_unclear() {
        let mut scene = Scene::at_rest();
        add(&mut scene, Gsp, 0.0, 4200, 3);
        assert!(!cycle(&scene, 1.0).is_unclear(None));
        scene.newest(Gsp).body = BodyState::Unread;
        assert!(cycle(&scene, 1.0).is_unclear(None));
        assert!(!cycle(&scene, 1.0).is_unclear(Some(Gsp)));
        assert_eq!(cycle(&scene, 1.0).upgrades().count(), 0);
    }

    #[test]
    fn the_next_one_is_told() {
        let mut scene = Scene::at_rest();
        let next = |scene: &Scene| cycle(scene, 60.0).next(&scene.facts);
        assert_eq!(next(&scene), None);
        add(&mut scene, Gim, 0.0, 4200, 3);
        assert_eq!(next(&scene), Some(Gsp));
        add(&mut scene, Gsp, 10.0, 4200, 3);
        assert_eq!(next(&scene), Some(Gca));
        add(&mut scene, Gsp, 20.0, 2900, 2);
        assert_eq!(next(&scene), Some(Gsp), "its upgrade was undone");
        add(&mut scene, Gsp, 30.0, 4300, 4);
        add(&mut scene, Gca, 40.0, 4200, 3);
        assert_eq!(next(&scene), None, "the cycle is done");
        scene.component(Gsp).release.revisions.clear();
        scene.component(Gca).release.revisions.truncate(2);
        assert_eq!(next(&scene), Some(Gca), "what is absent is left out");
    }

    #[test]
    fn targets_tell_the_next_one() {
        let mut scene = Scene::at_rest();
        let target = Some(BuildVersion::new("100.0.116+4200"));
        scene.suite().targets = PerComponent { gim: target.clone(), gsp: None, gca: target };
        let next = |scene: &Scene| cycle(scene, 60.0).next(&scene.facts);
        assert_eq!(next(&scene), Some(Gim));
        add(&mut scene, Gim, 0.0, 4200, 3);
        assert_eq!(next(&scene), Some(Gca), "none is configured for GSP");
        assert_eq!(standing(&scene.facts, Gsp), Standing::Reached);
        scene.newest(Gca).body = BodyState::Unread;
        assert_eq!(standing(&scene.facts, Gca), Standing::Unclear);
        scene.component(Gca).release.revisions.clear();
        scene.component(Gca).workloads.clear();
        assert_eq!(standing(&scene.facts, Gca), Standing::Below);
    }
}
