//! What is gone from the cluster is gone from the page.

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::json;

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::{Series, eventually};

/// The series of a suite with this text in their labels.
fn of<'a>(series: &'a Series, suite: &str, text: &str) -> Vec<&'a str> {
    let suite = format!("suite=\"{suite}\"");
    series.keys().filter(|name| name.contains(&suite) && name.contains(text)).map(String::as_str).collect()
}

#[test]
fn the_series_of_a_pod_go_with_it() {
    let cluster = Cluster::new("gone-pod");
    let exporter = Process::start_well(&cluster, "15s");
    let mut pod = cluster.object(Kind::Pods, "gim-b", "gim-0");
    for condition in pod["status"]["conditions"].as_array_mut().unwrap() {
        if condition["type"] == "Ready" {
            condition["status"] = json!("False");
        }
    }
    pod["status"]["containerStatuses"][0]["ready"] = json!(false);
    cluster.apply(Kind::Pods, pod);
    let named = "target_pod=\"gim-0\"";
    eventually("the pod has series", || exporter.site.series(), |series| !of(series, "other", named).is_empty());
    cluster.delete(Kind::Pods, "gim-b", "gim-0");
    // The judgement that the pod is gone and the page without it come at once.
    let is_missed = |series: &Series| of(series, "other", "gim_upgrade_pods").is_empty();
    let series = eventually(
        "the pod is missed",
        || exporter.site.series(),
        |series| of(series, "other", named).is_empty() || is_missed(series),
    );
    assert_eq!(of(&series, "other", named), [""; 0]);
    let left = of(&series, "other", "component=\"gim\"");
    let counts = ["gim_upgrade_pods{", "gim_upgrade_pods_waiting{", "gim_upgrade_pod_"];
    let ghosts: Vec<_> = left.iter().filter(|name| counts.iter().any(|count| name.starts_with(count))).collect();
    assert!(ghosts.is_empty(), "{ghosts:#?}");
    assert!(
        !of(&series, "default", "gim_upgrade_pods{").is_empty()
            || !of(&series, "default", "gim_upgrade_pods_ready{").is_empty()
    );
}

#[test]
fn the_series_of_a_release_go_with_it() {
    let cluster = Cluster::new("gone-release");
    let exporter = Process::start_well(&cluster, "15s");
    let label = "release=\"gca\"";
    let before = exporter.site.series();
    assert!(!of(&before, "other", label).is_empty());
    // As `helm uninstall` does: workloads, pods, and then all of its revisions at once.
    let of_release = |kind: Kind, prefix: &str| -> Vec<String> {
        cluster.store.read(|store| {
            let names = store.iter_namespace(kind, "gca-b").map(|object| object.name().to_owned());
            names.filter(|name| name.starts_with(prefix)).collect()
        })
    };
    for (kind, prefix) in [
        (Kind::Deployments, "gca"),
        (Kind::ReplicaSets, "gca"),
        (Kind::Pods, "gca"),
        (Kind::Secrets, "sh.helm.release.v1.gca.v"),
    ] {
        let objects = of_release(kind, prefix);
        assert!(!objects.is_empty(), "{kind}");
        for name in objects {
            cluster.delete(kind, "gca-b", &name);
        }
    }
    let absent = |series: &Series| {
        series.keys().any(|name| {
            name.starts_with("gim_upgrade_stage{suite=\"other\",component=\"gca\"") && name.contains("stage=\"absent\"")
        })
    };
    let after = eventually("it is absent", || exporter.site.series(), absent);
    assert_eq!(of(&after, "other", label), [""; 0]);
    let pods = of(&after, "other", "component=\"gca\"").into_iter().filter(|name| name.starts_with("gim_upgrade_pods"));
    let counted: Vec<_> = pods.filter(|name| after[*name] != "0").collect();
    assert!(counted.is_empty(), "{counted:#?}");
    assert_eq!(of(&before, "default", label), of(&after, "default", label), "the same release of another suite stays");
}
