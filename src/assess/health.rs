//! Whether a component is unhealthy: a vital check fails, one about signals for as long as the hold or a whole window.
//!
//! Helm's status, hooks, versions and companions never make a component unhealthy. Not for whether the operation is to
//! blame: that is `adverse`.

use super::answer::{Answer, CheckId};
use super::checks::{self, Context, Row};
use crate::model::time::{Timestamp, after};

/// A vital check that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Which.
    pub check: CheckId,
    /// When it counts; an instant that has come where it counts already.
    pub counts_from: Timestamp,
    /// Whether it counts.
    pub counts: bool,
}

/// The vital checks that fail, in the order of the table.
#[must_use]
pub fn failing(context: &Context<'_>, checks: &[(CheckId, Answer)]) -> Vec<Failing> {
    checks::failing_rows(checks)
        .filter(|row| row.vital)
        .map(|row| {
            let counts_from = counts_from(context, row);
            Failing { check: row.id, counts_from, counts: context.horizon.passed(counts_from) }
        })
        .collect()
}

/// When a failing check counts: at once for pods; for signals once the trouble has lasted for the hold. What a dependency may
/// have caused that was down has the hold to recover.
fn counts_from(context: &Context<'_>, row: &Row) -> Timestamp {
    let own = if row.held { after(checks::failing_since(context, row), context.policy.hold) } else { Timestamp::MIN };
    let recovering = checks::recovering_until(context).filter(|_| checks::may_come_of_an_outage(row.id));
    recovering.map_or(own, |until| own.max(until))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::assess::assessment::{Stage, VerdictKind};
    use crate::assess::testing::{DAY, Scene, at, ready_pod};
    use crate::model::facts::{Generation, PodFacts};
    use crate::model::memory::Memory;
    use crate::model::names::Component::{Gca, Gim};
    use crate::model::release::ReleaseStatus;
    use crate::model::workload::{TerminatedReason, WaitingReason};

    #[test]
    fn signals_count_once_they_have_failed_for_the_hold() {
        let mut scene = Scene::at_rest();
        scene.play(-11.0, 0.0, |_| 3.0);
        scene.play(0.25, 10.0, |_| 400.0);
        assert_eq!(scene.verdict(Gim, 10.0), (VerdictKind::Wait, vec!["latency_settling", "latency_low"]));
        scene.play(10.25, 10.25, |_| 400.0);
        assert_eq!(scene.verdict(Gim, 10.25), (VerdictKind::Investigate, vec!["latency_low"]));
        // Silence: no answer for three intervals is unknown, for the hold it counts.
        let mut scene = Scene::at_rest();
        scene.play(-11.0, 0.0, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 0.7), (VerdictKind::None, vec![]));
        assert_eq!(scene.verdict(Gim, 0.75), (VerdictKind::Unknown, vec!["signals_silent"]));
        assert_eq!(scene.verdict(Gim, 9.9), (VerdictKind::Unknown, vec!["signals_silent"]));
        assert_eq!(scene.verdict(Gim, 10.0), (VerdictKind::Investigate, vec!["metrics_present"]));
    }

    #[test]
    fn a_pod_that_falls_ill_has_its_time_by_our_clock() {
        for kubelet in [Some(at(-300.0)), None] {
            let mut scene = Scene::at_rest();
            scene.play(-11.0, 0.0, |_| 3.0);
            (scene.pod(Gca).ready, scene.pod(Gca).ready_changed) = (false, kubelet);
            assert_eq!(scene.verdict(Gca, 1.0).0, VerdictKind::Wait, "{kubelet:?}");
            assert_eq!(scene.verdict(Gca, 10.9).0, VerdictKind::Wait, "{kubelet:?}");
            assert_eq!(scene.verdict(Gca, 11.0).0, VerdictKind::Investigate, "{kubelet:?}");
        }
    }

    #[test]
    fn a_pod_that_is_made_anew_on_its_node_has_its_time() {
        // After a node started anew, kubelets tell of old pods that their containers are being made.
        let mut scene = Scene::at_rest();
        scene.judge(-1.0);
        let pod = scene.pod(Gca);
        (pod.ready, pod.containers[0].waiting) = (false, Some(WaitingReason::ContainerCreating));
        let judged = scene.judge_one(Gca, 0.0);
        assert_eq!((judged.verdict.kind, judged.stage), (VerdictKind::Wait, Stage::RollingOut));
    }

    #[test]
    fn a_pod_that_comes_does_not_hide_one_that_is_ill() {
        let mut scene = Scene::at_rest();
        scene.workload(Gca).desired = 2;
        scene.judge(-1.0);
        scene.pod(Gca).ready = false;
        scene.judge(0.0);
        let mut other = ready_pod("gca-1", "2", 8.0, 8.0, "r/app:100.0.116.2900");
        other.ready = false;
        let other = PodFacts { pod: Arc::new(other), generation: Generation::New };
        scene.component(Gca).workloads[0].pods.push(other);
        assert_eq!(scene.verdict(Gca, 9.0).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gca, 11.0), (VerdictKind::Investigate, vec!["pods_ready"]));
    }

    #[test]
    fn a_pod_that_is_ill_long_after_the_install_has_its_own_time() {
        // Nothing is remembered, and equal revisions of a StatefulSet prove nothing for a first install.
        let mut scene = Scene::at_rest();
        scene.component(Gim).release.revisions.remove(1);
        scene.newest(Gim).status = ReleaseStatus::Deployed;
        scene.body(Gim).workloads[0].images = vec!["r/app:100.0.116.2900".into()];
        scene.memory = Memory::new(at(0.0));
        scene.pod(Gim).created = at(-30.0 * DAY + 1.0);
        (scene.pod(Gim).ready, scene.pod(Gim).ready_changed) = (false, Some(at(-5.0)));
        assert_eq!(scene.verdict(Gim, 0.0).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gim, 54.9).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gim, 55.0), (VerdictKind::Investigate, vec!["pods_ready"]));
    }

    #[test]
    fn a_pod_killed_for_its_memory_before_the_operation_is_no_trouble_of_it() {
        let mut scene = Scene::upgraded(Gca);
        let pod = scene.pod(Gca);
        pod.created = at(-10.0 * DAY);
        pod.ready_changed = Some(at(-5.0 * DAY));
        (pod.containers[0].restarts, pod.containers[0].last_terminated) = (1, Some(TerminatedReason::OomKilled));
        scene.judge(29.0);
        scene.play(29.0, 30.0, |_| 3.0);
        assert_eq!(scene.verdict(Gca, 30.0), (VerdictKind::Proceed, vec![]));
        scene.pod(Gca).containers[0].restarts = 2;
        assert_eq!(scene.verdict(Gca, 31.0), (VerdictKind::Investigate, vec!["containers_stable"]), "killed since");
    }

    #[test]
    fn an_exporter_that_begins_beside_an_ill_pod_knows_that_it_was_ready() {
        // Rolled back five hours ago; that it worked is remembered nowhere.
        for (since, expected) in [(290.0, VerdictKind::Wait), (0.5, VerdictKind::ContactSupport)] {
            let mut scene = Scene::upgraded(Gim);
            scene.body(Gim).description = "Rollback to 1".into();
            scene.memory = Memory::new(at(300.0));
            (scene.pod(Gim).ready, scene.pod(Gim).ready_changed) = (false, Some(at(since)));
            assert_eq!(scene.verdict(Gim, 300.0).0, expected);
        }
    }
}
