//! Ends and beginnings: of the API server, of its history, of a watch, of the exporter.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::json;

use crate::cluster::Cluster;
use crate::process::{Process, command};
use crate::site::{Site, eventually};

/// How soon the exporter must end: half of what Kubernetes gives it.
const SOON: Duration = Duration::from_secs(15);

/// Waits until the page says that GSP's pods of the suite `other` wait for this reason.
fn wait_for_waiting(site: &Site, reason: &str) {
    let waits = |name: &String| {
        name.starts_with("gim_upgrade_pods_waiting{suite=\"other\",component=\"gsp\"") && name.contains(reason)
    };
    eventually(reason, || site.series().into_keys().any(|name| waits(&name)), |seen| *seen);
}

/// Makes a container of GSP wait.
fn let_wait(cluster: &Cluster, reason: &str) {
    let name = cluster.store.read(|store| {
        let mut pods = store.iter_namespace(Kind::Pods, "gsp-b");
        pods.find(|pod| pod.name().starts_with("gsp-tm")).unwrap().name().to_owned()
    });
    let mut pod = cluster.object(Kind::Pods, "gsp-b", &name);
    pod["status"]["containerStatuses"][0]["ready"] = json!(false);
    pod["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": reason}});
    cluster.apply(Kind::Pods, pod);
}

#[test]
fn an_api_server_that_dies_is_missed_and_found_again() {
    let mut cluster = Cluster::new("ends-server");
    let exporter = Process::start_well(&cluster, "15s");
    let site = exporter.site.clone();
    let store = cluster.store.clone();
    cluster.kill(|| {
        eventually(
            "it is missed",
            || site.source("pods", None),
            |source| source["errors"]["connect"].as_u64() > Some(0),
        );
        assert!(site.get("/livez", "*/*").0 == 200 && site.is_ready(), "the exporter itself lives");
        assert_eq!(site.verdict("other", "gim"), "none", "what was heard a moment ago still holds");
        let judged = || site.series()["gim_upgrade_exporter_judged_timestamp_seconds"].parse::<f64>().unwrap();
        let before = judged();
        eventually("it judges on", judged, |judged| *judged > before);
        // What happens meanwhile is not lost.
        store.write(|store| {
            let mut set = store.get(Kind::StatefulSets, "gim-b", "gim").unwrap().to_value();
            set["spec"]["replicas"] = json!(0);
            set["status"]["replicas"] = json!(0);
            set["status"]["readyReplicas"] = json!(0);
            store.apply(Kind::StatefulSets, set, gim_upgrade_exporter::model::time::Timestamp::now()).unwrap();
            store.delete(Kind::Pods, "gim-b", "gim-0", gim_upgrade_exporter::model::time::Timestamp::now()).unwrap();
        });
    });
    eventually("it is found again", || site.verdict("other", "gim"), |verdict| verdict == "none scaled_to_zero");
    eventually(
        "it does well",
        || site.source("pods", None),
        |source| source["freshness"] == "fresh" && source["last_error"].is_null(),
    );
    assert_eq!(site.verdict("default", "gim"), "none");
}

#[test]
fn a_history_that_is_gone_is_listed_anew() {
    let cluster = Cluster::new("ends-history");
    let exporter = Process::start_well(&cluster, "15s");
    let lists = |cluster: &Cluster| cluster.faults.count(gim_upgrade_exporter::sim::faults::Verb::List, Kind::Pods);
    let before = lists(&cluster);
    let_wait(&cluster, "CrashLoopBackOff");
    wait_for_waiting(&exporter.site, "crash_loop_back_off");
    assert_eq!(lists(&cluster), before, "a watch needs no list");
    let_wait(&cluster, "ImagePullBackOff");
    cluster.forget_history();
    wait_for_waiting(&exporter.site, "image_pull_back_off");
    let source = eventually(
        "the expiry is counted",
        || exporter.site.source("pods", None),
        |source| source["errors"]["expired"].as_u64() > Some(0),
    );
    assert_eq!(source["freshness"], "fresh", "nothing is wrong: {source}");
    eventually("the list", || lists(&cluster), |lists| *lists > before);
}

#[test]
fn it_ends_soon_when_it_is_told() {
    let cluster = Cluster::new("ends-signal");
    let exporter = Process::start_well(&cluster, "15s");
    // A connection that is open and says nothing must not hold it up.
    let _idle = std::net::TcpStream::connect(&exporter.site.0).unwrap();
    let told = Instant::now();
    let (code, log) = exporter.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
    assert!(!log.contains("did not stop in time"), "{log}");
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for arguments in [["serve", "--kubeconfig=/dev/null"], ["demo", "--scenario=at-rest"]] {
        let mut refused: Command = command(&arguments);
        let output = refused.args(["--web.listen-address", &address]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let expected = format!("cannot listen on {address} (--web.listen-address): Address already in use");
        assert!(said.contains(&expected), "{said}");
    }
}
