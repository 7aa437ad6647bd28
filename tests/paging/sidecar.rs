//! The exporter's own posts: they say what the rules say, make one alert of two, and stay where Prometheus or Alertmanager goes.

use std::collections::BTreeMap;
use std::time::Duration;

use gim_upgrade_exporter::model::time::Timestamp;
use gim_upgrade_exporter::observe::timing::Timing;

use crate::alertmanager::{Alertmanager, Labels};
use crate::heard::lines;
use crate::stage::{Cluster, INTERVAL, free_address, pager, undisturbed};

/// How often Alertmanagers are asked what they have.
const LOOK: Duration = Duration::from_millis(100);
/// How long an alert outlives its last post.
const EXPIRY: Duration = Duration::from_secs(90);
/// The scenario's time between two conclusions of the exporter.
const CONCLUSIONS: Duration = Duration::from_secs(5);
/// What Alertmanager, and asking it, may take in real time.
const SLACK: Duration = Duration::from_millis(600);
/// What one of the two tells alone.
const ALONE: [&str; 3] = ["GimUpgradeWatchdog", "GimUpgradeSidecarWatchdog", "GimUpgradeExporterAbsent"];
/// What begins and ends within a scrape may be seen by one of the two alone.
const BRIEF: [&str; 1] = ["GimUpgradeInProgress"];

/// From when to when an Alertmanager had each alert.
#[derive(Default)]
struct Seen(BTreeMap<Labels, Vec<(Timestamp, Timestamp)>>);

impl Seen {
    async fn look(&mut self, alertmanager: &Alertmanager, gap: Duration) {
        let now = Timestamp::now();
        for alert in alertmanager.alerts(&[]).await.unwrap() {
            let name = alert.labels["alertname"].as_str();
            if ALONE.contains(&name) || BRIEF.contains(&name) {
                continue;
            }
            let spans = self.0.entry(alert.labels).or_default();
            match spans.last_mut() {
                Some((_, last)) if now.duration_since(*last) < gap.try_into().unwrap() => *last = now,
                _ => spans.push((now, now)),
            }
        }
    }
}

/// What is different between what the rules and the exporter itself told.
async fn compared(scenario: &str, minutes: f64, speed: u32) -> Result<(), String> {
    let ((by_rules, _heard), (by_itself, _also)) = (pager(speed).await, pager(speed).await);
    let address = free_address();
    let cluster = Cluster::play(scenario, speed).await;
    let exporter = cluster.watched(&address, &[by_itself.server.address()], Timing::default()).await;
    let _prometheus = cluster.prometheus(&[address], &[by_rules.server.address()]).await;
    let gap = Duration::from_secs(2).max(EXPIRY / speed);
    let (mut ruled, mut concluded) = (Seen::default(), Seen::default());
    let over = cluster.at(minutes);
    while Timestamp::now() < over {
        ruled.look(&by_rules, gap).await;
        concluded.look(&by_itself, gap).await;
        tokio::time::sleep(LOOK).await;
    }
    exporter.stop().await;

    let begin = (INTERVAL * 2 + CONCLUSIONS) / speed + SLACK;
    let end = begin + EXPIRY / speed;
    let is_near = |a: Timestamp, b: Timestamp, within: Duration| a.duration_since(b).unsigned_abs() <= within;
    let mut found = Vec::new();
    for labels in ruled.0.keys().chain(concluded.0.keys()) {
        let (Some(rule), Some(own)) = (ruled.0.get(labels), concluded.0.get(labels)) else {
            found.push(format!("only one of the two told {labels:?}"));
            continue;
        };
        // What goes on when the play is over has ended for neither.
        let same = rule.len() == own.len()
            && rule.iter().zip(own).all(|(rule, own)| is_near(rule.0, own.0, begin) && is_near(rule.1, own.1, end));
        if !same {
            found.push(format!("{labels:?}: the rules {rule:?}, the exporter {own:?}"));
        }
    }
    if ruled.0.is_empty() {
        found.push("nothing fired".to_owned());
    }
    found.sort();
    found.dedup();
    if found.is_empty() { Ok(()) } else { Err(format!("{scenario}:\n  {}", found.join("\n  "))) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_tell_the_same() {
    let played = [("rollback-stale-pod", 26.0), ("image-missing-kafka-down", 15.0), ("metrics-absent", 20.0)];
    let played = played.map(|(scenario, minutes)| undisturbed(move |speed| compared(scenario, minutes, speed)));
    for played in futures::future::join_all(played).await {
        played.unwrap();
    }
}

/// What happens to the way to the pager, and when.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    AlertmanagerAway,
    PrometheusGone,
}

/// With Prometheus and the exporter both posting to one Alertmanager.
async fn paged_once(trouble: Trouble, speed: u32) -> Result<(), String> {
    let (mut alertmanager, receiver) = pager(speed).await;
    let (address, to) = (free_address(), [alertmanager.server.address()]);
    let cluster = Cluster::play("image-missing", speed).await;
    let exporter = cluster.watched(&address, &to, Timing::default()).await;
    let mut prometheus = cluster.prometheus(&[address], &to).await;
    match trouble {
        Trouble::None => {}
        // The alert begins to fire meanwhile.
        Trouble::AlertmanagerAway => {
            cluster.reaches(4.0).await;
            alertmanager.server.stop().unwrap();
            cluster.reaches(5.0).await;
            alertmanager.server.start_again().await.unwrap();
        }
        Trouble::PrometheusGone => {
            cluster.reaches(7.0).await;
            prometheus.server.kill().unwrap();
        }
    }
    cluster.reaches(14.0).await;
    let alerts = alertmanager.alerts(&["alertname=\"GimUpgradeRollBackAdvised\""]).await.unwrap();
    let pages = lines(&receiver.notifications(), "page");
    exporter.stop().await;
    if alerts.len() == 1 && pages == ["page gim RollBackAdvised"] {
        return Ok(());
    }
    Err(format!("{} alerts, pages {pages:#?}", alerts.len()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_ways_make_one_page_whatever_goes_away() {
    let troubles = [Trouble::None, Trouble::AlertmanagerAway, Trouble::PrometheusGone];
    let played = troubles.map(|trouble| undisturbed(move |speed| paged_once(trouble, speed)));
    for played in futures::future::join_all(played).await {
        played.unwrap();
    }
}
