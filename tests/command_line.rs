//! The binary from outside: what it prints, how it ends, and what it says of a configuration that it refuses.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Far longer than anything here takes, on the slowest machine.
const LONG: Duration = Duration::from_mins(1);

fn exporter(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    // A variable of the shell that runs the tests must not change them.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIM_UPGRADE_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// A folder of its own for a test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gim-upgrade-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a file and gives its path.
    fn file(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running exporter, killed with the test.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Running {
    /// Starts it and waits for the line that tells its address.
    fn start(arguments: &[&str]) -> Self {
        let common = ["--web.listen-address=127.0.0.1:0", "--log.format=json", "--log.level=info"];
        let mut command = command(&[arguments, common.as_slice()].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended without listening");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "listening" {
                break line["address"].as_str().unwrap().to_owned();
            }
        };
        Self { child, log, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends it with a signal; gives its exit code and the rest of its log.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (code, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn version_and_help_are_printed() {
    let version = exporter(&["--version"]);
    let told = text(&version.stdout);
    let built = told.strip_prefix(&format!("gim-upgrade-exporter {} (commit ", env!("CARGO_PKG_VERSION")));
    let built = built.and_then(|rest| rest.strip_suffix(")\n")?.split_once(", "));
    assert!(built.is_some_and(|(commit, date)| !commit.is_empty() && !date.is_empty()), "{told}");
    assert_eq!(version.status.code(), Some(0));
    let help = exporter(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for word in [
        "serve",
        "demo",
        "verify",
        "status",
        "--config.file",
        "GIM_UPGRADE_CONFIG_FILE",
        "--web.listen-address",
        "[default: :9845]",
    ] {
        assert!(text(&help.stdout).contains(word), "{word}");
    }
}

#[test]
fn completions_and_the_manual_page_know_every_command_and_flag() {
    let words = ["serve", "doctor", "completions", "config.file", "web.enable-lifecycle"];
    for shell in ["bash", "zsh", "fish"] {
        let script = exporter(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0), "{shell}");
        for word in words {
            assert!(text(&script.stdout).contains(word), "{shell}: {word}");
        }
    }
    let page = text(&exporter(&["man"]).stdout);
    assert!(page.contains(".TH gim-upgrade-exporter 1"), "{page}");
    for word in words {
        // Hyphens are written so that a terminal does not break lines at them.
        assert!(page.contains(&word.replace('-', "\\-")), "{word}");
    }
    assert_eq!(exporter(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn wrong_usage_ends_with_2() {
    let wrong = exporter(&["--log.level=loud"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("possible values: error, warn, info, debug, trace"));
    assert_eq!(exporter(&["upgrade"]).status.code(), Some(2));
}

#[test]
fn a_refused_configuration_ends_with_1_and_its_place() {
    let folder = Folder::new("refused");
    let file = folder.file("config.yaml", "policy:\n  gim:\n    ready_timeout: 60 minutes\n");
    let refused = exporter(&[&format!("--config.file={file}")]);
    assert_eq!(refused.status.code(), Some(1));
    let said = format!("ERROR {file}:3:20: policy.gim.ready_timeout: \"60 minutes\" is not a duration; write 60m\n");
    assert!(text(&refused.stderr).ends_with(&said), "{}", text(&refused.stderr));
    assert_eq!(text(&refused.stdout), "");
}

#[test]
fn a_kubeconfig_that_is_not_there_ends_with_1() {
    let folder = Folder::new("kubeconfig");
    let missing = folder.0.join("missing");
    let missing = missing.to_str().unwrap();
    let refused = exporter(&["--web.listen-address=127.0.0.1:0", "--kubeconfig", missing]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains(&format!("kubeconfig {missing}")), "{}", text(&refused.stderr));
}

/// A cluster that does not answer is no reason to end, nor to be ready.
#[test]
fn without_a_cluster_it_lives_and_is_not_ready_and_ends_when_it_is_told() {
    let folder = Folder::new("alone");
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
        clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n\
        users: [{name: a, user: {}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n";
    let file = folder.file("kubeconfig", kubeconfig);
    for signal in ["TERM", "INT"] {
        let exporter = Running::start(&["--kubeconfig", &file]);
        assert!(exporter.get("/livez").starts_with("HTTP/1.1 200 "));
        assert!(exporter.get("/readyz").starts_with("HTTP/1.1 503 "));
        assert!(exporter.get("/metrics").contains("component=\"gim\",verdict=\"unknown\"} 1\n"));
        let (code, log) = exporter.end(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(&format!("\"reason\":\"SIG{signal}\"")), "{log}");
    }
}

#[test]
fn demo_shows_a_cluster_in_good_health() {
    let exporter = Running::start(&["demo", "--scenario=at-rest"]);
    let began = Instant::now();
    while !exporter.get("/readyz").starts_with("HTTP/1.1 200 ") {
        assert!(began.elapsed() < LONG, "{}", exporter.get("/readyz"));
        std::thread::sleep(Duration::from_millis(50));
    }
    let series = ["gim", "gsp", "gca"].map(|component| {
        format!("gim_upgrade_verdict{{suite=\"default\",component=\"{component}\",verdict=\"none\"}} 1\n")
    });
    // The cluster is known when it is ready; GIM's own metrics are read a moment later.
    loop {
        let page = exporter.get("/metrics");
        if series.iter().all(|series| page.contains(series)) {
            break;
        }
        assert!(began.elapsed() < LONG, "{page}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(exporter.end("TERM").0, Some(0));
}

#[test]
fn demo_lists_what_it_can_play() {
    let list = exporter(&["demo", "--list"]);
    assert_eq!(list.status.code(), Some(0));
    for name in ["healthy-upgrade", "image-missing"] {
        assert!(text(&list.stdout).lines().any(|line| line.starts_with(&format!("{name} "))), "{name}");
    }
    let unknown = exporter(&["demo", "--scenario=no-such", "--web.listen-address=127.0.0.1:0"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("healthy-upgrade"), "it tells what there is: {}", text(&unknown.stderr));
}

#[test]
fn a_prometheus_that_does_not_run_is_told() {
    let folder = Folder::new("no-prometheus");
    for (program, complaint) in [
        ("/nowhere/prometheus", "--prometheus: there is no program /nowhere/prometheus"),
        ("/bin/false", "Prometheus ended (exit status: 1)"),
    ] {
        let mut demo = command(&["demo", "--web.listen-address=127.0.0.1:0", "--prometheus", program]);
        let ended = demo.env("TMPDIR", &folder.0).output().unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(text(&ended.stderr).contains(complaint), "{program}: {}", text(&ended.stderr));
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0, "nothing is left of it");
    }
}
