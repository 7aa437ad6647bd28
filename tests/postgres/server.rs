//! A real PostgreSQL on a free port of this machine, ended when it is dropped. Its data are in the system's
//! temporary folder, since the user it runs as may not see into the working copy.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

/// How long a server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Who may connect how. The administrator needs no password; `reader` and the probe's user need one, and `encrypted` TLS as well.
const ACCESS: &str = "host all postgres 127.0.0.1/32 trust\n\
                      hostssl all encrypted 127.0.0.1/32 scram-sha-256\n\
                      host all reader,gim_upgrade_exporter 127.0.0.1/32 scram-sha-256\n";

static SERVERS: AtomicU32 = AtomicU32::new(0);

/// A server.
pub struct Server {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Server {
    /// Makes the data and starts the server. PostgreSQL refuses to run as root, so it runs as `postgres` there.
    pub fn start() -> Self {
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("gim-upgrade-postgres-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        certificates(&folder);
        give(&folder);
        for file in fs::read_dir(&folder).unwrap() {
            give(&file.unwrap().path());
        }
        let data = folder.join("data");
        run(as_postgres("initdb").arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        ]));
        fs::write(data.join("pg_hba.conf"), ACCESS).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = spawn(&folder, port);
        Self { folder, port, process }
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The certificate authority of its certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// A file in its folder.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again.
    pub async fn restart(&mut self) {
        let begun = Instant::now();
        loop {
            self.process = spawn(&self.folder, self.port);
            tokio::time::sleep(Duration::from_secs(1)).await;
            // What the killed one left may stand in the way for a moment.
            if self.process.try_wait().unwrap().is_none() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not start again");
        }
    }

    /// The administrator's connection, once the server takes connections.
    pub async fn administrator(&self) -> Client {
        let begun = Instant::now();
        loop {
            let how = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port);
            match tokio_postgres::connect(&how, NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}: {}", self.log()),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What it wrote into its log, every statement included.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = as_postgres("postgres");
    command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    let certificate = format!("ssl_cert_file={}", folder.join("server.crt").display());
    let key = format!("ssl_key_file={}", folder.join("server.key").display());
    let fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "log_statement=all", "ssl=on"];
    for setting in fixed.into_iter().chain([&*certificate, &key]) {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// A program of PostgreSQL, run as somebody who is not root, and the process itself, so that killing it kills the server.
fn as_postgres(program: &str) -> Command {
    let program = find(program);
    if owner().is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// Where Debian puts the programs of each version; the newest.
fn find(program: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(program)))
        })
        .collect();
    versions.sort();
    versions.pop().map_or_else(|| PathBuf::from(program), |(_, path)| path)
}

/// The user and group of `postgres`, where the tests run as root.
fn owner() -> Option<(u32, u32)> {
    let root = fs::metadata("/proc/self").is_ok_and(|itself| std::os::unix::fs::MetadataExt::uid(&itself) == 0);
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields: Vec<&str> = users.lines().find(|line| line.starts_with("postgres:"))?.split(':').collect();
    root.then(|| (fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}

fn give(path: &Path) {
    if let Some((user, group)) = owner() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A certificate authority and the server's certificate, for two days.
fn certificates(folder: &Path) {
    let openssl = |words: &str| run(Command::new("openssl").current_dir(folder).args(words.split(' ')));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let authority = "-addext basicConstraints=critical,CA:TRUE";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority {authority}"));
    openssl(&format!("req -x509 {key} -keyout other.key -out other.crt -days 2 -subj /CN=other {authority}"));
    openssl(&format!("req -new {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt -extfile names");
    fs::set_permissions(folder.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
}
