//! The exporter that is measured: the program itself, as a child, on the simulated cluster.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::client::Client;
use crate::cluster::Cluster;
use crate::process::Process;

/// How long a start may take before it counts as failed.
const START_TIMEOUT: Duration = Duration::from_mins(3);
/// How often it is asked whether it is ready.
const POLL: Duration = Duration::from_millis(5);

/// A running exporter.
pub struct Exporter {
    /// Its process.
    pub process: Process,
    /// Where it serves.
    pub address: SocketAddr,
    /// From its start to the first 200 of `/readyz`.
    pub ready_after: Duration,
    /// CPU time until then.
    pub ready_cpu: Duration,
    /// Peak of resident memory until then, in bytes.
    pub ready_peak_bytes: u64,
}

impl Exporter {
    /// Starts `program` for so many suites on `cluster` and waits until it is ready. Its files go to `folder`.
    pub fn start(program: &Path, suites: usize, cluster: &Cluster, folder: &Path) -> Result<Self> {
        let (config, kubeconfig) = (folder.join("config.yaml"), folder.join("kubeconfig.yaml"));
        fs::write(&config, configuration(suites, cluster.metrics_port))?;
        fs::write(&kubeconfig, credentials(&cluster.url))?;
        let began = Instant::now();
        let (mut process, log) = Process::start(
            "the exporter",
            Command::new(program)
                .args(["--web.listen-address", "127.0.0.1:0", "--log.format", "json"])
                .args([Path::new("--config.file"), &config, Path::new("--kubeconfig"), &kubeconfig])
                .stderr(Stdio::piped()),
        )?;
        let (tell, told) = mpsc::channel();
        let log = log.context("the exporter has no log")?;
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if line.contains(r#""level":"ERROR""#) || line.contains(r#""level":"WARN""#) {
                    eprintln!("{line}");
                }
                // Nobody asks for more than the first.
                line.split_once(r#""address":""#)
                    .and_then(|(_, rest)| rest.split('"').next()?.parse().ok())
                    .map(|address| tell.send(address));
            }
        });
        let Ok(address) = told.recv_timeout(START_TIMEOUT) else {
            process.check()?;
            bail!("the exporter does not say where it listens");
        };
        let mut client = Client::connect(address)?;
        while client.status("/readyz")? != 200 {
            process.check()?;
            if began.elapsed() > START_TIMEOUT {
                bail!("the exporter is not ready after {START_TIMEOUT:?}");
            }
            thread::sleep(POLL);
        }
        let (ready_after, ready_cpu, ready_peak_bytes) =
            (began.elapsed(), process.cpu_of_life()?, process.peak_bytes()?);
        Ok(Self { process, address, ready_after, ready_cpu, ready_peak_bytes })
    }
}

fn configuration(suites: usize, metrics_port: u16) -> String {
    let mut yaml = String::from("suites:\n");
    for suite in 0..suites {
        // Writing into a String does not fail.
        let _ = writeln!(
            yaml,
            "- name: suite-{suite}\n  gim: {{namespace: gim-{suite}, companion: none, metrics: {{port: {metrics_port}}}}}\n  \
             gsp: {{namespace: gsp-{suite}, metrics: none}}\n  gca: {{namespace: gca-{suite}, companion: none}}"
        );
    }
    yaml
}

fn credentials(url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: simulated\n\
         clusters: [{{name: simulated, cluster: {{server: \"{url}\"}}}}]\nusers: [{{name: nobody, user: {{}}}}]\n\
         contexts: [{{name: simulated, context: {{cluster: simulated, user: nobody}}}}]\n"
    )
}
