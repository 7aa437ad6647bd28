//! A simulated cluster with two suites at rest, `default` and `other`, each upgraded long ago and in good health.
//!
//! Nothing in it moves by itself: a test writes into its store, sets faults, and changes what the metrics pages answer.

use std::sync::Arc;

use gim_upgrade_exporter::config::Config;
use gim_upgrade_exporter::model::time::Timestamp;
use gim_upgrade_exporter::sim::api::{ApiOptions, ApiServer, SharedStore};
use gim_upgrade_exporter::sim::faults::Faults;
use gim_upgrade_exporter::sim::metrics_page::MetricsAnswer;
use gim_upgrade_exporter::sim::scenario::Scenario;
use gim_upgrade_exporter::sim::store::{Kind, Store};
use gim_upgrade_exporter::sim::world::World;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::files::Folder;
use crate::pages::Pages;

/// The suites, and what their namespaces end with.
pub const SUITES: [(&str, &str); 2] = [("default", ""), ("other", "-b")];
/// In each UID that the world gives; the second suite's objects have another.
const UID_MARK: (&str, &str) = ("-51ed-", "-51ee-");

/// A kubeconfig of the cluster at a URL.
pub fn kubeconfig(url: &str) -> String {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": url}}],
        "users": [{"name": "it", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    });
    kubeconfig.to_string()
}

pub struct Cluster {
    pub runtime: Arc<Runtime>,
    pub store: SharedStore,
    pub faults: Arc<Faults>,
    pub pages: Pages,
    /// `helm.access` of the configuration.
    pub helm_access: &'static str,
    server: Option<ApiServer>,
    folder: Folder,
}

impl Cluster {
    pub fn new(test: &str) -> Self {
        let scenario = Scenario::find("at-rest").unwrap();
        let now = Timestamp::now();
        let mut world = World::new(&scenario, now, 1.0).unwrap();
        let mut store = Store::new();
        world.advance(&mut store, now);
        let Some(MetricsAnswer::Page(page)) = world.metrics_page("gim-0", now) else { panic!("gim-0 has no page") };
        let copies: Vec<(Kind, Value)> = Kind::ALL
            .into_iter()
            .flat_map(|kind| store.iter(kind).map(move |object| (kind, object.to_json())))
            .map(|(kind, json)| {
                let renamed = String::from_utf8(json).unwrap().replace(UID_MARK.0, UID_MARK.1);
                let mut value: Value = serde_json::from_str(&renamed).unwrap();
                let namespace = format!("{}-b", value["metadata"]["namespace"].as_str().unwrap());
                value["metadata"]["namespace"] = json!(namespace);
                (kind, value)
            })
            .collect();
        for (kind, value) in copies {
            store.apply(kind, value, now).unwrap();
        }
        let runtime =
            Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
        let (store, faults) = (SharedStore::new(store), Arc::<Faults>::default());
        let server = runtime.block_on(ApiServer::start_with(store.clone(), Arc::clone(&faults), ApiOptions::default()));
        let pages = Pages::serve(&SUITES.map(|(suite, _)| (suite, page.as_str())));
        let (server, folder) = (Some(server.unwrap()), Folder::new(test));
        Self { runtime, store, faults, pages, helm_access: "read", server, folder }
    }

    pub fn url(&self) -> String {
        self.server.as_ref().unwrap().url()
    }

    /// The newest resource version.
    pub fn version(&self) -> u64 {
        self.store.read(Store::revision)
    }

    /// Kills the API server, connections and all, and lets it come back at the same address after `meanwhile`.
    pub fn kill(&mut self, meanwhile: impl FnOnce()) {
        let server = self.server.take().unwrap();
        let options = ApiOptions { address: server.address(), ..ApiOptions::default() };
        self.runtime.block_on(server.stop());
        self.faults.drop_connections();
        meanwhile();
        let (store, faults) = (self.store.clone(), Arc::clone(&self.faults));
        self.server = Some(self.runtime.block_on(ApiServer::start_with(store, faults, options)).unwrap());
    }

    /// Forgets what happened so far, so that every watch must list anew, and breaks the watches that run.
    pub fn forget_history(&self) {
        // A watch that has seen the newest change can go on from it: here is one that it did not see.
        self.apply(Kind::ConfigMaps, json!({"metadata": {"namespace": "elsewhere", "name": "unwatched"}}));
        self.store.write(Store::compact);
        self.faults.drop_connections();
    }

    /// A kubeconfig of this cluster.
    pub fn kubeconfig(&self) -> String {
        self.folder.write("kubeconfig", &kubeconfig(&self.url()))
    }

    /// A configuration file that names both suites; metrics are read every `interval`.
    pub fn config_file(&self, interval: &str) -> String {
        self.config_of(&self.config_value(interval))
    }

    /// What is in it.
    pub fn config_value(&self, interval: &str) -> Value {
        let suites = SUITES.map(|(suite, end)| {
            json!({
                "name": suite,
                "gim": {"namespace": format!("gim{end}"), "metrics": {"url": self.pages.url(suite)}},
                "gsp": {"namespace": format!("gsp{end}"), "metrics": "none"},
                "gca": {"namespace": format!("gca{end}")},
            })
        });
        // As short as windows may be, but no shorter than this machine's moods.
        let window = if interval == "15s" { "1m" } else { "8s" };
        json!({
            "suites": suites, "signals": {"interval": interval}, "policy": {"trend_window": window},
            "helm": {"access": self.helm_access},
        })
    }

    /// A file beside the configuration, such as a password.
    pub fn file(&self, name: &str, text: &str) -> String {
        self.folder.write(name, text)
    }

    /// A configuration file with just this.
    pub fn config_of(&self, config: &Value) -> String {
        // JSON is YAML.
        self.folder.write("config.yaml", &config.to_string())
    }

    pub fn config(&self, interval: &str) -> Config {
        Config::read(self.config_file(interval).as_ref()).unwrap()
    }

    /// Writes an object, as it is, or over what there is of that name.
    pub fn apply(&self, kind: Kind, value: Value) {
        self.store.write(|store| store.apply(kind, value, Timestamp::now()).unwrap());
    }

    pub fn delete(&self, kind: Kind, namespace: &str, name: &str) {
        let deleted = self.store.write(|store| store.delete(kind, namespace, name, Timestamp::now()));
        assert!(deleted.is_some(), "{namespace}/{name}");
    }

    /// An object as it is, to be changed and applied.
    pub fn object(&self, kind: Kind, namespace: &str, name: &str) -> Value {
        self.store.read(|store| store.get(kind, namespace, name).unwrap().to_value())
    }

    /// The newest revision of a release.
    pub fn newest_revision(&self, namespace: &str, release: &str) -> (u64, Value) {
        let of = |value: &Value| value["metadata"]["labels"]["name"] == release;
        let number = |value: &Value| value["metadata"]["labels"]["version"].as_str().unwrap().parse::<u64>().unwrap();
        self.store.read(|store| {
            let secrets = store.iter_namespace(Kind::Secrets, namespace).map(|object| object.to_value()).filter(of);
            secrets.map(|value| (number(&value), value)).max_by_key(|(number, _)| *number).unwrap()
        })
    }

    /// Writes one more revision of a release, as an upgrade that is done would, with this text as its body.
    pub fn add_revision(&self, namespace: &str, release: &str, body: &str) -> String {
        let (number, mut value) = self.newest_revision(namespace, release);
        let name = format!("sh.helm.release.v1.{release}.v{}", number + 1);
        value["metadata"]["name"] = json!(name);
        value["metadata"]["uid"] = json!(format!("{:08x}-0000-4000-8000-000000000000", number + 1));
        value["metadata"]["labels"]["version"] = json!((number + 1).to_string());
        value["metadata"]["creationTimestamp"] = json!(self.store.read(|store| store.timestamp(Timestamp::now())));
        value["data"]["release"] = json!(body);
        self.apply(Kind::Secrets, value);
        name
    }
}
