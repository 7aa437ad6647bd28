//! A matrix of values: what the chart makes of each is taken by the real API server, gives the rights that its configuration needs and
//! no others, and has the rules that the program prints.

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use gim_upgrade_exporter::{
    config::Config,
    model::scope::KubernetesScope,
    observe::permissions::{Permission, needed},
};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    helm::{Helm, Major},
    made::{configuration, template},
    objects::{self, Right, text},
    process::{eventually, output},
};

/// How long a command of the program may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Values, each by a name.
const CASES: &[(&str, &str)] = &[
    ("default", "{}"),
    (
        "everything",
        "
replicas: 2
image: {registry: registry.example:5000/monitoring, tag: v1, pullSecrets: [{name: pull}]}
commonLabels: {team: reporting}
log: {level: debug, format: text}
extraArgs: [--kubernetes.scope=namespaces]
extraEnv: [{name: SSL_CERT_DIR, value: /trust}]
mounts: [{path: /secrets/a, secret: a}, {path: /trust, configMap: ca}]
web: {configSecret: web, tls: true, probes: tcp}
serviceAccount: {annotations: {example.com/a: b}}
podAnnotations: {a: b}
podLabels: {c: d}
priorityClassName: system-cluster-critical
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: a, operator: Exists}]
service: {type: NodePort, port: 80, annotations: {a: b}}
monitor:
  labels: {release: prometheus}
  scrapeTimeout: 10s
  sampleLimit: 2000
  endpoint: {tlsConfig: {insecureSkipVerify: true}, basicAuth: {username: {name: a, key: u}, password: {name: a, key: p}}}
rules: {labels: {release: prometheus}}
networkPolicy:
  enabled: true
  ingressFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
  apiServerTo: [{ipBlock: {cidr: 10.0.0.1/32}}]
  extraEgress: [{ports: [{port: 9092}], to: [{namespaceSelector: {}}]}]
",
    ),
    ("service-monitor", "{monitor: {kind: ServiceMonitor, sampleLimit: 1000}, networkPolicy: {enabled: true}}"),
    ("no-operator", "{monitor: {kind: none}, rules: {enabled: false}, dashboards: {enabled: false}}"),
    ("no-helm", "{config: {helm: {access: none}}}"),
    ("config-maps", "{config: {helm: {driver: configmap}}}"),
    ("cluster", "{config: {kubernetes: {scope: cluster}, suites: [{backup: {job: dump}}]}}"),
    ("cluster-no-helm", "{config: {kubernetes: {scope: cluster}, helm: {access: none}}}"),
    ("foreign-account", "{serviceAccount: {create: false, name: watcher}, rbac: {create: false}}"),
    (
        "tokens",
        "{web: {configSecret: web}, config: {web: {kubernetes_auth: true, open_paths: [/livez, /readyz]}}}",
    ),
    ("openshift-user", "{podSecurityContext: {runAsUser: 1000680000, fsGroup: 1000680000}}"),
    (
        "two-tenants",
        "
config:
  suites:
  - {name: a, gim: {namespace: gim-a, metrics: {port: 9999}}, gsp: {namespace: shared}, gca: {namespace: gca-a}, backup: {cron_job: dump}}
  - {name: b, gim: {namespace: gim-b, metrics: none}, gsp: {namespace: shared}, gca: {namespace: gca-b, metrics: {url: 'http://gca'}},
     backup: {namespace: backups, job: dump}}
  - {name: c, gim: {namespace: one}, gsp: {namespace: one}, gca: {namespace: one}}
  alerts: {runbook_url: 'https://wiki.example/runbooks/', severities: {GimUpgradeLatencyHigh: critical}}
networkPolicy: {enabled: true}
",
    ),
    ("discovery", "{config: {discovery: {enabled: true}}, networkPolicy: {enabled: true}}"),
    ("discovery-in", "{config: {discovery: {enabled: true, namespaces: [gim-a, shared]}}, networkPolicy: {enabled: true}}"),
    ("discovery-and-suite", "{config: {discovery: {enabled: true, namespaces: [one]}, suites: [{name: a}]}}"),
];

/// Namespaces that the cases name.
const NAMESPACES: [&str; 11] =
    ["monitoring", "gim", "gsp", "gca", "gim-a", "gca-a", "gim-b", "gca-b", "shared", "backups", "one"];

/// Each case, made by this Helm.
pub fn every_case_is_taken(cluster: &Cluster, major: Major) -> Result<()> {
    for name in NAMESPACES {
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
        cluster.api().create("/api/v1/namespaces", &namespace)?;
    }
    let account = "/api/v1/namespaces/monitoring/serviceaccounts/default";
    eventually("the namespace has its account", LIMIT, || Ok(cluster.api().find(account)?.is_some()))?;
    for (name, values) in CASES {
        one(cluster, &cluster.helm(major), name, values).with_context(|| format!("case {name}"))?;
    }
    a_looser_pod_is_refused(cluster)
}

fn one(cluster: &Cluster, helm: &Helm, name: &str, values: &str) -> Result<()> {
    let file = cluster.plane.folder().join(format!("{}-{name}.values.yaml", helm.major));
    fs::write(&file, values)?;
    let objects = objects::read(&template(helm, "watch", "monitoring", &["-f", &file.to_string_lossy()])?)?;
    for object in &objects {
        taken(cluster, object)
            .with_context(|| format!("{} {}", text(object, "/kind"), text(object, "/metadata/name")))?;
    }
    selectors_select(&objects)?;
    let config_file = cluster.plane.folder().join(format!("{}-{name}.config.yaml", helm.major));
    fs::write(&config_file, configuration(&objects)?)?;
    let config = Config::read(&config_file)?;
    if !values.contains("rbac: {create: false}") {
        the_rights_are_those_needed(&objects, &config)?;
    }
    if !values.contains("rules: {enabled: false}") {
        the_rules_are_the_programs(&objects, &config_file)?;
    }
    Ok(())
}

/// The API server would take the object; unknown fields are errors. The pod that a Deployment makes is tried too, since only pods are
/// held to restricted Pod Security.
fn taken(cluster: &Cluster, object: &Value) -> Result<()> {
    let try_out = |object: &Value| {
        cluster.api().post(&format!("{}?dryRun=All&fieldValidation=Strict", objects::collection(object)?), object)
    };
    match text(object, "/kind") {
        "Pod" => try_out(&with_default_account(object)?)?,
        "Deployment" => {
            try_out(object)?;
            let mut pod = object.pointer("/spec/template").cloned().context("a Deployment without a template")?;
            pod["apiVersion"] = "v1".into();
            pod["kind"] = "Pod".into();
            pod["metadata"]["name"] = "a-pod-of-it".into();
            pod["metadata"]["namespace"] = text(object, "/metadata/namespace").into();
            try_out(&with_default_account(&pod)?)?
        }
        _ => try_out(object)?,
    };
    Ok(())
}

/// The pod with another account: its own is made with the release, which this is not.
fn with_default_account(pod: &Value) -> Result<Value> {
    let mut pod = pod.clone();
    pod.pointer_mut("/spec")
        .and_then(Value::as_object_mut)
        .context("a pod without a specification")?
        .remove("serviceAccountName");
    Ok(pod)
}

/// Pod Security is in force: a pod that may gain privileges is refused, so those that are not have passed.
fn a_looser_pod_is_refused(cluster: &Cluster) -> Result<()> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "loose", "namespace": "monitoring" },
        "spec": { "containers": [{ "name": "loose", "image": "loose" }] },
    });
    let refused = cluster.api().post("/api/v1/namespaces/monitoring/pods?dryRun=All", &pod);
    let said = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(said.contains("violates PodSecurity \"restricted"), "a loose pod: {said:?}");
    Ok(())
}

/// What the configuration needs, by the program's own word, is what the roles give, and nothing else.
fn the_rights_are_those_needed(objects: &[Value], config: &Config) -> Result<()> {
    let given = objects::rights(objects);
    let wide = objects::of_kind(objects, "ClusterRole").next().is_some();
    let everywhere = config.scope.kubernetes_scope == KubernetesScope::Cluster
        || config.discovery.as_ref().is_some_and(|discovery| discovery.namespaces.is_empty());
    ensure!(wide == everywhere, "a ClusterRole is made: {wide}");
    let needs = needed(&config.suites, config.discovery.as_ref(), &config.scope);
    let mut needs: BTreeSet<Right> = needs.into_iter().map(right).collect();
    if wide {
        // A ClusterRole covers what is needed in one namespace alone.
        needs = needs.into_iter().map(|(_, group, resource, verb)| (String::new(), group, resource, verb)).collect();
    }
    let more: Vec<_> = given.difference(&needs).collect();
    let less: Vec<_> = needs.difference(&given).collect();
    ensure!(more.is_empty() && less.is_empty(), "given and not needed: {more:?}; needed and not given: {less:?}");
    Ok(())
}

/// What selects something by labels selects what it is for: else nothing would be scraped, served or protected.
fn selectors_select(objects: &[Value]) -> Result<()> {
    let pod = objects::only(objects, "Deployment")?.pointer("/spec/template/metadata/labels").context("no labels")?;
    let service = objects::only(objects, "Service")?;
    for (kind, selector, labels) in [
        ("Service", "/spec/selector", pod),
        ("Deployment", "/spec/selector/matchLabels", pod),
        ("PodMonitor", "/spec/selector/matchLabels", pod),
        ("PodDisruptionBudget", "/spec/selector/matchLabels", pod),
        ("NetworkPolicy", "/spec/podSelector/matchLabels", pod),
        ("ServiceMonitor", "/spec/selector/matchLabels", &service["metadata"]["labels"]),
    ] {
        for object in objects::of_kind(objects, kind) {
            let wanted = object.pointer(selector).and_then(Value::as_object).context("no selector")?;
            ensure!(wanted.len() == 3, "{kind} selects by {wanted:?}");
            ensure!(
                wanted.iter().all(|(label, value)| labels.get(label) == Some(value)),
                "{kind} selects {wanted:?} of {labels}"
            );
        }
    }
    // The pod of `helm test` must not be served or scraped.
    let doctor = &objects::only(objects, "Pod")?["metadata"]["labels"];
    let selector = service["spec"]["selector"].as_object().context("no selector")?;
    ensure!(!selector.iter().all(|(label, value)| doctor.get(label) == Some(value)), "the Service selects the doctor");
    let port = service.pointer("/spec/ports/0/targetPort");
    let ports = objects::only(objects, "Deployment")?.pointer("/spec/template/spec/containers/0/ports/0/name");
    ensure!(port == ports, "the Service leads to {port:?}, and the pod has {ports:?}");
    Ok(())
}

fn right(permission: Permission) -> Right {
    let Permission { namespace, group, resource, verb } = permission;
    let namespace = namespace.as_deref().unwrap_or_default().to_owned();
    (namespace, group.to_owned(), resource.to_owned(), verb.to_owned())
}

/// The rules say what the command `rules` prints for the same configuration.
fn the_rules_are_the_programs(objects: &[Value], config: &Path) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    command.args(["rules", "--form", "prometheus-rule", "--config.file"]).arg(config);
    let done = output(&mut command, LIMIT)?;
    ensure!(done.status.success(), "rules: {}", String::from_utf8_lossy(&done.stderr));
    let printed: Value = serde_saphyr::from_str(&String::from_utf8_lossy(&done.stdout))?;
    let rule = objects::only(objects, "PrometheusRule")?;
    ensure!(
        text(rule, "/metadata/annotations/helm.sh~1resource-policy") == "keep",
        "the rules would go with the release"
    );
    ensure!(rule.get("spec") == printed.get("spec"), "the rules are not those of the program");
    Ok(())
}
