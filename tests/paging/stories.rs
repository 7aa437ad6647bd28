//! Stories: what happens, who is paged and how often, and what else is told.

use futures::StreamExt as _;
use gim_upgrade_exporter::observe::timing::Timing;

use crate::heard::{lines, told};
use crate::receiver::Notification;
use crate::stage::{Cluster, HELD_UP, free_address, pager, undisturbed};

/// How many stories play at once.
const AT_ONCE: usize = 3;

/// What plays, and what is heard of it.
struct Story {
    scenario: &'static str,
    /// For how many minutes of the scenario.
    minutes: f64,
    /// When the exporter is killed, and when another one starts in its place.
    killed: Option<(f64, f64)>,
    /// Every page, in order for each component; in short as `heard` has it.
    pages: &'static [&'static str],
    /// What else is told, whether once or often.
    besides: &'static [&'static str],
}

const fn story(scenario: &'static str, minutes: f64) -> Story {
    Story { scenario, minutes, killed: None, pages: &[], besides: &[] }
}

const STORIES: &[Story] = &[
    // Nothing at all.
    story("healthy-upgrade", 45.0),
    // Helm gives up before it is certain that no node comes.
    Story {
        pages: &["page gim RollBackAdvised"],
        besides: &["ticket gim ReleaseFailed"],
        ..story("pod-pending", 30.0)
    },
    // Months after any upgrade.
    Story { pages: &["page gim PodStuckPending"], ..story("drained-node-no-room", 67.0) },
    Story { pages: &["page gim RollBackAdvised"], ..story("image-missing", 15.0) },
    // Neither an end nor a second page where the exporter starts anew.
    Story { pages: &["page gim RollBackAdvised"], killed: Some((6.0, 8.0)), ..story("image-missing", 20.0) },
    Story { pages: &["page gim MetricsAbsent", "page gim RollBackAdvised"], ..story("metrics-absent", 28.0) },
    Story {
        pages: &[
            "page gca ExporterAbsent",
            "page gca ended:ExporterAbsent",
            "page gim ExporterAbsent",
            "page gim ended:ExporterAbsent",
            "page gsp ExporterAbsent",
            "page gsp ended:ExporterAbsent",
        ],
        killed: Some((2.0, 12.0)),
        ..story("at-rest", 30.0)
    },
    Story { pages: &["page gim RollBackAdvised"], ..story("backlog-growing", 43.0) },
    // The rollback is done as advised, and then the pod deleted.
    Story {
        pages: &[
            "page gim RollBackAdvised",
            "page gim RestartPodAdvised+RollBackAdvised",
            "page gim RestartPodAdvised ended:RollBackAdvised",
            "page gim ended:RestartPodAdvised",
        ],
        ..story("rollback-stale-pod", 30.0)
    },
    // Nobody is told to roll back before Kafka is there again.
    Story {
        pages: &[
            "page gca DependencyDown",
            "page gca ended:DependencyDown",
            "page gim DependencyDown",
            "page gim RollBackAdvised ended:DependencyDown",
            "page gsp DependencyDown",
            "page gsp ended:DependencyDown",
        ],
        ..story("image-missing-kafka-down", 22.0)
    },
];

/// Plays a story with Prometheus alone.
async fn play(story: &Story, speed: u32) -> Result<Vec<Notification>, String> {
    let (alertmanager, receiver) = pager(speed).await;
    let addresses = [free_address(), free_address()];
    let cluster = Cluster::play(story.scenario, speed).await;
    let mut exporter = Some(cluster.watched(&addresses[0], &[], Timing::default()).await);
    let prometheus = cluster.prometheus(&addresses, &[alertmanager.server.address()]).await;
    let mut second = None;
    if let Some((killed, started)) = story.killed {
        cluster.reaches(killed).await;
        exporter.take().unwrap().stop().await;
        cluster.reaches(started).await;
        second = Some(cluster.watched(&addresses[1], &[], Timing::default()).await);
    }
    cluster.reaches(story.minutes).await;
    let missed = prometheus.query("min_over_time(up{pod=\"gim-upgrade-exporter-0\"}[1h]) == 0").await.unwrap();
    drop((exporter, second));
    // Nobody answered in time who was there: what Prometheus makes of that is right, and no part of the story.
    if story.killed.is_none() && !missed.is_empty() {
        return Err(format!("{HELD_UP}: a scrape of {} was not answered in time", story.scenario));
    }
    Ok(receiver.notifications())
}

/// What is different from what was expected.
async fn differences(story: &Story, speed: u32) -> Result<(), String> {
    let heard = play(story, speed).await?;
    let mut pages = lines(&heard, "page");
    // Which component's page comes first is no matter.
    pages.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    let besides: Vec<_> = told(&heard).into_iter().filter(|told| !told.starts_with("page ")).collect();
    if pages == story.pages && besides == story.besides {
        return Ok(());
    }
    Err(format!("{} {:?}:\n  pages {pages:#?}\n  besides {besides:#?}", story.scenario, story.killed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_must_be_paged_is_and_nobody_else() {
    let played = STORIES.iter().map(|story| undisturbed(move |speed| differences(story, speed)));
    let mut played = futures::stream::iter(played).buffer_unordered(AT_ONCE);
    let mut failures = Vec::new();
    while let Some(played) = played.next().await {
        failures.extend(played.err());
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
