//! A child process that ends with the benchmark, and what Linux tells of it: memory and CPU time.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// Ticks in a second of `/proc/PID/stat`, on every machine that Linux runs on today.
const TICKS_PER_SECOND: u64 = 100;

/// A child; dropping it kills it.
pub struct Process {
    name: &'static str,
    child: Child,
}

impl Process {
    /// Starts a program.
    pub fn start(name: &'static str, command: &mut Command) -> Result<(Self, Option<std::process::ChildStderr>)> {
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let log = child.stderr.take();
        Ok((Self { name, child }, log))
    }

    /// A child that was started already.
    #[allow(dead_code, reason = "for a test that reads its child's output")]
    pub fn of(name: &'static str, child: Child) -> Self {
        Self { name, child }
    }

    /// Fails where it has ended.
    pub fn check(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(
            ended.is_none(),
            "{} has ended: {}",
            self.name,
            ended.map(|status| status.to_string()).unwrap_or_default()
        );
        Ok(())
    }

    /// Resident memory now, in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        self.status_bytes("VmRSS:")
    }

    /// The most resident memory ever, in bytes.
    pub fn peak_bytes(&self) -> Result<u64> {
        self.status_bytes("VmHWM:")
    }

    /// CPU time of all its life, ended threads included, to 10 ms.
    pub fn cpu_of_life(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // The name of the program, in brackets, may hold anything.
        let (_, behind_name) = stat.rsplit_once(')').context("/proc/PID/stat cannot be read")?;
        let times = behind_name.split_ascii_whitespace().skip(11).take(2);
        let ticks = times.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// CPU time of the threads that live, to the nanosecond: for the difference over a moment.
    pub fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(self.folder().join("task"))? {
            // A thread may end while this is read.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let first = text.split_ascii_whitespace().next().context("/proc/PID/task/TID/schedstat cannot be read")?;
            nanoseconds += first.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    fn status_bytes(&self, name: &str) -> Result<u64> {
        let status = self.read("status")?;
        let kibibytes = status.lines().find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next());
        Ok(kibibytes.with_context(|| format!("/proc/PID/status has no {name}"))?.parse::<u64>()? * 1024)
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.folder().join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {} of {}", path.display(), self.name))
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.child.id()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
