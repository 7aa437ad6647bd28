//! A release of the chart, from `helm install` to `helm uninstall`, beside a suite of stand-in releases.

use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::{
    charts::{GCA_FORMER, GIM_FORMER, GSP_FORMER},
    cluster::{Cluster, Place},
    exporter::{Exporter, Given, SOON},
    helm::Major,
    kubelet,
    made::chart,
    objects::text,
    process::eventually,
};

/// Name of the release, and of its objects: it is no part of the chart's name.
pub const RELEASE: &str = "watch";
/// See [`RELEASE`].
pub const NAME: &str = "watch-gim-upgrade-exporter";
const COMPONENTS: [&str; 3] = ["gim", "gsp", "gca"];

/// A namespace where restricted Pod Security is in force.
pub fn restricted_namespace(cluster: &Cluster, name: &str) -> Result<()> {
    let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
    cluster.api().create("/api/v1/namespaces", &namespace)
}

/// Installs the stand-in releases of a suite and waits until their pods are Ready.
pub fn suite(cluster: &Cluster, place: &Place) -> Result<()> {
    for (release, version) in [("gim", GIM_FORMER), ("gsp", GSP_FORMER), ("gca", GCA_FORMER)] {
        place.helm.run(&place.upgrade(release, version, &[])?)?;
    }
    for component in COMPONENTS {
        let pods = format!("/api/v1/namespaces/{}/pods", place.namespace(component));
        eventually(&format!("pods of {component} are Ready"), SOON, || {
            let pods = cluster.api().list(&pods)?;
            Ok(!pods.is_empty() && pods.iter().all(is_ready))
        })?;
    }
    Ok(())
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True")
}

/// The configuration of a place's suite.
pub fn configuration(place: &Place) -> Value {
    let member = |component: &str| json!({ "namespace": place.namespace(component) });
    let suite = json!({ "name": "default", "gim": member("gim"), "gsp": member("gsp"), "gca": member("gca") });
    json!({ "suites": [suite], "signals": { "interval": "1s" } })
}

/// All that a release of the chart goes through.
pub fn from_install_to_uninstall(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "chart")?;
    let home = format!("{}-watch", place.name);
    restricted_namespace(cluster, &home)?;
    suite(cluster, &place)?;

    let mut values = json!({ "config": configuration(&place), "replicas": 2, "networkPolicy": { "enabled": true } });
    let helm = |command: &str, values: &Value| -> Result<String> {
        let file = place.file("values.json", &values.to_string())?;
        let words = [command, RELEASE, &chart(), "-n", &home, "-f", &file, "--wait", "--timeout", "60s"];
        place.helm.run(&words)
    };
    let notes = helm("install", &values)?;
    ensure!(notes.contains(&place.namespace("gim")) && notes.contains("helm test watch"), "the notes say: {notes}");

    // kwok made its pods Ready, under restricted Pod Security; here it runs for real.
    let deployment = format!("/apis/apps/v1/namespaces/{home}/deployments/{NAME}");
    let made = cluster.api().get(&deployment)?;
    ensure!(made.pointer("/status/readyReplicas") == Some(&json!(2)), "the pods are not Ready: {}", made["status"]);
    let spec = made.pointer("/spec/template/spec").context("a Deployment without a specification")?;
    let given = Given::to(cluster, &home, spec)?;
    let exporter = Exporter::start(cluster, &home, &given)?;
    eventually("every source is seen", SOON, || {
        let blind = exporter.blind()?;
        ensure!(blind.is_empty(), "not seen: {blind:?}");
        Ok(true)
    })?;
    let page = exporter.page()?;
    for component in COMPONENTS {
        let stage = page.state("gim_upgrade_stage", "stage", component)?;
        ensure!(matches!(stage, Some("rolling_out" | "verifying" | "verified")), "{component} is {stage:?}");
    }
    drop(exporter);

    // `helm test` says what the doctor finds: all well, then a right that somebody took away, which an upgrade gives back.
    let doctored = |well: bool| -> Result<String> {
        let pod = format!("{NAME}-doctor");
        thread::scope(|scope| {
            let tested = scope.spawn(|| place.helm.try_run(&["test", RELEASE, "-n", &home, "--timeout", "60s"]));
            let printed = kubelet::run(cluster, &home, &pod)?;
            let tested = tested.join().map_err(|_| anyhow!("helm test panicked"))??;
            let said = String::from_utf8_lossy(&tested.stderr).into_owned();
            ensure!(tested.status.success() == well, "helm test says {said}, the doctor: {printed}");
            Ok(printed)
        })
    };
    let printed = doctored(true)?;
    ensure!(printed.contains("well  permissions: all ") && !printed.contains("ILL"), "the doctor says {printed}");
    let gsp = place.namespace("gsp");
    let binding = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{gsp}/rolebindings/{home}-{NAME}");
    cluster.api().delete(&binding)?;
    let printed = doctored(false)?;
    ensure!(printed.contains(&format!("may not list, watch pods in namespace {gsp}")), "the doctor says {printed}");

    // What the configuration asks for more is granted, and the pods are replaced.
    values["config"]["suites"][0]["backup"] = json!({ "cron_job": "dump" });
    helm("upgrade", &values)?;
    ensure!(cluster.api().find(&binding)?.is_some(), "the upgrade did not bind the role again");
    let role = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles/{home}-{NAME}", place.namespace("gim"));
    ensure!(cluster.api().get(&role)?["rules"].to_string().contains("cronjobs"), "the upgrade grants no cronjobs");
    let next = cluster.api().get(&deployment)?;
    let template = "/spec/template";
    ensure!(
        next.pointer(template) == made.pointer(template),
        "a configuration that is reloaded replaces pods, and what they remember"
    );

    // The expectation stays when the rest goes, and a later release takes it over.
    place.helm.run(&["uninstall", RELEASE, "-n", &home, "--wait", "--timeout", "60s"])?;
    let rules = format!("/apis/monitoring.coreos.com/v1/namespaces/{home}/prometheusrules/{NAME}");
    ensure!(cluster.api().find(&rules)?.is_some(), "the rules went with the release");
    for gone in [&deployment, &role, &binding, &format!("/api/v1/namespaces/{home}/serviceaccounts/{NAME}")] {
        ensure!(cluster.api().find(gone)?.is_none(), "{gone} is left behind");
    }
    helm("install", &values)?;
    ensure!(cluster.api().find(&rules)?.is_some() && cluster.api().find(&role)?.is_some(), "it is not there again");
    Ok(())
}

/// With discovery the chart's rights, Roles in the namespaces that are named (Helm 3) or a `ClusterRole` (Helm 4), let the exporter
/// find the suite.
pub fn finds_a_suite(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "found")?;
    let home = format!("{}-watch", place.name);
    restricted_namespace(cluster, &home)?;
    suite(cluster, &place)?;
    let mut discovery = json!({ "enabled": true });
    if major == Major::Three {
        discovery["namespaces"] = place.namespaces().into_iter().collect();
    }
    let values = json!({ "config": { "discovery": discovery } });
    let file = place.file("values.json", &values.to_string())?;
    place.helm.run(&["install", RELEASE, &chart(), "-n", &home, "-f", &file])?;
    let made = cluster.api().get(&format!("/apis/apps/v1/namespaces/{home}/deployments/{NAME}"))?;
    let given = Given::to(cluster, &home, made.pointer("/spec/template/spec").context("no specification")?)?;
    let exporter = Exporter::start(cluster, &home, &given)?;
    eventually("all components are found", SOON, || {
        let page = exporter.page()?;
        let found = |component: &str| {
            let namespace = place.namespace(component);
            let labels = [("component", component), ("target_namespace", &namespace), ("origin", "discovered")];
            page.find("gim_upgrade_component_info", &labels).next().is_some()
        };
        Ok(COMPONENTS.iter().all(|component| found(component)))
    })?;
    let config = given.arguments.iter().find(|word| word.starts_with("--config.file=")).context("no configuration")?;
    let doctor = Given { arguments: vec!["doctor".to_owned(), config.clone()], ..given.clone() };
    let (well, said) = doctor.run()?;
    ensure!(well && said.contains("well  permissions: all "), "the doctor says {said}");
    Ok(())
}
