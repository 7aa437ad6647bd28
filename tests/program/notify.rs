//! Alerts that the whole program posts to Alertmanagers of the test's own: when they begin and end, what is taken over at a
//! start, and what becomes of them where an Alertmanager hangs, is down, refuses, or wants a proof.

use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::config::Config;
use gim_upgrade_exporter::model::alerting::AlertmanagerAt;
use gim_upgrade_exporter::model::time::{Timestamp, after, before};
use gim_upgrade_exporter::observe::timing::Timing;
use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::cluster::Cluster;
use crate::fake_alertmanager::{FakeAlertmanager, Manner, time};
use crate::inside::Inside;
use crate::process::Process;
use crate::site::{OPEN_METRICS, PLAIN, Site, eventually};

/// By what the times of alerts are divided: a minute is two seconds, and what is posted holds for three.
const SCALE: u32 = 30;
const MINUTE: Duration = Duration::from_secs(2);
/// How long a post may take: an Alertmanager that hangs is given up soon.
const TIMEOUT: Duration = Duration::from_millis(500);
const IMAGE: &str = "GimUpgradeImageNotAvailable";
const WATCHDOG: &str = "GimUpgradeSidecarWatchdog";
const CANARY: &str = "canary-7d21b0";

fn config(cluster: &Cluster, alertmanagers: &[&FakeAlertmanager]) -> (Config, AlertmanagerAt) {
    let mut config = cluster.config("500ms");
    config.policy.times.gim.image_grace = Duration::from_secs(1);
    config.alerts.external_url = Some("https://monitoring.example/gim/".into());
    let at = AlertmanagerAt {
        urls: alertmanagers.iter().map(|alertmanager| alertmanager.url().into()).collect(),
        labels: [("cluster".to_owned(), "prod".to_owned())].into(),
        bearer_token_file: None,
        basic_auth: None,
        ca_file: None,
        timeout: TIMEOUT,
    };
    (config, at)
}

fn start(cluster: &Cluster, config: (Config, AlertmanagerAt)) -> Inside {
    start_scaled(cluster, config, SCALE)
}

fn start_scaled(cluster: &Cluster, (config, at): (Config, AlertmanagerAt), time_scale: u32) -> Inside {
    let timing = Timing { backoff_longest: Duration::from_millis(200), ..Timing::default() };
    Inside::start_with(cluster, Config { alertmanager: Some(at), ..config }, timing, time_scale)
}

/// GIM's pod as it is when its image cannot be pulled.
fn without_image(mut pod: Value) -> Value {
    pod["status"]["phase"] = json!("Pending");
    for condition in pod["status"]["conditions"].as_array_mut().unwrap() {
        if condition["type"] != "PodScheduled" {
            condition["status"] = json!("False");
        }
    }
    let container = &mut pod["status"]["containerStatuses"][0];
    container["ready"] = json!(false);
    container["started"] = json!(false);
    container["state"] = json!({"waiting": {"reason": "ImagePullBackOff"}});
    pod
}

/// An alert as an Alertmanager tells of it.
fn known(further: &[(&str, &str)], starts_at: Timestamp) -> Value {
    let mut labels: serde_json::Map<String, Value> =
        [("alertname", IMAGE), ("severity", "critical"), ("suite", "default"), ("component", "gim")]
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .into_iter()
            .collect();
    labels.extend(further.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    json!({
        "labels": labels, "annotations": {"summary": "as it was"}, "startsAt": starts_at.to_string(),
        "endsAt": after(starts_at, Duration::from_hours(2)).to_string(), "status": {"state": "active"},
    })
}

/// A count of one Alertmanager.
fn count(site: &Site, name: &str, alertmanager: &FakeAlertmanager) -> f64 {
    let series = format!("gim_upgrade_exporter_notifications_{name}{{alertmanager=\"{}\"}}", alertmanager.url());
    site.series()[&series].parse().unwrap()
}

fn wait_for(what: &str, alertmanager: &FakeAlertmanager, name: &str, fires: bool) {
    eventually(what, || alertmanager.fires(name), |found| *found == fires);
}

#[test]
fn an_alert_begins_after_its_time_everywhere_and_ends_by_silence() {
    let cluster = Cluster::new("notify-life");
    let (well, hanging) = (FakeAlertmanager::start(&cluster.runtime), FakeAlertmanager::start(&cluster.runtime));
    hanging.behave(Manner::Hangs);
    let exporter = start(&cluster, config(&cluster, &[&hanging, &well]));
    wait_for("the watchdog", &well, WATCHDOG, true);
    exporter.site.wait_until_well();
    let pod = cluster.object(Kind::Pods, "gim", "gim-0");
    let ill_at = Timestamp::now();
    cluster.apply(Kind::Pods, without_image(pod.clone()));
    wait_for("it fires", &well, IMAGE, true);
    let first = well.posted(IMAGE).remove(0).alert;
    let earliest = after(ill_at, Duration::from_secs(1) + MINUTE);
    assert!(time(&first, "startsAt") >= earliest, "ill at {ill_at}: {first}");
    let labels = json!({
        "alertname": IMAGE, "severity": "critical", "suite": "default", "component": "gim", "cluster": "prod",
    });
    assert_eq!(first["labels"], labels);
    let annotations = first["annotations"].as_object().unwrap();
    assert_eq!(annotations.keys().collect::<Vec<_>>(), ["description", "runbook_url", "summary"]);
    assert_eq!(annotations["summary"], "An image of gim of default cannot be pulled");
    assert_eq!(annotations["runbook_url"], format!("https://monitoring.example/gim/runbooks/{IMAGE}"));
    assert_eq!(first["generatorURL"], "https://monitoring.example/gim/?suite=default");
    assert_eq!(well.posted(WATCHDOG)[0].alert["generatorURL"], "https://monitoring.example/gim/");

    // The other one held up nothing, was told of nothing old, and is told of what is now.
    assert!(count(&exporter.site, "errors_total", &hanging) > 0.0);
    assert!(count(&exporter.site, "dropped_total", &hanging) > 0.0);
    assert!(count(&exporter.site, "queue_length", &hanging) > 0.0);
    assert!(count(&exporter.site, "sent_total", &well) > 0.0);
    assert!(count(&exporter.site, "sent_total", &hanging) < 1.0);
    hanging.behave(Manner::Slow(Duration::from_millis(100)));
    wait_for("both have it", &hanging, IMAGE, true);

    cluster.apply(Kind::Pods, pod);
    let well_at = Timestamp::now();
    wait_for("it ends", &well, IMAGE, false);
    wait_for("it ends there", &hanging, IMAGE, false);
    let last = well.posted(IMAGE).pop().unwrap();
    assert!(last.received >= after(well_at, MINUTE * 4), "it is kept for five minutes, and posted meanwhile");
    assert!(well.fires(WATCHDOG) && hanging.fires(WATCHDOG));
    drop(exporter);
    let posted = well.posted(WATCHDOG).len();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(well.posted(WATCHDOG).len(), posted, "an end tells nothing more");
    for alertmanager in [well, hanging] {
        alertmanager.assert_nothing_was_ended();
    }
}

#[test]
fn what_fired_before_a_start_is_kept_until_more_is_known() {
    let cluster = Cluster::new("notify-start");
    let (knows, late) = (FakeAlertmanager::start(&cluster.runtime), FakeAlertmanager::start(&cluster.runtime));
    let began = before(Timestamp::now(), Duration::from_hours(1));
    let other = ("suite", "other");
    knows.tell(vec![
        known(&[("cluster", "prod")], began),
        known(&[("cluster", "test"), other], began),
        known(&[other], began),
        known(&[("cluster", "prod"), ("via", "other"), other], began),
    ]);
    late.tell(vec![known(&[("cluster", "prod"), ("component", "gca")], began)]);
    late.behave(Manner::Status(503));
    // The exporter cannot know anything yet.
    let fault = cluster.faults.set(On::verb(Verb::List).kind(Kind::Pods), Fault::Status(500));
    // It is asked for four seconds.
    let exporter = start_scaled(&cluster, config(&cluster, &[&knows, &late]), SCALE / 2);
    wait_for("it is kept", &knows, IMAGE, true);
    late.behave(Manner::Well);
    let of = |component: &str| {
        knows.posted(IMAGE).into_iter().any(|posted| posted.alert["labels"]["component"] == component)
    };
    eventually("the other's too", || of("gca"), |found| *found);
    eventually("they are kept", || knows.posted(IMAGE).len(), |posts| *posts > 6);
    assert!(!exporter.site.is_ready());
    for posted in knows.posted(IMAGE) {
        assert_eq!(posted.alert["labels"]["suite"], "default", "what is not ours is left alone");
        assert_eq!(time(&posted.alert, "startsAt"), began);
        assert_eq!(posted.alert["annotations"]["summary"], "as it was");
    }
    // Nothing is the matter, as it turns out.
    cluster.faults.unset(fault);
    exporter.site.wait_until_well();
    wait_for("it ends", &knows, IMAGE, false);
    knows.assert_nothing_was_ended();
    late.assert_nothing_was_ended();
}

#[test]
fn one_that_was_down_or_refused_gets_the_newest() {
    let cluster = Cluster::new("notify-down");
    let mut alertmanager = FakeAlertmanager::start(&cluster.runtime);
    alertmanager.go_down();
    let exporter = start(&cluster, config(&cluster, &[&alertmanager]));
    let errors = |exporter: &Inside| count(&exporter.site, "errors_total", &alertmanager);
    eventually("errors", || errors(&exporter), |errors| *errors > 1.0);
    alertmanager.come_back();
    wait_for("the first", &alertmanager, WATCHDOG, true);
    for manner in [Manner::Status(500), Manner::Status(400), Manner::Status(302), Manner::Hangs] {
        alertmanager.behave(manner);
        let before = count(&exporter.site, "errors_total", &alertmanager);
        let dropped = count(&exporter.site, "dropped_total", &alertmanager);
        eventually("more errors", || count(&exporter.site, "errors_total", &alertmanager), |now| *now > before);
        eventually("given up", || count(&exporter.site, "dropped_total", &alertmanager), |now| *now > dropped);
        wait_for("it lapses", &alertmanager, WATCHDOG, false);
        alertmanager.behave(Manner::Well);
        wait_for("it is taken", &alertmanager, WATCHDOG, true);
    }
    alertmanager.go_down();
    wait_for("it lapses", &alertmanager, WATCHDOG, false);
    alertmanager.come_back();
    wait_for("after a while", &alertmanager, WATCHDOG, true);
    alertmanager.assert_nothing_was_ended();
}

#[test]
fn only_who_is_trusted_is_told() {
    let cluster = Cluster::new("notify-tls");
    let authority = Authority::new();
    let alertmanager = FakeAlertmanager::start_tls(&cluster.runtime, &authority);
    let (config, at) = config(&cluster, &[&alertmanager]);
    let file = cluster.file("ca.pem", &Authority::new().pem());
    let exporter = start(&cluster, (config, AlertmanagerAt { ca_file: Some(file.as_str().into()), ..at }));
    let errors = || count(&exporter.site, "errors_total", &alertmanager);
    eventually("errors", errors, |errors| *errors > 1.0);
    assert!(alertmanager.posted(WATCHDOG).is_empty());
    cluster.file("ca.pem", &authority.pem());
    wait_for("the right authority", &alertmanager, WATCHDOG, true);
}

/// The binary: each way to prove who it is, wrong and then right; no secret anywhere; labels that do not join; a clean end.
#[test]
fn secrets_are_read_at_each_post_and_shown_nowhere() {
    let cluster = Cluster::new("notify-secrets");
    // `admin:canary-7d21b0`.
    let ways: [(&str, Value); 2] = [
        ("Basic YWRtaW46Y2FuYXJ5LTdkMjFiMA==", json!({"user": "admin", "password_file": cluster.file("secret", "no")})),
        ("Bearer canary-7d21b0", json!({"bearer_token_file": cluster.file("secret", "no")})),
    ];
    for (authorization, mut section) in ways {
        let alertmanager = Arc::new(FakeAlertmanager::start(&cluster.runtime));
        alertmanager.want(authorization);
        let labels = json!({"alertname": "GimUpgradeWatchdog", "severity": "none", "cluster": "prod", "region": "eu"});
        let began = Timestamp::now().to_string();
        alertmanager.tell(vec![json!({"labels": labels, "annotations": {}, "startsAt": began, "endsAt": began})]);
        section["urls"] = json!([alertmanager.url()]);
        section["labels"] = json!({"cluster": "prod"});
        let wrong = format!("{CANARY}-of-old");
        cluster.file("secret", &wrong);
        let mut config: Value =
            serde_json::from_str(&std::fs::read_to_string(cluster.config_file("15s")).unwrap()).unwrap();
        config["alertmanager"] = section;
        let exporter = Process::start_with(&cluster, &cluster.config_of(&config));
        eventually("refused", || count(&exporter.site, "errors_total", &alertmanager), |errors| *errors > 0.0);
        assert!(alertmanager.posted(WATCHDOG).is_empty());
        cluster.file("secret", "");
        eventually("an empty file", || exporter.log(), |log| log.contains("empty, longer than"));
        cluster.file("secret", &format!("{CANARY}\n"));
        wait_for("taken", &alertmanager, WATCHDOG, true);
        let advice = "Prometheus adds the label region; write region: \\\"eu\\\"";
        eventually("the advice", || exporter.log(), |log| log.contains(advice));
        for (path, accept) in [("/metrics", PLAIN), ("/metrics", OPEN_METRICS), ("/api/v1/status", "*/*"), ("/", "*/*")]
        {
            assert!(!exporter.site.get(path, accept).1.contains(CANARY), "{path}");
        }
        let (code, log) = exporter.end("TERM");
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("HTTP 401") && !log.contains(CANARY), "{log}");
        assert_eq!(log.matches(advice).count(), 1);
        alertmanager.assert_nothing_was_ended();
    }
}
