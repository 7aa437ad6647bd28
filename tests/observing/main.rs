//! The observers, whole, against the simulated API server over HTTP: what the board would hear from them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy's leave for tests ends at their helpers")]

mod backups;
mod bodies;
mod endpoints;
mod silence;
mod watches;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::index::change::{Change, Delta};
use gim_upgrade_exporter::model::config_map::ConfigMap;
use gim_upgrade_exporter::model::dependency::Backup;
use gim_upgrade_exporter::model::release::{BodyState, Revision};
use gim_upgrade_exporter::model::scope::{KubernetesScope, Scope};
use gim_upgrade_exporter::model::signal::Reading;
use gim_upgrade_exporter::model::source::{ClockOffset, Contact, ErrorKind, SourceCondition, SourceId, SourceKind};
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Clock, Timestamp, between};
use gim_upgrade_exporter::model::wants::{BodyWant, EndpointWant};
use gim_upgrade_exporter::model::workload::{Pod, ReplicaSet, Workload};
use gim_upgrade_exporter::observe::client::{Access, ApiClient};
use gim_upgrade_exporter::observe::hearing::ServerClock;
use gim_upgrade_exporter::observe::timing::Timing;
use gim_upgrade_exporter::observe::{self, Setup};
use gim_upgrade_exporter::sim::api::{ApiOptions, ApiServer, SharedStore};
use gim_upgrade_exporter::sim::store::{Kind, Store};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program's waits, shortened in the same order.
const TIMING: Timing = Timing {
    watch: Duration::from_secs(1),
    silence: Duration::from_secs(3),
    watch_stale_after: Duration::from_secs(4),
    bodies_stale_after: Duration::from_secs(4),
    backoff_first: Duration::from_millis(50),
    backoff_longest: Duration::from_millis(400),
    forbidden: Duration::from_millis(300),
    reread: Duration::from_secs(20),
};

struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a board would know.
#[derive(Default)]
struct Heard {
    pods: BTreeMap<String, Pod>,
    workloads: BTreeMap<String, Workload>,
    replica_sets: BTreeMap<String, ReplicaSet>,
    revisions: BTreeMap<String, Revision>,
    config_maps: BTreeMap<String, ConfigMap>,
    bodies: Vec<(BodyWant, BodyState)>,
    readings: Vec<Reading>,
    backups: Vec<Backup>,
    sources: BTreeMap<SourceId, (Arc<Contact>, Duration)>,
    conditions: BTreeMap<SourceId, SourceCondition>,
    errors: Vec<(SourceId, ErrorKind, String)>,
    pod_resets: Vec<usize>,
    unreadable: BTreeSet<(SourceKind, String)>,
}

impl Heard {
    fn take(&mut self, change: Change) {
        match change {
            Change::Pod(delta) => {
                if let Delta::Reset { items, .. } = &delta {
                    self.pod_resets.push(items.len());
                }
                apply(&mut self.pods, "", delta, |pod| (&pod.namespace, pod.name.clone()));
            }
            Change::Workload(kind, delta) => {
                apply(&mut self.workloads, kind.as_str(), delta, |it| (&it.namespace, it.name.clone()));
            }
            Change::ReplicaSet(delta) => {
                apply(&mut self.replica_sets, "", delta, |it| (&it.namespace, it.name.clone()));
            }
            Change::Revision(delta) => apply(&mut self.revisions, "", delta, |it| (&it.namespace, it.object_name())),
            Change::Body(want, state) => self.bodies.push((want, state)),
            Change::Reading(reading) => self.readings.push(reading),
            Change::ConfigMap(delta) => apply(&mut self.config_maps, "", delta, |it| (&it.namespace, it.name.clone())),
            Change::Backup(backup) => self.backups.push(backup),
            Change::Probe(_)
            | Change::Database(_)
            | Change::Aggregation(_)
            | Change::BackupRun(_)
            | Change::Past(_) => {}
            Change::Unreadable { kind, namespace, any } => {
                let place = (kind, namespace.to_string());
                let told = if any { self.unreadable.insert(place) } else { self.unreadable.remove(&place) };
                assert!(told, "it was told already");
            }
            Change::SourceAdded { source, contact, stale_after } => {
                let again = self.sources.insert(source, (contact, stale_after));
                assert!(again.is_none(), "a source was added twice");
            }
            Change::SourceCondition(source, condition) => {
                self.conditions.insert(source, condition);
            }
            Change::SourceError { source, kind, detail } => self.errors.push((source, kind, detail.to_string())),
        }
    }

    fn condition(&self, kind: SourceKind, namespace: Option<&str>) -> Option<SourceCondition> {
        self.conditions.get(&id(kind, namespace)).copied()
    }

    fn count(&self, source: SourceKind, kind: ErrorKind) -> usize {
        self.errors.iter().filter(|(id, error, _)| id.kind == source && *error == kind).count()
    }

    /// Whether the source has been silent for so long that the board would call it stale.
    fn is_stale(&self, kind: SourceKind, namespace: Option<&str>) -> bool {
        let (contact, stale_after) = self.sources.get(&id(kind, namespace)).unwrap();
        contact.last().is_none_or(|last| between(last, Timestamp::now()) > *stale_after)
    }

    /// Whether all seven watches and the reader of bodies are synced.
    fn is_synced(&self) -> bool {
        self.conditions.len() >= 8 && self.conditions.values().all(|condition| *condition == SourceCondition::Synced)
    }

    fn kinds(&self, kind: SourceKind) -> BTreeSet<Option<&str>> {
        self.sources.keys().filter(|id| id.kind == kind).map(|id| id.namespace.as_deref()).collect()
    }
}

fn id(kind: SourceKind, namespace: Option<&str>) -> SourceId {
    SourceId { kind, namespace: namespace.map(Into::into) }
}

fn apply<T>(known: &mut BTreeMap<String, T>, prefix: &str, delta: Delta<T>, key: impl Fn(&T) -> (&Arc<str>, Arc<str>)) {
    let spell = |(namespace, name): (&Arc<str>, Arc<str>)| format!("{prefix}{namespace}/{name}");
    match delta {
        Delta::Apply(item) => {
            known.insert(spell(key(&item)), item);
        }
        Delta::Delete { namespace, name } => {
            known.remove(&spell((&namespace, name)));
        }
        Delta::Reset { namespace, items } => {
            let start = namespace.map_or_else(|| prefix.to_owned(), |namespace| format!("{prefix}{namespace}/"));
            known.retain(|key, _| !key.starts_with(&start));
            known.extend(items.into_iter().map(|item| (spell(key(&item)), item)));
        }
    }
}

/// The simulated server, the observers, and what was heard.
struct House {
    server: ApiServer,
    changes: mpsc::Receiver<Change>,
    heard: Heard,
    bodies: watch::Sender<Arc<Vec<BodyWant>>>,
    endpoints: watch::Sender<Arc<Vec<EndpointWant>>>,
    offset: Arc<ClockOffset>,
    observers: JoinHandle<observe::Ended>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.observers.abort();
    }
}

impl House {
    async fn build() -> Self {
        Self::over(server().await, KubernetesScope::Auto).await
    }

    async fn over(server: ApiServer, mode: KubernetesScope) -> Self {
        Self::start(server, mode, Duration::from_millis(200), Suite::default_suite()).await
    }

    /// Endpoints are read so often, and may take so long to answer.
    async fn reading_every(interval: Duration) -> Self {
        Self::start(server().await, KubernetesScope::Auto, interval, Suite::default_suite()).await
    }

    async fn watching(suite: Suite) -> Self {
        Self::start(server().await, KubernetesScope::Auto, Duration::from_millis(200), suite).await
    }

    async fn start(server: ApiServer, mode: KubernetesScope, signal_interval: Duration, suite: Suite) -> Self {
        let offset = Arc::new(ClockOffset::default());
        let clock = Arc::new(ServerClock::new(Arc::new(MachineClock), Arc::clone(&offset)));
        let access = Access::Url(server.url().parse().unwrap());
        let api = ApiClient::connect(access, TIMING.silence, clock).await.unwrap();
        let (sender, changes) = mpsc::channel(64);
        let (bodies, wanted_bodies) = watch::channel(Arc::default());
        let (endpoints, wanted_endpoints) = watch::channel(Arc::default());
        let setup = Setup {
            api,
            suites: vec![suite],
            scope: Scope { kubernetes_scope: mode, ..Scope::default() },
            signal_interval,
            trend_window: Duration::from_secs(10),
            probe_interval: signal_interval,
            database_interval: signal_interval,
            prometheus: None,
            timing: TIMING,
            changes: sender,
            bodies: wanted_bodies,
            endpoints: wanted_endpoints,
            queries: watch::channel(Arc::default()).1,
        };
        let observers = tokio::spawn(observe::run(setup));
        Self { server, changes, heard: Heard::default(), bodies, endpoints, offset, observers }
    }

    /// Hears changes until `done`.
    async fn until(&mut self, what: &str, done: impl Fn(&Heard) -> bool) {
        let mut hear = async || {
            while !done(&self.heard) {
                // Staleness comes by waiting, not by a change.
                if let Ok(change) = timeout(Duration::from_millis(20), self.changes.recv()).await {
                    self.heard.take(change.unwrap());
                }
            }
        };
        let heard = timeout(PATIENCE, hear()).await;
        let errors = self.heard.errors.iter().rev().take(5).collect::<Vec<_>>();
        let conditions = &self.heard.conditions;
        assert!(heard.is_ok(), "never: {what}; newest errors: {errors:?}; conditions: {conditions:?}");
    }

    async fn until_synced(&mut self) {
        self.until("synced", Heard::is_synced).await;
    }

    /// Hears changes for a while.
    async fn listen(&mut self, span: Duration) {
        let hear = async {
            while let Some(change) = self.changes.recv().await {
                self.heard.take(change);
            }
        };
        let _ = timeout(span, hear).await;
    }

    fn apply(&self, kind: Kind, value: Value) {
        apply_to(&self.server, kind, value);
    }

    fn delete(&self, kind: Kind, namespace: &str, name: &str) {
        self.server.store().write(|store| store.delete(kind, namespace, name, Timestamp::now())).unwrap();
    }
}

async fn server() -> ApiServer {
    server_with(ApiOptions::default()).await
}

async fn server_with(options: ApiOptions) -> ApiServer {
    ApiServer::start_with(SharedStore::new(Store::new()), Arc::default(), options).await.unwrap()
}

fn apply_to(server: &ApiServer, kind: Kind, value: Value) {
    server.store().write(|store| store.apply(kind, value, Timestamp::now())).unwrap();
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry/gim:100.0.116.2900"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// A pod that the API server would hold and that cannot be decoded.
fn bad_pod(namespace: &str, name: &str) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name}, "spec": {"containers": "none"}})
}

fn workload(namespace: &str, name: &str) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": name, "generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "registry/gim:1"}]}}},
        "status": {"observedGeneration": 1},
    })
}

fn secret(namespace: &str, release: &str, version: u32, data: &str) -> Value {
    json!({
        "metadata": {
            "namespace": namespace, "name": format!("sh.helm.release.v1.{release}.v{version}"),
            "labels": {"owner": "helm", "name": release, "version": version.to_string(), "status": "deployed"},
        },
        "type": "helm.sh/release.v1",
        "data": {"release": data},
    })
}
