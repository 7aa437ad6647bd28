//! Many suites at rest: the cluster of the benchmark.
//!
//! Each suite is one GIM, one GSP and one GCA in namespaces of their own, upgraded long ago and healthy: 3 releases of
//! 10 revisions, 5 pods, their workloads. Sizes are those of a real cluster. Nothing here moves; a benchmark changes
//! single objects through the store. Scenarios do not use it.

mod objects;

use std::net::Ipv4Addr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::store::{Kind, SharedData, Store, StoreError};

use self::objects::Place;

/// How many revisions each release has, as Helm keeps by default (`--history-max`).
pub const REVISIONS: u32 = 10;

/// How long ago the newest revision was made: long past any suspicion.
const NEWEST_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far the revisions lie apart.
const REVISION_SPACING: SignedDuration = SignedDuration::from_hours(14 * 24);

/// One release of every suite. What the newest revision's body declares must be just this for it to be at rest; the bodies
/// of [`typical_body`](super::helm::typical_body) do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetRelease {
    /// The component, its release, and the beginning of its namespaces (`gim` in `gim-7`).
    pub name: &'static str,
    /// The chart version.
    pub chart_version: &'static str,
    /// The image that runs.
    pub image: &'static str,
    workloads: &'static [Workload],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Workload {
    name: &'static str,
    kind: Kind,
    pods: u32,
    /// The container's metrics port.
    port: u16,
}

/// The releases of each suite.
pub const RELEASES: [FleetRelease; 3] = [
    FleetRelease {
        name: "gim",
        chart_version: "100.0.116+3000",
        image: "registry.example.com/gim/gim:100.0.116.3000",
        workloads: &[Workload { name: "gim", kind: Kind::StatefulSets, pods: 1, port: 8249 }],
    },
    FleetRelease {
        name: "gsp",
        chart_version: "100.0.116+3000",
        image: "registry.example.com/gsp/gsp:100.0.116.3000",
        workloads: &[
            Workload { name: "gsp-jm", kind: Kind::Deployments, pods: 2, port: 9249 },
            Workload { name: "gsp-tm", kind: Kind::Deployments, pods: 1, port: 9249 },
        ],
    },
    FleetRelease {
        name: "gca",
        chart_version: "100.0.116+3000",
        image: "registry.example.com/gca/gca:100.0.116.3000",
        workloads: &[Workload { name: "gca", kind: Kind::Deployments, pods: 1, port: 9249 }],
    },
];

/// Fills the store with so many suites, in the namespaces `gim-0`, `gsp-0`, `gca-0` and so on. `body` gives what a
/// release Secret holds under `release` (base64 of base64 of gzip, about 22 KB); it is asked once for each release and
/// revision, and what it gives is shared by all suites. Each pod has an address of its own in 127.0.0.0/8.
pub fn fleet(
    suites: usize,
    store: &mut Store,
    now: Timestamp,
    body: impl Fn(&str, u32) -> Arc<str>,
) -> Result<(), StoreError> {
    let bodies: Vec<(FleetRelease, Vec<Arc<str>>)> = RELEASES
        .into_iter()
        .map(|release| (release, (1..=REVISIONS).map(|revision| body(release.name, revision)).collect()))
        .collect();
    let mut addresses = (0x7f10_0001_u32..).map(Ipv4Addr::from);
    for suite in 0..suites {
        for (release, bodies) in &bodies {
            let place = Place { namespace: format!("{}-{suite}", release.name), release: *release };
            add_secrets(store, &place, bodies, now)?;
            for workload in release.workloads {
                add_workload(store, &place, *workload, now, &mut addresses)?;
            }
        }
    }
    Ok(())
}

fn add_secrets(store: &mut Store, place: &Place, bodies: &[Arc<str>], now: Timestamp) -> Result<(), StoreError> {
    for (revision, body) in (1..=REVISIONS).zip(bodies) {
        let made = now - NEWEST_AGE - REVISION_SPACING * i32::try_from(REVISIONS - revision).unwrap_or_default();
        let value = objects::release_secret(place, revision, revision == REVISIONS, &store.timestamp(made), made);
        store.apply_shared(Kind::Secrets, value, SharedData { key: "release", value: Arc::clone(body) }, now)?;
    }
    Ok(())
}

fn add_workload(
    store: &mut Store,
    place: &Place,
    workload: Workload,
    now: Timestamp,
    addresses: &mut impl Iterator<Item = Ipv4Addr>,
) -> Result<(), StoreError> {
    let time = store.timestamp(now - NEWEST_AGE);
    let value = objects::workload(place, workload, &time);
    let owner = store.apply(workload.kind, value, now)?;
    let owner = if workload.kind == Kind::StatefulSets {
        owner
    } else {
        let old = objects::replica_set(place, workload, &owner, false, &time);
        store.apply(Kind::ReplicaSets, old, now)?;
        let present = objects::replica_set(place, workload, &owner, true, &time);
        store.apply(Kind::ReplicaSets, present, now)?
    };
    for number in 0..workload.pods {
        let address = addresses.next().unwrap_or(Ipv4Addr::LOCALHOST);
        store.apply(Kind::Pods, objects::pod(place, workload, &owner, number, address, &time), now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;

    use super::*;

    fn two_suites() -> (Store, u32) {
        let mut store = Store::new();
        let asked = Cell::new(0);
        let body = |release: &str, revision: u32| {
            asked.set(asked.get() + 1);
            Arc::from(format!("{release}{revision}").repeat(4000))
        };
        fleet(2, &mut store, Timestamp::from_second(1_750_000_000).unwrap(), body).unwrap();
        (store, asked.get())
    }

    #[test]
    fn a_suite_has_what_the_benchmark_counts() {
        let (store, bodies) = two_suites();
        assert_eq!(bodies, 30, "a body is made once and shared");
        let cases = [
            (Kind::Pods, 10),
            (Kind::StatefulSets, 2),
            (Kind::Deployments, 6),
            (Kind::ReplicaSets, 12),
            (Kind::Secrets, 60),
            (Kind::Jobs, 0),
            (Kind::ConfigMaps, 0),
        ];
        for (kind, expected) in cases {
            assert_eq!(store.len(kind), expected, "{kind}");
        }
        let addresses: BTreeSet<_> =
            store.iter(Kind::Pods).map(|pod| pod.to_value()["status"]["podIP"].as_str().unwrap().to_owned()).collect();
        assert_eq!(addresses.len(), 10);
        assert!(addresses.iter().all(|address| address.parse::<Ipv4Addr>().unwrap().is_loopback()));
    }

    #[test]
    fn objects_have_the_size_of_real_ones() {
        let (store, _) = two_suites();
        for pod in store.iter(Kind::Pods) {
            let size = pod.to_json().len();
            assert!((5000..8000).contains(&size), "{pod:?} has {size} bytes");
        }
        for secret in store.iter(Kind::Secrets) {
            let size = secret.metadata_json().len();
            assert!((500..1000).contains(&size), "{secret:?} has {size} bytes of metadata");
        }
    }

    #[test]
    fn everything_is_healthy_and_belongs_together() {
        let (store, _) = two_suites();
        for pod in store.iter(Kind::Pods) {
            let value = pod.to_value();
            let owner = &value["metadata"]["ownerReferences"][0];
            let (kind, hash) = if owner["kind"] == "StatefulSet" {
                (Kind::StatefulSets, "controller-revision-hash")
            } else {
                (Kind::ReplicaSets, "pod-template-hash")
            };
            let owner = store.get(kind, pod.namespace(), owner["name"].as_str().unwrap()).unwrap();
            assert_eq!(value["metadata"]["ownerReferences"][0]["uid"], owner.uid());
            let owner = owner.to_value();
            let expected = if kind == Kind::StatefulSets {
                assert_eq!(owner["status"]["currentRevision"], owner["status"]["updateRevision"]);
                &owner["status"]["updateRevision"]
            } else {
                &owner["metadata"]["labels"]["pod-template-hash"]
            };
            assert_eq!(&value["metadata"]["labels"][hash], expected);
            assert_eq!(value["status"]["containerStatuses"][0]["ready"], true);
            assert_eq!(value["metadata"]["creationTimestamp"], "2025-05-16T15:06:40Z");
        }
        for set in store.iter(Kind::StatefulSets).chain(store.iter(Kind::Deployments)) {
            let value = set.to_value();
            assert_eq!(value["metadata"]["generation"], value["status"]["observedGeneration"]);
            assert_eq!(value["spec"]["replicas"], value["status"]["readyReplicas"]);
            assert_eq!(value["metadata"]["annotations"]["meta.helm.sh/release-namespace"], set.namespace());
        }
        let newest = store.get(Kind::Secrets, "gim-1", "sh.helm.release.v1.gim.v10").unwrap();
        let older = store.get(Kind::Secrets, "gim-1", "sh.helm.release.v1.gim.v9").unwrap();
        assert_eq!((newest.labels()["status"].as_str(), older.labels()["status"].as_str()), ("deployed", "superseded"));
        assert_eq!(newest.field("type"), "helm.sh/release.v1");
    }
}
