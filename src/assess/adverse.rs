//! What speaks against the operation itself, while it is the suspect.
//!
//! Only what is proven: a release that failed for waiting too long is judged by its pods, a high latency that does not
//! grow is nobody's fault, and metrics that were never read before may be read at the wrong port. Not for what to do
//! about it: that is `verdict`.

use super::answer::{Answer, CheckId, CheckState, FailureClass};
use super::assessment::{NamedReason, Reason};
use super::checks::{Context, crashes_since, failing_rows, failing_since, silent_since};
use super::failure;
use super::health::Failing;
use crate::model::facts::{Generation, PodFacts};
use crate::model::memory::Condition;
use crate::model::release::{HookPhase, ReleaseStatus};
use crate::model::time::Timestamp;
use crate::model::workload::WaitingReason;

/// One thing that speaks against the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adversity {
    /// What.
    pub reason: Reason,
    /// Since when, for signals: an operation that began elsewhere in the suite before that may explain it.
    pub signal_since: Option<Timestamp>,
}

/// Everything that speaks against the operation that made the newest revision; nothing outside the suspect window.
#[must_use]
pub fn find(context: &Context<'_>, checks: &[(CheckId, Answer)], failing: &[Failing]) -> Vec<Adversity> {
    let in_window = context.operation.is_some_and(|operation| operation.in_window);
    if !in_window {
        return Vec::new();
    }
    let mut found = helms(context);
    let counts = |adversity: &Adversity| failing.iter().any(|f| Reason::Check(f.check) == adversity.reason && f.counts);
    found.extend(pods(context, checks).into_iter().filter(counts));
    found.extend(signals(context, checks, failing));
    found
}

/// Hooks that failed, a release that failed outright, Helm gone while the release is pending.
fn helms(context: &Context<'_>) -> Vec<Adversity> {
    let Some(newest) = context.facts.release.newest() else { return Vec::new() };
    let adversity = |reason| Adversity { reason, signal_since: None };
    let mut found = Vec::new();
    if let Some(body) = newest.body() {
        let hook_failed = body.hooks.iter().any(|hook| hook.phase == HookPhase::Failed);
        if hook_failed {
            found.push(adversity(Reason::Check(CheckId::HooksSucceeded)));
        }
    }
    // Waiting too long is judged by the pods themselves: they may have healed since.
    let outright = failure::of(newest).is_some_and(|class| class != FailureClass::Timeout);
    if newest.status == ReleaseStatus::Failed && outright {
        found.push(adversity(Reason::Named(NamedReason::ReleaseFailed)));
    }
    let overdue = context.operation.is_some_and(|operation| context.horizon.passed(operation.ready_deadline))
        && context.horizon.lasted(newest.written, context.times.helm_timeout.saturating_mul(2));
    if newest.status.is_pending() && overdue {
        found.push(adversity(Reason::Named(NamedReason::ReleasePendingStuck)));
    }
    found
}

/// Pods that cannot start, before the revision was rolled out once; containers that keep crashing, at any time. What was
/// wrong before the operation began counts from its begin, and a pod of an earlier revision does not count at all: a
/// rollback finds the broken pod that it is to replace.
fn pods(context: &Context<'_>, checks: &[(CheckId, Answer)]) -> Vec<Adversity> {
    let Some(operation) = context.operation else { return Vec::new() };
    let fails = |id| checks.iter().any(|(check, answer)| *check == id && answer.state == CheckState::Fail);
    let lasted = |since: Timestamp, span| context.horizon.lasted(since.max(operation.begin), span);
    let mut found: Vec<CheckId> = Vec::new();
    if fails(CheckId::ContainersStable) && crashes_since(context, operation.begin) {
        found.push(CheckId::ContainersStable);
    }
    if !context.rollout.once {
        let new = || context.facts.replicas().filter(|pod| pod.generation == Generation::New);
        let no_node = |pod: &PodFacts| !pod.pod.scheduled && lasted(pod.pod.created, context.times.pending_timeout);
        if fails(CheckId::PodsScheduled) && new().any(no_node) {
            found.push(CheckId::PodsScheduled);
        }
        // Where no error is told, the image is merely slow, and the check itself has waited for the pending timeout.
        let since = context.memory.since(Condition::ImageNotPulled);
        let slow = |pod: &PodFacts| {
            let creating = pod.pod.waits(|reason| reason == WaitingReason::ContainerCreating);
            creating && lasted(context.memory.readiness_since(&pod.pod), context.times.pending_timeout)
        };
        // The condition may be that of an old pod beside it.
        let refused = |pod: &PodFacts, since: Timestamp| {
            pod.pod.waits(WaitingReason::is_image) && lasted(since.max(pod.pod.created), context.times.image_grace)
        };
        let no_image = |pod: &PodFacts| since.map_or_else(|| slow(pod), |since| refused(pod, since));
        if fails(CheckId::ImagesPulled) && new().any(no_image) {
            found.push(CheckId::ImagesPulled);
        }
        if fails(CheckId::PodsReady) {
            found.push(CheckId::PodsReady);
        }
    }
    found.into_iter().map(|check| Adversity { reason: Reason::Check(check), signal_since: None }).collect()
}

/// Signals that fail for as long as the hold since the operation's pods are Ready: before that they may be the former pods'.
/// A steady high latency never speaks against an operation, a topic that is gone alone neither (it may be retired), and absent
/// metrics only where they were read before it.
fn signals(context: &Context<'_>, checks: &[(CheckId, Answer)], failing: &[Failing]) -> Vec<Adversity> {
    let Some(operation) = context.operation else { return Vec::new() };
    let read_before = context.memory.first_read.is_some_and(|first| first < operation.begin);
    let counts = |id| failing.iter().any(|failing| failing.check == id && failing.counts);
    failing_rows(checks)
        .filter(|row| row.blames && counts(row.id))
        .filter_map(|row| {
            let since = match row.id {
                CheckId::MetricsPresent if read_before => silent_since(context)?,
                CheckId::MetricsPresent => return None,
                _ => failing_since(context, row),
            };
            let ready = context.rollout.ready_since.map(|ready| ready.max(operation.begin));
            let lasted = |ready| context.horizon.lasted(since.max(ready), context.policy.hold);
            let counts = !row.held || ready.is_some_and(lasted);
            counts.then_some(Adversity { reason: Reason::Check(row.id), signal_since: Some(since) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::assess::assessment::VerdictKind;
    use crate::assess::testing::{OLD, Scene, at, ready_pod, revision};
    use crate::model::facts::WorkloadFacts;
    use crate::model::names::Component::{Gca, Gim, Gsp};
    use crate::model::workload::{Pod, UpdateStrategy};

    fn every_pod(scene: &mut Scene, change: impl Fn(&mut Pod)) {
        for pod in scene.component(Gsp).workloads.iter_mut().flat_map(|workload| &mut workload.pods) {
            change(Arc::make_mut(&mut pod.pod));
        }
    }

    fn reasons(scene: &Scene, minutes: f64) -> Vec<&'static str> {
        scene.ask(Gsp, minutes, |context| {
            let checks = crate::assess::checks::answer_all(context);
            let failing = crate::assess::health::failing(context, &checks);
            find(context, &checks, &failing).iter().map(|adversity| adversity.reason.as_str()).collect()
        })
    }

    #[test]
    fn metrics_are_awaited_from_when_a_pod_was_seen_ready() {
        for kubelet in [Some(at(-9.0)), None] {
            let mut scene = Scene::at_rest();
            scene.play(-11.0, -1.0, |_| 3.0);
            scene.upgrade(Gim);
            (scene.pod(Gim).ready, scene.pod(Gim).ready_changed) = (false, None);
            scene.component(Gim).signals.readings.clear();
            assert_eq!(scene.verdict(Gim, 20.0).0, VerdictKind::Wait);
            (scene.pod(Gim).ready, scene.pod(Gim).ready_changed) = (true, kubelet);
            assert_eq!(scene.verdict(Gim, 21.0).0, VerdictKind::Wait, "{kubelet:?}");
            assert_eq!(scene.verdict(Gim, 30.9).0, VerdictKind::Unknown, "{kubelet:?}");
            assert_eq!(scene.verdict(Gim, 31.0), (VerdictKind::RollBack, vec!["metrics_present"]), "{kubelet:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_not_held_against_it() {
        let mut scene = Scene::upgraded(Gca);
        scene.body(Gca).workloads.clear();
        scene.component(Gca).workloads.clear();
        assert_eq!(scene.verdict(Gca, 0.5).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gca, 10.4).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gca, 10.5).0, VerdictKind::Investigate);
    }

    #[test]
    fn one_restart_of_everything_is_no_crash_loop() {
        // A node is started anew, and each pod with its two sidecars with it.
        let mut scene = Scene::upgraded(Gsp);
        every_pod(&mut scene, |pod| {
            let container = pod.containers[0].clone();
            pod.containers.extend([container.clone(), container]);
        });
        scene.judge(20.0);
        every_pod(&mut scene, |pod| pod.containers.iter_mut().for_each(|container| container.restarts = 1));
        scene.read(21.0, 3.0);
        assert_eq!(scene.verdict(Gsp, 21.0), (VerdictKind::Wait, vec!["soaking"]));
        assert_eq!(reasons(&scene, 21.0), Vec::<&str>::new());
    }

    #[test]
    fn restarts_that_nobody_saw_are_not_three_in_ten_minutes() {
        let mut scene = Scene::upgraded(Gsp);
        scene.judge(20.0);
        every_pod(&mut scene, |pod| pod.containers[0].restarts = 4);
        scene.judge(200.0);
        assert_eq!(reasons(&scene, 200.0), Vec::<&str>::new());
        every_pod(&mut scene, |pod| pod.containers[0].restarts = 5);
        scene.judge(201.0);
        every_pod(&mut scene, |pod| pod.containers[0].restarts = 6);
        scene.judge(202.0);
        assert_eq!(reasons(&scene, 202.0), ["containers_stable"]);
    }

    #[test]
    fn a_stale_pod_that_is_deleted_late_gives_its_successor_time() {
        let mut scene = Scene::upgraded(Gim);
        let facts = scene.component(Gim);
        let latest = revision(facts, 4, 10.0, ReleaseStatus::Deployed, OLD, 2);
        facts.release.revisions.push(Arc::new(latest));
        scene.workload(Gim).images = vec![OLD.into()];
        scene.workload(Gim).current_revision = Some("h2".into());
        scene.workload(Gim).update_revision = Some("h2".into());
        scene.component(Gim).workloads[0].pods[0].generation = Generation::Old;
        scene.pod(Gim).ready = false;
        scene.judge(11.0);
        assert_eq!(scene.verdict(Gim, 180.0), (VerdictKind::RestartPod, vec!["stale_pod"]));
        scene.pod(Gim).terminating = true;
        assert_eq!(scene.verdict(Gim, 180.1).0, VerdictKind::Wait, "it is being deleted");
        scene.component(Gim).workloads[0].pods.clear();
        assert_eq!(scene.verdict(Gim, 180.2).0, VerdictKind::Wait, "it is gone");
        assert_eq!(scene.verdict(Gim, 190.0).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gim, 190.1), (VerdictKind::ContactSupport, vec!["pods_ready"]), "none came");
        let mut pod = ready_pod("gim-0", "2", 190.2, 190.2, OLD);
        pod.ready = false;
        let pod = crate::model::facts::PodFacts { pod: Arc::new(pod), generation: Generation::New };
        scene.component(Gim).workloads[0].pods.push(pod);
        assert_eq!(scene.verdict(Gim, 190.3), (VerdictKind::Wait, vec!["pod_replaced"]));
    }

    #[test]
    fn a_pod_of_the_new_revision_under_on_delete_is_held_against_it() {
        let mut scene = Scene::upgraded(Gim);
        scene.workload(Gim).strategy = UpdateStrategy::OnDelete;
        scene.workload(Gim).current_revision = Some("h2".into());
        let pod = scene.pod(Gim);
        (pod.ready, pod.containers[0].waiting) = (false, Some(WaitingReason::ErrImagePull));
        scene.judge(10.0);
        assert_eq!(scene.verdict(Gim, 12.1), (VerdictKind::RollBack, vec!["images_pulled"]));
    }

    #[test]
    fn a_slow_pull_of_the_old_pod_is_not_held_against_a_new_one() {
        let mut scene = Scene::upgraded(Gca);
        scene.workload(Gca).progressed = false;
        scene.workload(Gca).desired = 2;
        let mut old = ready_pod("gca-old", "2", -60.0, -60.0, OLD);
        (old.ready, old.containers[0].waiting) = (false, Some(WaitingReason::ContainerCreating));
        let old = crate::model::facts::PodFacts { pod: Arc::new(old), generation: Generation::Old };
        let WorkloadFacts { pods, .. } = &mut scene.component(Gca).workloads[0];
        pods.push(old);
        scene.pod(Gca).created = at(0.1);
        scene.policy.times.gca.ready_timeout = std::time::Duration::from_mins(30);
        assert_eq!(scene.verdict(Gca, 11.0).0, VerdictKind::Wait);
    }

    #[test]
    fn a_new_pod_has_its_own_grace_for_its_image() {
        // The upgrade before left a pod whose image was never there; this one's registry hiccups.
        let mut scene = Scene::upgraded(Gca);
        scene.workload(Gca).progressed = false;
        let mut old = ready_pod("gca-old", "2", -60.0, -60.0, OLD);
        (old.ready, old.containers[0].waiting) = (false, Some(WaitingReason::ErrImagePull));
        let old = crate::model::facts::PodFacts { pod: Arc::new(old), generation: Generation::Old };
        scene.component(Gca).workloads[0].pods.push(old);
        scene.judge(2.0);
        let pod = scene.pod(Gca);
        (pod.created, pod.ready, pod.containers[0].waiting) = (at(5.0), false, Some(WaitingReason::ErrImagePull));
        assert_eq!(scene.verdict(Gca, 6.9).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gca, 7.0), (VerdictKind::RollBack, vec!["images_pulled"]));
    }

    #[test]
    fn a_rollout_that_ends_late_has_time_to_be_cleared_away() {
        let mut scene = Scene::upgraded(Gca);
        scene.workload(Gca).progressed = false;
        scene.pod(Gca).ready = false;
        let old = ready_pod("gca-old", "2", -60.0, -60.0, OLD);
        let old = crate::model::facts::PodFacts { pod: Arc::new(old), generation: Generation::Old };
        scene.component(Gca).workloads[0].pods.push(old);
        scene.judge(2.0);
        assert_eq!(scene.verdict(Gca, 11.0), (VerdictKind::RollBack, vec!["pods_ready"]));
        scene.judge(11.0);
        scene.pod(Gca).ready = true;
        assert_eq!(scene.verdict(Gca, 12.0).0, VerdictKind::Wait, "the old pod is there yet");
        scene.judge(12.0);
        scene.workload(Gca).progressed = true;
        let old = &mut scene.component(Gca).workloads[0].pods[1];
        Arc::make_mut(&mut old.pod).terminating = true;
        assert_eq!(scene.verdict(Gca, 12.1).0, VerdictKind::Wait, "it is being deleted");
        scene.judge(12.1);
        assert_eq!(scene.verdict(Gca, 21.9).0, VerdictKind::Wait);
        assert_eq!(scene.verdict(Gca, 22.0).0, VerdictKind::Investigate, "it does not go");
    }
}
