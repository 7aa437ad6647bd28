//! From fault to pager: scenarios on the simulated cluster, the exporter, a real Prometheus with the shipped rules, a real
//! Alertmanager with the shipped configuration, and whoever is paged. `make e2e` runs it.
//!
//! Time is compressed as in the demo: the scenario, the policy, the rules' `for` and `keep_firing_for`, and Alertmanager's waits
//! are divided by the same number. Not for what each rule says: see `tests/alerts`; nor for who silences whom: `tests/alertmanager`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod demo;
mod heard;
mod replicas;
mod sidecar;
mod stage;
mod stories;

#[allow(dead_code, reason = "alerts are not posted here")]
#[path = "../alertmanager/alertmanager.rs"]
mod alertmanager;
#[allow(dead_code, reason = "its other users are in the tests of scenarios")]
#[path = "../scenarios/configured.rs"]
mod configured;
#[path = "../scenarios/placed.rs"]
mod placed;
#[allow(dead_code, reason = "only what keeps servers is needed here")]
#[path = "../cluster/process.rs"]
mod process;
#[allow(dead_code, reason = "nothing is queried here")]
#[path = "../alertmanager/prometheus.rs"]
mod prometheus;
#[path = "../scenarios/pulse.rs"]
mod pulse;
#[allow(dead_code, reason = "nobody waits for one notification here")]
#[path = "../alertmanager/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "not every server is stopped and started again")]
#[path = "../alertmanager/running.rs"]
mod running;
#[allow(dead_code, reason = "inhibitions are left as they are")]
#[path = "../alertmanager/shipped.rs"]
mod shipped;
#[allow(dead_code, reason = "only some of the tools are needed here")]
#[path = "../cluster/tools.rs"]
mod tools;
#[allow(dead_code, reason = "not all that can be asked is")]
#[path = "../alertmanager/web.rs"]
mod web;
