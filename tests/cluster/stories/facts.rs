//! What Helm and Kubernetes do here without the exporter: that the stand-ins behave as the real parts do.
//!
//! When this fails, the stage is to blame and not the judgement.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    charts::{GCA_FORMER, GIM_FORMER, GIM_NEXT},
    cluster::{Cluster, Place},
    helm::Major,
    metrics_text::Behind,
    process::eventually,
    scene::{SOON, WAIT},
};

/// A broken image, a rollback that leaves its pod behind, a pod that no node takes; GIM's page comes and goes with its pod.
pub fn stand_ins(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "facts")?;
    let status = || place.helm.status(&place.namespace("gim"), "gim");
    place.helm.run(&place.upgrade("gim", GIM_FORMER, &WAIT)?)?;
    // No other page says this, so that it tells this page from another one on the same address.
    cluster.metrics.set(&place.namespace("gim"), Behind { seconds: 7.3, slope: 0.0 });
    let first = pod(&place, "gim", "gim-0")?;
    let ip = first.pointer("/status/podIP").and_then(Value::as_str).context("no address")?.to_owned();
    let is_first = |page: &str| page.contains("topic=\"voice-details\",partition=\"0\"} 7300\n");
    eventually("the page of the first pod", SOON, || Ok(is_first(&scrape(&ip)?)))?;

    place.helm.run(&place.upgrade("gim", GIM_NEXT, &["--set", "behaviour=image-missing"])?)?;
    ensure!(status()? == (2, "deployed".to_owned()), "helm waits for pods without --wait");
    let mut reasons = BTreeSet::new();
    eventually("both waiting reasons", SOON, || {
        let pod = pod(&place, "gim", "gim-0")?;
        let reason = pod.pointer("/status/containerStatuses/0/state/waiting/reason").and_then(Value::as_str);
        reasons.extend(reason.map(str::to_owned));
        Ok(["ErrImagePull", "ImagePullBackOff"].iter().all(|&reason| reasons.contains(reason)))
    })?;
    // kwok gives the address of a pod that is gone to the next one, which may belong to another story.
    eventually("the page of the first pod is gone", SOON, || Ok(!scrape(&ip).is_ok_and(|page| is_first(&page))))?;

    place.helm.run(&place.words("rollback", "gim", &["1"]))?;
    std::thread::sleep(Duration::from_secs(1));
    ensure!(hash(&pod(&place, "gim", "gim-0")?) != hash(&first), "the StatefulSet replaced its broken pod");
    cluster.api().delete(&place.pod("gim", "gim-0"))?;
    eventually("the pod is of the first revision again", SOON, || {
        let pod = pod(&place, "gim", "gim-0")?;
        Ok(hash(&pod) == hash(&first) && condition(&pod, "Ready") == Some("True"))
    })?;

    place.helm.run(&place.upgrade("gim", GIM_NEXT, &["--set", "nodeSelector.disk=none-has-this"])?)?;
    eventually("a pod without a node", SOON, || {
        let pod = pod(&place, "gim", "gim-0")?;
        Ok(condition(&pod, "PodScheduled") == Some("False") && pod.pointer("/spec/nodeName").is_none())
    })
}

/// Containers that end: by themselves, and killed for their memory.
pub fn restarts(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "restarts")?;
    for (behaviour, last) in [("crash-loop", "Error"), ("oom", "OOMKilled")] {
        place.helm.run(&place.upgrade("gca", GCA_FORMER, &["--set", &format!("behaviour={behaviour}")])?)?;
        eventually(&format!("two restarts of a pod with {behaviour}"), SOON, || {
            let pods = cluster.api().list(&format!("/api/v1/namespaces/{}/pods", place.namespace("gca")))?;
            Ok(pods.iter().filter_map(|pod| pod.pointer("/status/containerStatuses/0")).any(|container| {
                container.get("restartCount").and_then(Value::as_u64) >= Some(2)
                    && container.pointer("/lastState/terminated/reason").and_then(Value::as_str) == Some(last)
            }))
        })?;
    }
    Ok(())
}

fn pod(place: &Place, component: &str, name: &str) -> Result<Value> {
    place.cluster.api().get(&place.pod(component, name))
}

fn hash(pod: &Value) -> Option<&str> {
    pod.pointer("/metadata/labels/controller-revision-hash").and_then(Value::as_str)
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = pod.pointer("/status/conditions")?.as_array()?;
    let condition = conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))?;
    condition.get("status")?.as_str()
}

fn scrape(ip: &str) -> Result<String> {
    let mut stream = TcpStream::connect((ip, 8249))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: gim\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
