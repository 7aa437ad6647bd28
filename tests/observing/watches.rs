//! Watches: pages, events, relists, scopes, and objects that cannot be read.

use std::time::Duration;

use gim_upgrade_exporter::model::scope::KubernetesScope;
use gim_upgrade_exporter::model::source::{ErrorKind, SourceCondition, SourceKind};
use gim_upgrade_exporter::sim::api::ApiOptions;
use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;

use serde_json::{Value, json};

use super::{Heard, House, apply_to, bad_pod, pod, secret, server, server_with, workload};

#[tokio::test]
async fn pages_become_one_reset_and_others_pods_are_left_out() {
    let server = server().await;
    for number in 0..600 {
        apply_to(&server, Kind::Pods, pod("gim", &format!("gim-{number:03}")));
        apply_to(&server, Kind::Pods, pod("elsewhere", &format!("other-{number:03}")));
    }
    let mut house = House::over(server, KubernetesScope::Auto).await;
    house.until_synced().await;
    assert_eq!(house.heard.pods.len(), 600);
    assert_eq!(house.heard.pod_resets, [600]);
    assert_eq!(house.heard.kinds(SourceKind::Pods), [None].into());
    assert_eq!(house.heard.errors, []);
}

#[tokio::test]
async fn every_kind_is_watched() {
    let mut house = House::build().await;
    house.until_synced().await;
    house.apply(Kind::Pods, pod("gim", "gim-0"));
    house.apply(Kind::StatefulSets, workload("gim", "gim"));
    house.apply(Kind::Deployments, workload("gca", "gca"));
    house.apply(Kind::Jobs, workload("gsp", "migrate"));
    house.apply(Kind::ReplicaSets, workload("gca", "gca-1"));
    house.apply(Kind::Secrets, secret("gim", "gim-monitoring", 3, "eA=="));
    house.apply(Kind::Secrets, secret("gim", "unrelated", 1, "eA=="));
    house
        .until("all there", |heard| {
            heard.pods.len() == 1
                && heard.workloads.len() == 3
                && heard.replica_sets.len() == 1
                && heard.revisions.len() == 1
        })
        .await;
    let revision = house.heard.revisions.values().next().unwrap();
    assert_eq!((&*revision.release, revision.revision), ("gim-monitoring", 3));

    house.delete(Kind::Pods, "gim", "gim-0");
    house.delete(Kind::Secrets, "gim", "sh.helm.release.v1.gim-monitoring.v3");
    house.until("gone", |heard| heard.pods.is_empty() && heard.revisions.is_empty()).await;
    assert_eq!(house.heard.errors, []);
}

fn config_map(namespace: &str, name: &str, labels: &Value) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name, "labels": labels}, "data": {"leader": "secret"}})
}

#[tokio::test]
async fn config_maps_that_gsp_may_leave_behind_are_watched() {
    let mut house = House::build().await;
    house.until_synced().await;
    house.apply(Kind::ConfigMaps, config_map("gsp", "gsp-cluster-config-map", &json!({"app": "gsp"})));
    house.apply(Kind::ConfigMaps, config_map("gsp", "of-nobody", &json!({"type": "other"})));
    house.apply(Kind::ConfigMaps, config_map("gsp", "of-helm", &json!({"app": "gsp", "owner": "helm"})));
    house.apply(Kind::ConfigMaps, config_map("gim", "elsewhere", &json!({"app": "gsp"})));
    house.until("there", |heard| !heard.config_maps.is_empty()).await;
    let map = &house.heard.config_maps["gsp/gsp-cluster-config-map"];
    assert_eq!((&*map.name, map.app.as_deref()), ("gsp-cluster-config-map", Some("gsp")));
    house.listen(Duration::from_millis(300)).await;
    assert_eq!(house.heard.config_maps.len(), 1, "{:?}", house.heard.config_maps);
    assert_eq!(house.heard.kinds(SourceKind::ConfigMaps), [Some("gsp")].into());
    house.delete(Kind::ConfigMaps, "gsp", "gsp-cluster-config-map");
    house.until("gone", |heard| heard.config_maps.is_empty()).await;
    assert_eq!(house.heard.errors, []);
}

#[tokio::test]
async fn config_maps_that_may_not_be_read_are_told_and_the_rest_goes_on() {
    let server = server().await;
    apply_to(&server, Kind::Pods, pod("gsp", "gsp-0"));
    server.faults().set(On::all().kind(Kind::ConfigMaps), Fault::Forbidden);
    let mut house = House::over(server, KubernetesScope::Auto).await;
    let forbidden = Some(SourceCondition::Forbidden);
    house.until("told", |heard| heard.condition(SourceKind::ConfigMaps, Some("gsp")) == forbidden).await;
    house
        .until("the rest", |heard| {
            let others = heard.conditions.iter().filter(|(id, _)| id.kind != SourceKind::ConfigMaps);
            others.clone().count() >= 7 && others.clone().all(|(_, condition)| *condition == SourceCondition::Synced)
        })
        .await;
    assert!(house.heard.pods.contains_key("gsp/gsp-0"));
}

#[tokio::test]
async fn watches_are_joined_end_to_end_without_lists() {
    let mut house = House::build().await;
    house.until_synced().await;
    house.server.faults().reset_counts();
    for number in 0..4 {
        house.apply(Kind::Pods, pod("gim", &format!("gim-{number}")));
        house.listen(Duration::from_millis(900)).await;
    }
    house.until("all four", |heard| heard.pods.len() == 4).await;
    let faults = house.server.faults();
    assert!(faults.count(Verb::Watch, Kind::Pods) >= 2, "watches of a second end");
    for kind in Kind::ALL {
        assert_eq!((faults.count(Verb::List, kind), faults.count(Verb::Get, kind)), (0, 0), "{kind:?}");
    }
    assert!(!house.heard.is_stale(SourceKind::Jobs, None), "a quiet watch is heard");
    assert_eq!(house.heard.errors, []);
}

#[tokio::test]
async fn an_expired_history_is_listed_anew() {
    let mut house = House::build().await;
    house.apply(Kind::Pods, pod("gim", "gim-0"));
    house.until_synced().await;
    house.until("the pod", |heard| heard.pods.len() == 1).await;
    let faults = house.server.faults().clone();
    let fault = faults.set(On::verb(Verb::Watch).kind(Kind::Pods), Fault::Disconnect);
    faults.drop_connections();
    house.until("the watch broke", |heard| heard.count(SourceKind::Pods, ErrorKind::Connect) > 0).await;
    house.delete(Kind::Pods, "gim", "gim-0");
    house.apply(Kind::Pods, pod("gim", "gim-1"));
    house.server.store().write(gim_upgrade_exporter::sim::store::Store::compact);
    faults.unset(fault);
    house.until("the other pod alone", |heard| heard.pods.keys().eq(["gim/gim-1"])).await;
    assert!(house.heard.count(SourceKind::Pods, ErrorKind::Expired) >= 1);
    house.until_synced().await;
}

#[tokio::test]
async fn a_server_that_comes_back_is_heard_again() {
    let mut house = House::build().await;
    house.apply(Kind::Pods, pod("gim", "gim-0"));
    house.until_synced().await;
    let (address, store) = (house.server.address(), house.server.store().clone());
    let faults = house.server.faults().clone();
    let dead = ApiOptions { address: "127.0.0.1:0".parse().unwrap(), ..ApiOptions::default() };
    std::mem::replace(&mut house.server, server_with(dead).await).stop().await;
    house.until("noticed", |heard| heard.count(SourceKind::Pods, ErrorKind::Connect) > 2).await;
    store.write(|store| store.apply(Kind::Pods, pod("gim", "gim-1"), jiff::Timestamp::now())).unwrap();
    let options = ApiOptions { address, ..ApiOptions::default() };
    house.server = gim_upgrade_exporter::sim::api::ApiServer::start_with(store, faults, options).await.unwrap();
    house.until("both pods", |heard| heard.pods.len() == 2).await;
    house.until_synced().await;
}

#[tokio::test]
async fn one_bad_object_is_counted_and_left_out() {
    let server = server().await;
    apply_to(&server, Kind::Pods, bad_pod("gim", "bad-0"));
    apply_to(&server, Kind::Pods, bad_pod("elsewhere", "bad-1"));
    apply_to(&server, Kind::Pods, pod("gim", "gim-0"));
    let mut house = House::over(server, KubernetesScope::Auto).await;
    house.until_synced().await;
    house.until("counted", |heard| heard.count(SourceKind::Pods, ErrorKind::Decode) == 1).await;
    assert_eq!(house.heard.pods.len(), 1);
    assert!(house.heard.errors[0].2.contains("gim/bad-0"), "{:?}", house.heard.errors);

    house.apply(Kind::Pods, bad_pod("gim", "bad-2"));
    house.apply(Kind::Pods, pod("gim", "gim-1"));
    house.until("the next one", |heard| heard.pods.len() == 2).await;
    house.delete(Kind::Pods, "gim", "bad-2");
    house.delete(Kind::Pods, "gim", "gim-1");
    house.until("gone", |heard| heard.pods.len() == 1).await;
    assert_eq!(house.heard.count(SourceKind::Pods, ErrorKind::Decode), 2, "{:?}", house.heard.errors);
    assert_eq!(house.heard.pod_resets.len(), 1, "nothing was listed anew for it");
}

#[tokio::test]
async fn what_cannot_be_read_is_neither_as_it_was_nor_gone() {
    let mut house = House::build().await;
    house.apply(Kind::Pods, pod("gim", "gim-0"));
    house.until_synced().await;
    house.until("the pod", |heard| heard.pods.len() == 1).await;
    let doubted = |heard: &Heard| heard.unreadable.contains(&(SourceKind::Pods, "gim".to_owned()));
    house.apply(Kind::Pods, bad_pod("gim", "gim-0"));
    house.apply(Kind::Pods, bad_pod("gim", "gim-1"));
    house.apply(Kind::Pods, bad_pod("elsewhere", "other-0"));
    house.until("doubted", doubted).await;
    house.until("counted", |heard| heard.count(SourceKind::Pods, ErrorKind::Decode) == 2).await;
    assert!(house.heard.pods.contains_key("gim/gim-0"), "its absence would speak against an upgrade");
    house.apply(Kind::Pods, pod("gim", "gim-0"));
    house.apply(Kind::Pods, pod("gim", "gim-2"));
    house.until("the next one", |heard| heard.pods.contains_key("gim/gim-2")).await;
    assert!(doubted(&house.heard), "the other one cannot be read yet");
    house.delete(Kind::Pods, "gim", "gim-1");
    house.until("gone", |heard| !doubted(heard)).await;
    assert_eq!(house.heard.unreadable, [].into(), "and what is elsewhere does not matter");
}

#[tokio::test]
async fn a_list_tells_which_namespaces_hold_what_cannot_be_read() {
    let mut bad = secret("gim", "gim", 2, "eA==");
    bad["metadata"]["labels"]["version"] = json!("two");
    let server = server().await;
    apply_to(&server, Kind::Secrets, secret("gim", "gim", 1, "eA=="));
    apply_to(&server, Kind::Secrets, bad);
    let mut house = House::over(server, KubernetesScope::Auto).await;
    house.until_synced().await;
    let doubted = |heard: &Heard| heard.unreadable.contains(&(SourceKind::Helm, "gim".to_owned()));
    assert!(doubted(&house.heard), "revision 1 is not the newest");
    // Mended while nobody watches, and listed anew.
    let faults = house.server.faults().clone();
    let fault = faults.set(On::verb(Verb::Watch).kind(Kind::Secrets), Fault::Status(410));
    house.apply(Kind::Secrets, secret("gim", "gim", 2, "eA=="));
    house.until("no more", |heard| !doubted(heard)).await;
    faults.unset(fault);
    house.until("both", |heard| heard.revisions.len() == 2).await;
}

#[tokio::test]
async fn without_permission_for_the_cluster_each_namespace_is_watched() {
    let server = server().await;
    server.faults().set(On::all().kind(Kind::Secrets).cluster_wide(), Fault::Forbidden);
    let mut house = House::over(server, KubernetesScope::Auto).await;
    house.until("synced", |heard| heard.conditions.len() >= 6 + 2 * 3 && heard.is_synced()).await;
    let each = [Some("gca"), Some("gim"), Some("gsp")].into();
    assert_eq!(house.heard.kinds(SourceKind::Helm), each);
    assert_eq!(house.heard.kinds(SourceKind::HelmBodies), each);
    assert_eq!(house.heard.kinds(SourceKind::Pods), [None].into());
    assert_eq!(house.heard.errors, []);
    house.apply(Kind::Secrets, secret("gsp", "gsp", 1, "eA=="));
    house.until("the revision", |heard| heard.revisions.len() == 1).await;
}

#[tokio::test]
async fn the_scope_can_be_set() {
    let server = server().await;
    let mut house = House::over(server, KubernetesScope::Namespaces).await;
    house.until("synced", |heard| heard.conditions.len() > 7 * 3 && heard.is_synced()).await;
    assert_eq!(house.heard.kinds(SourceKind::Pods).len(), 3);
}

#[tokio::test]
async fn a_forbidden_namespace_is_told_and_the_rest_goes_on() {
    let server = server().await;
    apply_to(&server, Kind::Pods, pod("gsp", "gsp-0"));
    let fault = server.faults().set(On::all().kind(Kind::Pods).namespace("gim"), Fault::Forbidden);
    let mut house = House::over(server, KubernetesScope::Namespaces).await;
    let forbidden = Some(SourceCondition::Forbidden);
    house.until("told", |heard| heard.condition(SourceKind::Pods, Some("gim")) == forbidden).await;
    house.until("the rest", |heard| heard.pods.contains_key("gsp/gsp-0")).await;
    house.until("counted", |heard| heard.count(SourceKind::Pods, ErrorKind::Forbidden) > 0).await;
    let (_, _, detail) = house.heard.errors.iter().find(|(_, kind, _)| *kind == ErrorKind::Forbidden).unwrap();
    assert!(detail.contains("cannot list resource \"pods\""), "{detail}");

    house.server.faults().unset(fault);
    house.until("mended", |heard| heard.is_synced() && heard.conditions.len() >= 22).await;
}

#[tokio::test]
async fn the_offset_of_the_clocks_is_learned() {
    let ahead = Duration::from_hours(1);
    let date_clock: gim_upgrade_exporter::sim::api::DateClock =
        std::sync::Arc::new(move || jiff::Timestamp::now().checked_add(ahead).unwrap());
    let server = server_with(ApiOptions { date_clock: Some(date_clock), ..ApiOptions::default() }).await;
    let mut house = House::over(server, KubernetesScope::Auto).await;
    house.until_synced().await;
    let learned = house.offset.milliseconds();
    assert!((3_598_500..=3_601_500).contains(&learned), "{learned}");
    let (contact, _) = &house.heard.sources[&super::id(SourceKind::Pods, None)];
    assert!(contact.last().unwrap() > jiff::Timestamp::now(), "contact is told in the server's time");
}

#[tokio::test]
async fn dropping_the_observers_stops_them_all() {
    let mut house = House::build().await;
    house.until_synced().await;
    house.observers.abort();
    while let Some(change) = tokio::time::timeout(super::PATIENCE, house.changes.recv()).await.unwrap() {
        house.heard.take(change);
    }
}
