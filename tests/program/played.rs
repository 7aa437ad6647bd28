//! `verify` on upgrades that play, time divided: each is followed in both ways at once, and both come to the same.

use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::model::time::{Timestamp, after};
use gim_upgrade_exporter::sim::api::{ApiServer, SharedStore};
use gim_upgrade_exporter::sim::player::Player;
use gim_upgrade_exporter::sim::scenario::Scenario;
use gim_upgrade_exporter::sim::store::Store;
use gim_upgrade_exporter::sim::world::World;
use serde_json::{Value, json};

use crate::cluster::kubeconfig;
use crate::files::Folder;
use crate::process::Process;
use crate::verify::{objects, run};

/// How many times faster than written a scenario is played.
const SPEED: u32 = 60;
/// How long before it starts it is there: whoever follows it starts meanwhile.
const LEAD: Duration = Duration::from_secs(10);

/// The policy's usual times, divided; those that would be too short for a busy machine are longer.
fn config(port: u16) -> Value {
    let times = |helm: u32, ready: u32| {
        json!({
            "helm_timeout": format!("{helm}s"), "companion_helm_timeout": "30s", "pending_timeout": "10s", "image_grace": "2s",
            "ready_timeout": format!("{ready}s"), "soak": "2s", "settle_timeout": "120s", "growth_timeout": "30s",
            "migration_timeout": "60s", "metrics_grace": "10s",
        })
    };
    let metrics = json!({"port": port, "path": "/metrics"});
    json!({
        "suites": [{"name": "default", "gim": {"metrics": metrics}, "gsp": {"metrics": metrics}}],
        "policy": {
            "suspect_window": "24m", "cycle": "24m", "trend_window": "10s", "hold": "10s", "stale_pod_hold": "2s",
            "propagation": "3s", "growth_floor": "5s", "latency_ok": "5s", "checkpoint_timeout": "15s",
            "gim": times(30, 60), "gsp": times(30, 60), "gca": times(30, 60),
        },
        "signals": {"interval": "250ms"},
    })
}

/// Plays a scenario and follows the upgrade of a component by observers of its own and from an exporter that runs; gives both summaries.
fn followed(scenario: &str, component: &str) -> [(Option<i32>, Value); 2] {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = after(Timestamp::now(), LEAD);
    let world = World::new(&Scenario::find(scenario).unwrap(), start, f64::from(SPEED)).unwrap();
    let store = SharedStore::new(Store::with_fractions());
    let player = runtime.block_on(Player::start(world, store.clone(), Arc::new(Timestamp::now))).unwrap();
    let api = runtime.block_on(ApiServer::start(store)).unwrap();
    let folder = Folder::new(&format!("played-{scenario}"));
    let kubeconfig = folder.write("kubeconfig", &kubeconfig(&api.url()));
    let config = folder.write("config.yaml", &config(player.metrics_port()).to_string());
    let exporter = Process::start_at(&kubeconfig, &config);
    let server = format!("--server=http://{}", exporter.site.0);
    let verify = ["verify", component, "--wait-for-start=2m", "--timeout=4m", "--output=json"];
    let places = [vec!["--kubeconfig", &kubeconfig, "--config.file", &config], vec![server.as_str()]];
    std::thread::scope(|threads| {
        let verifies = places.map(|place| threads.spawn(move || run(&[&verify[..], &place].concat())));
        verifies.map(|verify| {
            let (code, said) = verify.join().unwrap();
            let told = objects(&said);
            assert_eq!(told.iter().filter(|object| object["change"] == "following").count(), 1, "{said}");
            (code, told.last().unwrap().clone())
        })
    })
}

#[test]
fn an_upgrade_that_works_ends_with_0() {
    for (code, summary) in followed("healthy-upgrade", "gim") {
        assert_eq!((code, &summary["outcome"]), (Some(0), &json!("verified")), "{summary:#}");
        assert_eq!(
            (&summary["operation"]["revision"], &summary["stage"]),
            (&json!(4), &json!("verified")),
            "{summary:#}"
        );
    }
}

#[test]
fn a_missing_image_ends_with_1_and_the_way_back() {
    for (code, summary) in followed("image-missing", "gim") {
        assert_eq!((code, &summary["outcome"]), (Some(1), &json!("adverse")), "{summary:#}");
        assert_eq!(summary["rollback_target"], 3, "{summary:#}");
        assert_eq!(summary["command"].as_str().unwrap().split(" --timeout").next(), Some("helm rollback gim 3 -n gim"));
        assert_eq!(summary["reasons"][0]["reason"], "images_pulled", "{summary:#}");
    }
}

#[test]
fn an_upgrade_that_helm_undoes_ends_with_1() {
    for (code, summary) in followed("atomic-rollback", "gca") {
        assert_eq!((code, &summary["outcome"]), (Some(1), &json!("undone")), "{summary:#}");
        let text = summary["text"].as_str().unwrap();
        assert!(text.starts_with("The upgrade of ") && text.contains(" was undone: the rollback of "), "{text}");
    }
}
