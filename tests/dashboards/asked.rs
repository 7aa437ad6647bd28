//! A real Prometheus that scrapes the pages, two clusters and several replicas of each exporter, as the operator would have it
//! scrape them, and what it answers to a query of a dashboard.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use gim_upgrade_exporter::alerts::rules;
use gim_upgrade_exporter::exposition::Format;
use gim_upgrade_exporter::model::alerting::AlertSettings;
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Timestamp, after, before, between, unix_seconds};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::alertmanager::Labels;
use crate::pages::{Eye, MOMENT, MOMENTS, Played, WATCHED, play};
use crate::prometheus::{Prometheus, Settings, Target};
use crate::tools::Tools;
use crate::web::eventually;

/// How far moments, scrapes, and evaluations of rules are apart.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long everything may take to be scraped on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// What divides the `for` of alerts: they fire at once.
const TIME_SCALE: u32 = 10_000;
/// When the rules were last evaluated: an alert that fires in the end says so.
const EVALUATED: &str = "timestamp(ALERTS{alertstate=\"firing\", alertname=\"GimUpgradeRollBackAdvised\", suite=\"failing\", cluster=\"east\"})";
/// Where each exporter is: its cluster, its pod, and what it sees.
const EXPORTERS: [(&str, &str, Eye); 5] = [
    ("east", "a", Eye::Seeing),
    ("east", "b", Eye::Seeing),
    ("east", "c", Eye::Blind),
    ("west", "a", Eye::Resting),
    ("west", "b", Eye::Resting),
];
/// Labels of the scrape, which no panel is to show.
pub const OF_SCRAPES: [&str; 6] = ["instance", "job", "namespace", "pod", "container", "endpoint"];

/// A Prometheus that has seen it all.
pub struct Asked {
    prometheus: Prometheus,
    begun: Timestamp,
    /// The moment at which everything is asked.
    at: Timestamp,
}

/// One series of an answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Series {
    pub metric: Labels,
    #[serde(alias = "value")]
    values: Value,
}

/// What was chosen above a dashboard.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub cluster: &'static str,
    pub suite: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Values {
    data: BTreeSet<String>,
}

impl Series {
    /// The same for node: a series of one instant is one of a single value.
    pub fn json(&self) -> Value {
        let single = self.values.get(0).is_some_and(|first| !first.is_array());
        let values = if single { Value::Array(vec![self.values.clone()]) } else { self.values.clone() };
        serde_json::json!({"metric": self.metric, "values": values})
    }
}

impl Chosen {
    /// The query with the variables that Grafana fills.
    pub fn filled(&self, query: &str) -> String {
        query
            .replace("$cluster", self.cluster)
            .replace("$suite", self.suite)
            .replace("$component", ".*")
            .replace("$__rate_interval", "5s")
    }
}

/// Plays everything and has it scraped.
pub async fn ask() -> Asked {
    let played: Vec<Arc<Played>> = tokio::task::spawn_blocking(|| {
        WATCHED.iter().map(|(suite, scenario, minute)| Arc::new(play(suite, scenario, *minute))).collect()
    })
    .await
    .unwrap();
    let begun = Arc::new(OnceLock::new());
    let mut targets = Vec::new();
    for played in played {
        for (cluster, pod, eye) in EXPORTERS {
            // Where all see too little, whose reason is shown is chance.
            if played.suite == "silent" && eye == Eye::Blind {
                continue;
            }
            let port = serve(Arc::clone(&played), eye, Arc::clone(&begun)).await;
            let pod = format!("{}-{pod}", played.suite);
            let mut target = Target::of_pod(&format!("127.0.0.1:{port}"), "monitoring", &pod, "gim-upgrade-exporter");
            // A port would be another one each time.
            let instance = ("instance".to_owned(), format!("{pod}:9845"));
            target.labels.extend([("cluster".to_owned(), cluster.to_owned()), instance]);
            targets.push(target);
        }
    }
    let exporters = targets.len();
    targets.push(stranger().await);
    let rules = rules::rules(&[Suite::default_suite()], &AlertSettings::default(), TIME_SCALE);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dashboards-{}.yaml", std::process::id()));
    fs::write(&file, serde_saphyr::to_string(&rules).unwrap()).unwrap();
    let settings = Settings {
        targets,
        rules: vec![file.clone()],
        alertmanagers: Vec::new(),
        external_labels: Labels::new(),
        scrape_interval: INTERVAL,
        evaluation_interval: INTERVAL,
        lookback_delta: Duration::from_mins(5),
        resend_delay: Duration::from_mins(1),
    };
    let program = Tools::open().unwrap().path("prometheus").unwrap();
    let prometheus = Prometheus::start(&program, &settings).await.unwrap();
    begun.set(Timestamp::now()).unwrap();
    eventually("the last moment is scraped everywhere", PATIENCE, async || {
        let moments = prometheus.query(&format!("{MOMENT} == {MOMENTS}")).await?;
        Ok((moments.len() == exporters).then_some(()))
    })
    .await
    .unwrap();
    let mut asked = Asked { prometheus, begun: *begun.get().unwrap(), at: Timestamp::now() };
    // An alert is pending at one evaluation and fires at the next.
    let settled = unix_seconds(after(asked.at, INTERVAL * 2));
    eventually("there is a moment at which all were scraped and the rules evaluated", PATIENCE, async || {
        // What was scraped before is stored by then, and on a busy machine some scrape may come too late.
        asked.at = before(Timestamp::now(), INTERVAL * 2);
        let moments = asked.query(&format!("{MOMENT} == {MOMENTS}"), true).await.unwrap_or_default();
        let evaluated = asked.query(&format!("{EVALUATED} > {settled}"), true).await.unwrap_or_default();
        Ok((moments.len() == exporters && !evaluated.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    fs::remove_file(file).unwrap();
    asked
}

/// Serves the pages of one exporter on a free port, from when it has begun.
async fn serve(played: Arc<Played>, eye: Eye, begun: Arc<OnceLock<Timestamp>>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let kept = Arc::new(Mutex::new((usize::MAX, Bytes::new())));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let (played, begun) = (Arc::clone(&played), Arc::clone(&begun));
            let kept = Arc::clone(&kept);
            let answer = service_fn(move |_request| {
                let answer = begun.get().map_or_else(not_yet, |begun| page(&played, eye, *begun, &kept));
                std::future::ready(Ok::<_, Infallible>(answer))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    port
}

/// Another program of the cluster, whose process must not be taken for an exporter.
async fn stranger() -> Target {
    let page = "process_start_time_seconds 1\nprocess_resident_memory_bytes 1\nprocess_cpu_seconds_total 1\n\
        process_open_fds 1\nprocess_max_fds 1\n";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let answer = service_fn(move |_request| {
                let mut answer = Response::new(Full::new(Bytes::from(page)));
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Format::Text.content_type()));
                std::future::ready(Ok::<_, Infallible>(answer))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    let mut target = Target::of_pod(&format!("127.0.0.1:{port}"), "monitoring", "stranger", "stranger");
    target.labels.extend(
        [("cluster", "east"), ("instance", "stranger:80")].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    target
}

fn not_yet() -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer
}

/// The page of the present moment; the last one is kept, since most scrapes ask for the same.
fn page(played: &Played, eye: Eye, begun: Timestamp, kept: &Mutex<(usize, Bytes)>) -> Response<Full<Bytes>> {
    let moment = between(begun, Timestamp::now()).as_nanos() / INTERVAL.as_nanos();
    let moment = usize::try_from(moment).unwrap().min(MOMENTS as usize);
    let mut kept = kept.lock().unwrap();
    if kept.0 != moment {
        *kept = (moment, Bytes::from(played.page(eye, moment, after(begun, INTERVAL * MOMENTS))));
    }
    let mut answer = Response::new(Full::new(kept.1.clone()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Format::Text.content_type()));
    answer
}

impl Asked {
    /// What Prometheus answers to a query, for one instant or for the whole time; `None` where it refuses the query.
    pub async fn query(&self, query: &str, instant: bool) -> Option<Vec<Series>> {
        let at = unix_seconds(self.at);
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let path = if instant {
            format!("/api/v1/query?query={query}&time={at}")
        } else {
            let (start, step) = (unix_seconds(self.begun), INTERVAL.as_secs_f64());
            format!("/api/v1/query_range?query={query}&start={start}&end={at}&step={step}")
        };
        let server = &self.prometheus.server;
        let answer: anyhow::Result<Answer> = server.web().get(&server.url(&path)).await;
        answer.ok().map(|answer| answer.data.result)
    }

    /// The values of a label, of the series that are selected.
    pub async fn values(&self, selector: &str, label: &str) -> BTreeSet<String> {
        let selector: String = form_urlencoded::byte_serialize(selector.as_bytes()).collect();
        let server = &self.prometheus.server;
        let path = server.url(&format!("/api/v1/label/{label}/values?match[]={selector}"));
        let values: Values = server.web().get(&path).await.unwrap();
        values.data
    }
}
