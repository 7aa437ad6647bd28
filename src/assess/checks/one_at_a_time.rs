//! Was it the only component that was operated on (upgrade guide, Scheduling considerations: one service at a time)? It was
//! not where another component's operation began before this one's was over.
//!
//! An operation is over once Helm is done and its pods were once all Ready. When that was is what the exporter saw. One that
//! began later knows only when Helm last wrote, and what kubelets say of the pods: their clocks may clear an operation, but
//! never convict one.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::assessment::Operation;
use crate::assess::procedure;
use crate::model::names::Component;
use crate::model::source::SourceKind;
use crate::model::time::Timestamp;

/// Answers `one_at_a_time`; does not apply where no operation is of interest.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let operation = context.operation.filter(|operation| operation.in_window)?;
    if let Some(freshness) = procedure::blind(context.suite, context.component) {
        return Some(Answer::new(CheckState::Unknown, [Evidence::Source { source: SourceKind::Helm, freshness }]));
    }
    let others = later(context, operation);
    let verdicts: Vec<CheckState> =
        others.iter().map(|(_, _, begin)| held_against(context, operation, *begin)).collect();
    let state = if verdicts.contains(&CheckState::Fail) {
        CheckState::Fail
    } else if verdicts.contains(&CheckState::Unknown) {
        CheckState::Unknown
    } else if is_over(context, operation) {
        CheckState::Pass
    } else {
        CheckState::Pending
    };
    let told = others.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == state);
    let evidence = told.map(|((component, revision, begin), _)| Evidence::Operation {
        component: *component,
        revision: *revision,
        begin: *begin,
    });
    Some(Answer::new(state, evidence))
}

/// The operations of other components that began when this one did, or later.
fn later(context: &Context<'_>, operation: &Operation) -> Vec<(Component, Option<u32>, Timestamp)> {
    let mut found = Vec::new();
    for (component, facts) in context.suite.components.iter().filter(|(other, _)| *other != context.component) {
        let revisions = &facts.release.revisions;
        found.extend(revisions.iter().map(|revision| (component, Some(revision.revision), revision.created)));
        if revisions.is_empty() {
            found.extend(facts.operation_began().map(|begin| (component, None, begin)));
        }
    }
    found.retain(|(_, _, begin)| *begin >= operation.begin);
    found.sort_by_key(|(component, _, begin)| (*begin, *component));
    found
}

/// Whether an operation elsewhere that began at `other` was one at the same time: `Fail` where it was, `Pass` where not.
fn held_against(context: &Context<'_>, operation: &Operation, other: Timestamp) -> CheckState {
    let judge = |over: Timestamp| if other < over { CheckState::Fail } else { CheckState::Pass };
    let Some(end) = operation.end else { return CheckState::Fail };
    if other < end || !context.rollout.once {
        return CheckState::Fail;
    }
    let memory = context.memory;
    match memory.over.filter(|over| over.begin == operation.begin) {
        Some(over) if over.witnessed => judge(over.at),
        None if memory.witness.as_ref().is_some_and(|witness| witness.begin == operation.begin) => {
            // It is over just now, and will be remembered so.
            judge(context.horizon.since(None))
        }
        _ if context.rollout.ready_since.is_some_and(|ready| ready <= other) => CheckState::Pass,
        _ => CheckState::Unknown,
    }
}

fn is_over(context: &Context<'_>, operation: &Operation) -> bool {
    operation.end.is_some() && context.rollout.once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{Scene, at};
    use crate::model::memory::{Memory, Over};
    use crate::model::names::Component::{Gca, Gim, Gsp};
    use crate::model::release::ReleaseStatus;
    use crate::model::source::Freshness;

    fn state(scene: &Scene, minutes: f64) -> Option<CheckState> {
        scene.ask(Gim, minutes, answer).map(|answer| answer.state)
    }

    /// GIM upgraded at the begin; over after two minutes, as the exporter saw.
    fn witnessed() -> Scene {
        let mut scene = Scene::upgraded(Gim);
        scene.memory.components.gim.over = Some(Over { begin: at(0.0), at: at(2.0), witnessed: true });
        scene
    }

    #[test]
    fn another_operation_may_begin_when_it_is_over() {
        assert_eq!(state(&Scene::at_rest(), 10.0), None);
        assert_eq!(state(&witnessed(), 10.0), Some(CheckState::Pass));
        for (minutes, expected) in [
            (-1.0, CheckState::Pass),
            (0.0, CheckState::Fail),
            (1.9, CheckState::Fail),
            (2.0, CheckState::Pass),
            (9.0, CheckState::Pass),
        ] {
            for other in [Gsp, Gca] {
                let mut scene = witnessed();
                scene.upgrade_at(other, minutes);
                assert_eq!(state(&scene, 10.0), Some(expected), "{other} {minutes}");
            }
        }
    }

    #[test]
    fn while_it_is_not_over_none_may_begin() {
        let mut scene = Scene::upgraded(Gim);
        (scene.pod(Gim).ready, scene.workload(Gim).current_revision) = (false, Some("h2".into()));
        assert_eq!(state(&scene, 1.0), Some(CheckState::Pending));
        scene.upgrade_at(Gsp, 1.0);
        assert_eq!(state(&scene, 1.0), Some(CheckState::Fail));
        let mut scene = Scene::upgraded(Gim);
        scene.newest(Gim).status = ReleaseStatus::PendingUpgrade;
        assert_eq!(state(&scene, 1.0), Some(CheckState::Pending));
        scene.upgrade_at(Gca, 1.0);
        assert_eq!(state(&scene, 1.0), Some(CheckState::Fail));
    }

    #[test]
    fn an_exporter_that_began_later_is_told_by_helm_and_cleared_by_kubelets() {
        let after_restart = |minutes: f64| {
            let mut scene = Scene::upgraded(Gim);
            scene.newest(Gim).written = at(0.5);
            scene.memory = Memory::new(at(30.0));
            scene.upgrade_at(Gsp, minutes);
            scene.judge(30.0);
            state(&scene, 30.0)
        };
        assert_eq!(after_restart(0.4), Some(CheckState::Fail), "Helm was not done");
        assert_eq!(after_restart(1.0), Some(CheckState::Unknown), "by the kubelet its pod was not Ready");
        assert_eq!(after_restart(5.0), Some(CheckState::Pass), "by the kubelet it was");
    }

    #[test]
    fn what_is_not_known_is_no_pass() {
        let mut scene = witnessed();
        scene.component(Gsp).sources.helm = Freshness::Forbidden;
        assert_eq!(state(&scene, 10.0), Some(CheckState::Unknown));
    }
}
