//! A ServiceAccount that may read no Secret: what is left is told by the workloads alone.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    charts::{GIM_FORMER, GIM_NEXT},
    cluster::Cluster,
    exporter::Setup,
    helm::Major,
    rights::Rights,
    scene::{SOON, Scene, WAIT},
};

/// With `helm.access: none` an upgrade of GIM is told without Helm's word; whether it was one is not known, so the next gate stays
/// closed. Without that setting, Secrets that may not be read
/// are missing evidence.
pub fn no_secrets(cluster: &Cluster, major: Major) -> Result<()> {
    let blind = Setup { rights: Rights::WithoutSecrets, ..Setup::default() };
    let config = json!({ "helm": { "access": "none" } });
    let scene = Scene::empty(cluster, major, "no-secrets", Setup { config, ..blind.clone() })?;
    scene.trace.until("gim", "absent", SOON, |seen| seen.stage == "absent" && seen.verdict == "none")?;
    scene.upgrade("gim", GIM_FORMER, &WAIT)?;
    scene.verified("gim", "wait")?;
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "readyAfter=3s"])?;
    scene.trace.until("gim", "rolling out", SOON, |seen| seen.stage == "rolling_out" || seen.stage == "applying")?;
    let seen = scene.verified("gim", "wait")?;
    ensure!(seen.operation == "upgrade" && seen.reasons == ["next_gate_closed"], "{seen}");
    let stages = ["verified", "[applying]", "rolling_out", "verifying", "verified"];
    scene.trace.went("gim", mark, &stages, &["wait"])?;
    let page = scene.exporter.page()?;
    let release = page.all().iter().find(|series| series.name.starts_with("gim_upgrade_release_status"));
    ensure!(release.is_none(), "a release that may not be read: {release:?}");

    let scene = scene.beside(Setup { name: "exporter-without-setting", ..blind })?;
    for component in ["gim", "gsp", "gca"] {
        let seen = scene.verdict(component, "unknown")?;
        ensure!(seen.reasons == ["helm_forbidden"], "{component}: {seen}");
    }
    Ok(())
}
