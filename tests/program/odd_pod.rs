//! A pod whose name is a script: no API server lets one be made, and the exporter trusts none.

use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::{Kind, Store};
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// Its name.
pub const NAME: &str = r#""><script>alert(1)</script>"#;

/// Has every list of pods name it too, in GIM of suite `other` and not Ready. An exporter that starts later sees it.
pub fn add(cluster: &Cluster) {
    let mut pods: Vec<Value> = cluster.store.read(|store| store.iter(Kind::Pods).map(|pod| pod.to_value()).collect());
    let mut pod = cluster.object(Kind::Pods, "gim-b", "gim-0");
    pod["metadata"]["name"] = json!(NAME);
    pod["metadata"]["uid"] = json!("0dd00000-0000-4000-8000-000000000000");
    for condition in pod["status"]["conditions"].as_array_mut().unwrap() {
        if condition["type"] == "Ready" {
            condition["status"] = json!("False");
        }
    }
    pod["status"]["containerStatuses"][0]["ready"] = json!(false);
    pods.push(pod);
    let version = cluster.store.read(Store::revision).to_string();
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": pods});
    cluster.faults.set(On::verb(Verb::List).kind(Kind::Pods), Fault::Body(list.to_string().into()));
}
