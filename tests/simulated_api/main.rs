//! The simulated API server, driven by the client that the program uses: kube's `Api` and `watcher` over HTTP.

#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy's leave for tests ends at their helpers")]

mod faults;
mod watches;

use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use gim_upgrade_exporter::sim::api::{ApiOptions, ApiServer, SharedStore};
use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::{Kind, Store};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, GetParams, ListParams, PartialObjectMeta, WatchEvent, WatchParams};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Config, ResourceExt as _};
use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough that what was to be silent would have spoken.
const SILENCE: Duration = Duration::from_millis(300);

struct Cluster {
    server: ApiServer,
    client: Client,
}

impl Cluster {
    async fn start() -> Self {
        Self::start_with(ApiOptions::default()).await
    }

    async fn start_with(options: ApiOptions) -> Self {
        let store = SharedStore::new(Store::new());
        let server = ApiServer::start_with(store, std::sync::Arc::default(), options).await.unwrap();
        let client = client(&server.url());
        Self { server, client }
    }

    fn apply(&self, kind: Kind, value: Value) {
        self.server.store().write(|store| store.apply(kind, value, Timestamp::UNIX_EPOCH).unwrap());
    }

    fn delete(&self, kind: Kind, namespace: &str, name: &str) {
        self.server.store().write(|store| store.delete(kind, namespace, name, Timestamp::UNIX_EPOCH).unwrap());
    }

    fn pods(&self) -> Api<Pod> {
        Api::all(self.client.clone())
    }

    fn pods_of(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

fn client(url: &str) -> Client {
    let mut config = Config::new(url.parse().unwrap());
    // kube would ask again after 429, 503 and 504, up to 15 times: here each answer counts.
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

fn pod(namespace: &str, name: &str, app: &str) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": app}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry/gim:100.0.116.2900"}]},
        "status": {"phase": "Running"},
    })
}

fn secret(namespace: &str, name: &str, status: &str) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {"owner": "helm", "status": status}},
        "type": "helm.sh/release.v1",
        "data": {"release": "SDRzSUFBQUFBQUFD"},
    })
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

async fn is_silent<T>(future: impl Future<Output = T>) -> bool {
    tokio::time::timeout(SILENCE, future).await.is_err()
}

fn code<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> u16 {
    match result.unwrap_err() {
        kube::Error::Api(status) => status.code,
        other => panic!("no Status: {other}"),
    }
}

type Events<K> = Pin<Box<dyn Stream<Item = Result<Event<K>, watcher::Error>> + Send>>;

/// The next event of a watcher in a word or two.
async fn next<K: kube::Resource>(events: &mut Events<K>) -> String {
    match soon("an event", events.next()).await.unwrap() {
        Ok(Event::Init) => "init".to_owned(),
        Ok(Event::InitDone) => "done".to_owned(),
        Ok(Event::InitApply(object)) => format!("there {}", object.name_any()),
        Ok(Event::Apply(object)) => format!("apply {}", object.name_any()),
        Ok(Event::Delete(object)) => format!("delete {}", object.name_any()),
        Err(watcher::Error::WatchError(status)) => format!("error {}", status.code),
        Err(watcher::Error::InitialListFailed(kube::Error::Api(status))) => format!("list refused {}", status.code),
        Err(watcher::Error::WatchStartFailed(kube::Error::Api(status))) => format!("watch refused {}", status.code),
        Err(other) => format!("other {other}"),
    }
}

async fn expect<K: kube::Resource>(events: &mut Events<K>, expected: &[&str]) {
    for expected in expected {
        assert_eq!(next(events).await, *expected);
    }
}

#[tokio::test]
async fn objects_come_back_typed() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    cluster.apply(Kind::StatefulSets, json!({"metadata": {"namespace": "gim", "name": "gim"}, "spec": {"serviceName": "gim", "selector": {}, "template": {}}}));

    let found = cluster.pods_of("gim").get("gim-0").await.unwrap();
    assert_eq!(found.spec.unwrap().node_name.as_deref(), Some("node-1"));
    assert_eq!(found.metadata.creation_timestamp.unwrap().0, Timestamp::UNIX_EPOCH);
    let sets: Api<StatefulSet> = Api::all(cluster.client.clone());
    assert_eq!(sets.list(&ListParams::default()).await.unwrap().items[0].name_any(), "gim");
    assert_eq!(cluster.client.apiserver_version().await.unwrap().minor, "37");

    assert_eq!(code(cluster.pods_of("gim").get("gim-1").await), 404);
    assert_eq!(code(cluster.pods_of("gim").get_with("gim-0", &GetParams::at("99999")).await), 504);
    assert_eq!(code(cluster.pods_of("gim").delete("gim-0", &kube::api::DeleteParams::default()).await), 405);
    let services: Api<k8s_openapi::api::core::v1::Service> = Api::all(cluster.client.clone());
    assert_eq!(code(services.list(&ListParams::default()).await), 404);
}

#[tokio::test]
async fn pages_of_one_list_agree() {
    let cluster = Cluster::start().await;
    for number in 0..7 {
        cluster.apply(Kind::Pods, pod("gim", &format!("gim-{number}"), "gim"));
    }
    let mut params = ListParams::default().limit(3);
    let mut names = Vec::new();
    let mut revisions = Vec::new();
    loop {
        let page = cluster.pods().list(&params).await.unwrap();
        names.extend(page.items.iter().map(kube::ResourceExt::name_any));
        revisions.push(page.metadata.resource_version.unwrap());
        if names.len() == 3 {
            assert_eq!(page.metadata.remaining_item_count, Some(4));
            // None of this is on the pages to come.
            cluster.delete(Kind::Pods, "gim", "gim-4");
            cluster.apply(Kind::Pods, pod("gim", "gim-9", "gim"));
        }
        let Some(token) = page.metadata.continue_ else { break };
        params = params.continue_token(&token);
    }
    assert_eq!(names, (0..7).map(|number| format!("gim-{number}")).collect::<Vec<_>>());
    assert!(revisions.windows(2).all(|pair| pair[0] == pair[1]), "{revisions:?}");
}

#[tokio::test]
async fn an_old_page_or_version_is_gone() {
    let cluster = Cluster::start().await;
    for number in 0..4 {
        cluster.apply(Kind::Pods, pod("gim", &format!("gim-{number}"), "gim"));
    }
    let first = cluster.pods().list(&ListParams::default().limit(2)).await.unwrap();
    let revision = first.metadata.resource_version.unwrap();
    let next = ListParams::default().limit(2).continue_token(&first.metadata.continue_.unwrap());
    cluster.apply(Kind::Pods, pod("gim", "gim-9", "gim"));
    let exact = ListParams::default().at(&revision).matching(kube::api::VersionMatch::Exact);
    assert_eq!(cluster.pods().list(&exact).await.unwrap().items.len(), 4);

    cluster.server.store().write(Store::compact);
    assert_eq!(code(cluster.pods().list(&exact).await), 410);
    let kube::Error::Api(status) = cluster.pods().list(&next).await.unwrap_err() else { panic!("no Status") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    // Who takes the token of the refusal gets the rest as it is now.
    let rest = next.continue_token(&status.metadata.clone().unwrap().continue_.unwrap());
    let rest = cluster.pods().list(&rest).await.unwrap();
    assert_eq!(rest.items.iter().map(kube::ResourceExt::name_any).collect::<Vec<_>>(), ["gim-2", "gim-3"]);
    assert_eq!(code(cluster.pods().list(&ListParams::default().at("99999")).await), 504);
    let any = ListParams { limit: None, ..ListParams::default().match_any() };
    assert_eq!(cluster.pods().list(&any).await.unwrap().items.len(), 5);
}

#[tokio::test]
async fn metadata_comes_without_the_rest() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Secrets, secret("gim", "sh.helm.release.v1.gim.v1", "deployed"));
    cluster.apply(Kind::Secrets, json!({"metadata": {"namespace": "gim", "name": "other"}, "type": "Opaque"}));
    let secrets: Api<PartialObjectMeta<Secret>> = Api::all(cluster.client.clone());
    let params = ListParams::default().fields("type=helm.sh/release.v1").labels("owner=helm");
    let list = secrets.list(&params).await.unwrap();
    assert_eq!(list.types.kind, "PartialObjectMetadataList");
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.items[0].types.as_ref().unwrap().kind, "PartialObjectMetadata");
    assert_eq!(list.items[0].labels()["status"], "deployed");
    let one = Api::<PartialObjectMeta<Secret>>::namespaced(cluster.client.clone(), "gim");
    assert_eq!(one.get("other").await.unwrap().types.unwrap().api_version, "meta.k8s.io/v1");

    let request = http::Request::get("/api/v1/secrets")
        .header("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    let text = cluster.client.request_text(request.body(Vec::new()).unwrap()).await.unwrap();
    assert!(!text.contains("SDRzSUFBQUFBQUFD") && !text.contains("\"type\""), "{text}");
}

#[tokio::test]
async fn the_date_is_the_servers() {
    let clock: gim_upgrade_exporter::sim::api::DateClock = std::sync::Arc::new(|| Timestamp::UNIX_EPOCH);
    let cluster = Cluster::start_with(ApiOptions { date_clock: Some(clock), ..ApiOptions::default() }).await;
    let request = http::Request::get("/api/v1/pods").body(kube::client::Body::empty()).unwrap();
    let response = cluster.client.send(request).await.unwrap();
    assert_eq!(response.headers()["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
    let cluster = Cluster::start().await;
    let request = http::Request::get("/api/v1/pods").body(kube::client::Body::empty()).unwrap();
    assert!(cluster.client.send(request).await.unwrap().headers().contains_key("date"));
}
