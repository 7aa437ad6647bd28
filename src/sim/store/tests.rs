//! The store's promises: system fields, versions, history, snapshots of the past.

use serde_json::json;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn pod(namespace: &str, name: &str, phase: &str) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name}, "status": {"phase": phase}})
}

fn names(snapshot: &Snapshot<'_>, prefix: &str, start: &str) -> Vec<String> {
    snapshot.range(prefix, start).map(|object| format!("{}:{}", object.key(), object.field("status.phase"))).collect()
}

#[test]
fn system_fields_are_set_once_and_kept() {
    let mut store = Store::new();
    let first = store.apply(Kind::Pods, pod("gim", "gim-0", "Pending"), at(0)).unwrap().to_value();
    let second = store.apply(Kind::Pods, pod("gim", "gim-0", "Running"), at(60)).unwrap().to_value();
    let other = store.apply(Kind::Pods, pod("gim", "gim-1", "Running"), at(60)).unwrap().to_value();
    assert_eq!(first["metadata"]["creationTimestamp"], "2023-11-14T22:13:20Z");
    assert_eq!(first["metadata"]["creationTimestamp"], second["metadata"]["creationTimestamp"]);
    assert_eq!(first["metadata"]["uid"], second["metadata"]["uid"]);
    assert_ne!(first["metadata"]["uid"], other["metadata"]["uid"]);
    assert_eq!(
        (first["metadata"]["resourceVersion"].as_str(), second["metadata"]["resourceVersion"].as_str()),
        (Some("2"), Some("3"))
    );
}

#[test]
fn given_system_fields_win() {
    let mut store = Store::new();
    let old = json!({"metadata": {"name": "a", "uid": "u", "creationTimestamp": "2020-01-01T00:00:00Z", "resourceVersion": "77"}});
    let written = store.apply(Kind::Pods, old, at(0)).unwrap().to_value();
    assert_eq!(written["metadata"]["uid"], "u");
    assert_eq!(written["metadata"]["creationTimestamp"], "2020-01-01T00:00:00Z");
    assert_eq!(written["metadata"]["resourceVersion"], "2");
    assert_eq!(written["metadata"]["namespace"], "default");
}

#[test]
fn a_replacement_without_a_difference_makes_no_version() {
    let mut store = Store::new();
    store.apply(Kind::Pods, pod("gim", "gim-0", "Running"), at(0)).unwrap();
    let revision = store.revision();
    store.apply(Kind::Pods, pod("gim", "gim-0", "Running"), at(5)).unwrap();
    assert_eq!(store.revision(), revision);
    assert_eq!(store.update(Kind::Pods, "gim", "gim-0", at(5), |_| ()).unwrap().revision(), revision);
    assert_eq!(store.update(Kind::Pods, "gim", "gim-1", at(5), |_| ()).unwrap_err(), StoreError::NotFound);
    assert!(store.changes_since(revision).unwrap().is_empty());
}

#[test]
fn timestamps_have_fractions_only_where_wanted() {
    let instant = Timestamp::from_microsecond(1_700_000_000_250_000).unwrap();
    assert_eq!(Store::new().timestamp(instant), "2023-11-14T22:13:20Z");
    assert_eq!(Store::with_fractions().timestamp(instant), "2023-11-14T22:13:20.25Z");
}

#[test]
fn changes_come_in_order_across_kinds() {
    let mut store = Store::new();
    let begin = store.revision();
    store.apply(Kind::Secrets, json!({"metadata": {"name": "s", "namespace": "gim"}}), at(0)).unwrap();
    store.apply(Kind::Pods, pod("gim", "gim-0", "Pending"), at(1)).unwrap();
    store.apply(Kind::Pods, pod("gim", "gim-0", "Running"), at(2)).unwrap();
    store.delete(Kind::Pods, "gim", "gim-0", at(3)).unwrap();
    assert!(store.delete(Kind::Pods, "gim", "gim-0", at(3)).is_none());
    let told: Vec<_> = store
        .changes_since(begin)
        .unwrap()
        .iter()
        .map(|change| (change.revision, change.kind, change.change.as_str(), change.object.revision()))
        .collect();
    assert_eq!(
        told,
        [
            (2, Kind::Secrets, "ADDED", 2),
            (3, Kind::Pods, "ADDED", 3),
            (4, Kind::Pods, "MODIFIED", 4),
            (5, Kind::Pods, "DELETED", 5),
        ]
    );
    let last = store.changes_since(4).unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].object.field("status.phase"), "Running");
    assert_eq!(last[0].previous.as_ref().unwrap().revision(), 4);
}

#[test]
fn a_snapshot_is_the_past() {
    let mut store = Store::new();
    for name in ["b", "d", "f"] {
        store.apply(Kind::Pods, pod("gim", name, "Old"), at(0)).unwrap();
    }
    store.apply(Kind::Pods, pod("gim-x", "a", "Old"), at(0)).unwrap();
    let then = store.revision();
    store.delete(Kind::Pods, "gim", "b", at(1));
    store.apply(Kind::Pods, pod("gim", "c", "New"), at(1)).unwrap();
    store.apply(Kind::Pods, pod("gim", "d", "New"), at(1)).unwrap();
    store.apply(Kind::Pods, pod("gim", "d", "Newer"), at(1)).unwrap();
    store.delete(Kind::Pods, "gim", "f", at(1));
    store.apply(Kind::Pods, pod("gim", "f", "New"), at(1)).unwrap();

    let past = store.snapshot(Kind::Pods, then).unwrap();
    assert_eq!(names(&past, "gim/", ""), ["gim/b:Old", "gim/d:Old", "gim/f:Old"]);
    assert_eq!(names(&past, "gim/", "gim/b\0"), ["gim/d:Old", "gim/f:Old"]);
    // Byte order of the keys, as in etcd: `-` is before `/`.
    assert_eq!(names(&past, "", ""), ["gim-x/a:Old", "gim/b:Old", "gim/d:Old", "gim/f:Old"]);
    let present = store.snapshot(Kind::Pods, store.revision()).unwrap();
    assert_eq!(names(&present, "gim/", ""), ["gim/c:New", "gim/d:Newer", "gim/f:New"]);
    assert_eq!(store.iter_namespace(Kind::Pods, "gim").count(), 3);
    assert_eq!(store.iter(Kind::Pods).count(), store.len(Kind::Pods));
}

#[test]
fn what_is_forgotten_is_expired() {
    let mut store = Store::new();
    store.apply(Kind::Pods, pod("gim", "gim-0", "Pending"), at(0)).unwrap();
    store.apply(Kind::Pods, pod("gim", "gim-0", "Running"), at(0)).unwrap();
    store.compact();
    assert!(store.snapshot(Kind::Pods, 2).is_err());
    assert_eq!(store.changes_since(2).unwrap_err(), Expired { requested: 2, oldest: 3 });
    assert!(store.changes_since(3).unwrap().is_empty());
}

#[test]
fn history_is_bounded() {
    let mut store = Store::new();
    for number in 0..HISTORY_CHANGES + 10 {
        store.apply(Kind::Pods, pod("gim", "gim-0", &number.to_string()), at(0)).unwrap();
    }
    assert_eq!(store.changes_of(Kind::Pods, FIRST_REVISION + 10).unwrap().count(), HISTORY_CHANGES);
    assert!(store.changes_of(Kind::Pods, FIRST_REVISION + 9).is_err());
    assert!(store.changes_of(Kind::Secrets, FIRST_REVISION).is_ok(), "another kind's history is its own");
}
