//! What is made of what watches and reads tell, and charts by their labels.

use serde_json::json;

use super::*;
use crate::model::source::SourceId;
use crate::observe::objects;

/// Tells that these releases are all that Helm has stored in a scope, each `namespace/name`.
fn stored(survey: &mut Survey, scope: Option<&str>, releases: &[&str]) {
    let revision = |place: &&str| {
        let (namespace, release) = place.split_once('/').unwrap();
        let secret = json!({"metadata": {
            "namespace": namespace, "name": object(release), "uid": *place, "resourceVersion": "1",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"owner": "helm", "name": release, "version": "1", "status": "deployed"},
        }});
        objects::revision(secret.to_string().as_bytes()).unwrap()
    };
    let items = releases.iter().map(revision).collect();
    survey.take(Change::Revision(Delta::Reset { namespace: scope.map(Name::from), items }));
}

/// The object of a release's only revision.
fn object(release: &str) -> String {
    format!("sh.helm.release.v1.{release}.v1")
}

fn answered(survey: &mut Survey, place: &str, answer: Answer, now: Instant) {
    let (namespace, release) = place.split_once('/').unwrap();
    survey.answered(&(namespace.into(), release.into()), object(release).into(), answer, now);
}

fn turned(survey: &mut Survey, kind: SourceKind, scope: Option<&str>, condition: SourceCondition) {
    survey.take(Change::SourceCondition(SourceId { kind, namespace: scope.map(Name::from) }, condition));
}

#[test]
fn a_scope_that_may_not_be_read_is_told_once() {
    let mut survey = Survey::new([Some("one".into()), Some("two".into())]);
    for condition in [SourceCondition::Forbidden, SourceCondition::Synced, SourceCondition::Forbidden] {
        turned(&mut survey, SourceKind::Helm, Some("one"), condition);
    }
    assert_eq!(survey.take_blind(), [Some("one".into())]);
    turned(&mut survey, SourceKind::Helm, Some("one"), SourceCondition::Synced);
    turned(&mut survey, SourceKind::Helm, Some("one"), SourceCondition::Forbidden);
    turned(&mut survey, SourceKind::Helm, Some("two"), SourceCondition::Forbidden);
    assert_eq!(survey.take_blind(), [Some("two".into())]);
}

#[test]
fn what_is_overdue_waits_for_room_and_not_for_the_past() {
    let (mut survey, now) = (Survey::new([None]), Instant::now());
    stored(&mut survey, None, &["a/gim", "b/gim"]);
    assert_eq!(survey.start_reads(now, 1).len(), 1);
    answered(&mut survey, "a/gim", Answer::Failed(Duration::ZERO), now);
    assert_eq!(survey.next_try(1), Some(now));
    assert_eq!(survey.next_try(0), None);
    assert_eq!(survey.start_reads(now, 2).len(), 2, "the failed one, and the other");
    assert_eq!(survey.next_try(1), None, "nothing waits any more");
}

#[test]
fn the_label_names_chart_and_version() {
    let cases = [
        ("gim-100.0.116_2900", Some(Chart::Gim)),
        ("gim-monitoring-100.0.1", Some(Chart::GimMonitoring)),
        ("gca-100.0.100-rc.1", Some(Chart::Gca)),
        ("gim", None),
        ("gim-monitoring", None),
        ("gimlet-1.0", None),
        ("postgresql-12.1", None),
    ];
    for (label, chart) in cases {
        assert_eq!(chart_of_label(label), chart, "{label}");
    }
}
