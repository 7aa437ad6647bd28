//! The gates: whether each component may be upgraded now, and what forbids it.
//!
//! None is upgraded unless all operate normally, what it needs is up, and those before it are done (upgrade guide,
//! Scheduling considerations; Preparatory steps). Unknown is never a pass. Not for the advice itself: that is `verdict`.

use super::answer::{CheckId, CheckState};
use super::assessment::{Gate, GateReason, OperationKind, Stage};
use super::component::Judged;
use super::horizon::Horizon;
use super::procedure::{Cycle, Standing, standing};
use super::suite::InSuite;
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::names::{Component, PerComponent};
use crate::model::policy::Policy;

/// The gates of a suite.
#[must_use]
pub fn gates(
    facts: &Facts,
    cycle: &Cycle,
    judged: &PerComponent<Judged>,
    in_suite: &PerComponent<InSuite>,
    policy: &Policy,
    horizon: &Horizon,
) -> PerComponent<Gate> {
    PerComponent::from_fn(|gated| {
        let mut blocked: Vec<GateReason> = Vec::new();
        for (component, own) in judged.iter() {
            let unexplained = runs_unexplained(facts.components.get(component));
            blocked.extend(obstacle(component, in_suite.get(component).stage, own, unexplained));
            if component < gated && cycle.undone(component) {
                blocked.extend(undone_reason(component));
            }
            if component < gated {
                let untold = may_be_undone(facts, cycle, component).then_some(Standing::Unclear);
                let mut standings = std::iter::once(standing(facts, component)).chain(untold);
                let missed = standings.find_map(|standing| missed(component, standing));
                blocked.extend(missed.filter(|reason| !blocked.contains(reason)));
            }
        }
        blocked.extend(down(judged));
        let backed_up = || is_backed_up(facts, judged.get(gated), policy, horizon);
        if gated == Component::Gim && facts.suite.surroundings.backup.is_some() && !backed_up() {
            blocked.push(GateReason::BackupNotRecent);
        }
        Gate { blocked }
    })
}

/// Whether pods are wanted of a component of which neither Helm nor a label of its chart tells: it is there, and how it is
/// nobody knows.
fn runs_unexplained(facts: &ComponentFacts) -> bool {
    facts.operation_began().is_none() && facts.desired() > 0
}

/// Whether what was to be upgraded, or installed, was left without a pod: that it works was never seen.
fn left_without_pods(judged: &Judged) -> bool {
    let current = judged.operation.as_ref().filter(|operation| operation.in_window);
    current.is_some_and(|operation| matches!(operation.kind, OperationKind::Upgrade | OperationKind::Install))
}

/// What a component's stage means for the gates.
fn obstacle(component: Component, stage: Stage, judged: &Judged, unexplained: bool) -> Option<GateReason> {
    use GateReason as G;
    let [not_verified, running, unknown] = match component {
        Component::Gim => [G::GimNotVerified, G::GimOperationRunning, G::GimUnknown],
        Component::Gsp => [G::GspNotVerified, G::GspOperationRunning, G::GspUnknown],
        Component::Gca => [G::GcaNotVerified, G::GcaOperationRunning, G::GcaUnknown],
    };
    match stage {
        Stage::Absent if unexplained => Some(unknown),
        Stage::Absent if left_without_pods(judged) => Some(not_verified),
        Stage::Absent | Stage::Verified => None,
        Stage::Unknown => Some(unknown),
        Stage::Applying | Stage::Uninstalling => Some(running),
        Stage::RollingOut | Stage::Verifying if judged.in_window() => Some(running),
        Stage::RollingOut | Stage::Verifying if !judged.proof.silent.is_empty() => Some(unknown),
        Stage::RollingOut | Stage::Verifying | Stage::Degraded | Stage::Failed => Some(not_verified),
    }
}

const fn undone_reason(component: Component) -> Option<GateReason> {
    match component {
        Component::Gim => Some(GateReason::GimUndone),
        Component::Gsp => Some(GateReason::GspUndone),
        Component::Gca => None,
    }
}

/// Whether it is not known of a component's last operation in the cycle that it was no return to an older build, and no target
/// tells that its build is the one to reach.
#[must_use]
pub fn may_be_undone(facts: &Facts, cycle: &Cycle, component: Component) -> bool {
    let aimed = facts.target(component).is_some() && standing(facts, component) == Standing::Reached;
    !aimed && cycle.is_untold(component)
}

/// What the target of a component that comes before means for the gates after it. One that may have been undone is as unclear as
/// one whose build is not known.
const fn missed(component: Component, standing: Standing) -> Option<GateReason> {
    match (component, standing) {
        (_, Standing::Reached) | (Component::Gca, _) => None,
        (Component::Gim, Standing::Below) => Some(GateReason::GimBelowTarget),
        (Component::Gim, Standing::Unclear) => Some(GateReason::GimUnknown),
        (Component::Gsp, Standing::Below) => Some(GateReason::GspBelowTarget),
        (Component::Gsp, Standing::Unclear) => Some(GateReason::GspUnknown),
    }
}

/// The dependencies that are proven down, whichever component needs them: what is upgraded could not be verified beside one
/// that does not work, and a rollback would not work either.
fn down(judged: &PerComponent<Judged>) -> impl Iterator<Item = GateReason> {
    let reasons = [
        (CheckId::KafkaReachable, GateReason::KafkaDown),
        (CheckId::DatabaseReachable, GateReason::DatabaseDown),
        (CheckId::ObjectStorageReachable, GateReason::ObjectStorageDown),
    ];
    let fails = |check| judged.iter().any(|(_, judged)| judged.state(check) == Some(CheckState::Fail));
    reasons.into_iter().filter(move |(check, _)| fails(*check)).map(|(_, reason)| reason)
}

/// Whether GIM may be upgraded as far as the backup of its database is concerned: a recent one must exist (upgrade guide,
/// Preparatory steps). Recent now, whatever the last operation began with.
fn is_backed_up(facts: &Facts, judged: &Judged, policy: &Policy, horizon: &Horizon) -> bool {
    let known = judged.state(CheckId::BackupRecent).is_some_and(|state| state != CheckState::Unknown);
    let newest = facts.surroundings.backup.as_ref().and_then(|backup| backup.last_success);
    known && newest.is_some_and(|newest| !horizon.lasted(newest, policy.backup_max_age))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::assess::answer::{Answer, CheckId};
    use crate::assess::component;
    use crate::assess::suite;
    use crate::assess::testing::{DAY, OLD, Scene, at, revision};
    use crate::model::dependency::{Backup, BackupAt};
    use crate::model::names::Component::{Gim, Gsp};
    use crate::model::release::{BodyState, ReleaseStatus};
    use crate::model::source::Freshness;
    use crate::model::version::BuildVersion;

    /// What closes each gate at one moment, with answers of other checks put in.
    fn blocked(scene: &mut Scene, minutes: f64, answers: &[(Component, CheckId, CheckState)]) -> [Vec<GateReason>; 3] {
        scene.judge(minutes);
        let horizon = Horizon::new(at(minutes));
        let mut judged = PerComponent::from_fn(|component| {
            let memory = scene.memory.components.get(component);
            component::judge(component, &scene.facts, memory, &scene.policy, &horizon)
        });
        for &(component, check, state) in answers {
            judged.get_mut(component).checks.retain(|(id, _)| *id != check);
            judged.get_mut(component).checks.push((check, Answer::new(state, [])));
        }
        let in_suite = suite::judge(&scene.facts, &judged);
        let cycle = Cycle::read(&scene.facts, &scene.policy, &horizon);
        let gates = gates(&scene.facts, &cycle, &judged, &in_suite, &scene.policy, &horizon);
        [gates.gim.blocked, gates.gsp.blocked, gates.gca.blocked]
    }

    fn rested() -> Scene {
        let mut scene = Scene::at_rest();
        scene.play(-11.0, 0.0, |_| 3.0);
        scene
    }

    #[test]
    fn at_rest_all_are_open() {
        assert_eq!(blocked(&mut rested(), 0.0, &[]), [vec![], vec![], vec![]]);
    }

    #[test]
    fn what_is_absent_is_at_rest_and_what_is_forbidden_is_not() {
        let mut scene = rested();
        scene.component(Gsp).release.revisions.clear();
        scene.component(Gsp).workloads.clear();
        assert_eq!(blocked(&mut scene, 0.0, &[]), [vec![], vec![], vec![]]);
        scene.component(Gsp).sources.helm = Freshness::Forbidden;
        let unknown = || vec![GateReason::GspUnknown];
        assert_eq!(blocked(&mut scene, 0.0, &[]), [unknown(), unknown(), unknown()]);
    }

    #[test]
    fn what_runs_untold_is_not_absent() {
        let mut scene = rested();
        scene.component(Gim).release.revisions.clear();
        let unknown = || vec![GateReason::GimUnknown];
        assert_eq!(blocked(&mut scene, 0.0, &[]), [unknown(), unknown(), unknown()]);
        scene.workload(Gim).desired = 0;
        assert_eq!(blocked(&mut scene, 0.0, &[]), [vec![], vec![], vec![]], "nothing of it is meant to run");
    }

    #[test]
    fn an_upgrade_to_no_pods_is_not_verified() {
        let mut scene = Scene::upgraded(Gim);
        scene.workload(Gim).desired = 0;
        scene.component(Gim).workloads[0].pods.clear();
        scene.play(2.0, 15.0, |_| 3.0);
        let not_verified = || vec![GateReason::GimNotVerified];
        assert_eq!(blocked(&mut scene, 15.0, &[]), [not_verified(), not_verified(), not_verified()]);
        scene.body(Gim).workloads[0].images = vec![OLD.into()];
        assert_eq!(
            blocked(&mut scene, 15.0, &[]),
            [vec![], vec![], vec![]],
            "new values for the same build are on purpose"
        );
    }

    #[test]
    fn a_dependency_closes_all_gates() {
        let down = [
            (Gim, CheckId::KafkaReachable, CheckState::Fail),
            (Gsp, CheckId::KafkaReachable, CheckState::Fail),
            (Gsp, CheckId::ObjectStorageReachable, CheckState::Fail),
        ];
        let both = || vec![GateReason::KafkaDown, GateReason::ObjectStorageDown];
        assert_eq!(blocked(&mut rested(), 0.0, &down), [both(), both(), both()]);
        let one = [(Gim, CheckId::DatabaseReachable, CheckState::Fail)];
        let database = || vec![GateReason::DatabaseDown];
        assert_eq!(blocked(&mut rested(), 0.0, &one), [database(), database(), database()]);
        let unknown = down.map(|(component, check, _)| (component, check, CheckState::Unknown));
        assert_eq!(blocked(&mut rested(), 0.0, &unknown), [vec![], vec![], vec![]], "it is not proven down");
    }

    #[test]
    fn a_backup_is_asked_for_where_one_is_configured() {
        let missing = || [vec![GateReason::BackupNotRecent], vec![], vec![]];
        let open = [vec![], vec![], vec![]];
        let mut scene = rested();
        let answer = |state| [(Gim, CheckId::BackupRecent, state)];
        assert_eq!(blocked(&mut scene, 0.0, &answer(CheckState::Fail)), open);
        scene.suite().surroundings.backup = Some(BackupAt::Query("backup".into()));
        assert_eq!(blocked(&mut scene, 0.0, &answer(CheckState::Fail)), missing());
        assert_eq!(blocked(&mut scene, 0.0, &answer(CheckState::Unknown)), missing());
        let mut made = |minutes| {
            let (suite, last_success) = ("default".into(), Some(at(minutes)));
            scene.facts.surroundings.backup = Some(Backup { suite, at: at(0.0), last_success });
            blocked(&mut scene, 0.0, &answer(CheckState::Pass))
        };
        assert_eq!(made(-DAY + 1.0), open);
        assert_eq!(made(-DAY), missing(), "it was recent when the last operation began, and is not any more");
    }

    #[test]
    fn those_that_come_before_must_be_at_their_targets() {
        let mut scene = rested();
        let target = |text| Some(BuildVersion::new(text));
        scene.suite().targets.gim = target("100.0.116+2900");
        assert_eq!(blocked(&mut scene, 0.0, &[]), [vec![], vec![], vec![]]);
        scene.suite().targets.gim = target("100.0.116+4200");
        let below = || vec![GateReason::GimBelowTarget];
        assert_eq!(blocked(&mut scene, 0.0, &[]), [vec![], below(), below()]);
        scene.suite().targets.gim = target("latest");
        let unknown = || vec![GateReason::GimUnknown];
        assert_eq!(blocked(&mut scene, 0.0, &[]), [vec![], unknown(), unknown()]);
        scene.suite().targets.gim = None;
        scene.suite().targets.gsp = target("100.0.116+4200");
        assert_eq!(blocked(&mut scene, 0.0, &[]), [vec![], vec![], vec![GateReason::GspBelowTarget]]);
    }

    #[test]
    fn what_may_have_been_undone_closes_the_gates_after_it_unless_its_target_is_reached() {
        let mut scene = Scene::upgraded(Gim);
        scene.without_helm();
        scene.play(-1.0, 30.0, |_| 3.0);
        let unknown = || vec![GateReason::GimUnknown];
        assert_eq!(blocked(&mut scene, 30.0, &[]), [vec![], unknown(), unknown()]);
        let build = scene.component(Gim).build().map(|build| build.text().clone()).unwrap();
        scene.suite().targets.gim = Some(BuildVersion::new(&build));
        assert_eq!(blocked(&mut scene, 30.0, &[]), [vec![], vec![], vec![]], "its target is reached");
        scene.suite().targets.gim = None;
        scene.play(DAY - 1.0, DAY + 1.0, |_| 3.0);
        assert_eq!(blocked(&mut scene, DAY + 1.0, &[]), [vec![], vec![], vec![]], "the cycle is over");
    }

    #[test]
    fn an_upgrade_that_was_undone_closes_the_gates_after_it_for_the_cycle() {
        let mut scene = Scene::upgraded(Gim);
        let facts = scene.component(Gim);
        let back = revision(facts, 4, 10.0, ReleaseStatus::Deployed, OLD, 2);
        facts.release.revisions.push(Arc::new(back));
        scene.workload(Gim).images = vec![OLD.into()];
        scene.pod(Gim).containers[0].image = OLD.into();
        scene.play(10.0, 30.0, |_| 3.0);
        let undone = || vec![GateReason::GimUndone];
        assert_eq!(blocked(&mut scene, 30.0, &[]), [vec![], undone(), undone()]);
        scene.policy.suspect_window = std::time::Duration::from_hours(1);
        scene.play(89.0, 90.0, |_| 3.0);
        assert_eq!(blocked(&mut scene, 90.0, &[]), [vec![], undone(), undone()], "the cycle goes on");
        scene.play(DAY + 9.0, DAY + 10.0, |_| 3.0);
        assert_eq!(blocked(&mut scene, DAY + 10.0, &[]), [vec![], vec![], vec![]], "it is over");
        scene.newest(Gim).body = BodyState::Unread;
        let unknown = || vec![GateReason::GimNotVerified];
        assert_eq!(blocked(&mut scene, DAY + 10.0, &[]), [unknown(), unknown(), unknown()]);
    }
}
