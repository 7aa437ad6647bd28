//! The checks of what stands around a suite both ways: dependencies, aggregation, backup.

use super::tests::state;
use crate::assess::answer::CheckId;
use crate::assess::testing::{DAY, Scene, at};
use crate::model::dependency::{AggregationAt, AskAt, Backup, BackupAt, Dependency, Level, ProbeFacts, ProbeFailure};
use crate::model::names::Component::{self, Gca, Gim, Gsp};

fn ask_at() -> AskAt {
    AskAt::Addresses { addresses: vec!["host:1".into()], tls: false }
}

/// A suite at rest that asks Kafka, with what was answered.
fn kafka(known: Option<ProbeFacts>) -> Scene {
    let mut scene = Scene::at_rest();
    scene.suite().surroundings.kafka = Some(ask_at());
    scene.facts.surroundings.kafka = known;
    scene
}

/// Asked at minute 0; last answered, and failing since, at these minutes.
fn probe(answered: Option<f64>, failing: Option<(ProbeFailure, f64)>) -> ProbeFacts {
    let failing = failing.map(|(failure, since)| (failure, at(since)));
    ProbeFacts { at: at(0.0), last_success: answered.map(at), failing, outage: None }
}

#[test]
fn a_dependency_is_down_once_that_is_proven() {
    use ProbeFailure::{Other, Protocol, Refused, Reported, Timeout};
    let check = CheckId::KafkaReachable;
    for (name, known, minutes, expected) in [
        ("never asked", None, 0.0, "unknown"),
        ("answers", Some(probe(Some(0.0), None)), 0.7, "pass"),
        ("not asked for three intervals", Some(probe(Some(0.0), None)), 0.75, "unknown"),
        ("refuses", Some(probe(Some(-0.25), Some((Refused, 0.0)))), 0.0, "fail"),
        ("another protocol", Some(probe(Some(-0.25), Some((Protocol, 0.0)))), 0.0, "fail"),
        ("reported", Some(probe(Some(-0.25), Some((Reported, 0.0)))), 0.0, "fail"),
        ("a hiccup", Some(probe(Some(-2.0), Some((Timeout, -1.75)))), 0.2, "pending"),
        ("no hiccup any more", Some(probe(Some(-2.0), Some((Timeout, -1.75)))), 0.25, "fail"),
        ("no route for long", Some(probe(Some(-9.0), Some((Other, -8.0)))), 0.0, "fail"),
        ("refuses, and was not asked lately", Some(probe(Some(-0.25), Some((Refused, 0.0)))), 0.75, "unknown"),
        ("never answered", Some(probe(None, Some((Refused, -60.0)))), 0.0, "unknown"),
        ("never answered in time", Some(probe(None, Some((Timeout, -60.0)))), 0.0, "unknown"),
    ] {
        assert_eq!(state(&kafka(known), Gim, minutes, check), expected, "{name}");
    }
}

#[test]
fn a_dependency_is_asked_for_where_it_is_needed() {
    let mut scene = Scene::at_rest();
    let checks = [CheckId::KafkaReachable, CheckId::DatabaseReachable, CheckId::ObjectStorageReachable];
    let says = |scene: &Scene, component: Component| checks.map(|check| state(scene, component, 0.0, check));
    assert_eq!(says(&scene, Gim), ["n/a"; 3], "none is configured");
    let surroundings = &mut scene.suite().surroundings;
    (surroundings.kafka, surroundings.database, surroundings.object_storage) =
        (Some(ask_at()), Some(ask_at()), Some(ask_at()));
    for dependency in Dependency::ALL {
        *scene.facts.surroundings.dependency_mut(*dependency) = Some(probe(Some(0.0), None));
    }
    assert_eq!(says(&scene, Gim), ["pass", "pass", "n/a"]);
    assert_eq!(says(&scene, Gsp), ["pass", "n/a", "pass"]);
    assert_eq!(says(&scene, Gca), ["pass", "n/a", "pass"]);
}

#[test]
fn the_aggregation_is_asked_for() {
    let check = CheckId::AggregationHealthy;
    let mut scene = Scene::at_rest();
    assert_eq!(state(&scene, Gim, 0.0, check), "n/a", "not configured");
    scene.suite().surroundings.aggregation = Some(AggregationAt { at: AskAt::Query("q".into()), healthy_from: 2 });
    assert_eq!(state(&scene, Gim, 0.0, check), "unknown", "never read");
    for (value, minutes, expected) in
        [(2.0, 0.0, "pass"), (3.0, 0.7, "pass"), (1.9, 0.0, "fail"), (0.0, 0.7, "fail"), (2.0, 0.75, "unknown")]
    {
        scene.facts.surroundings.aggregation = Some(Level { suite: "default".into(), at: at(0.0), value });
        assert_eq!(state(&scene, Gim, minutes, check), expected, "{value} {minutes}");
    }
    assert_eq!(state(&scene, Gsp, 0.0, check), "n/a", "it is GIM's");
}

#[test]
fn the_backup_is_asked_for() {
    let check = CheckId::BackupRecent;
    let mut scene = Scene::at_rest();
    assert_eq!(state(&scene, Gim, 0.0, check), "n/a", "not configured");
    let configure = |scene: &mut Scene| scene.suite().surroundings.backup = Some(BackupAt::Query("q".into()));
    configure(&mut scene);
    assert_eq!(state(&scene, Gim, 0.0, check), "unknown", "never read");
    let backup = |scene: &mut Scene, success: Option<f64>, read: f64| {
        let last_success = success.map(at);
        scene.facts.surroundings.backup = Some(Backup { suite: "default".into(), at: at(read), last_success });
    };
    for (success, minutes, expected) in [
        (Some(-60.0), 0.0, "pass"),
        (Some(-60.0), DAY - 60.1, "pass"),
        (Some(-60.0), DAY - 60.0, "fail"),
        (None, 0.0, "fail"),
    ] {
        backup(&mut scene, success, minutes);
        assert_eq!(state(&scene, Gim, minutes, check), expected, "at rest: {success:?} {minutes}");
    }
    let mut scene = Scene::upgraded(Gim);
    configure(&mut scene);
    for (success, minutes, expected) in [
        (Some(-DAY), 60.0, "pass"),
        (Some(-DAY), DAY - 1.0, "pass"),
        (Some(-DAY - 1.0), 60.0, "fail"),
        (Some(30.0), 60.0, "pass"),
        (None, 60.0, "fail"),
    ] {
        backup(&mut scene, success, minutes);
        assert_eq!(state(&scene, Gim, minutes, check), expected, "upgraded: {success:?} {minutes}");
    }
    backup(&mut scene, Some(-1.0), 60.0);
    assert_eq!(state(&scene, Gim, 62.9, check), "pass");
    assert_eq!(state(&scene, Gim, 63.0, check), "unknown", "not heard of for three intervals");
    assert_eq!(state(&scene, Gca, 60.0, check), "n/a", "it is GIM's");
}
