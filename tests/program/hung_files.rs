//! Files that do not answer, as on a mount that hangs: whoever serves must not wait for them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use crate::cluster::Cluster;
use crate::files::Folder;
use crate::process::Process;
use crate::site::{PATIENCE, eventually};

/// Puts a pipe where the file is, and gives it once the exporter reads from it and so hangs, for as long as it is held.
fn hang(file: PathBuf) -> File {
    let pipe = file.with_extension("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::rename(&pipe, &file).unwrap();
    let (opened, is_open) = mpsc::channel();
    // Opening it to write waits for who reads.
    std::thread::spawn(move || opened.send(File::options().write(true).open(file).unwrap()));
    is_open.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn files_that_hang_hold_up_nobody_who_asks() {
    let cluster = Cluster::new("hung-files");
    let folder = Folder::new("hung-files-web");
    let config = cluster.config_file("15s");
    let web = folder.write("web.yaml", "basic_auth_users: {}\n");
    let exporter = Process::start_by(&cluster.kubeconfig(), &config, &["--web.config.file", &web]);
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
    // One for each thread that serves.
    let pipes = [Path::new(&config), Path::new(&web)].map(|file| hang(file.to_owned()));
    for _ in 0..3 {
        assert_eq!(exporter.site.get("/livez", "*/*").0, 200);
        assert!(exporter.site.is_ready());
    }
    // Nor the end.
    let (code, log) = exporter.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    drop(pipes);
}
