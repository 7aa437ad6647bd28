//! Was every component of the suite verified, or at rest in health, when this operation began (upgrade guide, Scheduling
//! considerations: do not start unless all services operate normally)?
//!
//! Memory notes it when it sees the operation begin. An exporter that began later knows only what history proves: that the
//! newest revision of a component was failed or pending then, or that Helm still worked on it.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::assessment::{OperationKind, ToldBy};
use crate::model::facts::ComponentFacts;
use crate::model::names::Component;
use crate::model::release::ReleaseStatus;
use crate::model::time::Timestamp;

/// Answers `started_healthy`; does not apply where no install or upgrade is of interest: a return to an older build, and
/// new values, are how a component is mended.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let operation = context.operation.filter(|operation| operation.in_window)?;
    if !matches!(operation.kind, OperationKind::Install | OperationKind::Upgrade) {
        return None;
    }
    let seen = context.memory.started.filter(|started| started.begin == operation.begin);
    let ill = |component| Answer::new(CheckState::Fail, [Evidence::NotWell { component }]);
    if let Some(component) = seen.and_then(|seen| seen.ill) {
        return Some(ill(component));
    }
    if seen.is_some_and(|seen| seen.known) {
        return Some(Answer::new(CheckState::Pass, []));
    }
    // A kind that is not known to be an upgrade may have been the cure.
    let known = operation.told_by == ToldBy::Helm && !context.cycle.of(context.component).any(|step| !step.told.known);
    let proved = known.then(|| proved_ill(context, operation.begin)).flatten();
    Some(proved.map_or_else(|| Answer::new(CheckState::Unknown, []), ill))
}

/// The first component of which history proves that it was not well at `begin`.
fn proved_ill(context: &Context<'_>, begin: Timestamp) -> Option<Component> {
    context.suite.components.iter().find(|(_, facts)| was_ill(facts, begin)).map(|(component, _)| component)
}

fn was_ill(facts: &ComponentFacts, begin: Timestamp) -> bool {
    let mut before = facts.release.revisions.iter().filter(|revision| revision.created < begin);
    let Some(newest) = before.next_back() else { return false };
    let failed = newest.status == ReleaseStatus::Failed || newest.status.is_pending();
    // Helm writes a revision once more when the next one takes its place; while it is the newest, only to end it.
    let is_newest = facts.release.newest().is_some_and(|now| now.revision == newest.revision);
    failed || is_newest && newest.written > begin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{Scene, at};
    use crate::model::memory::{Memory, Started};
    use crate::model::names::Component::{Gim, Gsp};

    fn state(scene: &Scene, component: Component, minutes: f64) -> Option<CheckState> {
        scene.ask(component, minutes, answer).map(|answer| answer.state)
    }

    #[test]
    fn what_was_seen_decides() {
        use CheckState::{Fail, Pass, Unknown};
        let started = |ill, known| Some(Started { begin: at(0.0), ill, known });
        let cases = [
            ("well", started(None, true), Pass),
            ("ill", started(Some(Gsp), true), Fail),
            ("ill, and another unknown", started(Some(Gsp), false), Fail),
            ("not known", started(None, false), Unknown),
            ("not seen", None, Unknown),
            ("another operation's", Some(Started { begin: at(-5.0), ill: None, known: true }), Unknown),
        ];
        for (name, started, expected) in cases {
            let mut scene = Scene::upgraded(Gim);
            scene.memory.components.gim.started = started;
            assert_eq!(state(&scene, Gim, 5.0), Some(expected), "{name}");
        }
        assert_eq!(state(&Scene::at_rest(), Gim, 5.0), None);
        let mut scene = Scene::upgraded(Gim);
        scene.go_back_at(Gim, 3.0);
        assert_eq!(state(&scene, Gim, 5.0), None, "a rollback is the cure");
    }

    #[test]
    fn a_begin_is_noted_when_it_is_seen() {
        let mut scene = Scene::at_rest();
        scene.play(-11.0, -0.25, |_| 3.0);
        scene.upgrade(Gim);
        scene.judge(0.0);
        assert_eq!(state(&scene, Gim, 0.0), Some(CheckState::Pass));
        scene.upgrade_at(Gsp, 1.0);
        scene.judge(1.0);
        assert_eq!(state(&scene, Gsp, 1.0), Some(CheckState::Fail), "GIM was not verified");
        assert_eq!(state(&scene, Gim, 1.0), Some(CheckState::Pass));
    }

    #[test]
    fn of_operations_that_come_to_light_together_the_earlier_was_not_over() {
        let mut scene = Scene::at_rest();
        scene.play(-11.0, -0.25, |_| 3.0);
        scene.upgrade(Gim);
        scene.upgrade_at(Gsp, 0.1);
        scene.judge(0.2);
        assert_eq!([Gim, Gsp].map(|c| state(&scene, c, 0.2)), [Some(CheckState::Pass), Some(CheckState::Fail)]);
    }

    #[test]
    fn an_exporter_that_is_young_does_not_know() {
        let mut scene = Scene::at_rest();
        scene.memory = Memory::new(at(-1.0));
        scene.judge(-1.0);
        scene.upgrade(Gsp);
        scene.judge(0.0);
        assert_eq!(state(&scene, Gsp, 0.0), Some(CheckState::Unknown), "no sample of GIM's had come");
    }

    #[test]
    fn history_proves_what_was_ill() {
        type Change = fn(&mut Scene);
        let cases: [(&str, Change, CheckState); 5] = [
            ("nothing", |_| {}, CheckState::Unknown),
            ("failed", |s| s.newest(Gsp).status = ReleaseStatus::Failed, CheckState::Fail),
            ("pending", |s| s.newest(Gsp).status = ReleaseStatus::PendingUpgrade, CheckState::Fail),
            ("Helm worked on it", |s| s.newest(Gsp).written = at(1.0), CheckState::Fail),
            (
                "failed, and mended before",
                |s| {
                    s.newest(Gsp).status = ReleaseStatus::Failed;
                    s.go_back_at(Gsp, -5.0);
                },
                CheckState::Unknown,
            ),
        ];
        for (name, change, expected) in cases {
            let mut scene = Scene::upgraded(Gim);
            change(&mut scene);
            scene.memory = Memory::new(at(5.0));
            assert_eq!(state(&scene, Gim, 5.0), Some(expected), "{name}");
        }
    }
}
