//! `verify` beside real upgrades: each of its exit codes, by its own observers and from an exporter that runs.

use anyhow::{Result, ensure};

use crate::{
    cable::Cable,
    charts::{GCA_FORMER, GCA_NEXT, GIM_NEXT},
    cluster::Cluster,
    exporter::{Setup, Times},
    helm::Major,
    scene::{Scene, WAIT},
    verify::Verifies,
};

/// A pipeline waits for the upgrade that it begins beside it.
const BESIDE: [&str; 2] = ["--wait-for-start=60s", "--timeout=60s"];
/// How long an upgrade may take that is not decided.
const SHORT: &str = "--timeout=3s";
/// Longer than the cable takes to be cut and that to be noticed.
const UNTIL_CUT: &str = "--timeout=10s";

/// GIM is upgraded well. Helm undoes an upgrade of GCA; GIM is upgraded to an image that is not there; and GCA to what is never
/// decided, during which the API server is gone.
pub fn verify(cluster: &Cluster, major: Major) -> Result<()> {
    let cable = Cable::lay(cluster.plane.url())?;
    let times = Times { image_grace: 3, ..Times::default() };
    let setup = Setup { times, api_port: Some(cable.port()), ..Setup::default() };
    let scene = Scene::with_gim(cluster, major, "verify", setup)?;

    let mut verifies = Verifies::start(&scene, "gim", &BESIDE)?;
    verifies.told("awaiting")?;
    scene.upgrade("gim", GIM_NEXT, &WAIT)?;
    for summary in verifies.end(0, "verified")? {
        ensure!(summary["operation"]["revision"] == 2 && summary["stage"] == "verified", "{summary}");
    }

    scene.upgrade("gca", GCA_FORMER, &WAIT)?;
    scene.verified("gca", "proceed")?;
    let mut verifies = Verifies::start(&scene, "gca", &BESIDE)?;
    verifies.told("awaiting")?;
    let atomic = [major.roll_back_flag(), "--timeout", "4s", "--set", "behaviour=never-ready"];
    scene.upgrade_fails("gca", GCA_NEXT, &atomic, "deadline exceeded")?;
    for summary in verifies.end(1, "undone")? {
        ensure!(
            summary["text"].as_str().is_some_and(|text| text.contains("the rollback of GCA to revision 3")),
            "{summary}"
        );
    }

    // Which revision worked is remembered by the exporter alone; the other goes by which of them stayed longest.
    scene.upgrade("gim", GIM_NEXT, &["--set", "behaviour=image-missing"])?;
    for summary in Verifies::start(&scene, "gim", &["--timeout=60s"])?.end(1, "adverse")? {
        let command = summary["command"].as_str().unwrap_or_default();
        ensure!(summary["rollback_target"] == 2 && command.contains("helm rollback gim 2"), "{summary}");
    }

    scene.upgrade("gca", GCA_NEXT, &["--set", "behaviour=never-ready"])?;
    Verifies::start(&scene, "gca", &[SHORT])?.end(2, "timed_out")?;

    let mut verifies = Verifies::start(&scene, "gca", &[UNTIL_CUT])?;
    verifies.told("following")?;
    cable.cut();
    for summary in verifies.end(3, "cannot_observe")? {
        ensure!(summary["blind"].is_string(), "{summary}");
    }
    Ok(())
}
