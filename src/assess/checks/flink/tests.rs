//! The checks of GSP and GCA both ways, between, unknown, and what follows from them.

use std::sync::Arc;

use crate::assess::answer::{CheckId, Evidence};
use crate::assess::assessment::{Stage, VerdictKind};
use crate::assess::checks::answer_all;
use crate::assess::testing::{DAY, Scene, at, flink, reading, with};
use crate::model::config_map::ConfigMap;
use crate::model::memory::Memory;
use crate::model::names::Component;
use crate::model::names::Component::{Gca, Gim, Gsp};
use crate::model::release::ReleaseStatus;
use crate::model::signal::{
    CHECKPOINTS_COMPLETED, CHECKPOINTS_FAILED, JOB_RESTARTS, JOB_UPTIME, RUNNING_JOBS, Reading, TASK_MANAGERS,
};
use crate::model::source::Freshness;

const JOB: CheckId = CheckId::FlinkJobRunning;
const TASKS: CheckId = CheckId::TaskManagersRegistered;
const CHECKPOINTS: CheckId = CheckId::CheckpointsSucceeding;
const MAPS: CheckId = CheckId::StateConfigMapsClean;
const CONFIG: CheckId = CheckId::ConfigFresh;

/// The answer of one check at a minute; `n/a` where it does not apply.
fn state(scene: &Scene, component: Component, minutes: f64, check: CheckId) -> &'static str {
    let answers = scene.ask(component, minutes, answer_all);
    answers.iter().find(|(id, _)| *id == check).map_or("n/a", |(_, answer)| answer.state.as_str())
}

/// What the three vital checks say of GSP.
fn says(scene: &Scene, minutes: f64) -> [&'static str; 3] {
    [JOB, TASKS, CHECKPOINTS].map(|check| state(scene, Gsp, minutes, check))
}

/// Plays every 15 seconds with pages of GSP that were changed, after those of a Flink that does well.
fn play(scene: &mut Scene, from: f64, to: f64, change: impl Fn(Reading, f64) -> Reading) {
    let mut minutes = from;
    while minutes <= to {
        scene.read(minutes, 3.0);
        scene.read_of(Gsp, |uid| change(flink(uid, minutes), minutes));
        scene.judge(minutes);
        minutes += 0.25;
    }
}

/// A counter of checkpoints that stands still since a minute.
fn stuck(page: Reading, since: f64) -> Reading {
    with(page, CHECKPOINTS_COMPLETED, (30.0 * DAY + since).floor())
}

#[test]
fn a_flink_that_does_well_passes_and_is_verified() {
    let mut scene = Scene::upgraded(Gsp);
    scene.judge(2.0);
    assert_eq!(says(&scene, 2.0), ["pending"; 3], "Ready, and not read yet");
    scene.play(2.25, 3.75, |_| 3.0);
    assert_eq!(says(&scene, 3.75), ["pass"; 3]);
    scene.play(4.0, 4.0, |_| 3.0);
    assert_eq!(scene.verdict(Gsp, 4.0), (VerdictKind::Proceed, vec![]));
    assert_eq!(says(&scene, 4.75), ["unknown"; 3], "silent");
    scene.pod(Gsp).ready = false;
    scene.judge(5.0);
    assert_eq!(says(&scene, 5.0), ["pending"; 3], "not all are Ready");
    scene.component(Gsp).sources.pods = Freshness::Stale;
    assert_eq!(says(&scene, 5.0), ["unknown"; 3], "the watch is silent");
    scene.component(Gsp).signals.configured = false;
    assert_eq!(says(&scene, 5.0), ["n/a"; 3], "no endpoint");
    assert_eq!(state(&scene, Gim, 5.0, JOB), "n/a", "another component");
}

#[test]
fn values_decide() {
    type Change = fn(Reading) -> Reading;
    let cases: [(&str, [&str; 3], Change); 8] = [
        ("no job", ["fail", "pass", "pending"], |page| with(page, RUNNING_JOBS, 0.0)),
        ("two jobs", ["pass"; 3], |page| with(page, RUNNING_JOBS, 2.0)),
        ("a job that starts anew", ["pending", "pass", "pass"], |page| with(page, JOB_UPTIME, 0.0)),
        ("a job that started anew", ["pass"; 3], |page| with(page, JOB_RESTARTS, 4.0)),
        ("no task manager", ["pass", "fail", "pass"], |page| with(page, TASK_MANAGERS, 0.0)),
        ("no word of task managers", ["pass", "n/a", "pass"], |mut page| {
            page.values.retain(|value| &*value.signal != TASK_MANAGERS);
            page
        }),
        ("no word of checkpoints any more", ["pass", "pass", "unknown"], |mut page| {
            page.values.retain(|value| &*value.signal != CHECKPOINTS_COMPLETED);
            page
        }),
        ("a page without a job manager's word", ["pending"; 3], |page| Reading { values: Vec::new(), ..page }),
    ];
    for (name, expected, change) in cases {
        let mut scene = Scene::at_rest();
        scene.play(-11.0, 0.0, |_| 3.0);
        play(&mut scene, 0.25, 0.25, |page, _| change(page));
        assert_eq!(says(&scene, 0.25), expected, "{name}");
    }
    let mut scene = Scene::at_rest();
    let task_managers = &mut scene.component(Gsp).workloads[1];
    let mut second = task_managers.pods[0].clone();
    let pod = Arc::make_mut(&mut second.pod);
    (pod.name, pod.uid) = ("gsp-tm-1".into(), "gsp-tm-1-2".into());
    task_managers.pods.push(second);
    Arc::make_mut(&mut task_managers.workload).desired = 2;
    scene.play(-2.0, 0.0, |_| 3.0);
    assert_eq!(state(&scene, Gsp, 0.0, TASKS), "pending", "one of two");
}

#[test]
fn a_job_that_fails_again_and_again_is_never_verified() {
    let mut scene = Scene::upgraded(Gsp);
    for quarter in 8..=40_u32 {
        let minutes = f64::from(quarter) / 4.0;
        let uptime = (minutes % 1.0) * 60_000.0 + 3_000.0;
        play(&mut scene, minutes, minutes, |page, _| with(page, JOB_UPTIME, uptime));
        assert_eq!(scene.verdict(Gsp, minutes).0, VerdictKind::Wait, "{minutes}");
    }
    play(&mut scene, 10.25, 12.25, |page, minutes| with(page, JOB_UPTIME, (minutes - 10.25) * 60_000.0));
    assert_eq!(scene.verdict(Gsp, 12.25), (VerdictKind::Proceed, vec![]), "it ran for as long as pods must");
}

#[test]
fn checkpoints_are_followed() {
    let mut scene = Scene::at_rest();
    scene.memory = Memory::new(at(-1.0));
    play(&mut scene, -1.0, -0.25, |page, _| stuck(page, -1.0));
    assert_eq!(state(&scene, Gsp, -0.25, CHECKPOINTS), "pending", "what came before nobody saw");
    assert_eq!(scene.judge_one(Gsp, -0.25).stage, Stage::Verified, "at rest that is no doubt");
    play(&mut scene, 0.0, 2.0, |page, _| page);
    assert_eq!(state(&scene, Gsp, 2.0, CHECKPOINTS), "pass", "one came");
    let failed = |page, failed: f64| with(stuck(page, 2.0), CHECKPOINTS_FAILED, failed);
    play(&mut scene, 2.25, 3.0, |page, _| failed(page, 1.0));
    assert_eq!(state(&scene, Gsp, 3.0, CHECKPOINTS), "pending", "one failed");
    play(&mut scene, 3.25, 4.0, |page, _| failed(page, 2.0));
    assert_eq!(state(&scene, Gsp, 4.0, CHECKPOINTS), "fail", "two in a row");
    play(&mut scene, 4.25, 5.0, |page, _| with(page, CHECKPOINTS_FAILED, 2.0));
    assert_eq!(state(&scene, Gsp, 5.0, CHECKPOINTS), "pass", "one came again");
    play(&mut scene, 5.25, 19.75, |page, _| with(stuck(page, 5.0), CHECKPOINTS_FAILED, 2.0));
    assert_eq!(state(&scene, Gsp, 19.75, CHECKPOINTS), "pass", "none came for less than is allowed");
    play(&mut scene, 20.0, 20.0, |page, _| with(stuck(page, 5.0), CHECKPOINTS_FAILED, 2.0));
    assert_eq!(state(&scene, Gsp, 20.0, CHECKPOINTS), "fail", "none came for too long");
    let anew = |page| with(with(page, CHECKPOINTS_COMPLETED, 0.0), CHECKPOINTS_FAILED, 0.0);
    play(&mut scene, 20.25, 35.0, |page, _| anew(page));
    assert_eq!(state(&scene, Gsp, 35.0, CHECKPOINTS), "pending", "another job has its time");
    play(&mut scene, 35.25, 35.25, |page, _| anew(page));
    assert_eq!(state(&scene, Gsp, 35.25, CHECKPOINTS), "fail", "and none more");
    play(&mut scene, 35.5, 36.0, |page, _| with(anew(page), RUNNING_JOBS, 0.0));
    play(&mut scene, 36.25, 37.0, |page, _| anew(page));
    assert_eq!(state(&scene, Gsp, 37.0, CHECKPOINTS), "pending", "a job that came back has its time");
}

#[test]
fn a_job_that_does_not_run_is_held_against_the_upgrade_ten_minutes_after_ready() {
    let no_job = |page: Reading, _| with(page, RUNNING_JOBS, 0.0);
    let mut scene = Scene::upgraded(Gsp);
    play(&mut scene, 2.0, 11.75, no_job);
    assert_eq!(scene.verdict(Gsp, 11.75), (VerdictKind::Wait, vec!["flink_job_running", "checkpoints_succeeding"]));
    play(&mut scene, 12.0, 12.0, no_job);
    assert_eq!(scene.verdict(Gsp, 12.0), (VerdictKind::RollBack, vec!["flink_job_running"]));
    // At rest nobody is to blame.
    let mut scene = Scene::at_rest();
    scene.play(-11.0, -0.25, |_| 3.0);
    play(&mut scene, 0.0, 9.75, no_job);
    assert_eq!(scene.judge_one(Gsp, 9.75).verdict.kind, VerdictKind::Wait);
    play(&mut scene, 10.0, 10.0, no_job);
    assert_eq!(scene.verdict(Gsp, 10.0), (VerdictKind::Investigate, vec!["flink_job_running"]));
    assert_eq!(scene.judge_one(Gsp, 10.0).stage, Stage::Degraded);
}

#[test]
fn without_a_checkpoint_that_was_seen_nothing_is_verified() {
    // One was completed before the exporter began, and none since.
    let mut scene = Scene::upgraded(Gsp);
    scene.memory = Memory::new(at(8.0));
    play(&mut scene, 8.0, 22.75, |page, _| stuck(page, 3.0));
    assert_eq!(scene.verdict(Gsp, 22.75), (VerdictKind::Wait, vec!["checkpoints_succeeding"]));
    play(&mut scene, 23.0, 33.0, |page, _| stuck(page, 3.0));
    assert_eq!(scene.verdict(Gsp, 33.0), (VerdictKind::RollBack, vec!["checkpoints_succeeding"]));
    let mut scene = Scene::upgraded(Gsp);
    scene.memory = Memory::new(at(8.0));
    play(&mut scene, 8.0, 12.0, |page, minutes| stuck(page, if minutes < 11.0 { 3.0 } else { 11.0 }));
    assert_eq!(scene.verdict(Gsp, 12.0), (VerdictKind::Proceed, vec![]));
}

fn left(app: &str, minutes: f64) -> Arc<ConfigMap> {
    let name = format!("{app}-cluster-config-map").into();
    Arc::new(ConfigMap { namespace: "gsp".into(), name, app: Some(app.into()), created: at(minutes) })
}

#[test]
fn what_an_uninstall_left_is_found() {
    type Change = fn(&mut Scene);
    type Case<'a> = (&'a str, &'a str, &'a [&'a dyn Fn(&mut Scene)]);
    let absent: Change = |scene| scene.component(Gsp).release.revisions.clear();
    let installed: Change = |scene| {
        let facts = scene.component(Gsp);
        facts.release.revisions.truncate(1);
        let first = scene.newest(Gsp);
        (first.status, first.created, first.written) = (ReleaseStatus::Deployed, at(-60.0), at(-60.0));
    };
    let map = |minutes| move |scene: &mut Scene| scene.component(Gsp).config_maps.push(left("gsp", minutes));
    let cases: [Case; 9] = [
        ("it runs, and keeps its state", "pass", &[&map(-5.0 * DAY)]),
        ("there is none", "pass", &[]),
        ("absent, and clean", "pass", &[&absent]),
        ("absent, and left", "fail", &[&absent, &map(-5.0)]),
        ("uninstalled, and left", "fail", &[&|s| s.newest(Gsp).status = ReleaseStatus::Uninstalled, &map(-5.0)]),
        ("being uninstalled", "n/a", &[&|s| s.newest(Gsp).status = ReleaseStatus::Uninstalling, &map(-5.0)]),
        ("installed, with state of its own", "pass", &[&installed, &map(-59.0)]),
        ("installed over what was left", "fail", &[&installed, &map(-61.0)]),
        (
            "may not be read",
            "unknown",
            &[&absent, &map(-5.0), &|s| {
                s.component(Gsp).sources.config_maps = Freshness::Forbidden;
            }],
        ),
    ];
    for (name, expected, changes) in cases {
        let mut scene = Scene::at_rest();
        for change in changes {
            change(&mut scene);
        }
        assert_eq!(state(&scene, Gsp, 0.0, MAPS), expected, "{name}");
    }
    assert_eq!(state(&Scene::at_rest(), Gca, 0.0, MAPS), "n/a");
    let mut scene = Scene::at_rest();
    absent(&mut scene);
    map(-5.0)(&mut scene);
    let verdict = scene.judge_one(Gsp, 0.0).verdict;
    assert_eq!((verdict.kind, verdict.advisories.len()), (VerdictKind::None, 1), "an advisory, and no more");
    // Without permission nothing else is unknown.
    let mut scene = Scene::at_rest();
    scene.component(Gsp).sources.config_maps = Freshness::Forbidden;
    scene.play(-11.0, 0.0, |_| 3.0);
    assert_eq!(scene.verdict(Gsp, 0.0), (VerdictKind::None, vec![]));
}

#[test]
fn configuration_is_fresh_as_gsp_sees_it() {
    type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, f64)], &'a str);
    /// A scene whose GSP read its configuration of these tenants so many minutes ago.
    fn scene(tenant: Option<&str>, times: &[(&str, f64)]) -> Scene {
        let mut scene = Scene::at_rest();
        scene.read_of(Gsp, |uid| {
            let mut page = flink(uid, 0.0);
            if uid.contains("tm") {
                page.config_times = times.iter().map(|(tenant, ago)| ((*tenant).into(), at(-ago))).collect();
            }
            page
        });
        Arc::make_mut(&mut scene.facts.suite).tenant = tenant.map(Into::into);
        scene
    }
    let cases: [Case; 8] = [
        ("the only tenant", None, &[("100", 5.0)], "pass"),
        ("the only tenant, old", None, &[("100", DAY)], "fail"),
        ("the suite's tenant", Some("100"), &[("100", DAY - 1.0), ("200", 2.0 * DAY)], "pass"),
        ("the suite's tenant, old", Some("200"), &[("100", 5.0), ("200", 2.0 * DAY)], "fail"),
        ("another tenant alone", Some("300"), &[("100", 5.0)], "unknown"),
        ("several, and none named", None, &[("100", 5.0), ("200", 5.0)], "unknown"),
        ("none", None, &[], "unknown"),
        ("a time that lies far ahead", None, &[("100", -2.0 * DAY)], "unknown"),
    ];
    for (name, tenant, times, expected) in cases {
        assert_eq!(state(&scene(tenant, times), Gca, 0.0, CONFIG), expected, "{name}");
    }
    let fresh = || scene(None, &[("100", 5.0)]);
    assert_eq!(state(&fresh(), Gca, 0.75, CONFIG), "unknown", "GSP is silent");
    assert_eq!(state(&fresh(), Gsp, 0.0, CONFIG), "n/a", "another component");
    let mut never = Scene::at_rest();
    assert_eq!(state(&never, Gca, 0.0, CONFIG), "unknown", "never read");
    never.component(Gsp).signals.configured = false;
    assert_eq!(state(&never, Gca, 0.0, CONFIG), "n/a", "GSP has no endpoint");
    let mut blind = fresh();
    blind.component(Gsp).sources.pods = Freshness::Stale;
    assert_eq!(state(&blind, Gca, 0.0, CONFIG), "unknown", "GSP's pods are not watched");
    let mut old = Scene::at_rest();
    old.play(-11.0, -0.25, |_| 3.0);
    old.read_of(Gsp, |uid| Reading { config_times: vec![("100".into(), at(-2.0 * DAY))], ..flink(uid, 0.0) });
    old.read_of(Gim, |uid| reading(uid, 0.0, &[("voice", 3.0)]));
    assert_eq!(old.verdict(Gca, 0.0), (VerdictKind::None, vec![]), "it is not vital");
}

#[test]
fn the_build_that_really_runs_is_compared() {
    let check = |build: &str| {
        let mut scene = Scene::upgraded(Gsp);
        let build = build.to_owned();
        play(&mut scene, 2.0, 16.0, move |page, _| Reading { build: Some((*build).into()), ..page });
        let answers = scene.ask(Gsp, 16.0, answer_all);
        let (_, answer) = answers.into_iter().find(|(id, _)| *id == CheckId::ImageMatchesChart).unwrap();
        let told = answer.evidence.iter().any(|piece| matches!(piece, Evidence::RunningBuild { .. }));
        (answer.state.as_str(), told)
    };
    assert_eq!(check("100.0.116.4200"), ("pass", false));
    assert_eq!(check("100.0.116+4200"), ("pass", false), "another spelling");
    assert_eq!(check("100.0.116.2900"), ("fail", true));
    assert_eq!(check("1.4.2"), ("pass", false), "another scheme says nothing");
    assert_eq!(check("snapshot"), ("pass", false));
}

#[test]
fn a_job_manager_that_is_missing_is_the_pods_matter() {
    let metrics = |scene: &Scene, minutes| state(scene, Gsp, minutes, CheckId::MetricsPresent);
    // The task managers have been Ready for weeks, and none of them tells what the job manager did.
    let mut scene = Scene::at_rest();
    scene.play(-11.0, 0.0, |_| 3.0);
    let former = scene.pod(Gsp).uid.clone();
    let pod = scene.pod(Gsp);
    (pod.uid, pod.created, pod.ready, pod.ready_changed) = ("gsp-jm-0-4".into(), at(0.25), false, None);
    scene.component(Gsp).signals.readings.retain(|reading| reading.pod_uid.as_ref() != Some(&former));
    scene.play(0.25, 12.0, |_| 3.0);
    assert_eq!(metrics(&scene, 12.0), "pending");
    assert_eq!(scene.verdict(Gsp, 12.0).0, VerdictKind::Wait, "the pod is in time");
    scene.pod(Gsp).ready = true;
    scene.judge(12.1);
    assert_eq!(metrics(&scene, 12.1), "pending", "Ready, and not read yet");
    assert_eq!(scene.verdict(Gsp, 12.1).0, VerdictKind::Wait);
    scene.play(12.25, 15.0, |_| 3.0);
    assert_eq!(scene.verdict(Gsp, 15.0), (VerdictKind::None, vec![]));
    // Two job managers change places: for a moment neither tells.
    let silent = |page: Reading, _| Reading { values: Vec::new(), ..page };
    play(&mut scene, 15.25, 15.5, silent);
    assert_eq!((metrics(&scene, 15.5), scene.verdict(Gsp, 15.5).0), ("pending", VerdictKind::None));
    play(&mut scene, 15.75, 19.75, silent);
    assert_eq!((metrics(&scene, 19.75), scene.verdict(Gsp, 19.75).0), ("pending", VerdictKind::Unknown));
    play(&mut scene, 20.0, 25.0, silent);
    assert_eq!(metrics(&scene, 20.0), "fail");
    assert_eq!(scene.verdict(Gsp, 25.0), (VerdictKind::Investigate, vec!["metrics_present"]));
}

#[test]
fn a_page_of_before_the_last_pod_was_ready_is_of_the_past() {
    let mut scene = Scene::upgraded(Gsp);
    let ready = |scene: &mut Scene, workload: usize, ready: bool| {
        let pod = Arc::make_mut(&mut scene.component(Gsp).workloads[workload].pods[0].pod);
        (pod.ready, pod.ready_changed) = (ready, None);
    };
    ready(&mut scene, 1, false);
    play(&mut scene, 2.0, 3.0, |page, _| with(page, RUNNING_JOBS, 0.0));
    ready(&mut scene, 1, true);
    let task_manager = scene.component(Gsp).workloads[1].pods[0].pod.uid.clone();
    scene.component(Gsp).signals.readings.push(Arc::new(reading(&task_manager, 3.1, &[])));
    scene.judge(3.1);
    assert_eq!(state(&scene, Gsp, 3.1, JOB), "pending", "the job manager said so while a task manager was missing");
    play(&mut scene, 3.25, 3.5, |page, _| with(page, RUNNING_JOBS, 0.0));
    assert_eq!(state(&scene, Gsp, 3.5, JOB), "fail");
}
