//! Stories of going back: what a rollback leaves behind, and what comes after it.

use anyhow::{Result, ensure};

use crate::{
    charts::{GCA_FORMER, GIM_FORMER, GIM_NEXT},
    cluster::Cluster,
    exporter::Times,
    helm::Major,
    scene::{SOON, Scene, WAIT},
};

/// A GIM whose image is missing is rolled back. The StatefulSet does not replace the broken pod, so the advice is to
/// delete it; then all is well. A second try of the very same package fails again, and the revision to go back to is the
/// rollback, not the first try that has the same manifest.
pub fn rollback_leaves_a_stale_pod(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "stale-pod", Times { image_grace: 3, ..Times::default() })?;
    let broken = ["--set", "behaviour=image-missing"];
    scene.upgrade("gim", GIM_NEXT, &broken)?;
    scene.verdict("gim", "roll_back")?;
    let mark = scene.mark("gim");
    scene.helm("rollback", "gim", &["1"])?;
    scene.agrees("gim")?;
    let seen = scene.verdict("gim", "restart_pod")?;
    ensure!(seen.reasons.first().is_some_and(|reason| reason == "stale_pod"), "{seen}");
    let verdict = scene.verdict_in_status("gim")?.to_string();
    ensure!(verdict.contains("delete pod gim-0"), "the command is missing: {verdict}");
    scene.delete_pod("gim", "gim-0")?;
    let seen = scene.verified("gim", "none")?;
    ensure!(seen.operation == "rollback" && seen.reasons.iter().any(|reason| reason == "rolled_back"), "{seen}");
    scene.agrees("gim")?;
    let verdicts = ["roll_back", "wait", "restart_pod", "wait", "none"];
    let stages = ["failed", "[applying]", "rolling_out", "verifying", "verified"];
    scene.trace.went("gim", mark, &stages, &verdicts)?;

    scene.upgrade("gim", GIM_NEXT, &broken)?;
    let seen = scene.verdict("gim", "roll_back")?;
    ensure!(seen.operation == "upgrade" && seen.target == Some(3), "{seen}");
    scene.agrees("gim")
}

/// Helm goes back by itself. GCA, a Deployment, is healed by that; GIM, a StatefulSet, is left with its stale pod, on which
/// Helm's own rollback then times out: a failed rollback that is mended by deleting a pod.
pub fn atomic(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "atomic", Times::default())?;
    scene.upgrade("gca", GCA_FORMER, &WAIT)?;
    scene.verified("gca", "proceed")?;
    let atomic = [major.roll_back_flag(), "--timeout", "4s", "--set", "behaviour=never-ready"];
    scene.upgrade_fails("gca", GCA_FORMER, &atomic, "deadline exceeded")?;
    let seen = scene.verified("gca", "none")?;
    ensure!(seen.operation == "rollback", "{seen}");
    scene.agrees("gca")?;
    let history = scene.place.helm.history(&scene.place.namespace("gca"), "gca")?;
    let words: Vec<_> = history.iter().map(|revision| revision.status.as_str()).collect();
    ensure!(words == ["superseded", "failed", "deployed"], "helm's history of gca is {history:?}");

    scene.upgrade_fails("gim", GIM_NEXT, &atomic, "deadline exceeded")?;
    let seen = scene.verdict("gim", "restart_pod")?;
    ensure!(seen.reasons.first().is_some_and(|reason| reason == "stale_pod"), "{seen}");
    scene.agrees("gim")?;
    scene.delete_pod("gim", "gim-0")?;
    let seen = scene.verified("gim", "none")?;
    ensure!(seen.operation == "rollback", "{seen}");
    scene.agrees("gim")?;
    let history = scene.place.helm.history(&scene.place.namespace("gim"), "gim")?;
    ensure!(history.last().is_some_and(|revision| revision.status == "failed"), "helm's history of gim is {history:?}");
    Ok(())
}

/// The other way back: the former package is installed over the new one. With the former values it is a return to the very
/// manifest, with others it is a downgrade.
pub fn former_package(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "former", Times::default())?;
    scene.upgrade("gim", GIM_NEXT, &WAIT)?;
    scene.trace.until("gim", "the next build verified", SOON, |seen| {
        seen.stage == "verified" && seen.operation == "upgrade" && seen.verdict == "proceed"
    })?;
    for (values, operation) in [("readyAfter=500ms", "rollback"), ("readyAfter=700ms", "downgrade")] {
        let mark = scene.mark("gim");
        scene.upgrade("gim", GIM_FORMER, &[&WAIT[..], &["--set", values]].concat())?;
        let seen = scene.verified("gim", "none")?;
        ensure!(seen.operation == operation, "expected {operation}: {seen}");
        scene.agrees("gim")?;
        let stages = ["verified", "applying", "[rolling_out]", "verifying", "verified"];
        scene.trace.went("gim", mark, &stages, &["proceed", "wait", "none"])?;
        scene.upgrade("gim", GIM_NEXT, &WAIT)?;
        scene.trace.until("gim", "the next build verified again", SOON, |seen| {
            seen.stage == "verified" && seen.operation == "upgrade" && seen.verdict == "proceed"
        })?;
    }
    Ok(())
}
