//! What a newcomer sees: `demo --prometheus` with a real Prometheus, whose alerts fire within two minutes, and which is gone with it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::tools::Tools;
use crate::web::{Web, eventually};

/// Within that a newcomer has seen them.
const TWO_MINUTES: Duration = Duration::from_mins(2);
/// How long an end may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// What fires for an image that is missing.
const FIRING: [&str; 2] = ["GimUpgradeImageNotAvailable", "GimUpgradeRollBackAdvised"];

/// The demo, killed with the test.
struct Demo {
    child: Child,
    /// The URL of its Prometheus.
    prometheus: String,
    temporary: PathBuf,
}

impl Demo {
    /// Starts it, with a temporary folder of its own, and waits for the line that tells where its Prometheus is.
    fn start(name: &str) -> Self {
        let temporary = std::env::temp_dir().join(format!("gim-upgrade-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&temporary).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"))
            .args(["demo", "--scenario=image-missing", "--web.listen-address=127.0.0.1:0", "--prometheus"])
            .arg(Tools::open().and_then(|tools| tools.path("prometheus")).unwrap())
            .env("TMPDIR", &temporary)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let prometheus = lines.find_map(|line| Some(line.trim().split_once("/alerts ")?.0.to_owned())).unwrap();
        // What it says later is read, or it would wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, prometheus, temporary }
    }

    fn listens(&self) -> bool {
        TcpStream::connect(self.prometheus.trim_start_matches("http://")).is_ok()
    }

    async fn is_gone(&self) {
        eventually("Prometheus is gone", PATIENCE, async || Ok((!self.listens()).then_some(()))).await.unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.temporary);
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    labels: std::collections::BTreeMap<String, String>,
    state: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_sees_alerts_fire() {
    let began = Instant::now();
    let mut demo = Demo::start("demo-interrupted");
    let web = Web::new().unwrap();
    let url = format!("{}/api/v1/alerts", demo.prometheus);
    let left = TWO_MINUTES.saturating_sub(began.elapsed());
    eventually("both alerts fire", left, async || {
        let answer: Answer = web.get(&url).await?;
        let fires = |name: &&str| {
            answer.data.alerts.iter().any(|alert| alert.state == "firing" && alert.labels["alertname"] == **name)
        };
        Ok(FIRING.iter().all(|name| fires(&name)).then_some(()))
    })
    .await
    .unwrap();
    let interrupted = Command::new("kill").args(["-s", "INT", &demo.child.id().to_string()]).status().unwrap();
    assert!(interrupted.success() && demo.child.wait().unwrap().success());
    demo.is_gone().await;
    assert_eq!(std::fs::read_dir(&demo.temporary).unwrap().count(), 0, "its folder is gone too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_is_killed_leaves_no_prometheus() {
    let mut demo = Demo::start("demo-killed");
    assert!(demo.listens());
    demo.child.kill().unwrap();
    demo.is_gone().await;
}
