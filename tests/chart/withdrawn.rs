//! A right that is withdrawn while the exporter runs: noticed at the end of the watch that was permitted before, reported, and the
//! rest goes on.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    exporter::{Exporter, Given, SOON},
    helm::Major,
    installed::{NAME, RELEASE, configuration, restricted_namespace, suite},
    made::chart,
    process::eventually,
};

/// A watch lasts up to 50 s, and the third refusal in a row is believed.
const LIMIT: Duration = Duration::from_mins(2);

/// Pods of GIM may not be read any more.
pub fn is_noticed(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "withdrawn")?;
    let home = format!("{}-watch", place.name);
    restricted_namespace(cluster, &home)?;
    suite(cluster, &place)?;
    let file = place.file("values.json", &json!({ "config": configuration(&place) }).to_string())?;
    place.helm.run(&["install", RELEASE, &chart(), "-n", &home, "-f", &file])?;
    let made = cluster.api().get(&format!("/apis/apps/v1/namespaces/{home}/deployments/{NAME}"))?;
    let given = Given::to(cluster, &home, made.pointer("/spec/template/spec").context("no specification")?)?;
    let exporter = Exporter::start(cluster, &home, &given)?;
    eventually("every source is seen", SOON, || Ok(exporter.blind()?.is_empty()))?;

    let gim = place.namespace("gim");
    let name = format!("{home}-{NAME}");
    let role = cluster.api().get(&format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{gim}/roles/{name}"))?;
    let mut rules = role.get("rules").and_then(Value::as_array).context("a role without rules")?.clone();
    rules.retain(|rule| rule["resources"] != json!(["pods"]));
    ensure!(Some(rules.len()) < role["rules"].as_array().map(Vec::len), "the role has no rule for pods alone: {role}");
    let api: Api<Role> = Api::namespaced(cluster.api().client(), &gim);
    let patch = Patch::Merge(json!({ "rules": rules }));
    cluster.api().runtime().block_on(api.patch(&name, &PatchParams::default(), &patch))?;

    eventually("the source is reported", LIMIT, || {
        let blind = exporter.blind()?;
        Ok(blind.into_iter().eq([("pods".to_owned(), gim.clone())]))
    })?;
    let page = exporter.page()?;
    ensure!(page.state("gim_upgrade_verdict", "verdict", "gim")? == Some("unknown"), "GIM is judged without its pods");
    let reason = [("component", "gim"), ("reason", "pods_forbidden")];
    ensure!(page.find("gim_upgrade_verdict_reason", &reason).next().is_some(), "the reason is not pods_forbidden");
    for component in ["gsp", "gca"] {
        let stage = page.state("gim_upgrade_stage", "stage", component)?;
        ensure!(matches!(stage, Some("verifying" | "verified")), "{component} is {stage:?}");
    }
    Ok(())
}
