//! Bearer tokens judged by the real API server: who is let in, and who is not.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, Place},
    exporter::{Exporter, Setup},
    helm::Major,
    process::eventually,
    scene::SOON,
};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const GROUP: &str = "rbac.authorization.k8s.io";

/// With `web.kubernetes_auth` only a token that may `get` the path comes in. Without the right to ask, nobody does. Probes do.
pub fn let_in(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "tokens")?;
    let config = json!({ "web": { "kubernetes_auth": true, "open_paths": ["/livez", "/readyz"] } });
    let setup = Setup { config, ..Setup::default() };
    Exporter::forget(&place, &setup)?;
    // It is waited for by `/readyz`, which is open.
    let exporter = Exporter::start(&place, &setup)?;
    let home = place.namespaces().first().context("a place without namespaces")?.to_string();
    let reader = token(&place, &home, "reader")?;
    let other = token(&place, &home, "other")?;
    let rules = json!([{ "nonResourceURLs": ["/metrics", "/gim-upgrade-exporter/api/*"], "verbs": ["get"] }]);
    let role = format!("{}-reader", place.name);
    let of = json!({ "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole", "metadata": { "name": role }, "rules": rules });
    place.cluster.api().create(&format!("{RBAC}/clusterroles"), &of)?;
    bind(&place, &home, "reader", &role)?;
    let status = |path: &str, token: Option<&str>| exporter.get_as(path, token).map(|(status, _)| status);

    ensure!(status("/metrics", None)? == 401, "nobody without a token");
    ensure!(status("/metrics", Some(&reader))? == 503, "who may not ask cannot let anybody in");
    bind(&place, &home, setup.name, "system:auth-delegator")?;
    eventually("the reader comes in", SOON, || Ok(status("/metrics", Some(&reader))? == 200))?;
    let (_, page) = exporter.get_as("/metrics", Some(&reader))?;
    ensure!(page.contains("gim_upgrade_exporter_web_rejections_total{reason=\"undecided\"} "), "{page}");
    for (path, token, expected) in [
        ("/metrics", Some(&*other), 403),
        ("/api/v1/status", Some(&*reader), 200),
        // Kubernetes permits `/api/*` to all whom it knows.
        ("/api/v1/status", Some(&*other), 403),
        ("/", Some(&*reader), 403),
        ("/metrics", Some("nonsense"), 401),
        ("/metrics", None, 401),
        ("/livez", None, 200),
    ] {
        let answered = status(path, token)?;
        ensure!(answered == expected, "{path}: {answered} instead of {expected}");
    }
    let log = exporter.log();
    ensure!(!log.contains(&reader) && !log.contains(&other), "a token is in the log");
    ensure!(log.contains("come unencrypted"), "that tokens come unencrypted is told");
    Ok(())
}

/// Makes a ServiceAccount and gives a token of it.
fn token(place: &Place, namespace: &str, name: &str) -> Result<String> {
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } });
    place.cluster.api().create(&format!("/api/v1/namespaces/{namespace}/serviceaccounts"), &account)?;
    let kubeconfig = place.cluster.plane.kubeconfig_of(namespace, name)?;
    let kubeconfig: Value = serde_json::from_str(&std::fs::read_to_string::<&Path>(kubeconfig.as_ref())?)?;
    Ok(kubeconfig.pointer("/users/0/user/token").and_then(Value::as_str).context("no token")?.to_owned())
}

/// Binds a ClusterRole to a ServiceAccount, everywhere.
fn bind(place: &Place, namespace: &str, account: &str, role: &str) -> Result<()> {
    let binding = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding",
        "metadata": { "name": format!("{}-{account}-{}", place.name, role.replace(':', "-")) },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": role },
    });
    place.cluster.api().create(&format!("{RBAC}/clusterrolebindings"), &binding)
}
