//! What the two Helms make of the chart: the same, and nothing from values with a mistake. The manifest is made from it.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    cluster::Cluster,
    helm::{Helm, Major},
    objects,
    process::output,
};

/// How long a command of the program may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The chart's folder.
pub fn chart() -> String {
    folder("deploy/chart")
}

fn folder(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path).to_string_lossy().into_owned()
}

/// What `helm template` prints.
pub fn template(helm: &Helm, release: &str, namespace: &str, further: &[&str]) -> Result<String> {
    let chart = chart();
    let words = ["template", release, &chart, "--namespace", namespace];
    helm.run(&[&words[..], further].concat())
}

/// The manifest that is checked in is what the chart makes by default, without what only Helm understands.
///
/// Where it fails because the chart changed, run it with `UPDATE_CHART=1` and commit what it wrote.
pub fn the_manifest_is_the_charts(cluster: &Cluster, major: Major) -> Result<()> {
    let file = folder("deploy/manifests/gim-upgrade-exporter.yaml");
    let printed = template(&cluster.helm(major), "gim-upgrade-exporter", "monitoring", &["--no-hooks"])?;
    let made = manifest(&printed);
    if std::env::var_os("UPDATE_CHART").is_some() {
        if major == Major::Three {
            fs::write(&file, made)?;
        }
        return Ok(());
    }
    let kept = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
    ensure!(
        objects::read(&kept)? == objects::read(&made)? && kept.starts_with(HEAD),
        "{file} is behind the chart: run UPDATE_CHART=1 cargo test --test chart manifest"
    );
    // Helm 4 leaves other empty lines.
    ensure!(
        major == Major::Four || kept == made,
        "{file} is spelled otherwise: run UPDATE_CHART=1 cargo test --test chart manifest"
    );
    let all = objects::read(&kept)?;
    ensure!(all.iter().all(|object| objects::collection(object).is_ok()), "an object without a namespace");
    ensure!(!kept.contains("helm.sh/"), "something of Helm's is left");
    Ok(())
}

const HEAD: &str = "\
# Made from deploy/chart, for who does not use Helm; not to be edited by hand. It watches the suite `default`, in the namespaces gim,
# gsp and gca, from the namespace monitoring, and needs the Prometheus operator. Name your image in the Deployment.
";

/// What Helm prints without its marks: another tool keeps these objects.
fn manifest(printed: &str) -> String {
    let mut made = String::from(HEAD);
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        let mark = line.trim_start();
        if mark.starts_with("# Source:")
            || mark.starts_with("app.kubernetes.io/managed-by:")
            || mark.starts_with("helm.sh/chart:")
        {
            continue;
        }
        // The one annotation that there is would leave its heading empty.
        if mark == "annotations:"
            && lines.peek().is_some_and(|next| next.trim_start().starts_with("# It holds the expectation"))
        {
            lines.next();
            lines.next();
            continue;
        }
        made.push_str(line);
        made.push('\n');
    }
    made
}

/// Values with a mistake, and what must be said of each.
const MISTAKES: [(&str, &str); 12] = [
    ("replicas: 3", "replicas"),
    ("replica: 1", "replica"),
    ("monitor: {kind: Pod}", "kind"),
    ("config: {helm: {access: never}}", "access"),
    ("config: {kubernetes: {scope: wide}}", "scope"),
    ("mounts: [{path: /a}]", "mounts"),
    ("mounts: [{path: /a, secret: a, configMap: b}]", "mounts"),
    ("config: {alerts: {dashboard_url: 'http://grafana'}}", "gim-upgrade-exporter rules --config.file"),
    ("web: {configSecret: web}", "open_paths"),
    ("config: {web: {kubernetes_auth: true, open_paths: [/livez]}}", "open_paths"),
    ("web: {probes: exec}", "probes"),
    ("rules: {file: 'groups: []'}", "rules.file is no rule file"),
];

/// Mistakes are refused with their place, and the chart as it is has nothing to complain of.
pub fn mistakes_are_refused(cluster: &Cluster, major: Major) -> Result<()> {
    let helm = cluster.helm(major);
    let said = helm.run(&["lint", "--strict", &chart()])?;
    ensure!(said.contains("1 chart(s) linted, 0 chart(s) failed"), "{said}");
    for (at, (values, word)) in MISTAKES.iter().enumerate() {
        let file = cluster.plane.folder().join(format!("{major}-mistake-{at}.yaml"));
        fs::write(&file, values)?;
        let file = file.to_string_lossy();
        let chart = chart();
        let words = ["template", "x", chart.as_str(), "-f", &file];
        helm.must_fail(&words, word).with_context(|| format!("values {values}"))?;
    }
    Ok(())
}

/// A configuration whose rules the chart cannot say.
const BEYOND: &str =
    "{suites: [{name: a}], alerts: {cluster_label: k8s, clusters: [eu, us], dashboard_url: 'http://grafana'}}";

/// Rules that the program printed are taken instead of the chart's, as they are.
pub fn own_rules_are_taken(cluster: &Cluster, major: Major) -> Result<()> {
    let file = |name: &str| cluster.plane.folder().join(format!("{major}-own-{name}")).to_string_lossy().into_owned();
    let (config, values, rules) = (file("config.yaml"), file("values.yaml"), file("rules.yaml"));
    fs::write(&config, BEYOND)?;
    fs::write(&values, format!("config: {BEYOND}"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    let printed = output(command.args(["rules", "--config.file", &config]), LIMIT)?.stdout;
    fs::write(&rules, &printed)?;
    let further = ["-f", &values, "--set-file", &format!("rules.file={rules}")];
    let made = objects::read(&template(&cluster.helm(major), "watch", "monitoring", &further)?)?;
    let printed: Value = serde_saphyr::from_str(&String::from_utf8_lossy(&printed))?;
    ensure!(printed["groups"].to_string().contains("k8s"), "the program printed {printed}");
    ensure!(objects::only(&made, "PrometheusRule")?["spec"] == printed, "the rules are not those that were passed");
    Ok(())
}

/// The configuration in the ConfigMap of these objects.
pub fn configuration(objects: &[Value]) -> Result<&str> {
    let maps = objects::of_kind(objects, "ConfigMap");
    let mut texts = maps.filter_map(|map| map.pointer("/data/config.yaml").and_then(Value::as_str));
    texts.next().context("no ConfigMap with config.yaml")
}
