//! Stories in which all goes well: nothing but `wait` and then `proceed` may be seen.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    charts::{GIM_NEXT, GSP_NEXT},
    cluster::Cluster,
    exporter::Times,
    formats,
    helm::Major,
    process::eventually,
    scene::{FORMER, SOON, Scene, WAIT},
};

/// How long a part of the control plane is away: longer than a watch takes to notice, shorter than a source may be silent.
const OUTAGE: Duration = Duration::from_secs(3);

/// Everything is installed in order; then the page is read by everyone who reads such pages; then GSP is upgraded, whose
/// hook runs before its pods.
pub fn install_all(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::empty(cluster, major, "install", Times::default())?;
    scene.trace.until("gim", "absent", SOON, |seen| seen.stage == "absent" && seen.verdict == "none")?;
    for (release, version) in FORMER {
        let component = crate::cluster::component_of(release);
        let mark = scene.mark(component);
        let first = scene.trace.since(component, mark);
        scene.upgrade(release, version, &WAIT)?;
        scene.verified(component, "proceed")?;
        scene.agrees(release)?;
        if release == component {
            let stages = ["absent", "[applying]", "[rolling_out]", "verifying", "verified"];
            scene.trace.went(component, mark, &stages, &["none", "wait", "proceed"])?;
            ensure!(first.len() == 1, "{component} moved before it was installed: {first:?}");
        }
    }
    formats::check(&scene.exporter, &scene.place)?;

    let mark = scene.mark("gsp");
    scene.upgrade("gsp", GSP_NEXT, &["--set", "hook.endsAfter=1500ms"])?;
    scene.verified("gsp", "proceed")?;
    scene.agrees("gsp")?;
    let stages = ["verified", "applying", "rolling_out", "verifying", "verified"];
    scene.trace.went("gsp", mark, &stages, &["proceed", "wait", "proceed"])?;
    ensure!(scene.trace.polls() > 50, "the page was read only {} times", scene.trace.polls());
    Ok(())
}

/// GIM is upgraded as the guide does with `--wait` added: Helm works until the pod is Ready.
pub fn upgrade_with_wait(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "with-wait", Times::default())?;
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &[&WAIT[..], &["--set", "readyAfter=2s"]].concat())?;
    let seen = scene.verified("gim", "proceed")?;
    ensure!(seen.operation == "upgrade", "the operation is {}", seen.operation);
    scene.agrees("gim")?;
    let stages = ["verified", "applying", "[rolling_out]", "verifying", "verified"];
    scene.trace.went("gim", mark, &stages, &["proceed", "wait", "proceed"])
}

/// GIM is upgraded as the guide has it: Helm is done at once, long before the pod. The moment after, everything looks
/// verified: the old pod is Ready, and the controller has seen nothing yet.
pub fn upgrade_without_wait(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "without-wait", Times::default())?;
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "readyAfter=3s"])?;
    ensure!(scene.place.helm.status(&scene.place.namespace("gim"), "gim")? == (2, "deployed".to_owned()));
    scene.agrees("gim")?;
    let seen = scene.verified("gim", "proceed")?;
    ensure!(seen.operation == "upgrade", "the operation is {}", seen.operation);
    // Helm may be done sooner than the page is read twice.
    let stages = ["verified", "[applying]", "rolling_out", "verifying", "verified"];
    scene.trace.went("gim", mark, &stages, &["proceed", "wait", "proceed"])
}

/// The controllers are away when Helm is done: the StatefulSet has a new generation that nobody has seen, its revisions are
/// equal and the old pod is Ready. For as long as that lasts, it must not be taken for the new one.
pub fn controllers_away(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "no-controllers", Times::default())?;
    let mark = scene.mark("gim");
    cluster.plane.manager.kill()?;
    scene.upgrade("gim", GIM_NEXT, &[])?;
    scene.agrees("gim")?;
    std::thread::sleep(OUTAGE);
    let seen = scene.trace.since("gim", mark).into_iter().next_back().unwrap_or_default();
    cluster.plane.manager.start()?;
    ensure!(seen.stage == "rolling_out" && seen.verdict == "wait", "without controllers: {seen}");
    scene.verified("gim", "proceed")?;
    scene.agrees("gim")?;
    let stages = ["verified", "[applying]", "rolling_out", "verifying", "verified"];
    scene.trace.went("gim", mark, &stages, &["proceed", "wait", "proceed"])
}

/// The API server is killed while GIM rolls out, and comes back: the upgrade goes on, and so does the judgement.
pub fn api_server_killed(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "api-killed", Times::default())?;
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "readyAfter=6s"])?;
    // A scheduler ends when a pod that it knows comes back from the outage as another one of the same name.
    eventually("the new pod runs", SOON, || {
        let pod = cluster.api().get(&scene.place.pod("gim", "gim-0"))?;
        let field = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(field("/spec/containers/0/image").ends_with(&GIM_NEXT.replace('+', "."))
            && field("/status/phase") == "Running")
    })?;
    cluster.plane.kill_api_server()?;
    std::thread::sleep(OUTAGE);
    cluster.plane.start_api_server()?;
    scene.verified("gim", "proceed")?;
    scene.agrees("gim")?;
    // The watches come back one after another: when the last of them tells, the pods may long have been Ready.
    let stages = ["verified", "[applying]", "rolling_out", "[verifying]", "verified"];
    scene.trace.went("gim", mark, &stages, &["proceed", "wait", "proceed"])?;
    let page = scene.exporter.page()?;
    let errors: f64 = page.find("gim_upgrade_source_errors_total", &[]).map(|series| series.value).sum();
    ensure!(errors > 0.0, "nothing was counted in source_errors_total");
    let down: Vec<_> = page.find("gim_upgrade_source_up", &[]).filter(|series| series.value < 1.0).collect();
    ensure!(down.is_empty(), "sources are still down: {down:?}");
    Ok(())
}
