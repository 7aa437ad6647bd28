//! A secret that comes where none should be, in an answer that cannot be understood: it goes nowhere, whatever the log level.

use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::{OPEN_METRICS, PLAIN, eventually};

const CANARY: &str = "canary-3f9c1e";

/// A Secret of Helm's whose data, annotations and type hold the canary, changed so that it cannot be understood.
fn secret(version: u64, change: impl FnOnce(&mut Value)) -> Value {
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": CANARY,
        "metadata": {
            "name": "sh.helm.release.v1.gim.v9", "namespace": "gim", "uid": "1", "resourceVersion": version.to_string(),
            "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"note": CANARY},
            "labels": {"owner": "helm", "name": "gim", "version": "9", "status": "deployed"},
        },
        "data": {"release": CANARY, "password": CANARY},
        "stringData": {"token": CANARY},
    });
    change(&mut secret);
    secret
}

fn list(version: u64, items: &[Value]) -> String {
    let version = version.to_string();
    json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items})
        .to_string()
}

/// Bodies of a list that is malformed in one way each.
fn malformed_lists(version: u64) -> Vec<(&'static str, String)> {
    let secret = |change: fn(&mut Value)| secret(version, change);
    let list = |items: &[Value]| list(version, items);
    let whole = list(&[secret(|_| {})]);
    let (cut, _) = whole.split_at(whole.len() - 10);
    vec![
        ("cut short", cut.to_owned()),
        ("no JSON", format!("{CANARY} {whole}")),
        ("no list", json!({"kind": CANARY, "metadata": CANARY, "items": CANARY}).to_string()),
        ("items of text", list(&[json!(CANARY), json!([CANARY])])),
        ("labels of text", list(&[secret(|secret| secret["metadata"]["labels"] = json!(CANARY))])),
        ("a version of text", list(&[secret(|secret| secret["metadata"]["labels"]["version"] = json!(CANARY))])),
        ("a time of text", list(&[secret(|secret| secret["metadata"]["creationTimestamp"] = json!(CANARY))])),
        ("an owner of text", list(&[secret(|secret| secret["metadata"]["labels"]["owner"] = json!(CANARY))])),
        ("managed fields of text", list(&[secret(|secret| secret["metadata"]["managedFields"] = json!(CANARY))])),
    ]
}

/// Where the exporter shows anything at all.
fn look_everywhere(exporter: &Process, when: &str) {
    for (path, accept) in
        [("/metrics", PLAIN), ("/metrics", OPEN_METRICS), ("/api/v1/status", "*/*"), ("/", "*/*"), ("/readyz", "*/*")]
    {
        assert!(!exporter.site.get(path, accept).1.contains(CANARY), "{when}: {path}");
    }
    assert!(!exporter.log().contains(CANARY), "{when}: the log");
}

#[test]
fn no_secret_is_shown_where_a_list_is_malformed() {
    let cluster = Cluster::new("canary-list");
    for (what, body) in malformed_lists(cluster.version()) {
        // Each has an exporter of its own: after failures in a row it waits ever longer.
        let id = cluster.faults.set(On::verb(Verb::List).kind(Kind::Secrets), Fault::Body(body.into()));
        let exporter = Process::start(&cluster, "15s");
        eventually(what, || exporter.site.source("helm", None), |source| source["errors"]["decode"].as_u64() > Some(0));
        look_everywhere(&exporter, what);
        cluster.faults.unset(id);
        // Some are lists of a kind, of nothing that can be used: the next one mends that.
        cluster.forget_history();
        exporter.site.wait_until_well();
        look_everywhere(&exporter, what);
        let (_, log) = exporter.end("TERM");
        assert!(log.contains(r#""kind":"decode""#), "{what}: it is told that something was wrong: {log}");
        assert!(!log.contains(CANARY), "{what}");
    }
}

/// The same for what else the API server may answer: events of a watch, and the Secret itself.
#[test]
fn no_secret_is_shown_where_an_event_or_a_body_is_malformed() {
    let cluster = Cluster::new("canary-event");
    let exporter = Process::start_well(&cluster, "15s");
    let version = cluster.version();
    let secret = |change: fn(&mut Value)| secret(version, change);
    let event = |object: Value| json!({"type": "MODIFIED", "object": object}).to_string();
    let error =
        json!({"type": "ERROR", "object": {"kind": "Status", "code": 500, "reason": CANARY, "message": CANARY}});
    let events = [
        ("no event", "decode", format!("{CANARY}\n")),
        ("an event of text", "decode", format!("{}\n", event(json!(CANARY)))),
        ("labels of text", "decode", event(secret(|secret| secret["metadata"]["labels"] = json!(CANARY))) + "\n"),
        ("cut short", "connect", event(secret(|_| {})).split_at(200).0.to_owned()),
        ("an error", "status", format!("{error}\n")),
    ];
    for (what, kind, body) in events {
        let errors = || exporter.site.source("helm", None)["errors"][kind].as_u64().unwrap_or_default();
        let before = errors();
        let watched = On::verb(Verb::Watch).kind(Kind::Secrets).times(1);
        cluster.faults.set(watched, Fault::Body(body.into()));
        cluster.faults.drop_connections();
        eventually(what, errors, |errors| *errors > before);
        look_everywhere(&exporter, what);
        // An object that was not understood is believed to be so until it is read anew.
        cluster.forget_history();
        cluster.faults.drop_connections();
        exporter.site.wait_until_well();
    }
    let bodies = [
        ("no JSON", CANARY.to_owned()),
        ("no base64", secret(|_| {}).to_string()),
        ("no text", secret(|secret| secret["data"]["release"] = json!([CANARY])).to_string()),
    ];
    for (what, body) in bodies {
        let errors = || exporter.site.source("helm_bodies", None)["errors"]["decode"].as_u64().unwrap_or_default();
        let before = errors();
        let id = cluster.faults.set(On::verb(Verb::Get).kind(Kind::Secrets), Fault::Body(body.into()));
        let name = cluster.add_revision("gim", "gim", CANARY);
        eventually(what, errors, |errors| *errors > before);
        look_everywhere(&exporter, what);
        cluster.faults.unset(id);
        cluster.delete(Kind::Secrets, "gim", &name);
        exporter.site.wait_until_well();
    }
    let (_, log) = exporter.end("TERM");
    assert!(log.contains("watch ended inside an event"), "{log}");
    assert!(!log.contains(CANARY));
}
