//! Each row of the table of verdicts, and that a row higher up decides before it.

mod helm;

use std::sync::Arc;

use super::*;
use crate::assess::testing::{DAY, NEW, OLD, Scene, at, ready_pod, revision};
use crate::model::facts::{Generation, PodFacts};
use crate::model::memory::Memory;
use crate::model::names::Component::{self, Gca, Gim, Gsp};
use crate::model::release::{Hook, HookPhase};
use crate::model::workload::{UpdateStrategy, WaitingReason};

/// Gives the component a failed hook: adverse at once.
pub(super) fn fail_hook(scene: &mut Scene, component: Component) {
    let hook = Hook {
        name: "save".into(),
        event: "pre-upgrade".into(),
        phase: HookPhase::Failed,
        started: None,
        completed: None,
    };
    scene.newest(component).status = ReleaseStatus::Failed;
    scene.body(component).hooks.push(hook);
    scene.body(component).description = "Upgrade \"x\" failed: pre-upgrade hooks failed: boom".into();
}

/// Rolls the component back to its second revision at minute 20.
pub(super) fn roll_back(scene: &mut Scene, component: Component) {
    let facts = scene.component(component);
    let mut latest = revision(facts, 4, 20.0, ReleaseStatus::Deployed, OLD, 2);
    latest.body = facts.release.revisions[1].body.clone();
    facts.release.revisions.push(Arc::new(latest));
    scene.body(component).description = "Rollback to 2".into();
    for workload in &mut scene.component(component).workloads {
        Arc::make_mut(&mut workload.workload).images = vec![OLD.into()];
        for pod in &mut workload.pods {
            *pod = PodFacts { pod: Arc::new(ready_pod(&pod.pod.name, "4", 20.5, 21.0, OLD)), ..pod.clone() };
        }
    }
}

/// Makes the component's pod one that was never Ready, and its rollout one that was never done.
pub(super) fn unready(scene: &mut Scene, component: Component) {
    let workload = scene.workload(component);
    workload.progressed = false;
    workload.current_revision = workload.current_revision.take().map(|_| "h1".into());
    let pod = scene.pod(component);
    (pod.ready, pod.ready_changed) = (false, Some(pod.created));
}

pub(super) fn at_rest_but(change: impl Fn(&mut Scene)) -> Scene {
    let mut scene = Scene::at_rest();
    scene.play(-12.0, 0.0, |_| 3.0);
    change(&mut scene);
    scene
}

pub(super) fn upgraded_but(component: Component, change: impl Fn(&mut Scene)) -> Scene {
    let mut scene = Scene::upgraded(component);
    change(&mut scene);
    scene
}

fn change_template(scene: &mut Scene) {
    scene.workload(Gca).images = vec![NEW.into()];
    scene.judge(0.0);
}

/// Asserts what is said of a component at a minute: row, verdict, reasons.
pub(super) fn says(name: &str, mut scene: Scene, component: Component, minutes: f64, expected: &str) {
    let verdict = scene.judge_one(component, minutes).verdict;
    let reasons = verdict.reasons.iter().map(|reason| reason.as_str());
    let said: Vec<&str> = std::iter::once(verdict.kind.as_str()).chain(reasons).collect();
    assert_eq!(format!("{} {}", verdict.row, said.join(" ")), expected, "{name}");
}

fn uninstall(scene: &mut Scene) {
    let newest = scene.newest(Gca);
    (newest.status, newest.written) = (ReleaseStatus::Uninstalling, at(0.0));
}

fn replace_pod(scene: &mut Scene) {
    let mut pod = ready_pod("gca-1", "2", 0.0, 0.0, OLD);
    (pod.ready, pod.ready_changed) = (false, None);
    scene.component(Gca).workloads[0].pods[0].pod = Arc::new(pod);
}

#[test]
fn what_is_not_there() {
    says(
        "pods silent",
        at_rest_but(|s| s.component(Gca).sources.pods = Freshness::Stale),
        Gca,
        0.1,
        "1 unknown pods_stale",
    );
    says(
        "workloads forbidden",
        at_rest_but(|s| s.component(Gca).sources.workloads = Freshness::Forbidden),
        Gca,
        0.1,
        "1 unknown pods_forbidden",
    );
    says(
        "history silent, though a hook failed",
        upgraded_but(Gca, |s| {
            fail_hook(s, Gca);
            s.component(Gca).sources.helm = Freshness::Stale;
        }),
        Gca,
        5.0,
        "1 unknown helm_stale",
    );
    says("absent", at_rest_but(|s| s.component(Gca).release.revisions.clear()), Gca, 0.1, "2 none absent");
    says(
        "uninstalled",
        at_rest_but(|s| s.newest(Gca).status = ReleaseStatus::Uninstalled),
        Gca,
        0.1,
        "2 none uninstalled",
    );
    says(
        "scaled to zero",
        at_rest_but(|s| {
            s.workload(Gca).desired = 0;
            s.component(Gca).workloads[0].pods.clear();
        }),
        Gca,
        0.1,
        "2 none scaled_to_zero",
    );
    says("uninstalling", at_rest_but(uninstall), Gca, 4.9, "3 wait uninstalling");
    says(
        "uninstalling for longer than Helm's timeout",
        at_rest_but(uninstall),
        Gca,
        5.0,
        "3 investigate uninstall_stuck",
    );
}

#[test]
fn what_speaks_against_the_operation() {
    says(
        "a stale pod, though a hook failed",
        upgraded_but(Gim, |s| {
            fail_hook(s, Gim);
            unready(s, Gim);
            s.component(Gim).workloads[0].pods[0].generation = Generation::Old;
            s.judge(3.0);
        }),
        Gim,
        4.0,
        "5 restart_pod stale_pod",
    );
    says(
        "an old pod under OnDelete",
        upgraded_but(Gim, |s| {
            s.workload(Gim).strategy = UpdateStrategy::OnDelete;
            s.component(Gim).workloads[0].pods[0].generation = Generation::Old;
            s.judge(3.0);
        }),
        Gim,
        4.0,
        "5 restart_pod on_delete",
    );
    says(
        "a rollback whose pod cannot be pulled",
        upgraded_but(Gim, |s| {
            roll_back(s, Gim);
            unready(s, Gim);
            s.pod(Gim).containers[0].waiting = Some(WaitingReason::ErrImagePull);
            s.judge(22.0);
        }),
        Gim,
        24.0,
        "6 contact_support images_pulled",
    );
    says(
        "a first install",
        upgraded_but(Gca, |s| {
            s.component(Gca).release.revisions.drain(..2);
            s.newest(Gca).revision = 1;
            fail_hook(s, Gca);
        }),
        Gca,
        5.0,
        "7 investigate first_install hooks_succeeded release_failed",
    );
    says(
        "no revision that was deployed",
        upgraded_but(Gca, |s| {
            fail_hook(s, Gca);
            for revision in s.component(Gca).release.revisions.iter_mut().take(2) {
                Arc::make_mut(revision).status = ReleaseStatus::Failed;
            }
        }),
        Gca,
        5.0,
        "7 investigate no_target hooks_succeeded release_failed",
    );
}

#[test]
fn what_is_to_be_rolled_back() {
    says(
        "a failed hook",
        upgraded_but(Gca, |s| fail_hook(s, Gca)),
        Gca,
        5.0,
        "8 roll_back hooks_succeeded release_failed",
    );
    says(
        "not Ready by the ready deadline",
        upgraded_but(Gca, |s| unready(s, Gca)),
        Gca,
        10.0,
        "8 roll_back pods_ready",
    );
    says(
        "Helm gone while pending",
        upgraded_but(Gca, |s| s.newest(Gca).status = ReleaseStatus::PendingUpgrade),
        Gca,
        10.0,
        "8 roll_back release_pending_stuck",
    );
}

#[test]
fn what_takes_its_time_and_then_too_long() {
    says(
        "Helm at work",
        upgraded_but(Gca, |s| s.newest(Gca).status = ReleaseStatus::PendingUpgrade),
        Gca,
        9.9,
        "9 wait helm_working",
    );
    says("not Ready, in time", upgraded_but(Gca, |s| unready(s, Gca)), Gca, 9.9, "9 wait rollout_unfinished");
    says("a pod that was replaced", at_rest_but(replace_pod), Gca, 9.9, "9 wait pod_replaced");
    says("a pod that was replaced, too late", at_rest_but(replace_pod), Gca, 10.0, "10 investigate pods_ready");
}

#[test]
fn what_is_not_proved() {
    says("metrics silent", at_rest_but(|_| {}), Gim, 1.0, "11 unknown signals_silent");
    says(
        "newest body refused",
        at_rest_but(|s| s.newest(Gca).body = crate::model::release::BodyState::Refused),
        Gca,
        0.1,
        "11 unknown helm_body_unreadable",
    );
    says("soaking", Scene::upgraded(Gca), Gca, 3.0, "13 wait soaking");
    says(
        "latency not low yet",
        upgraded_but(Gim, |s| drop(s.play(2.0, 14.0, |_| 900.0))),
        Gim,
        14.0,
        "13 wait latency_settling",
    );
    says(
        "an exporter that has just begun",
        at_rest_but(|s| {
            s.component(Gim).signals.readings.clear();
            s.memory = Memory::new(at(0.0));
        }),
        Gim,
        1.0,
        "13 wait window_filling",
    );
    says("a template that was changed by hand", at_rest_but(change_template), Gca, 9.9, "9 wait rollout_unfinished");
    says(
        "a template that was changed by hand and stays so",
        at_rest_but(change_template),
        Gca,
        10.0,
        "13 investigate image_matches_chart pods_ready",
    );
}

#[test]
fn what_is_verified() {
    says(
        "rolled back",
        upgraded_but(Gca, |s| {
            roll_back(s, Gca);
            s.judge(21.0);
        }),
        Gca,
        23.0,
        "14 none rolled_back",
    );
    says("verified, all gates open", upgraded_but(Gca, |s| drop(s.play(2.0, 14.0, |_| 3.0))), Gca, 14.0, "15 proceed");
    says(
        "verified, the next gate closed",
        upgraded_but(Gsp, |s| {
            s.play(2.0, 14.0, |_| 3.0);
            s.component(Gca).sources.pods = Freshness::Stale;
        }),
        Gsp,
        14.0,
        "15 wait next_gate_closed",
    );
    says("at rest", at_rest_but(|_| {}), Gca, 0.1, "16 none");
    says(
        "the end of the suspect window",
        upgraded_but(Gca, |s| {
            s.play(DAY - 12.0, DAY, |_| 3.0);
        }),
        Gca,
        DAY,
        "16 none",
    );
}

#[test]
fn the_rows_stand_in_the_order_of_the_design() {
    // Each has cases above; row 17 is the hole, which none may reach.
    let rows: Vec<u8> = TABLE.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
}

#[test]
fn commands_name_what_they_are_for() {
    let mut scene = upgraded_but(Gim, |s| {
        unready(s, Gim);
        s.pod(Gim).containers[0].waiting = Some(WaitingReason::ErrImagePull);
        s.judge(2.0);
    });
    let verdict = scene.judge_one(Gim, 4.0).verdict;
    let expected = Command::RollBack {
        namespace: "gim".into(),
        release: "gim".into(),
        revision: 2,
        timeout_seconds: 900,
        then_delete: vec!["gim-0".into()],
    };
    assert_eq!((verdict.kind, verdict.command), (VerdictKind::RollBack, Some(expected)));
}

#[test]
fn what_healed_is_told_beside_the_verdict() {
    let mut scene = upgraded_but(Gca, |s| {
        s.newest(Gca).status = ReleaseStatus::Failed;
        s.body(Gca).description = "Upgrade \"gca\" failed: context deadline exceeded".into();
        s.play(2.0, 14.0, |_| 3.0);
    });
    let verdict = scene.judge_one(Gca, 14.0).verdict;
    assert_eq!(verdict.kind, VerdictKind::Proceed);
    assert_eq!(verdict.advisories, [Reason::Named(NamedReason::ReleaseLeftFailed)]);
}
