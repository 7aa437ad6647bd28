//! Signals read from a real Prometheus that scrapes a page served here: `make e2e` runs it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::float_cmp, reason = "a test may panic")]

#[allow(dead_code, reason = "only some of the tools are needed here")]
#[path = "../cluster/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gim_upgrade_exporter::index::change::Change;
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::scope::{LatencyUnit, PrometheusAt};
use gim_upgrade_exporter::model::signal::{Past, Reading};
use gim_upgrade_exporter::model::source::{ClockOffset, Contact, SourceKind};
use gim_upgrade_exporter::model::time::{Clock, Timestamp, after, before, between};
use gim_upgrade_exporter::model::wants::{PodName, QueryWant};
use gim_upgrade_exporter::net::trust::Trust;
use gim_upgrade_exporter::net::web::Web;
use gim_upgrade_exporter::observe::hearing::ServerClock;
use gim_upgrade_exporter::observe::prometheus::Prometheus;
use gim_upgrade_exporter::observe::prometheus::signals::{Settings, keep_reading};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// How often pages are scraped and read.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// A token that may show nowhere.
const CANARY: &str = "canary-token";

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Serves a page that may change; nothing where it is empty.
async fn serve(page: Arc<Mutex<String>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let page = page.lock().unwrap().clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let status = if page.is_empty() { "503 Service Unavailable" } else { "200 OK" };
                let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\nconnection: close\r\n");
                let _ =
                    stream.write_all(format!("{head}content-length: {}\r\n\r\n{page}", page.len()).as_bytes()).await;
            });
        }
    });
    port
}

/// A Prometheus, ended when it is dropped.
struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    fn start(page: u16) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("prometheus-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs:\n- job_name: gim\n  static_configs:\n\
             \x20 - {{targets: ['127.0.0.1:{page}'], labels: {{pod: gim-0, namespace: gim}}}}\n"
        );
        std::fs::write(folder.join("prometheus.yml"), config).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = tools::Tools::open().and_then(|tools| tools.path("prometheus")).unwrap();
        let process = Command::new(program)
            .current_dir(&folder)
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { process, folder, port }
    }

    fn at(&self) -> PrometheusAt {
        let token = self.folder.join("token");
        std::fs::write(&token, CANARY).unwrap();
        PrometheusAt {
            url: format!("http://127.0.0.1:{}/", self.port).into(),
            bearer_token_file: Some(token.to_str().unwrap().into()),
            ca_file: None,
            timeout: Duration::from_secs(5),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn want(created: Timestamp, began: Option<Timestamp>) -> QueryWant {
    let uid = format!("uid-{created}").into();
    QueryWant {
        suite: "default".into(),
        component: Component::Gim,
        matchers: "namespace=\"gim\"".into(),
        pods: vec![PodName { name: "gim-0".into(), uid, created }],
        began,
    }
}

/// What is heard of it.
struct Ear {
    changes: mpsc::Receiver<Change>,
    wants: watch::Sender<Arc<Vec<QueryWant>>>,
    contact: Option<Arc<Contact>>,
}

impl Ear {
    async fn change(&mut self) -> Change {
        let heard = tokio::time::timeout(PATIENCE, self.changes.recv()).await;
        let change = heard.expect("something is heard").unwrap();
        assert!(!format!("{change:?}").contains(CANARY));
        if let Change::SourceAdded { source, contact, .. } = &change {
            assert_eq!(source.kind, SourceKind::Prometheus);
            self.contact = Some(Arc::clone(contact));
        }
        change
    }

    async fn reading(&mut self) -> Reading {
        loop {
            if let Change::Reading(reading) = self.change().await {
                return reading;
            }
        }
    }

    async fn past(&mut self) -> Past {
        loop {
            if let Change::Past(past) = self.change().await {
                return past;
            }
        }
    }

    async fn latency(&mut self, seconds: f64) -> Reading {
        loop {
            let reading = self.reading().await;
            if reading.latency_seconds(&[]) == Some(seconds) {
                return reading;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_by_way_of_prometheus() {
    let begin = Timestamp::now();
    let page = |latency: u32| {
        format!(
            "gim_kafka_timestamp_behind{{topic=\"voice\",partition=\"0\"}} {latency}\n\
             gim_server_state{{schema_version=\"8.5.117\"}} 3\nother 1\n"
        )
    };
    let served = Arc::new(Mutex::new(page(5_000)));
    let mut asked = Server::start(serve(Arc::clone(&served)).await);
    let (changes, heard) = mpsc::channel(16);
    let clock = Arc::new(ServerClock::new(Arc::new(Machine), Arc::new(ClockOffset::default())));
    let web = Arc::new(Web::new(Arc::new(Trust::default())));
    let prometheus = Prometheus::add(asked.at(), web, clock, INTERVAL, changes.clone()).await.unwrap();
    let prometheus = Arc::new(prometheus);
    let (wants, wanted) = watch::channel(Arc::new(vec![want(begin, None)]));
    let settings = Settings {
        interval: INTERVAL,
        window: Duration::from_mins(1),
        unit: LatencyUnit::Milliseconds,
        prometheus: Arc::clone(&prometheus),
        changes,
    };
    let reading = tokio::spawn(keep_reading(settings, wanted));
    let mut ear = Ear { changes: heard, wants, contact: None };

    let first = ear.latency(5.0).await;
    assert_eq!((first.value("gim_server_state"), first.schema_version.as_deref()), (Some(3.0), Some("8.5.117")));
    assert!(begin < first.at && first.at <= after(Timestamp::now(), Duration::from_secs(1)), "{}", first.at);
    *served.lock().unwrap() = page(7_000);
    let second = ear.latency(7.0).await;
    assert!(first.at < second.at);

    // The pod is replaced by one of the same name: what was read of the former is nothing of the new one's.
    let created = Timestamp::now();
    ear.wants.send_replace(Arc::new(vec![want(created, Some(created))]));
    let past = ear.past().await;
    assert!(past.readings.iter().all(|reading| reading.at > created), "{past:?}");
    assert_eq!(past.first_read, Some(before(created, INTERVAL)), "signals were there before it");
    let third = loop {
        let reading = ear.reading().await;
        if reading.pod_uid.as_deref() == Some(&*format!("uid-{created}")) {
            break reading;
        }
    };
    assert!(third.at > created);

    // An exporter that begins now, after the pod, is told what was.
    tokio::time::sleep(INTERVAL * 3).await;
    ear.wants.send_replace(Arc::new(vec![want(begin, Some(before(begin, Duration::from_hours(1))))]));
    let past = ear.past().await;
    let latencies: Vec<f64> = past.readings.iter().filter_map(|reading| reading.latency_seconds(&[])).collect();
    assert!(past.readings.len() > 3 && past.readings.is_sorted_by_key(|reading| reading.at), "{past:?}");
    assert!(latencies.contains(&5.0) && latencies.last() == Some(&7.0), "{latencies:?}");
    assert_eq!(past.first_read, None, "nothing was there an hour ago");

    // A query for one value, and look-back that does not bring a page back that is gone.
    assert_eq!(prometheus.value(&"max(up)".into()).await.unwrap().unwrap().1, 1.0);
    assert!(prometheus.value(&"nothing".into()).await.unwrap().is_none());
    served.lock().unwrap().clear();
    let gone = Timestamp::now();
    let silence = tokio::time::timeout(INTERVAL * 8, async {
        loop {
            let reading = ear.reading().await;
            assert!(reading.at <= after(gone, INTERVAL * 2), "a sample of a page that is gone: {reading:?}");
        }
    });
    assert!(silence.await.is_err());
    assert_eq!(prometheus.value(&"max(up)".into()).await.unwrap().unwrap().1, 0.0);

    // Prometheus itself is gone: it is told, and its contact ages.
    asked.process.kill().unwrap();
    let kind = loop {
        if let Change::SourceError { source, kind, .. } = ear.change().await {
            break (source.kind, kind.as_str());
        }
    };
    assert_eq!(kind, (SourceKind::Prometheus, "connect"));
    tokio::time::sleep(INTERVAL * 2).await;
    let last = ear.contact.as_ref().and_then(|contact| contact.last()).unwrap();
    assert!(between(last, Timestamp::now()) > INTERVAL);
    reading.abort();
}
