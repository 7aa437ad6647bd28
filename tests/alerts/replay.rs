//! Every alert in a real Prometheus: it scrapes what the exporter shows in the scenarios, all at once, sixty times faster than
//! written, with the rules' times divided by the same.
//!
//! Each scenario is a target and has its own name for a suite. Fired must have what the table of cases says, and nothing that
//! the exporter does not conclude as well.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gim_upgrade_exporter::alerts::answer::Series;
use gim_upgrade_exporter::alerts::catalogue::EXPECTED;
use gim_upgrade_exporter::alerts::rules;
use gim_upgrade_exporter::exposition::{Format, Head};
use gim_upgrade_exporter::model::alerting::AlertSettings;
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Timestamp, after, between, unix_seconds};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::alertmanager::Labels;
use super::cases::{CASES, IN_HEALTH, alert, is};
use super::chronicle::{Chronicle, INTERVAL};
use super::programs;
use super::prometheus::{Prometheus, Settings, Target};
use super::told::told;

/// How many times faster than written.
const SPEED: u32 = 60;
/// The scrapes that it goes on for after the last alert is due.
const AFTERWARDS: usize = 10;
/// The name of the exporter that goes away, and after how many scrapes.
const GONE: (&str, usize) = ("gone", 10);
/// Alerts that are waited for otherwise, or cannot be: how long an exporter may judge nothing is told in seconds as they are.
const ELSEWHERE: [&str; 2] = ["ExporterAbsent", "ExporterStuck"];
/// How long Prometheus may take to start.
const START: Duration = Duration::from_secs(20);

/// What is scraped of one scenario.
struct Played {
    suite: &'static str,
    scrapes: Vec<Series>,
    /// Scrapes that are answered.
    answers: usize,
}

/// The page of the nth scrape, where the first was at `start`.
fn page(played: &Played, nth: usize, start: Timestamp) -> String {
    let series = &played.scrapes[nth.min(played.scrapes.len() - 1)];
    let mut text = String::new();
    for (family, samples) in series.families().filter(|(family, _)| *family != EXPECTED) {
        for sample in samples {
            let faster = sample.value / f64::from(SPEED);
            let value = match family {
                instant if instant.ends_with("_timestamp_seconds") => unix_seconds(start) + faster,
                span if span.ends_with("_seconds") => faster,
                _ => sample.value,
            };
            // Its own suites, where it has several, are told apart by the scenario's name in front.
            let named = |(name, value): (&&'static str, &String)| match *name {
                "suite" if value == "default" => (*name, played.suite.to_owned()),
                "suite" => (*name, format!("{}-{value}", played.suite)),
                name => (name, value.clone()),
            };
            let labels: Vec<_> = sample.labels.iter().map(named).collect();
            let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mut head = Head::default();
            head.set(family, []);
            head.write_sample(&mut text, labels, value);
        }
    }
    text
}

/// Serves the pages on a free port, for as long as the runtime lives.
async fn serve(played: Arc<Played>, start: Timestamp) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let played = Arc::clone(&played);
            let answer = service_fn(move |_request| {
                let elapsed = between(start, Timestamp::now()).as_secs_f64();
                let nth = (elapsed / (INTERVAL / SPEED).as_secs_f64()) as usize;
                let answer = if nth < played.answers {
                    let mut page = Response::new(Full::new(Bytes::from(page(&played, nth, start))));
                    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Format::Text.content_type()));
                    page
                } else {
                    let mut gone = Response::new(Full::default());
                    *gone.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    gone
                };
                std::future::ready(Ok::<_, Infallible>(answer))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    port
}

/// Alert, severity and suite.
type Fired = (String, String, String);

fn fired(labels: &Labels) -> Fired {
    ["alertname", "severity", "suite"].map(|name| labels.get(name).cloned().unwrap_or_default()).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alert_fires_in_a_real_prometheus() {
    let mut scenarios: BTreeSet<&'static str> = CASES.iter().map(|(_, _, scenario)| *scenario).collect();
    scenarios.insert("healthy-upgrade");
    let chronicles: BTreeMap<_, _> = tokio::task::spawn_blocking(move || {
        scenarios.into_iter().map(|name| (name, Chronicle::named(name).scrapes)).collect()
    })
    .await
    .unwrap();

    // What the exporter would conclude, and how long it takes until all have fired that must.
    let (mut concluded, mut wanted, mut last) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (scenario, scrapes) in &chronicles {
        let told = told(scrapes);
        for firing in told.iter().flatten() {
            let labels = firing.labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let (name, severity, suite) = fired(&labels.collect());
            let suite = match suite.as_str() {
                "" => suite,
                "default" => (*scenario).to_owned(),
                other => format!("{scenario}-{other}"),
            };
            concluded.insert((name, severity, suite));
        }
        for (name, severity, _) in CASES.iter().filter(|case| case.2 == *scenario && !ELSEWHERE.contains(&case.0)) {
            let alert = alert(name, severity);
            let begins = told.iter().position(|firing| firing.iter().any(|firing| is(firing, &alert))).unwrap();
            last = last.max(begins);
            let has_suite = alert.condition.labels().contains(&"suite");
            let suite = if has_suite { (*scenario).to_owned() } else { String::new() };
            wanted.insert((alert.name.to_owned(), (*severity).to_owned(), suite));
        }
    }
    let absent = ("GimUpgradeExporterAbsent".to_owned(), "critical".to_owned(), GONE.0.to_owned());
    wanted.insert(absent.clone());
    concluded.insert(absent);

    let start = after(Timestamp::now(), START);
    let mut played: Vec<Played> =
        chronicles.into_iter().map(|(suite, scrapes)| Played { suite, scrapes, answers: usize::MAX }).collect();
    let at_rest = played.iter().find(|played| played.suite == "at-rest").unwrap().scrapes.clone();
    played.push(Played { suite: GONE.0, scrapes: at_rest, answers: GONE.1 });
    let suites: Vec<_> =
        played.iter().map(|played| Suite { name: played.suite.into(), ..Suite::default_suite() }).collect();
    let rules = serde_saphyr::to_string(&rules::rules(&suites, &AlertSettings::default(), SPEED)).unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{}.yaml", std::process::id()));
    fs::write(&file, rules).unwrap();
    let mut targets = Vec::new();
    for played in played {
        let suite = played.suite;
        let port = serve(Arc::new(played), start).await;
        targets.push(Target::of_pod(&format!("127.0.0.1:{port}"), "monitoring", suite, "gim-upgrade-exporter"));
    }
    let settings = Settings {
        targets,
        rules: vec![file.clone()],
        alertmanagers: Vec::new(),
        external_labels: Labels::new(),
        scrape_interval: INTERVAL / SPEED,
        evaluation_interval: INTERVAL / SPEED,
        lookback_delta: Duration::from_mins(5) / SPEED,
        resend_delay: Duration::from_secs(1),
    };
    let mut servers = Vec::new();
    for program in programs("prometheus") {
        servers.push(Prometheus::start(&program, &settings).await.unwrap());
    }
    let ends = after(start, INTERVAL / SPEED * u32::try_from(last + AFTERWARDS).unwrap());
    tokio::time::sleep(between(Timestamp::now(), ends)).await;
    for server in &servers {
        let ever = server.query("max_over_time(ALERTS{alertstate=\"firing\"}[1h])").await.unwrap();
        let ever: BTreeSet<Fired> = ever.iter().map(|(labels, _)| fired(labels)).collect();
        let missing: Vec<_> = wanted.difference(&ever).collect();
        assert!(missing.is_empty(), "did not fire: {missing:?}");
        // A busy machine may make scrapes too late, and then it is right that nothing watches.
        let away = server.query("min_over_time(up[1h]) == 0").await.unwrap();
        let is_away = |(name, _, suite): &&Fired| {
            name == "GimUpgradeExporterAbsent" && away.iter().any(|(labels, _)| labels.get("pod") == Some(suite))
        };
        let surplus: Vec<_> = ever.difference(&concluded).filter(|fired| !is_away(fired)).collect();
        assert!(surplus.is_empty(), "the exporter does not conclude: {surplus:?}");
        let in_health = ever.iter().filter(|(_, _, suite)| suite == "healthy-upgrade");
        let calls: Vec<_> = in_health.filter(|(name, _, _)| !IN_HEALTH.contains(&name.as_str())).collect();
        assert!(calls.is_empty(), "in a healthy upgrade: {calls:?}");
        assert!(!server.server.log().contains("level=error"), "{}", server.server.log());
    }
    fs::remove_file(file).unwrap();
}
