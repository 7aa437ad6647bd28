//! A server with a folder and a free loopback port of its own that can be stopped, killed and started again there.
//! Whatever happens, it does not outlive this process. Not for one-off commands: see `process::output`.
//!
//! Needs `crate::process` and `crate::web`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{Daemon, eventually as eventually_here, free_port, output};
use crate::web::{Web, eventually};

/// How long a server may take to start or to end on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Tells the process id, so that the server can be asked to end; what keeps the process only knows how to kill it.
const WITH_PID: &str = r#"echo $$ >"$1"; shift; exec "$@""#;

/// The server.
#[derive(Debug)]
pub struct Running {
    name: &'static str,
    command: Vec<String>,
    port: u16,
    daemon: Option<Daemon>,
    web: Web,
    // Removed after the server is gone.
    folder: Folder,
}

impl Running {
    /// Makes the folder and finds the port; starts nothing yet.
    pub fn prepare(name: &'static str) -> Result<Self> {
        let (folder, port) = (Folder::create(name)?, free_port()?);
        Ok(Self { name, command: Vec::new(), port, daemon: None, web: Web::new()?, folder })
    }

    /// Its folder, gone when it is dropped.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Its address, HOST:PORT.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The client to ask it with.
    pub const fn web(&self) -> &Web {
        &self.web
    }

    /// Starts a program that will listen on the address, and waits until it says that it is ready.
    pub async fn start(&mut self, program: &Path, arguments: Vec<String>) -> Result<()> {
        let program = program.to_str().context("a path that is no UTF-8")?;
        let pid = self.pid_file().display().to_string();
        let before = ["-c", WITH_PID, "sh", &pid, program].map(str::to_owned);
        self.command = before.into_iter().chain(arguments).collect();
        self.start_again().await
    }

    /// Starts it again, on the same port and in the same folder. Its log goes on.
    pub async fn start_again(&mut self) -> Result<()> {
        ensure!(self.daemon.is_none(), "{} runs already", self.name);
        let log = self.folder().join("log");
        let mut daemon = Daemon::start(self.name, Path::new("/bin/sh"), &self.command, &log, true)?;
        let ready = self.url("/-/ready");
        eventually("a server is ready", PATIENCE, async || {
            // One that has ended says why at once.
            if let Err(error) = daemon.check() {
                return Ok(Some(Err(error)));
            }
            self.web.text(&ready).await?;
            Ok(Some(Ok(())))
        })
        .await??;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Ends it as Kubernetes does, with SIGTERM, and waits until it is gone.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut daemon) = self.daemon.take() else { bail!("{} does not run", self.name) };
        let pid = fs::read_to_string(self.pid_file())?;
        let told = output(Command::new("sh").args(["-c", "kill -TERM \"$0\"", pid.trim()]), PATIENCE)?;
        ensure!(told.status.success(), "{} could not be told to end: {told:?}", self.name);
        eventually_here("a server ends", PATIENCE, || Ok(daemon.check().is_err()))
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) -> Result<()> {
        match self.daemon.take() {
            Some(mut daemon) => daemon.kill().map(drop),
            None => bail!("{} does not run", self.name),
        }
    }

    /// All that it has printed.
    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    fn pid_file(&self) -> PathBuf {
        self.folder().join("pid")
    }
}

/// A folder that is removed when it is dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn create(name: &str) -> Result<Self> {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Left behind by a process with the same id that was killed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
