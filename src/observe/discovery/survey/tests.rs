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

/// Tells that these workloads are all of their kind in a scope, each `namespace/release`, and made by this chart.
fn labelled(survey: &mut Survey, kind: WorkloadKind, scope: Option<&str>, workloads: &[(&str, &str)]) {
    let workload = |(place, chart): &(&str, &str)| {
        let (namespace, release) = place.split_once('/').unwrap();
        let object = json!({"metadata": {
            "namespace": namespace, "name": release, "uid": *place, "generation": 1,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"helm.sh/chart": format!("{chart}-100.0.1")},
            "annotations": {"meta.helm.sh/release-name": release},
        }});
        let mut workload = objects::stateful_set(object.to_string().as_bytes()).unwrap();
        workload.kind = kind;
        workload
    };
    let items = workloads.iter().map(workload).collect();
    survey.take(Change::Workload(kind, Delta::Reset { namespace: scope.map(Name::from), items }));
}

/// What is found, each `namespace/release:chart`.
fn finding(survey: &mut Survey) -> Option<Vec<String>> {
    let spell = |Found { namespace, release, chart }| format!("{namespace}/{release}:{chart}");
    Some(survey.finding()?.into_iter().map(spell).collect())
}

fn names(found: &[&str]) -> Vec<String> {
    found.iter().map(|&found| found.to_owned()).collect()
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
    let mut survey = Survey::new([Some("one".into()), Some("two".into())], HelmAccess::Read);
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
fn half_of_it_is_no_finding() {
    let (mut survey, now) = (Survey::new([Some("a".into()), Some("b".into())], HelmAccess::Read), Instant::now());
    assert_eq!(finding(&mut survey), None);
    stored(&mut survey, Some("a"), &["a/gim", "a/gca", "a/other"]);
    stored(&mut survey, Some("b"), &[]);
    assert_eq!(finding(&mut survey), None, "nothing was read");
    survey.start_reads(now, 8);
    answered(&mut survey, "a/gim", Answer::Chart(Some(Chart::Gim)), now);
    answered(&mut survey, "a/other", Answer::Unusable, now);
    for _ in 0..10 {
        answered(&mut survey, "a/gca", Answer::Failed(Duration::ZERO), now);
        assert_eq!(finding(&mut survey), None, "one could not be read");
        survey.start_reads(now, 8);
        assert_eq!(finding(&mut survey), None, "and is read again");
    }
    answered(&mut survey, "a/gca", Answer::Chart(Some(Chart::Gca)), now);
    assert_eq!(finding(&mut survey), Some(names(&["a/gca:gca", "a/gim:gim"])));

    // One that comes later and cannot be read keeps nothing back for long.
    stored(&mut survey, Some("b"), &["b/gim", "b/gca"]);
    assert_eq!(finding(&mut survey), None);
    survey.start_reads(now, 8);
    answered(&mut survey, "b/gim", Answer::Chart(Some(Chart::Gim)), now);
    answered(&mut survey, "b/gca", Answer::Failed(Duration::ZERO), now);
    assert_eq!(finding(&mut survey), Some(names(&["a/gca:gca", "a/gim:gim", "b/gim:gim"])));
}

#[test]
fn without_access_to_helm_labels_tell_from_the_beginning() {
    let mut survey = Survey::new([Some("a".into())], HelmAccess::None);
    assert_eq!(survey.take_blind(), [Some("a".into())]);
    assert_eq!(finding(&mut survey), None);
    labelled(&mut survey, WorkloadKind::StatefulSet, Some("a"), &[("a/gim", "gim")]);
    assert_eq!(finding(&mut survey), None, "the deployments are not seen yet");
    labelled(&mut survey, WorkloadKind::Deployment, Some("a"), &[]);
    assert_eq!(finding(&mut survey), Some(names(&["a/gim:gim"])));
}

#[test]
fn labels_tell_where_bodies_may_not_be_read() {
    let (mut survey, now) = (Survey::new([None], HelmAccess::Read), Instant::now());
    stored(&mut survey, None, &["a/gim", "a/gca", "a/gsp"]);
    survey.start_reads(now, 8);
    answered(&mut survey, "a/gsp", Answer::Chart(None), now);
    answered(&mut survey, "a/gim", Answer::Forbidden(Duration::ZERO), now);
    answered(&mut survey, "a/gca", Answer::Forbidden(Duration::ZERO), now);
    assert_eq!(survey.take_blind(), [None]);
    assert_eq!(finding(&mut survey), None, "no workload was seen");
    // That Helm knows the release by another chart goes before its workloads' labels.
    labelled(&mut survey, WorkloadKind::StatefulSet, None, &[("a/gim", "gim"), ("a/gsp", "gsp")]);
    assert_eq!(finding(&mut survey), None, "half of the workloads were not seen");
    labelled(&mut survey, WorkloadKind::Deployment, None, &[("a/gca", "gca")]);
    assert_eq!(finding(&mut survey), Some(names(&["a/gca:gca", "a/gim:gim"])));
}

#[test]
fn what_may_not_be_read_keeps_nothing_else_back() {
    let mut survey = Survey::new([Some("a".into()), Some("b".into())], HelmAccess::Read);
    for kind in [SourceKind::Helm, SourceKind::StatefulSets, SourceKind::Deployments] {
        turned(&mut survey, kind, Some("b"), SourceCondition::Forbidden);
    }
    turned(&mut survey, SourceKind::Helm, Some("a"), SourceCondition::Forbidden);
    turned(&mut survey, SourceKind::StatefulSets, Some("a"), SourceCondition::Forbidden);
    assert_eq!(finding(&mut survey), None, "the deployments are not seen yet");
    labelled(&mut survey, WorkloadKind::Deployment, Some("a"), &[("a/gca", "gca")]);
    assert_eq!(finding(&mut survey), Some(names(&["a/gca:gca"])));
    // A permission that is taken away takes nothing away that was seen.
    turned(&mut survey, SourceKind::Deployments, Some("a"), SourceCondition::Forbidden);
    assert_eq!(finding(&mut survey), Some(names(&["a/gca:gca"])));
}

#[test]
fn where_nothing_may_be_read_there_is_no_finding() {
    let mut survey = Survey::new([None], HelmAccess::Read);
    for kind in [SourceKind::Helm, SourceKind::StatefulSets, SourceKind::Deployments] {
        turned(&mut survey, kind, None, SourceCondition::Forbidden);
        assert_eq!(finding(&mut survey), None);
    }
    labelled(&mut survey, WorkloadKind::Deployment, None, &[]);
    assert_eq!(finding(&mut survey), Some(names(&[])), "to see that there is nothing is a finding");
}

#[test]
fn what_is_overdue_waits_for_room_and_not_for_the_past() {
    let (mut survey, now) = (Survey::new([None], HelmAccess::Read), Instant::now());
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
