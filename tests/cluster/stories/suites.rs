//! Several suites: two tenants that share a GSP, named in the configuration or found by what is installed.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    charts::{GCA_FORMER, GCA_NEXT, GIM_FORMER, GIM_NEXT, GSP_FORMER, GSP_NEXT},
    cluster::{Cluster, Place},
    exporter::Setup,
    helm::Major,
    questions::Answer,
    scene::{SOON, Scene},
    trace::Seen,
};

/// The releases of two tenants, and where they are: each tenant's in namespaces whose names tell nothing.
const HOMES: [(&str, &str); 5] =
    [("gim-t100", "amber"), ("gca-t100", "green"), ("gsp", "blue"), ("gim-t200", "grey"), ("gca-t200", "grey")];
/// The tenants that GSP has the configuration of.
const TENANTS: &[&str] = &["t100", "t200"];
/// Every component, under the suite that it is judged under.
const ALL: [&str; 5] = ["t100/gim", "t100/gsp", "t100/gca", "t200/gim", "t200/gca"];

/// Two tenants on one GSP. It is judged once, under the first; a broken GIM of the second closes its gate; and the upgrade
/// goes in order across both: every GIM, then GSP, then every GCA.
pub fn share_a_gsp(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place_of(major, "two-suites", &HOMES)?;
    cluster.metrics.change(&place.namespace("gsp"), |values| values.tenants = TENANTS);
    let suites = [suite(&place, "t100"), suite(&place, "t200")];
    let scene = Scene::at(place, Setup { config: json!({ "suites": suites }), ..Setup::default() })?;
    for (release, version) in [
        ("gim-t100", GIM_FORMER),
        ("gim-t200", GIM_FORMER),
        ("gsp", GSP_FORMER),
        ("gca-t100", GCA_FORMER),
        ("gca-t200", GCA_FORMER),
    ] {
        scene.upgrade(release, version, &[])?;
    }
    all_well(&scene)?;

    scene.upgrade("gim-t200", GIM_FORMER, &["--set", "behaviour=crash-loop"])?;
    scene.gate("t200/gca", &["gim_not_verified"])?;
    scene.gate("t100/gsp", &["other_suite_not_verified"])?;
    scene.gate("t100/gim", &[])?;
    scene.helm("rollback", "gim-t200", &[])?;
    scene.trace.until("t200/gim", "the stale pod", SOON, |seen| seen.verdict == "restart_pod")?;
    scene.delete_pod("gim-t200", "gim-t200-0")?;
    scene.verified("t200/gim", "none")?;

    upgrade_both(&scene, "gim", GIM_NEXT)?;
    scene.gate("t100/gsp", &[])?;
    scene.as_the_guide_does("gsp", GSP_NEXT, &[])?;
    for component in ["t100/gca", "t200/gca"] {
        scene.gate(component, &["gsp_operation_running"])?;
    }
    scene.trace.until("t100/gsp", "upgraded", SOON, is_upgraded)?;
    upgrade_both(&scene, "gca", GCA_NEXT)?;
    for component in ALL {
        scene.gate(component, &[])?;
        scene.answers(component, "order_respected", Answer::Pass)?;
    }
    exposed_once(&scene)
}

/// The same suites, and nothing that names them: they are found by their charts, the second while the first is watched.
pub fn discovered(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place_of(major, "found", &HOMES)?;
    cluster.metrics.change(&place.namespace("gsp"), |values| values.tenants = TENANTS);
    let discovery = json!({ "discovery": { "enabled": true, "namespaces": place.namespaces() } });
    let scene = Scene::at(place, Setup { config: discovery, ..Setup::default() })?;
    for (release, version) in [("gim-t100", GIM_FORMER), ("gsp", GSP_FORMER), ("gca-t100", GCA_FORMER)] {
        scene.upgrade(release, version, &[])?;
    }
    for component in ["t100/gim", "t100/gsp", "t100/gca"] {
        scene.trace.until(component, "found and verified", SOON, |seen| seen.stage == "verified")?;
    }
    let info = scene.exporter.page()?;
    let info = info.find("gim_upgrade_component_info", &[("suite", "t100"), ("component", "gca")]).next().cloned();
    ensure!(
        info.is_some_and(|info| info.label("origin") == Some("discovered")
            && info.label("target_namespace") == Some(&scene.place.namespace("gca-t100"))),
        "where GCA was found"
    );

    let marks = ["t100/gim", "t100/gsp", "t100/gca"].map(|component| (component, scene.mark(component)));
    for (release, version) in [("gim-t200", GIM_FORMER), ("gca-t200", GCA_FORMER)] {
        scene.upgrade(release, version, &[])?;
    }
    all_well(&scene)?;
    for (component, mark) in marks {
        let lost = scene.trace.since(component, mark).into_iter().find(|seen| seen.stage != "verified");
        ensure!(lost.is_none(), "{component} was lost when another was found:\n{}", scene.trace.tell(component));
    }
    Ok(())
}

fn suite(place: &Place, tenant: &str) -> Value {
    let member = |release: &str| json!({ "namespace": place.namespace(release), "release": release });
    json!({
        "name": tenant,
        "tenant": tenant,
        "gim": member(&format!("gim-{tenant}")),
        "gsp": member("gsp"),
        "gca": member(&format!("gca-{tenant}")),
    })
}

fn all_well(scene: &Scene) -> Result<()> {
    for component in ALL {
        scene.trace.until(component, "verified", SOON, |seen| seen.stage == "verified")?;
        scene.gate(component, &[])?;
    }
    for component in ["t100/gca", "t200/gca"] {
        scene.answers(component, "config_fresh", Answer::Pass)?;
    }
    exposed_once(scene)
}

/// GSP's series stand under the first suite alone; the second only says where to look.
fn exposed_once(scene: &Scene) -> Result<()> {
    let page = scene.exporter.page()?;
    let borrowed: Vec<_> = page.find("gim_upgrade_suite_member", &[("suite", "t200"), ("component", "gsp")]).collect();
    let owner = borrowed.iter().map(|series| series.label("owner")).collect::<Vec<_>>();
    ensure!(owner == [Some("t100")], "the owner of t200's gsp is {owner:?}");
    let twice: Vec<_> = page
        .all()
        .iter()
        .filter(|series| {
            series.label("suite") == Some("t200")
                && series.label("component") == Some("gsp")
                && series.label("owner").is_none()
        })
        .collect();
    ensure!(twice.is_empty(), "gsp is exposed twice: {twice:?}");
    ensure!(page.state("gim_upgrade_stage", "stage", "t100/gsp")?.is_some(), "gsp is not exposed under t100");
    Ok(())
}

/// A component of both tenants, whose suites have an order each.
fn upgrade_both(scene: &Scene, component: &str, version: &str) -> Result<()> {
    for tenant in TENANTS {
        scene.gate(&format!("{tenant}/{component}"), &[])?;
    }
    for tenant in TENANTS {
        scene.as_the_guide_does(&format!("{component}-{tenant}"), version, &[])?;
    }
    for tenant in TENANTS {
        scene.trace.until(&format!("{tenant}/{component}"), "upgraded", SOON, is_upgraded)?;
    }
    Ok(())
}

fn is_upgraded(seen: &Seen) -> bool {
    seen.operation == "upgrade" && seen.stage == "verified"
}
