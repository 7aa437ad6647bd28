//! nginx, serving the bytes of a page from files: what a page costs where nothing is made.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::client::Client;
use crate::process::Process;

/// How often a port is chosen: another program may take it before nginx does.
const ATTEMPTS: usize = 5;
/// How often it is looked whether nginx answers, 10 ms apart.
const LOOKS: usize = 300;

/// A running nginx.
pub struct Nginx {
    /// Its process.
    pub process: Process,
    /// Where it serves `/metrics`.
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts nginx on a page in both encodings. Its files go to `folder`.
    pub fn start(identity: &[u8], gzip: &[u8], folder: &Path) -> Result<Self> {
        let root = folder.join("root");
        fs::create_dir_all(&root)?;
        fs::write(root.join("metrics"), identity)?;
        fs::write(root.join("metrics.gz"), gzip)?;
        let mut attempt = 1;
        loop {
            match Self::try_start(folder) {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    fn try_start(folder: &Path) -> Result<Self> {
        // nginx takes no port 0.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let config = folder.join("nginx.conf");
        fs::write(&config, configuration(address, folder))?;
        let (mut process, _) = Process::start(
            "nginx",
            Command::new("nginx").arg("-p").arg(folder).arg("-c").arg(&config).stderr(Stdio::inherit()),
        )?;
        for _ in 0..LOOKS {
            process.check()?;
            if Client::connect(address).and_then(|mut client| client.status("/metrics")).is_ok() {
                return Ok(Self { process, address });
            }
            thread::sleep(Duration::from_millis(10));
        }
        None.context("nginx does not answer")
    }
}

/// One process, no log of requests, the file compressed beforehand: nginx at its fastest for one client.
fn configuration(address: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {folder}/{kind};\n"));
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr error;\n\
         events {{ worker_connections 64; }}\n\
         http {{\n{}  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 1000000;\n  \
         open_file_cache max=8;\n  gzip_static on;\n  \
         default_type \"application/openmetrics-text; version=1.0.0; charset=utf-8\";\n  \
         server {{ listen {address}; root {folder}/root; }}\n}}\n",
        temporary.concat(),
    )
}
