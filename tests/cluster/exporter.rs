//! The program itself: its real binary, with a configuration file and a ServiceAccount's rights, as a user runs it.
//!
//! One exporter watches one story's suites. Its times are short, so that a story takes seconds; what they are stands in
//! [`Times`]. It is only looked at from outside: its pages, its log. What it may read is for `rights`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    cluster::Place,
    folders::logs_folder,
    page::Page,
    process::{Daemon, eventually},
    rights::{Rights, grant},
};

/// How long the exporter may take to be ready, on a machine that runs a whole control plane and other stories beside it.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// A scrape that takes longer is a failure in itself.
const SCRAPE_LIMIT: Duration = Duration::from_secs(5);

/// The form of a page that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Prometheus text 0.0.4.
    Plain,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// Times of the policy that stories wait for, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// `helm_timeout` of each component.
    pub helm_timeout: u32,
    /// `ready_timeout` of each component.
    pub ready_timeout: u32,
    /// `pending_timeout` of each component.
    pub pending_timeout: u32,
    /// `image_grace` of each component.
    pub image_grace: u32,
}

impl Default for Times {
    /// Long enough that nothing runs out in a story that does not mean it.
    fn default() -> Self {
        Self { helm_timeout: 60, ready_timeout: 60, pending_timeout: 60, image_grace: 60 }
    }
}

/// How an exporter is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name, different from that of any other exporter of the same place.
    pub name: &'static str,
    /// Its times.
    pub times: Times,
    /// What it may read.
    pub rights: Rights,
    /// What its configuration has over the usual one.
    pub config: Value,
    /// The port by which it reaches the API server, where that is another one.
    pub api_port: Option<u16>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { name: "exporter", times: Times::default(), rights: Rights::default(), config: json!({}), api_port: None }
    }
}

impl From<Times> for Setup {
    fn from(times: Times) -> Self {
        Self { times, ..Self::default() }
    }
}

/// A running exporter; dropping it kills it.
pub struct Exporter {
    /// Killed when the exporter is dropped. One that ends by itself refuses scrapes, which fails the story.
    daemon: Daemon,
    address: String,
    /// Its flags for the configuration and the cluster.
    where_it_looks: [String; 2],
    runtime: Arc<Runtime>,
    client: reqwest::Client,
}

impl Exporter {
    /// Starts an exporter for a place's suites and waits until it is ready.
    pub fn start(place: &Place, setup: &Setup) -> Result<Self> {
        // JSON is YAML.
        let config = place.file(&format!("{}.json", setup.name), &configuration(place, setup).to_string())?;
        let kubeconfig = grant(place, setup.name, setup.rights)?;
        if let Some(port) = setup.api_port {
            let away = format!("https://127.0.0.1:{port}");
            let text = fs::read_to_string(&kubeconfig)?.replace(place.cluster.plane.url(), &away);
            ensure!(text.contains(&away), "the kubeconfig does not name the API server");
            fs::write(&kubeconfig, text)?;
        }
        let where_it_looks = [format!("--config.file={config}"), format!("--kubeconfig={}", kubeconfig.display())];
        let [config, kubeconfig] = where_it_looks.clone();
        let arguments = [
            config,
            kubeconfig,
            "--web.listen-address=127.0.0.1:0".to_owned(),
            "--log.format=json".to_owned(),
            "--log.level=debug".to_owned(),
        ];
        let log = log_of(place, setup);
        let binary = Path::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
        // One that is started again goes on in the log of its predecessor, whose address must not be taken for its own.
        let before = fs::read_to_string(&log).unwrap_or_default().len();
        let mut daemon = Daemon::start("gim-upgrade-exporter", binary, &arguments, &log, true)?;
        let mut address = None;
        eventually("the exporter tells its address", READY_LIMIT, || {
            daemon.check()?;
            address = daemon.log().get(before..).and_then(listening);
            Ok(address.is_some())
        })?;
        let runtime = Arc::clone(place.cluster.api().runtime());
        let client = reqwest::Client::builder().timeout(SCRAPE_LIMIT).no_proxy().build()?;
        let address = address.context("no address")?;
        let exporter = Self { daemon, address, where_it_looks, runtime, client };
        eventually("the exporter is ready", READY_LIMIT, || Ok(exporter.get("/readyz", None)?.0 == 200))?;
        Ok(exporter)
    }

    /// Removes the log of an earlier run.
    pub fn forget(place: &Place, setup: &Setup) -> Result<()> {
        let log = log_of(place, setup);
        if log.exists() {
            fs::remove_file(log)?;
        }
        Ok(())
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.kill().map(drop)
    }

    /// Its flags for the configuration and the cluster, for a command that is to see what it sees.
    pub fn where_it_looks(&self) -> &[String] {
        &self.where_it_looks
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A clone of what is needed to scrape from another thread.
    pub fn scraper(&self) -> Scraper {
        Scraper { url: format!("http://{}/metrics", self.address), client: self.client.clone() }
    }

    /// The page of now.
    pub fn page(&self) -> Result<Page> {
        Page::read(&self.text(Form::Plain)?)
    }

    /// The text of the page of now.
    pub fn text(&self, form: Form) -> Result<String> {
        let accept = match form {
            Form::Plain => "text/plain;version=0.0.4",
            Form::OpenMetrics => "application/openmetrics-text;version=1.0.0",
        };
        let (status, text) = self.get("/metrics", Some(accept))?;
        ensure!(status == 200, "/metrics answers {status}");
        Ok(text)
    }

    /// The status of now.
    pub fn status(&self) -> Result<Value> {
        let (status, text) = self.get("/api/v1/status", None)?;
        ensure!(status == 200, "/api/v1/status answers {status}");
        serde_json::from_str(&text).context("/api/v1/status is no JSON")
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// The JSON behind any URL, asked for with the same client.
    pub fn get_json(&self, url: &str) -> Result<Value> {
        let request = self.client.get(url);
        self.runtime.block_on(async { Ok(serde_json::from_str(&request.send().await?.text().await?)?) })
    }

    /// The status code and the body for whoever has this bearer token.
    pub fn get_as(&self, path: &str, token: Option<&str>) -> Result<(u16, String)> {
        let mut request = self.client.get(format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.runtime.block_on(async {
            let response = request.send().await?;
            Ok((response.status().as_u16(), response.text().await?))
        })
    }

    fn get(&self, path: &str, accept: Option<&str>) -> Result<(u16, String)> {
        let mut request = self.client.get(format!("http://{}{path}", self.address));
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        self.runtime.block_on(async {
            let response = request.send().await?;
            Ok((response.status().as_u16(), response.text().await?))
        })
    }
}

/// What a poller needs.
pub struct Scraper {
    url: String,
    client: reqwest::Client,
}

impl Scraper {
    /// One scrape.
    pub async fn scrape(&self) -> Result<Page> {
        let response = self.client.get(&self.url).send().await?.error_for_status()?;
        Page::read(&response.text().await?)
    }
}

fn log_of(place: &Place, setup: &Setup) -> PathBuf {
    logs_folder().join(format!("{}-{}.log", setup.name, place.name))
}

/// The field `address` of the line that says `listening`.
fn listening(log: &str) -> Option<String> {
    log.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let fields = line.get("fields").unwrap_or(&line);
        (fields.get("message")?.as_str()? == "listening").then_some(())?;
        Some(fields.get("address")?.as_str()?.to_owned())
    })
}

fn configuration(place: &Place, setup: &Setup) -> Value {
    let seconds = |seconds: u32| format!("{seconds}s");
    let member = |component: &str| json!({ "namespace": place.namespace(component) });
    let times = &setup.times;
    let times = json!({
        "helm_timeout": seconds(times.helm_timeout),
        "companion_helm_timeout": seconds(times.helm_timeout),
        "pending_timeout": seconds(times.pending_timeout),
        "image_grace": seconds(times.image_grace),
        "ready_timeout": seconds(times.ready_timeout),
        "soak": "4s",
        "settle_timeout": "60s",
        "growth_timeout": "30s",
        "migration_timeout": "60s",
        "metrics_grace": "20s",
    });
    let mut config = json!({
        "policy": {
            "suspect_window": "1h",
            "cycle": "1h",
            "trend_window": "4s",
            "hold": "10s",
            "stale_pod_hold": "3s",
            "propagation": "1s",
            "gim": times,
            "gsp": times,
            "gca": times,
        },
        "signals": { "interval": "500ms" },
    });
    if place.is_home_of("gim") {
        let suite = json!({ "name": "default", "gim": member("gim"), "gsp": member("gsp"), "gca": member("gca") });
        lay_over(&mut config, &json!({ "suites": [suite] }));
    }
    lay_over(&mut config, &setup.config);
    config
}

/// Lays fields over others: sections and lists item by item, anything else replaces what was there.
fn lay_over(config: &mut Value, over: &Value) {
    match (config, over) {
        (Value::Object(config), Value::Object(over)) => {
            for (name, value) in over {
                lay_over(config.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(config), Value::Array(over)) => {
            config.resize(over.len(), Value::Null);
            config.iter_mut().zip(over).for_each(|(config, over)| lay_over(config, over));
        }
        (config, over) => *config = over.clone(),
    }
}
