//! What is gone from the cluster is gone from the page.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    charts::GCA_FORMER,
    cluster::Cluster,
    exporter::Times,
    helm::Major,
    page::Page,
    process::eventually,
    scene::{SOON, Scene},
};

/// How long the page may show what the API server no longer has: the time of a watch event, on a busy machine.
const LATE: Duration = Duration::from_secs(1);
/// The two families that name a pod.
const NAMING_PODS: [&str; 2] =
    ["gim_upgrade_pod_pending_since_timestamp_seconds", "gim_upgrade_pod_not_ready_since_timestamp_seconds"];

/// A pod that is not Ready is named; deleted, it is named no more, and its successor is. A release that is uninstalled
/// takes all of its series with it.
pub fn deleted_and_uninstalled(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "gone", Times::default())?;
    scene.upgrade("gca", GCA_FORMER, &["--set", "behaviour=never-ready"])?;
    let mut pod = String::new();
    eventually("a pod of GCA is named", SOON, || {
        let named = named_pod(&scene.exporter.page()?);
        pod = named.clone().unwrap_or_default();
        Ok(named.is_some())
    })?;
    scene.delete_pod("gca", &pod)?;
    eventually("the pod is gone from the cluster", SOON, || {
        Ok(cluster.api().find(&scene.place.pod("gca", &pod))?.is_none())
    })?;
    eventually("the pod is gone from the page", LATE, || {
        Ok(scene.exporter.page()?.all().iter().all(|series| series.labels.values().all(|value| *value != pod)))
    })?;
    eventually("its successor is named", SOON, || Ok(named_pod(&scene.exporter.page()?).is_some()))?;

    let objects = |kind: &str| format!("{kind}/{}/", scene.place.namespace("gim"));
    scene.helm("uninstall", "gim", &["--wait"])?;
    let of_gim = [("component", "gim")];
    eventually(&format!("{} is gone from the page", objects("gim")), LATE, || {
        let page = scene.exporter.page()?;
        Ok(page.find("gim_upgrade_release_status", &of_gim).next().is_none()
            && page.state("gim_upgrade_stage", "stage", "gim")? == Some("absent"))
    })?;
    let secrets = cluster
        .api()
        .list(&format!("/api/v1/namespaces/{}/secrets?labelSelector=owner%3Dhelm", scene.place.namespace("gim")))?;
    ensure!(
        secrets.is_empty(),
        "helm left {:?}",
        secrets.iter().map(|s| s.pointer("/metadata/name")).collect::<Vec<Option<&Value>>>()
    );
    eventually("the last pod of GIM is gone", SOON, || {
        let pods = cluster.api().list(&format!("/api/v1/namespaces/{}/pods", scene.place.namespace("gim")))?;
        Ok(pods.is_empty())
    })?;
    eventually("nothing is left of GIM but what is always there", LATE, || {
        let page = scene.exporter.page()?;
        let left = page.all().iter().find(|series| {
            let raw = ["release", "pod", "kafka", "signal", "container", "schema"];
            let name = series.name.strip_prefix("gim_upgrade_").unwrap_or_default();
            series.label("component") == Some("gim") && raw.iter().any(|prefix| name.starts_with(prefix))
        });
        left.map_or(Ok(true), |left| Err(anyhow::anyhow!("still there: {left:?}")))
    })?;
    let seen = scene.verdict("gim", "none")?;
    ensure!(seen.stage == "absent" && seen.target.is_none(), "{seen}");
    let stage = scene.exporter.page()?;
    stage.state("gim_upgrade_component_info", "component", "gim")?.context("component_info is always there").map(drop)
}

/// The pod of GCA that the page names.
fn named_pod(page: &Page) -> Option<String> {
    NAMING_PODS.iter().find_map(|family| {
        let mut named =
            page.all().iter().filter(|series| series.name == *family && series.label("component") == Some("gca"));
        named.find_map(|series| series.label("target_pod")).map(str::to_owned)
    })
}
