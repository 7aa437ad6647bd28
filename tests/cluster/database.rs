//! A real `PostgreSQL` server with an Info Mart database, for the stories about its schema.
//!
//! It runs as another user where this is root, as `postgres` insists on; its folder is one of this run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    cluster::Place,
    folders::logs_folder,
    process::{Daemon, eventually, free_port, output},
};

/// Where Debian keeps the server, a folder for each major version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The user that Debian's packages make for the server.
const USER: &str = "postgres";
/// How long the server may take to be prepared, and to answer, on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The name of the database.
pub const INFO_MART: &str = "gim";
/// Who reads it.
pub const READER: &str = "exporter";
/// Their password, which must be seen nowhere.
pub const PASSWORD: &str = crate::charts::SECRET;

/// A running server; dropping it kills it.
pub struct Database {
    /// Killed when the server is dropped.
    _daemon: Daemon,
    /// Removed after that.
    _folder: Folder,
    binaries: PathBuf,
    port: u16,
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the system's folder for such.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Database {
    /// A server with an empty Info Mart, which the reader may connect to.
    pub fn start(place: &Place) -> Result<Self> {
        let binaries = binaries()?;
        // Its user may not see into the working copy.
        let name = format!("gim-upgrade-postgres-{}-{}", std::process::id(), place.name);
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0)?;
        if is_root()? {
            run(Command::new("chown").arg(USER).arg(&folder.0))?;
        }
        let data = folder.0.join("data");
        let (setup, prefix) = as_its_user(&binaries.join("initdb"))?;
        run(Command::new(setup)
            .args(prefix)
            .args(["--auth=trust", "--no-sync", "--locale=C", "--username=postgres"])
            .arg(&data))?;
        let rules = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), rules)?;

        let port = free_port()?;
        let (server, mut arguments) = as_its_user(&binaries.join("postgres"))?;
        let settings = ["listen_addresses=127.0.0.1", "fsync=off", "unix_socket_directories=", "max_connections=20"];
        arguments.extend(["-D".to_owned(), data.display().to_string(), "-p".to_owned(), port.to_string()]);
        arguments.extend(settings.iter().flat_map(|&setting| ["-c".to_owned(), setting.to_owned()]));
        let log = logs_folder().join(format!("postgres-{}.log", place.name));
        let mut daemon = Daemon::start("postgres", &server, &arguments, &log, false)?;
        let asked = |database: &str, statement: &str| ask(&binaries, port, database, statement);
        eventually("PostgreSQL answers", START_LIMIT, || {
            daemon.check()?;
            asked("postgres", "select 1").map(|_| true)
        })?;
        asked("postgres", &format!("create database {INFO_MART}"))?;
        asked("postgres", &format!("create user {READER} password '{PASSWORD}'"))?;
        asked(INFO_MART, &format!("alter default privileges grant select on tables to {READER}"))?;
        Ok(Self { _daemon: daemon, _folder: folder, binaries, port })
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements in the Info Mart as its owner.
    pub fn run(&self, statements: &str) -> Result<()> {
        ask(&self.binaries, self.port, INFO_MART, statements).map(drop)
    }
}

fn ask(binaries: &Path, port: u16, database: &str, statements: &str) -> Result<String> {
    let port = port.to_string();
    let to = ["--host=127.0.0.1", "--username=postgres", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];
    run(Command::new(binaries.join("psql")).args(to).args(["--port", &port, "--dbname", database, "-c", statements]))
}

/// The newest of the versions that are installed.
fn binaries() -> Result<PathBuf> {
    let versions = fs::read_dir(VERSIONS).with_context(|| format!("{VERSIONS}: install Debian's postgresql"))?;
    let newest = versions.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    let newest = newest.with_context(|| format!("{VERSIONS} has no version"))?;
    Ok(Path::new(VERSIONS).join(newest.to_string()).join("bin"))
}

/// The command and its first arguments that run a program as a user whom the server accepts.
fn as_its_user(program: &Path) -> Result<(PathBuf, Vec<String>)> {
    if !is_root()? {
        return Ok((program.to_owned(), Vec::new()));
    }
    let user = [format!("--reuid={USER}"), format!("--regid={USER}"), "--clear-groups".to_owned()];
    Ok(("setpriv".into(), [&user[..], &[program.display().to_string()]].concat()))
}

fn is_root() -> Result<bool> {
    Ok(run(Command::new("id").arg("-u"))?.trim() == "0")
}

fn run(command: &mut Command) -> Result<String> {
    let done = output(command, START_LIMIT)?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
