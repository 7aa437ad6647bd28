//! A Prometheus beside the demo: it scrapes the exporter and has the shipped rules loaded, both at the demo's speed.
//!
//! It lives no longer than the demo, whatever ends that, and its folder goes with it. Not for Alertmanager: nobody is called.

use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::alerts::rules;
use crate::config::{Config, spelled};
use crate::net::trust::Trust;
use crate::net::web::{self, Web};

/// How often it scrapes and evaluates, at the demo's speed.
const INTERVAL: Duration = Duration::from_secs(30);
/// No more often than that: a scrape takes its time, however fast the demo plays.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);
/// For how long a sample counts that is followed by none, at the demo's speed: Prometheus's own default.
const LOOKBACK: Duration = Duration::from_mins(5);
/// How many scrapes at least that is.
const LOOKBACK_SCRAPES: u32 = 4;
/// The most by which times of the rules are divided; the demo's own speed may be higher.
const MAX_TIME_SCALE: u32 = 1000;
/// How long it may take until it has asked for the exporter's page.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long one request may take, and how large an answer may be.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// How often it is looked whether it is there.
const LOOK: Duration = Duration::from_millis(200);
/// How much of its log is told where it ends.
const LOG_TOLD: usize = 600;

/// Runs `"$@"` until it ends by itself, or standard input does: its other end is held by the demo, and closes with it, even where
/// that is killed.
const LEASH: &str = r#"
exec 3<&0
"$@" </dev/null &
child=$!
{ while read -r _; do :; done; kill -KILL "$child"; } <&3 2>/dev/null &
guard=$!
wait "$child"
code=$?
kill -KILL "$guard" 2>/dev/null
exit "$code"
"#;

/// A running Prometheus.
pub(super) struct Prometheus {
    address: SocketAddr,
    child: Child,
    // Removed after the process is gone.
    folder: Folder,
    web: Web,
}

impl Prometheus {
    /// Starts `program`, and waits until it has asked for the exporter's page. The rules are loaded only then: it takes some seconds
    /// until it looks for its targets, which where time is divided is minutes in which everything would be absent.
    pub(super) async fn start(
        program: &str,
        exporter: SocketAddr,
        config: &Config,
        speed: f64,
    ) -> anyhow::Result<Self> {
        let program = find(program, std::env::var_os("PATH").as_deref())?;
        let folder = Folder::create()?;
        let address = free_address().context("no port is free for Prometheus")?;
        let interval = INTERVAL.div_f64(speed).max(SHORTEST_INTERVAL);
        let lookback = LOOKBACK.div_f64(speed).max(interval * LOOKBACK_SCRAPES);
        let (file, rule_file) = (folder.0.join("prometheus.yaml"), folder.0.join("rules.yaml"));
        let settings = |rules: &[&Path]| settings(exporter, interval, rules).to_string();
        fs::write(&file, settings(&[]))?;
        let rules = rules::rules(&config.suites, &config.alerts, time_scale(speed));
        fs::write(&rule_file, serde_saphyr::to_string(&rules).context("the rules cannot be written as YAML")?)?;
        let child = Command::new("sh")
            .args(["-c", LEASH, "prometheus"])
            .arg(&program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.0.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg(format!("--query.lookback-delta={}", spelled(lookback)))
            .arg("--web.enable-lifecycle")
            // Ctrl-C is for the demo, which then ends this.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.0.join("log"))?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut prometheus = Self { address, child, folder, web: Web::new(Arc::new(Trust::default())) };
        let begins = tokio::time::timeout(PATIENCE, prometheus.has_scraped()).await;
        begins.with_context(|| format!("Prometheus did not scrape the exporter within {}", spelled(PATIENCE)))??;
        fs::write(&file, settings(&[&rule_file]))?;
        let reload = prometheus.url("/-/reload");
        let reloaded = prometheus.web.post(&reload, Bytes::new(), None, TIMEOUT, |request| request).await;
        let status = reloaded.context("Prometheus does not load the rules")?.status();
        ensure!(status.is_success(), "Prometheus does not load the rules (HTTP {status}): {}", prometheus.log());
        Ok(prometheus)
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until it ends, which it should not.
    pub(super) async fn ended(mut self) -> anyhow::Error {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn has_scraped(&mut self) -> anyhow::Result<()> {
        while self.scraped().await.unwrap_or_default().is_empty() {
            self.check()?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn scraped(&self) -> anyhow::Result<Vec<Value>> {
        let response = self.web.get(&self.url("/api/v1/query?query=up"), None, TIMEOUT, |request| request).await?;
        let answer: Answer = serde_json::from_slice(&web::body(response, MAX_ANSWER_BYTES).await?)?;
        Ok(answer.data.result)
    }

    fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("Prometheus ended ({status}): {}", self.log());
        }
        Ok(())
    }

    /// The end of its log.
    fn log(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = fs::File::open(self.folder.0.join("log")) {
            // What is there must do.
            let _ = file.take(MAX_ANSWER_BYTES as u64).read_to_end(&mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        let skipped = text.chars().count().saturating_sub(LOG_TOLD);
        text.chars().skip(skipped).collect::<String>().trim().to_owned()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // The leash: its shell kills what it started, and ends.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Value>,
}

/// A folder for this user alone, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("gim-upgrade-exporter-demo-{}", std::process::id()));
        // One that is there already is not ours.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "cannot remove the folder of Prometheus");
        }
    }
}

/// The program where it is: a path as it stands, a name alone in the folders of `PATH`.
fn find(program: &str, path: Option<&std::ffi::OsStr>) -> anyhow::Result<PathBuf> {
    if program.contains('/') {
        ensure!(Path::new(program).is_file(), "--prometheus: there is no program {program}");
        return Ok(program.into());
    }
    let mut folders = path.map(std::env::split_paths).into_iter().flatten();
    let found = folders.find_map(|folder| Some(folder.join(program)).filter(|file| file.is_file()));
    found.with_context(|| format!("--prometheus: there is no program {program} in PATH; name one by --prometheus=PATH"))
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// The largest whole number that is not above the speed.
fn time_scale(speed: f64) -> u32 {
    (1..=MAX_TIME_SCALE).rev().find(|scale| f64::from(*scale) <= speed).unwrap_or(1)
}

fn settings(exporter: SocketAddr, interval: Duration, rules: &[&Path]) -> Value {
    let interval = spelled(interval);
    // An address that stands for all of them is not one to go to.
    let host = if exporter.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { exporter.ip() };
    // JSON is YAML.
    json!({
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": rules,
        "scrape_configs": [{
            "job_name": "gim-upgrade-exporter",
            "static_configs": [{"targets": [SocketAddr::new(host, exporter.port()).to_string()]}],
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let no_path = find("prometheus", Some("/nowhere:/nowhere/else".as_ref())).unwrap_err().to_string();
        assert!(no_path.contains("there is no program prometheus in PATH; name one by --prometheus=PATH"), "{no_path}");
        let nowhere = find("/nowhere/prometheus", None).unwrap_err().to_string();
        assert_eq!(nowhere, "--prometheus: there is no program /nowhere/prometheus");
        assert_eq!(find("sh", Some("/nowhere:/bin".as_ref())).unwrap(), Path::new("/bin/sh"));
    }

    #[test]
    fn rules_are_not_faster_than_the_demo() {
        for (speed, scale) in [(1.0, 1), (1.9, 1), (90.0, 90), (100_000.0, 1000)] {
            assert_eq!(time_scale(speed), scale);
        }
    }
}
