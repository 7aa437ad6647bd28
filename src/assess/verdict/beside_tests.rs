//! What stands beside GIM, GSP and GCA in the table of verdicts: dependencies (row 4) and the schema (row 12).

use std::sync::Arc;

use super::tests::{at_rest_but, fail_hook, roll_back, says, unready, upgraded_but};
use super::*;
use crate::assess::testing::{NEW, Scene, at, ready_pod};
use crate::model::database::{DatabaseAt, DatabaseReading};
use crate::model::dependency::{AskAt, Outage, ProbeFacts, ProbeFailure};
use crate::model::facts::Generation;
use crate::model::memory::Memory;
use crate::model::names::Component::{Gca, Gim};
use crate::model::workload::{TerminatedReason, WaitingReason};

/// Kafka, asked at a minute, refuses since then; it had answered before, or never.
fn kafka_refuses(scene: &mut Scene, minutes: f64, answered_before: bool) {
    scene.suite().surroundings.kafka = Some(AskAt::Addresses { addresses: vec!["kafka:9092".into()], tls: false });
    scene.facts.surroundings.kafka = Some(ProbeFacts {
        at: at(minutes),
        last_success: answered_before.then(|| at(minutes - 1.0)),
        failing: Some((ProbeFailure::Refused, at(minutes))),
        outage: None,
    });
}

/// Kafka was down, and answered again at a minute.
fn kafka_answers(scene: &mut Scene, since: f64, minutes: f64) {
    kafka_refuses(scene, since, true);
    let outage = Outage { failure: ProbeFailure::Refused, since: Some(at(since)), until: at(minutes) };
    scene.facts.surroundings.kafka =
        Some(ProbeFacts { at: at(minutes), last_success: Some(at(minutes)), failing: None, outage: Some(outage) });
}

/// The same, with the object storage that GIM does not need.
fn storage_refuses(scene: &mut Scene, minutes: f64) {
    kafka_refuses(scene, minutes, true);
    let surroundings = &mut scene.suite().surroundings;
    surroundings.object_storage = surroundings.kafka.take();
    scene.facts.surroundings.object_storage = scene.facts.surroundings.kafka.take();
}

#[test]
fn what_a_dependency_is_to_blame_for() {
    says(
        "a failed hook while Kafka is down",
        upgraded_but(Gca, |s| {
            fail_hook(s, Gca);
            kafka_refuses(s, 5.0, true);
        }),
        Gca,
        5.0,
        "4 fix_dependency kafka_reachable hooks_succeeded release_failed",
    );
    says(
        "a stale pod while Kafka is down",
        upgraded_but(Gim, |s| {
            fail_hook(s, Gim);
            unready(s, Gim);
            s.component(Gim).workloads[0].pods[0].generation = Generation::Old;
            s.judge(3.0);
            kafka_refuses(s, 4.0, true);
        }),
        Gim,
        4.0,
        "4 fix_dependency kafka_reachable hooks_succeeded release_failed",
    );
    says(
        "a rollback that fails while Kafka is down",
        upgraded_but(Gim, |s| {
            roll_back(s, Gim);
            unready(s, Gim);
            s.pod(Gim).containers[0].waiting = Some(WaitingReason::ErrImagePull);
            s.judge(22.0);
            kafka_refuses(s, 24.0, true);
        }),
        Gim,
        24.0,
        "4 fix_dependency kafka_reachable images_pulled",
    );
    says(
        "unhealthy at rest",
        at_rest_but(|s| {
            s.play(0.25, 11.0, |_| 900.0);
            kafka_refuses(s, 11.0, true);
        }),
        Gim,
        11.0,
        "4 fix_dependency kafka_reachable latency_low",
    );
    says("at rest and well, with Kafka down", at_rest_but(|s| kafka_refuses(s, 0.0, true)), Gca, 0.1, "16 none");
    says(
        "in time, with Kafka down",
        upgraded_but(Gca, |s| {
            unready(s, Gca);
            kafka_refuses(s, 5.0, true);
        }),
        Gca,
        5.0,
        "9 wait rollout_unfinished",
    );
    says(
        "the storage that GIM does not need",
        upgraded_but(Gim, |s| {
            fail_hook(s, Gim);
            storage_refuses(s, 5.0);
        }),
        Gim,
        5.0,
        "8 roll_back hooks_succeeded release_failed",
    );
    says(
        "the storage that GCA needs",
        upgraded_but(Gca, |s| {
            fail_hook(s, Gca);
            storage_refuses(s, 5.0);
        }),
        Gca,
        5.0,
        "4 fix_dependency object_storage_reachable hooks_succeeded release_failed",
    );
}

#[test]
fn what_an_outage_may_have_caused_has_time_to_recover() {
    let gca = |ill: fn(&mut Scene)| {
        let mut scene = upgraded_but(Gca, |scene| {
            scene.workload(Gca).progressed = false;
            unready(scene, Gca);
            ill(scene);
            scene.judge(1.0);
            kafka_refuses(scene, 5.0, true);
        });
        scene.judge(5.5);
        kafka_answers(&mut scene, 5.0, 12.0);
        scene
    };
    let mut scene = gca(|_| {});
    for (minutes, row, kind) in
        [(12.0, 13, VerdictKind::Wait), (22.7, 13, VerdictKind::Wait), (22.75, 8, VerdictKind::RollBack)]
    {
        let verdict = scene.judge_one(Gca, minutes).verdict;
        assert_eq!((verdict.row, verdict.kind), (row, kind), "{minutes}");
    }
    let mut scene = gca(|scene| scene.pod(Gca).containers[0].waiting = Some(WaitingReason::ErrImagePull));
    assert_eq!(scene.judge_one(Gca, 12.0).verdict.row, 8, "no outage takes an image out of its registry");
    // An exporter that has just begun cannot know that there was no outage.
    let mut scene = gca(|_| {});
    scene.memory = Memory::new(at(30.0));
    scene.facts.surroundings.kafka =
        scene.facts.surroundings.kafka.take().map(|known| ProbeFacts { outage: None, ..known });
    assert_eq!(scene.judge_one(Gca, 30.0).verdict.kind, VerdictKind::Wait);
    assert_eq!(scene.judge_one(Gca, 40.0).verdict.kind, VerdictKind::RollBack);
}

#[test]
fn a_dependency_that_is_not_known_blocks_nothing_and_is_noted() {
    let mut scene = upgraded_but(Gca, |s| {
        fail_hook(s, Gca);
        kafka_refuses(s, 5.0, false);
    });
    let verdict = scene.judge_one(Gca, 5.0).verdict;
    assert_eq!((verdict.kind, verdict.row), (VerdictKind::RollBack, 8), "it never answered");
    assert_eq!(verdict.advisories, [Reason::Check(CheckId::KafkaReachable)]);
    kafka_refuses(&mut scene, 5.0, true);
    assert_eq!(scene.judge_one(Gca, 5.7).verdict.row, 4);
    assert_eq!(scene.judge_one(Gca, 5.75).verdict.row, 8, "it was not asked for three intervals");
    let mut scene = at_rest_but(|s| kafka_refuses(s, 0.0, false));
    assert_eq!(scene.judge_one(Gca, 0.1).verdict.advisories, []);
}

/// GIM upgraded and well but for its schema, until a minute.
fn schema_behind(minutes: f64) -> Scene {
    let mut scene = Scene::upgraded(Gim);
    scene.suite().schema.version = Some("8.5.48".into());
    scene.schema_version = Some("8.5.42");
    scene.play(2.0, minutes, |_| 3.0);
    scene
}

fn is_building(scene: &mut Scene, minutes: f64, building_index: bool) {
    scene.suite().surroundings.info_mart = Some(DatabaseAt {
        host: "db".into(),
        port: 5432,
        database: "gim".into(),
        user: "gim".into(),
        password_file: None,
        tls: true,
        ca_file: None,
    });
    scene.facts.surroundings.info_mart = Some(Arc::new(DatabaseReading {
        suite: "default".into(),
        at: at(minutes),
        objects: Vec::new(),
        export_views: Vec::new(),
        building_index,
        transform: None,
    }));
}

/// GIM's pod is deleted at a minute and comes again a minute later, Ready at once.
fn restart(scene: &mut Scene, minutes: f64) {
    let pod = ready_pod("gim-0", "5", minutes + 1.0, minutes + 1.0, NEW);
    scene.component(Gim).workloads[0].pods[0].pod = Arc::new(pod);
}

#[test]
fn a_migration_that_did_not_finish() {
    says("in time", schema_behind(61.75), Gim, 61.75, "13 wait schema_migrated");
    says("overdue", schema_behind(62.0), Gim, 62.0, "12 restart_pod migration_incomplete schema_migrated");
    let command = schema_behind(62.0).judge_one(Gim, 62.0).verdict.command;
    assert_eq!(command, Some(Command::DeletePod { namespace: "ns".into(), pod: "gim-0".into() }));
    let overdue = |change: fn(&mut Scene)| {
        let mut scene = schema_behind(62.0);
        change(&mut scene);
        scene
    };
    says("it still runs", overdue(|s| is_building(s, 62.0, true)), Gim, 62.0, "13 wait schema_migrated");
    says(
        "it does not run",
        overdue(|s| is_building(s, 62.0, false)),
        Gim,
        62.0,
        "12 restart_pod migration_incomplete schema_migrated",
    );
    says(
        "whether it runs is not known any more",
        overdue(|s| is_building(s, 59.0, true)),
        Gim,
        62.0,
        "13 wait schema_migrated",
    );
    says(
        "not all is normal",
        overdue(|s| drop(s.play(62.25, 62.25, |_| 900.0))),
        Gim,
        62.25,
        "13 wait latency_settling schema_migrated",
    );
}

#[test]
fn a_migration_that_does_not_finish_after_a_restart_either() {
    let mut scene = schema_behind(63.0);
    restart(&mut scene, 63.0);
    scene.play(64.0, 123.75, |_| 3.0);
    says("the new pod has the whole time", scene, Gim, 123.75, "13 wait schema_migrated");
    let mut scene = schema_behind(63.0);
    restart(&mut scene, 63.0);
    scene.play(64.0, 124.0, |_| 3.0);
    says("overdue again", scene, Gim, 124.0, "12 contact_support migration_incomplete schema_migrated");
    // An exporter that began in between says the same, if later: its window fills first.
    let mut scene = schema_behind(63.0);
    restart(&mut scene, 63.0);
    scene.memory = Memory::new(at(110.0));
    scene.play(110.0, 124.0, |_| 3.0);
    says("a younger exporter", scene, Gim, 124.0, "12 contact_support migration_incomplete schema_migrated");
    // And one that was restarted before the migration was overdue was not restarted for its sake.
    let mut scene = schema_behind(20.0);
    restart(&mut scene, 20.0);
    scene.play(21.0, 81.0, |_| 3.0);
    says("restarted too early", scene, Gim, 81.0, "12 restart_pod migration_incomplete schema_migrated");
}

#[test]
fn a_migration_that_finishes_is_proved() {
    let mut scene = schema_behind(40.0);
    scene.schema_version = Some("8.5.48");
    scene.play(40.25, 40.25, |_| 3.0);
    says("in time", scene, Gim, 40.25, "15 proceed");
    let mut scene = schema_behind(62.0);
    scene.schema_version = Some("8.5.48");
    scene.play(62.25, 62.25, |_| 3.0);
    says("late", scene, Gim, 62.25, "15 proceed");
    let mut scene = schema_behind(14.0);
    scene.schema_version = None;
    scene.play(14.25, 14.25, |_| 3.0);
    says("not told", scene, Gim, 14.25, "11 unknown schema_migrated");
    let mut scene = schema_behind(14.0);
    roll_back(&mut scene, Gim);
    scene.play(21.0, 85.0, |_| 3.0);
    says("rolled back: an older schema does", scene, Gim, 85.0, "14 none rolled_back");
}

#[test]
fn judgements_hold_until_they_say() {
    use VerdictKind::{FixDependency, Investigate, RestartPod, Unknown, Wait};
    let mut scene = schema_behind(14.0);
    scene.policy.signal_interval = std::time::Duration::from_hours(2);
    scene.policy.times.gim.metrics_grace = std::time::Duration::from_hours(2);
    let told: Vec<_> = scene.let_time_pass(14.0, 130.0);
    assert_eq!(told, [(14.0, Wait), (62.0, RestartPod)]);
    let mut scene = at_rest_but(|s| {
        s.play(0.25, 11.0, |_| 900.0);
        kafka_refuses(s, 11.0, true);
    });
    assert_eq!(scene.let_time_pass(11.0, 30.0), [(11.0, FixDependency), (11.75, Unknown), (21.0, Investigate)]);
    let mut scene = upgraded_but(Gim, |s| {
        s.schema_version = Some("8.5.42");
        s.values = vec![("gim_server_state", -5.0), ("gim_failed_jobsteps", 1.0)];
        s.play(2.0, 5.0, |_| 3.0);
        s.values = vec![("gim_server_state", -5.0), ("gim_failed_jobsteps", 2.0)];
        s.play(5.25, 6.0, |_| 3.0);
        is_building(s, 6.0, false);
        s.suite().schema.version = Some("8.5.48".into());
        s.suite().surroundings.backup = Some(crate::model::dependency::BackupAt::Query("q".into()));
    });
    assert_eq!(
        scene.let_time_pass(6.0, 40.0).iter().map(|(_, kind)| *kind).collect::<Vec<_>>(),
        [Wait, Unknown, Investigate]
    );
}

#[test]
fn what_a_dependency_may_have_caused_proves_nothing() {
    let mut oom = Scene::upgraded(Gca);
    oom.pod(Gca).containers[0].last_terminated = Some(TerminatedReason::OomKilled);
    oom.memory = Memory::new(at(60.0));
    kafka_answers(&mut oom, 58.0, 60.0);
    oom.play(60.0, 60.5, |_| 3.0);
    let mut crashed = Scene::upgraded(Gca);
    crashed.play(2.0, 2.0, |_| 3.0);
    for (restarts, minutes) in (1..=4).zip([57.0, 58.0, 59.0, 60.0]) {
        crashed.pod(Gca).ready = false;
        crashed.pod(Gca).containers[0].restarts = restarts;
        crashed.judge(minutes);
        crashed.pod(Gca).ready = true;
        crashed.judge(minutes + 0.25);
    }
    for (name, mut scene) in [("killed before the exporter began", oom), ("crashed while Kafka was down", crashed)] {
        kafka_answers(&mut scene, 58.0, 60.0);
        scene.facts.surroundings.kafka.as_mut().unwrap().at = at(63.0);
        scene.play(62.75, 63.0, |_| 3.0);
        assert_eq!(scene.verdict(Gca, 63.0), (VerdictKind::Wait, vec!["containers_stable"]), "{name}");
    }
}
