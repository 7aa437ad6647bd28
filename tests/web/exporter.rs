//! The exporter behind a web configuration, without a cluster: what it serves needs none. And curl, as people use it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::certificates::Certificates;

/// Far longer than anything here takes, on the slowest machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with certificates, gone with its test.
pub struct Folder {
    pub path: PathBuf,
    pub certificates: Certificates,
}

impl Folder {
    pub fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("gim-upgrade-web-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { certificates: Certificates::new(&path), path }
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let file = self.path.join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A running exporter, killed with the test.
pub struct Exporter {
    pub port: u16,
    child: Child,
    log: Arc<Mutex<String>>,
}

/// What curl got.
#[derive(Debug)]
pub struct Answer {
    /// 0 where there was no answer.
    pub status: u16,
    /// Head and body.
    pub text: String,
    /// What curl says.
    pub error: String,
}

impl Exporter {
    /// Starts one with this web configuration, and `config` as its own.
    pub fn start(folder: &Folder, web: &str, config: &str) -> Self {
        let kubeconfig = folder.write(
            "kubeconfig",
            "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
             clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n\
             users: [{name: a, user: {}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n",
        );
        let web = folder.write("web.yaml", web);
        let config = folder.write("config.yaml", config);
        let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIM_UPGRADE_")) {
            command.env_remove(name);
        }
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=json", "--log.level=debug"]);
        command.args(["--kubeconfig", &kubeconfig, "--config.file", &config, "--web.config.file", &web]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let port = eventually("its address", || {
            let log = log.lock().unwrap().clone();
            let line = log.lines().find(|line| line.contains("\"listening\""))?;
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["address"].as_str()?.rsplit_once(':')?.1.parse().ok()
        });
        Self { port, child, log }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// `curl --include ARGUMENTS SCHEME://127.0.0.1:PORT/PATH`
    pub fn curl(&self, url: &str, arguments: &[&str]) -> Answer {
        let url = url.replace("://", &format!("://127.0.0.1:{}", self.port));
        let limits = ["--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "--include"];
        let output = Command::new("curl").args(limits).args(arguments).arg(&url).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, text, error: String::from_utf8_lossy(&output.stderr).into_owned() }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts one that must refuse its configuration, and gives what it says.
pub fn refused(folder: &Folder, web: &str) -> String {
    let web = folder.write("web.yaml", web);
    let output = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"))
        .args(["--web.listen-address=127.0.0.1:0", "--kubeconfig=/dev/null", "--web.config.file", &web])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// Looks until there is something, and gives it.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Replaces a file at once, as somebody careful does.
pub fn swap(file: &str, by: &str) {
    let beside = Path::new(file).with_extension("next");
    fs::copy(by, &beside).unwrap();
    fs::rename(&beside, file).unwrap();
}
