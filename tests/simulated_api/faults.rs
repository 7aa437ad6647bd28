//! The simulated API server when things go wrong.

use super::*;

#[tokio::test]
async fn faults_are_met_where_they_are_set() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    let pods = cluster.pods_of("gim");
    let faults = cluster.server.faults();
    let params = ListParams::default();

    for (fault, expected) in [(Fault::Status(500), 500), (Fault::Status(429), 429), (Fault::Forbidden, 403)] {
        let id = faults.set(On::verb(Verb::List), fault);
        assert_eq!(code(pods.list(&params).await), expected);
        assert!(pods.get("gim-0").await.is_ok());
        faults.unset(id);
    }
    for fault in [Fault::SilentBeforeHead, Fault::SilentAfterHead, Fault::SilentMidway] {
        for verb in [Verb::List, Verb::Get] {
            let id = faults.set(On::verb(verb).namespace("gim"), fault.clone());
            if verb == Verb::List {
                assert!(is_silent(pods.list(&params)).await, "{fault:?}");
                soon("the object", pods.get("gim-0")).await.unwrap();
            } else {
                assert!(is_silent(pods.get("gim-0")).await, "{fault:?}");
                soon("the list", pods.list(&params)).await.unwrap();
            }
            soon("the list of all", cluster.pods().list(&params)).await.unwrap();
            faults.unset(id);
        }
    }
    faults.set(On::verb(Verb::List), Fault::Malformed);
    assert!(matches!(pods.list(&params).await, Err(kube::Error::SerdeError(_))));
    faults.set(On::verb(Verb::Get).name("gim-0"), Fault::Body(pod("gim", "forged", "gim").to_string().into()));
    assert_eq!(pods.get("gim-0").await.unwrap().name_any(), "forged");
    faults.set(On::all().times(1), Fault::Disconnect);
    assert!(!matches!(pods.list(&params).await, Ok(_) | Err(kube::Error::Api(_))));
    faults.clear();
    assert_eq!(pods.list(&params).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_refusal_names_what_is_forbidden() {
    let cluster = Cluster::start().await;
    let faults = cluster.server.faults();
    faults.set(On::all().kind(Kind::Secrets).cluster_wide(), Fault::Forbidden);
    let secrets: Api<Secret> = Api::all(cluster.client.clone());
    let kube::Error::Api(status) = secrets.list(&ListParams::default()).await.unwrap_err() else { panic!("no Status") };
    assert_eq!(
        status.message,
        "secrets is forbidden: User \"system:serviceaccount:monitoring:gim-upgrade-exporter\" cannot list resource \
         \"secrets\" in API group \"\" at the cluster scope"
    );
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), "gim");
    assert!(secrets.list(&ListParams::default()).await.is_ok());

    faults.require_token(Some("right"));
    assert_eq!(code(cluster.pods().list(&ListParams::default()).await), 401);
    let mut config = Config::new(cluster.server.url().parse().unwrap());
    config.auth_info.token = Some("right".to_owned().into());
    let pods: Api<Pod> = Api::all(Client::try_from(config).unwrap());
    assert!(pods.list(&ListParams::default()).await.is_ok());
}

#[tokio::test]
async fn a_running_watch_falls_silent_and_another_mends_it() {
    let cluster = Cluster::start().await;
    let params = WatchParams::default();
    let mut silent = Box::pin(cluster.pods().watch(&params, "1").await.unwrap());
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    assert!(soon("the first", silent.try_next()).await.unwrap().is_some());
    let id = cluster.server.faults().set(On::verb(Verb::Watch).kind(Kind::Pods), Fault::SilentMidway);
    cluster.apply(Kind::Pods, pod("gim", "gim-1", "gim"));
    assert!(is_silent(silent.try_next()).await);
    cluster.server.faults().unset(id);
    assert!(is_silent(silent.try_next()).await, "a stream that died spoke again");
    let mut next = Box::pin(cluster.pods().watch(&params, "2").await.unwrap());
    let event = soon("the second", next.try_next()).await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Added(pod) if pod.name_any() == "gim-1"));
}

#[tokio::test]
async fn connections_drop_and_the_server_comes_back() {
    let Cluster { server, client } = Cluster::start().await;
    let pods: Api<Pod> = Api::all(client.clone());
    let mut events: Events<Pod> = Box::pin(watcher(pods, watcher::Config::default()));
    expect(&mut events, &["init", "done"]).await;
    let write = |store: &SharedStore, name: &str| {
        store.write(|store| store.apply(Kind::Pods, pod("gim", name, "gim"), Timestamp::UNIX_EPOCH).unwrap());
    };
    write(server.store(), "gim-0");
    expect(&mut events, &["apply gim-0"]).await;
    server.faults().drop_connections();
    write(server.store(), "gim-1");
    expect_through_errors(&mut events, "apply gim-1").await;

    let (store, faults) = (server.store().clone(), server.faults().clone());
    let options = ApiOptions { address: server.address(), ..ApiOptions::default() };
    server.stop().await;
    write(&store, "gim-2");
    let _back = ApiServer::start_with(store, faults, options).await.unwrap();
    expect_through_errors(&mut events, "apply gim-2").await;
}

/// A broken connection may be told as an error or two before the watcher is through again.
async fn expect_through_errors(events: &mut Events<Pod>, expected: &str) {
    for _ in 0..100 {
        let event = next(events).await;
        if event == expected {
            return;
        }
        assert!(event.starts_with("other "), "{event}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{expected} did not come");
}
