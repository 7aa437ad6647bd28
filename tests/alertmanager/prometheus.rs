//! A real Prometheus that scrapes pages as the Prometheus operator would have it scrape them, evaluates rules, and tells
//! Alertmanagers.
//!
//! Which pages and which rules is not known here. Needs `crate::running` and `crate::alertmanager`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::alertmanager::Labels;
use crate::running::Running;
use crate::web::eventually;

/// How long it may take until everything was asked for once, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A page to scrape: `/metrics` at an address.
#[derive(Clone, Debug)]
pub struct Target {
    /// HOST:PORT.
    pub address: String,
    /// The labels that every sample gets, `job` and `instance` among them where they are to be others.
    pub labels: Labels,
}

impl Target {
    /// The labels that a `PodMonitor` or a `ServiceMonitor` gives to a pod's port.
    pub fn of_pod(address: &str, namespace: &str, pod: &str, container: &str) -> Self {
        let labels = [
            ("job", format!("{namespace}/{container}")),
            ("namespace", namespace.to_owned()),
            ("pod", pod.to_owned()),
            ("container", container.to_owned()),
            ("endpoint", "metrics".to_owned()),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value)).into();
        Self { address: address.to_owned(), labels }
    }
}

/// What it does, and how fast.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it scrapes.
    pub targets: Vec<Target>,
    /// The files of its rules.
    pub rules: Vec<PathBuf>,
    /// The addresses of its Alertmanagers, HOST:PORT.
    pub alertmanagers: Vec<String>,
    /// Labels of all its alerts.
    pub external_labels: Labels,
    /// How often it scrapes.
    pub scrape_interval: Duration,
    /// How often it evaluates the rules.
    pub evaluation_interval: Duration,
    /// For how long a sample counts that is followed by none.
    pub lookback_delta: Duration,
    /// How long it waits before it tells again of an alert that still fires.
    pub resend_delay: Duration,
}

impl Settings {
    fn config(&self, rules: &[PathBuf]) -> Value {
        let targets: Vec<Value> =
            self.targets.iter().map(|target| json!({"targets": [target.address], "labels": target.labels})).collect();
        let scrape = milliseconds(self.scrape_interval);
        json!({
            "global": {
                "scrape_interval": scrape,
                "scrape_timeout": scrape,
                "evaluation_interval": milliseconds(self.evaluation_interval),
                "external_labels": self.external_labels,
            },
            "rule_files": rules,
            "scrape_configs": [{"job_name": "pods", "static_configs": targets}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": self.alertmanagers}]}]},
        })
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
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
struct Series {
    metric: Labels,
    value: (f64, String),
}

/// A Prometheus; it is killed when it is dropped.
#[derive(Debug)]
pub struct Prometheus {
    /// To be stopped, killed and started again: it keeps what it has stored.
    pub server: Running,
}

impl Prometheus {
    /// Starts a program, and waits until it is ready and has asked for each page once. The rules are loaded only then: it takes up
    /// to 5 s until it looks for its targets, which where time is divided is minutes without them.
    pub async fn start(program: &Path, settings: &Settings) -> Result<Self> {
        let mut server = Running::prepare("prometheus")?;
        let file = server.folder().join("prometheus.yaml");
        // JSON is YAML.
        fs::write(&file, settings.config(&[]).to_string())?;
        let arguments = vec![
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", server.folder().join("data").display()),
            format!("--web.listen-address={}", server.address()),
            format!("--query.lookback-delta={}", milliseconds(settings.lookback_delta)),
            format!("--rules.alert.resend-delay={}", milliseconds(settings.resend_delay)),
            "--web.enable-lifecycle".to_owned(),
        ];
        server.start(program, arguments).await?;
        let prometheus = Self { server };
        eventually("every page is asked for", PATIENCE, async || {
            Ok((prometheus.query("up").await?.len() == settings.targets.len()).then_some(()))
        })
        .await?;
        fs::write(&file, settings.config(&settings.rules).to_string())?;
        prometheus.server.web().post(&prometheus.server.url("/-/reload"), String::new()).await?;
        Ok(prometheus)
    }

    /// The series that a query gives now, and their values.
    pub async fn query(&self, query: &str) -> Result<Vec<(Labels, f64)>> {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer: Answer = self.server.web().get(&self.server.url(&format!("/api/v1/query?query={query}"))).await?;
        answer.data.result.into_iter().map(|series| Ok((series.metric, series.value.1.parse()?))).collect()
    }
}
