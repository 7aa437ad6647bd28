//! The program, run with what a release of the chart gives to its pods: arguments, configuration, the ServiceAccount's token.
//!
//! Only what a node would do is done differently: the configuration lies in another folder, and the port is a free one of loopback.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    cluster::Cluster,
    folders::logs_folder,
    objects::text,
    page::Page,
    process::{Daemon, eventually, output},
};

/// How long anything may take that a loaded machine does in a second.
pub const SOON: Duration = Duration::from_mins(1);
/// How long a request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// What a pod is given.
#[derive(Clone)]
pub struct Given {
    /// Arguments of its container.
    pub arguments: Vec<String>,
    /// The configuration file.
    pub config: PathBuf,
    /// A kubeconfig with its token.
    pub kubeconfig: PathBuf,
    /// Where it is to listen.
    pub listen: String,
}

/// Any free port of loopback.
pub const ANYWHERE: &str = "127.0.0.1:0";

impl Given {
    /// What a pod with this specification is given: the ConfigMap it names and a token of its account, both as they are now.
    pub fn to(cluster: &Cluster, namespace: &str, spec: &Value) -> Result<Self> {
        let map = spec.get("volumes").and_then(Value::as_array).into_iter().flatten();
        let map =
            map.map(|volume| text(volume, "/configMap/name")).find(|name| !name.is_empty()).context("no volume")?;
        let map = cluster.api().get(&format!("/api/v1/namespaces/{namespace}/configmaps/{map}"))?;
        let config = cluster.plane.folder().join(format!("{namespace}-config.yaml"));
        fs::write(&config, text(&map, "/data/config.yaml"))?;
        let arguments = spec.pointer("/containers/0/args").and_then(Value::as_array).context("no arguments")?;
        Ok(Self {
            arguments: arguments.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            config,
            kubeconfig: cluster.plane.kubeconfig_of(namespace, text(spec, "/serviceAccountName"))?,
            listen: ANYWHERE.to_owned(),
        })
    }

    /// The arguments, with what lies elsewhere here.
    fn here(&self) -> Result<Vec<String>> {
        let config = format!("--config.file={}", self.config.display());
        let mut arguments = Vec::new();
        let mut named = false;
        for argument in &self.arguments {
            named |= argument.starts_with("--config.file=/etc/gim-upgrade-exporter/config/");
            arguments.push(match argument.split('=').next() {
                Some("--config.file") => config.clone(),
                Some("--web.listen-address") => format!("--web.listen-address={}", self.listen),
                _ => argument.clone(),
            });
        }
        ensure!(named, "the chart names no configuration file: {:?}", self.arguments);
        arguments.push(format!("--kubeconfig={}", self.kubeconfig.display()));
        Ok(arguments)
    }

    /// Runs it to its end, as a pod that is not restarted: whether it went well, and what it printed.
    pub fn run(&self) -> Result<(bool, String)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
        let done = output(command.args(self.here()?), SOON)?;
        let printed = [done.stdout, done.stderr].concat();
        Ok((done.status.success(), String::from_utf8_lossy(&printed).into_owned()))
    }
}

/// A running exporter; dropping it kills it.
pub struct Exporter {
    /// Killed when the exporter is dropped.
    _daemon: Daemon,
    address: String,
    runtime: Arc<Runtime>,
    client: reqwest::Client,
}

impl Exporter {
    /// Starts it and waits until it is ready.
    pub fn start(cluster: &Cluster, name: &str, given: &Given) -> Result<Self> {
        let log = logs_folder().join(format!("chart-{name}.log"));
        let binary = Path::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
        let mut daemon = Daemon::start("gim-upgrade-exporter", binary, &given.here()?, &log, false)?;
        let mut address = None;
        eventually("the exporter tells its address", SOON, || {
            daemon.check()?;
            address = daemon.log().lines().find_map(listening);
            Ok(address.is_some())
        })?;
        let client = reqwest::Client::builder().timeout(REQUEST_LIMIT).no_proxy().build()?;
        let runtime = Arc::clone(cluster.api().runtime());
        let exporter = Self { _daemon: daemon, address: address.context("no address")?, runtime, client };
        eventually("the exporter is ready", SOON, || Ok(exporter.get("/readyz")?.0 == 200))?;
        Ok(exporter)
    }

    /// The page of now.
    pub fn page(&self) -> Result<Page> {
        let (status, text) = self.get("/metrics")?;
        ensure!(status == 200, "/metrics answers {status}");
        Page::read(&text)
    }

    /// The sources that may not be believed now, each with its namespace, empty for all.
    pub fn blind(&self) -> Result<BTreeSet<(String, String)>> {
        let page = self.page()?;
        let sources = page.find("gim_upgrade_source_up", &[]);
        let of = |label: &str, series: &crate::page::Series| series.label(label).unwrap_or_default().to_owned();
        let blind = sources.filter(|series| series.value < 1.0);
        Ok(blind.map(|series| (of("source", series), of("target_namespace", series))).collect())
    }

    fn get(&self, path: &str) -> Result<(u16, String)> {
        let request = self.client.get(format!("http://{}{path}", self.address));
        self.runtime.block_on(async {
            let response = request.send().await?;
            Ok((response.status().as_u16(), response.text().await?))
        })
    }
}

/// The field `address` of the line that says `listening`.
fn listening(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    (text(fields, "/message") == "listening").then(|| text(fields, "/address").to_owned())
}
