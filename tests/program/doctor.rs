//! `doctor` says what is well, and of what is not how to mend it.

use std::process::Output;
use std::sync::Arc;

use gim_upgrade_exporter::sim::faults::{Fault, On};
use gim_upgrade_exporter::sim::store::Kind;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::cluster::Cluster;
use crate::fake_alertmanager::FakeAlertmanager;
use crate::process::command;

fn doctor(cluster: &Cluster, config: &str) -> (bool, String) {
    let arguments = ["doctor", "--kubeconfig", &cluster.kubeconfig(), "--config.file", config];
    let Output { status, stdout, .. } = command(&arguments).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap())
}

#[test]
fn a_right_that_is_lacking_is_named_with_its_cure() {
    let cluster = Cluster::new("doctor-rights");
    cluster.faults.set(On::all().kind(Kind::Secrets), Fault::Forbidden);
    let (well, said) = doctor(&cluster, &cluster.config_file("15s"));
    assert!(!well, "{said}");
    assert!(said.contains("well  pods"), "{said}");
    let ill = said.lines().find(|line| line.starts_with("ILL   helm")).unwrap_or_else(|| panic!("{said}"));
    assert!(ill.contains("forbidden"), "{ill}");
    assert!(said.contains("mend: grant it, in a Role or ClusterRole: list, watch and get of secrets"), "{said}");
}

#[test]
fn a_component_of_which_nothing_is_there_is_named_and_not_called_ill() {
    let cluster = Cluster::new("doctor-absent");
    let (_, all_there) = doctor(&cluster, &cluster.config_file("15s"));
    assert!(!all_there.contains("odd "), "{all_there}");
    let mut config = cluster.config_value("15s");
    config["suites"][0]["gca"] = json!({"namespace": "elsewhere", "release": "gca-a"});
    let (well, said) = doctor(&cluster, &cluster.config_of(&config));
    let expected = "no gca: neither a release gca-a nor its workloads in namespace elsewhere\n      look: compare \
                    suites[].gca.namespace and .release";
    assert!(said.contains(expected), "{said}");
    assert_eq!(well, !said.contains("ILL "), "{said}");
}

#[test]
fn what_serve_could_not_be_reached_by_is_named() {
    let cluster = Cluster::new("doctor-web");
    let mut config = cluster.config_value("15s");
    config["web"] = json!({"kubernetes_auth": true});
    let config = cluster.config_of(&config);
    let web = cluster.file("web.yaml", "tls_server_config: {cert_file: nowhere.crt, key_file: nowhere.key}\n");
    let arguments =
        ["doctor", "--kubeconfig", &cluster.kubeconfig(), "--config.file", &config, "--web.config.file", &web];
    let output = command(&arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(said.contains(&format!("ILL   web configuration: {web}: tls_server_config.cert_file ")), "{said}");
    // The simulated API server knows no reviews.
    assert!(said.contains("ILL   tokens: HTTP 40"), "{said}");
    assert!(said.contains("mend: bind the ClusterRole system:auth-delegator"), "{said}");
}

#[test]
fn labels_that_keep_alerts_apart_are_named() {
    let cluster = Cluster::new("doctor-labels");
    let runtime = Arc::new(Runtime::new().unwrap());
    let alertmanager = FakeAlertmanager::start(&runtime);
    let mut config = cluster.config_value("15s");
    for (labels, cure) in [
        (json!({}), Some("mend: in alertmanager.labels: Prometheus adds the label cluster; write cluster: \"prod\"")),
        (json!({"cluster": "prod"}), None),
    ] {
        config["alertmanager"] = json!({"urls": [alertmanager.url()], "labels": labels});
        let watchdog = json!({"alertname": "GimUpgradeWatchdog", "severity": "none", "cluster": "prod"});
        alertmanager.tell(vec![json!({"labels": watchdog, "startsAt": "2026-01-01T00:00:00Z"})]);
        let (well, said) = doctor(&cluster, &cluster.config_of(&config));
        assert_eq!(well, cure.is_none(), "{said}");
        match cure {
            Some(cure) => assert!(said.contains(cure), "{said}"),
            None => assert!(said.contains("the exporter's alerts and Prometheus's are one"), "{said}"),
        }
    }
    let unreachable = json!({"urls": ["http://127.0.0.1:9"]});
    config["alertmanager"] = unreachable;
    let (well, said) = doctor(&cluster, &cluster.config_of(&config));
    assert!(!well && said.contains("ILL   alertmanager http://127.0.0.1:9: "), "{said}");
}
