//! What GSP leaves behind: rule 16 of the guide.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    charts::GSP_FORMER,
    cluster::{Cluster, Place},
    exporter::Times,
    helm::Major,
    questions::Answer,
    scene::{Scene, WAIT},
};

const CHECK: &str = "state_config_maps_clean";
/// Longer than the steps of the API server's clock.
const A_SECOND: Duration = Duration::from_millis(1100);

/// `helm uninstall gsp` leaves Flink's state behind: an advisory while GSP is away, and when it is installed again beside the
/// old state; none when that was deleted as the guide says. State of its own that a running GSP has is no leftover.
pub fn left_behind(cluster: &Cluster, major: Major) -> Result<()> {
    let scene = Scene::empty(cluster, major, "leftover", Times::default())?;
    scene.upgrade("gsp", GSP_FORMER, &WAIT)?;
    scene.verified("gsp", "proceed")?;
    keep_state(&scene.place)?;
    scene.answers("gsp", CHECK, Answer::Pass)?;

    scene.helm("uninstall", "gsp", &[])?;
    scene.answers("gsp", CHECK, Answer::Fail)?;
    scene.advises("gsp", CHECK, true)?;
    let seen = scene.verdict("gsp", "none")?;
    ensure!(seen.stage == "absent", "{seen}");

    // Creation is told in whole seconds, and what was created in the same second as the release counts as its own.
    std::thread::sleep(A_SECOND);
    scene.upgrade("gsp", GSP_FORMER, &WAIT)?;
    scene.verified("gsp", "proceed")?;
    scene.answers("gsp", CHECK, Answer::Fail)?;
    scene.advises("gsp", CHECK, true)?;
    // kubectl delete cm --selector='app=gsp' (upgrade guide, Uninstall)
    cluster.api().delete(&format!("{}?labelSelector=app%3Dgsp", config_maps(&scene.place)))?;
    scene.answers("gsp", CHECK, Answer::Pass)?;
    scene.advises("gsp", CHECK, false)?;
    keep_state(&scene.place)?;
    scene.verified("gsp", "proceed")?;
    scene.answers("gsp", CHECK, Answer::Pass)
}

/// Does what Flink does for its high availability: keeps which job runs and who leads in objects of its own.
fn keep_state(place: &Place) -> Result<()> {
    for name in ["gsp-cluster-config-map", "gsp-00000000000000000000000000000000-config-map"] {
        let labels = json!({ "app": "gsp", "configmap-type": "high-availability", "type": "flink-native-kubernetes" });
        let metadata = json!({ "name": name, "labels": labels });
        let state = json!({ "counter": "1" });
        let object = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": state });
        place.cluster.api().create(&config_maps(place), &object)?;
    }
    Ok(())
}

fn config_maps(place: &Place) -> String {
    format!("/api/v1/namespaces/{}/configmaps", place.namespace("gsp"))
}
