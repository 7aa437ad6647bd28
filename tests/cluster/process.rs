//! Long-running processes that never outlive this one, whatever ends it.
//!
//! Each daemon runs under a small shell that waits on a pipe whose other end this process holds. When that end closes
//! (the daemon is dropped, this process returns, panics or is killed with SIGKILL), the shell kills its daemon. Short
//! commands that are waited for need none of this: see [`output`].

use std::{
    fs::{self, File},
    io::{Read, Write as _},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// Runs `"$@"` until it ends by itself or standard input does. SIGKILL, because kube-apiserver ignores SIGTERM for up
/// to 60 s while watches are open.
const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null &
daemon=$!
{ while read -r line; do :; done; kill -KILL "$daemon"; } <&3 2>/dev/null &
guard=$!
wait "$daemon"
code=$?
kill -KILL "$guard" 2>/dev/null
exit "$code"
"#;

/// One running process; dropping it kills it.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    log: PathBuf,
    shell: Child,
    leash: Option<ChildStdin>,
}

impl Daemon {
    /// Starts `binary` with `arguments`; what it prints goes to `log`, which is emptied first unless `keep_log`.
    pub fn start(name: &str, binary: &Path, arguments: &[String], log: &Path, keep_log: bool) -> Result<Self> {
        Self::start_with(name, binary, arguments, &[], log, keep_log)
    }

    /// The same, with further environment variables.
    pub fn start_with(
        name: &str,
        binary: &Path,
        arguments: &[String],
        environment: &[(&str, String)],
        log: &Path,
        keep_log: bool,
    ) -> Result<Self> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let out = File::options().create(true).append(true).open(log)?;
        if !keep_log {
            out.set_len(0)?;
        }
        let mut shell = Command::new("sh")
            .args(["-c", GUARD, name])
            .arg(binary)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let leash = shell.stdin.take();
        Ok(Self { name: name.to_owned(), log: log.to_owned(), shell, leash })
    }

    /// Fails, with the end of the log, when the process has ended.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.shell.try_wait()? {
            bail!("{} ended ({status}); the end of {}:\n{}", self.name, self.log.display(), self.log_tail());
        }
        Ok(())
    }

    /// Kills the process with SIGKILL and waits until it is gone.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        drop(self.leash.take());
        Ok(self.shell.wait()?)
    }

    /// All that the process has printed.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines.split_at(lines.len().saturating_sub(15)).1.join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("cluster: {} may still run: {error:#}", self.name);
        }
    }
}

/// Runs a short command to its end, at most `limit`; beyond it the command is killed and an error is returned.
pub fn output(command: &mut Command, limit: Duration) -> Result<Output> {
    output_of(command, Vec::new(), limit)
}

/// The same, with `input` on its standard input.
pub fn output_of(command: &mut Command, input: Vec<u8>, limit: Duration) -> Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut stdin, mut out, mut err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = std::thread::scope(|scope| {
        // A command that does not read its input breaks the pipe; its output tells what it thought of it.
        scope.spawn(move || stdin.take().map(|mut stdin| stdin.write_all(&input)));
        let stdout = scope.spawn(|| drain(out.as_mut()));
        let stderr = scope.spawn(|| drain(err.as_mut()));
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        anyhow::Ok((stdout.join(), stderr.join(), status))
    })?;
    let (Ok(stdout), Ok(stderr)) = (stdout, stderr) else { bail!("a reader of the command's output panicked") };
    match status {
        Some(status) => Ok(Output { status, stdout, stderr }),
        None => bail!("{command:?} was killed after {limit:?}; it said: {}", String::from_utf8_lossy(&stderr)),
    }
}

fn drain(source: Option<&mut impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        // A broken pipe only ends the output early; the status tells the rest.
        drop(source.read_to_end(&mut bytes));
    }
    bytes
}

/// Where [`free_port`] begins: below the range from which Linux takes the ports of outgoing connections (32768 and up),
/// so that a server that is killed finds its port free again.
const FIRST_PORT: u16 = 21_000;
const PORTS: u16 = 11_000;

/// A port of the loopback address that nobody listens on, different at each call.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at once begin at different places, so that they do not race for the same ports.
    let shift = u16::try_from(u32::from(std::process::id().to_le_bytes()[0]) * 41).unwrap_or_default();
    for _ in 0..PORTS {
        let port = FIRST_PORT + shift.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port between {FIRST_PORT} and {} is free", FIRST_PORT + PORTS)
}

/// Asks `done` every 50 ms until it says yes; an error that it returns is kept and told when `limit` is over.
pub fn eventually(what: &str, limit: Duration, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    loop {
        let answer = done();
        match answer {
            Ok(true) => return Ok(()),
            Ok(false) if started.elapsed() > limit => bail!("{what}: not within {limit:?}"),
            Err(error) if started.elapsed() > limit => {
                return Err(error.context(format!("{what}: not within {limit:?}")));
            }
            Ok(false) | Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
