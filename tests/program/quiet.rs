//! A log of what changes and of nothing else: an exporter whose cluster is at rest says nothing, however often it is scraped and
//! however much it reads.

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::{PLAIN, eventually};

/// How many times GIM's metrics must have been read meanwhile: once a configuration's file was looked at several times too.
const READINGS: usize = 12;

#[test]
fn a_quiet_exporter_logs_nothing_and_a_change_one_line() {
    let cluster = Cluster::new("quiet");
    let exporter = Process::start_by(&cluster.kubeconfig(), &cluster.config_file("500ms"), &["--log.level=info"]);
    exporter.site.wait_until_well();
    let read = "gim_upgrade_signals_timestamp_seconds{suite=\"other\",component=\"gim\"}";
    let mut before = String::new();
    for reading in 0..READINGS {
        let last = exporter.site.series()[read].clone();
        eventually("a reading", || exporter.site.series()[read].clone(), |now| *now != last);
        assert_eq!(exporter.site.get("/api/v1/status", PLAIN).0, 200);
        // What was said at the start has come through by then.
        if reading == 0 {
            before = exporter.log();
        }
    }
    assert_eq!(exporter.log(), before);

    // One component changes its stage: one line says so.
    let mut set = cluster.object(Kind::StatefulSets, "gim-b", "gim");
    set["spec"]["replicas"] = json!(0);
    set["status"]["replicas"] = json!(0);
    set["status"]["readyReplicas"] = json!(0);
    cluster.apply(Kind::StatefulSets, set);
    cluster.delete(Kind::Pods, "gim-b", "gim-0");
    eventually("the change", || exporter.site.verdict("other", "gim"), |verdict| verdict == "none scaled_to_zero");
    let log = eventually("its line", || exporter.log(), |log| log.contains("scaled_to_zero"));
    let lines: Vec<Value> = log[before.len()..].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |line: &Value| (line["suite"].clone(), line["component"].clone());
    assert!(
        lines.iter().all(|line| line["level"] == "INFO" && told(line) == (json!("other"), json!("gim"))),
        "{lines:#?}"
    );
    assert!(lines.len() <= 3, "a line for each change of stage, verdict or reasons: {lines:#?}");
}
