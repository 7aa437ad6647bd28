//! Suites that nobody wrote down: found by the names of their charts, shown beside those that are known, and gone with their
//! releases.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::{Site, eventually};

/// How long it is looked whether something is shown too early.
const LONGER_THAN_THE_OTHERS_TAKE: Duration = Duration::from_secs(2);

fn exporter(cluster: &Cluster, config: &Value) -> Process {
    Process::start_with(cluster, &cluster.config_of(config))
}

/// Each suite that is shown, as `name: gim-namespace gsp-namespace (owner) gca-namespace`.
fn shown(site: &Site) -> Vec<String> {
    let spell = |suite: &Value| {
        let namespace = |component: &str| suite["components"][component]["namespace"].as_str().unwrap().to_owned();
        let owner = suite["components"]["gsp"]["owner"].as_str().map(|owner| format!("({owner})")).unwrap_or_default();
        let [gim, gsp, gca] = ["gim", "gsp", "gca"].map(namespace);
        format!("{}: {gim} {gsp}{owner} {gca}", suite["name"].as_str().unwrap())
    };
    site.status()["suites"].as_array().unwrap().iter().map(spell).collect()
}

fn wait_for(exporter: &Process, expected: &[&str]) {
    eventually("the suites", || shown(&exporter.site), |seen| *seen == expected);
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
}

/// Copies the Helm releases of one namespace into another.
fn copy_releases(cluster: &Cluster, from: &str, to: &str) -> Vec<String> {
    let secrets: Vec<Value> =
        cluster.store.read(|store| store.iter_namespace(Kind::Secrets, from).map(|object| object.to_value()).collect());
    let mut names = Vec::new();
    for mut secret in secrets {
        secret["metadata"]["namespace"] = json!(to);
        secret["metadata"]["uid"] = json!(format!("{}-{to}", secret["metadata"]["uid"].as_str().unwrap()));
        names.push(secret["metadata"]["name"].as_str().unwrap().to_owned());
        cluster.apply(Kind::Secrets, secret);
    }
    names
}

#[test]
fn suites_come_and_go_and_nothing_else_changes() {
    let cluster = Cluster::new("discovery");
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true}}));
    let two = ["b: gim-b gsp-b gca-b", "default: gim gsp gca"];
    wait_for(&exporter, &two);
    let rests =
        || ["b", "default"].map(|suite| ["gsp", "gca"].map(|component| exporter.site.verdict(suite, component)));
    // Nobody answers at the port of GSP's metrics here, and nothing is proved by signals that were never heard.
    let calm = ["wait window_filling", "none"];
    eventually("rest", rests, |verdicts| verdicts.iter().all(|verdicts| *verdicts == calm));
    let origin =
        "gim_upgrade_component_info{suite=\"b\",component=\"gca\",target_namespace=\"gca-b\",origin=\"discovered\"}";
    assert_eq!(exporter.site.series()[origin], "1");

    // Another tenant arrives, whose GIM uses the GSP that is there.
    let names = copy_releases(&cluster, "gim-b", "gim-c");
    let three = ["b: gim-b gsp-b gca-b", "c: gim-c gsp(default) gim-c", "default: gim gsp gca"];
    let mut sequences = BTreeSet::new();
    eventually(
        "the third",
        || {
            let verdicts = rests();
            assert!(verdicts.iter().all(|verdicts| *verdicts == calm), "no other suite flickers: {verdicts:?}");
            sequences.insert(exporter.site.status()["sequence"].as_u64().unwrap());
            shown(&exporter.site)
        },
        |seen| *seen == three,
    );
    assert!(exporter.site.is_ready());
    let series = exporter.site.series();
    let of_borrowed: Vec<&String> =
        series.keys().filter(|name| name.contains("suite=\"c\",component=\"gsp\"")).collect();
    assert_eq!(of_borrowed, ["gim_upgrade_suite_member{suite=\"c\",component=\"gsp\",owner=\"default\"}"]);
    assert!(
        exporter.site.status()["sequence"].as_u64() >= sequences.last().copied(),
        "pages that are kept are made anew"
    );

    // And leaves.
    for name in names {
        cluster.delete(Kind::Secrets, "gim-c", &name);
    }
    wait_for(&exporter, &two);
    let (code, log) = exporter.end("TERM");
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn what_is_configured_stays_as_it_is() {
    let cluster = Cluster::new("discovery-configured");
    let config = json!({
        "suites": [{"name": "mine", "gim": {"metrics": {"url": cluster.pages.url("default")}}}],
        "discovery": {"enabled": true, "namespaces": ["gim", "gim-b", "gca-b"]},
    });
    let exporter = exporter(&cluster, &config);
    wait_for(&exporter, &["b: gim-b gsp(mine) gca-b", "mine: gim gsp gca"]);
}

#[test]
fn where_nothing_is_found_nothing_is_shown_and_that_is_all_there_is() {
    let cluster = Cluster::new("discovery-nothing");
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true, "namespaces": ["elsewhere"]}}));
    let judges = || exporter.site.series().contains_key("gim_upgrade_exporter_judged_timestamp_seconds");
    wait_for(&exporter, &[]);
    assert!(!judges(), "nothing is to be judged");
    let names = copy_releases(&cluster, "gim", "elsewhere");
    wait_for(&exporter, &["elsewhere: elsewhere elsewhere elsewhere"]);
    assert!(judges());
    for name in names {
        cluster.delete(Kind::Secrets, "elsewhere", &name);
    }
    wait_for(&exporter, &[]);
    eventually("nothing is to be judged any more", judges, |judges| !judges);
    assert_eq!(exporter.site.get("/livez", "*/*").0, 200);
}

/// As while somebody writes it.
#[test]
fn what_is_found_while_the_kubeconfig_is_unreadable_is_shown_once_it_is_not() {
    let cluster = Cluster::new("discovery-kubeconfig");
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true}}));
    let two = ["b: gim-b gsp-b gca-b", "default: gim gsp gca"];
    wait_for(&exporter, &two);
    cluster.file("kubeconfig", "half a fi: [");
    copy_releases(&cluster, "gim-b", "gim-c");
    let told = "other suites cannot be watched; the former ones stay, and it is tried again";
    eventually("it is told", || exporter.log(), |log| log.contains(told));
    assert_eq!((shown(&exporter.site), exporter.site.is_ready()), (two.map(str::to_owned).to_vec(), true));
    cluster.kubeconfig();
    wait_for(&exporter, &["b: gim-b gsp-b gca-b", "c: gim-c gsp(default) gim-c", "default: gim gsp gca"]);
    let (code, log) = exporter.end("TERM");
    assert_eq!((code, log.matches(told).count()), (Some(0), 1), "{log}");
}

/// Where Helm's storage may not be read, workloads say which chart made them.
#[test]
fn without_helm_suites_are_found_by_labels() {
    let cluster = Cluster::new("discovery-labels");
    cluster.faults.set(On::all().kind(Kind::Secrets), Fault::Forbidden);
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true}}));
    wait_for(&exporter, &["b: gim-b gsp-b gca-b", "default: gim gsp gca"]);
    assert_eq!(exporter.site.verdict("b", "gca"), "unknown helm_forbidden");
}

/// Where no Secret is to be read, discovery asks for none either.
#[test]
fn without_access_to_helm_suites_are_found_by_labels_and_no_secret_is_asked_for() {
    let cluster = Cluster::new("discovery-no-helm");
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true}, "helm": {"access": "none"}}));
    wait_for(&exporter, &["b: gim-b gsp-b gca-b", "default: gim gsp gca"]);
    eventually("a verdict", || exporter.site.verdict("b", "gca"), |verdict| verdict == "none");
    for verb in [Verb::List, Verb::Watch, Verb::Get] {
        assert_eq!(cluster.faults.count(verb, Kind::Secrets), 0, "{verb:?}");
    }
}

/// A Role may grant list and watch and forget get: then workloads say so, too.
#[test]
fn without_bodies_suites_are_found_by_labels() {
    let cluster = Cluster::new("discovery-bodies");
    cluster.faults.set(On::verb(Verb::Get).kind(Kind::Secrets), Fault::Forbidden);
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true}}));
    wait_for(&exporter, &["b: gim-b gsp-b gca-b", "default: gim gsp gca"]);
    assert_eq!(exporter.site.verdict("b", "gca"), "unknown helm_body_unreadable");
}

/// Half of a cluster would be other suites: GIMs whose GCA is not there.
#[test]
fn what_was_half_read_is_not_shown() {
    let cluster = Cluster::new("discovery-half");
    let fails = cluster.faults.set(On::verb(Verb::Get).kind(Kind::Secrets).namespace("gca"), Fault::Status(500));
    let exporter = exporter(&cluster, &json!({"discovery": {"enabled": true}}));
    eventually("a body fails", || exporter.log(), |log| log.contains("its chart cannot be read"));
    let until = Instant::now() + LONGER_THAN_THE_OTHERS_TAKE;
    while Instant::now() < until {
        assert_eq!((shown(&exporter.site), exporter.site.is_ready()), (vec![], false));
    }
    cluster.faults.unset(fails);
    wait_for(&exporter, &["b: gim-b gsp-b gca-b", "default: gim gsp gca"]);
}
