//! The exporter as a process, on a cluster of its own or on one that is given.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::cluster::Cluster;

/// How many times faster than real time the demo plays: fast enough for a test, slow enough for a page to be open before it fails.
const SPEED: &str = "40";

/// A running exporter, killed when it is dropped.
pub struct Exporter {
    /// Its address, with `/` at the end.
    pub url: String,
    child: Child,
}

impl Exporter {
    /// The demo of a scenario.
    pub fn demo(scenario: &str) -> Self {
        let mut command = binary();
        command.args(["demo", "--scenario", scenario, "--speed", SPEED]);
        Self::start(command.stdout(Stdio::piped()).stderr(Stdio::inherit()), |line| {
            let url = line.split_whitespace().find(|word| word.starts_with("http://"))?;
            url.ends_with('/').then(|| url.to_owned())
        })
    }

    /// One that watches a simulated cluster.
    pub fn on(cluster: &Cluster) -> Self {
        let mut command = binary();
        command.args(["--kubeconfig", &cluster.kubeconfig(), "--config.file", &cluster.config_file("1s")]);
        Self::start(command.arg("--log.format=json").stderr(Stdio::piped()), |line| {
            let (_, rest) = line.split_once("\"address\":\"")?;
            Some(format!("http://{}/", rest.split('"').next()?))
        })
    }

    fn start(command: &mut Command, url: impl Fn(&str) -> Option<String>) -> Self {
        let mut child = command.arg("--web.listen-address=127.0.0.1:0").spawn().unwrap();
        let out: Box<dyn std::io::Read + Send> = match child.stdout.take() {
            Some(out) => Box::new(out),
            None => Box::new(child.stderr.take().unwrap()),
        };
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let url = lines.find_map(|line| url(&line)).expect("it says where it listens");
        // It would wait for a reader else.
        std::thread::spawn(move || lines.for_each(drop));
        Self { url, child }
    }
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIM_UPGRADE_")) {
        command.env_remove(name);
    }
    command
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
