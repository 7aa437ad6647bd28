//! The binary as a process of its own: its log, its memory, its end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::site::{Site, eventually};

/// A running exporter, killed with the test.
pub struct Process {
    pub site: Site,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// The binary without what the shell that runs the tests may say to it.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIM_UPGRADE_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

impl Process {
    /// Starts an exporter on a cluster; it need not be ready.
    pub fn start(cluster: &Cluster, interval: &str) -> Self {
        Self::start_with(cluster, &cluster.config_file(interval))
    }

    /// Starts an exporter with this configuration file.
    pub fn start_with(cluster: &Cluster, config: &str) -> Self {
        Self::start_at(&cluster.kubeconfig(), config)
    }

    /// Starts an exporter with this configuration file on any cluster.
    pub fn start_at(kubeconfig: &str, config: &str) -> Self {
        Self::start_by(kubeconfig, config, &["--log.level=trace"])
    }

    /// Starts an exporter with this configuration file and these flags.
    pub fn start_by(kubeconfig: &str, config: &str, flags: &[&str]) -> Self {
        let arguments = [
            "--kubeconfig",
            kubeconfig,
            "--config.file",
            config,
            "--web.listen-address=127.0.0.1:0",
            "--log.format=json",
        ];
        let mut child =
            command(&[&arguments, flags].concat()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let address = eventually("the line that tells its address", || address(&log.lock().unwrap()), Option::is_some);
        Self { site: Site(address.unwrap()), child, log, reader: Some(reader) }
    }

    /// Starts one and waits until it says that all is well.
    pub fn start_well(cluster: &Cluster, interval: &str) -> Self {
        let process = Self::start(cluster, interval);
        process.site.wait_until_well();
        process
    }

    /// The log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The most memory that it ever had, in KiB; `None` where the system does not tell.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// Ends it with a signal; gives its exit code and its whole log.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let code = self.child.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        (code, self.log())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(log: &str) -> Option<String> {
    let messages = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter(|line| line["message"] == "listening").find_map(|line| Some(line["address"].as_str()?.to_owned()))
}
