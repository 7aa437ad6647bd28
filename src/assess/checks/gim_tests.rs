//! GIM's own checks both ways: its state, its jobs, the schema, the export views, topics that vanish.

use std::sync::Arc;

use super::tests::state;
use crate::assess::answer::CheckState::{Fail, Pass, Pending};
use crate::assess::answer::{CheckId, Evidence};
use crate::assess::assessment::VerdictKind;
use crate::assess::checks::answer_all;
use crate::assess::testing::{DAY, OLD, Scene, at, flink, reading, revision};
use crate::model::database::{DatabaseAt, DatabaseReading, ObjectState, SchemaObject, Transform};
use crate::model::facts::{Generation, PodFacts};
use crate::model::names::Component::{Gca, Gim, Gsp};
use crate::model::release::ReleaseStatus;
use crate::model::signal::{FAILED_JOB_STEPS, FAILED_KAFKA_JOBS, SERVER_STATE};
use crate::model::source::Freshness;
use crate::model::version::BuildVersion;

const KAFKA: &str = FAILED_KAFKA_JOBS;
const STEPS: &str = FAILED_JOB_STEPS;

/// GIM upgraded at minute 0, Ready since minute 2 and read until a minute, with these values on its page.
fn read_until(minutes: f64, values: &[(&'static str, f64)]) -> Scene {
    let mut scene = Scene::upgraded(Gim);
    scene.values = values.to_vec();
    scene.play(2.0, minutes, |_| 3.0);
    scene
}

#[test]
fn the_servers_state_is_asked_for() {
    let check = CheckId::ServerState;
    for (value, expected) in [(4.0, "pass"), (-2.0, "pass"), (-2.5, "fail"), (-5.0, "fail")] {
        assert_eq!(state(&read_until(3.0, &[(SERVER_STATE, value)]), Gim, 3.0, check), expected, "{value}");
    }
    let mut scene = read_until(3.0, &[(SERVER_STATE, -5.0)]);
    assert_eq!(state(&scene, Gim, 3.75, check), "unknown", "silent");
    scene.policy.server_state_min = -6.0;
    assert_eq!(state(&scene, Gim, 3.0, check), "pass", "configured lower");
    scene.component(Gim).sources.pods = Freshness::Stale;
    assert_eq!(state(&scene, Gim, 3.0, check), "unknown", "the watch is silent");
    scene.component(Gim).sources.pods = Freshness::Fresh;
    scene.pod(Gim).ready = false;
    scene.judge(3.1);
    assert_eq!(state(&scene, Gim, 3.1, check), "pending", "no pod is Ready");
    scene.pod(Gim).ready = true;
    scene.judge(4.0);
    assert_eq!(state(&scene, Gim, 4.1, check), "pending", "what was read before it was Ready is not believed");
    assert_eq!(state(&read_until(3.0, &[]), Gim, 3.0, check), "n/a", "not exposed");
    assert_eq!(state(&Scene::at_rest(), Gca, 0.0, check), "n/a", "GCA has none");
    let mut scene = read_until(3.0, &[(SERVER_STATE, 1.0)]);
    scene.component(Gim).signals.configured = false;
    assert_eq!(state(&scene, Gim, 3.0, check), "n/a", "no endpoint");
}

#[test]
fn a_bad_state_counts_after_the_hold_and_speaks_against_the_operation() {
    let mut scene = read_until(11.75, &[(SERVER_STATE, -5.0)]);
    assert_eq!(scene.verdict(Gim, 11.75), (VerdictKind::Wait, vec!["window_filling", "server_state"]));
    scene.play(12.0, 12.0, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 12.0), (VerdictKind::RollBack, vec!["server_state"]));
    let mut scene = Scene::at_rest();
    scene.values = vec![(SERVER_STATE, -5.0)];
    scene.play(0.0, 9.75, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 9.75), (VerdictKind::Wait, vec!["server_state"]), "at rest, for less than the hold");
    scene.play(10.0, 10.0, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 10.0), (VerdictKind::Investigate, vec!["server_state"]));
}

#[test]
fn what_was_bad_before_the_operation_counts_from_its_begin() {
    // A change that leaves the pod alone, six minutes after its state became bad.
    let mut scene = Scene::at_rest();
    scene.values = vec![(SERVER_STATE, -5.0)];
    scene.play(-6.0, -0.25, |_| 3.0);
    let facts = scene.component(Gim);
    let latest = revision(facts, 3, 0.0, ReleaseStatus::Deployed, OLD, 9);
    facts.release.revisions.push(Arc::new(latest));
    scene.play(0.0, 9.75, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 9.75), (VerdictKind::Investigate, vec!["server_state"]));
    scene.play(10.0, 10.25, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 10.25).0, VerdictKind::RollBack);
}

#[test]
fn the_former_pods_trouble_is_not_held_against_the_operation() {
    // The old pod's state has been bad for long, and the new one takes its time to become Ready beside it.
    let mut scene = Scene::at_rest();
    scene.values = vec![(SERVER_STATE, -5.0)];
    scene.play(-20.0, -0.25, |_| 3.0);
    let old = scene.component(Gim).workloads[0].pods[0].clone();
    scene.upgrade(Gim);
    scene.pod(Gim).ready = false;
    scene.workload(Gim).current_revision = Some("h2".into());
    let old = PodFacts { generation: Generation::Old, ..old };
    scene.component(Gim).workloads[0].pods.push(old);
    scene.play(0.0, 30.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 30.0, CheckId::ServerState), "fail");
    assert_eq!(scene.verdict(Gim, 30.0), (VerdictKind::Wait, vec!["rollout_unfinished"]));
}

#[test]
fn jobs_that_fail_again_and_again_are_told() {
    let check = CheckId::JobsSucceeding;
    let mut scene = read_until(3.0, &[(KAFKA, 7.0), (STEPS, 2.0)]);
    assert_eq!(state(&scene, Gim, 3.0, check), "pass", "what failed before the first read is not new");
    scene.values = vec![(KAFKA, 8.0), (STEPS, 2.0)];
    scene.play(3.25, 13.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 13.0, check), "fail", "one more");
    assert_eq!(scene.verdict(Gim, 13.0).0, VerdictKind::Wait, "one alone does not count");
    scene.play(13.25, 13.25, |_| 3.0);
    assert_eq!(state(&scene, Gim, 13.25, check), "pass", "it is over after the hold");
    assert_eq!(scene.verdict(Gim, 13.25).0, VerdictKind::Proceed);
    scene.values = vec![(KAFKA, 8.0), (STEPS, 3.0)];
    scene.play(13.5, 20.0, |_| 3.0);
    scene.values = vec![(KAFKA, 9.0), (STEPS, 3.0)];
    scene.play(20.25, 23.25, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 23.25).0, VerdictKind::Wait);
    scene.play(23.5, 23.5, |_| 3.0);
    assert_eq!(scene.verdict(Gim, 23.5), (VerdictKind::RollBack, vec!["jobs_succeeding"]));
    assert_eq!(state(&scene, Gim, 24.25, check), "unknown", "silent");
    assert_eq!(state(&read_until(3.0, &[]), Gim, 3.0, check), "n/a", "not exposed");
    let mut scene = Scene::upgraded(Gim);
    scene.judge(2.0);
    assert_eq!(state(&scene, Gim, 2.1, check), "pending", "not read yet");
}

#[test]
fn a_counter_that_starts_anew_is_no_failure() {
    let mut scene = read_until(3.0, &[(KAFKA, 7.0)]);
    scene.values = vec![(KAFKA, 0.0)];
    scene.play(3.25, 4.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 4.0, CheckId::JobsSucceeding), "pass", "a new process");
    let uid = "gim-0-9";
    scene.pod(Gim).uid = uid.into();
    scene.judge(5.0);
    scene.values = vec![(KAFKA, 5.0)];
    scene.play(5.25, 6.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 6.0, CheckId::JobsSucceeding), "pass", "a new pod");
    let pods: Vec<_> = scene.memory.components.gim.counters.keys().map(|(pod, _)| pod.as_deref()).collect();
    assert_eq!(pods, [Some(uid)], "the former pod's is forgotten");
}

#[test]
fn what_failed_before_ready_belongs_to_the_start() {
    let mut scene = Scene::upgraded(Gim);
    scene.pod(Gim).ready = false;
    for (minutes, failed) in [(1.0, 1.0), (1.5, 2.0)] {
        let mut page = reading("gim-0-3", minutes, &[("voice", 3.0)]);
        page.values = vec![crate::model::signal::SignalValue { signal: KAFKA.into(), value: failed }];
        scene.component(Gim).signals.readings = vec![Arc::new(page)];
        scene.judge(minutes);
    }
    scene.pod(Gim).ready = true;
    scene.values = vec![(KAFKA, 2.0)];
    scene.play(2.0, 3.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 3.0, CheckId::JobsSucceeding), "pass");
}

fn object(table: &str, column: Option<&str>) -> SchemaObject {
    SchemaObject { table: table.into(), column: column.map(Into::into) }
}

/// Lets the scene's suite read its database.
fn with_database(scene: &mut Scene) {
    scene.suite().surroundings.info_mart = Some(DatabaseAt {
        host: "db".into(),
        port: 5432,
        database: "gim".into(),
        user: "u".into(),
        password_file: None,
        tls: false,
        ca_file: None,
    });
}

/// The database as it was read at a minute: the state of a table and of its new column, and whether a view exists.
fn database(scene: &mut Scene, minutes: f64, objects: [ObjectState; 2], view: Option<bool>) {
    let [table, column] = objects;
    scene.facts.surroundings.info_mart = Some(Arc::new(DatabaseReading {
        suite: "default".into(),
        at: at(minutes),
        objects: vec![(object("t", None), table), (object("t", Some("c")), column)],
        export_views: view.map(|exists| (object("v", None), exists)).into_iter().collect(),
        building_index: false,
        transform: None,
    }));
}

#[test]
fn the_newest_transformation_is_told_beside_the_jobs() {
    let transform = Transform { started: Some(at(1.0)), ended: Some(at(2.0)), rows: Some(7) };
    let told = |minutes: f64| {
        let mut scene = read_until(4.0, &[(KAFKA, 0.0)]);
        database(&mut scene, minutes, [ObjectState::Populated; 2], None);
        Arc::make_mut(scene.facts.surroundings.info_mart.as_mut().unwrap()).transform = Some(transform.clone());
        let answers = scene.ask(Gim, 4.0, answer_all);
        let (_, jobs) = answers.into_iter().find(|(id, _)| *id == CheckId::JobsSucceeding).unwrap();
        jobs.evidence.iter().any(|evidence| matches!(evidence, Evidence::Transform { rows: Some(7), .. }))
    };
    assert!(told(3.5));
    assert!(!told(0.5), "too old to be believed");
}

/// GIM upgraded, its schema's version expected to be 8.5.48, and what its page says of it until a minute.
fn schema(found: Option<&'static str>, minutes: f64) -> Scene {
    let mut scene = Scene::upgraded(Gim);
    scene.suite().schema.version = Some("8.5.48".into());
    scene.schema_version = found;
    scene.play(2.0, minutes, |_| 3.0);
    scene
}

#[test]
fn the_schemas_version_is_asked_for() {
    let check = CheckId::SchemaMigrated;
    for (found, minutes, expected) in [
        (Some("8.5.48"), 3.0, "pass"),
        (Some("8.5.50"), 3.0, "pass"),
        (Some("8.5.42"), 3.0, "pending"),
        (Some("8.5.42"), 61.75, "pending"),
        (Some("8.5.42"), 62.0, "fail"),
        (Some("other"), 62.0, "unknown"),
        (None, 62.0, "unknown"),
    ] {
        assert_eq!(state(&schema(found, minutes), Gim, minutes, check), expected, "{found:?} {minutes}");
    }
    let scene = schema(Some("8.5.42"), 62.0);
    assert_eq!(state(&scene, Gim, 62.75, check), "unknown", "silent");
    assert_eq!(state(&scene, Gca, 62.0, check), "n/a", "GCA has no schema");
    let mut scene = schema(Some("8.5.42"), 62.0);
    scene.newest(Gim).status = ReleaseStatus::PendingUpgrade;
    assert_eq!(state(&scene, Gim, 62.0, check), "pending", "Helm works");
    scene.component(Gim).sources.helm = Freshness::Stale;
    assert_eq!(state(&scene, Gim, 62.0, check), "unknown", "Helm's history is silent");
    let mut scene = schema(Some("8.5.42"), 62.0);
    scene.suite().schema.version = None;
    assert_eq!(state(&scene, Gim, 62.0, check), "n/a", "nothing is expected");
}

#[test]
fn the_schema_is_asked_for_only_where_the_target_is_installed() {
    let check = CheckId::SchemaMigrated;
    let target = |scene: &mut Scene, build: &str| scene.suite().targets.gim = Some(BuildVersion::new(build));
    for (build, expected) in
        [("100.0.116+4200", "fail"), ("100.0.116+2900", "fail"), ("100.0.116+5000", "pending"), ("latest", "fail")]
    {
        let mut scene = schema(Some("8.5.42"), 62.0);
        target(&mut scene, build);
        assert_eq!(state(&scene, Gim, 62.0, check), expected, "{build}");
    }
    // At rest, before an upgrade that the configuration has in view already: nothing is to be done.
    let mut scene = Scene::at_rest();
    scene.suite().schema.version = Some("8.5.48".into());
    scene.schema_version = Some("8.5.42");
    scene.play(-12.0, 0.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 0.0, check), "pending");
    assert_eq!(scene.verdict(Gim, 0.0), (VerdictKind::None, vec![]));
    target(&mut scene, "100.0.116+4200");
    assert_eq!(scene.verdict(Gim, 0.0), (VerdictKind::None, vec![]));
    target(&mut scene, "100.0.116+2900");
    assert_eq!(scene.verdict(Gim, 0.0).0, VerdictKind::RestartPod, "the target runs, and its schema is behind");
}

#[test]
fn the_database_is_asked_for_tables_and_columns() {
    use ObjectState::{Empty, Missing, Populated};
    let check = CheckId::SchemaMigrated;
    let mut scene = Scene::upgraded(Gim);
    scene.suite().schema.objects = vec![object("t", None), object("t", Some("c"))];
    scene.play(2.0, 62.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 62.0, check), "n/a", "no database is configured");
    with_database(&mut scene);
    assert_eq!(state(&scene, Gim, 62.0, check), "unknown", "never read");
    for (objects, early, late) in [
        ([Populated, Populated], "pass", "pass"),
        ([Populated, Empty], "pending", "pending"),
        ([Populated, Missing], "pending", "fail"),
        ([Missing, Missing], "pending", "fail"),
        ([Empty, Missing], "pending", "fail"),
    ] {
        database(&mut scene, 60.0, objects, None);
        assert_eq!(state(&scene, Gim, 61.0, check), early, "{objects:?}");
        database(&mut scene, 61.0, objects, None);
        assert_eq!(state(&scene, Gim, 62.0, check), late, "{objects:?}");
    }
    database(&mut scene, 61.0, [Populated, Populated], None);
    assert_eq!(state(&scene, Gim, 63.9, check), "pass");
    assert_eq!(state(&scene, Gim, 64.0, check), "unknown", "not read for three intervals");
    scene.suite().schema.objects.push(object("other", None));
    assert_eq!(state(&scene, Gim, 62.0, check), "unknown", "one could not be read");
    database(&mut scene, 61.0, [Missing, Populated], None);
    assert_eq!(state(&scene, Gim, 62.0, check), "fail", "and another is missing");
    // Both kinds of evidence: the worse counts.
    scene.suite().schema.objects.pop();
    scene.suite().schema.version = Some("8.5.48".into());
    scene.schema_version = Some("8.5.48");
    scene.play(62.0, 62.25, |_| 3.0);
    assert_eq!(state(&scene, Gim, 62.25, check), "fail", "missing, whatever the version says");
    let first = scene.judge_one(Gim, 62.25).check(check).unwrap().evidence.get(1).cloned();
    assert_eq!(first, Some(Evidence::SchemaObject { object: "t".into(), state: Some(Missing) }));
    database(&mut scene, 62.0, [Populated, Populated], None);
    assert_eq!(state(&scene, Gim, 62.25, check), "pass");
}

#[test]
fn export_views_are_asked_for_once_the_schema_is_migrated() {
    use ObjectState::{Missing, Populated};
    let check = CheckId::ExportViewsCurrent;
    let mut scene = Scene::upgraded(Gim);
    scene.suite().schema.objects = vec![object("t", None), object("t", Some("c"))];
    scene.suite().schema.export_views = vec![object("v", None)];
    scene.play(2.0, 14.0, |_| 3.0);
    assert_eq!(state(&scene, Gim, 14.0, check), "n/a", "no database is configured");
    with_database(&mut scene);
    for (objects, view, expected) in [
        ([Missing, Missing], Some(false), "n/a"),
        ([Populated, Populated], Some(false), "fail"),
        ([Populated, Populated], None, "unknown"),
        ([Populated, Populated], Some(true), "pass"),
    ] {
        database(&mut scene, 14.0, objects, view);
        assert_eq!(state(&scene, Gim, 14.0, check), expected, "{objects:?} {view:?}");
    }
    assert_eq!(state(&scene, Gim, 17.0, check), "n/a", "the schema is not known any more");
    scene.suite().schema.objects.clear();
    assert_eq!(state(&scene, Gim, 14.0, check), "pass", "the views alone are expected");
    assert_eq!(state(&scene, Gim, 17.0, check), "unknown", "not read for three intervals");
    scene.suite().schema.export_views.clear();
    assert_eq!(state(&scene, Gim, 14.0, check), "n/a", "none are expected");
}

/// GIM's page with these topics, read and judged every 15 seconds.
fn play_topics(scene: &mut Scene, from: f64, to: f64, topics: &[(&str, f64)]) {
    let uid = scene.pod(Gim).uid.clone();
    let mut minutes = from;
    while minutes <= to {
        scene.component(Gim).signals.readings = vec![Arc::new(reading(&uid, minutes, topics))];
        scene.read_of(Gsp, |uid| flink(uid, minutes));
        scene.judge(minutes);
        minutes += 0.25;
    }
}

#[test]
fn a_topic_that_vanishes_is_no_improvement() {
    let mut scene = Scene::at_rest();
    play_topics(&mut scene, -12.0, 0.0, &[("chat", 3.0), ("voice", 900.0)]);
    play_topics(&mut scene, 0.25, 5.0, &[("chat", 3.0)]);
    let says = |scene: &mut Scene, minutes| {
        let judged = scene.judge_one(Gim, minutes);
        let state = |id| judged.check(id).unwrap().state;
        (state(CheckId::MetricsPresent), state(CheckId::LatencyLow), state(CheckId::BacklogNotGrowing))
    };
    assert_eq!(says(&mut scene, 4.9), (Pending, Fail, Pending), "the last that is known of it still counts");
    assert_eq!(says(&mut scene, 5.0), (Fail, Fail, Pending), "gone for longer than the grace");
    let mut scene = Scene::at_rest();
    play_topics(&mut scene, -12.0, 0.0, &[("chat", 3.0), ("voice", 3.0)]);
    assert_eq!(says(&mut scene, 0.0), (Pass, Pass, Pass));
    play_topics(&mut scene, 0.25, 9.75, &[("chat", 3.0)]);
    assert_eq!(says(&mut scene, 9.75), (Fail, Pending, Pending));
    let absent = scene.judge_one(Gim, 9.75).check(CheckId::MetricsPresent).unwrap().evidence[0].clone();
    assert_eq!(absent, Evidence::TopicAbsent { topic: "voice".into() });
    assert_eq!(scene.verdict(Gim, 9.75), (VerdictKind::Wait, vec!["backlog_not_growing", "metrics_present"]));
    play_topics(&mut scene, 10.0, 10.25, &[("chat", 3.0)]);
    assert_eq!(scene.verdict(Gim, 10.25), (VerdictKind::Investigate, vec!["metrics_present"]));
    scene.policy.ignored_topics = vec!["voice".into()];
    assert_eq!(says(&mut scene, 10.25).0, Pass, "it is retired, and that is configured");
    scene.policy.ignored_topics.clear();
    play_topics(&mut scene, DAY - 1.0, DAY + 71.0, &[("chat", 3.0)]);
    assert_eq!(says(&mut scene, DAY + 71.0), (Pass, Pass, Pass), "it is retired, and was forgotten");
}

#[test]
fn a_topic_that_an_upgrade_took_away_is_missed_until_its_window_is_over() {
    let mut scene = Scene::at_rest();
    play_topics(&mut scene, -12.0, -0.25, &[("chat", 3.0), ("voice", 3.0)]);
    scene.upgrade(Gim);
    // Helm waited for the pod, and for a hook after it.
    scene.newest(Gim).written = at(40.0);
    play_topics(&mut scene, 40.0, 60.0, &[("chat", 3.0)]);
    for late in [0.25, 15.0, 30.0, 39.75] {
        play_topics(&mut scene, DAY + late - 11.0, DAY + late, &[("chat", 3.0)]);
        let (verdict, reasons) = scene.verdict(Gim, DAY + late);
        assert_eq!((verdict, reasons), (VerdictKind::Investigate, vec!["metrics_present"]), "{late}");
    }
}

#[test]
fn a_topic_that_an_upgrade_does_not_bring_back_is_no_reason_to_roll_back() {
    let mut scene = Scene::at_rest();
    play_topics(&mut scene, -12.0, 0.0, &[("chat", 3.0), ("voice", 3.0)]);
    scene.upgrade(Gim);
    play_topics(&mut scene, 2.0, 6.75, &[("chat", 3.0)]);
    assert_eq!(scene.verdict(Gim, 6.75).0, VerdictKind::Wait);
    play_topics(&mut scene, 7.0, 30.0, &[("chat", 3.0)]);
    assert_eq!(scene.verdict(Gim, 30.0), (VerdictKind::Investigate, vec!["metrics_present"]));
    play_topics(&mut scene, 30.25, 40.0, &[("chat", 3.0), ("voice", 3.0)]);
    assert_eq!(scene.verdict(Gim, 40.0), (VerdictKind::Wait, vec!["window_filling"]), "it came late");
    play_topics(&mut scene, 40.25, 40.25, &[("chat", 3.0), ("voice", 3.0)]);
    assert_eq!(scene.verdict(Gim, 40.25).0, VerdictKind::Proceed);
}
