//! The order of an upgrade cycle, and what may not be begun: rules 1, 2, 5 and 7 of the guide.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    charts::{GCA_FORMER, GCA_NEXT, GIM_FORMER, GIM_NEXT, GSP_NEXT},
    cluster::Cluster,
    exporter::{Setup, Times},
    helm::Major,
    questions::Answer,
    scene::{SOON, Scene, WAIT, during},
};

/// What the guide asks of each upgrade beside its success.
const PROCEDURE: [&str; 3] = ["order_respected", "one_at_a_time", "started_healthy"];

/// What [`out_of_order`] does wrong and Helm's history proves.
const OUT_OF_ORDER: [(&str, &str); 3] =
    [("gim", "order_respected"), ("gsp", "order_respected"), ("gim", "one_at_a_time")];

/// A whole cycle as the guide has it: GIM, GSP, GCA, each with the guide's own command and verified before the next, and
/// with its companion. While one is upgraded, every gate is closed; GSP's hook is seen at work and done.
pub fn in_order(cluster: &Cluster, major: Major) -> Result<()> {
    let releases = json!({ "gim": [GIM_FORMER, GIM_NEXT] });
    let config = json!({ "policy": { "releases": releases } });
    let scene = Scene::at_rest(cluster, major, "in-order", Setup { config, ..Setup::default() })?;
    behind(&scene, 1.0)?;
    for component in ["gim", "gsp", "gca"] {
        scene.gate(component, &[])?;
    }
    let gsp = scene.mark("gsp");

    scene.as_the_guide_does("gim", GIM_NEXT, &["--set", "readyAfter=3s"])?;
    for component in ["gim", "gsp", "gca"] {
        scene.gate(component, &["gim_operation_running"])?;
    }
    upgraded(&scene, "gim")?;
    behind(&scene, 0.0)?;
    scene.answers("gim", "companion_in_step", Answer::Pending)?;
    scene.as_the_guide_does("gim-monitoring", GIM_NEXT, &[])?;
    scene.answers("gim", "companion_in_step", Answer::Pass)?;
    scene.agrees("gim-monitoring")?;
    scene.gate("gsp", &[])?;
    let shut = scene.trace.since("gsp", gsp).iter().any(|seen| !seen.closed_by.is_empty());
    ensure!(shut, "the gate of gsp was never closed:\n{}", scene.trace.tell("gsp"));

    let upgrade = || scene.as_the_guide_does("gsp", GSP_NEXT, &["--set", "hook.endsAfter=3s"]);
    during(upgrade, || {
        scene.hook("gsp", "gsp-save-state", "pre-upgrade", "running")?;
        scene.gate("gca", &["gsp_operation_running"])
    })?;
    scene.hook("gsp", "gsp-save-state", "pre-upgrade", "succeeded")?;
    upgraded(&scene, "gsp")?;

    scene.as_the_guide_does("gca", GCA_NEXT, &[])?;
    scene.gate("gim", &["gca_operation_running"])?;
    upgraded(&scene, "gca")?;
    scene.answers("gca", "config_fresh", Answer::Pass)?;
    scene.as_the_guide_does("gca-monitoring", GCA_NEXT, &[])?;
    scene.answers("gca", "companion_in_step", Answer::Pass)?;
    for component in ["gim", "gsp", "gca"] {
        scene.gate(component, &[])?;
        procedure(&scene, component, Answer::Pass)?;
    }
    Ok(())
}

/// A component is verified at its new build, and was upgraded as the guide asks.
fn upgraded(scene: &Scene, component: &str) -> Result<()> {
    scene.trace.until(component, "upgraded", SOON, |seen| {
        seen.operation == "upgrade" && seen.stage == "verified" && seen.verdict == "proceed"
    })?;
    scene.agrees(component)?;
    procedure(scene, component, Answer::Pass)
}

/// GIM is so many releases behind the newest that is listed.
fn behind(scene: &Scene, releases: f64) -> Result<()> {
    let told = scene.exporter.page()?.value("gim_upgrade_releases_behind", &[("component", "gim")]);
    ensure!(told == Some(releases), "gim is {told:?} releases behind, not {releases}");
    scene.answers("gim", "supported_release", Answer::Pass)
}

fn procedure(scene: &Scene, component: &str, wanted: Answer) -> Result<()> {
    for check in PROCEDURE {
        scene.answers(component, check, wanted)?;
    }
    Ok(())
}

/// GSP is upgraded before GIM, and GCA while Helm still works on GIM. All works: the procedure is advised of, and advised of
/// again by an exporter that was started later, but nothing worse is ever said.
pub fn out_of_order(cluster: &Cluster, major: Major) -> Result<()> {
    let mut scene = Scene::at_rest(cluster, major, "out-of-order", Times::default())?;
    let marks = ["gim", "gsp", "gca"].map(|component| (component, scene.mark(component)));
    scene.as_the_guide_does("gsp", GSP_NEXT, &[])?;
    upgraded(&scene, "gsp")?;

    let upgrade = || scene.upgrade("gim", GIM_NEXT, &[&WAIT[..], &["--set", "readyAfter=6s"]].concat());
    during(upgrade, || {
        scene.gate("gca", &["gim_operation_running"])?;
        scene.as_the_guide_does("gca", GCA_NEXT, &[])
    })?;
    for component in ["gim", "gca"] {
        let what = "upgraded all the same";
        scene.trace.until(component, what, SOON, |seen| seen.operation == "upgrade" && seen.stage == "verified")?;
    }
    for (component, check) in OUT_OF_ORDER.into_iter().chain([("gca", "started_healthy")]) {
        scene.answers(component, check, Answer::Fail)?;
        scene.advises(component, check, true)?;
    }
    for (component, mark) in marks {
        let seen = scene.trace.since(component, mark);
        let worse = seen.iter().find(|seen| !["none", "wait", "proceed"].contains(&&*seen.verdict));
        ensure!(worse.is_none(), "{component}: {}", scene.trace.tell(component));
    }
    scene.restart_exporter()?;
    for (component, check) in OUT_OF_ORDER {
        scene.answers(component, check, Answer::Fail)?;
        scene.advises(component, check, true)?;
    }
    Ok(())
}

/// GCA is broken, and for a while GSP's Flink job does not run: no component may be upgraded. GIM is upgraded all the same:
/// that works, but what follows waits until GCA was rolled back with the guide's command.
pub fn not_all_well(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::at_rest(cluster, major, "not-well", Times::default())?;
    scene.upgrade("gca", GCA_FORMER, &["--set", "behaviour=crash-loop"])?;
    let gsp = scene.place.namespace("gsp");
    for (jobs, closed_by) in [(0, &["gca_not_verified", "gsp_not_verified"][..]), (1, &["gca_not_verified"])] {
        cluster.metrics.change(&gsp, |values| values.running_jobs = jobs);
        scene.answers("gsp", "flink_job_running", if jobs == 0 { Answer::Fail } else { Answer::Pass })?;
        for component in ["gim", "gsp", "gca"] {
            scene.gate(component, closed_by)?;
        }
    }
    scene.as_the_guide_does("gim", GIM_NEXT, &[])?;
    let seen = scene.verified("gim", "wait")?;
    ensure!(seen.reasons.iter().any(|reason| reason == "next_gate_closed"), "{seen}");
    scene.answers("gim", "started_healthy", Answer::Fail)?;
    scene.advises("gim", "started_healthy", true)?;
    let seen = scene.verdict("gca", "roll_back")?;
    ensure!(seen.target == Some(1), "{seen}");

    scene.helm("rollback", "gca", &[])?;
    let seen = scene.verified("gca", "none")?;
    ensure!(seen.reasons.iter().any(|reason| reason == "rolled_back"), "{seen}");
    scene.agrees("gca")?;
    scene.gate("gsp", &[])?;
    scene.verified("gim", "proceed").map(drop)
}
