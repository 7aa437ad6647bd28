//! Stories in which an upgrade fails, and the advice is to go back to the right revision, or just to wait.

use anyhow::{Result, ensure};

use crate::{
    charts::{GIM_FORMER, GIM_NEXT, GSP_FORMER, GSP_NEXT},
    cluster::Cluster,
    exporter::Times,
    helm::Major,
    metrics_text::Behind,
    process::eventually,
    scene::{SOON, Scene, WAIT},
    trace::Mark,
};

/// What a failed rollout of GIM goes through, when Helm is done at once.
const FAILED_ROLLOUT: [&str; 4] = ["verified", "[applying]", "rolling_out", "failed"];
/// The verdicts of a failure that is only believed after its time.
const WAIT_THEN_BACK: [&str; 3] = ["proceed", "wait", "roll_back"];

/// The new pod asks for a node that is not there, and so does a second try over the first: its pod only comes when the
/// first one's is deleted, and the revision to go back to is still the one that worked, not the one before.
pub fn no_node(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "no-node", Times { pending_timeout: 4, ..Times::default() })?;
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "nodeSelector.disk=none-has-this"])?;
    let seen = scene.verdict("gim", "roll_back")?;
    ensure!(seen.target == Some(1) && seen.reasons.iter().any(|reason| reason == "pods_scheduled"), "{seen}");
    scene.agrees("gim")?;
    scene.trace.went("gim", mark, &FAILED_ROLLOUT, &WAIT_THEN_BACK)?;

    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "nodeSelector.disk=none-has-this,readyAfter=700ms"])?;
    let seen = scene.verdict("gim", "restart_pod")?;
    ensure!(seen.reasons.first().is_some_and(|reason| reason == "stale_pod"), "{seen}");
    scene.delete_pod("gim", "gim-0")?;
    let seen = scene.verdict("gim", "roll_back")?;
    ensure!(seen.target == Some(1), "{seen}");
    scene.agrees("gim")?;
    let stages = ["failed", "[applying]", "rolling_out", "failed"];
    scene.trace.went("gim", mark, &stages, &["roll_back", "wait", "restart_pod", "wait", "roll_back"])
}

/// The image cannot be pulled. Helm says `deployed`. The revision before the broken one is the one to go back to, not the
/// first; and the waiting reason, which alternates, never begins the time anew.
pub fn missing_image(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "missing-image", Times { image_grace: 4, ..Times::default() })?;
    scene.upgrade("gim", GIM_FORMER, &[&WAIT[..], &["--set", "readyAfter=600ms"]].concat())?;
    scene.agrees("gim")?;
    scene.verified("gim", "proceed")?;
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "behaviour=image-missing"])?;
    let seen = scene.verdict("gim", "roll_back")?;
    ensure!(seen.target == Some(2) && seen.reasons.iter().any(|reason| reason == "images_pulled"), "{seen}");
    scene.agrees("gim")?;
    scene.trace.went("gim", mark, &FAILED_ROLLOUT, &WAIT_THEN_BACK)?;
    let verdict = scene.verdict_in_status("gim")?.to_string();
    ensure!(verdict.contains("helm rollback gim 2"), "the command is missing: {verdict}");
    Ok(())
}

/// The exporter is killed while it waits for a missing image, and again when it has told to go back: each time it comes to
/// the same, and until then says nothing but to wait.
pub fn exporter_restarted(cluster: &Cluster, major: Major) -> Result<()> {
    let times = Times { image_grace: 5, ..Times::default() };
    let mut scene = Scene::with_gim(cluster, major, "restarted", times)?;
    scene.upgrade("gim", GIM_NEXT, &["--set", "behaviour=image-missing"])?;
    scene.trace.until("gim", "rolling out", SOON, |seen| seen.stage == "rolling_out")?;
    for _ in 0..2 {
        scene.restart_exporter()?;
        let seen = scene.verdict("gim", "roll_back")?;
        ensure!(seen.target == Some(1) && seen.reasons.iter().any(|reason| reason == "images_pulled"), "{seen}");
        let mark = Mark::default();
        scene.trace.went("gim", mark, &["[rolling_out]", "failed"], &["[wait]", "roll_back"])?;
    }
    scene.agrees("gim")
}

/// The hook that should save GSP's state before the upgrade fails. The pods run on as if nothing was. GSP is rolled back, so
/// GCA's turn does not come until a second try worked.
pub fn failed_hook(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::empty(cluster, major, "failed-hook", Times::default())?;
    scene.upgrade("gsp", GSP_FORMER, &WAIT)?;
    scene.verified("gsp", "proceed")?;
    let mark = scene.mark("gsp");
    scene.upgrade_fails("gsp", GSP_NEXT, &["--set", "hook.behaviour=hook-fail"], "pre-upgrade hooks failed")?;
    let seen = scene.verdict("gsp", "roll_back")?;
    ensure!(seen.target == Some(1) && seen.reasons.iter().any(|reason| reason == "hooks_succeeded"), "{seen}");
    scene.hook("gsp", "gsp-save-state", "pre-upgrade", "failed")?;
    scene.agrees("gsp")?;
    // That the release failed is known a moment before why it did.
    scene.trace.went("gsp", mark, &["verified", "applying", "[rolling_out]", "failed"], &WAIT_THEN_BACK)?;
    let mark = scene.mark("gsp");
    scene.helm("rollback", "gsp", &["--timeout", "15m"])?;
    let seen = scene.verified("gsp", "none")?;
    ensure!(seen.operation == "rollback" && seen.reasons.iter().any(|reason| reason == "rolled_back"), "{seen}");
    let stages = ["failed", "[applying]", "[rolling_out]", "[verifying]", "verified"];
    scene.trace.went("gsp", mark, &stages, &["roll_back", "wait", "none"])?;
    scene.agrees("gsp")?;
    scene.gate("gsp", &[])?;
    scene.gate("gca", &["gsp_undone"])?;
    scene.as_the_guide_does("gsp", GSP_NEXT, &[])?;
    scene.verified("gsp", "proceed")?;
    scene.gate("gca", &[])
}

/// Helm is killed while it waits for GIM's pod: its revision stays `pending-upgrade` for ever, and the next upgrade is
/// refused. Until Helm could still be at work nothing but `wait` may be said; then the way out is a rollback.
pub fn killed_helm(cluster: &Cluster, major: Major) -> Result<()> {
    let times = Times { helm_timeout: 4, ready_timeout: 10, ..Times::default() };
    let scene = Scene::with_gim(cluster, major, "killed", times)?;
    let mark = scene.mark("gim");
    let upgrade = scene.place.upgrade("gim", GIM_NEXT, &["--wait", "--set", "readyAfter=3s"])?;
    let mut helm = scene.place.helm.spawn(&upgrade)?;
    scene.trace.until("gim", "applying", SOON, |seen| seen.stage == "applying")?;
    helm.kill()?;
    scene.agrees("gim")?;
    let seen = scene.verdict("gim", "roll_back")?;
    ensure!(seen.target == Some(1), "{seen}");
    ensure!(seen.reasons.iter().any(|reason| reason == "release_pending_stuck"), "{seen}");
    scene.trace.went("gim", mark, &["verified", "applying", "failed"], &WAIT_THEN_BACK)?;
    scene.upgrade_fails("gim", GIM_NEXT, &[], "another operation")?;
    scene.agrees("gim")?;
    scene.helm("rollback", "gim", &["1"])?;
    let seen = scene.verified("gim", "none")?;
    ensure!(seen.operation == "rollback", "{seen}");
    scene.agrees("gim")
}

/// Helm's own timeout is too short: the release is `failed` for ever although its pod becomes Ready a moment later. The
/// pod's own evidence judges, and the release's state is only an advisory.
pub fn timed_out_then_healed(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "timed-out", Times::default())?;
    let mark = scene.mark("gim");
    let short = ["--wait", "--timeout", "3s", "--set", "readyAfter=8s"];
    scene.upgrade_fails("gim", GIM_NEXT, &short, "deadline exceeded")?;
    scene.agrees("gim")?;
    scene.verified("gim", "proceed")?;
    let stages = ["verified", "applying", "rolling_out", "verifying", "verified"];
    scene.trace.went("gim", mark, &stages, &["proceed", "wait", "proceed"])?;
    scene.agrees("gim")?;
    ensure!(scene.place.helm.status(&scene.place.namespace("gim"), "gim")?.1 == "failed");
    let verdict = scene.verdict_in_status("gim")?.to_string();
    ensure!(verdict.contains("release_left_failed"), "the advisory is missing: {verdict}");
    Ok(())
}

/// The new GIM is Ready, but consumes more slowly than Kafka fills: the backlog grows and grows.
pub fn growing_backlog(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::with_gim(cluster, major, "backlog", Times::default())?;
    let namespace = scene.place.namespace("gim");
    let mark = scene.mark("gim");
    scene.upgrade("gim", GIM_NEXT, &["--set", "readyAfter=2s"])?;
    // Far more than a second a second: in one story's seconds as much as in hours of a consumer at half speed.
    cluster.metrics.set(&namespace, Behind { seconds: 400.0, slope: 100.0 });
    eventually("the latency is shown", SOON, || {
        let latency = scene.exporter.page()?.value("gim_upgrade_kafka_behind_seconds", &[("component", "gim")]);
        Ok(latency.is_some_and(|seconds| seconds > 400.0))
    })?;
    eventually("the trend is growing", SOON, || {
        Ok(scene.exporter.page()?.state("gim_upgrade_kafka_trend", "trend", "gim")? == Some("growing"))
    })?;
    let seen = scene.trace.until("gim", "roll_back", SOON * 2, |seen| seen.verdict == "roll_back")?;
    ensure!(seen.target == Some(1), "{seen}");
    ensure!(seen.reasons.iter().any(|reason| reason == "backlog_not_growing"), "{seen}");
    let stages = ["verified", "[applying]", "rolling_out", "verifying", "failed"];
    scene.trace.went("gim", mark, &stages, &WAIT_THEN_BACK)
}
