use super::*;
use crate::sim::store::Kind;

#[test]
fn timeline() {
    let Ok(name) = std::env::var("SCENARIO") else { return };
    let text = std::fs::read_to_string(format!("src/sim/scenarios/{name}.yaml")).unwrap();
    let scenario = Scenario::parse(&name, &text).unwrap();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut world = World::new(&scenario, start, 1.0).unwrap();
    let mut store = Store::new();
    world.advance(&mut store, start);
    let mut seen = store.revision();
    let mut lines = 0;
    let mut last_kind = String::new();
    while let Some(next) = world.next_event().filter(|next| *next <= world.ends()) {
        world.advance(&mut store, next);
        let at = (next - start).total(jiff::Unit::Second).unwrap();
        for (_, line) in world.log().iter().skip(lines) {
            eprintln!("{:>3}:{:02} # {line:?}", (at as i64) / 60, (at as i64) % 60);
        }
        lines = world.log().len();
        for change in store.changes_since(seen).unwrap() {
            let value = change.object.to_value();
            let get = |p: &str| value.pointer(p).map_or(String::new(), |v| v.to_string().replace('"', ""));
            let text = match change.kind {
                Kind::Pods => format!(
                    "{} {} ready={} del={} restarts={} state={} hash={}{}",
                    get("/metadata/name"),
                    get("/status/phase"),
                    get("/status/containerStatuses/0/ready"),
                    get("/metadata/deletionTimestamp"),
                    get("/status/containerStatuses/0/restartCount"),
                    value.pointer("/status/containerStatuses/0/state").and_then(|s| s.as_object()).map_or(String::new(), |s| s.iter().map(|(k, v)| format!("{k}/{}", v["reason"])).collect()),
                    get("/metadata/labels/controller-revision-hash"),
                    get("/metadata/labels/pod-template-hash"),
                ),
                Kind::StatefulSets => format!(
                    "gen {}/{} cur={} upd={} ready={} updated={}",
                    get("/metadata/generation"), get("/status/observedGeneration"), get("/status/currentRevision"), get("/status/updateRevision"), get("/status/readyReplicas"), get("/status/updatedReplicas")
                ),
                Kind::Deployments => format!(
                    "{} gen {}/{} ready={} upd={} un={} {}",
                    get("/metadata/name"), get("/metadata/generation"), get("/status/observedGeneration"), get("/status/readyReplicas"), get("/status/updatedReplicas"), get("/status/unavailableReplicas"), get("/status/conditions/1/reason")
                ),
                Kind::ReplicaSets => format!("{} want={} is={} rev={}", get("/metadata/name"), get("/spec/replicas"), get("/status/replicas"), value.pointer("/metadata/annotations/deployment.kubernetes.io~1revision").map_or(String::new(), |v| v.to_string())),
                Kind::Secrets => format!("{} {} {}", get("/metadata/name"), get("/metadata/labels/status"), get("/metadata/labels/modifiedAt")),
                Kind::Jobs => format!("{} {}", get("/metadata/name"), get("/status/conditions/1/type")),
                Kind::ConfigMaps => get("/metadata/name"),
            };
            let kind = format!("{:?}", change.kind);
            last_kind.clone_from(&kind);
            eprintln!("{:>3}:{:02} {:<12} {:<8} {text}  behind={:.0}", (at as i64) / 60, (at as i64) % 60, kind, change.change.as_str(), world.cluster.latency.behind(world.cluster.now));
        }
        seen = store.revision();
    }
}
