//! Each check both ways, and between; what is said when its evidence is not fresh, or when it does not apply.

use std::sync::Arc;

use super::*;
use crate::assess::testing::{DAY, Scene, at, reading};
use crate::model::names::Component::{Gca, Gim};
use crate::model::release::{BodyState, Hook, HookPhase, ReleaseStatus};
use crate::model::workload::{TerminatedReason, WaitingReason};

/// The answer of one check at a minute; `n/a` where it does not apply.
pub(super) fn state(scene: &Scene, component: Component, minutes: f64, check: CheckId) -> &'static str {
    let answers = scene.ask(component, minutes, answer_all);
    answers.iter().find(|(id, _)| *id == check).map_or("n/a", |(_, answer)| answer.state.as_str())
}

/// Asserts what a check answers about GCA, upgraded at minute 0 and then changed.
fn answers(check: CheckId, name: &str, minutes: f64, expected: &str, change: impl Fn(&mut Scene)) {
    let mut scene = Scene::upgraded(Gca);
    change(&mut scene);
    assert_eq!(state(&scene, Gca, minutes, check), expected, "{check}: {name}");
}

fn scale_to_zero(scene: &mut Scene) {
    scene.workload(Gca).desired = 0;
    scene.component(Gca).workloads[0].pods.clear();
}

fn unready(scene: &mut Scene) {
    (scene.pod(Gca).ready, scene.workload(Gca).progressed) = (false, false);
}

fn waiting(scene: &mut Scene, reason: WaitingReason) {
    unready(scene);
    scene.pod(Gca).containers[0].waiting = Some(reason);
    scene.judge(2.0);
}

fn hook(scene: &mut Scene, phase: HookPhase) {
    let (name, event) = ("save".into(), "pre-upgrade".into());
    scene.body(Gca).hooks.push(Hook { name, event, phase, started: None, completed: None });
}

#[test]
fn checks_of_helm_answer() {
    let check = CheckId::ReleaseDeployed;
    for (status, minutes, expected) in [
        (ReleaseStatus::Deployed, 5.0, "pass"),
        (ReleaseStatus::Failed, 5.0, "fail"),
        (ReleaseStatus::PendingUpgrade, 9.9, "pending"),
        (ReleaseStatus::PendingUpgrade, 10.0, "fail"),
        (ReleaseStatus::Unknown, 5.0, "unknown"),
        (ReleaseStatus::Superseded, 5.0, "unknown"),
        (ReleaseStatus::Uninstalling, 5.0, "n/a"),
        (ReleaseStatus::Uninstalled, 5.0, "n/a"),
    ] {
        answers(check, status.as_str(), minutes, expected, |s| s.newest(Gca).status = status);
    }
    answers(check, "no release", 5.0, "n/a", |s| s.component(Gca).release.revisions.clear());
    answers(check, "history silent", 5.0, "unknown", |s| s.component(Gca).sources.helm = Freshness::Stale);

    let check = CheckId::HooksSucceeded;
    answers(check, "none", 5.0, "n/a", |_| {});
    answers(check, "one that did", 5.0, "pass", |s| hook(s, HookPhase::Succeeded));
    answers(check, "one that did not", 5.0, "fail", |s| hook(s, HookPhase::Failed));
    answers(check, "one that runs", 5.0, "pending", |s| {
        hook(s, HookPhase::Running);
        s.newest(Gca).status = ReleaseStatus::PendingUpgrade;
    });
    answers(check, "body unread", 5.0, "unknown", |s| s.newest(Gca).body = BodyState::Unread);

    let check = CheckId::WithinTimeout;
    answers(check, "rolled out", 5.0, "pass", |_| {});
    answers(check, "not Ready", 9.9, "pending", unready);
    answers(check, "not Ready for too long", 10.0, "fail", unready);
    answers(check, "Helm at work for too long", 5.0, "fail", |s| s.newest(Gca).status = ReleaseStatus::PendingUpgrade);
    answers(check, "long ago", DAY, "n/a", |_| {});
}

#[test]
fn a_release_that_failed_tells_why() {
    let mut scene = Scene::upgraded(Gca);
    scene.newest(Gca).status = ReleaseStatus::Failed;
    scene.body(Gca).description = "Upgrade \"gca\" failed: context deadline exceeded".into();
    let evidence = |scene: &Scene| {
        let answers = scene.ask(Gca, 5.0, answer_all);
        answers.into_iter().find(|(id, _)| *id == CheckId::ReleaseDeployed).map(|(_, answer)| answer.evidence)
    };
    let release = Evidence::Release { revision: 3, status: ReleaseStatus::Failed };
    let failure = Evidence::Failure { class: crate::assess::answer::FailureClass::Timeout };
    assert_eq!(evidence(&scene), Some(vec![release.clone(), failure]));
    scene.newest(Gca).resource_version = "8".into();
    assert_eq!(evidence(&scene), Some(vec![release]), "the words are of an earlier write");
}

#[test]
fn without_helm_its_own_questions_are_unknown() {
    let without = |s: &mut Scene| s.without_helm();
    answers(CheckId::ReleaseDeployed, "not read", 5.0, "unknown", without);
    answers(CheckId::HooksSucceeded, "not read", 5.0, "n/a", without);
    answers(CheckId::CompanionInStep, "not read", 5.0, "n/a", without);
    answers(CheckId::ImageMatchesChart, "pods are held against their templates", 5.0, "pass", without);
    answers(CheckId::ImageMatchesChart, "a pod that runs something else", 30.0, "fail", |s| {
        s.without_helm();
        s.pod(Gca).containers[0].image = "r/app:1".into();
    });
    answers(CheckId::PodsReady, "not read", 5.0, "pass", without);
    answers(CheckId::OrderRespected, "what it was cannot be told", 5.0, "unknown", without);
    answers(CheckId::ReleaseDeployed, "watches silent", 5.0, "unknown", |s| {
        s.without_helm();
        s.component(Gca).sources.workloads = Freshness::Stale;
    });
}

#[test]
fn what_is_told_beside_the_verdict_is_never_vital() {
    const BESIDE: [CheckId; 9] = [
        CheckId::ImageMatchesChart,
        CheckId::ExportViewsCurrent,
        CheckId::StateConfigMapsClean,
        CheckId::BackupRecent,
        CheckId::CompanionInStep,
        CheckId::SupportedRelease,
        CheckId::OrderRespected,
        CheckId::OneAtATime,
        CheckId::StartedHealthy,
    ];
    for row in TABLE {
        assert_eq!(row.advisory, BESIDE.contains(&row.id), "{}", row.id);
        assert!(!(row.advisory && row.vital), "{}", row.id);
    }
}

#[test]
fn checks_of_pods_answer() {
    let check = CheckId::PodsScheduled;
    answers(check, "on a node", 5.0, "pass", |_| {});
    answers(check, "on none", 10.9, "pending", |s| s.pod(Gca).scheduled = false);
    answers(check, "on none for too long", 11.0, "fail", |s| s.pod(Gca).scheduled = false);
    answers(check, "no pod", 5.0, "pending", |s| s.component(Gca).workloads[0].pods.clear());
    answers(check, "none wanted", 5.0, "n/a", scale_to_zero);
    answers(check, "watch silent", 5.0, "unknown", |s| s.component(Gca).sources.pods = Freshness::Stale);

    let check = CheckId::ImagesPulled;
    answers(check, "there", 5.0, "pass", |_| {});
    answers(check, "refused", 3.9, "pending", |s| waiting(s, WaitingReason::ErrImagePull));
    answers(check, "refused for too long", 4.0, "fail", |s| waiting(s, WaitingReason::ErrImagePull));
    answers(check, "slow", 11.9, "pending", |s| waiting(s, WaitingReason::ContainerCreating));
    answers(check, "too slow", 12.0, "fail", |s| waiting(s, WaitingReason::ContainerCreating));
    answers(check, "none wanted", 5.0, "n/a", scale_to_zero);

    let check = CheckId::ContainersStable;
    answers(check, "never restarted", 5.0, "pass", |_| {});
    answers(check, "restarted long ago", 5.0, "pass", |s| s.pod(Gca).containers[0].restarts = 9);
    answers(check, "in a crash loop", 5.0, "fail", |s| {
        s.pod(Gca).containers[0].restarts = 3;
        waiting(s, WaitingReason::CrashLoopBackOff);
    });
    answers(check, "out of its first crash", 5.0, "pass", |s| waiting(s, WaitingReason::CrashLoopBackOff));
    answers(check, "killed for its memory", 5.0, "fail", |s| {
        s.pod(Gca).containers[0].last_terminated = Some(TerminatedReason::OomKilled);
    });
    answers(check, "none wanted", 5.0, "n/a", scale_to_zero);

    for check in [CheckId::RolloutComplete, CheckId::PodsReady] {
        answers(check, "done", 5.0, "pass", |_| {});
        let gone = |s: &mut Scene| {
            unready(s);
            s.component(Gca).workloads[0].pods.clear();
        };
        answers(check, "no pod", 9.9, "pending", gone);
        answers(check, "no pod for too long", 15.0, "pending", gone);
        answers(check, "no pod for too long, as was seen", 15.0, "fail", |s| {
            gone(s);
            s.judge(5.0);
        });
        answers(check, "none wanted", 5.0, "n/a", scale_to_zero);
        answers(check, "no release", 5.0, "n/a", |s| s.component(Gca).release.revisions.clear());
    }
    answers(CheckId::RolloutComplete, "not Ready", 10.0, "fail", unready);
    answers(CheckId::PodsReady, "not Ready", 9.9, "pending", unready);
    answers(CheckId::PodsReady, "not Ready for too long", 10.0, "fail", unready);
}

#[test]
fn restarts_make_a_loop_within_the_hold() {
    let mut scene = Scene::upgraded(Gca);
    scene.judge(3.0);
    for (restarts, minutes, expected) in [
        (1, 4.0, "pending"),
        (2, 5.0, "pending"),
        (3, 6.0, "fail"),
        (3, 13.9, "fail"),
        (3, 14.0, "pending"),
        (3, 16.0, "pass"),
    ] {
        scene.pod(Gca).containers[0].restarts = restarts;
        scene.judge(minutes);
        assert_eq!(state(&scene, Gca, minutes, CheckId::ContainersStable), expected, "{restarts} at {minutes}");
    }
}

#[test]
fn checks_of_signals_answer() {
    let says = |scene: &Scene, minutes: f64| {
        [CheckId::MetricsPresent, CheckId::LatencyLow, CheckId::BacklogNotGrowing]
            .map(|id| state(scene, Gim, minutes, id))
    };
    let mut scene = Scene::upgraded(Gim);
    scene.judge(2.0);
    assert_eq!(says(&scene, 2.1), ["pending", "pending", "pending"], "Ready, and not read yet");
    assert_eq!(says(&scene, 7.0), ["fail", "unknown", "unknown"], "never read");
    scene.play(2.25, 3.0, |_| 3.0);
    assert_eq!(says(&scene, 3.0), ["pass", "pass", "pending"], "the window is filling");
    scene.play(3.25, 13.0, |_| 3.0);
    assert_eq!(says(&scene, 13.0), ["pass", "pass", "pass"]);
    assert_eq!(says(&scene, 13.75), ["pass", "unknown", "unknown"], "silent");
    assert_eq!(says(&scene, 18.0), ["fail", "unknown", "unknown"], "silent for too long");
    scene.play(13.25, 30.0, |minutes| (minutes - 13.0) * 30.0);
    assert_eq!(says(&scene, 30.0), ["pass", "pending", "pending"], "it grows, and is given time");
    scene.play(30.25, 32.0, |minutes| (minutes - 13.0) * 30.0);
    assert_eq!(says(&scene, 32.0), ["pass", "pending", "fail"], "it grows half an hour after Ready");
    scene.play(32.25, 122.0, |_| 900.0);
    assert_eq!(says(&scene, 122.0), ["pass", "fail", "pass"], "it is high two hours after Ready");
    let page = reading("gim-0-3", 122.25, &[]);
    scene.component(Gim).signals.readings = vec![Arc::new(page)];
    scene.judge(122.25);
    assert_eq!(says(&scene, 127.25), ["fail", "unknown", "unknown"], "a page without the latency");
    scene.pod(Gim).ready = false;
    scene.judge(128.0);
    assert_eq!(says(&scene, 128.0), ["pending", "pending", "pending"], "no pod is Ready");
    scene.component(Gim).sources.pods = Freshness::Stale;
    assert_eq!(says(&scene, 128.0), ["unknown", "unknown", "unknown"], "the watch is silent");
    assert_eq!(state(&Scene::at_rest(), Gca, 0.0, CheckId::MetricsPresent), "n/a", "no endpoint");
}

#[test]
fn silence_is_counted_from_what_was_heard_last() {
    let mut scene = Scene::upgraded(Gim);
    scene.judge(2.0);
    assert_eq!(scene.ask(Gim, 9.0, silent_since), Some(at(2.0)), "Ready");
    scene.read(3.0, 1.0);
    assert_eq!(scene.ask(Gim, 9.0, silent_since), Some(at(3.0)), "read");
    scene.pod(Gim).ready = false;
    assert_eq!(scene.ask(Gim, 9.0, silent_since), None, "no pod is Ready");
}

#[test]
fn a_prometheus_that_does_not_answer_says_nothing_of_the_metrics() {
    let mut scene = Scene::upgraded(Gim);
    let mut suite = crate::model::suite::Suite::clone(&scene.facts.suite);
    let silent = |scene: &mut Scene, freshness| scene.component(Gim).sources.prometheus = freshness;
    silent(&mut scene, Freshness::Stale);
    assert_eq!(state(&scene, Gim, 20.0, CheckId::MetricsPresent), "fail", "the pods are read, not Prometheus");
    suite.members.gim.endpoint = Some(Endpoint::Prometheus("namespace=\"gim\"".into()));
    scene.facts.suite = Arc::new(suite);
    for freshness in [Freshness::Stale, Freshness::Starting, Freshness::Forbidden] {
        silent(&mut scene, freshness);
        assert_eq!(state(&scene, Gim, 20.0, CheckId::MetricsPresent), "unknown", "{freshness}");
    }
    silent(&mut scene, Freshness::Fresh);
    assert_eq!(state(&scene, Gim, 20.0, CheckId::MetricsPresent), "fail", "it answers, and has no sample");
}

#[test]
fn a_backlog_that_a_replaced_pod_finds_is_not_low_and_not_high_before_it_has_a_trend() {
    let mut scene = Scene::at_rest();
    scene.play(-11.0, 0.0, |_| 3.0);
    scene.pod(Gim).ready = false;
    scene.judge(0.1);
    (scene.pod(Gim).ready, scene.pod(Gim).ready_changed) = (true, Some(at(6.0)));
    scene.judge(6.0);
    scene.play(6.25, 6.75, |_| 400.0);
    assert_eq!(state(&scene, Gim, 6.75, CheckId::LatencyLow), "pending", "too few samples to tell");
    scene.play(7.0, 7.25, |_| 400.0);
    assert_eq!(state(&scene, Gim, 7.25, CheckId::LatencyLow), "fail", "it does not drain");
}
