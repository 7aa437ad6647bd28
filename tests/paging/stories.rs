//! Stories: what happens, who is paged and how often, and what else is told.

use futures::StreamExt as _;
use gim_upgrade_exporter::observe::timing::Timing;

use crate::heard::{lines, told};
use crate::receiver::Notification;
use crate::stage::{Cluster, free_address, pager};

/// How many stories play at once.
const AT_ONCE: usize = 3;

/// What plays, and what is heard of it.
struct Story {
    scenario: &'static str,
    /// For how many minutes of the scenario.
    minutes: f64,
    /// When the exporter is killed, and when another one starts in its place.
    killed: Option<(f64, f64)>,
    /// Every page, in order; in short as `heard` has it.
    pages: &'static [&'static str],
    /// What else is told, whether once or often.
    besides: &'static [&'static str],
}

const STORIES: &[Story] = &[
    Story { scenario: "healthy-upgrade", minutes: 45.0, killed: None, pages: &[], besides: &[] },
];

/// Plays a story with Prometheus alone.
async fn play(story: &Story) -> Vec<Notification> {
    let (alertmanager, receiver) = pager().await;
    let addresses = [free_address(), free_address()];
    let cluster = Cluster::play(story.scenario).await;
    let mut exporter = Some(cluster.watched(&addresses[0], &[], Timing::default()).await);
    let _prometheus = cluster.prometheus(&addresses, &[alertmanager.server.address()]).await;
    let mut second = None;
    if let Some((killed, started)) = story.killed {
        cluster.reaches(killed).await;
        exporter.take().unwrap().stop().await;
        cluster.reaches(started).await;
        second = Some(cluster.watched(&addresses[1], &[], Timing::default()).await);
    }
    cluster.reaches(story.minutes).await;
    drop((exporter, second));
    receiver.notifications()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_must_be_paged_is_and_nobody_else() {
    let played = STORIES.iter().map(|story| async move { (story, play(story).await) });
    let mut played = futures::stream::iter(played).buffer_unordered(AT_ONCE);
    let mut differences = Vec::new();
    while let Some((story, heard)) = played.next().await {
        let pages = lines(&heard, "page");
        let besides: Vec<_> = told(&heard).into_iter().filter(|told| !told.starts_with("page ")).collect();
        if pages != story.pages || besides != story.besides {
            differences.push(format!("{}:\n  pages {pages:#?}\n  besides {besides:#?}", story.scenario));
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}
