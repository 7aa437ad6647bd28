//! The real cluster: a Kubernetes control plane, both Helms and the program's binary, run through whole upgrades.
//!
//! `cargo test --test cluster` runs it (`make e2e` builds what it needs first); plain `cargo test` does not. Names after
//! `--` choose stories; `-- --capture FOLDER` writes Helm's release Secrets as test data instead. Nothing here looks
//! into the program: it is judged by its pages, against Helm's own words.

mod api;
mod cable;
mod capture;
mod charts;
mod cluster;
mod control_plane;
mod database;
mod exporter;
mod folders;
mod formats;
mod helm;
mod kafka;
mod keys;
mod metrics_page;
mod metrics_text;
mod page;
mod process;
mod questions;
mod rights;
mod runner;
mod scene;
mod service;
mod stories;
#[allow(dead_code, reason = "old programs are run by other tests")]
mod tools;
mod trace;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};

use crate::cluster::Cluster;

/// How many stories run at once unless `--test-threads` says otherwise: they mostly wait.
const THREADS: usize = 8;

/// What the command line asks for.
struct Request {
    filters: Vec<String>,
    threads: usize,
    list: bool,
    capture: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        // The code of the standard test harness, which cargo knows.
        Ok(_) => ExitCode::from(101),
        Err(error) => {
            eprintln!("cluster: {error:#}");
            ExitCode::from(101)
        }
    }
}

fn run() -> Result<usize> {
    let request = read_arguments(std::env::args().skip(1))?;
    let not_shown = runner::not_shown(stories::ALL, stories::RULES);
    ensure!(not_shown.is_empty(), "no story shows the guide's rules {not_shown:?}");
    let (tests, filtered_out) = runner::select(stories::ALL, &request.filters);
    if request.list {
        for test in &tests {
            println!("{}: test", test.name());
        }
        return Ok(0);
    }
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("a TLS provider was installed before main");
    }
    println!("cluster: starting a control plane; logs go to {}", folders::logs_folder().display());
    let cluster = Cluster::start()?;
    if let Some(folder) = &request.capture {
        return capture::capture(&cluster, folder).map(|()| 0);
    }
    let failed = runner::run(&cluster, &tests, request.threads, filtered_out);
    cluster.metrics.check()?;
    cluster.plane.check()?;
    Ok(failed)
}

fn read_arguments(arguments: impl Iterator<Item = String>) -> Result<Request> {
    let mut request = Request { filters: Vec::new(), threads: THREADS, list: false, capture: None };
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--list" => request.list = true,
            "--test-threads" => request.threads = value()?.parse().context("--test-threads")?,
            "--capture" => request.capture = Some(value()?.into()),
            // Output is never held back here.
            "--nocapture" | "--show-output" => {}
            flag if flag.starts_with('-') => bail!("{flag} is not known here"),
            _ => request.filters.push(argument),
        }
    }
    Ok(request)
}
