//! The shipped example of Alertmanager's configuration, held against real Alertmanagers: who hears of which alert, and
//! which alert silences which. `make e2e` runs it.
//!
//! Alerts are posted as Prometheus and the exporter would post them. Whether the rules raise them is tested elsewhere.
//! `alertmanager`, `receiver`, `prometheus` and `shipped`, with `running` and `web` below them, know nothing of the cases
//! here: whoever tests paging takes them over by their paths.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod alertmanager;
mod cases;
mod commands;
mod matrix;
mod mutations;
mod names;
mod paging;
mod prometheus;
mod receiver;
mod running;
mod shipped;
mod silencing;
mod web;

#[allow(dead_code, reason = "only what keeps servers is needed here")]
#[path = "../cluster/process.rs"]
mod process;
#[allow(dead_code, reason = "only some of the tools are needed here")]
#[path = "../cluster/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program of Alertmanager's, `alertmanager` or `amtool`, in each version that is tried: the new one, the oldest that users
/// have, and the machine's own where there is one.
fn programs(name: &str) -> Vec<PathBuf> {
    let tools = tools::Tools::open().unwrap();
    let mut programs = vec![tools.path(name).unwrap(), tools.path(&format!("{name}-old")).unwrap()];
    let of_debian = if name == "alertmanager" { "prometheus-alertmanager" } else { name };
    programs.extend(Some(Path::new("/usr/bin").join(of_debian)).filter(|path| path.is_file()));
    programs
}
