//! Silence: a list, a watch's start, a stream and a read of a body that say nothing are noticed, shown and mended.

use gim_upgrade_exporter::model::source::{ErrorKind, SourceKind};
use gim_upgrade_exporter::model::wants::BodyWant;
use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;

use super::{House, pod, secret};

/// Plays one silence of the watch of pods, once all was well.
async fn silence_of_pods(on: On, fault: Fault) {
    let mut house = House::build().await;
    house.until_synced().await;
    let faults = house.server.faults().clone();
    let fault = faults.set(on, fault);
    house.until("noticed", |heard| heard.count(SourceKind::Pods, ErrorKind::Timeout) > 0).await;
    house.until("stale", |heard| heard.is_stale(SourceKind::Pods, None)).await;
    assert!(!house.heard.is_stale(SourceKind::Jobs, None), "others are heard");
    faults.unset(fault);
    house.apply(Kind::Pods, pod("gim", "gim-1"));
    house.until("mended", |heard| heard.pods.contains_key("gim/gim-1")).await;
    house.until("fresh", |heard| !heard.is_stale(SourceKind::Pods, None)).await;
    house.until_synced().await;
}

#[tokio::test]
async fn a_watch_that_never_starts() {
    silence_of_pods(On::verb(Verb::Watch).kind(Kind::Pods), Fault::SilentBeforeHead).await;
}

#[tokio::test]
async fn a_stream_that_falls_silent() {
    silence_of_pods(On::verb(Verb::Watch).kind(Kind::Pods), Fault::SilentMidway).await;
}

#[tokio::test]
async fn a_list_that_is_never_answered() {
    let mut house = House::build().await;
    house.until_synced().await;
    let faults = house.server.faults().clone();
    let list = faults.set(On::verb(Verb::List).kind(Kind::Pods), Fault::SilentBeforeHead);
    let watch = faults.set(On::verb(Verb::Watch).kind(Kind::Pods), Fault::Status(410));
    house.until("noticed", |heard| heard.count(SourceKind::Pods, ErrorKind::Timeout) > 0).await;
    house.until("stale", |heard| heard.is_stale(SourceKind::Pods, None)).await;
    faults.unset(watch);
    faults.unset(list);
    house.apply(Kind::Pods, pod("gim", "gim-1"));
    house.until("mended", |heard| heard.pods.contains_key("gim/gim-1")).await;
    house.until("fresh", |heard| !heard.is_stale(SourceKind::Pods, None)).await;
}

#[tokio::test]
async fn a_list_whose_body_stops_midway() {
    let mut house = House::build().await;
    house.until_synced().await;
    let faults = house.server.faults().clone();
    let list = faults.set(On::verb(Verb::List).kind(Kind::Pods), Fault::SilentMidway);
    let watch = faults.set(On::verb(Verb::Watch).kind(Kind::Pods), Fault::Status(410));
    house.until("noticed", |heard| heard.count(SourceKind::Pods, ErrorKind::Timeout) > 0).await;
    house.until("stale", |heard| heard.is_stale(SourceKind::Pods, None)).await;
    faults.unset(watch);
    faults.unset(list);
    house.until("fresh", |heard| !heard.is_stale(SourceKind::Pods, None)).await;
}

#[tokio::test]
async fn a_body_that_is_never_answered() {
    let mut house = House::build().await;
    house.apply(Kind::Secrets, secret("gim", "gim", 1, "e30="));
    house.until_synced().await;
    house.until("the revision", |heard| heard.revisions.len() == 1).await;
    let faults = house.server.faults().clone();
    let fault = faults.set(On::verb(Verb::Get), Fault::SilentAfterHead);
    let revision = house.heard.revisions.values().next().unwrap().clone();
    let want = BodyWant {
        object: revision.object_name(),
        namespace: revision.namespace,
        uid: revision.uid,
        resource_version: revision.resource_version,
    };
    house.bodies.send_replace(vec![want].into());
    house.until("noticed", |heard| heard.count(SourceKind::HelmBodies, ErrorKind::Timeout) > 0).await;
    house.until("stale", |heard| heard.is_stale(SourceKind::HelmBodies, None)).await;
    faults.unset(fault);
    house.until("mended", |heard| !heard.bodies.is_empty()).await;
    house.until("fresh", |heard| !heard.is_stale(SourceKind::HelmBodies, None)).await;
    house.until_synced().await;
}
