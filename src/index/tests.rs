//! The index fed with objects and asked for facts.

use std::time::Duration;

use super::*;
use crate::model::release::{BodyState, ReleaseBody, ReleaseStatus, Revision, StorageName};
use crate::model::selector::{SelectBy, Selector};
use crate::model::signal::Reading;
use crate::model::source::Freshness;
use crate::model::time::{Timestamp, after};
use crate::model::wants::BodyWant;
use crate::model::workload::{AppLabels, PodOwner, PodPhase, UpdateStrategy};

fn index() -> Index {
    Index::new(vec![Arc::new(Suite::default_suite())])
}

fn facts(index: &Index) -> Facts {
    index.facts(0, |_| Sources::all(Freshness::Fresh)).unwrap()
}

fn pod(namespace: &str, name: &str, owner: (&str, &str), hash: Option<&str>) -> Pod {
    Pod {
        namespace: namespace.into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        owner: Some(PodOwner { kind: owner.0.into(), uid: owner.1.into() }),
        created: Timestamp::UNIX_EPOCH,
        phase: PodPhase::Running,
        terminating: false,
        scheduled: true,
        ready: true,
        ready_changed: None,
        revision_hash: hash.map(Into::into),
        labels: AppLabels::default(),
        ip: None,
        containers: Vec::new(),
    }
}

fn workload(kind: WorkloadKind, namespace: &str, name: &str, release: Option<&str>) -> Workload {
    Workload {
        kind,
        namespace: namespace.into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        release: release.map(Into::into),
        chart_label: None,
        labels: AppLabels::default(),
        created: Timestamp::UNIX_EPOCH,
        specified: Timestamp::UNIX_EPOCH,
        generation: 1,
        observed_generation: 1,
        desired: 1,
        images: Vec::new(),
        strategy: UpdateStrategy::RollingUpdate,
        ordered: true,
        current_revision: Some("a".into()),
        update_revision: Some("b".into()),
        progressed: true,
    }
}

fn revision(number: u32, version: &str) -> Revision {
    Revision {
        namespace: "gim".into(),
        release: "gim".into(),
        revision: number,
        status: ReleaseStatus::Deployed,
        object: StorageName::Helms,
        uid: format!("uid-{number}").into(),
        resource_version: version.into(),
        created: Timestamp::UNIX_EPOCH,
        written: Timestamp::UNIX_EPOCH,
        body: BodyState::Unread,
        body_version: None,
    }
}

#[test]
fn a_pod_of_a_statefulset_is_new_by_its_revision_hash() {
    let mut index = index();
    index.apply(Change::Workload(
        WorkloadKind::StatefulSet,
        Delta::Apply(workload(WorkloadKind::StatefulSet, "gim", "gim", Some("gim"))),
    ));
    for (name, hash) in [("gim-0", "a"), ("gim-1", "b")] {
        index.apply(Change::Pod(Delta::Apply(pod("gim", name, ("StatefulSet", "uid-gim"), Some(hash)))));
    }
    index.apply(Change::Pod(Delta::Apply(pod("gim", "stranger", ("StatefulSet", "uid-other"), Some("b")))));
    let facts = facts(&index);
    let generations: Vec<_> =
        facts.components.gim.pods().map(|pod| (pod.pod.name.to_string(), pod.generation)).collect();
    assert_eq!(generations, [("gim-0".into(), Generation::Old), ("gim-1".into(), Generation::New)]);
}

#[test]
fn a_pod_of_a_deployment_is_new_by_the_highest_revision() {
    let mut index = index();
    let deployment = workload(WorkloadKind::Deployment, "gsp", "gsp-jm", Some("gsp"));
    index.apply(Change::Workload(WorkloadKind::Deployment, Delta::Apply(deployment)));
    // A rollback uses the old set again: the older set has the higher revision.
    for (name, revision) in [("old", 3), ("younger", 2)] {
        index.apply(Change::ReplicaSet(Delta::Apply(ReplicaSet {
            namespace: "gsp".into(),
            name: name.into(),
            uid: format!("uid-{name}").into(),
            owner_uid: Some("uid-gsp-jm".into()),
            revision,
        })));
    }
    index.apply(Change::Pod(Delta::Apply(pod("gsp", "p1", ("ReplicaSet", "uid-old"), None))));
    index.apply(Change::Pod(Delta::Apply(pod("gsp", "p2", ("ReplicaSet", "uid-younger"), None))));
    let generations: Vec<_> = facts(&index).components.gsp.pods().map(|pod| pod.generation).collect();
    assert_eq!(generations, [Generation::New, Generation::Old]);
}

#[test]
fn a_reset_of_one_kind_leaves_the_others() {
    let mut index = index();
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::Deployment] {
        index.apply(Change::Workload(kind, Delta::Apply(workload(kind, "gim", "gim", Some("gim")))));
    }
    let touched = index.apply(Change::Workload(
        WorkloadKind::StatefulSet,
        Delta::Reset { namespace: Some("gim".into()), items: vec![] },
    ));
    assert_eq!(touched, Touched::Some(vec![0]));
    let kinds: Vec<_> = facts(&index).components.gim.workloads.iter().map(|w| w.workload.kind).collect();
    assert_eq!(kinds, [WorkloadKind::Deployment]);
}

#[test]
fn workloads_belong_by_helms_mark_else_by_name() {
    let cases = [
        (Some("gim"), "anything", true),
        (Some("gim-monitoring"), "gim", false),
        (None, "gim", true),
        (None, "gim-etl", true),
        (None, "gimlet", false),
    ];
    for (mark, name, expected) in cases {
        let mut index = index();
        let kind = WorkloadKind::StatefulSet;
        index.apply(Change::Workload(kind, Delta::Apply(workload(kind, "gim", name, mark))));
        assert_eq!(!facts(&index).components.gim.workloads.is_empty(), expected, "{mark:?} {name}");
    }
}

#[test]
fn a_body_stays_until_the_next_one_is_read() {
    let mut index = index();
    index.apply(Change::Revision(Delta::Apply(revision(9, "100"))));
    index.apply(Change::Revision(Delta::Apply(revision(10, "101"))));
    let body = |text: &str| {
        BodyState::Read(Arc::new(ReleaseBody {
            chart: "gim".into(),
            chart_version: "1".into(),
            app_version: "".into(),
            description: text.into(),
            first_deployed: None,
            last_deployed: None,
            rollback_revision: None,
            hooks: Vec::new(),
            manifest_hash: 1,
            workloads: Vec::new(),
        }))
    };
    let want = |uid: &str, version: &str| BodyWant {
        namespace: "gim".into(),
        object: "sh.helm.release.v1.gim.v10".into(),
        uid: uid.into(),
        resource_version: version.into(),
    };
    let newest = |index: &Index| {
        let facts = facts(index);
        let newest = facts.components.gim.release.newest().unwrap().clone();
        (newest.revision, newest.body().map(|body| body.description.to_string()), newest.lacks_body())
    };
    assert_eq!(newest(&index), (10, None, true));
    index.apply(Change::Body(want("uid-10", "101"), body("first")));
    assert_eq!(newest(&index), (10, Some("first".into()), false));
    index.apply(Change::Revision(Delta::Apply(revision(10, "102"))));
    assert_eq!(newest(&index), (10, Some("first".into()), true));
    index.apply(Change::Body(want("uid-of-another", "102"), body("stranger")));
    assert_eq!(newest(&index), (10, Some("first".into()), true));
    index.apply(Change::Revision(Delta::Reset { namespace: None, items: vec![revision(10, "102")] }));
    assert_eq!(newest(&index), (10, Some("first".into()), true));
    index.apply(Change::Body(want("uid-10", "103"), body("second")));
    assert_eq!(newest(&index), (10, Some("second".into()), false));
    index.apply(Change::Revision(Delta::Delete { namespace: "gim".into(), name: "sh.helm.release.v1.gim.v10".into() }));
    assert!(facts(&index).components.gim.release.newest().is_none());
}

#[test]
fn a_reading_goes_with_its_pod() {
    let mut index = index();
    index.apply(Change::Workload(
        WorkloadKind::StatefulSet,
        Delta::Apply(workload(WorkloadKind::StatefulSet, "gim", "gim", Some("gim"))),
    ));
    index.apply(Change::Pod(Delta::Apply(pod("gim", "gim-0", ("StatefulSet", "uid-gim"), Some("b")))));
    let reading = |seconds| Reading {
        suite: "default".into(),
        component: Component::Gim,
        pod_uid: Some("uid-gim-0".into()),
        at: after(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds)),
        topics: Vec::new(),
        values: Vec::new(),
        schema_version: None,
        build: None,
        config_times: Vec::new(),
    };
    index.apply(Change::Reading(reading(20)));
    index.apply(Change::Reading(reading(10)));
    let newest = |index: &Index| facts(index).components.gim.signals.newest().map(|reading| reading.at.as_second());
    assert_eq!(newest(&index), Some(20));
    index.apply(Change::Pod(Delta::Delete { namespace: "gim".into(), name: "gim-0".into() }));
    assert_eq!(newest(&index), None);
}

#[test]
fn what_no_suite_has_is_not_kept() {
    let mut index = index();
    let touched = index.apply(Change::Pod(Delta::Apply(pod("elsewhere", "p", ("StatefulSet", "uid-gim"), None))));
    assert_eq!(touched, Touched::None);
    assert_eq!(index.pods.in_namespace(&"elsewhere".into()).count(), 0);
    let mut stranger = revision(1, "1");
    stranger.release = "postgres".into();
    index.apply(Change::Revision(Delta::Apply(stranger)));
    assert!(index.releases.get(&"gim".into(), &"postgres".into()).newest().is_none());
}

#[test]
fn what_is_read_of_a_shared_component_serves_all_its_suites() {
    let owner = Suite::default_suite();
    let mut borrower = Suite { name: "t100".into(), ..Suite::default_suite() };
    borrower.members.gsp.owner = Some(owner.name.clone());
    borrower.members.gim.namespace = "gim-t100".into();
    let mut index = Index::new(vec![Arc::new(owner), Arc::new(borrower)]);
    let kind = WorkloadKind::StatefulSet;
    index.apply(Change::Workload(kind, Delta::Apply(workload(kind, "gsp", "gsp", Some("gsp")))));
    let touched = index.apply(Change::Pod(Delta::Apply(pod("gsp", "gsp-0", ("StatefulSet", "uid-gsp"), Some("b")))));
    assert_eq!(touched, Touched::Some(vec![0, 1]));
    let touched = index.apply(Change::Reading(Reading {
        suite: "default".into(),
        component: Component::Gsp,
        pod_uid: Some("uid-gsp-0".into()),
        at: Timestamp::UNIX_EPOCH,
        topics: Vec::new(),
        values: Vec::new(),
        schema_version: None,
        build: None,
        config_times: Vec::new(),
    }));
    assert_eq!(touched, Touched::Some(vec![0, 1]));
    for place in 0..2 {
        let facts = index.facts(place, |_| Sources::all(Freshness::Fresh)).unwrap();
        assert_eq!(facts.components.gsp.signals.readings.len(), 1, "{place}");
    }
}

/// What an operator or Flink itself makes is no workload of Helm's, and must not be silently nothing.
#[test]
fn pods_that_no_workload_keeps_are_one_workload() {
    let with = |pods: Option<u32>| {
        let mut suite = Suite::default_suite();
        suite.members.gsp.workloads = Some(Selector { by: SelectBy::App("stream".into()), pods });
        let mut index = Index::new(vec![Arc::new(suite)]);
        let kind = WorkloadKind::Deployment;
        index.apply(Change::Workload(kind, Delta::Apply(workload(kind, "gsp", "gsp-jm", Some("gsp")))));
        index
    };
    let labelled = |name: &str, owner: (&str, &str)| {
        let labels = AppLabels { app: Some("stream".into()), name: None };
        Pod { labels, ..pod("gsp", name, owner, None) }
    };
    let bare = |index: &Index| {
        let found = facts(index).components.gsp.workloads;
        let workload = found.into_iter().find(|workload| workload.workload.kind == WorkloadKind::Pods)?;
        let names: Vec<String> = workload.pods.iter().map(|pod| pod.pod.name.to_string()).collect();
        Some((workload.workload.desired, names.join(" ")))
    };
    let mut index = with(None);
    assert_eq!(bare(&index), None);
    for (name, owner) in [
        ("custom", ("FlinkDeployment", "uid-of-custom")),
        ("hook", ("Job", "uid-of-hook")),
        ("kept", ("ReplicaSet", "uid-of-set")),
        ("task-manager", ("Deployment", "uid-gsp-jm")),
    ] {
        index.apply(Change::Pod(Delta::Apply(labelled(name, owner))));
    }
    // Neither the label nor the owner tells.
    index.apply(Change::Pod(Delta::Apply(pod("gsp", "stranger", ("Other", "uid-of-other"), None))));
    assert_eq!(bare(&index), Some((2, "custom task-manager".to_owned())));
    // Pods that leave come again: none is wanted less.
    for name in ["custom", "task-manager"] {
        let leaving = Pod { terminating: true, ..labelled(name, ("Deployment", "uid-gsp-jm")) };
        index.apply(Change::Pod(Delta::Apply(leaving)));
    }
    assert_eq!(bare(&index), Some((2, "custom task-manager".to_owned())));
    assert_eq!(bare(&with(Some(4))), Some((4, String::new())), "as many as the configuration says");
}

#[test]
fn the_configuration_tells_where_nothing_else_does() {
    let mut suite = Suite::default_suite();
    suite.members.gsp.workloads = Some(Selector { by: SelectBy::Name("stream-*".into()), pods: None });
    let cases = [
        (None, "stream-jm", true),
        (None, "gsp-jm", false),
        (Some("other"), "stream-jm", false),
        (Some("gsp"), "x", true),
    ];
    for (mark, name, expected) in cases {
        let mut index = Index::new(vec![Arc::new(suite.clone())]);
        let kind = WorkloadKind::Deployment;
        index.apply(Change::Workload(kind, Delta::Apply(workload(kind, "gsp", name, mark))));
        assert_eq!(!facts(&index).components.gsp.workloads.is_empty(), expected, "{mark:?} {name}");
    }
}
