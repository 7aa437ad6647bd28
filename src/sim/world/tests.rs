//! How a world is played, and what its objects and pages look like. `facts` has what Helm and Kubernetes do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::sim::store::{ChangeType, Kind};

mod around;
mod facts;

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

struct Played {
    world: World,
    store: Store,
}

impl Played {
    fn new(name: &str) -> Self {
        Self::at_speed(name, 1.0)
    }

    fn at_speed(name: &str, speed: f64) -> Self {
        let world = World::new(&Scenario::find(name).unwrap(), start(), speed).unwrap();
        let mut played = Self { world, store: if speed > 1.0 { Store::with_fractions() } else { Store::new() } };
        played.world.advance(&mut played.store, start());
        played
    }

    /// Plays up to minute and second of the scenario.
    fn to(&mut self, at: &str) -> &mut Self {
        let at = self.world.instant(at.parse().unwrap());
        self.world.advance(&mut self.store, at);
        self
    }

    fn object(&self, kind: Kind, namespace: &str, name: &str) -> Value {
        self.store.get(kind, namespace, name).map(|object| object.to_value()).unwrap_or_default()
    }

    fn pod(&self) -> Value {
        self.object(Kind::Pods, "gim", "gim-0")
    }

    fn set(&self) -> Value {
        self.object(Kind::StatefulSets, "gim", "gim")
    }

    fn secret(&self, release: &str, revision: u32) -> Value {
        let namespace = release.split('-').next().unwrap();
        self.object(Kind::Secrets, namespace, &format!("sh.helm.release.v1.{release}.v{revision}"))
    }

    /// The release inside a Secret, read as Helm reads it.
    fn body(&self, release: &str, revision: u32) -> Value {
        let secret = self.secret(release, revision);
        let gzip = STANDARD.decode(STANDARD.decode(text(&secret, "/data/release")).unwrap()).unwrap();
        serde_json::from_reader(flate2::read::GzDecoder::new(&*gzip)).unwrap()
    }

    fn statuses(&self, release: &str) -> Vec<(String, String)> {
        let namespace = release.split('-').next().unwrap();
        let mut all: Vec<(u32, String)> = self
            .store
            .iter_namespace(Kind::Secrets, namespace)
            .map(|secret| secret.to_value())
            .filter(|secret| text(secret, "/metadata/labels/name") == release)
            .map(|s| (text(&s, "/metadata/labels/version").parse().unwrap(), text(&s, "/metadata/labels/status")))
            .collect();
        all.sort();
        all.into_iter().map(|(revision, status)| (revision.to_string(), status)).collect()
    }

    fn pods(&self, namespace: &str) -> Vec<Value> {
        self.store.iter_namespace(Kind::Pods, namespace).map(|pod| pod.to_value()).collect()
    }
}

fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn condition(object: &Value, kind: &str) -> Value {
    let all = object.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    all.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
}

fn list(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn objects_look_as_an_api_server_shows_them() {
    let played = Played::new("at-rest");
    let (set, pod) = (played.set(), played.pod());
    assert_eq!(set["metadata"]["labels"]["helm.sh/chart"], "gim-100.0.116_2900");
    assert_eq!(set["metadata"]["annotations"]["meta.helm.sh/release-name"], "gim");
    assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], set["metadata"]["uid"]);
    assert_eq!(text(&played.secret("gim", 3), "/type"), "helm.sh/release.v1");
    for deployment in ["gsp-jm", "gsp-tm"] {
        let pods = played.pods("gsp").into_iter().filter(|pod| text(pod, "/metadata/name").starts_with(deployment));
        for pod in pods {
            let set = played.object(Kind::ReplicaSets, "gsp", &text(&pod, "/metadata/ownerReferences/0/name"));
            let hash = "pod-template-hash";
            assert_eq!(pod["metadata"]["labels"][hash], set["metadata"]["labels"][hash]);
            assert_eq!(set["spec"]["template"]["metadata"]["labels"][hash], set["metadata"]["labels"][hash]);
            assert_eq!(set["metadata"]["ownerReferences"][0]["name"], deployment);
        }
    }
}

#[test]
fn the_page_tells_the_latency_in_milliseconds_while_the_pod_runs() {
    let mut played = Played::new("upgrade-without-wait");
    let largest = |played: &Played, at: &str| {
        let now = played.world.instant(at.parse().unwrap());
        match played.world.metrics_page("gim-0", now) {
            Some(MetricsAnswer::Page(page)) => page
                .lines()
                .filter(|line| line.starts_with("gim_kafka_timestamp_behind{"))
                .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
                .reduce(f64::max),
            _ => None,
        }
    };
    assert!((20_000.0..27_000.0).contains(&largest(&played, "10s").unwrap()));
    assert_eq!(largest(played.to("1m30s"), "1m30s"), None, "no container, no page");
    assert!((200_000.0..260_000.0).contains(&largest(played.to("4m30s"), "4m30s").unwrap()));
    assert!((20_000.0..27_000.0).contains(&largest(played.to("8m"), "8m").unwrap()));
    let mut played = Played::new("metrics-absent");
    assert_eq!(largest(played.to("13m"), "13m"), None);
    assert!(played.world.metrics_page("gim-0", played.world.instant("13m".parse().unwrap())).is_some());
}

/// A compressed run is the same run: the same objects in the same order, N times as fast, with signals divided by N.
#[test]
fn compressed_time_changes_nothing_but_time() {
    let mut slow = Played::new("gsp-image-missing");
    let mut fast = Played::at_speed("gsp-image-missing", 60.0);
    slow.to("16m");
    fast.to("16m");
    let told = |played: &Played| -> Vec<(ChangeType, Kind, String)> {
        let changes = played.store.changes_since(1).unwrap();
        changes.into_iter().map(|change| (change.change, change.kind, change.object.key().to_owned())).collect()
    };
    assert_eq!(told(&slow), told(&fast));
    let end = fast.world.ends();
    assert_eq!(end, start() + SignedDuration::from_secs(16));
    let Some(MetricsAnswer::Page(page)) = fast.world.metrics_page("gim-0", end) else { panic!("no page") };
    let line = page.lines().find(|line| line.starts_with("gim_kafka_timestamp_behind{")).unwrap();
    let millis: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((20_000.0 / 60.0..27_000.0 / 60.0).contains(&millis), "{line}");
}

/// Looked at late or at every event, a world writes the same.
#[test]
fn lateness_does_not_change_what_is_written() {
    let various = [
        "healthy-upgrade",
        "rollback-wait-stale-pod",
        "gsp-image-missing",
        "crash-loop",
        "on-delete",
        "first-install-stuck",
    ];
    for name in various {
        let mut late = Played::new(name);
        let end = late.world.ends();
        late.world.advance(&mut late.store, end);
        let mut prompt = Played::new(name);
        while let Some(next) = prompt.world.next_event().filter(|next| *next <= end) {
            prompt.world.advance(&mut prompt.store, next);
        }
        assert_eq!(late.store.revision(), prompt.store.revision(), "{name}");
        for kind in Kind::ALL {
            let all = |store: &Store| store.iter(kind).map(|object| object.to_value()).collect::<Vec<_>>();
            assert_eq!(all(&late.store), all(&prompt.store), "{name}");
        }
    }
}
