//! The chart on a real cluster: what Helm 3 and Helm 4 make of it, installed, upgraded, uninstalled, and the rights that it gives.
//!
//! `cargo test --test chart` runs it (`make e2e` builds what it needs first); plain `cargo test` does not. Words after `--` choose
//! parts. The exporter's pods are played by kwok; the program itself runs beside them with what the chart gave it: its arguments,
//! its configuration, its ServiceAccount.

#![allow(clippy::indexing_slicing, reason = "a part that panics has failed, and JSON is read most plainly by index")]

#[path = "../cluster/api.rs"]
mod api;
#[allow(dead_code, reason = "only some builds are installed here")]
#[path = "../cluster/charts.rs"]
mod charts;
#[allow(dead_code, reason = "what goes wrong is for the stories of the cluster")]
#[path = "../cluster/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "nothing is killed and started again here")]
#[path = "../cluster/control_plane.rs"]
mod control_plane;
mod definitions;
mod exporter;
#[path = "../cluster/folders.rs"]
mod folders;
mod guides;
#[allow(dead_code, reason = "histories are for the stories of the cluster")]
#[path = "../cluster/helm.rs"]
mod helm;
mod installed;
#[path = "../cluster/keys.rs"]
mod keys;
mod kubelet;
mod made;
mod matrix;
#[allow(dead_code, reason = "metrics stay as they are here")]
#[path = "../cluster/metrics_page.rs"]
mod metrics_page;
#[allow(dead_code, reason = "metrics stay as they are here")]
#[path = "../cluster/metrics_text.rs"]
mod metrics_text;
mod objects;
#[allow(dead_code, reason = "only sources and stages are looked at here")]
#[path = "../cluster/page.rs"]
mod page;
#[allow(dead_code, reason = "not every command needs input here")]
#[path = "../cluster/process.rs"]
mod process;
mod rights;
#[allow(dead_code, reason = "no part needs the cluster to itself")]
#[path = "../cluster/runner.rs"]
mod runner;
mod scraped;
#[allow(dead_code, reason = "nothing is killed and started again here")]
#[path = "../cluster/service.rs"]
mod service;
#[allow(dead_code, reason = "only some of the tools are needed here")]
#[path = "../cluster/tools.rs"]
mod tools;
mod withdrawn;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::{cluster::Cluster, runner::Story};

/// How many parts run at once: they mostly wait.
const THREADS: usize = 5;

/// The parts, each with both Helms.
const PARTS: &[Story] = &[
    Story::new("withdrawn", withdrawn::is_noticed),
    Story::new("rights", rights::suffice_and_are_all_needed),
    Story::new("installed", installed::from_install_to_uninstall),
    Story::new("scraped", scraped::by_a_real_prometheus),
    Story::new("found", installed::finds_a_suite),
    Story::new("matrix", matrix::every_case_is_taken),
    Story::new("manifest", made::the_manifest_is_the_charts),
    Story::new("refused", made::mistakes_are_refused),
    Story::new("own-rules", made::own_rules_are_taken),
    Story::new("guides", guides::are_taken),
];

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        // The code of the standard test harness, which cargo knows.
        Ok(_) => ExitCode::from(101),
        Err(error) => {
            eprintln!("chart: {error:#}");
            ExitCode::from(101)
        }
    }
}

fn run() -> Result<usize> {
    let filters: Vec<_> = std::env::args().skip(1).filter(|word| word != "--nocapture").collect();
    if let Some(flag) = filters.iter().find(|word| word.starts_with('-')) {
        bail!("{flag} is not known here");
    }
    let (mut tests, filtered_out) = runner::select(PARTS, &filters);
    // What waits longest begins first, with either Helm.
    tests.sort_by_key(|test| !test.name().contains("withdrawn"));
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("a TLS provider was installed before main");
    }
    println!("chart: starting a control plane; logs go to {}", folders::logs_folder().display());
    let cluster = Cluster::start()?;
    definitions::install(&cluster)?;
    let failed = runner::run(&cluster, &tests, THREADS, filtered_out);
    cluster.metrics.check()?;
    cluster.plane.check()?;
    Ok(failed)
}
