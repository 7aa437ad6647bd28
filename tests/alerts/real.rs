//! The shipped rules in real Prometheus servers, the current one and Debian's: promtool runs the rule tests, and every alert is
//! seen firing. `make e2e` runs it.
//!
//! What the rules ought to be is tested beside it, in the crate `alerts`. Not for what Alertmanager makes of alerts.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod ailments;
mod cases;
#[expect(dead_code, reason = "blind exporters are for the rule tests")]
mod chronicle;
#[expect(dead_code, reason = "its other users are in the tests of scenarios")]
#[path = "../scenarios/held.rs"]
mod held;
mod promtool;
mod replay;
mod told;

#[allow(dead_code, reason = "only labels are needed here")]
#[path = "../alertmanager/alertmanager.rs"]
mod alertmanager;
#[allow(dead_code, reason = "only what keeps servers is needed here")]
#[path = "../cluster/process.rs"]
mod process;
#[path = "../alertmanager/prometheus.rs"]
mod prometheus;
#[allow(dead_code, reason = "nothing is stopped here before its end")]
#[path = "../alertmanager/running.rs"]
mod running;
#[allow(dead_code, reason = "only some of the tools are needed here")]
#[path = "../cluster/tools.rs"]
mod tools;
#[allow(dead_code, reason = "only questions are asked here")]
#[path = "../alertmanager/web.rs"]
mod web;

use std::path::PathBuf;

/// A program of Prometheus's, of the current version and of Debian's.
fn programs(name: &str) -> [PathBuf; 2] {
    let tools = tools::Tools::open().unwrap();
    [tools.path(name).unwrap(), tools.of_debian(name).unwrap()]
}
