//! The alerts: what is shipped is what the program says, every alert fires in a scenario and is silent in a healthy upgrade, and
//! has a runbook.
//!
//! The rule tests under `alerts/tests` are made here, from the scenarios; `make e2e` has promtool run them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod ailments;
mod cases;
mod chronicle;
mod firing;
#[path = "../scenarios/held.rs"]
#[expect(dead_code, reason = "its other users are in the tests of scenarios")]
mod held;
mod rule_test;
mod runbooks;
mod shipped;
mod told;
mod variants;
