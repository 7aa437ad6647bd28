//! A real Prometheus finds the chart's pods as the operator has it find them, scrapes the program on a pod's own address, and goes by the
//! chart's rules.
//!
//! The operator itself runs no pod here: what it makes of a `PodMonitor` is spelled out below, as it spells it.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    exporter::{Exporter, Given, SOON},
    folders::logs_folder,
    helm::Major,
    installed::{NAME, RELEASE, configuration, restricted_namespace, suite},
    made::chart,
    objects::text,
    process::{Daemon, eventually, free_port},
};

const MONITORING: &str = "/apis/monitoring.coreos.com/v1";

/// From the chart to the series.
pub fn by_a_real_prometheus(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "scraped")?;
    let home = format!("{}-watch", place.name);
    restricted_namespace(cluster, &home)?;
    suite(cluster, &place)?;
    let file = place.file("values.json", &json!({ "config": configuration(&place) }).to_string())?;
    let words = ["install", RELEASE, &chart(), "-n", &home, "-f", &file, "--wait", "--timeout", "60s"];
    place.helm.run(&words)?;

    // The exporter runs where its pod is said to be.
    let pods = cluster.api().list(&format!("/api/v1/namespaces/{home}/pods"))?;
    let pod = pods.first().context("no pod")?;
    let mut given = Given::to(cluster, &home, pod.get("spec").context("a pod without a specification")?)?;
    given.listen = format!("{}:9845", text(pod, "/status/podIP"));
    let exporter = Exporter::start(cluster, &home, &given)?;

    let object = |kind: &str| cluster.api().get(&format!("{MONITORING}/namespaces/{home}/{kind}/{NAME}"));
    let (monitor, rule) = (object("podmonitors")?, object("prometheusrules")?);
    let rules = place.file("rules.json", &rule["spec"].to_string())?;
    let config = json!({
        "global": { "evaluation_interval": "1s" },
        "rule_files": [rules],
        "scrape_configs": [scrape_config(cluster, &home, &monitor)?],
    });
    let config = place.file("prometheus.json", &config.to_string())?;
    let prometheus = Prometheus::start(cluster, &place.name, &config)?;

    let each = "count by (component, namespace, pod, container, job) (gim_upgrade_stage)";
    eventually("three components are scraped from that pod", SOON, || Ok(prometheus.query(each)?.len() == 3))?;
    for series in prometheus.query(each)? {
        let labels = &series["metric"];
        let of = [("namespace", home.as_str()), ("pod", text(pod, "/metadata/name")), ("container", "exporter")];
        ensure!(of.iter().all(|(label, value)| labels[label] == *value), "scraped with labels {labels}");
    }
    // None of the exporter's labels was pushed aside by one of the scrape's.
    let aside = prometheus.query(r#"{__name__=~"gim_upgrade_.+", exported_namespace!=""} or {exported_pod!=""}"#)?;
    ensure!(aside.is_empty(), "renamed labels: {aside:?}");
    let fires = |alert: &str| format!(r#"ALERTS{{alertname="{alert}"}}"#);
    eventually("the watchdog fires", SOON, || Ok(!prometheus.query(&fires("GimUpgradeWatchdog"))?.is_empty()))?;
    ensure!(prometheus.query("gim_upgrade:expected")?.len() == 3, "not three components are expected");
    // Whoever is expected is there, until it is gone: from then on its alert waits for its five minutes.
    let absent = || anyhow::Ok(prometheus.query(&fires("GimUpgradeExporterAbsent"))?.len());
    eventually("nobody is missed", SOON, || Ok(absent()? == 0))?;
    drop(exporter);
    eventually("three components are missed", SOON, || Ok(absent()? == 3))
}

/// What the Prometheus operator makes of a `PodMonitor` with labels and one endpoint; scraped each second, which is no part of what is
/// tried.
fn scrape_config(cluster: &Cluster, namespace: &str, monitor: &Value) -> Result<Value> {
    let endpoint = &monitor["spec"]["podMetricsEndpoints"][0];
    let labels = monitor.pointer("/spec/selector/matchLabels").and_then(Value::as_object).context("no labels")?;
    let keep =
        |sources: &[String], regex: String| json!({ "source_labels": sources, "regex": regex, "action": "keep" });
    let meta = |name: &str| format!("__meta_kubernetes_{name}");
    let mut relabelings = Vec::new();
    for (label, value) in labels {
        let label = label.replace(['.', '/', '-'], "_");
        let sources = [meta(&format!("pod_label_{label}")), meta(&format!("pod_labelpresent_{label}"))];
        relabelings.push(keep(&sources, format!("({});true", value.as_str().context("a label that is no text")?)));
    }
    relabelings.push(keep(&[meta("pod_container_port_name")], text(endpoint, "/port").to_owned()));
    for (label, source) in [("namespace", "namespace"), ("container", "pod_container_name"), ("pod", "pod_name")] {
        relabelings.push(json!({ "source_labels": [meta(source)], "target_label": label }));
    }
    let job = format!("{namespace}/{}", text(monitor, "/metadata/name"));
    relabelings.push(json!({ "target_label": "job", "replacement": job }));
    Ok(json!({
        "job_name": format!("podMonitor/{job}/0"),
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "scheme": text(endpoint, "/scheme"),
        "metrics_path": text(endpoint, "/path"),
        "kubernetes_sd_configs": [{
            "role": "pod", "namespaces": { "names": [namespace] }, "kubeconfig_file": cluster.plane.admin_kubeconfig(),
        }],
        "relabel_configs": relabelings,
    }))
}

/// A running Prometheus; dropping it kills it.
struct Prometheus {
    /// Killed when this is dropped.
    daemon: Daemon,
    url: String,
    runtime: Arc<tokio::runtime::Runtime>,
    client: reqwest::Client,
}

impl Prometheus {
    fn start(cluster: &Cluster, name: &str, config: &str) -> Result<Self> {
        let data = cluster.plane.folder().join(format!("{name}-prometheus"));
        fs::create_dir_all(&data)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let arguments = [
            format!("--config.file={config}"),
            format!("--storage.tsdb.path={}", data.display()),
            format!("--web.listen-address={address}"),
        ];
        let log = logs_folder().join(format!("{name}-prometheus.log"));
        let daemon = Daemon::start("prometheus", &cluster.tools.path("prometheus")?, &arguments, &log, false)?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
        let runtime = Arc::clone(cluster.api().runtime());
        let mut prometheus = Self { daemon, url: format!("http://{address}"), runtime, client };
        eventually("Prometheus answers", SOON, || {
            prometheus.daemon.check()?;
            Ok(prometheus.query("1").is_ok())
        })?;
        Ok(prometheus)
    }

    /// The answers to an instant query.
    fn query(&self, query: &str) -> Result<Vec<Value>> {
        let words = form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
        let request = self.client.get(format!("{}/api/v1/query?{words}", self.url));
        let answer = self.runtime.block_on(async { anyhow::Ok(request.send().await?.text().await?) })?;
        let answer: Value = serde_json::from_str(&answer)?;
        ensure!(answer["status"] == "success", "{query}: {answer}");
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }
}
