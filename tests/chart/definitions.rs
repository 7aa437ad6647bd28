//! The Prometheus operator's definitions of its objects, as the operator ships them, so that the real API server judges the chart's.

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{cluster::Cluster, process::eventually};

/// Where tests/tools/build keeps them.
const DEFINITIONS: &str = "prometheus-operator-crd-v0.85.0";
const COLLECTION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SERVED: &str = "/apis/monitoring.coreos.com/v1";
/// Those that the chart makes objects of.
const KINDS: [&str; 3] = ["podmonitors", "servicemonitors", "prometheusrules"];
/// How long the API server may take to serve them.
const LIMIT: Duration = Duration::from_secs(30);

/// Installs them, and waits until they are served.
pub fn install(cluster: &Cluster) -> Result<()> {
    let folder = cluster.tools.folder(DEFINITIONS)?;
    for kind in KINDS {
        let file = folder.join(format!("monitoring.coreos.com_{kind}.yaml"));
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let definition: Value = serde_saphyr::from_str(&text).with_context(|| format!("{}", file.display()))?;
        cluster.api().create(COLLECTION, &definition)?;
    }
    eventually("the definitions of the Prometheus operator are served", LIMIT, || {
        let served = cluster.api().get(SERVED)?;
        let names = served.get("resources").and_then(Value::as_array).context("no resources")?;
        Ok(KINDS.iter().all(|kind| names.iter().any(|resource| resource.get("name") == Some(&(*kind).into()))))
    })?;
    // Served is not yet stored: the first object may still be refused with 404.
    for kind in KINDS {
        eventually(&format!("{kind} can be listed"), LIMIT, || {
            Ok(cluster.api().list(&format!("{SERVED}/{kind}")).is_ok())
        })?;
    }
    ensure!(cluster.api().list(&format!("{SERVED}/podmonitors"))?.is_empty(), "the cluster is not new");
    Ok(())
}
