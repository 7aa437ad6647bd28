//! Server-sent events of the whole program.

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::listener::Listener;
use crate::process::Process;

fn suite(listener: &mut Listener) -> Value {
    let (name, data) = listener.event();
    assert_eq!(name, "suite");
    serde_json::from_str(&data).unwrap()
}

#[test]
fn what_changes_is_told_to_whom_it_concerns() {
    let cluster = Cluster::new("events");
    let exporter = Process::start_well(&cluster, "15s");
    let mut one = Listener::open(&exporter.site, "?suite=other");
    assert!(
        one.head.starts_with("HTTP/1.0 200 OK\r\n") && one.head.contains("content-type: text/event-stream\r\n"),
        "{}",
        one.head
    );
    assert_eq!(one.line().unwrap(), "retry: 3000");
    let mut all = Listener::open(&exporter.site, "");
    let mut page = Listener::open(&exporter.site, "?form=html&suite=other");
    // How things stand, as the status has it.
    let told = suite(&mut one);
    let status = exporter.site.status();
    assert_eq!(told["components"]["gim"]["namespace"], status["suites"][1]["components"]["gim"]["namespace"]);
    assert_eq!(
        told.as_object().unwrap().keys().collect::<Vec<_>>(),
        status["suites"][1].as_object().unwrap().keys().collect::<Vec<_>>()
    );
    let mut names = [suite(&mut all), suite(&mut all)].map(|suite| suite["name"].as_str().unwrap().to_owned());
    names.sort();
    assert_eq!(names, ["default", "other"]);
    assert!(page.event().1.starts_with("<main id=\"main\" class=\"is-none\""));

    let mut pod = cluster.object(Kind::Pods, "gim-b", "gim-0");
    for condition in pod["status"]["conditions"].as_array_mut().unwrap() {
        if condition["type"] == "Ready" {
            condition["status"] = json!("False");
        }
    }
    cluster.apply(Kind::Pods, pod);
    for listener in [&mut one, &mut all] {
        while {
            let suite = suite(listener);
            suite["name"] != "other" || suite["components"]["gim"]["verdict"]["verdict"] == "none"
        } {}
    }
    while page.event().1.starts_with("<main id=\"main\" class=\"is-none\"") {}

    // At the end of the process they end at once, without its having to wait for them.
    let began = std::time::Instant::now();
    let (code, log) = exporter.end("TERM");
    assert_eq!(code, Some(0));
    assert!(!log.contains("did not finish in time"), "{log}");
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
    while one.line().is_some() {}
}

#[test]
fn what_is_not_watched_or_not_known_is_refused() {
    let cluster = Cluster::new("events-refused");
    let exporter = Process::start(&cluster, "15s");
    for (query, status) in [("?suite=third", "404"), ("?form=html&suite=third", "404"), ("?form=xml", "400")] {
        let listener = Listener::open(&exporter.site, query);
        assert!(listener.head.starts_with(&format!("HTTP/1.0 {status} ")), "{query}: {}", listener.head);
    }
}
