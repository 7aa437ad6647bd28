//! What the account may not read is told, and the rest goes on.

use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::{Site, eventually};

fn verdicts(site: &Site) -> [[String; 3]; 2] {
    ["default", "other"].map(|suite| ["gim", "gsp", "gca"].map(|component| site.verdict(suite, component)))
}

fn wait_for(exporter: &Process, expected: [[&str; 3]; 2]) {
    eventually("the verdicts", || verdicts(&exporter.site), |seen| *seen == expected);
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
}

fn forbidden(exporter: &Process, source: &str, namespace: Option<&str>) {
    let found = exporter.site.source(source, namespace);
    assert_eq!(found["freshness"], "forbidden", "{found:#?}");
    assert!(found["errors"]["forbidden"].as_u64() > Some(0), "{found:#?}");
    let detail = found["last_error"].as_str().unwrap();
    assert!(detail.contains("cannot list resource") || detail.contains("cannot get resource"), "{detail}");
    let up =
        format!("gim_upgrade_source_up{{source=\"{source}\",target_namespace=\"{}\"}}", namespace.unwrap_or_default());
    assert_eq!(exporter.site.series()[&up], "0");
}

#[test]
fn without_rights_for_the_cluster_each_namespace_is_watched() {
    let cluster = Cluster::new("permission-namespaces");
    cluster.faults.set(On::all().cluster_wide(), Fault::Forbidden);
    let exporter = Process::start(&cluster, "15s");
    wait_for(&exporter, [["none"; 3]; 2]);
    assert_eq!(exporter.site.source("pods", Some("gim-b"))["freshness"], "fresh");
    assert_eq!(exporter.site.source("pods", None)["target_namespace"], "gca", "no source for all");
}

#[test]
fn a_forbidden_namespace_is_told_and_the_rest_goes_on() {
    let cluster = Cluster::new("permission-namespace");
    cluster.faults.set(On::all().cluster_wide(), Fault::Forbidden);
    cluster.faults.set(On::all().kind(Kind::Pods).namespace("gim-b"), Fault::Forbidden);
    cluster.faults.set(On::all().kind(Kind::Secrets).namespace("gca-b"), Fault::Forbidden);
    let exporter = Process::start(&cluster, "15s");
    wait_for(&exporter, [["none"; 3], ["unknown pods_forbidden", "none", "unknown helm_forbidden"]]);
    forbidden(&exporter, "pods", Some("gim-b"));
    forbidden(&exporter, "helm", Some("gca-b"));
    assert!(exporter.log().contains("cannot list resource"), "the API server's own sentence says what is lacking");
}

#[test]
fn a_forbidden_kind_is_told_and_the_rest_goes_on() {
    let cluster = Cluster::new("permission-kind");
    cluster.faults.set(On::all().kind(Kind::Secrets), Fault::Forbidden);
    let exporter = Process::start(&cluster, "15s");
    wait_for(&exporter, [["unknown helm_forbidden"; 3]; 2]);
    forbidden(&exporter, "helm", Some("gim"));
    let ready = "gim_upgrade_pods_ready{suite=\"default\",component=\"gim\",generation=\"new\"}";
    assert_eq!(exporter.site.series().get(ready).map(String::as_str), Some("1"), "pods are counted all the same");
}

/// A Role may grant list and watch and forget get: the history is known, and not what it installed.
#[test]
fn forbidden_bodies_are_told() {
    let cluster = Cluster::new("permission-bodies");
    cluster.faults.set(On::verb(Verb::Get).kind(Kind::Secrets), Fault::Forbidden);
    let exporter = Process::start(&cluster, "15s");
    wait_for(&exporter, [["unknown helm_body_unreadable"; 3]; 2]);
    forbidden(&exporter, "helm_bodies", None);
}

/// No Secret may be read, and none is asked for: the workloads alone tell.
#[test]
fn without_access_to_helm_no_secret_is_asked_for() {
    let mut cluster = Cluster::new("permission-no-helm");
    cluster.helm_access = "none";
    cluster.faults.set(On::all().kind(Kind::Secrets), Fault::Forbidden);
    let exporter = Process::start(&cluster, "15s");
    wait_for(&exporter, [["none"; 3]; 2]);
    for verb in [Verb::List, Verb::Watch, Verb::Get] {
        assert_eq!(cluster.faults.count(verb, Kind::Secrets), 0, "{verb:?}");
    }
    let series = exporter.site.series();
    assert!(!series.keys().any(|name| name.starts_with("gim_upgrade_release_")), "{series:#?}");
    assert!(!series.keys().any(|name| name.contains("source=\"helm")), "{series:#?}");
    let unknown = "gim_upgrade_check{suite=\"default\",component=\"gim\",check=\"release_deployed\"}";
    assert_eq!(series.get(unknown).map(String::as_str), Some("NaN"));
    let ready = "gim_upgrade_check{suite=\"default\",component=\"gim\",check=\"pods_ready\"}";
    assert_eq!(series.get(ready).map(String::as_str), Some("1"));
}
