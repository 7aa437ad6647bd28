//! Watches of the simulated API server.

use std::collections::BTreeMap;

use super::*;

#[tokio::test]
async fn both_strategies_of_a_watcher_hear_the_same() {
    for streaming in [false, true] {
        let cluster = Cluster::start().await;
        cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
        cluster.apply(Kind::Pods, pod("gsp", "gsp-0", "gsp"));
        let config = watcher::Config::default().page_size(1);
        let config = if streaming { config.streaming_lists() } else { config };
        let mut events: Events<Pod> = Box::pin(watcher(cluster.pods(), config));
        expect(&mut events, &["init", "there gim-0", "there gsp-0", "done"]).await;
        cluster.apply(Kind::Pods, pod("gim", "gim-1", "gim"));
        expect(&mut events, &["apply gim-1"]).await;
        cluster.delete(Kind::Pods, "gim", "gim-0");
        cluster.apply(Kind::Pods, pod("gim", "gim-2", "gim"));
        expect(&mut events, &["delete gim-0", "apply gim-2"]).await;
        let lists = cluster.server.faults().count(Verb::List, Kind::Pods);
        assert_eq!(lists, if streaming { 0 } else { 2 }, "streaming {streaming}");
    }
}

#[tokio::test]
async fn a_server_without_streaming_lists_refuses_them() {
    let cluster = Cluster::start_with(ApiOptions { streaming_lists: false, ..ApiOptions::default() }).await;
    let mut events: Events<Pod> = Box::pin(watcher(cluster.pods(), watcher::Config::default().streaming_lists()));
    expect(&mut events, &["watch refused 422"]).await;
}

#[tokio::test]
async fn an_object_enters_and_leaves_a_selector() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    cluster.apply(Kind::Pods, pod("gsp", "gim-0", "gim"));
    let config = watcher::Config::default().labels("app in (gim)");
    let mut events: Events<Pod> = Box::pin(watcher(cluster.pods_of("gim"), config));
    expect(&mut events, &["init", "there gim-0", "done"]).await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "other"));
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "another"));
    cluster.apply(Kind::Pods, pod("gsp", "gim-0", "gim"));
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    expect(&mut events, &["delete gim-0", "apply gim-0"]).await;
}

#[tokio::test]
async fn a_watch_of_metadata_hears_metadata() {
    let cluster = Cluster::start().await;
    let secrets: Api<PartialObjectMeta<Secret>> = Api::namespaced(cluster.client.clone(), "gim");
    let mut events: Events<PartialObjectMeta<Secret>> = Box::pin(watcher(secrets, watcher::Config::default()));
    expect(&mut events, &["init", "done"]).await;
    cluster.apply(Kind::Secrets, secret("gim", "sh.helm.release.v1.gim.v1", "pending-install"));
    let Ok(Event::Apply(seen)) = soon("the Secret", events.next()).await.unwrap() else { panic!("no apply") };
    assert_eq!(seen.types.unwrap().kind, "PartialObjectMetadata");
    assert_eq!(seen.metadata.labels.unwrap()["status"], "pending-install");
}

#[tokio::test]
async fn after_compaction_a_watcher_begins_anew() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    let mut events: Events<Pod> = Box::pin(watcher(cluster.pods(), watcher::Config::default()));
    expect(&mut events, &["init", "there gim-0", "done"]).await;
    // The watch has not begun yet: it will ask for a version that is forgotten.
    cluster.apply(Kind::Pods, pod("gim", "gim-1", "gim"));
    cluster.server.store().write(Store::compact);
    expect(&mut events, &["error 410", "init", "there gim-0", "there gim-1", "done"]).await;
    cluster.delete(Kind::Pods, "gim", "gim-1");
    expect(&mut events, &["delete gim-1"]).await;
}

#[tokio::test]
async fn bookmarks_tell_how_far_a_watch_has_come() {
    let options = ApiOptions { bookmark_interval: Duration::from_millis(20), ..ApiOptions::default() };
    let cluster = Cluster::start_with(options).await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    let mut events = Box::pin(cluster.pods().watch(&WatchParams::default(), "2").await.unwrap());
    // A change of another kind moves the bookmark, though it is nothing to this watch.
    cluster.apply(Kind::Secrets, secret("gim", "s", "deployed"));
    let moved = async {
        while let Some(WatchEvent::Bookmark(bookmark)) = events.try_next().await.unwrap() {
            assert_eq!(bookmark.types.kind, "Pod");
            if bookmark.metadata.resource_version == "3" {
                return;
            }
        }
        panic!("no bookmark at 3");
    };
    soon("a bookmark", moved).await;
}

#[tokio::test]
async fn a_watch_ends_when_its_time_is_up() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    let params = WatchParams::default().timeout(1);
    let events = cluster.pods().watch(&params, "1").await.unwrap();
    let events = soon("the end", events.try_collect::<Vec<_>>()).await.unwrap();
    assert!(matches!(events.as_slice(), [WatchEvent::Added(_)]), "{events:?}");
}

#[tokio::test]
async fn a_watch_from_any_version_begins_with_what_is_there() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    for (bookmarks, expected) in [(false, vec!["ADDED"]), (true, vec!["ADDED", "BOOKMARK"])] {
        let params = WatchParams { bookmarks, ..WatchParams::default() };
        let mut events = Box::pin(cluster.pods().watch(&params, "0").await.unwrap());
        for expected in expected {
            let event = soon("an event", events.try_next()).await.unwrap().unwrap();
            assert_eq!(serde_json::to_value(event).unwrap()["type"], expected, "bookmarks {bookmarks}");
        }
        assert!(is_silent(events.try_next()).await);
    }
}

#[tokio::test]
async fn at_rest_nothing_is_asked_but_the_watches() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    let mut events: Events<Pod> = Box::pin(watcher(cluster.pods_of("gim"), watcher::Config::default()));
    expect(&mut events, &["init", "there gim-0", "done"]).await;
    cluster.server.faults().reset_counts();
    for phase in ["Pending", "Running"] {
        let mut changed = pod("gim", "gim-0", "gim");
        changed["status"]["phase"] = json!(phase);
        cluster.apply(Kind::Pods, changed);
    }
    expect(&mut events, &["apply gim-0"]).await;
    let counts: BTreeMap<_, _> = cluster.server.faults().counts();
    let counts: Vec<_> = counts.iter().map(|(asked, count)| (asked.verb, asked.namespace.as_deref(), *count)).collect();
    assert_eq!(counts, [(Verb::Watch, Some("gim"), 1)]);
}

#[tokio::test]
async fn a_watch_waits_for_a_version_that_is_to_come() {
    let cluster = Cluster::start().await;
    cluster.apply(Kind::Pods, pod("gim", "gim-0", "gim"));
    let mut events = Box::pin(cluster.pods().watch(&WatchParams::default(), "3").await.unwrap());
    cluster.apply(Kind::Pods, pod("gim", "gim-1", "gim"));
    cluster.apply(Kind::Pods, pod("gim", "gim-2", "gim"));
    let event = soon("an event", events.try_next()).await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Added(pod) if pod.name_any() == "gim-2"));
}
